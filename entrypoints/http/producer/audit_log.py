"""GET /audit-log: who changed what and when."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from application.access.audit_log import ReadAuditLog
from domain.access import Actor, Scope
from domain.audit_log import Action, AuditCursor, AuditEntry, AuditFilter
from domain.errors import InvalidRequest
from entrypoints.http.access import guarded_router
from entrypoints.http.paging import DEFAULT_PAGE, PageCursor, PageLimit, decode_cursor, encode_cursor


class AuditEntryOut(msgspec.Struct, kw_only=True):
    """``actor`` is the name of the token, the person or the device at that time; ``before`` and ``after`` have changed
    facts, amounts in minor units.
    """

    id: UUID
    at: datetime
    actor: str
    token_id: UUID | None
    person_id: UUID | None
    device_id: UUID | None
    action: str
    subject_id: UUID
    show_id: UUID | None
    before: dict[str, Any]
    after: dict[str, Any]

    @classmethod
    def of(cls, entry: AuditEntry) -> AuditEntryOut:
        return cls(
            id=entry.id,
            at=entry.at,
            actor=entry.actor,
            token_id=entry.token_id,
            person_id=entry.person_id,
            device_id=entry.device_id,
            action=entry.action,
            subject_id=entry.subject_id,
            show_id=entry.show_id,
            before=dict(entry.before),
            after=dict(entry.after),
        )


class AuditLogOut(msgspec.Struct):
    items: list[AuditEntryOut]
    next_cursor: str | None


@get("/", summary="Read the audit log", operation_id="read_audit_log")
async def read(
    actor: NamedDependency[Actor],
    read_audit_log: NamedDependency[ReadAuditLog],
    action: Annotated[Action | None, QueryParameter(description="What was done.")] = None,
    subject_id: Annotated[UUID | None, QueryParameter(description="To what it was done.")] = None,
    show_id: Annotated[UUID | None, QueryParameter(description="To which show that belongs.")] = None,
    token_id: Annotated[UUID | None, QueryParameter(description="With which token.")] = None,
    person_id: Annotated[UUID | None, QueryParameter(description="By which person of the team.")] = None,
    device_id: Annotated[UUID | None, QueryParameter(description="By which device.")] = None,
    since: Annotated[datetime | None, QueryParameter(description="Then or later.")] = None,
    until: Annotated[datetime | None, QueryParameter(description="Before then.")] = None,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = None,
) -> AuditLogOut:
    """All changes made in the producer's name, newest first."""
    for name, moment in (("since", since), ("until", until)):
        if moment is not None and moment.tzinfo is None:
            raise InvalidRequest(f"{name} must have a UTC offset", field=name)
    entries, more = await read_audit_log(
        actor.producer_id,
        only=AuditFilter(
            action=action,
            subject_id=subject_id,
            show_id=show_id,
            token_id=token_id,
            person_id=person_id,
            device_id=device_id,
            since=since,
            until=until,
        ),
        after=AuditCursor(*decode_cursor(cursor)) if cursor else None,
        limit=limit,
    )
    return AuditLogOut(
        [AuditEntryOut.of(entry) for entry in entries], encode_cursor(more.at, more.entry_id) if more else None
    )


router = guarded_router("/audit-log", read, scopes=[Scope.CATALOG, Scope.ORDERS], tags=["Producer: account"])
