"""What comes out of a printer: the commands of each slip are printed by an interpreter, and the paper is looked at."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from PIL import Image, ImageFilter

from adapters.escpos.commands import EscposCommands
from adapters.fgl.commands import FglCommands
from adapters.pdf.slips import PdfSlipPictures
from application.ports.emails import Occasion
from application.ports.mail import PrintableTicket
from application.ports.printing import Block, Slip, SlipPicture, SpaceBlock, TextBlock
from application.printing.layout import OrderLine, PrintableOrder, order_slip, ticket_slip
from domain.printing import Medium, PrintArea, PrinterLanguage
from tests.support.printed_paper import BLACK, UnknownCommand, codes_on, escpos_slips, fgl_slips, without_margins

START = datetime(2026, 11, 27, 19, 0, tzinfo=UTC)
OCCASION = Occasion(
    venue="Große Straße 1, Berlin",
    door_time=START - timedelta(hours=1),
    start_time=START,
    end_time=START + timedelta(hours=2),
    timezone=ZoneInfo("Europe/Berlin"),
    locale="de-DE",
)
TICKET = PrintableTicket(
    show_title="A Midsummer Night’s Dream",
    producer_name="Kleines Theater am Ufer",
    occasion=OCCASION,
    attendee_name="Ada Lovelace",
    ticket_name="Stalls",
    is_vip=False,
    price="27,50 €\nwith 2,50 € fees",
    order_number="K7Q2ABCD",
    code="ABCDEFGHIJKLMNOPQRSTUVWX",
    terms="Latecomers are admitted at the interval.",
)
NAMES = {
    "Latin": "Zoë Ängström-Łukasiewicz Đặng",
    "Greek": "Κωνσταντίνα Παπαδοπούλου",
    "Cyrillic": "Йосип Їжакевич",
    "Chinese": "欧阳志远",
    "Japanese": "山田 たろう",
    "Korean": "김민수",
    "Arabic": "محمد عبد الله الحسيني",
    "Hebrew": "יעקב בן־דוד",
    "Thai": "นายสมชาย ใจดี",
    "Hindi": "श्रीमती क्षमा",
    "emoji": "Momo 🎭🎉",
    "several": "Ada 山田 محمد Ωmega",
    "a long word": "Wolfeschlegelsteinhausenbergerdorff" * 2,
    "long": "Maria del Pilar Teresa Cayetana de Silva y Álvarez de Toledo, Herzogin von Alba und Huescar, Gräfin",
}
LONG_TITLE = (
    "The Tragical-Comical-Historical-Pastoral Play of Hamlet, Prince of Denmark, as Performed by the Players before "
    "the Court at Elsinore, with Interludes, Swordfights and a Ghost that Walks by Night"
)
EVERY_MEDIUM = pytest.mark.parametrize("medium", Medium)
#: One of each printer is enough for what takes long.
A_ROLL_AND_STOCK = pytest.mark.parametrize("medium", [Medium.RECEIPT_58, Medium.STOCK_200])


@pytest.fixture(scope="module")
def pictures() -> PdfSlipPictures:
    return PdfSlipPictures()


def printed(picture: SlipPicture, area: PrintArea) -> Image.Image:
    """The picture on paper."""
    if area.language is PrinterLanguage.FGL:
        [slip] = fgl_slips(FglCommands().commands(picture), dots_per_inch=area.dots_per_inch)
    else:
        [slip] = escpos_slips(EscposCommands().commands(picture), width=area.width)
    return slip


def seen(picture: SlipPicture) -> Image.Image:
    """The picture itself, black on white."""
    ink = Image.frombytes("1", (picture.width, picture.height), picture.rows)
    return ink.convert("L").point([255 - shade for shade in range(256)])


@EVERY_MEDIUM
async def test_paper_has_the_picture_dot_by_dot(pictures: PdfSlipPictures, medium: Medium) -> None:
    [picture] = await pictures.draw([ticket_slip(TICKET, medium.area)], medium.area)
    slip = printed(picture, medium.area)
    assert slip.crop((0, 0, picture.width, picture.height)).tobytes() == seen(picture).tobytes()


@EVERY_MEDIUM
async def test_phone_reads_the_code_also_of_a_bad_photograph(pictures: PdfSlipPictures, medium: Medium) -> None:
    [picture] = await pictures.draw([ticket_slip(TICKET, medium.area)], medium.area)
    slip = printed(picture, medium.area)
    photograph = slip.reduce(3).filter(ImageFilter.GaussianBlur(0.8)).point([60 + shade // 2 for shade in range(256)])
    assert codes_on(slip) == codes_on(photograph) == [TICKET.code]


@EVERY_MEDIUM
async def test_modules_are_whole_dots_and_at_least_four(pictures: PdfSlipPictures, medium: Medium) -> None:
    [picture] = await pictures.draw([ticket_slip(TICKET, medium.area)], medium.area)
    runs = _finder_runs(seen(picture))
    assert runs, "no finder pattern"
    for dark, light, heart, light_again, dark_again in runs:
        assert dark == light == light_again == dark_again >= 4
        assert heart == 3 * dark


def _finder_runs(slip: Image.Image) -> list[tuple[int, ...]]:
    """The runs 1:1:3:1:1 through the middle of the code's corners, in dots."""
    found: list[tuple[int, ...]] = []
    for y in range(slip.height):
        row = bytes(slip.crop((0, y, slip.width, y + 1)).tobytes())
        lengths = [(row[start], end - start) for start, end in _runs(row)]
        for at in range(len(lengths) - 4):
            part = lengths[at : at + 5]
            sizes = tuple(size for _, size in part)
            one = sizes[0]
            if part[0][0] == BLACK and one >= 4 and sizes == (one, one, 3 * one, one, one):
                found.append(sizes)
    return found


