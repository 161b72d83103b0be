"""The design of a ticket: one card, the show above and the admission below, like a stub to tear off."""

from __future__ import annotations

import math

from fpdf.enums import Align

from adapters.pdf.document import TextPdf
from adapters.pdf.qr import draw_qr
from adapters.pdf.shapes import draw_card_edge, fill_pill
from adapters.pdf.typesetting import Box, TextStyle, Typesetter
from application import formatting
from application.ports.emails import Occasion
from application.ports.mail import PrintableTicket
from domain.ticket_code import groups_of

# The card keeps to the area that A4 and US Letter share, inside the margins of common printers.
CARD_WIDTH = 174.0
CARD_TOP = 12.0
CARD_BOTTOM = 267.0

# Wide enough for the QR code's quiet zone, which extends into the padding.
_PADDING = 14.0
_STUB_GAP = 17.0
_BOTTOM_PADDING = 11.0
_QR_SIZE = 72.0
_GROUPS_IN_A_ROW = 3

_INK = "#171b24"
_SOFT = "#555d6b"
_ACCENT = "#2747c7"
_PAPER = "#ffffff"

_PRODUCER = TextStyle(size=15, min_size=10, color=_SOFT)
_TITLE = TextStyle(size=32, min_size=14, is_bold=True, color=_INK, leading=1.2)
_DATE = TextStyle(size=21, min_size=14, is_bold=True, color=_INK)
_TIMES = TextStyle(size=19, min_size=12, color=_INK)
_VENUE = TextStyle(size=16, min_size=9, color=_INK)
_LABEL = TextStyle(size=13, min_size=8, color=_SOFT)
_ATTENDEE = TextStyle(size=20, min_size=10, is_bold=True, color=_INK)
_VALUE = TextStyle(size=16, min_size=9, is_bold=True, color=_INK)
_BADGE = TextStyle(size=14, min_size=14, is_bold=True, color=_PAPER)
_CODE = TextStyle(size=17, min_size=8, is_bold=True, color=_INK, leading=1.35)
_TERMS = TextStyle(size=10, min_size=6, color=_SOFT, leading=1.35)


class TicketPage:
    """Draws one ticket on the current page of ``pdf``."""

    def __init__(self, pdf: TextPdf, typesetter: Typesetter, ticket: PrintableTicket) -> None:
        self._pdf = pdf
        self._text = typesetter
        self._ticket = ticket
        self._card_x = (pdf.w - CARD_WIDTH) / 2
        self._x = self._card_x + _PADDING
        self._width = CARD_WIDTH - 2 * _PADDING

    def draw(self) -> None:
        tear_y = self._draw_show() + 8
        stub_end = self._draw_stub(tear_y + _STUB_GAP)
        bottom = self._draw_terms(stub_end + 5) + _BOTTOM_PADDING
        draw_card_edge(self._pdf, x=self._card_x, y=CARD_TOP, width=CARD_WIDTH, bottom=bottom, tear_y=tear_y)

    def _draw_show(self) -> float:
        ticket = self._ticket
        y = CARD_TOP + _PADDING
        fill_pill(self._pdf, x=self._x, y=y, width=24, height=1.6, color=_ACCENT)
        y = self._line(ticket.producer_name, y + 6, _PRODUCER, max_height=14)
        y = self._line(ticket.show_title, y + 1, _TITLE, max_height=41)
        date, times = _when(ticket.occasion)
        y = self._line(date, y + 5, _DATE, max_height=10)
        y = self._line(times, y + 0.5, _TIMES, max_height=10)
        return self._line(ticket.occasion.venue, y + 3, _VENUE, max_height=14)

    def _draw_stub(self, y: float) -> float:
        ticket = self._ticket
        quiet_zone = draw_qr(self._pdf, ticket.code, x=self._x, y=y, size=_QR_SIZE)
        code_box = Box(x=self._x, y=y + _QR_SIZE + quiet_zone, width=_QR_SIZE, max_height=18)
        code_end = self._text.set(_in_groups(ticket.code), code_box, _CODE, align=Align.C, is_personal=True)
        facts_end = self._draw_facts(self._x + _QR_SIZE + quiet_zone + 1, y - 2)
        return max(code_end, facts_end)

    def _draw_facts(self, x: float, y: float) -> float:
        ticket = self._ticket
        width = self._x + self._width - x
        name_box = Box(x=x, y=y, width=width, max_height=20)
        y = self._fact("Attendee", ticket.attendee_name, name_box, _ATTENDEE, is_personal=True)
        y = self._fact("Ticket", ticket.ticket_name, Box(x=x, y=y, width=width, max_height=16), _VALUE)
        if ticket.is_vip:
            y = self._draw_badge("VIP", x, y - 2) + 5
        y = self._fact("Price", ticket.price, Box(x=x, y=y, width=width, max_height=16), _VALUE)
        order_box = Box(x=x, y=y, width=width, max_height=9)
        return self._fact("Order", ticket.order_number, order_box, _VALUE, is_personal=True)

    def _draw_terms(self, y: float) -> float:
        return self._line(self._ticket.terms, y, _TERMS, max_height=CARD_BOTTOM - _BOTTOM_PADDING - y)

    def _line(self, text: str, y: float, style: TextStyle, *, max_height: float) -> float:
        return self._text.set(text, Box(x=self._x, y=y, width=self._width, max_height=max_height), style)

    def _fact(self, label: str, value: str, box: Box, style: TextStyle, *, is_personal: bool = False) -> float:
        """Draw a labelled value. Returns where the next begins."""
        if not value:
            return box.y
        label_end = self._text.set(label, Box(x=box.x, y=box.y, width=box.width, max_height=8), _LABEL)
        value_box = Box(x=box.x, y=label_end, width=box.width, max_height=box.max_height)
        return self._text.set(value, value_box, style, align=Align.L, is_personal=is_personal) + 4

    def _draw_badge(self, text: str, x: float, y: float) -> float:
        """Draw white text on black, which stands out on any printer. Returns its lower edge."""
        width = self._text.width(text, _BADGE) + 8
        height = _BADGE.line_height(_BADGE.size) + 1.6
        fill_pill(self._pdf, x=x, y=y, width=width, height=height, color=_INK)
        self._text.set(text, Box(x=x, y=y + 0.8, width=width, max_height=height), _BADGE, align=Align.C)
        return y + height


def _when(occasion: Occasion) -> tuple[str, str]:
    """The day or days, and a line such as "Doors 19:00 · Start 20:00 CET"."""
    start, timezone, locale = occasion.start_time, occasion.timezone, occasion.locale
    doors = formatting.doors(occasion.door_time, start, timezone, locale)
    times = f"Doors {doors} · Start {formatting.clock(start, timezone, locale)} {formatting.zone(start, timezone)}"
    return formatting.days(start, occasion.end_time, timezone, locale), times


def _in_groups(code: str) -> str:
    """The code in groups of four characters, in rows of equal length, for reading aloud."""
    groups = groups_of(code)
    rows = math.ceil(len(groups) / _GROUPS_IN_A_ROW)
    per_row = math.ceil(len(groups) / max(rows, 1))
    return "\n".join(" ".join(groups[start : start + per_row]) for start in range(0, len(groups), per_row))
