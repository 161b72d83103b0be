"""Use cases: the shows of a production, made and changed many at a time, and the copy of one show.

Each is one transaction: all of its shows are made or changed, or none. A preview takes the same way up to the first
write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import locked_production, owned_production, owned_show
from application.catalog.shows import ChangedShow
from application.notifications.show_change_tasks import announce_show_change, announcements, count_announcements
from application.ports.catalog import ShowDetails
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.capacity import MAX_ALLOCATIONS, MAX_CAPACITIES
from domain.catalog import Show, ShowFields
from domain.errors import Conflict, NotFound
from domain.production import NewShow, Original, Production, SaleTimes, Template, new_shows
from domain.promotions import TicketPromoCode
from domain.run_change import RunChange, RunScope, ensure_distinct
from domain.schedule import Start

#: The most promo codes that a copy takes along: those of a campaign, not one for each subscriber.
MAX_COPIED_CODES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """Shows to make: one at each of ``starts``, like the show ``template_show_id``, or by the production's defaults."""

    starts: Sequence[Start]
    template_show_id: UUID | None = None
    promo_codes: bool = False
    sale_times: SaleTimes = SaleTimes.MOVE
    fields: ShowFields


class AddShows:
    """Makes shows of a production."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._ids = ids
        self._audit = audit

    async def __call__(self, actor: Actor, production_id: UUID, plan: RunPlan, *, dry_run: bool) -> list[NewShow]:
        """The new shows, soonest first; with ``dry_run`` none is stored.

        Raises NotFound, InvalidRequest, Conflict (the production has a show that starts then).
        """
        async with self._unit_of_work() as uow:
            production = await (owned_production if dry_run else locked_production)(uow, actor, production_id)
            template = await self._template(uow, actor, production, plan)
            made = new_shows(
                template,
                plan.starts,
                await uow.shows.of_production(production_id),
                new_id=self._ids.new,
                producer_id=actor.producer_id,
                **plan.fields | {"production_id": production_id},
            )
            if not dry_run:
                await add_new_shows(uow, self._audit, actor, made)
                await uow.commit()
        return made

    async def _template(self, uow: UnitOfWork, actor: Actor, production: Production, plan: RunPlan) -> Template:
        if plan.template_show_id is None:
            return production.template()
        await owned_show(uow, actor, plan.template_show_id)
        return await template_of(uow, plan.template_show_id, promo_codes=plan.promo_codes, sale_times=plan.sale_times)


class CopyShow:
    def __init__(self, unit_of_work: UnitOfWorkFactory, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._ids = ids
        self._audit = audit

    async def __call__(
        self,
        actor: Actor,
        show_id: UUID,
        start: Start,
        fields: ShowFields,
        *,
        promo_codes: bool,
        sale_times: SaleTimes = SaleTimes.MOVE,
        new_id: UUID | None = None,
    ) -> ShowDetails:
        """A new show with the texts, image, ticket types and, if asked for, promo codes of the other one, none of them
        sold. ``fields`` come before what the other show has. A caller who may ask twice gives the copy an id: a show
        that has it is returned as it is.

        Raises NotFound, InvalidRequest, Conflict (its production has a show that starts then).
        """
        async with self._unit_of_work() as uow:
            original = await owned_show(uow, actor, show_id)
            if new_id and await uow.shows.get(new_id):
                return await self._copied(uow, actor, new_id)
            siblings: list[Show] = []
            if original.production_id:
                await uow.productions.lock(original.production_id)
                siblings = await uow.shows.of_production(original.production_id)
            template = await template_of(uow, show_id, promo_codes=promo_codes, sale_times=sale_times)
            # The show's own id is asked for first.
            ids = chain([new_id] if new_id else [], iter(self._ids.new, None))
            made = new_shows(
                template, [start], siblings, new_id=lambda: next(ids), producer_id=actor.producer_id, **fields
            )
            await add_new_shows(uow, self._audit, actor, made)
            details = await self._copied(uow, actor, made[0].show.id)
            await uow.commit()
        return details

    async def _copied(self, uow: UnitOfWork, actor: Actor, show_id: UUID) -> ShowDetails:
        await owned_show(uow, actor, show_id)
        details = await uow.show_details.details(show_id)
        if details is None:
            raise NotFound("No such show")
        return details


class ChangeRun:
    """Changes several shows of a production.

    The locks are taken in the order in which everything takes them: the production, shows, ticket types and promo
    codes, each in the order of their ids. Checkouts of a show wait only if its buyers must hear of the change.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._audit = audit

    async def __call__(
        self, actor: Actor, production_id: UUID, change: RunChange, *, dry_run: bool
    ) -> list[ChangedShow]:
        """The shows that the change is for, soonest first; with ``dry_run`` they stay as they are.

        Raises NotFound, InvalidRequest, Conflict (one of the named shows was cancelled).
        """
        async with self._unit_of_work() as uow:
            await (owned_production if dry_run else locked_production)(uow, actor, production_id)
            now = self._clock.now()
            run = await self._run(uow, production_id, change, now)
            concerned = await self._concerned(uow, run, change, now, lock=not dry_run)
            pairs = [(show, change.of(show)) for show in concerned]
            _ensure_distinct(run, pairs)
            if dry_run:
                return [
                    ChangedShow(before, after, await count_announcements(uow, before, after, now=now))
                    for before, after in pairs
                ]
            changed = await self._change(uow, actor, pairs)
            await uow.commit()
        return changed

    async def _run(self, uow: UnitOfWork, production_id: UUID, change: RunChange, now: datetime) -> list[Show]:
        """The production's shows, as far as the change may be for them."""
        return await uow.shows.of_production(production_id, since=now if change.scope is RunScope.TO_COME else None)

    async def _concerned(
        self, uow: UnitOfWork, run: Sequence[Show], change: RunChange, now: datetime, *, lock: bool
    ) -> list[Show]:
        found = change.among(run, now)
        if not lock:
            return found
        locked = await uow.shows.lock_all([show.id for show in found])
        fresh = [(locked[show.id], show.production_id) for show in found if show.id in locked]
        return [show for show, run_id in fresh if show.production_id == run_id and change.concerns(show, now)]

    async def _change(self, uow: UnitOfWork, actor: Actor, pairs: Sequence[tuple[Show, Show]]) -> list[ChangedShow]:
        for before, after in pairs:
            if after != before:
                await uow.shows.save(after)
                action = Action.SHOW_CANCELLED if after.cancelled else Action.SHOW_CHANGED
                await self._audit.record(uow, actor, action, after.id, show_id=after.id, before=before, after=after)
        now = self._clock.now()
        # The stock is locked last, to keep buyers waiting for as short as it takes to find all orders.
        if heard_of := [after.id for before, after in pairs if announcements(before, after, now=now)]:
            await uow.shows.lock_stock(*heard_of)
        return [
            ChangedShow(before, after, await announce_show_change(uow, before, after, now=now))
            for before, after in pairs
        ]


