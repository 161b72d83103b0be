"""Use case: takes places of several shows of a production off public sale, in one act."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import locked_production, owned_production
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.capacity import MAX_ALLOCATIONS, MAX_CAPACITIES
from domain.catalog import Show
from domain.run_allocation import PlannedAllocation, RunAllocation
from domain.run_change import RunScope, about

#: The shows whose capacities a form offers by name.
NAMED_BY: Final = 20


class AllocateInRun:
    """Locks as everything does: the production, shows, and then the capacities, each in the order of their ids. Buyers
    wait only while the counters are written.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._audit = audit

    async def __call__(
        self, actor: Actor, production_id: UUID, wanted: RunAllocation, *, dry_run: bool
    ) -> list[PlannedAllocation]:
        """What each show that is meant gets, soonest first: all of them, or none. With ``dry_run`` nothing is changed,
        and shows that cannot have it say why.

        Raises NotFound, InvalidRequest (a show has no such capacity), Conflict (fewer places are left).
        """
        async with self._unit_of_work() as uow:
            await (owned_production if dry_run else locked_production)(uow, actor, production_id)
            now = self._clock.now()
            since = now if wanted.scope is RunScope.TO_COME else None
            meant = wanted.among(await uow.shows.of_production(production_id, since=since), now)
            if not dry_run:
                locked = await uow.shows.lock_all([show.id for show in meant])
                meant = [locked[show.id] for show in meant if show.id in locked]
            planned = [await self._plan(uow, wanted, show) for show in meant]
            if dry_run:
                return planned
            for each in planned:
                if each.refusal:
                    raise about(each.show, each.refusal)
            await self._store(uow, actor, [each for each in planned if each.is_new])
            await uow.commit()
        return planned

    async def _plan(self, uow: UnitOfWork, wanted: RunAllocation, show: Show) -> PlannedAllocation:
        capacities = await uow.capacities.of_show(show.id, after=None, limit=MAX_CAPACITIES)
        allocations = await uow.allocations.of_show(show.id, after=None, limit=MAX_ALLOCATIONS)
        return wanted.in_show(show, capacities, allocations, id_=self._ids.new())

    async def _store(self, uow: UnitOfWork, actor: Actor, new: Sequence[PlannedAllocation]) -> None:
        added = [(each.show, each.allocation) for each in new if each.allocation]
        for show, allocation in added:
            await self._audit.record(
                uow, actor, Action.ALLOCATION_ADDED, allocation.id, show_id=show.id, after=allocation
            )
        # The places are locked last: what was read of them before is only a plan, and the stock decides.
        stock = await uow.inventory.lock_places(capacity_ids=[allocation.capacity_id for _, allocation in added])
        for _, allocation in added:
            stock.allocate(allocation)
        await uow.inventory.save(stock)
        await uow.allocations.add(*(allocation for _, allocation in added))

    async def names(self, actor: Actor, production_id: UUID) -> list[str]:
        """The names of the capacities of the production's next shows, and of its defaults. Raises NotFound."""
        async with self._unit_of_work(read_only=True) as uow:
            production = await owned_production(uow, actor, production_id)
            shows = await uow.shows.of_production(production_id, since=self._clock.now())
            found = [each.name for each in production.capacities]
            for show in shows[:NAMED_BY]:
                found += [each.name for each in await uow.capacities.of_show(show.id, after=None, limit=MAX_CAPACITIES)]
        return [*{name.casefold(): name for name in found}.values()]
