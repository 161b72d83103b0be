"""What printers, and those who print, send and get."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from application.printing.queue import TakenJob
from application.printing.selected import MAX_SELECTED
from application.printing.slips import MAX_TICKETS
from domain.printing import MAX_PROBLEM_LENGTH, PrintJob, PrintJobState

#: A printer without a job asks again after so many seconds.
POLL_SECONDS: Final = 1


class PrintIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``attendee_ids`` are those whose tickets are printed; without them, all that are valid. ``with_order_slip`` puts
    a slip about the whole order in front.
    """

    printer_id: UUID
    attendee_ids: Annotated[list[UUID], Meta(max_length=MAX_TICKETS)] = []
    with_order_slip: bool = False


class PrintSelectedIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``attendee_ids`` may be of any orders of the producer. A request that may come twice has a ``request_id``."""

    printer_id: UUID
    attendee_ids: Annotated[list[UUID], Meta(min_length=1, max_length=MAX_SELECTED)]
    request_id: UUID | None = None


class PrintJobOut(msgspec.Struct, kw_only=True):
    """``attendee_ids`` empty: all tickets that are valid when they are printed. ``problem`` is what the printer said
    last, "" for nothing. A job that no printer took until ``expires_at`` is ``expired``.
    """

    id: UUID
    printer_id: UUID
    order_id: UUID
    attendee_ids: list[UUID]
    with_order_slip: bool
    state: PrintJobState
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    tries: int
    ended_at: datetime | None
    problem: str

    @classmethod
    def of(cls, job: PrintJob) -> PrintJobOut:
        return cls(
            id=job.id,
            printer_id=job.printer_id,
            order_id=job.order_id,
            attendee_ids=list(job.attendee_ids),
            with_order_slip=job.with_order_slip,
            state=job.state,
            asked_by=job.asked_by,
            asked_at=job.asked_at,
            expires_at=job.expires_at,
            tries=job.tries,
            ended_at=job.ended_at,
            problem=job.problem,
        )


class PrintJobListOut(msgspec.Struct):
    items: list[PrintJobOut]


class TakenJobOut(msgspec.Struct, kw_only=True):
    """``slips`` are the names of its slips, in the order in which they are printed: "order", or an attendee's id."""

    id: UUID
    order_number: str
    slips: list[str]
    expires_at: datetime

    @classmethod
    def of(cls, taken: TakenJob) -> TakenJobOut:
        return cls(
            id=taken.job.id,
            order_number=taken.order_number,
            slips=list(taken.slips),
            expires_at=taken.job.expires_at,
        )


class NextPrintJobOut(msgspec.Struct):
    """``job`` is null if there is nothing to print: the printer asks again after ``poll_seconds``."""

    job: TakenJobOut | None
    poll_seconds: int


class PrintProblemIn(msgspec.Struct, forbid_unknown_fields=True):
    """``problem`` is for people: "The printer is out of paper"."""

    problem: Annotated[str, Meta(max_length=MAX_PROBLEM_LENGTH, examples=["The printer is out of paper"])]
