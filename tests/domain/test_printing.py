"""A print job's life: taken, given back, printed, or over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from domain.printing import JOB_KEPT, LEASE, MAX_PROBLEM_LENGTH, PrintJob, PrintJobState

NOW = datetime(2026, 11, 28, 18, 30, tzinfo=UTC)


def a_job() -> PrintJob:
    return PrintJob(id=uuid4(), producer_id=uuid4(), printer_id=uuid4(), order_id=uuid4(), asked_by="Ada", asked_at=NOW)


def test_job_waits_for_its_printer_until_it_expires() -> None:
    job = a_job()
    assert job.seen(NOW + JOB_KEPT - timedelta(seconds=1)) == job
    over = job.seen(NOW + JOB_KEPT)
    assert (over.state, over.ended_at) == (PrintJobState.EXPIRED, NOW + JOB_KEPT)


def test_job_that_a_printer_has_does_not_expire_until_its_lease_ends() -> None:
    late = NOW + JOB_KEPT - timedelta(seconds=1)
    job = a_job().taken(late)
    assert job.seen(NOW + JOB_KEPT).state is PrintJobState.PRINTING
    assert job.renewed(late + LEASE).seen(late + LEASE).state is PrintJobState.PRINTING
    assert job.seen(late + LEASE).state is PrintJobState.EXPIRED


def test_report_counts_however_late_it_comes_and_once() -> None:
    over = a_job().seen(NOW + JOB_KEPT)
    printed = over.printed(NOW + JOB_KEPT + LEASE)
    assert printed.state is PrintJobState.PRINTED
    assert printed.printed(NOW + 2 * JOB_KEPT) == printed
    assert printed.given_back("Out of paper") == printed
    assert printed.seen(NOW + 2 * JOB_KEPT) == printed


def test_problem_is_one_line_that_is_not_too_long() -> None:
    given_back = a_job().taken(NOW).given_back("Out\n of " + "paper " * 100)
    assert given_back.state is PrintJobState.WAITING
    assert given_back.problem.startswith("Out of paper paper")
    assert len(given_back.problem) == MAX_PROBLEM_LENGTH
