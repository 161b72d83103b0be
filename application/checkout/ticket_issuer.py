"""Ids for people to read: of an order, and for every admission an id and a signed code."""

from __future__ import annotations

from uuid import UUID

from application.ports.system import Ids
from domain.orders import number_of, reads_as_quantity
from domain.ticket_code import NONCE_BYTES, TicketCodes


def new_order_id(ids: Ids) -> UUID:
    """A fresh id whose order number no spreadsheet reads as a quantity: about one in fifty is drawn again."""
    order_id = ids.new()
    while reads_as_quantity(number_of(order_id)):
        order_id = ids.new()
    return order_id


class TicketIssuer:
    """Callable as the domain's IssueTicket."""

    def __init__(self, ids: Ids, codes: TicketCodes) -> None:
        self._ids = ids
        self._codes = codes

    def __call__(self, show_id: UUID) -> tuple[UUID, str]:
        return self._ids.new(), self._codes.issue(show_id, self._ids.random_bytes(NONCE_BYTES))
