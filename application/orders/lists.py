"""Use cases: a show's orders, attendees and refunds as lists, a page at a time or as a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Generic, TypeVar
from uuid import UUID

from application.access.ownership import owned_order, owned_show
from application.pages import page_of
from application.ports.order_lists import (
    AttendeeCursor,
    AttendeeFilter,
    AttendeeSummary,
    ExportedAttendee,
    ExportedOrder,
    OrderCursor,
    OrderFilter,
    OrderSummary,
    ShowsOf,
)
from application.ports.show_overviews import ShowFilter, ShowTab
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.catalog import Show
from domain.errors import NotFound
from domain.money import Currency
from domain.order_search import as_meant, code_term, misspelt, search_terms
from domain.orders import Order
from domain.refunds import Refund

#: Rows that an export has in memory at a time.
EXPORT_PAGE: Final = 1000
#: Rows that are used in one go.
_TURN: Final = 50


Item = TypeVar("Item")


Cursor = TypeVar("Cursor")


Filter = TypeVar("Filter", OrderFilter, AttendeeFilter)


@dataclass(frozen=True, slots=True)
class Export(Generic[Item]):
    """All objects of one kind that belong to ``show``, or to all shows of its producer: then ``show`` is the latest of
    them. Amounts are in ``currency``.
    """

    show: Show
    currency: Currency
    items: AsyncIterator[Item]


#: Shows to choose from, of each sort: those next to the present moment.
MOST_CHOICES: Final = 100


class ShowChoices:
    """The shows by which a person in the office chooses orders."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, actor: Actor, *, only_to_come: bool = False) -> list[Show]:
        """The next shows, soonest first, and then those that are over, latest first."""
        tabs = [ShowTab.UPCOMING] if only_to_come else [ShowTab.UPCOMING, ShowTab.PAST]
        async with self._unit_of_work(read_only=True) as uow:
            found = [
                await uow.show_overviews.shows(
                    actor.producer_id, only=ShowFilter(tab=tab), now=self._clock.now(), offset=0, limit=MOST_CHOICES
                )
                for tab in tabs
            ]
        return [row.show for rows in found for row in rows]


class Searched(StrEnum):
    """How the typed words were looked for. WORDS: as they stand. CODE: as the end of a ticket's code. SIMILAR: with
    mistakes.
    """

    WORDS = "words"
    CODE = "code"
    SIMILAR = "similar"


@dataclass(frozen=True, slots=True)
class Found(Generic[Item, Cursor]):
    """A page of a search over one show or all, and where the next one begins, if there is one. ``searched`` is how
    these were found: the next page asks for the same. ``shows`` are the shows of the items.
    """

    items: Sequence[Item]
    next: Cursor | None
    searched: Searched
    shows: Mapping[UUID, Show]


class ListOrders:
    """A show's orders, or those of all shows of a producer, newest first."""

    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(
        self, actor: Actor, show_id: UUID, *, only: OrderFilter, after: OrderCursor | None, limit: int
    ) -> tuple[list[OrderSummary], OrderCursor | None]:
        """A page, and where the next one begins, if there is one. Raises NotFound."""
        async with self._unit_of_work() as uow:
            await owned_show(uow, actor, show_id)
            of = ShowsOf(actor.producer_id, show_id)
            found = await uow.order_lists.orders(of, only=only, after=after, limit=limit + 1)
        return page_of(found, limit, _after_order)

    async def search(
        self,
        actor: Actor,
        show_id: UUID | None,
        *,
        only: OrderFilter,
        after: OrderCursor | None,
        limit: int,
        searched: Searched | None = None,
    ) -> Found[OrderSummary, OrderCursor]:
        """A page of what a person looks for, of one show or all (None). Words that no order has are looked for in the
        other ways, unless ``searched`` says how. Raises NotFound.
        """
        async with self._unit_of_work() as uow:
            of = await _shows_of(uow, actor, show_id)

            async def read(only: OrderFilter) -> list[OrderSummary]:
                return await uow.order_lists.orders(of, only=only, after=after, limit=limit + 1)

            found, searched = await _search(uow, of, only, read, searched)
            page, more = page_of(found, limit, _after_order)
            return Found(page, more, searched, await _shows(uow, {order.show_id for order in page}))

    async def export(
        self, actor: Actor, show_id: UUID | None, *, only: OrderFilter, searched: Searched = Searched.WORDS
    ) -> Export[ExportedOrder]:
        """All orders that meet ``only``, any number of them. Raises NotFound, at once, also for a producer without
        shows.
        """
        of = ShowsOf(actor.producer_id, show_id)
        async with self._unit_of_work() as uow:
            show, currency = await _own_show_and_currency(uow, actor, show_id or await _latest_show(uow, actor))
            wanted = await _as_searched(uow, of, only, searched) or only

        async def read(after: OrderCursor | None) -> list[ExportedOrder]:
            async with self._unit_of_work() as uow:
                return await uow.order_lists.exported_orders(of, only=wanted, after=after, limit=EXPORT_PAGE)

        return Export(show, currency, await _page_by_page(read, _after_exported_order))


