"""Guest lists: a CSV file, one manual order a line.

Spreadsheets write CSV in several ways: with a comma, a semicolon or a tab between the cells, in UTF-8 with or without
its mark, or in UTF-16. The first line has the columns' names, in any order and case.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from application.checkout.place_orders import CheckoutRequest
from domain.cart import Cart, CartLine
from domain.catalog import Ticket
from domain.customer import Customer
from domain.errors import DomainError, InvalidQuantity, InvalidRequest, TicketNotFound
from domain.orders import Idempotency, ManualPayment
from domain.policy import CheckoutPolicy

COLUMNS: Final = ("name", "email", "phone", "ticket", "quantity", "payment")
_DELIMITERS: Final = ",;\t"
_QUANTITY: Final = re.compile(r"[0-9]{1,6}")
#: The column of each part of a request that an error names.
_COLUMN_OF: Final = {
    "customer.name": "name",
    "customer.email": "email",
    "customer.phone": "phone",
    "payment": "payment",
    "tickets": "quantity",
    "tickets[0].quantity": "quantity",
    "tickets[0].ticket_id": "ticket",
    "tickets[0].donation_amount": "ticket",
}


@dataclass(frozen=True, slots=True)
class GuestLine:
    """A line of the file. ``number`` is where it begins, from 1; ``cells`` are by column, without spaces around."""

    number: int
    cells: Mapping[str, str]
    surplus: bool = False


def read_lines(content: bytes) -> list[GuestLine]:
    """The lines below the first one, without empty ones. Raises InvalidRequest, with the line, for a file that cannot
    be read.
    """
    text = _text(content)
    first = text.splitlines()[0] if text else ""
    delimiter = max(_DELIMITERS, key=first.count)
    rows = _rows(text, delimiter)
    _, header = next(rows, (1, []))
    columns = _columns(header)
    return [
        GuestLine(number, dict(zip(columns, cells, strict=False)), surplus=any(cells[len(columns) :]))
        for number, cells in rows
        if any(cells)
    ]


def _text(content: bytes) -> str:
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InvalidRequest(f"Line {line} is not UTF-8: save the file as CSV in UTF-8") from None


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The line where each row begins, and its cells: a quoted cell may have several lines."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for row in reader:
            yield begins, [cell.strip() for cell in row]
            begins = reader.line_num + 1
    except csv.Error as error:
        raise InvalidRequest(f"Line {begins} is not CSV: {error}") from None


def _columns(header: Sequence[str]) -> list[str]:
    names = [name.casefold() for name in header]
    if not any(names):
        raise InvalidRequest(f"Line 1 must name the columns: {', '.join(COLUMNS)}")
    for position, name in enumerate(names, start=1):
        if name not in COLUMNS:
            known = ", ".join(COLUMNS)
            raise InvalidRequest(
                f"Line 1, column {position}: there is no column {header[position - 1]!r}, only {known}"
            )
        if name in names[: position - 1]:
            raise InvalidRequest(f"Line 1, column {position}: {name} is there twice")
    return names


@dataclass(frozen=True, slots=True)
class GuestList:
    """What all lines have in common: the show with its ticket types, and how orders are paid unless a line says it."""

    show_id: UUID
    tickets: Sequence[Ticket]
    payment: ManualPayment
    policy: CheckoutPolicy
    checked_in: bool = False
    allocation_id: UUID | None = None

    def request(self, line: GuestLine, idempotency: Idempotency | None) -> CheckoutRequest | DomainError:
        """The order of a line, or what is wrong with it."""
        try:
            return self._request(line, idempotency)
        except DomainError as error:
            return error

    def _request(self, line: GuestLine, idempotency: Idempotency | None) -> CheckoutRequest:
        if line.surplus:
            raise InvalidRequest("There are more cells than the first line has columns")
        cells = line.cells
        customer = Customer.parse_guest(name=cells.get("name"), email=cells.get("email"), phone=cells.get("phone"))
        wanted = CartLine(0, self._ticket(cells.get("ticket", "")), _quantity(cells.get("quantity", "")))
        cart = Cart.of(self.show_id, [wanted], policy=self.policy.at_the_counter())
        return CheckoutRequest(
            cart=replace(cart, allocation_id=self.allocation_id) if self.allocation_id else cart,
            customer=customer,
            idempotency=idempotency,
            manual_payment=self._payment(cells.get("payment", "")),
            checked_in=self.checked_in,
        )

    def _ticket(self, typed: str) -> UUID:
        found = [each for each in self.tickets if not typed or typed.casefold() in _names(each)]
        if len(found) == 1:
            return found[0].id
        counted = Counter(ticket.name for ticket in self.tickets)
        known = ", ".join(name if times == 1 else f"{name} (by its id)" for name, times in counted.items())
        what = f"{typed!r} is no ticket type, or several" if typed else "A ticket type is needed"
        raise TicketNotFound(f"{what}. This show has: {known}", field="tickets[0].ticket_id")

    def _payment(self, typed: str) -> ManualPayment:
        try:
            return ManualPayment(typed.casefold()) if typed else self.payment
        except ValueError:
            known = ", ".join(ManualPayment)
            raise InvalidRequest(f"{typed!r} is no way of payment, only {known}", field="payment") from None


def column_of(error: Exception) -> str | None:
    """The column that an error is about, if it is about one."""
    return _COLUMN_OF.get(getattr(error, "field", None) or "")


def _names(ticket: Ticket) -> Iterable[str]:
    return ticket.name.strip().casefold(), str(ticket.id)


def _quantity(typed: str) -> int:
    if not typed:
        return 1
    if not _QUANTITY.fullmatch(typed):
        raise InvalidQuantity("Quantity must be a whole number", field="tickets[0].quantity")
    return int(typed)
