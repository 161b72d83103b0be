"""An order's life as its producer reads it: what happened, when, why, and who did it.

It is made of what is stored anyway: the order, its tasks, refunds, disputes, scans and notes, and the audit log. A few
moments are not stored: when a hold was given back, or when a bank decided. Such a happening has no time, and stands
where it must have been.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.admission import Scan, ScanResult
from domain.audit_log import Action, AuditEntry
from domain.disputes import Dispute, DisputeStatus
from domain.duplicate_payments import DuplicatePayment
from domain.notes import OrderNote
from domain.orders import RELEASED, Order, OrderStatus
from domain.refunds import FAILED_STATUSES, Refund, RefundStatus
from domain.tasks import OutboxTask, TaskKind, TaskState


class Happening(StrEnum):
    """What happened to an order."""

    HELD = "held"
    PLACED = "placed"
    CAME_IN_EXCHANGE = "came in exchange"
    PAID = "paid"
    BANK_AT_WORK = "bank at work"
    DECLINED = "declined"
    EXPIRED = "expired"
    PAYMENT_FAILED = "payment failed"
    CANCELLED = "cancelled"
    PAID_TOO_LATE = "paid too late"
    PAID_TWICE = "paid twice"
    MAIL_PLANNED = "mail planned"
    MAILED = "mailed"
    MAIL_DELAYED = "mail delayed"
    MAIL_IN_DOUBT = "mail in doubt"
    MAIL_FAILED = "mail failed"
    RESENT = "resent"
    CUSTOMER_CHANGED = "customer changed"
    RENAMED = "renamed"
    EXCHANGED = "exchanged"
    LET_IN = "let in"
    LET_IN_WRONGLY = "let in wrongly"
    LET_OUT = "check-in undone"
    WENT_OUT = "went out"
    CAME_BACK = "came back"
    REFUND_ASKED = "refund asked"
    REFUND_SENT = "refund sent"
    REFUND_ARRIVED = "refund arrived"
    REFUND_FAILED = "refund failed"
    DISPUTED = "disputed"
    DISPUTE_WON = "dispute won"
    DISPUTE_LOST = "dispute lost"
    NOTED = "noted"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One happening. ``at`` is None where its time is not stored, and in the future for what is planned.

    ``by`` is who did it: the name of a person, token or scanner, "" for what follows without a person. ``amount`` is in
    minor units of the order's currency. ``attendee_ids`` are those concerned, ``order_id`` another order. ``mail`` is
    the kind of a mail, ``cause`` the reason that was given, ``until`` a deadline that came with it. ``fields`` are the
    parts of the customer that changed. ``since`` is the moment after which a happening without a time was, as far as
    that is known.
    """

    what: Happening
    at: datetime | None
    by: str = ""
    amount: int | None = None
    attendee_ids: tuple[UUID, ...] = ()
    order_id: UUID | None = None
    mail: TaskKind | None = None
    cause: str = ""
    until: datetime | None = None
    since: datetime | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """All that is stored about one order.

    ``audit`` are the entries about the order, its attendees and the order that it came from, and of its erasure.
    """

    order: Order
    tasks: Sequence[OutboxTask] = ()
    refunds: Sequence[Refund] = ()
    disputes: Sequence[Dispute] = ()
    duplicate_payments: Sequence[DuplicatePayment] = ()
    scans: Sequence[Scan] = ()
    notes: Sequence[OrderNote] = ()
    audit: Sequence[AuditEntry] = ()


#: Mails about an order that its timeline names. A mail with the links of all orders is about none of them.
MAILS: Final = frozenset(kind for kind in TaskKind if kind.endswith("_mail")) - {
    TaskKind.ORDER_LINKS_MAIL,
    TaskKind.ACCOUNT_CHANGED_MAIL,
}
_RELEASES: Final = {
    OrderStatus.EXPIRED: Happening.EXPIRED,
    OrderStatus.PAYMENT_FAILED: Happening.PAYMENT_FAILED,
    OrderStatus.CANCELLED: Happening.CANCELLED,
}
#: The order of happenings at one moment: what must have come first.
_RANKS: Final = {what: rank for rank, what in enumerate(Happening)}
#: Beginnings of an order's life.
BEGINNINGS: Final = frozenset({Happening.HELD, Happening.PLACED, Happening.CAME_IN_EXCHANGE})


def timeline(facts: OrderFacts) -> list[Event]:
    """The order's life, oldest first; what is planned comes last. The sequence of the facts does not matter."""
    events = [event for source in _SOURCES for event in source(facts)]
    begun = facts.order.created_at
    # A time before the beginning is the clock of another machine.
    return sorted(events, key=lambda event: _place(event, begun))