class ListAttendees:
    """All attendees who have or had a ticket to a show, or to any show of a producer, in the order of their orders."""

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
            of, only = ShowsOf(actor.producer_id, show_id), AttendeeFilter(text=text)
            found = await uow.order_lists.attendees(of, only=only, after=after, limit=limit + 1)
        return page_of(found, limit, _after_attendee)

    async def search(
        self,
        actor: Actor,
        show_id: UUID | None,
        *,
        only: AttendeeFilter,
        after: AttendeeCursor | None,
        limit: int,
        searched: Searched | None = None,
    ) -> Found[AttendeeSummary, AttendeeCursor]:
        """A page of the people whom a person looks for, as ``ListOrders.search``. Raises NotFound."""
        async with self._unit_of_work() as uow:
            of = await _shows_of(uow, actor, show_id)

            async def read(only: AttendeeFilter) -> list[AttendeeSummary]:
                return await uow.order_lists.attendees(of, only=only, after=after, limit=limit + 1)

            found, searched = await _search(uow, of, only, read, searched)
            page, more = page_of(found, limit, _after_attendee)
            return Found(page, more, searched, await _shows(uow, {attendee.show_id for attendee in page}))

    async def ticket_names(self, actor: Actor, show_id: UUID | None) -> list[str]:
        """The names of ticket types by which attendees can be chosen. Raises NotFound."""
        async with self._unit_of_work() as uow:
            return await uow.order_lists.ticket_names(await _shows_of(uow, actor, show_id))

    async def export(
        self,
        actor: Actor,
        show_id: UUID | None,
        *,
        only: AttendeeFilter | None = None,
        searched: Searched = Searched.WORDS,
    ) -> Export[ExportedAttendee]:
        """All attendees who meet ``only``, any number of them. Raises NotFound, at once, also for a producer without
        shows.
        """
        of, only = ShowsOf(actor.producer_id, show_id), only or AttendeeFilter()
        async with self._unit_of_work() as uow:
            show, currency = await _own_show_and_currency(uow, actor, show_id or await _latest_show(uow, actor))
            wanted = await _as_searched(uow, of, only, searched) or only

        async def read(after: AttendeeCursor | None) -> list[ExportedAttendee]:
            async with self._unit_of_work() as uow:
                return await uow.order_lists.exported_attendees(of, only=wanted, after=after, limit=EXPORT_PAGE)

        return Export(show, currency, await _page_by_page(read, _after_exported_attendee))


async def _latest_show(uow: UnitOfWork, actor: Actor) -> UUID:
    shows = await uow.show_details.of_producer(actor.producer_id, after=None, limit=1)
    if not shows:
        raise NotFound("There are no shows")
    return shows[0].show.id


async def _shows_of(uow: UnitOfWork, actor: Actor, show_id: UUID | None) -> ShowsOf:
    if show_id is not None:
        await owned_show(uow, actor, show_id)
    return ShowsOf(actor.producer_id, show_id)


async def _shows(uow: UnitOfWork, show_ids: Collection[UUID]) -> Mapping[UUID, Show]:
    found = await uow.show_details.details_of(show_ids) if show_ids else {}
    return {id_: details.show for id_, details in found.items()}


async def _search(
    uow: UnitOfWork,
    of: ShowsOf,
    only: Filter,
    read: Callable[[Filter], Awaitable[list[Item]]],
    searched: Searched | None,
) -> tuple[list[Item], Searched]:
    """What is found in the first way that finds something, or in the given one."""
    for way in Searched if searched is None else (searched,):
        wanted = await _as_searched(uow, of, only, way)
        if wanted is not None and (found := await read(wanted)):
            return found, way
    return [], searched or Searched.WORDS


async def _as_searched(uow: UnitOfWork, of: ShowsOf, only: Filter, searched: Searched) -> Filter | None:
    """The filter as this way searches; None if it cannot find anything that another does not."""
    terms = search_terms(only.text or "")
    if searched is Searched.WORDS:
        return only
    if searched is Searched.CODE:
        code = None if only.names_only else code_term(only.text or "")
        return replace(only, meant=(code,)) if code else None
    words = {each: await uow.order_lists.words_like(of, each) for term in terms for each in misspelt(term)}
    meant = as_meant(terms, words)
    return replace(only, meant=meant) if meant != tuple(terms) else None


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
    """The next page is read while this one is used."""
    while len(page) == EXPORT_PAGE:
        reading = asyncio.create_task(_read(read, after(page[-1])))
        try:
            for number, item in enumerate(page):
                if number % _TURN == 0:
                    await asyncio.sleep(0)  # others want to be served, and the task as well
                yield item
            page = await reading
        finally:
            reading.cancel()
    for item in page:
        yield item


async def _read(read: Callable[[Cursor | None], Awaitable[list[Item]]], after: Cursor) -> list[Item]:
    return await read(after)


def _after_order(last: OrderSummary) -> OrderCursor:
    return OrderCursor(last.created_at, last.id)


def _after_exported_order(last: ExportedOrder) -> OrderCursor:
    return OrderCursor(last.created_at, UUID(last.id))


def _after_exported_attendee(last: ExportedAttendee) -> AttendeeCursor:
    return AttendeeCursor(last.created_at, UUID(last.order_id), UUID(last.id))


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
