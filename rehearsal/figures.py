"""What a rehearsal came to, in figures. Seconds are counted from the opening of the sale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Final, Self

from rehearsal.terms import Terms
from rehearsal.visit import Outcome

#: Orders of more tickets than this are called large.
LARGE: Final = 4


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took, in seconds: the median, what 95 of 100 were below, and the longest."""

    count: int
    median: float
    p95: float
    longest: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Self | None:
        """The spread of these; None if there are none."""
        if not seconds:
            return None
        ordered = sorted(seconds)
        return cls(len(ordered), _share(ordered, 0.5), _share(ordered, 0.95), ordered[-1])


def _share(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeFigures:
    """A ticket type: what one costs (in minor units), how many were to be had at the opening, were bought and are left,
    and when there was none left for the first time. Types that ``share`` a capacity could each have had all of it.
    """

    name: str
    price: int
    hidden: bool
    shares: bool
    at_start: int
    bought: int
    left: int
    gone_after: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesFigures:
    """Places of the show, for all ticket types: on public sale at the opening, bought by the crowd, left on public sale
    at the end, and kept by allocations from the beginning to the end. ``kept_by`` names these and their places.
    """

    at_start: int
    bought: int
    left: int
    kept: int
    kept_by: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldFigures:
    """Places that were held and not paid. ``back`` came back; the first and the last at ``first`` and ``last``, when
    ``too_late_for`` buyers had left because everything was held or sold. ``slowest_payer`` is from the order to its
    payment.
    """

    back: int
    first: float | None
    last: float | None
    too_late_for: int
    slowest_payer: float | None
    ended: int
    """Buyers whose hold was over before they had paid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeFigures:
    """Calls of Stripe: all of them, the most in one second, those refused by Stripe's rate limits."""

    calls: int
    busiest: int
    refused: int
    pages: int
    pages_per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFigures:
    """Mails with tickets: sent, not sent until the end, sent twice. ``last`` is when the last of them left."""

    sent: int
    missing: int
    twice: int
    last: float | None
    per_second: float
    worker_busy: float
    """The part of the time until the last mail in which the busiest worker computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KillFigures:
    """The process that was killed, when, and how long it was away. ``unanswered`` buyers got no answer; the longest of
    them waited ``longest`` until they had one. ``pages`` payment pages that it owed were opened by others, the last
    after ``longest_page``.
    """

    process: str
    at: float
    away: float
    unanswered: int
    longest: float | None
    pages: int
    longest_page: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """How it stood at one moment of the sale. ``waiting`` are buyers whose payment page had not come, ``gone`` those
    who had left with nothing.
    """

    after: float
    bought: int
    held: int
    left: int
    waiting: int
    gone: int
    mails: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything that a rehearsal came to. ``gone_after`` is when no place was left for the first time."""

    terms: Terms
    title: str
    currency: str
    opens_at: datetime
    remarks: Sequence[str]
    wanted: int
    outcomes: Mapping[Outcome, int]
    refusals: Mapping[str, int]
    orders: int
    in_large_orders: int
    """Tickets in orders of more than ``LARGE``."""
    tickets: int
    takings: int
    places: PlacesFigures
    types: Sequence[TypeFigures]
    gone_after: float | None
    waits: Mapping[str, Spread | None]
    gave_up_after: Spread | None
    holds: HoldFigures
    stripe: StripeFigures
    mails: MailFigures
    kill: KillFigures | None
    codes_failed: int
    hold_seconds: float
    most_tickets: int
    moments: Sequence[Moment]
    failures: Mapping[str, int]
    simulated: float

    @property
    def with_nothing(self) -> int:
        """Buyers who left with nothing."""
        return self.terms.buyers - self.outcomes.get(Outcome.BOUGHT, 0)
