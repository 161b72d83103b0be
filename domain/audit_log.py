"""What the audit trail remembers of a change. No secret, and buyers only as the ids of their orders."""

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
    """What was done. The database takes any, so that a new one needs no migration."""

    PRODUCER_REGISTERED = "producer.registered"
    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_REQUESTED = "account.requested"
    TOKEN_ISSUED = "token.issued"  # noqa: S105  # no secret
    TOKEN_REVOKED = "token.revoked"  # noqa: S105
    SHOW_ADDED = "show.added"
    SHOW_CHANGED = "show.changed"
    SHOW_CANCELLED = "show.cancelled"
    SHOW_DELETED = "show.deleted"
    SHOW_REFUNDED = "show.refunded"
    SHOW_TIMES_DERIVED = "show.times_derived"
    HOLDS_RELEASED = "holds.released"
    TICKET_ADDED = "ticket.added"
    TICKET_CHANGED = "ticket.changed"
    TICKET_DELETED = "ticket.deleted"
    PROMO_CODE_ADDED = "promo_code.added"
    PROMO_CODE_CHANGED = "promo_code.changed"
    PROMO_CODE_DELETED = "promo_code.deleted"
    ORDER_PLACED = "order.placed"
    ORDER_REFUNDED = "order.refunded"
    ORDER_RESENT = "order.resent"
    ORDER_CUSTOMER_CHANGED = "order.customer_changed"
    ORDER_NOTED = "order.noted"
    CHECK_IN_UNDONE = "check_in.undone"
    BUYER_EXPORTED = "buyer.exported"
    BUYER_ERASED = "buyer.erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """``subject_id`` is what was changed, ``show_id`` the show it belongs to. ``before`` and ``after`` have the facts
    that changed, as JSON has them; amounts are in minor units.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries of a producer: those that are all of what is not None. ``since`` is included, ``until`` not."""

    action: str | None = None
    subject_id: UUID | None = None
    show_id: UUID | None = None
    token_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditCursor:
    """The last entry of a page: the trail is read newest first."""

    at: datetime
    entry_id: UUID


def facts_of(thing: object) -> Facts:
    """A mapping, or the fields of a domain object, as JSON has them.

    Fields that an object hides from its repr are secrets, and stay hidden. Counters of tickets are no change of a
    ticket, only its quantity is.
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
    """The facts in which the two differ: as they were, and as they are."""
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