def _place(event: Event, begun: datetime) -> tuple[object, ...]:
    is_beginning = event.what in BEGINNINGS
    moment = event.at or event.since or begun
    return (
        not is_beginning,
        max(moment, begun),
        _RANKS[event.what],
        *(str(each) for each in (event.order_id, event.attendee_ids, event.mail, event.amount, event.cause, event.by)),
        event.fields,
    )


def _beginning(facts: OrderFacts) -> Iterator[Event]:
    order = facts.order
    by = next((entry.actor for entry in facts.audit if _is_about(entry, Action.ORDER_PLACED, order.id)), "")
    what = Happening.HELD if order.expires_at else Happening.PLACED
    if order.exchange:
        exchanges = [entry for entry in facts.audit if entry.action == Action.ORDER_EXCHANGED]
        by = next((each.actor for each in exchanges if each.after.get("new_order_id") == str(order.id)), by)
        what = Happening.CAME_IN_EXCHANGE
    yield Event(
        what=what,
        at=order.created_at,
        by=by,
        amount=order.quote.total,
        order_id=order.exchange.order_id if order.exchange else None,
        until=order.expires_at,
    )


def _payment(facts: OrderFacts) -> Iterator[Event]:
    order = facts.order
    if order.completed_at is not None and (order.expires_at is not None or order.amount_paid):
        yield Event(what=Happening.PAID, at=order.completed_at, amount=order.own_payment)
    elif order.status is OrderStatus.REFUNDED and order.completed_at is None:
        yield Event(what=Happening.PAID_TOO_LATE, at=None, amount=order.amount_paid, since=order.expires_at)
    if order.status is OrderStatus.PROCESSING:
        yield Event(what=Happening.BANK_AT_WORK, at=None)
    if order.last_payment_error and order.completed_at is None:
        yield Event(what=Happening.DECLINED, at=None, cause=order.last_payment_error)
    if order.status in RELEASED:
        since = order.expires_at if order.status is OrderStatus.EXPIRED else None
        yield Event(what=_RELEASES[order.status], at=None, since=since)
    for payment in facts.duplicate_payments:
        yield Event(what=Happening.PAID_TWICE, at=payment.received_at, amount=payment.amount, cause=payment.status)
    if order.customer.is_erased:
        entry = next((each for each in facts.audit if _erased(each, order.id)), None)
        at, by = (entry.at, entry.actor) if entry else (None, "")
        yield Event(what=Happening.ERASED, at=at, by=by, since=order.completed_at)


def _mails(facts: OrderFacts) -> Iterator[Event]:
    for task in facts.tasks:
        if task.kind in MAILS:
            yield Event(
                what=_state_of_mail(task),
                at=task.done_at or task.due_at,
                mail=task.kind,
                cause="" if task.state is TaskState.DONE else _error(task),
            )


def _state_of_mail(task: OutboxTask) -> Happening:
    if task.state is TaskState.DONE:
        return Happening.MAILED
    if task.sending_since is not None and task.last_error:
        return Happening.MAIL_IN_DOUBT
    if task.state is TaskState.DEAD:
        return Happening.MAIL_FAILED
    return Happening.MAIL_DELAYED if task.last_error else Happening.MAIL_PLANNED


def _error(task: OutboxTask) -> str:
    """What the mail server said, without the name of the error."""
    name, colon, said = (task.last_error or "").partition(": ")
    return said if colon and name.isidentifier() else name + colon + said


def _changes(facts: OrderFacts) -> Iterator[Event]:
    order = facts.order
    for entry in facts.audit:
        if _is_about(entry, Action.ORDER_RESENT, order.id):
            yield Event(what=Happening.RESENT, at=entry.at, by=entry.actor)
        elif _is_about(entry, Action.ORDER_CUSTOMER_CHANGED, order.id):
            changed = tuple(entry.after.get("changed_fields", ()))
            yield Event(what=Happening.CUSTOMER_CHANGED, at=entry.at, by=entry.actor, fields=changed)
        elif entry.action == Action.ATTENDEE_RENAMED and entry.subject_id in _attendees(order):
            yield Event(what=Happening.RENAMED, at=entry.at, by=entry.actor, attendee_ids=(entry.subject_id,))
        elif _is_about(entry, Action.ORDER_EXCHANGED, order.id):
            yield Event(
                what=Happening.EXCHANGED,
                at=entry.at,
                by=entry.actor,
                amount=entry.after.get("due") or -entry.after.get("back", 0),
                order_id=_id(entry.after.get("new_order_id")),
            )
    for note in facts.notes:
        yield Event(what=Happening.NOTED, at=note.written_at, by=note.author, cause=note.text)


#: How scans are told by which people went in and out.
_PASSAGES: Final = {
    ScanResult.ADMITTED: Happening.LET_IN,
    ScanResult.LEFT: Happening.WENT_OUT,
    ScanResult.READMITTED: Happening.CAME_BACK,
}
#: The audit log says that it was undone.
_TOLD_THOUGH_UNDONE: Final = frozenset({Happening.LET_IN})


