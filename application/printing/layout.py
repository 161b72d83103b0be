"""The design of a slip: what stands where on receipt paper and on ticket stock.

Sizes are in points, lengths in dots at 200 dots an inch, which ``_scaled`` converts to those of the printer's head.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from application import formatting
from application.ports.emails import Occasion
from application.ports.mail import PrintableTicket
from application.ports.printing import Block, CodeBlock, Column, RuleBlock, Side, Slip, SpaceBlock, TextBlock
from domain.printing import PrintArea
from domain.ticket_code import groups_of

#: The resolution that the lengths here are for.
_DOTS_PER_INCH = 200
#: Receipt paper that is narrower gets smaller type.
_NARROW_DOTS = 400
#: On a roll of paper no text is cut: what is long takes more of it.
_ROLL = 2000
#: The printed words.
_ADMITS_ONCE = "Admits one person, once."
_NOTE = "Note"
#: On ticket stock: the width of the code, of the list of an order, and between two columns; the lines of such a list.
_STOCK_CODE = 300
_STOCK_LIST = 400
_GUTTER = 20
_STOCK_LINES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """A ticket type on the slip about a whole order, with what its tickets cost together."""

    name: str
    quantity: int
    price: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintableOrder:
    """An order as it is printed, with the tickets that are printed along. Texts are as people read them. ``in_cash`` is
    what was taken where that is not the total, because cash is rounded.
    """

    show_title: str
    producer_name: str
    occasion: Occasion
    customer_name: str
    order_number: str
    lines: Sequence[OrderLine]
    total: str
    printed: int
    in_cash: str = ""


def ticket_slip(ticket: PrintableTicket, area: PrintArea) -> Slip:
    """The slip of one ticket."""
    columns = _stock_ticket(ticket, area) if area.height else (_roll(area, _roll_ticket(ticket, area)),)
    return Slip(title=f"{ticket.ticket_name} {ticket.attendee_name}".strip(), columns=columns)


def order_slip(order: PrintableOrder, area: PrintArea) -> Slip:
    """The slip about a whole order: what was bought, and how many tickets are printed. It admits no one."""
    columns = _stock_order(order, area) if area.height else (_roll(area, _order_blocks(order, area)),)
    return Slip(title=f"Order {order.order_number}", columns=columns)


def _roll(area: PrintArea, blocks: Sequence[Block]) -> Column:
    return Column(x=0, width=area.width, blocks=tuple(blocks))


def _roll_ticket(ticket: PrintableTicket, area: PrintArea) -> list[Block]:
    narrow = area.width < _NARROW_DOTS
    blocks = _show_blocks(ticket.show_title, ticket.producer_name, ticket.occasion, narrow=narrow)
    blocks += [RuleBlock(gap=14, is_dashed=True)]
    blocks += _line(ticket.attendee_name, 13 if narrow else 16, bold=True, gap=14)
    blocks += _line(ticket.ticket_name, 11 if narrow else 13, bold=True, gap=6)
    if ticket.is_vip:
        blocks += [TextBlock(text="VIP", size=12, min_size=12, max_height=60, is_bold=True, gap=8, is_badge=True)]
    blocks += _line(ticket.price, 10 if narrow else 12, gap=6)
    blocks += _line(f"Order {ticket.order_number}", 9 if narrow else 10, gap=4)
    blocks += [CodeBlock(content=ticket.code, max_width=area.width * (9 if narrow else 7) // 10, gap=6)]
    blocks += _line(_in_rows(ticket.code, 3), 11 if narrow else 13, bold=True, side=Side.CENTER)
    blocks += _line(_ADMITS_ONCE, 8 if narrow else 9, side=Side.CENTER, gap=6)
    if ticket.terms:
        blocks += [RuleBlock(gap=12, is_dashed=True), *_line(ticket.terms, 7, gap=8)]
    blocks += [RuleBlock(gap=14, is_dashed=True), *_line(_NOTE, 8, gap=4), SpaceBlock(height=70)]
    return blocks


def _order_blocks(order: PrintableOrder, area: PrintArea) -> list[Block]:
    narrow = area.width < _NARROW_DOTS
    blocks = _show_blocks(order.show_title, order.producer_name, order.occasion, narrow=narrow)
    blocks += [RuleBlock(gap=14, is_dashed=True)]
    blocks += _line(f"Order {order.order_number}", 12 if narrow else 15, bold=True, gap=12)
    blocks += _line(order.customer_name, 11 if narrow else 13, gap=4)
    for line in order.lines:
        blocks += _line(f"{line.quantity} × {line.name} · {line.price}", 10 if narrow else 12, gap=8)
    blocks += _line(f"Total {order.total}", 12 if narrow else 14, bold=True, gap=10)
    if order.in_cash:
        blocks += _line(f"In cash, rounded {order.in_cash}", 10 if narrow else 12, gap=4)
    blocks += _line(_what_follows(order), 8 if narrow else 9, gap=10)
    return [*blocks, SpaceBlock(height=20)]


def _what_follows(order: PrintableOrder) -> str:
    tickets = "1 ticket follows." if order.printed == 1 else f"{order.printed} tickets follow."
    return f"{tickets} This slip admits no one."


def _show_blocks(title: str, producer: str, occasion: Occasion, *, narrow: bool) -> list[Block]:
    date, times = when(occasion)
    blocks = _line(producer, 9 if narrow else 11, side=Side.CENTER)
    blocks += [RuleBlock(gap=8)]
    blocks += _line(title, 16 if narrow else 22, bold=True, min_size=11 if narrow else 13, gap=10)
    blocks += _line(date, 10 if narrow else 13, bold=True, gap=8)
    blocks += _line(times, 10 if narrow else 12, gap=2)
    return [*blocks, *_line(occasion.venue, 9 if narrow else 11, gap=2)]


class _Stock:
    """Ticket stock has a height: long texts are set smaller, so each text has a part of it."""

    def __init__(self, area: PrintArea) -> None:
        self._area = area

    def dots(self, length: int) -> int:
        return length * self._area.dots_per_inch // _DOTS_PER_INCH

    def text(
        self, text: str, size: int, height: int, *, min_size: int = 6, bold: bool = False, gap: int = 0
    ) -> list[Block]:
        """A text that gets at most ``height``; nothing for an empty one."""
        if not text.strip():
            return []
        most = self.dots(height)
        return [TextBlock(text=text, size=size, min_size=min_size, max_height=most, is_bold=bold, gap=self.dots(gap))]

    def columns(self, left: Sequence[Block], right: Sequence[Block], right_width: int) -> tuple[Column, ...]:
        x = self._area.width - self.dots(right_width)
        return (
            Column(x=0, width=x - self.dots(_GUTTER), blocks=tuple(left)),
            Column(x=x, width=self.dots(right_width), blocks=tuple(right)),
        )

    def show(self, title: str, producer: str, occasion: Occasion) -> list[Block]:
        date, times = when(occasion)
        return [
            *self.text(producer, 9, 32),
            *self.text(title, 18, 104, bold=True),
            *self.text(date, 11, 40, bold=True, gap=2),
            *self.text(times, 11, 38),
        ]


def _stock_ticket(ticket: PrintableTicket, area: PrintArea) -> tuple[Column, ...]:
    """The show and the admission on the left, the code on the right."""
    stock = _Stock(area)
    kind = f"{ticket.ticket_name} · VIP" if ticket.is_vip else ticket.ticket_name
    left = [
        *stock.show(ticket.show_title, ticket.producer_name, ticket.occasion),
        *stock.text(ticket.occasion.venue, 9, 32),
        *stock.text(ticket.attendee_name, 12, 54, bold=True, gap=4),
        *stock.text(f"{kind} · {ticket.price}".replace("\n", " "), 10, 40, bold=True, gap=2),
        *stock.text(f"Order {ticket.order_number} · {_ADMITS_ONCE}", 8, 30, gap=2),
    ]
    code = _in_rows(ticket.code, 3)
    right: list[Block] = [
        CodeBlock(content=ticket.code, max_width=stock.dots(_STOCK_CODE)),
        TextBlock(text=code, size=9, min_size=8, max_height=stock.dots(72), is_bold=True, side=Side.CENTER),
    ]
    return stock.columns(left, right, _STOCK_CODE)


def _stock_order(order: PrintableOrder, area: PrintArea) -> tuple[Column, ...]:
    stock = _Stock(area)
    left = [
        *stock.show(order.show_title, order.producer_name, order.occasion),
        *stock.text(f"Order {order.order_number}", 12, 44, bold=True, gap=4),
        *stock.text(order.customer_name, 10, 40),
        *stock.text(f"Total {order.total}", 12, 44, bold=True),
        *stock.text(f"In cash, rounded {order.in_cash}" if order.in_cash else "", 9, 30),
        *stock.text(_what_follows(order), 8, 30),
    ]
    listed = order.lines if len(order.lines) <= _STOCK_LINES else order.lines[: _STOCK_LINES - 1]
    right = [
        block
        for line in listed
        for block in stock.text(f"{line.quantity} × {line.name} · {line.price}", 9, 54, bold=True, gap=4)
    ]
    if len(listed) < len(order.lines):
        right += stock.text(f"and {len(order.lines) - len(listed)} more", 9, 30, gap=4)
    return stock.columns(left, right, _STOCK_LIST)


def _line(
    text: str, size: int, *, bold: bool = False, min_size: int = 0, side: Side = Side.START, gap: int = 0
) -> list[Block]:
    """A text on a roll, which has room for all of it; nothing for an empty one."""
    if not text.strip():
        return []
    smallest = min_size or size
    return [TextBlock(text=text, size=size, min_size=smallest, max_height=_ROLL, is_bold=bold, side=side, gap=gap)]


def when(occasion: Occasion) -> tuple[str, str]:
    """The day or days, and a line such as "Doors 19:00 · Start 20:00 CET", on the venue's clock."""
    start, timezone, locale = occasion.start_time, occasion.timezone, occasion.locale
    doors = formatting.doors(occasion.door_time, start, timezone, locale)
    times = f"Doors {doors} · Start {formatting.clock(start, timezone, locale)} {formatting.zone(start, timezone)}"
    return formatting.days(start, occasion.end_time, timezone, locale), times


def _in_rows(code: str, per_row: int) -> str:
    """The code in groups of four characters, in rows of equal length, for reading aloud."""
    groups = groups_of(code)
    rows = math.ceil(len(groups) / per_row)
    even = math.ceil(len(groups) / max(rows, 1))
    return "\n".join(" ".join(groups[start : start + even]) for start in range(0, len(groups), even))
