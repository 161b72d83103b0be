"""The time during which something is sold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SellsUntil(StrEnum):
    """The point of a show's evening at which its public sale ends."""

    END = "end"
    START = "start"
    DOORS = "doors"


class SaleState(StrEnum):
    """Where a moment lies: before a sale, in it, or after it."""

    UPCOMING = "upcoming"
    OPEN = "open"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class SalePeriod:
    """From ``begins`` (None: since ever) until ``ends``, which is the first moment after it."""

    begins: datetime | None
    ends: datetime

    @property
    def is_empty(self) -> bool:
        """Whether it has no moment at all: it would end before it begins."""
        return self.begins is not None and self.begins >= self.ends

    def within(self, other: SalePeriod) -> SalePeriod:
        """The part that lies in the other period, too."""
        begins = max((each for each in (self.begins, other.begins) if each is not None), default=None)
        return SalePeriod(begins, min(self.ends, other.ends))

    def state(self, now: datetime) -> SaleState:
        """Where ``now`` lies. A period without a moment is over."""
        if self.ends <= now or self.is_empty:
            return SaleState.OVER
        return SaleState.OPEN if self.begins is None or self.begins <= now else SaleState.UPCOMING

    def next_change(self, now: datetime) -> datetime | None:
        """The next moment at which the state changes; None if it stays."""
        match self.state(now):
            case SaleState.UPCOMING:
                return self.begins
            case SaleState.OPEN:
                return self.ends
            case SaleState.OVER:
                return None
