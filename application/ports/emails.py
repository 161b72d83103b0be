"""The content of mails to buyers and producers. All amounts and numbers are as people read them, all times aware."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from domain.disputes import DisputeStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailContent:
    """The content of a mail, before it is addressed."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Where and when a show is. ``locale`` is a BCP 47 tag."""

    venue: str
    door_time: datetime
    start_time: datetime
    end_time: datetime
    timezone: ZoneInfo
    locale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """The facts in every mail about an order."""

    customer_name: str
    show_title: str
    producer_name: str
    occasion: Occasion
    order_number: str
    order_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterLine:
    """A row of an order's table in a mail; ``valid`` is how many of its tickets still admit, if not all."""

    name: str
    quantity: int
    total_price: str
    valid: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationFacts(OrderFacts):
    """The mail with the tickets.

    ``discount`` is "" if there was none; ``fees`` are those on top of the prices, "" for none, and ``total`` is "" for
    a free order. ``fees_included``: the prices include fees. ``tax_label`` says whether the tax is in the other
    amounts. ``void`` tickets no longer admit. ``is_renamed``: a ticket got another name and code, so those of an
    earlier mail are outdated. ``returned`` is the money that has gone back since, ``on_its_way`` the money that is
    about to; both are "" for none. ``replaces`` is the number of the order that these tickets were exchanged from, ""
    if they were bought; ``off_calendar``: an attached file removes its show from the buyer's calendar.
    """

    lines: tuple[LetterLine, ...]
    discount: str
    fees: str
    tax: str
    total: str
    fees_included: bool = False
    tax_label: str = "Tax"
    void: int = 0
    is_renamed: bool = False
    replaces: str = ""
    off_calendar: bool = False
    returned: str = ""
    on_its_way: str = ""
    reservations: Sequence[Mapping[str, Any]] = ()
    """One JSON-LD object for each ticket, for mail clients that display tickets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderFacts(OrderFacts):
    """The mail of the day before; ``tickets`` are names and how many of each still admit."""

    tickets: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFacts(OrderFacts):
    """Tickets were taken back. ``amount`` is what goes back, "" if nothing was paid; ``left`` still admit.

    ``off_calendar``: the attached file removes the show from the buyer's calendar.
    """

    amount: str
    left: int
    off_calendar: bool = False


class TooLate(StrEnum):
    """Why money that came buys nothing, or nothing any more."""

    TICKETS_GONE = "tickets_gone"
    SHOW_OVER = "show_over"
    SHOW_CANCELLED = "show_cancelled"
    ORDER_CANCELLED = "order_cancelled"
    WRONG_AMOUNT = "wrong_amount"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFailedFacts(OrderFacts):
    """The bank did not accept ``amount``, which is still owed. The buyer can ask ``producer_email``."""

    amount: str
    producer_email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeFacts:
    """A buyer's bank disputes a payment: for the producer, and for the operator of the platform.

    ``status`` is the dispute's status, ``amount`` what it is about, ``lost`` what the bank keeps, ``recovered`` how
    much of that comes out of the producer's transfer, ``fees_returned`` ("" for none) what the platform gives back for
    it. ``customer_name`` is "" if the buyer was erased. ``was_repaid_before``: won on appeal after the money was taken.
    """

    show_title: str
    producer_name: str
    occasion: Occasion
    order_number: str
    customer_name: str
    status: DisputeStatus
    reason: str
    amount: str
    evidence_due_by: datetime | None
    lost: str
    recovered: str
    fees_returned: str
    has_valid_tickets: bool
    was_repaid_before: bool
    order_url: str = ""
    """The order's page in the office; "" for the operator, who is not of the producer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressChangedFacts:
    """For the address that an order had before. ``new_address`` shows only a part of the new one.

    It has no link to the order: the old address may be a stranger's.
    """

    customer_name: str
    show_title: str
    producer_name: str
    occasion: Occasion
    order_number: str
    new_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChange:
    """A changed field of a producer's account.

    ``what`` names it ("Stripe account"), ``meaning`` is what follows from the change, or "".
    """

    what: str
    before: str
    after: str
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChangedFacts:
    """For the e-mail address and the name that a producer's account had before the change.

    ``token_name`` and ``token_id`` are of the access token that changed it, ``person_name`` is of the person of the
    office who did; all are "" for the command line.
    ``operator_email`` is "" if the installation has none.
    """

    producer_name: str
    changes: tuple[AccountChange, ...]
    changed_at: datetime
    token_name: str
    token_id: str
    operator_email: str
    person_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutsFacts:
    """Stripe takes payments for a producer's account now (``is_enabled``), or does not any more.

    ``shows_on_sale`` is how many published shows cost something.
    """

    producer_name: str
    is_enabled: bool
    changed_at: datetime
    shows_on_sale: int
    account_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSales:
    """What a day sold; ``money`` is what was paid and has not gone back, one amount for each currency."""

    orders: int
    tickets: int
    money: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestShow:
    """A show of the day. Numbers are places, or tickets of types that share none."""

    title: str
    occasion: Occasion
    url: str
    is_cancelled: bool
    capacity: int
    sold: int
    held: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestAlert:
    """Something that needs a person, and where ``action`` is done. ``due`` and ``more`` are "" if there is nothing to
    say.
    """

    text: str
    url: str
    action: str
    is_urgent: bool
    due: str = ""
    more: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestFacts:
    """A morning's mail to a person who asked for it. ``day`` is that day as people read it."""

    producer_name: str
    person_name: str
    day: str
    yesterday: DigestSales
    week_before: DigestSales
    shows: tuple[DigestShow, ...]
    alerts: tuple[DigestAlert, ...]
    office_url: str
    settings_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LatePaymentFacts(OrderFacts):
    """The money came too late; all of it, ``amount``, goes back."""

    amount: str
    why: TooLate = TooLate.TICKETS_GONE


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingPaymentFacts(OrderFacts):
    """The doors open, and the bank has not confirmed the payment of ``amount``."""

    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicatePaymentFacts(OrderFacts):
    """The order was paid twice; all of the second payment, ``amount``, goes back."""

    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowCancelledFacts(OrderFacts):
    """The show is cancelled. ``paid`` is "" if nothing was paid; ``is_being_paid`` if a bank still works on it."""

    paid: str
    is_being_paid: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowMovedFacts(OrderFacts):
    """The show is at ``occasion`` now, and was at ``before``."""

    before: Occasion


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarCorrectedFacts(OrderFacts):
    """The show has not moved, but calendars may show another hour: the rules of its time zone changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldShowChangedFacts(OrderFacts):
    """The same for tickets that are held and not paid. ``is_being_paid``: the bank still works on it. Ends are the hour
    and the day as people read them.
    """

    before: Occasion
    title_before: str
    end_before: str
    end: str
    is_being_paid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLink:
    """One of an address's orders."""

    show_title: str
    occasion: Occasion
    order_number: str
    status: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLinksFacts:
    """Links to an address's orders, newest first."""

    orders: tuple[OrderLink, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInFacts:
    """The link that signs a person of the office in. ``good_for`` is how long, such as "15 minutes"."""

    url: str
    good_for: str
    only_in_that_browser: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationFacts:
    """An invitation to a producer's team. ``may`` says what the role may do, ``until`` is the last day to accept."""

    producer_name: str
    invited_by: str
    role: str
    may: str
    until: datetime
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyAddedFacts:
    """A person of the office has another passkey. ``url`` is the page where it can be removed."""

    name: str
    added_at: datetime
    url: str


EmailFacts = (
    ConfirmationFacts
    | ReminderFacts
    | RefundFacts
    | RefundFailedFacts
    | DisputeFacts
    | LatePaymentFacts
    | DuplicatePaymentFacts
    | PendingPaymentFacts
    | ShowCancelledFacts
    | ShowMovedFacts
    | HeldShowChangedFacts
    | CalendarCorrectedFacts
    | OrderLinksFacts
    | AddressChangedFacts
    | AccountChangedFacts
    | PayoutsFacts
    | DigestFacts
    | SignInFacts
    | InvitationFacts
    | PasskeyAddedFacts
)


class EmailTemplates(Protocol):
    def write(self, facts: EmailFacts) -> EmailContent:
        """The mail with these facts."""
        ...
