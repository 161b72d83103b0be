"""Printing tickets: what they are printed on, and the jobs of a printer (docs/domain-rules.md#printing).

A ticket admits once, however often it was printed. So a job that was perhaps printed is printed again: a second slip
does no harm, and a person at the counter without a ticket does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

#: How long a job waits for its printer. A printer that is switched on the next day prints nothing of the evening.
JOB_KEPT: Final = timedelta(minutes=30)
#: How long a printer has a job that it took. It has it longer by asking for it again.
LEASE: Final = timedelta(minutes=2)
#: The longest description of a printer's trouble.
MAX_PROBLEM_LENGTH: Final = 200


class PrinterLanguage(StrEnum):
    """The commands that a printer understands: Epson's, which most receipt printers know, or BOCA's."""

    ESCPOS = "escpos"
    FGL = "fgl"


class Medium(StrEnum):
    """What a ticket is printed on: a roll of receipt paper by its width in mm, or ticket stock of 5.5 by 2 inches by
    the dots per inch of the printer's head.
    """

    RECEIPT_80 = "receipt_80"
    RECEIPT_58 = "receipt_58"
    STOCK_200 = "stock_200"
    STOCK_300 = "stock_300"

    @property
    def area(self) -> PrintArea:
        """The dots that a printer can set on it."""
        return _AREAS[self]


@dataclass(frozen=True, slots=True)
class PrintArea:
    """The dots that a printer sets on one slip, ``height`` None: as many rows as are needed."""

    language: PrinterLanguage
    dots_per_inch: int
    width: int
    height: int | None = None


# Receipt printers set 8 dots a mm: 72 mm of 80, 48 mm of 58. BOCA's heads have 200 or 300 dots an inch, and keep a
# margin around the ticket free: 384 by 1050 of 400 by 1100 dots.
_AREAS: Final[Mapping[Medium, PrintArea]] = MappingProxyType(
    {
        Medium.RECEIPT_80: PrintArea(PrinterLanguage.ESCPOS, 203, 576),
        Medium.RECEIPT_58: PrintArea(PrinterLanguage.ESCPOS, 203, 384),
        Medium.STOCK_200: PrintArea(PrinterLanguage.FGL, 200, 1048, 384),
        Medium.STOCK_300: PrintArea(PrinterLanguage.FGL, 300, 1572, 576),
    }
)


class PrintJobState(StrEnum):
    """``waiting`` for its printer; ``printing``: the printer has it; ``expired``: no printer took it in time."""

    WAITING = "waiting"
    PRINTING = "printing"
    PRINTED = "printed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintJob:
    """Tickets of an order that a paired printer shall print. It names them only: what is printed is what is true then.

    ``attendee_ids`` empty means all who have a valid ticket. ``with_order_slip``: a slip about the whole order comes
    first. ``asked_by`` is the name of the person, till or token. ``leased_until`` is how long the printer has it.
    ``problem`` is what the printer reported last, "" for nothing.
    """

    id: UUID
    producer_id: UUID
    printer_id: UUID
    order_id: UUID
    attendee_ids: tuple[UUID, ...] = ()
    with_order_slip: bool = False
    asked_by: str
    asked_at: datetime
    state: PrintJobState = PrintJobState.WAITING
    leased_until: datetime | None = None
    tries: int = 0
    ended_at: datetime | None = None
    problem: str = ""

    @property
    def expires_at(self) -> datetime:
        return self.asked_at + JOB_KEPT

    @property
    def is_over(self) -> bool:
        return self.state in {PrintJobState.PRINTED, PrintJobState.EXPIRED}

    def taken(self, now: datetime) -> PrintJob:
        """The job in the printer's hands. A printer that never got the answer asks again, and gets it again."""
        return replace(self, state=PrintJobState.PRINTING, leased_until=now + LEASE, tries=self.tries + 1)

    def renewed(self, now: datetime) -> PrintJob:
        """The job in the printer's hands for another LEASE."""
        return replace(self, state=PrintJobState.PRINTING, leased_until=now + LEASE)

    def printed(self, now: datetime) -> PrintJob:
        """The job after the printer has it on paper, however late it says so."""
        if self.state is PrintJobState.PRINTED:
            return self
        return replace(self, state=PrintJobState.PRINTED, leased_until=None, ended_at=now, problem="")

    def dropped(self, now: datetime) -> PrintJob:
        """The job after none of its tickets is valid any more."""
        return replace(
            self,
            state=PrintJobState.EXPIRED,
            leased_until=None,
            ended_at=now,
            problem="No ticket of it is valid any more",
        )

    def given_back(self, problem: str) -> PrintJob:
        """The job after the printer could not print it: it waits again."""
        if self.is_over:
            return self
        words = " ".join(problem.split())[:MAX_PROBLEM_LENGTH]
        return replace(self, state=PrintJobState.WAITING, leased_until=None, problem=words)

    def seen(self, now: datetime) -> PrintJob:
        """The job as it stands at this moment: one that no printer took in time is over."""
        if self.is_over:
            return self
        if now >= self.expires_at and (self.leased_until is None or self.leased_until <= now):
            return replace(self, state=PrintJobState.EXPIRED, leased_until=None, ended_at=self.expires_at)
        return self
