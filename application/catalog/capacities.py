"""Use cases: the places that a show's ticket types share. Each waits for checkouts that are being decided."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import locked_show, owned_capacity, owned_show
from application.pages import page_of
from application.ports.system import Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.capacity import MAX_CAPACITIES, Capacity, CapacityFields
from domain.errors import Conflict, NotFound


class AddCapacity:
    def __init__(self, unit_of_work: UnitOfWorkFactory, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._ids = ids
        self._audit = audit

    async def __call__(
        self, actor: Actor, show_id: UUID, fields: CapacityFields, *, capacity_id: UUID | None = None
    ) -> Capacity:
        """A new capacity, with a name and a size. A caller who may ask twice gives it an id: a capacity of the show
        that has it is returned as it is. Raises NotFound, InvalidRequest, Conflict.
        """
        async with self._unit_of_work() as uow:
            show = await locked_show(uow, actor, show_id)
            known = await uow.capacities.get(capacity_id) if capacity_id else None
            if known and known.show_id == show_id:
                return known
            if show.cancelled:
                raise Conflict("This show was cancelled and sells nothing any more")
            if len(await uow.capacities.of_show(show_id, after=None, limit=MAX_CAPACITIES)) == MAX_CAPACITIES:
                raise Conflict(f"A show has at most {MAX_CAPACITIES} capacities")
            capacity = Capacity(id=capacity_id or self._ids.new(), show_id=show_id, **fields)
            await uow.capacities.add(capacity)
            await self._audit.record(uow, actor, Action.CAPACITY_ADDED, capacity.id, show_id=show_id, after=capacity)
            await uow.commit()
        return capacity


class ListCapacities:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(
        self, actor: Actor, show_id: UUID, *, after: UUID | None, limit: int
    ) -> tuple[list[Capacity], UUID | None]:
        """A page of the show's capacities, oldest first, and the last of them if there are more. Raises NotFound."""
        async with self._unit_of_work() as uow:
            await owned_show(uow, actor, show_id)
            found = await uow.capacities.of_show(show_id, after=after, limit=limit + 1)
        return page_of(found, limit, lambda last: last.id)


class ChangeCapacity:
    """Changes a capacity. Its size stays above what is held, sold and allocated, also while many buy."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._audit = audit

    async def __call__(self, actor: Actor, capacity_id: UUID, fields: CapacityFields) -> Capacity:
        """The capacity with these fields. Raises NotFound, InvalidRequest, Conflict (more places are taken)."""
        async with self._unit_of_work() as uow:
            show, _ = await owned_capacity(uow, actor, capacity_id)
            stock = await uow.inventory.lock_places(capacity_ids=[capacity_id])
            before = stock.capacities.get(capacity_id)
            if before is None:
                raise NotFound("No such capacity")
            stock.resize_capacity(capacity_id, fields.get("size", before.size))
            after = replace(stock.capacities[capacity_id], name=fields.get("name", before.name))
            if after != before:
                await uow.inventory.save(stock)
                await uow.capacities.save(after)
                await self._audit.record(
                    uow, actor, Action.CAPACITY_CHANGED, capacity_id, show_id=show.id, before=before, after=after
                )
            await uow.commit()
        return after


class DeleteCapacity:
    def __init__(self, unit_of_work: UnitOfWorkFactory, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._audit = audit

    async def __call__(self, actor: Actor, capacity_id: UUID) -> None:
        """Delete the capacity. Raises NotFound, Conflict (ticket types or allocations are of it)."""
        async with self._unit_of_work() as uow:
            show, capacity = await owned_capacity(uow, actor, capacity_id)
            stock = await uow.inventory.lock_places(capacity_ids=[capacity_id])
            if capacity_id not in stock.capacities:
                raise NotFound("No such capacity")
            if await uow.capacities.is_used(capacity_id):
                raise Conflict("This capacity has ticket types or allocations and cannot be deleted")
            await uow.capacities.delete(capacity_id)
            await self._audit.record(uow, actor, Action.CAPACITY_DELETED, capacity_id, show_id=show.id, before=capacity)
            await uow.commit()
