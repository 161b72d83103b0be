"""What happened on the servers between two readings of their metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from entrypoints.top.servers import Counts, between, quantile

FORM = {"method": "POST", "route": "/shows/{show_id}/checkout"}
API = {"method": "POST", "route": "/api/v1/checkout"}
LIST = {"method": "GET", "route": "/"}


def counts(at: float, *samples: tuple[str, Mapping[str, str], float]) -> Counts:
    return Counts(at, {(f"piquetickets_{name}", frozenset(labels.items())): value for name, labels, value in samples})


def test_rates_are_by_the_second() -> None:
    before = counts(10, ("checkouts_total", {"outcome": "held"}, 100))
    after = counts(
        12,
        ("checkouts_total", {"outcome": "held"}, 160),
        ("checkouts_total", {"outcome": "repeated"}, 2),
        ("checkouts_total", {"outcome": "tickets_unavailable"}, 30),
        ("http_requests_total", {**API, "status": "201"}, 62),
        ("http_requests_total", {**API, "status": "503"}, 8),
    )
    seen = between(before, after, addresses=1)
    assert (seen.taken, seen.refused, seen.requests, seen.failed) == (31, 15, 35, 4)
    assert seen.answering == 1


def test_waits_are_those_of_checkouts_by_api_and_form() -> None:
    after = counts(
        1,
        ("http_request_seconds_bucket", {**API, "le": "0.1"}, 50),
        ("http_request_seconds_bucket", {**API, "le": "1.0"}, 50),
        ("http_request_seconds_bucket", {**API, "le": "+Inf"}, 50),
        ("http_request_seconds_bucket", {**FORM, "le": "0.1"}, 0),
        ("http_request_seconds_bucket", {**FORM, "le": "1.0"}, 50),
        ("http_request_seconds_bucket", {**FORM, "le": "+Inf"}, 50),
        ("http_request_seconds_bucket", {**LIST, "le": "+Inf"}, 5000),
    )
    seen = between(counts(0), after, addresses=1)
    assert seen.wait_p50 == pytest.approx(0.1)
    assert seen.wait_p95 == pytest.approx(0.1 + 0.9 * 0.9)


def test_a_server_that_started_again_counts_from_zero() -> None:
    before = counts(0, ("checkouts_total", {"outcome": "sold"}, 1000))
    after = counts(1, ("checkouts_total", {"outcome": "sold"}, 7))
    assert between(before, after, addresses=1).taken == 7


def test_where_no_one_checks_out_no_wait_is_made_up() -> None:
    assert between(counts(0), counts(1), addresses=1).wait_p99 is None


@pytest.mark.parametrize(("share", "value"), [(0.25, 0.5), (0.5, 1), (0.75, 3), (1, 4)])
def test_a_quantile_is_between_the_bounds(share: float, value: float) -> None:
    assert quantile([(1, 50), (2, 50), (4, 100), (math.inf, 100)], share) == value


def test_beyond_the_last_bound_it_is_that_bound() -> None:
    assert quantile([(1, 10), (math.inf, 20)], 0.9) == 1
