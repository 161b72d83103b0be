"""Use cases: a producer's shows."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import locked_show, owned_production, owned_show
from application.catalog.sale_times import derive_sale_times
from application.concurrency.retry import retry_on_conflict
from application.notifications.show_change_tasks import announce_show_change, count_announcements, what_is_bought
from application.pages import page_of
from application.ports.catalog import ShowCursor, ShowDetails
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.catalog import Show, ShowFields
from domain.errors import Conflict, NotFound


class AddShow:
    def __init__(self, unit_of_work: UnitOfWorkFactory, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._ids = ids
        self._audit = audit

    async def __call__(self, actor: Actor, fields: ShowFields, *, show_id: UUID | None = None) -> ShowDetails:
        """A new show. A caller who may ask twice gives it an id: a show that has it is returned as it is.

        Raises InvalidRequest, and NotFound for a production, or an id, that is another producer's.
        """
        show = Show.planned(id=show_id or self._ids.new(), producer_id=actor.producer_id, **fields)
        return await retry_on_conflict(lambda: self._add(actor, show, fields))

    async def _add(self, actor: Actor, show: Show, fields: ShowFields) -> ShowDetails:
        async with self._unit_of_work() as uow:
            if await uow.shows.get(show.id):
                await owned_show(uow, actor, show.id)
                return await _displayed(uow, show.id)
            await _ensure_own_production(uow, actor, fields)
            await uow.shows.add(show)
            await self._audit.record(uow, actor, Action.SHOW_ADDED, show.id, show_id=show.id, after=show)
            display = await _displayed(uow, show.id)
            await uow.commit()
        return display


class ListOwnShows:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(
        self, actor: Actor, *, production_id: UUID | None = None, after: ShowCursor | None, limit: int
    ) -> tuple[list[ShowDetails], ShowCursor | None]:
        """A page of the producer's shows, or of one production's, the latest start first, and where the next page
        begins, if there is one.
        """
        async with self._unit_of_work() as uow:
            found = await uow.show_details.of_producer(
                actor.producer_id, production_id=production_id, after=after, limit=limit + 1
            )
        return page_of(found, limit, ShowCursor.at)


class GetOwnShow:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, actor: Actor, show_id: UUID) -> ShowDetails:
        """The show, published or not. Raises NotFound."""
        async with self._unit_of_work() as uow:
            await owned_show(uow, actor, show_id)
            return await _displayed(uow, show_id)


@dataclass(frozen=True, slots=True)
class ChangedShow:
    """A show before and after a change, and how many mails to buyers follow from it."""

    before: Show
    after: Show
    mails: int


class ChangeShow:
    """Changes a show. Publishing, unpublishing, moving and cancelling are changes like any other.

    A checkout reads the show after it has locked its tickets, so each one that locks them after this commit sees the
    change (P1-008); earlier orders keep what they have. A change that buyers must hear of waits for the checkouts that
    are being decided, so it finds all of their orders. ``application.payments.release_sweep.ReleaseCancelled``
    releases the holds of a cancelled show.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._audit = audit

    async def __call__(self, actor: Actor, show_id: UUID, fields: ShowFields) -> ShowDetails:
        """The show with these fields changed; its buyers get a mail if it was moved or cancelled.

        Raises NotFound, InvalidRequest, Conflict (the show was already cancelled).
        """
        async with self._unit_of_work() as uow:
            await _ensure_own_production(uow, actor, fields)
            before = await locked_show(uow, actor, show_id)
            after = before.changed(**fields)
            if after != before:
                if after.cancelled or what_is_bought(before) != what_is_bought(after):
                    await uow.shows.lock_stock(show_id)
                await uow.shows.save(after)
                if after.timezone != before.timezone:
                    await derive_sale_times(uow, after)
                await announce_show_change(uow, before, after, now=self._clock.now())
                action = Action.SHOW_CANCELLED if after.cancelled else Action.SHOW_CHANGED
                await self._audit.record(uow, actor, action, show_id, show_id=show_id, before=before, after=after)
            display = await _displayed(uow, show_id)
            await uow.commit()
        return display

    async def preview(self, actor: Actor, show_id: UUID, fields: ShowFields) -> ChangedShow:
        """What the same change would do. Nothing is changed. Raises NotFound, InvalidRequest, Conflict."""
        async with self._unit_of_work() as uow:
            await _ensure_own_production(uow, actor, fields)
            before = await owned_show(uow, actor, show_id)
            after = before.changed(**fields)
            return ChangedShow(before, after, await count_announcements(uow, before, after, now=self._clock.now()))


class DeleteShow:
    def __init__(self, unit_of_work: UnitOfWorkFactory, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._audit = audit

    async def __call__(self, actor: Actor, show_id: UUID) -> None:
        """Delete the show with its tickets and promo codes. Raises NotFound, Conflict (it has orders)."""
        async with self._unit_of_work() as uow:
            show = await locked_show(uow, actor, show_id)
            await uow.shows.lock_stock(show_id)
            if await uow.orders.exist(show_id=show_id):
                raise Conflict("This show has orders and cannot be deleted; unpublish or cancel it instead")
            await uow.shows.delete(show_id)
            await self._audit.record(uow, actor, Action.SHOW_DELETED, show_id, show_id=show_id, before=show)
            await uow.commit()


async def _ensure_own_production(uow: UnitOfWork, actor: Actor, fields: ShowFields) -> None:
    if production_id := fields.get("production_id"):
        await owned_production(uow, actor, production_id)


async def _displayed(uow: UnitOfWork, show_id: UUID) -> ShowDetails:
    display = await uow.show_details.details(show_id)
    if display is None:
        raise NotFound("No such show")
    return display
