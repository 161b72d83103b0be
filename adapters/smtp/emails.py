"""Mails from Jinja2 templates: each has the same content in HTML and in plain text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from application import formatting
from application.ports import emails
from application.ports.emails import EmailContent, EmailFacts, Occasion
from domain.disputes import DisputeStatus

_UTC: Final = ZoneInfo("UTC")
#: A BCP 47 tag: the English of the European continent.
_ANYWHERE: Final = "en-150"
#: For each kind of facts the name of its two templates, and a function for the subject.
_LETTERS: Final = MappingProxyType[type[EmailFacts], tuple[str, Callable[[Any], str]]](
    {
        emails.ConfirmationFacts: ("confirmation", lambda facts: f"Your tickets for {facts.show_title}"),
        emails.ReminderFacts: (
            "reminder",
            lambda facts: f"{facts.show_title}: {_date(facts.occasion)}, {_start(facts.occasion)}",
        ),
        emails.RefundFacts: (
            "refund",
            lambda facts: (
                f"Your {'refund' if facts.amount else 'order'} for {facts.show_title}"
                + ("" if facts.amount else " has changed")
            ),
        ),
        emails.RefundFailedFacts: (
            "refund_failed",
            lambda facts: f"Your refund for {facts.show_title} did not arrive",
        ),
        emails.DisputeFacts: (
            "dispute",
            lambda facts: f"{_dispute_is(facts.status)}: order {facts.order_number}, {facts.show_title}",
        ),
        emails.LatePaymentFacts: ("late_payment", lambda facts: f"Your payment for {facts.show_title} came too late"),
        emails.PendingPaymentFacts: (
            "pending_payment",
            lambda facts: f"Your payment for {facts.show_title} is not confirmed yet",
        ),
        emails.DuplicatePaymentFacts: (
            "duplicate_payment",
            lambda facts: f"You paid twice for {facts.show_title}: {facts.amount} goes back",
        ),
        emails.ShowCancelledFacts: ("show_cancelled", lambda facts: f"Cancelled: {facts.show_title}"),
        emails.HeldShowChangedFacts: ("held_show_changed", lambda facts: f"Changed: {facts.show_title}"),
        emails.ShowMovedFacts: ("show_moved", lambda facts: f"Changed: {facts.show_title} is {_change(facts)}"),
        emails.CalendarCorrectedFacts: (
            "calendar_corrected",
            lambda facts: (
                f"For your calendar: {facts.show_title} is on {_date(facts.occasion)}, {_start(facts.occasion)}"
            ),
        ),
        emails.AddressChangedFacts: (
            "address_changed",
            lambda facts: f"Your order for {facts.show_title} has another e-mail address now",
        ),
        emails.AccountChangedFacts: (
            "account_changed",
            lambda facts: f"{_listed([each.what for each in facts.changes])} changed: {facts.producer_name}",
        ),
        emails.SignInFacts: ("sign_in", lambda facts: "Your link to sign in"),  # noqa: ARG005
        emails.PasskeyAddedFacts: ("passkey_added", lambda facts: "A new passkey for the office"),  # noqa: ARG005
        emails.InvitationFacts: ("invitation", lambda facts: f"Join the team of {facts.producer_name}"),
        emails.PayoutsFacts: (
            "payouts",
            lambda facts: (
                f"{facts.producer_name}: Stripe "
                + ("takes payments for you now" if facts.is_enabled else "takes no more payments for you")
            ),
        ),
        emails.DigestFacts: (
            "digest",
            lambda facts: f"{facts.producer_name}, {facts.day}{_needs_you(facts)}",
        ),
        emails.OrderLinksFacts: ("order_links", lambda facts: "Your orders"),  # noqa: ARG005
    }
)


class JinjaEmailTemplates:
    """An ``EmailTemplates`` in English. Dates and times are the venue's, with its time zone named.

    A producer has no place: changes of its account are dated in UTC, as in the audit log.
    """

    def __init__(self) -> None:
        self._templates = Environment(
            loader=PackageLoader("adapters.smtp"),
            autoescape=select_autoescape(enabled_extensions=("html",), default=False),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(
            one_line=_one_line, date=_date, start=_start, zone=_zone, doors=_doors, change=_change, due=_due, utc=_utc
        )

    def write(self, facts: EmailFacts) -> EmailContent:
        """The mail with these facts."""
        name, subject_of = _LETTERS[type(facts)]
        subject = _one_line(subject_of(facts))
        return EmailContent(
            subject=subject,
            text=self._templates.get_template(f"{name}.txt").render(facts=facts),
            html=self._templates.get_template(f"{name}.html").render(facts=facts, subject=subject),
        )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _dispute_is(status: DisputeStatus) -> str:
    match status:
        case DisputeStatus.WON:
            return "Dispute won"
        case DisputeStatus.LOST | DisputeStatus.APPEAL_NEEDS_RESPONSE | DisputeStatus.APPEAL_UNDER_REVIEW:
            return "Dispute lost"
        case DisputeStatus.WARNING_CLOSED | DisputeStatus.PREVENTED:
            return "Dispute closed"
        case DisputeStatus.WARNING_NEEDS_RESPONSE | DisputeStatus.WARNING_UNDER_REVIEW:
            return "A bank asks about a payment"
    return "Payment disputed"


def _due(facts: emails.DisputeFacts) -> str:
    """When the evidence is due, on the venue's clock: "4 December 2026, 18:00 CET"."""
    if facts.evidence_due_by is None:
        return ""
    where = facts.occasion
    day = formatting.day(facts.evidence_due_by, where.timezone, where.locale)
    clock = formatting.clock(facts.evidence_due_by, where.timezone, where.locale)
    return f"{day}, {clock} {formatting.zone(facts.evidence_due_by, where.timezone)}"


def _needs_you(facts: emails.DigestFacts) -> str:
    urgent = sum(alert.is_urgent for alert in facts.alerts)
    if not urgent:
        return ""
    return f": {urgent} {'thing needs' if urgent == 1 else 'things need'} you now"


def _utc(moment: datetime) -> str:
    """The time in UTC, such as "Saturday, 28 November 2026, 04:10 UTC"."""
    return f"{formatting.day(moment, _UTC, _ANYWHERE)}, {formatting.clock(moment, _UTC, _ANYWHERE)} UTC"


def _listed(things: Sequence[str]) -> str:
    """The words as a list, such as "Name", "Tax and name", or "E-mail address, tax and name"."""
    *most, last = things
    listed = f"{', '.join(most)} and {last}" if most else last
    return listed[:1].upper() + listed[1:]


def _date(occasion: Occasion) -> str:
    return formatting.days(occasion.start_time, occasion.end_time, occasion.timezone, occasion.locale)


def _start(occasion: Occasion) -> str:
    return formatting.clock(occasion.start_time, occasion.timezone, occasion.locale)


def _doors(occasion: Occasion) -> str:
    return formatting.doors(occasion.door_time, occasion.start_time, occasion.timezone, occasion.locale)


def _zone(occasion: Occasion) -> str:
    return formatting.zone(occasion.start_time, occasion.timezone)


def _change(facts: emails.ShowMovedFacts) -> str:
    """What changed, for the subject: the day, the hour, or the place."""
    before, now = facts.before, facts.occasion
    if _date(before) != _date(now):
        return f"on {_date(now)}"
    if _start(before) != _start(now) or _zone(before) != _zone(now):
        return f"at {_start(now)}"
    return "elsewhere" if before.venue != now.venue else f"open at {_doors(now)}"
