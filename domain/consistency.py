"""Invariants of the whole database (docs/operations.md#audit)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

#: Findings of one kind that are listed; the rest are only counted.
EXAMPLES: Final = 20


class Invariant(StrEnum):
    """The invariants that are checked. Each has one line of description for the reader of the findings."""

    HELD = "held"
    SOLD = "sold"
    CAPACITY = "capacity"
    PLACES = "places"
    ALLOCATIONS = "allocations"
    PROMO_USES = "promo_uses"
    ATTENDEES = "attendees"
    ORDER_TOTALS = "order_totals"
    PAID_ONCE = "paid_once"
    REFUNDS = "refunds"
    LOST_REFUNDS = "lost_refunds"
    EXCHANGES = "exchanges"
    DUPLICATE_PAYMENTS = "duplicate_payments"
    CANCELLED_SHOWS = "cancelled_shows"
    DISPUTES = "disputes"
    VOID_TICKETS = "void_tickets"
    OVERDUE_HOLDS = "overdue_holds"
    TASKS = "tasks"
    EVENTS = "events"
    BACKLOG = "backlog"
    ADMISSIONS = "admissions"
    CODES = "codes"
    SHIFTS = "shifts"
    REPORT = "report"
    TAKINGS = "takings"
    PRODUCTIONS = "productions"
    SHOW_TIMES = "show_times"
    SALE_TIMES = "sale_times"


DESCRIPTIONS: Final = {
    Invariant.HELD: "The held count of each ticket type matches its pending and processing orders",
    Invariant.SOLD: "The sold count of each ticket type matches its attendees whose place is not on sale again",
    Invariant.CAPACITY: "Held and sold are zero or more, and within the quantity, the capacity and the allocation",
    Invariant.PLACES: "The places of each capacity match its ticket types and its allocations",
    Invariant.ALLOCATIONS: "The places of each allocation match the orders that came out of it",
    Invariant.PROMO_USES: "The uses of each promo code match its orders, or their tickets, held, sold or kept back",
    Invariant.ATTENDEES: "A completed order has one attendee for each ticket; any other order has none",
    Invariant.ORDER_TOTALS: "Lines, discounts and fees add up to their order's total",
    Invariant.PAID_ONCE: "Each completed order was paid once, and in full; no other order has been paid",
    Invariant.REFUNDS: "The refunded amount of each order matches its refunds, and is at most what was paid",
    Invariant.LOST_REFUNDS: "No buyer is owed money because a refund failed for good",
    Invariant.EXCHANGES: "What an earlier order paid of an exchanged one is in the books of both",
    Invariant.CANCELLED_SHOWS: "Every buyer of a cancelled show has their money back or on its way",
    Invariant.DISPUTES: "Each order's flag matches its disputes, and no dispute was won after its money was taken",
    Invariant.DUPLICATE_PAYMENTS: "Every second payment of an order went back to its buyer",
    Invariant.VOID_TICKETS: "Tickets are void only, and always, where their order was refunded",
    Invariant.OVERDUE_HOLDS: "No order holds tickets after its time",
    Invariant.EVENTS: "Every Stripe event that needs a reaction was handled",
    Invariant.TASKS: "No task was given up, and no mail is in doubt (perhaps sent)",
    Invariant.BACKLOG: "Workers keep up: no task is overdue by more than five minutes",
    Invariant.ADMISSIONS: "Each attendee who is checked in was admitted by exactly one scan",
    Invariant.CODES: "No ticket has a code that was replaced by another one",
    Invariant.SHIFTS: "The sales of each shift are its orders', and its expected cash is their sum",
    Invariant.REPORT: "The shares in reports add up to their orders",
    Invariant.TAKINGS: "The sums that reports read are those of their orders (piquetickets recount makes them afresh)",
    Invariant.PRODUCTIONS: "Every show of a production is of the production's producer",
    Invariant.SHOW_TIMES: "Upcoming shows and sales are at the moments that the venue's clock and today's rules give",
    Invariant.SALE_TIMES: "Every ticket type of an upcoming show can be bought at some time",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation. ``subject_id`` is the order, show, ticket, task or promo code, depending on the invariant."""

    subject_id: UUID
    detail: str


@dataclass(frozen=True, slots=True)
class Findings:
    """The violations of one invariant: the first EXAMPLES, and how many there are in total."""

    count: int
    examples: tuple[Finding, ...]
