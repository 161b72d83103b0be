"""What the office says of orders: their states, how they were paid, and what happened to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from application.orders.history import OrderHistory
from application.orders.rename import BUYER
from application.ports.order_lists import DeliveryProblem, PaidBy, Presence
from domain.orders import OrderStatus, number_of
from domain.refunds import RefundStatus
from domain.tasks import TaskKind
from domain.timeline import Event, Happening
from entrypoints.web.page_format import PageFormat

STATES: Final[Mapping[OrderStatus, str]] = {
    OrderStatus.PENDING: "Waits for payment",
    OrderStatus.PROCESSING: "Bank works on the payment",
    OrderStatus.COMPLETED: "Paid",
    OrderStatus.EXPIRED: "Not paid in time",
    OrderStatus.PAYMENT_FAILED: "Payment failed",
    OrderStatus.CANCELLED: "Cancelled before payment",
    OrderStatus.PARTIALLY_REFUNDED: "Refunded in part",
    OrderStatus.REFUNDED: "Refunded",
}
WAYS: Final[Mapping[PaidBy, str]] = {
    PaidBy.ONLINE: "Online",
    PaidBy.FREE: "Free",
    PaidBy.CASH: "Cash",
    PaidBy.COMP: "Complimentary",
    PaidBy.OTHER: "Other, at the counter",
}
PRESENCES: Final[Mapping[Presence, str]] = {
    Presence.IN: "In",
    Presence.OUT: "Out",
    Presence.NOT_IN: "Not in",
    Presence.VOID: "Void",
}
PROBLEMS: Final[Mapping[DeliveryProblem, str]] = {
    DeliveryProblem.FAILED: "was not delivered",
    DeliveryProblem.PERHAPS_SENT: "was perhaps not delivered",
    DeliveryProblem.DELAYED: "is delayed",
}
REFUNDS: Final[Mapping[RefundStatus, str]] = {
    RefundStatus.REQUESTED: "On its way to Stripe",
    RefundStatus.PENDING: "At Stripe",
    RefundStatus.REQUIRES_ACTION: "Waits for the buyer",
    RefundStatus.SUCCEEDED: "Arrived",
    RefundStatus.FAILED: "Failed",
    RefundStatus.CANCELED: "Failed",
}
MAILS: Final[Mapping[TaskKind, str]] = {
    TaskKind.CONFIRMATION_MAIL: "the tickets",
    TaskKind.REMINDER_MAIL: "the reminder",
    TaskKind.REFUND_MAIL: "news of the refund",
    TaskKind.LATE_PAYMENT_MAIL: "news that the payment came too late",
    TaskKind.SHOW_CANCELLED_MAIL: "news that the show is cancelled",
    TaskKind.SHOW_MOVED_MAIL: "news that the show has moved",
    TaskKind.CALENDAR_MAIL: "the new calendar entry",
    TaskKind.REFUND_FAILED_MAIL: "news that the refund failed",
    TaskKind.DISPUTE_MAIL: "news of the dispute",
    TaskKind.DUPLICATE_PAYMENT_MAIL: "news of the second payment",
    TaskKind.PENDING_PAYMENT_MAIL: "news that the payment is not confirmed",
    TaskKind.ADDRESS_CHANGED_MAIL: "a warning to the address before",
}
_FIELDS: Final = {"name": "name", "email": "e-mail address", "phone": "phone number"}
#: Happenings that need the eye of the person who reads.
_TROUBLES: Final = frozenset(
    {
        Happening.MAIL_FAILED,
        Happening.MAIL_IN_DOUBT,
        Happening.REFUND_FAILED,
        Happening.DISPUTED,
        Happening.DISPUTE_LOST,
        Happening.LET_IN_WRONGLY,
        Happening.DECLINED,
        Happening.PAID_TWICE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldEvent:
    """An event of the timeline in words. ``people`` are names, ``by`` is who did it, ``order`` another order's number.

    ``cause`` may be personal: a note, a reason, what a mail server said.
    """

    words: str
    at: datetime | None
    by: str
    people: Sequence[str]
    order_id: UUID | None
    order: str
    cause: str
    until: datetime | None
    is_trouble: bool
    is_planned: bool


class TimelineWords:
    """Words for an order's life. Who may not see personal data reads no causes and no addresses."""

    def __init__(self, history: OrderHistory, words: PageFormat, now: datetime, *, sees_personal_data: bool) -> None:
        self._history = history
        self._words = words
        self._now = now
        self._sees_personal_data = sees_personal_data

    def told(self) -> list[ToldEvent]:
        """All events that the reader may see."""
        return [
            self._told(event)
            for event in self._history.events
            if self._sees_personal_data or event.what is not Happening.NOTED
        ]

    def _told(self, event: Event) -> ToldEvent:
        named = {attendee.id: attendee.name for attendee in self._history.order.attendees}
        return ToldEvent(
            words=_SENTENCES[event.what](self, event),
            at=event.at,
            by=self._by(event),
            people=[named[id_] for id_ in event.attendee_ids if id_ in named],
            order_id=event.order_id,
            order=number_of(event.order_id) if event.order_id else "",
            cause=event.cause if self._sees_personal_data else "",
            until=event.until,
            is_trouble=event.what in _TROUBLES,
            is_planned=event.at is not None and event.at > self._now,
        )

    def _by(self, event: Event) -> str:
        if event.by == BUYER:
            return "the buyer"
        is_address = "@" in event.by
        return event.by if self._sees_personal_data or not is_address else ""

    def money(self, event: Event) -> str:
        return self._words.price(abs(event.amount or 0))

    @property
    def tickets(self) -> str:
        count = sum(line.quantity for line in self._history.order.lines)
        return "1 ticket" if count == 1 else f"{count} tickets"

    @property
    def way(self) -> str:
        way = self._history.order.manual_payment
        return f" at the counter ({way.value})" if way else " online"


