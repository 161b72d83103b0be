"""Entries of the audit log. They contain no secrets, and refer to buyers only by the ids of their orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from domain.inventory import Inventory

Facts = Mapping[str, Any]
NOTHING: Final[Facts] = MappingProxyType({})


class Action(StrEnum):
    """The kind of change. The database accepts any text, so a new kind needs no migration."""

    PRODUCER_REGISTERED = "producer.registered"
    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_REQUESTED = "account.requested"
    TOKEN_ISSUED = "token.issued"  # noqa: S105  # no secret
    TOKEN_REVOKED = "token.revoked"  # noqa: S105
    PRODUCTION_ADDED = "production.added"
    PRODUCTION_CHANGED = "production.changed"
    PRODUCTION_DELETED = "production.deleted"
    SHOW_ADDED = "show.added"
    SHOW_CHANGED = "show.changed"
    SHOW_CANCELLED = "show.cancelled"
    SHOW_DELETED = "show.deleted"
    SHOW_REFUNDED = "show.refunded"
    SHOW_TIMES_DERIVED = "show.times_derived"
    HOLDS_RELEASED = "holds.released"
    EXPORT_STARTED = "export.started"
    MANUAL_ORDERS_STARTED = "manual_orders.started"
    JOB_STOPPED = "job.stopped"
    TICKET_ADDED = "ticket.added"
    TICKET_CHANGED = "ticket.changed"
    TICKET_DELETED = "ticket.deleted"
    TICKET_TIMES_DERIVED = "ticket.times_derived"
    CAPACITY_ADDED = "capacity.added"
    CAPACITY_CHANGED = "capacity.changed"
    CAPACITY_DELETED = "capacity.deleted"
    ALLOCATION_ADDED = "allocation.added"
    ALLOCATION_CHANGED = "allocation.changed"
    ALLOCATION_RELEASED = "allocation.released"
    ALLOCATION_DELETED = "allocation.deleted"
    PROMO_CODE_ADDED = "promo_code.added"
    PROMO_CODE_CHANGED = "promo_code.changed"
    PROMO_CODE_DELETED = "promo_code.deleted"
    ORDER_PLACED = "order.placed"
    ORDER_REFUNDED = "order.refunded"
    ORDER_RESENT = "order.resent"
    ORDER_CUSTOMER_CHANGED = "order.customer_changed"
    ORDER_EXCHANGED = "order.exchanged"
    ATTENDEE_RENAMED = "attendee.renamed"
    ORDER_NOTED = "order.noted"
    CHECK_IN_UNDONE = "check_in.undone"
    SHIFT_OPENED = "shift.opened"
    SHIFT_CLOSED = "shift.closed"
    SHIFT_CASH_MOVED = "shift.cash_moved"
    DEVICE_PAIRED = "device.paired"
    DEVICE_RENAMED = "device.renamed"
    DEVICE_REVOKED = "device.revoked"
    MEMBER_ADDED = "member.added"
    MEMBER_CHANGED = "member.changed"
    MEMBER_REMOVED = "member.removed"
    MEMBER_INVITED = "member.invited"
    INVITATION_WITHDRAWN = "invitation.withdrawn"
    BUYER_EXPORTED = "buyer.exported"
    BUYER_ERASED = "buyer.erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One recorded change. ``actor`` is what the token, the person or the device was called then. ``subject_id`` is the
    changed object, ``show_id`` the show it belongs to. ``before`` and ``after`` hold the changed facts as JSON values;
    amounts are in minor units.
    """

    id: UUID
    at: datetime
    producer_id: UUID
    token_id: UUID | None
    actor: str
    action: str
    subject_id: UUID
    show_id: UUID | None = None
    before: Facts = field(default_factory=dict)
    after: Facts = field(default_factory=dict)
    person_id: UUID | None = None
    device_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Conditions that entries of a producer must meet; None means any. ``since`` is inclusive, ``until`` exclusive."""

    action: str | None = None
    subject_id: UUID | None = None
    show_id: UUID | None = None
    token_id: UUID | None = None
    person_id: UUID | None = None
    device_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditCursor:
    """The last entry of a page; the log is read newest first."""

    at: datetime
    entry_id: UUID


def facts_of(thing: object) -> Facts:
    """The facts of a mapping or of a domain object's fields, as JSON values.

    Fields hidden from an object's repr are secrets and stay hidden. A ticket's counters are left out: only its quantity
    is something a producer changes.
    """
    if thing is None:
        return NOTHING
    if isinstance(thing, Mapping):
        return {str(name): _plain(value) for name, value in thing.items()}
    if isinstance(thing, Inventory):
        return {"quantity": thing.quantity}
    if not is_dataclass(thing):
        raise TypeError(f"no facts are known of {type(thing).__name__}")
    return {each.name: _plain(getattr(thing, each.name)) for each in fields(thing) if each.repr}


def changes(before: object, after: object) -> tuple[Facts, Facts]:
    """The facts in which the two differ: as they were, and as they are now."""
    old, new = facts_of(before), facts_of(after)
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return {name: old[name] for name in changed if name in old}, {name: new[name] for name in changed if name in new}


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, list | tuple | set | frozenset):
        plain = [_plain(each) for each in value]
        return sorted(plain, key=str) if isinstance(value, set | frozenset) else plain
    return facts_of(value)
