"""Storing a changed account, its audit entry and its mail in one transaction."""

from __future__ import annotations

from application.access.audit_log import AuditLog
from application.notifications.account_changed import account_changed_mails
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork
from domain.access import Actor
from domain.audit_log import Action
from domain.catalog import Producer


class SaveAccount:
    """Stores a changed account, the entry of the audit log, and the mail to the producer's previous address."""

    def __init__(self, clock: Clock, ids: Ids, audit: AuditLog) -> None:
        self._clock = clock
        self._ids = ids
        self._audit = audit

    async def __call__(self, uow: UnitOfWork, actor: Actor, before: Producer, after: Producer) -> None:
        """Store the change, if there is one.

        The transaction of ``uow`` must have locked ``before``.
        """
        if after == before:
            return
        tasks = account_changed_mails(actor, before, after, ids=self._ids, now=self._clock.now())
        await uow.producers.save(after)
        await uow.outbox.add(tasks)
        await self._audit.record(uow, actor, Action.ACCOUNT_CHANGED, after.id, before=before, after=after)