def _exchanged(words: TimelineWords, event: Event) -> str:
    if not event.amount:
        return "Exchanged; nothing was due"
    if event.amount > 0:
        return f"Exchange asked for; {words.money(event)} is to pay"
    return f"Exchanged; {words.money(event)} goes back"


def _customer_changed(_: TimelineWords, event: Event) -> str:
    changed = [_FIELDS.get(name, name) for name in event.fields]
    return f"Corrected the {' and the '.join(changed)} of the buyer" if changed else "Corrected the buyer's data"


def _refund_asked(words: TimelineWords, event: Event) -> str:
    return f"Refund of {words.money(event)} asked for" if event.amount else "Tickets taken back; nothing was paid"


def _mail(before: str, after: str) -> Callable[[TimelineWords, Event], str]:
    return lambda _, event: f"{before} {MAILS.get(event.mail, 'a mail') if event.mail else 'a mail'}{after}"


def _money(sentence: str) -> Callable[[TimelineWords, Event], str]:
    return lambda words, event: sentence.format(words.money(event))


def _plain(sentence: str) -> Callable[[TimelineWords, Event], str]:
    return lambda _words, _event: sentence


_SENTENCES: Final[Mapping[Happening, Callable[[TimelineWords, Event], str]]] = {
    Happening.HELD: lambda words, event: f"Held {words.tickets} for {words.money(event)}",
    Happening.PLACED: lambda words, event: f"Placed with {words.tickets} for {words.money(event)}",
    Happening.CAME_IN_EXCHANGE: lambda words, _: f"Got {words.tickets} in exchange",
    Happening.PAID: lambda words, event: f"Paid {words.money(event)}{words.way}" if event.amount else "Completed",
    Happening.BANK_AT_WORK: _plain("The bank works on the payment"),
    Happening.DECLINED: _plain("The card was declined"),
    Happening.EXPIRED: _plain("Not paid in time: the tickets went back on sale"),
    Happening.PAYMENT_FAILED: _plain("The payment failed: the tickets went back on sale"),
    Happening.CANCELLED: _plain("Cancelled before it was paid: the tickets went back on sale"),
    Happening.PAID_TOO_LATE: _money("{} came too late and went back in full"),
    Happening.PAID_TWICE: _money("Paid a second time: {} goes back"),
    Happening.MAIL_PLANNED: _mail("To be mailed:", ""),
    Happening.MAILED: _mail("Mailed", ""),
    Happening.MAIL_DELAYED: _mail("Mail with", " is delayed"),
    Happening.MAIL_IN_DOUBT: _mail("Mail with", " was perhaps not delivered"),
    Happening.MAIL_FAILED: _mail("Mail with", " was not delivered"),
    Happening.RESENT: _plain("Asked to mail the tickets again"),
    Happening.CUSTOMER_CHANGED: _customer_changed,
    Happening.RENAMED: _plain("Another name on a ticket"),
    Happening.EXCHANGED: _exchanged,
    Happening.LET_IN: _plain("Let in"),
    Happening.LET_IN_WRONGLY: _plain("Let in wrongly, without a network"),
    Happening.LET_OUT: _plain("Check-in undone"),
    Happening.WENT_OUT: _plain("Went out"),
    Happening.CAME_BACK: _plain("Came back"),
    Happening.REFUND_ASKED: _refund_asked,
    Happening.REFUND_SENT: _money("Refund of {} sent to the buyer's bank"),
    Happening.REFUND_ARRIVED: _money("Refund of {} succeeded"),
    Happening.REFUND_FAILED: _money("Refund of {} failed"),
    Happening.DISPUTED: _money("The buyer's bank disputes {}"),
    Happening.DISPUTE_WON: _money("Dispute won: {} stays"),
    Happening.DISPUTE_LOST: _money("Dispute lost: {} went back to the buyer"),
    Happening.NOTED: _plain("Note"),
    Happening.ERASED: _plain("The buyer's data was erased"),
}
