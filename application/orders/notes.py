"""Use cases: a producer's notes about an order."""

from __future__ import annotations

from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import owned_order
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.notes import OrderNote


class WriteNote:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._audit = audit

    async def __call__(self, actor: Actor, order_id: UUID, text: str, *, for_door: bool = False) -> OrderNote:
        """A note on one of the producer's orders. Raises NotFound, InvalidRequest."""
        note = OrderNote(
            id=self._ids.new(),
            order_id=order_id,
            written_at=self._clock.now(),
            author=actor.name,
            text=text,
            for_door=for_door,
        )
        async with self._unit_of_work() as uow:
            order = await owned_order(uow, actor, order_id)
            await uow.notes.add(note)
            # Leave the text out: it may be about a person, and the audit log keeps entries for good.
            await self._audit.record(
                uow, actor, Action.ORDER_NOTED, order.id, show_id=order.show_id, after={"note_id": note.id}
            )
            await uow.commit()
        return note


class ReadNotes:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, actor: Actor, order_id: UUID) -> list[OrderNote]:
        """The notes, oldest first. Raises NotFound."""
        async with self._unit_of_work() as uow:
            await owned_order(uow, actor, order_id)
            return await uow.notes.of_order(order_id)
