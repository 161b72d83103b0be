"""Pictures of tickets as a camera at a door sees them: in a hand, bent, tilted, in the dark, moved.

They are made of the real PDF. Lengths are in pixels of the camera's picture.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pypdfium2
import zxingcpp
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from adapters.pdf.renderer import PdfTicketRenderer
from application.ports.emails import Occasion
from application.ports.mail import PrintableTicket

#: A ticket to print, with another code each time.
PRINTABLE = PrintableTicket(
    show_title="A Midsummer Night’s Dream",
    producer_name="Théâtre du Nord",
    occasion=Occasion(
        venue="The Old Granary, 12 Quay Street, Bristol",
        door_time=datetime(2026, 7, 3, 18, 0, tzinfo=UTC),
        start_time=datetime(2026, 7, 3, 18, 30, tzinfo=UTC),
        end_time=datetime(2026, 7, 3, 21, 30, tzinfo=UTC),
        timezone=ZoneInfo("Europe/London"),
        locale="en-GB",
    ),
    attendee_name="Ada Lovelace",
    ticket_name="General admission",
    is_vip=False,
    price="$25.00",
    order_number="PT-7QX4-19",
    code="ABCDEFGH2345IJKLMNOP67QR",
)

Change = Callable[[Image.Image], Image.Image]
#: Rows of a 3 x 3 matrix.
_Matrix = tuple[tuple[float, float, float], ...]

_POINTS_PER_INCH = 72
_CAMERA = (640, 480)
#: A table, or a coat: what is behind a ticket.
_GROUND = (70, 60, 54)
_PAPER = (250, 249, 245)


def printed(pdf: bytes, *, dots_per_inch: int = 150) -> list[Image.Image]:
    """The pages of a PDF, as paper."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [
            page.render(scale=dots_per_inch / _POINTS_PER_INCH, fill_color=(*_PAPER, 255)).to_pil().convert("RGB")
            for page in document
        ]
    finally:
        document.close()


async def print_tickets(codes: Iterable[str]) -> list[Image.Image]:
    """A page with each code."""
    return printed(await PdfTicketRenderer().render([replace(PRINTABLE, code=code) for code in codes]))


def around_the_code(page: Image.Image, *, margin: float = 0.12) -> Image.Image:
    """The part of a page that a hand holds to a camera: its code, with some paper around it."""
    [found] = zxingcpp.read_barcodes(page)
    corners = found.position
    left, top = corners.top_left.x, corners.top_left.y
    right, bottom = corners.bottom_right.x, corners.bottom_right.y
    more = (right - left) * margin
    return page.crop((int(left - more), int(top - more), int(right + more), int(bottom + more)))


def held(
    thing: Image.Image,
    *,
    height: int,
    size: tuple[int, int] = _CAMERA,
    at: tuple[float, float] = (0.5, 0.5),
    ground: tuple[int, int, int] = _GROUND,
) -> Image.Image:
    """What the camera sees of a thing that is ``height`` high in its picture, with its middle ``at`` a part of it."""
    scene = Image.new("RGB", size, ground)
    small = thing.resize((max(1, round(thing.width * height / thing.height)), height), Image.Resampling.LANCZOS)
    scene.paste(small, (round(size[0] * at[0] - small.width / 2), round(size[1] * at[1] - small.height / 2)))
    return scene


def beside(*scenes: Image.Image) -> Image.Image:
    """Parts of one picture, side by side."""
    whole = Image.new("RGB", (sum(scene.width for scene in scenes), scenes[0].height))
    left = 0
    for scene in scenes:
        whole.paste(scene, (left, 0))
        left += scene.width
    return whole


def turned(degrees: float) -> Change:
    return lambda scene: scene.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=_GROUND)


def tilted(degrees: float) -> Change:
    """Turned away from the camera, around the vertical line through the middle."""
    return lambda scene: _through(scene, _tilt(degrees, distance=scene.width))