def _ensure_distinct(run: Sequence[Show], pairs: Sequence[tuple[Show, Show]]) -> None:
    moved = frozenset(after.id for before, after in pairs if after.start_time != before.start_time)
    if moved:
        ensure_distinct(({show.id: show for show in run} | {after.id: after for _, after in pairs}).values(), moved)


async def template_of(uow: UnitOfWork, show_id: UUID, *, promo_codes: bool, sale_times: SaleTimes) -> Template:
    """The show as a template. Raises NotFound, and Conflict if it has too many promo codes to take along."""
    details = await uow.show_details.details(show_id)
    if details is None:
        raise NotFound("No such show")
    codes: list[TicketPromoCode] = []
    if promo_codes:
        codes = await uow.promo_codes.of_show(show_id, after=None, limit=MAX_COPIED_CODES + 1)
        if len(codes) > MAX_COPIED_CODES:
            raise Conflict(f"The show has more than {MAX_COPIED_CODES} promo codes, which are not copied")
    capacities = await uow.capacities.of_show(show_id, after=None, limit=MAX_CAPACITIES)
    allocations = await uow.allocations.of_show(show_id, after=None, limit=MAX_ALLOCATIONS)
    return Template.of(
        Original(
            show=details.show,
            tickets=details.tickets,
            capacities=tuple(capacities),
            allocations=tuple(allocations),
            promo_codes=tuple(codes),
            sale_times=sale_times,
        )
    )


async def add_new_shows(uow: UnitOfWork, audit: AuditLog, actor: Actor, made: Sequence[NewShow]) -> None:
    """Store the shows with all that they sell and keep."""
    await uow.shows.add(*(new.show for new in made))
    await uow.capacities.add(*(capacity for new in made for capacity in new.capacities))
    await uow.allocations.add(*(allocation for new in made for allocation in new.allocations))
    await uow.tickets.add(*(ticket for new in made for ticket in new.tickets))
    await uow.promo_codes.add(*(code for new in made for code in new.promo_codes))
    for new in made:
        show = new.show
        await audit.record(uow, actor, Action.SHOW_ADDED, show.id, show_id=show.id, after=show)