def _runs(row: bytes) -> list[tuple[int, int]]:
    edges = [0, *(x for x in range(1, len(row)) if row[x] != row[x - 1]), len(row)]
    return list(itertools.pairwise(edges))


@A_ROLL_AND_STOCK
async def test_names_are_set_as_our_typesetting_sets_them(pictures: PdfSlipPictures, medium: Medium) -> None:
    area = medium.area
    roll = replace(area, height=None)
    slips = [ticket_slip(replace(TICKET, attendee_name=name), area) for name in NAMES.values()]
    blocks = [_block_of(slip, name) for slip, name in zip(slips, NAMES.values(), strict=True)]
    before = [_with(slip, _blocks_before(slip, block)) for slip, block in zip(slips, blocks, strict=True)]
    tops = [picture.height for picture in await pictures.draw(before, roll)]
    alone = [_with(slip, (SpaceBlock(height=top), block)) for slip, top, block in zip(slips, tops, blocks, strict=True)]
    drawn, references = await pictures.draw(slips, area), await pictures.draw(alone, roll)
    for which, whole, reference, top in zip(NAMES, drawn, references, tops, strict=True):
        place = (0, top, slips[0].columns[0].width, reference.height)
        name = seen(reference).crop(place)
        assert without_margins(name).width, which
        assert printed(whole, area).crop(place).tobytes() == name.tobytes(), which


@A_ROLL_AND_STOCK
async def test_edge_of_the_paper_cuts_nothing_off(pictures: PdfSlipPictures, medium: Medium) -> None:
    area = medium.area
    roomy = PrintArea(area.language, area.dots_per_inch, area.width + 128, area.height)
    slips = [ticket_slip(replace(TICKET, attendee_name=name), area) for name in NAMES.values()]
    alone = [_with(slip, (_block_of(slip, name),)) for slip, name in zip(slips, NAMES.values(), strict=True)]
    moved = [replace(slip, columns=(replace(slip.columns[0], x=64),)) for slip in alone]
    at_the_edge, with_room = await pictures.draw(alone, area), await pictures.draw(moved, roomy)
    for which, there, here in zip(NAMES, at_the_edge, with_room, strict=True):
        widths = [without_margins(seen(each)).width for each in (there, here)]
        assert widths[0] == pytest.approx(widths[1], abs=2), which  # a dot is not a round part of a point


def _block_of(slip: Slip, text: str) -> TextBlock:
    [block] = [each for each in slip.columns[0].blocks if isinstance(each, TextBlock) and each.text == text]
    return block


def _blocks_before(slip: Slip, block: TextBlock) -> tuple[Block, ...]:
    blocks = slip.columns[0].blocks
    return blocks[: blocks.index(block)]


def _with(slip: Slip, blocks: tuple[Block, ...]) -> Slip:
    """A slip with the first column alone, and nothing in it but these."""
    return Slip(title="", columns=(replace(slip.columns[0], blocks=blocks),))


@A_ROLL_AND_STOCK
async def test_long_texts_are_not_cut(medium: Medium) -> None:
    pictures = PdfSlipPictures()
    long = replace(TICKET, show_title=LONG_TITLE, ticket_name="Gallery, reduced for pupils and apprentices")
    slips = [ticket_slip(replace(long, attendee_name=name), medium.area) for name in NAMES.values()]
    await pictures.draw(slips, medium.area)
    set_lines = [line for lines, _ in pictures._fitted._known.values() for line in lines]
    assert set_lines
    assert not [line for line in set_lines if line.endswith("…")]


