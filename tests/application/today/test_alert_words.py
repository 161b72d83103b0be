"""What alerts say, and where they lead."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from application.ports.today import Place
from application.today.alert_words import NEEDS, alert_line
from domain.alerts import Alert, AlertKind, Urgency
from domain.money import currency
from domain.orders import number_of

BERLIN = Place("Europe/Berlin", "de-DE")
SHOW = UUID("0198c2a6-2f2b-76bc-9737-2e5dbd0af17e")
ORDER = UUID("0198c2a6-2f2b-76bc-9737-2e5dbd0af17f")
NUMBER = number_of(ORDER)


def alert(kind: AlertKind, **facts: object) -> Alert:
    return Alert(**{"kind": kind, "urgency": Urgency.SOON, "title": "Faust", **facts})  # type: ignore[arg-type]


def test_every_kind_has_words_a_way_and_a_right() -> None:
    assert set(NEEDS) == set(AlertKind)
    for kind in AlertKind:
        line = alert_line(alert(kind, show_id=SHOW, order_id=ORDER, currency=currency("EUR")), BERLIN)
        assert line.text
        assert not line.text.endswith(".")
        assert line.path.startswith("/office/")
        assert "None" not in line.path + line.text
        assert line.action


@pytest.mark.parametrize(
    ("given", "text", "path"),
    [
        (
            alert(AlertKind.DISPUTE, order_id=ORDER, amount=54_84, currency=currency("EUR")),
            f"A bank disputes 54,84\N{NO-BREAK SPACE}€ of order {NUMBER} for Faust",
            f"/office/orders/{NUMBER}",
        ),
        (
            alert(AlertKind.CANCELLED_NOT_REPAID, show_id=SHOW, count=1),
            "Faust was cancelled, and 1 buyer does not have their money back",
            f"/office/shows/{SHOW}",
        ),
        (
            alert(AlertKind.PLACES_KEPT, show_id=SHOW, count=1),
            "1 place of Faust is kept off sale, and is not sold",
            f"/office/shows/{SHOW}/tickets",
        ),
        (
            alert(AlertKind.PLACES_KEPT, show_id=SHOW, count=12),
            "12 places of Faust are kept off sale, and are not sold",
            f"/office/shows/{SHOW}/tickets",
        ),
        (
            alert(AlertKind.PAYOUTS_DISABLED, urgency=Urgency.NOW, count=2),
            "Stripe does not take payments for you yet: 2 shows on sale cannot be paid for",
            "/office/account",
        ),
        (
            alert(AlertKind.REFUND_FAILED, order_id=ORDER),
            f"A refund of order {NUMBER} for Faust did not arrive: the buyer is still owed money",
            f"/office/orders/{ORDER}/refund",
        ),
    ],
)
def test_words_have_the_facts(given: Alert, text: str, path: str) -> None:
    line = alert_line(given, BERLIN)
    assert (line.text, line.path) == (text, path)


def test_a_deadline_is_on_the_clock_of_the_place() -> None:
    due_at = datetime(2026, 12, 4, 22, 59, tzinfo=UTC)
    assert alert_line(alert(AlertKind.DISPUTE, order_id=ORDER, due_at=due_at), BERLIN).due == (
        "Evidence is due by Friday, 4 December 2026, 23:59"
    )
    assert alert_line(alert(AlertKind.NO_TICKETS, show_id=SHOW, due_at=due_at), BERLIN).due == (
        "The show starts on Friday, 4 December 2026, 23:59"
    )


def test_what_is_not_listed_is_counted() -> None:
    line = alert_line(alert(AlertKind.NO_TICKETS, show_id=SHOW, more=7, urgency=Urgency.NOW), BERLIN)
    assert (line.more, line.is_urgent) == ("and 7 more like this", True)
