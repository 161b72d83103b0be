"""What must always be true of the whole database (api.md, ``piquetickets audit``)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

#: Findings of one kind that are told one by one; the others are counted.
EXAMPLES: Final = 20


class Invariant(StrEnum):
    """One line each for whoever reads the findings."""

    HELD = "held"
    SOLD = "sold"
    CAPACITY = "capacity"
    PROMO_USES = "promo_uses"
    ATTENDEES = "attendees"
    ORDER_TOTALS = "order_totals"
    PAID_ONCE = "paid_once"
    REFUNDS = "refunds"
    LOST_REFUNDS = "lost_refunds"
    DUPLICATE_PAYMENTS = "duplicate_payments"
    CANCELLED_SHOWS = "cancelled_shows"
    DISPUTES = "disputes"
    VOID_TICKETS = "void_tickets"
    OVERDUE_HOLDS = "overdue_holds"
    TASKS = "tasks"
    EVENTS = "events"
    BACKLOG = "backlog"
    ADMISSIONS = "admissions"
    REPORT = "report"
    SHOW_TIMES = "show_times"


DESCRIPTIONS: Final = {
    Invariant.HELD: "What tickets count as held is what pending and processing orders want",
    Invariant.SOLD: "What tickets count as sold is their attendees, but for those whose place is on sale again",
    Invariant.CAPACITY: "Held and sold are zero or more, and together within the capacity",
    Invariant.PROMO_USES: "Uses of promo codes are the orders that have places with them, held, sold or kept back",
    Invariant.ATTENDEES: "A completed order has one attendee a ticket, any other has none",
    Invariant.ORDER_TOTALS: "Lines, discounts and fees add up to their order's total",
    Invariant.PAID_ONCE: "Each completed order was paid once, and in full; no other order has our money",
    Invariant.REFUNDS: "What orders say was refunded is what their refunds add up to, within what was paid",
    Invariant.LOST_REFUNDS: "No money is owed to a buyer because a refund failed for good",
    Invariant.CANCELLED_SHOWS: "No cancelled show owes its buyers money that is not on its way back",
    Invariant.DISPUTES: "Orders are flagged as their disputes stand, and none was won after its money was taken",
    Invariant.DUPLICATE_PAYMENTS: "Every second payment of an order went back to its buyer",
    Invariant.VOID_TICKETS: "Tickets are void where their order was refunded, and nowhere else",
    Invariant.OVERDUE_HOLDS: "No order holds tickets after its time",
    Invariant.EVENTS: "Whatever Stripe told that we react to was handled",
    Invariant.TASKS: "No task was given up, and no mail was perhaps sent",
    Invariant.BACKLOG: "Workers keep up: no task is due for longer than five minutes",
    Invariant.ADMISSIONS: "Whoever is checked in was let in by exactly one scan",
    Invariant.REPORT: "The shares that reports are made of add up to their orders",
    Invariant.SHOW_TIMES: "Shows to come are at the moments that the venue's clock and today's time zone rules give",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is off. ``subject_id`` is the order, ticket, task or promo code, as the invariant has it."""

    subject_id: UUID
    detail: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What is off about one invariant: the first EXAMPLES, and how many there are in all."""

    count: int
    examples: tuple[Finding, ...]
