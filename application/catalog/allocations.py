"""Use cases: places that are taken off public sale, for the press, for sponsors, for the door.

Each waits for the checkouts that are being decided on the capacity, so an allocation is released once, also while it
is being sold from.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import locked_show, owned_allocation, owned_show
from application.pages import page_of
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.capacity import MAX_ALLOCATIONS, Allocation, AllocationFields
from domain.catalog import Show
from domain.errors import Conflict, InvalidRequest, NotFound
from domain.stock import Stock

log = logging.getLogger(__name__)

#: Allocations that one pass of the worker releases.
RELEASED_AT_A_TIME: Final = 100


class AddAllocation:
    def __init__(self, unit_of_work: UnitOfWorkFactory, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._ids = ids
        self._audit = audit

    async def __call__(
        self,
        actor: Actor,
        show_id: UUID,
        capacity_id: UUID,
        fields: AllocationFields,
        *,
        allocation_id: UUID | None = None,
    ) -> Allocation:
        """A new allocation, with a name and a size: its places are off public sale from the commit on. A caller who may
        ask twice gives it an id: an allocation of the capacity that has it is returned as it is.

        Raises NotFound, InvalidRequest (also for a capacity that the show does not have), Conflict (fewer are left).
        """
        async with self._unit_of_work() as uow:
            show = await locked_show(uow, actor, show_id)
            if len(await uow.allocations.of_show(show_id, after=None, limit=MAX_ALLOCATIONS)) == MAX_ALLOCATIONS:
                raise Conflict(f"A show has at most {MAX_ALLOCATIONS} allocations")
            stock = await uow.inventory.lock_places(capacity_ids=[capacity_id])
            capacity = stock.capacities.get(capacity_id)
            if capacity is None or capacity.show_id != show_id:
                raise InvalidRequest("No such capacity in this show", field="capacity_id")
            known = await uow.allocations.get(allocation_id) if allocation_id else None
            if known and known.capacity_id == capacity_id:
                return known
            allocation = Allocation(
                id=allocation_id or self._ids.new(), capacity_id=capacity_id, **_as_stored(show, fields)
            )
            stock.allocate(allocation)
            await uow.inventory.save(stock)
            await uow.allocations.add(allocation)
            await self._audit.record(
                uow, actor, Action.ALLOCATION_ADDED, allocation.id, show_id=show_id, after=allocation
            )
            await uow.commit()
        return allocation


class ListAllocations:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(
        self, actor: Actor, show_id: UUID, *, after: UUID | None, limit: int
    ) -> tuple[list[Allocation], UUID | None]:
        """A page of the show's allocations, oldest first, and the last of them if there are more. Raises NotFound."""
        async with self._unit_of_work() as uow:
            await owned_show(uow, actor, show_id)
            found = await uow.allocations.of_show(show_id, after=after, limit=limit + 1)
        return page_of(found, limit, lambda last: last.id)


class _Changing:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._audit = audit

    async def _change(
        self, actor: Actor, allocation_id: UUID, action: Action, change: Callable[[Show, Stock], Allocation]
    ) -> Allocation:
        async with self._unit_of_work() as uow:
            show = await owned_allocation(uow, actor, allocation_id)
            stock, before = await _locked(uow, allocation_id)
            after = change(show, stock)
            if after != before:
                await uow.inventory.save(stock)
                await uow.allocations.save(after)
                await self._audit.record(uow, actor, action, allocation_id, show_id=show.id, before=before, after=after)
            await uow.commit()
        return after


class ChangeAllocation(_Changing):
    """Changes an allocation. More places come from what the public has left, fewer go back there."""

    async def __call__(self, actor: Actor, allocation_id: UUID, fields: AllocationFields) -> Allocation:
        """The allocation with these fields.

        Raises NotFound, InvalidRequest, Conflict (it was released, more of it is held and sold, fewer are left).
        """

        def change(show: Show, stock: Stock) -> Allocation:
            given, before = _as_stored(show, fields), stock.allocations[allocation_id]
            size = given.pop("size", before.size)
            if size != before.size:
                stock.resize_allocation(allocation_id, size)
            if given.get("release_at", before.release_at) != before.release_at:
                before.ensure_not_released()
            return replace(stock.allocations[allocation_id], **given)

        return await self._change(actor, allocation_id, Action.ALLOCATION_CHANGED, change)


class ReleaseAllocation(_Changing):
    """Puts the places of an allocation that are not sold on public sale."""

    async def __call__(self, actor: Actor, allocation_id: UUID) -> Allocation:
        """The released allocation. Raises NotFound, Conflict (it was released before)."""

        def change(_: Show, stock: Stock) -> Allocation:
            stock.release_allocation(allocation_id, self._clock.now())
            return stock.allocations[allocation_id]

        return await self._change(actor, allocation_id, Action.ALLOCATION_RELEASED, change)


class DeleteAllocation:
    def __init__(self, unit_of_work: UnitOfWorkFactory, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._audit = audit

    async def __call__(self, actor: Actor, allocation_id: UUID) -> None:
        """Delete the allocation; its places go on public sale. Raises NotFound, Conflict (it has orders)."""
        async with self._unit_of_work() as uow:
            show = await owned_allocation(uow, actor, allocation_id)
            stock, allocation = await _locked(uow, allocation_id)
            if await uow.allocations.have_orders(allocation_id=allocation_id):
                raise Conflict("This allocation has orders and cannot be deleted; release it instead")
            stock.dissolve_allocation(allocation_id)
            await uow.inventory.save(stock)
            await uow.allocations.delete(allocation_id)
            await self._audit.record(
                uow, actor, Action.ALLOCATION_DELETED, allocation_id, show_id=show.id, before=allocation
            )
            await uow.commit()


class ReleaseDueAllocations:
    """Releases the allocations whose time has come. Any number of workers may do it at once."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self) -> int:
        """Release them, each in a separate transaction. Returns how many this call released."""
        async with self._unit_of_work(read_only=True) as uow:
            due = await uow.allocations.due(now=self._clock.now(), limit=RELEASED_AT_A_TIME)
        return sum([await self._release(allocation_id) for allocation_id in due])

    async def _release(self, allocation_id: UUID) -> bool:
        async with self._unit_of_work() as uow:
            stock = await uow.inventory.lock_places(allocation_ids=[allocation_id])
            allocation, now = stock.allocations.get(allocation_id), self._clock.now()
            # Another worker, or its producer, may have been first.
            if allocation is None or not allocation.is_due(now):
                return False
            stock.release_allocation(allocation_id, now)
            await uow.inventory.save(stock)
            await uow.commit()
        log.info("Allocation %s is released: %d places are on public sale", allocation_id, allocation.remaining)
        return True


async def _locked(uow: UnitOfWork, allocation_id: UUID) -> tuple[Stock, Allocation]:
    stock = await uow.inventory.lock_places(allocation_ids=[allocation_id])
    allocation = stock.allocations.get(allocation_id)
    if allocation is None:
        raise NotFound("No such allocation")
    return stock, allocation


def _as_stored(show: Show, fields: AllocationFields) -> AllocationFields:
    """The fields with ``release_at`` as a moment: without an offset it is on the venue's clock."""
    stored: AllocationFields = {**fields}
    if release_at := fields.get("release_at"):
        stored["release_at"] = show.moment(release_at, "release_at")
    return stored
