"""Use case: parties at the door that are looked for by name (docs/door-protocol.md#looking-for-a-name)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from application.orders.lists import ListOrders, Searched
from application.ports.checkin import ListedTicket
from application.ports.order_lists import OrderFilter, OrderSummary
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.ticket_code import TicketCodes

MAX_PARTIES: Final = 20


@dataclass(frozen=True, slots=True)
class FoundParty:
    """An order that was found at the door: its tickets and what stands for it. Neither address nor phone number."""

    party: str
    order: OrderSummary
    tickets: Sequence[ListedTicket]


class SearchParties:
    """Finds who stands at the door without a ticket: by names, also misspelt ones, or by the order's number."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, list_orders: ListOrders, codes: TicketCodes) -> None:
        self._unit_of_work = unit_of_work
        self._list_orders = list_orders
        self._codes = codes

    async def __call__(self, actor: Actor, show_id: UUID, text: str) -> tuple[list[FoundParty], bool]:
        """The orders with tickets, and whether their names are only like the words. Raises NotFound."""
        only = OrderFilter(text=text, names_only=True)
        found = await self._list_orders.search(actor, show_id, only=only, after=None, limit=MAX_PARTIES)
        async with self._unit_of_work(read_only=True) as uow:
            listing = await uow.check_ins.listing(show_id, [order.id for order in found.items])
        tickets = defaultdict[UUID, list[ListedTicket]](list)
        for ticket in map(ListedTicket.of_line, listing.lines):
            tickets[ticket.order_id].append(ticket)
        parties = [
            FoundParty(self._codes.party(show_id, order.id), order, tickets[order.id])
            for order in found.items
            if order.id in tickets
        ]
        return parties, found.searched is Searched.SIMILAR