def creased(*, folds: Sequence[float] = (0.34, 0.66), depth: float = 0.05) -> Change:
    """Folded and opened again: along each fold the paper stands off, is brighter on one side, and has lost its ink."""

    def crease(scene: Image.Image) -> Image.Image:
        lines = [0, *(round(scene.width * fold) for fold in folds), scene.width]
        panels = list(itertools.pairwise(lines))
        offsets = [0.0 if index % 2 == 0 else depth * scene.height for index in range(len(lines))]
        mesh = [
            ((left, 0, right, scene.height), _panel(left, right, scene.height, offsets[index], offsets[index + 1]))
            for index, (left, right) in enumerate(panels)
        ]
        bent = scene.transform(scene.size, Image.Transform.MESH, mesh, Image.Resampling.BICUBIC)
        for index, (left, right) in enumerate(panels):
            if index % 2:
                box = (left, 0, right, scene.height)
                bent.paste(darker(0.7)(bent.crop(box)), box)
        drawing = ImageDraw.Draw(bent)
        for line in lines[1:-1]:
            drawing.line((line, 0, line, scene.height), fill=_PAPER, width=max(1, scene.width // 320))
        return bent

    return crease


def _panel(left: int, right: int, height: int, first: float, last: float) -> tuple[float, ...]:
    """Where the corners of a panel come from, anticlockwise from the upper left."""
    return (left, -first, left, height + first, right, height + last, right, -last)


def darker(white: float) -> Change:
    """In less light: white is this part of what it was, and black stays black."""
    return lambda scene: scene.point(lambda value: value * white)


def blurred(radius: float) -> Change:
    return lambda scene: scene.filter(ImageFilter.GaussianBlur(radius))


def moved(pixels: int) -> Change:
    """Moved while the picture was taken."""

    def smear(scene: Image.Image) -> Image.Image:
        sum_of = scene
        for step in range(1, pixels + 1):
            sum_of = Image.blend(sum_of, ImageChops.offset(scene, step, 0), 1 / (step + 1))
        return sum_of

    return smear


def noisy(deviation: float) -> Change:
    """As a cheap camera's picture in little light."""

    def add_noise(scene: Image.Image) -> Image.Image:
        noise = Image.effect_noise(scene.size, deviation).convert("RGB")
        return ImageChops.add(scene, noise, scale=1, offset=-128)

    return add_noise


def shining(radius: int, *, at: tuple[float, float] = (0.5, 0.5)) -> Change:
    """With a lamp's reflection."""

    def shine(scene: Image.Image) -> Image.Image:
        x, y = scene.width * at[0], scene.height * at[1]
        spot = Image.new("L", scene.size, 0)
        ImageDraw.Draw(spot).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        return Image.composite(Image.new("RGB", scene.size, "white"), scene, spot.filter(ImageFilter.GaussianBlur(2)))

    return shine


def shaded(light: float) -> Change:
    """With a shadow over the left half."""

    def shade(scene: Image.Image) -> Image.Image:
        left = (0, 0, scene.width // 2, scene.height)
        shadowed = scene.copy()
        shadowed.paste(darker(light)(scene.crop(left)), left)
        return shadowed

    return shade


mirrored: Change = ImageOps.mirror
inverted: Change = ImageOps.invert


def changed(scene: Image.Image, *changes: Change) -> Image.Image:
    """The scene after one change and the next."""
    for change in changes:
        scene = change(scene)
    return scene


def _tilt(degrees: float, *, distance: float) -> _Matrix:
    """From a place in the picture back to the place on the paper, both from the middle."""
    angle = math.radians(degrees)
    return ((1 / math.cos(angle), 0, 0), (0, 1, 0), (-math.tan(angle) / distance, 0, 1))


def _through(scene: Image.Image, back: _Matrix) -> Image.Image:
    x, y = scene.width / 2, scene.height / 2
    to_middle: _Matrix = ((1, 0, -x), (0, 1, -y), (0, 0, 1))
    from_middle: _Matrix = ((1, 0, x), (0, 1, y), (0, 0, 1))
    whole = _product(from_middle, _product(back, to_middle))
    scale = whole[2][2]
    data = [value / scale for row in whole for value in row][:8]
    return scene.transform(scene.size, Image.Transform.PERSPECTIVE, data, Image.Resampling.BICUBIC, fillcolor=_GROUND)


def _product(one: _Matrix, other: _Matrix) -> _Matrix:
    return tuple(
        (
            sum(row[k] * other[k][0] for k in range(3)),
            sum(row[k] * other[k][1] for k in range(3)),
            sum(row[k] * other[k][2] for k in range(3)),
        )
        for row in one
    )


def write_video(file: Path, scenes: Sequence[Image.Image], *, pictures_each: int, pictures_a_second: int = 5) -> None:
    """An uncompressed video for a browser's fake camera, in which each scene stands still for a while.

    It is YUV4MPEG2 with I420 in limited range. Motion JPEG would lose what is dark.
    """
    width, height = scenes[0].size
    with file.open("wb") as video:
        video.write(f"YUV4MPEG2 W{width} H{height} F{pictures_a_second}:1 Ip A1:1 C420jpeg\n".encode())
        for scene in scenes:
            assert scene.size == (width, height)
            video.write((b"FRAME\n" + _i420(scene)) * pictures_each)


def _i420(scene: Image.Image) -> bytes:
    light, blue, red = scene.convert("YCbCr").split()
    half = (scene.width // 2, scene.height // 2)
    planes = [
        light.point(lambda value: 16 + value * 219 / 255),
        *(
            plane.resize(half, Image.Resampling.BOX).point(lambda value: 128 + (value - 128) * 224 / 255)
            for plane in (blue, red)
        ),
    ]
    return b"".join(plane.tobytes() for plane in planes)