@pytest.mark.parametrize("medium", [Medium.STOCK_200, Medium.STOCK_300])
async def test_columns_fit_on_ticket_stock_with_the_longest_texts(medium: Medium) -> None:
    longest = replace(
        TICKET,
        show_title=LONG_TITLE,
        producer_name="W" * 200,
        attendee_name="W" * 100,
        ticket_name="W" * 200,
        is_vip=True,
        occasion=replace(OCCASION, venue="W" * 200),
    )
    order = _an_order(lines=9, name="W" * 100)
    assert medium.area.height
    for slip in (ticket_slip(longest, medium.area), order_slip(order, medium.area)):
        for column in slip.columns:
            most = sum(block.gap + block.max_height for block in column.blocks if isinstance(block, TextBlock))
            code = sum(0 if isinstance(block, TextBlock) else 300 for block in column.blocks)
            scale = medium.area.dots_per_inch / 200
            assert most + code * scale <= medium.area.height


def _an_order(*, lines: int, name: str = "Stalls") -> PrintableOrder:
    return PrintableOrder(
        show_title=TICKET.show_title,
        producer_name=TICKET.producer_name,
        occasion=OCCASION,
        customer_name="Ada Lovelace",
        order_number=TICKET.order_number,
        lines=[OrderLine(name=f"{name} {number}", quantity=2, price="55,00 €") for number in range(lines)],
        total="110,00 €",
        printed=4,
    )


@EVERY_MEDIUM
async def test_slip_about_the_order_admits_no_one(pictures: PdfSlipPictures, medium: Medium) -> None:
    slip = order_slip(_an_order(lines=3), medium.area)
    texts = [block.text for column in slip.columns for block in column.blocks if isinstance(block, TextBlock)]
    [picture] = await pictures.draw([slip], medium.area)
    assert "4 tickets follow. This slip admits no one." in texts
    assert codes_on(printed(picture, medium.area)) == []


@EVERY_MEDIUM
async def test_each_slip_is_cut_off(pictures: PdfSlipPictures, medium: Medium) -> None:
    codes = ["ABCDEFGHIJKLMNOPQRSTUVWX", "BCDEFGHIJKLMNOPQRSTUVWXY", "CDEFGHIJKLMNOPQRSTUVWXYZ"]
    slips = [ticket_slip(replace(TICKET, code=code), medium.area) for code in codes]
    drawn = await pictures.draw(slips, medium.area)
    if medium.area.language is PrinterLanguage.FGL:
        sent = b"".join(FglCommands().commands(picture) for picture in drawn)
        cut = fgl_slips(sent, dots_per_inch=medium.area.dots_per_inch)
    else:
        cut = escpos_slips(b"".join(EscposCommands().commands(picture) for picture in drawn), width=medium.area.width)
    assert [codes_on(slip) for slip in cut] == [[code] for code in codes]


async def test_nothing_to_draw_is_nothing(pictures: PdfSlipPictures) -> None:
    assert await pictures.draw([], Medium.RECEIPT_80.area) == []


def test_words_on_a_slip_are_the_venues() -> None:
    slip = ticket_slip(replace(TICKET, is_vip=True), Medium.RECEIPT_80.area)
    texts = [block.text for block in slip.columns[0].blocks if isinstance(block, TextBlock)]
    assert texts == [
        "Kleines Theater am Ufer",
        "A Midsummer Night’s Dream",
        "Friday, 27 November 2026",
        "Doors 19:00 · Start 20:00 CET",
        "Große Straße 1, Berlin",
        "Ada Lovelace",
        "Stalls",
        "VIP",
        "27,50 €\nwith 2,50 € fees",
        "Order K7Q2ABCD",
        "ABCD EFGH IJKL\nMNOP QRST UVWX",
        "Admits one person, once.",
        "Latecomers are admitted at the interval.",
        "Note",
    ]


@pytest.mark.parametrize("sent", [b"Hello", b"\x1b@Hello", b"\x1dVA", b"\x1dv0\x00\x01\x00\x01\x00\xff", b"\x1b!\x00"])
def test_receipt_printer_refuses_what_it_does_not_know(sent: bytes) -> None:
    with pytest.raises(UnknownCommand):
        escpos_slips(sent)


@pytest.mark.parametrize("sent", [b"Hello<p>", b"<QR6>{ABC}<p>", b"<RC1>", b"<RC380,0><G1>\xff<p>", b"<G9>12", b"<z>"])
def test_ticket_printer_refuses_what_it_does_not_know(sent: bytes) -> None:
    with pytest.raises(UnknownCommand):
        fgl_slips(sent)
