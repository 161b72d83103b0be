"""Use cases: shows on sale, as buyers see them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from application.concurrency.group_commit import GroupCommit, decide_with
from application.pages import page_of
from application.ports.catalog import ShowCursor, ShowDetails
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import InvalidPromoCode, NotFound
from domain.promotions import TicketPromoCode, is_possible, normalize_code


class ListShows:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(
        self, *, producer_id: UUID | None, after: ShowCursor | None, limit: int
    ) -> tuple[list[ShowDetails], ShowCursor | None]:
        """A page of shows on sale, soonest first, and where the next page begins, if there is one."""
        async with self._unit_of_work(read_only=True) as uow:
            found = await uow.show_details.on_sale(
                now=self._clock.now(), producer_id=producer_id, after=after, limit=limit + 1
            )
        return page_of([display.for_buyers() for display in found], limit, ShowCursor.at)


class GetShow:
    """Finds a show. Requests that arrive while a read is running share the next one, so a crowd in front of one show
    costs one query at a time. A response is never older than its request.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._line: GroupCommit[None, UUID, ShowDetails | None] = GroupCommit(decide_with(self._look_together))

    async def __call__(self, show_id: UUID, promo_code: str | None = None) -> ShowDetails:
        """A published show, without hidden ticket types, except those that the promo code opens.

        Raises Busy, and NotFound, also for a show that is not published; InvalidPromoCode, PromoCodeExhausted.
        """
        display = await self._line.submit(None, show_id)
        if display is None or not display.show.published:
            raise NotFound("No such show")
        code = normalize_code(promo_code or "")
        return display.for_buyers(await self._usable(show_id, code) if code else None)

    async def _usable(self, show_id: UUID, code: str) -> TicketPromoCode:
        async with self._unit_of_work(read_only=True) as uow:
            found = await uow.promo_codes.with_code(show_id, code) if is_possible(code) else None
        if found is None:
            raise InvalidPromoCode("Invalid promo code", field="promo_code")
        found.ensure_usable(self._clock.now())
        return found

    async def _look_together(self, show_ids: Sequence[UUID]) -> list[ShowDetails | None]:
        async with self._unit_of_work(read_only=True) as uow:
            displays = await uow.show_details.details_of(set(show_ids))
        return [displays.get(show_id) for show_id in show_ids]
