"""Use cases: a show's orders, attendees and refunds as lists, a page at a time or as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from uuid import UUID

from application.access.ownership import owned_order, owned_show
from application.pages import page_of
from application.ports.order_lists import (
    AttendeeCursor,
    AttendeeSummary,
    OrderCursor,
    OrderFilter,
    OrderSummary,
)
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.catalog import Show
from domain.errors import NotFound
from domain.money import Currency
from domain.orders import Order
from domain.refunds import Refund

#: Rows that an export has in memory at a time.
EXPORT_PAGE: Final = 1000


Item = TypeVar("Item")


Cursor = TypeVar("Cursor")


@dataclass(frozen=True, slots=True)
class Export(Generic[Item]):
    """All objects of one kind that belong to ``show``; amounts are in ``currency``."""

    show: Show
    currency: Currency
    items: AsyncIterator[Item]


class ListOrders:
    """A show's orders, newest first."""

    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(
        self, actor: Actor, show_id: UUID, *, only: OrderFilter, after: OrderCursor | None, limit: int
    ) -> tuple[list[OrderSummary], OrderCursor | None]:
        """A page, and where the next one begins, if there is one. Raises NotFound."""
        async with self._unit_of_work() as uow:
            await owned_show(uow, actor, show_id)
            found = await uow.order_lists.orders(show_id, only=only, after=after, limit=limit + 1)
        return page_of(found, limit, _after_order)

    async def export(self, actor: Actor, show_id: UUID, *, only: OrderFilter) -> Export[OrderSummary]:
        """All orders, any number of them. Raises NotFound, at once."""
        async with self._unit_of_work() as uow:
            show, currency = await _own_show_and_currency(uow, actor, show_id)

        async def read(after: OrderCursor | None) -> list[OrderSummary]:
            async with self._unit_of_work() as uow:
                return await uow.order_lists.orders(show_id, only=only, after=after, limit=EXPORT_PAGE)

        return Export(show, currency, await _page_by_page(read, _after_order))


class ListAttendees:
    """All attendees who have or had a ticket to a show, in the order in which they got it."""

    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(
        self,
        actor: Actor,
        show_id: UUID,
        *,
        text: str | None = None,
        after: AttendeeCursor | None,
        limit: int,
    ) -> tuple[list[AttendeeSummary], AttendeeCursor | None]:
        """A page, and where the next one begins, if there is one. Raises NotFound."""
        async with self._unit_of_work() as uow:
            await owned_show(uow, actor, show_id)
            found = await uow.order_lists.attendees(show_id, text=text, after=after, limit=limit + 1)
        return page_of(found, limit, _after_attendee)

    async def export(self, actor: Actor, show_id: UUID) -> Export[AttendeeSummary]:
        """All attendees, any number of them. Raises NotFound, at once."""
        async with self._unit_of_work() as uow:
            show, currency = await _own_show_and_currency(uow, actor, show_id)

        async def read(after: AttendeeCursor | None) -> list[AttendeeSummary]:
            async with self._unit_of_work() as uow:
                return await uow.order_lists.attendees(show_id, after=after, limit=EXPORT_PAGE)

        return Export(show, currency, await _page_by_page(read, _after_attendee))


async def _own_show_and_currency(uow: UnitOfWork, actor: Actor, show_id: UUID) -> tuple[Show, Currency]:
    show = await owned_show(uow, actor, show_id)
    producer = await uow.producers.get(show.producer_id)
    if producer is None:
        raise NotFound("No such show")
    return show, producer.currency


async def _page_by_page(
    read: Callable[[Cursor | None], Awaitable[list[Item]]], after: Callable[[Item], Cursor]
) -> AsyncIterator[Item]:
    """The items page by page, each page in a separate transaction; the first is read at once, so its errors come at
    once.

    A cursor held open would show all items as of one moment. But it would hold one of the database's few connections
    for as long as a slow client takes to read, and checkouts need them.
    """
    return _pages_from(await read(None), read, after)


async def _pages_from(
    page: list[Item], read: Callable[[Cursor | None], Awaitable[list[Item]]], after: Callable[[Item], Cursor]
) -> AsyncIterator[Item]:
    while True:
        for item in page:
            yield item
        if len(page) < EXPORT_PAGE:
            return
        page = await read(after(page[-1]))


def _after_order(last: OrderSummary) -> OrderCursor:
    return OrderCursor(last.created_at, last.id)


def _after_attendee(last: AttendeeSummary) -> AttendeeCursor:
    return AttendeeCursor(last.created_at, last.order_id, last.id)


class ListRefunds:
    """An order's refunds, and the status of each."""

    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, actor: Actor, order_id: UUID) -> tuple[Order, list[Refund]]:
        """The order, and its refunds in the order of their sequence. Raises NotFound."""
        async with self._unit_of_work() as uow:
            order = await owned_order(uow, actor, order_id)
            return order, await uow.refunds.of_order(order_id)
