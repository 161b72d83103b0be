"""Alerts: what of a producer's needs a person now, most urgent first.

``alerts_of`` is pure: facts in, alerts out. Each alert names its subject, so a page can lead to where it is fixed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final
from uuid import UUID

from domain.capacity import Allocation, Capacity, remaining_of
from domain.catalog import Producer, Show, Ticket
from domain.disputes import DisputeStatus
from domain.money import Currency
from domain.sale_period import SaleState
from domain.tasks import ORDER_MAILS, TaskKind

#: A show this near has no time to lose.
_SOON: Final = timedelta(days=1)
_THIS_WEEK: Final = timedelta(days=7)
#: A show that is not published by now was perhaps forgotten.
_PUBLISHED_BY: Final = timedelta(days=14)
#: Evidence for a bank takes days to collect.
_EVIDENCE_TAKES: Final = timedelta(days=3)
#: How many alerts of one kind are listed; the last one says how many more there are.
LISTED: Final = 5
#: The bank has what it asked for, and decides.
_UNDER_REVIEW: Final = frozenset(
    {DisputeStatus.UNDER_REVIEW, DisputeStatus.WARNING_UNDER_REVIEW, DisputeStatus.APPEAL_UNDER_REVIEW}
)
#: Mails that no one misses once the show has begun.
_FOR_THE_EVENING: Final = frozenset(
    {
        TaskKind.REMINDER_MAIL,
        TaskKind.CONFIRMATION_MAIL,
        TaskKind.SHOW_MOVED_MAIL,
        TaskKind.CALENDAR_MAIL,
        TaskKind.PENDING_PAYMENT_MAIL,
    }
)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class Urgency(IntEnum):
    """How long an alert can wait."""

    NOW = 0
    SOON = 1
    LATER = 2


class AlertKind(StrEnum):
    """What is wrong. Of the same urgency and deadline, the first comes first."""

    PAYOUTS_DISABLED = "payouts_disabled"
    REFUND_FAILED = "refund_failed"
    CANCELLED_NOT_REPAID = "cancelled_not_repaid"
    DISPUTE = "dispute"
    BOOKS = "books"
    NO_TICKETS = "no_tickets"
    NOTHING_ON_SALE = "nothing_on_sale"
    MAIL_GIVEN_UP = "mail_given_up"
    TASK_GIVEN_UP = "task_given_up"
    PAID_TWICE = "paid_twice"
    NOT_PUBLISHED = "not_published"
    DISPUTE_UNDER_REVIEW = "dispute_under_review"
    PLACES_KEPT = "places_kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedShow:
    """A show that is neither over nor cancelled, with all that it sells."""

    show: Show
    tickets: tuple[Ticket, ...] = ()
    capacities: tuple[Capacity, ...] = ()
    allocations: tuple[Allocation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTrouble:
    """Something about one order. ``reason`` is for people; ``starts_at`` is when its show starts."""

    order_id: UUID
    show_title: str
    starts_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LostTask(OrderTrouble):
    """A task about an order that was given up."""

    kind: TaskKind


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDispute(OrderTrouble):
    """A dispute that the bank has not decided."""

    dispute_id: str
    status: DisputeStatus
    amount: int
    currency: Currency
    evidence_due_by: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpaidShow:
    """A cancelled show of which ``orders`` buyers do not have their money back."""

    show_id: UUID
    show_title: str
    orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Imbalance:
    """Figures of a show that do not add up; ``detail`` says which."""

    show_id: UUID
    show_title: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubles:
    """What storage knows of a producer that needs a person. Lists are cut off at a limit; no tidy house reaches it."""

    refunds: tuple[OrderTrouble, ...] = ()
    duplicates: tuple[OrderTrouble, ...] = ()
    disputes: tuple[OpenDispute, ...] = ()
    tasks: tuple[LostTask, ...] = ()
    unpaid_shows: tuple[UnpaidShow, ...] = ()
    imbalances: tuple[Imbalance, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing that needs a person.

    ``order_id`` and ``show_id`` lead to its place; both are None for the account's own. ``due_at`` is when it is too
    late, if there is such a moment. ``more`` alerts of this kind follow that are not listed.
    """

    kind: AlertKind
    urgency: Urgency
    show_id: UUID | None = None
    order_id: UUID | None = None
    title: str = ""
    due_at: datetime | None = None
    detail: str = ""
    amount: int = 0
    currency: Currency | None = None
    count: int = 0
    more: int = 0


def alerts_of(
    producer: Producer, planned: Sequence[PlannedShow], troubles: Troubles, now: datetime
) -> tuple[Alert, ...]:
    """The alerts, the most urgent first: by urgency, by deadline, by kind. Of each kind at most ``LISTED``."""
    found = [
        *_account(producer, planned),
        *(alert for each in planned for alert in _of_show(each, now)),
        *_money(troubles, now),
        *_work(troubles, now),
    ]
    return tuple(_shortened(sorted(found, key=_place)))


def _place(alert: Alert) -> tuple[object, ...]:
    kinds = list(AlertKind)
    return alert.urgency, alert.due_at or _NEVER, kinds.index(alert.kind), str(alert.show_id), str(alert.order_id)


