"""Figures as a rehearsal in which all went well would have them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rehearsal.figures import (
    Figures,
    HoldFigures,
    MailFigures,
    PlacesFigures,
    Spread,
    StripeFigures,
    TypeFigures,
)
from rehearsal.terms import Terms
from rehearsal.visit import Outcome

QUICK = Spread(100, 0.4, 0.9, 2.0)


def holds(**changes: Any) -> HoldFigures:
    """Holds of which all were paid."""
    values: dict[str, Any] = {
        "back": 0, "first": None, "last": None, "too_late_for": 0, "slowest_payer": 150.0, "ended": 0,
    }  # fmt: skip
    return HoldFigures(**values | changes)


def stripe(**changes: Any) -> StripeFigures:
    """Stripe, which had time."""
    values: dict[str, Any] = {"calls": 400, "busiest": 30, "refused": 0, "pages": 100, "pages_per_second": 20.0}
    return StripeFigures(**values | changes)


def mails(**changes: Any) -> MailFigures:
    """Mails that all left."""
    values: dict[str, Any] = {
        "sent": 100, "missing": 0, "twice": 0, "last": 300.0, "per_second": 10.0, "worker_busy": 0.2,
    }  # fmt: skip
    return MailFigures(**values | changes)


def kind(name: str = "Stalls", **changes: Any) -> TypeFigures:
    """A ticket type of which the half was bought."""
    values: dict[str, Any] = {
        "price": 2500, "hidden": False, "shares": False, "at_start": 100, "bought": 50, "left": 50, "gone_after": None,
    }  # fmt: skip
    return TypeFigures(name=name, **values | changes)


def places(**changes: Any) -> PlacesFigures:
    """A house that is half full."""
    values: dict[str, Any] = {"at_start": 100, "bought": 50, "left": 50, "kept": 0, "kept_by": {}}
    return PlacesFigures(**values | changes)


def figures(outcomes: dict[Outcome, int] | None = None, **changes: Any) -> Figures:
    """Figures of a sale with nothing to change."""
    values: dict[str, Any] = {
        "terms": Terms(buyers=100, minutes=5),
        "title": "Hamlet",
        "currency": "USD",
        "opens_at": datetime(2026, 12, 4, 15, 0, tzinfo=UTC),
        "remarks": (),
        "wanted": 240,
        "outcomes": outcomes or {Outcome.BOUGHT: 100},
        "refusals": {},
        "orders": 100,
        "in_large_orders": 4,
        "tickets": 240,
        "takings": 250_000,
        "places": places(),
        "types": (),
        "gone_after": None,
        "waits": {"payment page": QUICK, "mail": QUICK},
        "gave_up_after": None,
        "holds": holds(),
        "stripe": stripe(),
        "mails": mails(),
        "kill": None,
        "codes_failed": 0,
        "hold_seconds": 1800.0,
        "most_tickets": 10,
        "moments": (),
        "failures": {},
        "simulated": 1900.0,
    }
    return Figures(**values | changes)