def _check_ins(facts: OrderFacts) -> Iterator[Event]:
    """Scans of one moment by one scanner are one event: a party that went in together."""
    ours = _attendees(facts.order)
    scans = [scan for scan in facts.scans if scan.attendee_id in ours]
    undone = [entry for entry in facts.audit if entry.action == Action.CHECK_IN_UNDONE and entry.subject_id in ours]
    parties: dict[tuple[Happening, datetime, str], set[UUID]] = defaultdict(set)
    for scan in scans:
        if scan.attendee_id is None:
            continue
        what = Happening.LET_IN_WRONGLY if scan.is_conflict else _PASSAGES.get(scan.result)
        if what and not (scan.undone_at and what not in _TOLD_THOUGH_UNDONE):
            parties[what, scan.scanned_at, scan.device_id].add(scan.attendee_id)
    for entry in undone:
        parties[Happening.LET_OUT, entry.at, entry.actor].add(entry.subject_id)
    for (what, at, by), attendee_ids in parties.items():
        yield Event(what=what, at=at, by=by, attendee_ids=tuple(sorted(attendee_ids)))


def _refunds(facts: OrderFacts) -> Iterator[Event]:
    asked = _who_asked(facts)
    for refund in facts.refunds:
        entry = asked.pop(refund.id, None)
        if refund.through is not None:
            continue  # a record of an exchange, which is told as one
        yield Event(
            what=Happening.REFUND_ASKED,
            at=refund.created_at,
            by=entry.actor if entry else "",
            amount=refund.amount,
            cause=refund.reason,
        )
        yield from _outcome(refund, facts)
    for entry in asked.values():  # tickets that had cost nothing
        yield Event(what=Happening.REFUND_ASKED, at=entry.at, by=entry.actor, amount=entry.after.get("amount", 0))


def _outcome(refund: Refund, facts: OrderFacts) -> Iterator[Event]:
    if facts.order.is_manual_order or refund.status is RefundStatus.REQUESTED:
        return
    at, asked = refund.changed_at, refund.created_at
    if refund.status in FAILED_STATUSES:
        yield Event(
            what=Happening.REFUND_FAILED, at=at, amount=refund.amount, cause=refund.failure_reason or "", since=asked
        )
    elif refund.status is RefundStatus.SUCCEEDED:
        yield Event(what=Happening.REFUND_ARRIVED, at=at, amount=refund.amount, since=asked)
    else:
        yield Event(what=Happening.REFUND_SENT, at=at, amount=refund.amount, since=asked)


def _who_asked(facts: OrderFacts) -> dict[UUID, AuditEntry]:
    """The entry of the audit log for each refund that a person asked for. Entries about refunds of nothing, and those
    whose refund is another order's, are under their own id.

    A refund is made in the transaction that writes its entry, a moment before.
    """
    entries = sorted(
        (entry for entry in facts.audit if _is_about(entry, Action.ORDER_REFUNDED, facts.order.id)),
        key=lambda entry: (entry.at, entry.id),
    )
    left = sorted(
        (refund for refund in facts.refunds if not refund.made_by_provider and refund.through is None),
        key=lambda refund: (refund.created_at, refund.sequence, refund.id),
    )
    found: dict[UUID, AuditEntry] = {}
    for entry in entries:
        amount = entry.after.get("amount", 0)
        earlier = [refund for refund in left if refund.created_at <= entry.at and refund.amount <= amount]
        if earlier:
            left.remove(earlier[-1])
        found[earlier[-1].id if earlier else entry.id] = entry
    return found


def _disputes(facts: OrderFacts) -> Iterator[Event]:
    for dispute in facts.disputes:
        yield Event(
            what=Happening.DISPUTED,
            at=dispute.opened_at,
            amount=dispute.amount,
            cause=dispute.reason,
            until=None if dispute.is_over else dispute.evidence_due_by,
        )
        if dispute.status is DisputeStatus.WON:
            yield Event(what=Happening.DISPUTE_WON, at=None, amount=dispute.amount, since=dispute.opened_at)
        elif dispute.is_lost:
            yield Event(what=Happening.DISPUTE_LOST, at=None, amount=dispute.lost, since=dispute.opened_at)


_SOURCES: Final[tuple[Callable[[OrderFacts], Iterable[Event]], ...]] = (
    _beginning,
    _payment,
    _mails,
    _changes,
    _check_ins,
    _refunds,
    _disputes,
)


def _erased(entry: AuditEntry, order_id: UUID) -> bool:
    return entry.action == Action.BUYER_ERASED and str(order_id) in entry.after.get("order_ids", ())


def _is_about(entry: AuditEntry, action: Action, order_id: UUID) -> bool:
    return entry.action == action and entry.subject_id == order_id


def _attendees(order: Order) -> frozenset[UUID]:
    return frozenset(attendee.id for attendee in order.attendees)


def _id(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
