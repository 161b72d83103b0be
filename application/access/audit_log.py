"""Writing and reading the audit log.

One call in a use case, before its commit, records a change in the same transaction:

    await self._audit.record(uow, actor, Action.SHOW_CHANGED, show.id, show_id=show.id, before=show, after=changed)
"""

from __future__ import annotations

from uuid import UUID

from application.pages import page_of
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action, AuditCursor, AuditEntry, AuditFilter, changes


class AuditLog:
    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids

    async def record(
        self,
        uow: UnitOfWork,
        actor: Actor,
        action: Action,
        subject_id: UUID,
        *,
        show_id: UUID | None = None,
        before: object = None,
        after: object = None,
    ) -> None:
        """Record what ``actor`` did to ``subject_id``, in the transaction of ``uow``.

        ``before`` and ``after`` are domain objects or mappings; facts that are the same in both are left out. Never
        pass a buyer's name or address: refer to an order by its id.
        """
        was, became = changes(before, after)
        entry = AuditEntry(
            id=self._ids.new(),
            at=self._clock.now(),
            producer_id=actor.producer_id,
            token_id=actor.token_id,
            actor=actor.name,
            action=action,
            subject_id=subject_id,
            show_id=show_id,
            before=was,
            after=became,
            person_id=actor.person_id,
            device_id=actor.device_id,
        )
        await uow.audit_log.add(entry)


class ReadAuditLog:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(
        self, producer_id: UUID, *, only: AuditFilter, after: AuditCursor | None, limit: int
    ) -> tuple[list[AuditEntry], AuditCursor | None]:
        """A page of the producer's entries, newest first, and where the next page begins, if there is one."""
        async with self._unit_of_work() as uow:
            found = await uow.audit_log.page(producer_id, only=only, after=after, limit=limit + 1)
        return page_of(found, limit, lambda last: AuditCursor(last.at, last.id))
