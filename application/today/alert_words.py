"""What an alert says to people, and where it is fixed: the same words on the page and in the mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from application import formatting
from application.ports.today import Place
from domain.alerts import Alert, AlertKind, Urgency
from domain.orders import number_of
from domain.people import Right
from domain.timezones import zone_of

#: The right that a person needs to fix it. Others do not see it.
NEEDS: Final[Mapping[AlertKind, Right]] = MappingProxyType(
    {
        AlertKind.PAYOUTS_DISABLED: Right.ACCOUNT,
        AlertKind.REFUND_FAILED: Right.ORDERS,
        AlertKind.CANCELLED_NOT_REPAID: Right.ORDERS,
        AlertKind.DISPUTE: Right.ORDERS,
        AlertKind.BOOKS: Right.REPORTS,
        AlertKind.NO_TICKETS: Right.CATALOG,
        AlertKind.NOTHING_ON_SALE: Right.CATALOG,
        AlertKind.MAIL_GIVEN_UP: Right.ORDERS,
        AlertKind.TASK_GIVEN_UP: Right.ORDERS,
        AlertKind.PAID_TWICE: Right.ORDERS,
        AlertKind.NOT_PUBLISHED: Right.CATALOG,
        AlertKind.DISPUTE_UNDER_REVIEW: Right.ORDERS,
        AlertKind.PLACES_KEPT: Right.CATALOG,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLine:
    """An alert as people read it.

    ``text`` may contain the title of a show. ``path`` is below the installation's address, ``action`` what is done
    there. ``due`` is the deadline, "" if there is none. ``more`` says how many alike are not listed, or "".
    """

    text: str
    path: str
    action: str
    is_urgent: bool
    due: str = ""
    more: str = ""


def alert_line(alert: Alert, place: Place) -> AlertLine:
    """The words for an alert, with times on the clock of the producer's place."""
    words, path, action = _WORDS[alert.kind]
    return AlertLine(
        text=words(alert, place),
        path=path(alert),
        action=action,
        is_urgent=alert.urgency is Urgency.NOW,
        due=_due(alert, place),
        more=f"and {alert.more} more like this" if alert.more else "",
    )


def _due(alert: Alert, place: Place) -> str:
    if alert.due_at is None:
        return ""
    label = "Evidence is due by" if alert.kind is AlertKind.DISPUTE else "The show starts on"
    return f"{label} {_moment(alert.due_at, zone_of(place.timezone), place.locale)}"


def _moment(moment: datetime, timezone: ZoneInfo, locale: str) -> str:
    """The moment, such as "Friday, 27 November 2026, 19:30"."""
    return f"{formatting.day(moment, timezone, locale)}, {formatting.clock(moment, timezone, locale)}"


def _number(alert: Alert) -> str:
    return number_of(alert.order_id) if alert.order_id else ""


def _of_order(words: str) -> Callable[[Alert, Place], str]:
    return lambda alert, _: words.format(number=_number(alert), title=alert.title)


def _of_show(words: str) -> Callable[[Alert, Place], str]:
    return lambda alert, _: words.format(title=alert.title, count=alert.count, detail=alert.detail)


def _payouts(alert: Alert, _: Place) -> str:
    if alert.urgency is Urgency.NOW:
        on_sale = "1 show on sale cannot" if alert.count == 1 else f"{alert.count} shows on sale cannot"
        return f"Stripe does not take payments for you yet: {on_sale} be paid for"
    return "Stripe does not take payments for you yet: nothing that costs money can be sold"


def _dispute(alert: Alert, place: Place) -> str:
    amount = formatting.price(alert.currency, alert.amount, place.locale) if alert.currency else ""
    return f"A bank disputes {amount} of order {_number(alert)} for {alert.title}"


def _under_review(alert: Alert, place: Place) -> str:
    amount = formatting.price(alert.currency, alert.amount, place.locale) if alert.currency else ""
    return f"A bank decides about {amount} of order {_number(alert)} for {alert.title}"


def _unpaid(alert: Alert, _: Place) -> str:
    buyers = "1 buyer does not have their" if alert.count == 1 else f"{alert.count} buyers do not have their"
    return f"{alert.title} was cancelled, and {buyers} money back"


def _kept(alert: Alert, _: Place) -> str:
    places = "1 place" if alert.count == 1 else f"{alert.count} places"
    return (
        f"{places} of {alert.title} are kept off sale, and are not sold"
        if alert.count != 1
        else (f"{places} of {alert.title} is kept off sale, and is not sold")
    )


def _mail(alert: Alert, _: Place) -> str:
    return f"A mail about order {_number(alert)} for {alert.title} could not be delivered"


def _order_page(alert: Alert) -> str:
    return f"/office/orders/{_number(alert)}"


def _refund_page(alert: Alert) -> str:
    return f"/office/orders/{alert.order_id}/refund"


def _show_page(alert: Alert) -> str:
    return f"/office/shows/{alert.show_id}"


def _tickets_page(alert: Alert) -> str:
    return f"/office/shows/{alert.show_id}/tickets"


def _report_page(alert: Alert) -> str:
    return f"/office/reports?show={alert.show_id}"


def _account_page(_: Alert) -> str:
    return "/office/account"


_Words = tuple[Callable[[Alert, Place], str], Callable[[Alert], str], str]
#: For each kind its words, its page, and what to do there.
_WORDS: Final[Mapping[AlertKind, _Words]] = MappingProxyType(
    {
        AlertKind.PAYOUTS_DISABLED: (_payouts, _account_page, "Set up payouts"),
        AlertKind.REFUND_FAILED: (
            _of_order("A refund of order {number} for {title} did not arrive: the buyer is still owed money"),
            _refund_page,
            "Refund again",
        ),
        AlertKind.CANCELLED_NOT_REPAID: (_unpaid, _show_page, "Refund all buyers"),
        AlertKind.DISPUTE: (_dispute, _order_page, "See the order"),
        AlertKind.BOOKS: (
            _of_show("The figures of {title} do not add up ({detail}). Please tell the operator"),
            _report_page,
            "See the report",
        ),
        AlertKind.NO_TICKETS: (_of_show("{title} is published and has no tickets"), _tickets_page, "Add tickets"),
        AlertKind.NOTHING_ON_SALE: (
            _of_show("{title} is on sale, but none of its tickets can be bought any more"),
            _tickets_page,
            "Change the times of sale",
        ),
        AlertKind.MAIL_GIVEN_UP: (_mail, _order_page, "Correct the address"),
        AlertKind.TASK_GIVEN_UP: (
            _of_order("Work on order {number} for {title} failed too often. The operator can have it done again"),
            _order_page,
            "See the order",
        ),
        AlertKind.PAID_TWICE: (
            _of_order("Order {number} for {title} was paid twice, and the second payment did not get back"),
            _order_page,
            "See the order",
        ),
        AlertKind.NOT_PUBLISHED: (_of_show("{title} is not published"), _show_page, "Publish it"),
        AlertKind.DISPUTE_UNDER_REVIEW: (_under_review, _order_page, "See the order"),
        AlertKind.PLACES_KEPT: (_kept, _tickets_page, "Release them"),
    }
)
