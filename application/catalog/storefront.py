"""Use cases: shows on sale, as buyers see them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from application.access.ownership import producer_of
from application.concurrency.group_commit import GroupCommit, decide_with
from application.pages import page_of
from application.ports.catalog import ShowCursor, ShowDetails
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.catalog import Producer, Show
from domain.errors import InvalidPromoCode, NotFound
from domain.production import Production
from domain.promotions import is_possible, normalize_code

NO_SUCH_SHOW: Final = "No such show"


class ListShows:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(
        self,
        *,
        producer_id: UUID | None,
        production_id: UUID | None = None,
        once: bool = False,
        after: ShowCursor | None,
        limit: int,
    ) -> tuple[list[ShowDetails], ShowCursor | None]:
        """A page of shows on sale, soonest first, and where the next page begins, if there is one; with ``once`` only
        the next show of each production.
        """
        async with self._unit_of_work(read_only=True) as uow:
            found = await uow.show_details.on_sale(
                now=self._clock.now(),
                producer_id=producer_id,
                production_id=production_id,
                once=once,
                after=after,
                limit=limit + 1,
            )
        return page_of([display.for_buyers() for display in found], limit, ShowCursor.at)


@dataclass(frozen=True, slots=True)
class Run:
    """A production as buyers see it. ``dates`` are all of its shows that are not over, cancelled ones too, soonest
    first; ``shows`` are those of them that were asked for, with what they sell.
    """

    production: Production
    producer: Producer
    dates: tuple[Show, ...]
    shows: tuple[ShowDetails, ...]


class GetRun:
    """Finds a production with its shows. One that never had a published show does not exist for buyers."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, production_id: UUID, choose: Callable[[Sequence[Show]], Sequence[Show]]) -> Run:
        """The production; ``choose`` selects the shows that are wanted with what they sell. Raises NotFound."""
        async with self._unit_of_work(read_only=True) as uow:
            production = await uow.productions.get(production_id)
            dates = await self._published(uow, production_id) if production else None
            if production is None or dates is None:
                raise NotFound("No such production")
            producer = await producer_of(uow, production.producer_id)
            chosen = choose(dates)
            details = await uow.show_details.details_of({show.id for show in chosen})
        shows = (details[show.id].for_buyers() for show in chosen if show.id in details)
        return Run(production, producer, tuple(dates), tuple(shows))

    async def _published(self, uow: UnitOfWork, production_id: UUID) -> list[Show] | None:
        """The published shows that are not over; None if there never was a published one."""
        to_come = await uow.shows.of_production(production_id, since=self._clock.now())
        found = [show for show in to_come if show.published]
        if found or any(show.published for show in await uow.shows.of_production(production_id)):
            return found
        return None


class GetShow:
    """Finds a show. Requests that arrive while a read is running share the next one, so a crowd in front of one show
    costs one query at a time. A response is never older than its request.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._line: GroupCommit[None, UUID, ShowDetails | None] = GroupCommit(decide_with(self._look_together))

    async def __call__(self, show_id: UUID, promo_code: str | None = None) -> ShowDetails:
        """A published show, without hidden ticket types, except those that the promo code opens. ``remaining`` has the
        places of the allocation that it opens.

        Raises Busy, and NotFound, also for a show that is not published; InvalidPromoCode, PromoCodeExhausted.
        """
        display = await self._line.submit(None, show_id)
        if display is None or not display.show.published:
            raise NotFound(NO_SUCH_SHOW)
        code = normalize_code(promo_code or "")
        return await self._opened(display, code) if code else display.for_buyers()

    async def _opened(self, display: ShowDetails, code: str) -> ShowDetails:
        async with self._unit_of_work(read_only=True) as uow:
            found = await uow.promo_codes.with_code(display.show.id, code) if is_possible(code) else None
            allocation_id = found.allocation_id if found else None
            allocation = await uow.allocations.get(allocation_id) if allocation_id else None
        if found is None:
            raise InvalidPromoCode("Invalid promo code", field="promo_code")
        found.ensure_usable(self._clock.now())
        return display.for_buyers(found, allocation)

    async def together(self, show_ids: Sequence[UUID]) -> list[ShowDetails | None]:
        """The published shows with these ids, each as buyers without a code see it, and None for the others."""
        as_seen = {
            display.show.id: display.for_buyers()
            for display in await self._look_together(show_ids)
            if display is not None and display.show.published
        }
        return [as_seen.get(show_id) for show_id in show_ids]

    async def _look_together(self, show_ids: Sequence[UUID]) -> list[ShowDetails | None]:
        async with self._unit_of_work(read_only=True) as uow:
            displays = await uow.show_details.details_of(set(show_ids))
        return [displays.get(show_id) for show_id in show_ids]