def _shortened(alerts: Iterable[Alert]) -> list[Alert]:
    listed: list[Alert] = []
    last: dict[AlertKind, tuple[int, int]] = {}  # where the kind's last one stands, and how many there are
    for alert in alerts:
        _, count = last.get(alert.kind, (0, 0))
        if count < LISTED:
            listed.append(alert)
            last[alert.kind] = (len(listed) - 1, count + 1)
        else:
            place, count = last[alert.kind]
            last[alert.kind] = (place, count + 1)
            listed[place] = replace(listed[place], more=listed[place].more + 1)
    return listed


def _account(producer: Producer, planned: Sequence[PlannedShow]) -> Iterator[Alert]:
    if producer.financial.charges_enabled:
        return
    costs = [each for each in planned if any(ticket.price or ticket.is_donation_based for ticket in each.tickets)]
    on_sale = [each for each in costs if each.show.published]
    if on_sale:
        yield Alert(kind=AlertKind.PAYOUTS_DISABLED, urgency=Urgency.NOW, count=len(on_sale))
    else:
        yield Alert(kind=AlertKind.PAYOUTS_DISABLED, urgency=Urgency.SOON if costs else Urgency.LATER)


def _of_show(planned: PlannedShow, now: datetime) -> Iterator[Alert]:
    show = planned.show
    until_start = show.start_time - now
    if not show.published:
        if until_start <= _PUBLISHED_BY and planned.tickets:
            yield _show_alert(AlertKind.NOT_PUBLISHED, show, by=_SOON * 3, now=now)
    elif show.sale.state(now) is not SaleState.OVER:
        if not planned.tickets:
            yield _show_alert(AlertKind.NO_TICKETS, show, by=_THIS_WEEK, now=now)
        elif _can_never_be_bought(planned, now):
            yield _show_alert(AlertKind.NOTHING_ON_SALE, show, by=until_start, now=now)
    kept = sum(each.remaining for each in planned.allocations if not _is_released_before(each, show))
    if kept and until_start <= _SOON:
        yield replace(_show_alert(AlertKind.PLACES_KEPT, show, by=timedelta(), now=now), count=kept)


def _show_alert(kind: AlertKind, show: Show, *, by: timedelta, now: datetime) -> Alert:
    """An alert that is urgent as soon as the show starts within ``by``."""
    urgency = Urgency.NOW if show.start_time - now <= by else Urgency.SOON
    if kind is AlertKind.PLACES_KEPT:
        urgency = Urgency.LATER
    return Alert(kind=kind, urgency=urgency, show_id=show.id, title=show.title, due_at=show.start_time)


def _is_released_before(allocation: Allocation, show: Show) -> bool:
    return allocation.release_at is not None and allocation.release_at < show.start_time


def _can_never_be_bought(planned: PlannedShow, now: datetime) -> bool:
    """Whether the sale goes on, tickets are left, and the public can buy none of them, now or later."""
    show = planned.show
    places: dict[UUID | None, int] = {capacity.id: capacity.remaining for capacity in planned.capacities}
    left = [each for each in planned.tickets if remaining_of(each, places.get(each.capacity_id))]
    return bool(left) and all(show.sale_of(ticket).state(now) is SaleState.OVER for ticket in left)


def _money(troubles: Troubles, now: datetime) -> Iterator[Alert]:
    for each in troubles.refunds:
        yield _order_alert(AlertKind.REFUND_FAILED, Urgency.NOW, each)
    for show in troubles.unpaid_shows:
        yield Alert(
            kind=AlertKind.CANCELLED_NOT_REPAID,
            urgency=Urgency.NOW,
            show_id=show.show_id,
            title=show.show_title,
            count=show.orders,
        )
    for dispute in troubles.disputes:
        yield _dispute_alert(dispute, now)
    for each in troubles.duplicates:
        yield _order_alert(AlertKind.PAID_TWICE, Urgency.SOON, each)
    for imbalance in troubles.imbalances:
        yield Alert(
            kind=AlertKind.BOOKS,
            urgency=Urgency.NOW,
            show_id=imbalance.show_id,
            title=imbalance.show_title,
            detail=imbalance.detail,
        )


def _dispute_alert(dispute: OpenDispute, now: datetime) -> Alert:
    kind, urgency, due_at = AlertKind.DISPUTE, Urgency.SOON, dispute.evidence_due_by
    if dispute.status in _UNDER_REVIEW:
        kind, urgency, due_at = AlertKind.DISPUTE_UNDER_REVIEW, Urgency.LATER, None
    elif due_at is not None and due_at - now <= _EVIDENCE_TAKES:
        urgency = Urgency.NOW
    alert = _order_alert(kind, urgency, dispute)
    return replace(alert, due_at=due_at, amount=dispute.amount, currency=dispute.currency)


def _work(troubles: Troubles, now: datetime) -> Iterator[Alert]:
    for task in troubles.tasks:
        if task.kind in _FOR_THE_EVENING and task.starts_at <= now:
            continue
        kind = AlertKind.MAIL_GIVEN_UP if task.kind in ORDER_MAILS else AlertKind.TASK_GIVEN_UP
        is_near = timedelta() <= task.starts_at - now <= _SOON
        due_at = task.starts_at if kind is AlertKind.MAIL_GIVEN_UP and task.starts_at > now else None
        urgency = Urgency.NOW if is_near and due_at else Urgency.SOON
        yield replace(_order_alert(kind, urgency, task), due_at=due_at)


def _order_alert(kind: AlertKind, urgency: Urgency, of: OrderTrouble) -> Alert:
    return Alert(kind=kind, urgency=urgency, order_id=of.order_id, title=of.show_title, detail=of.reason)
