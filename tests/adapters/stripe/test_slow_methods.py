"""The payment methods that are offered for a show that is near."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from stripe.params.checkout import SessionCreateParams

from adapters.stripe.slow_methods import IMMEDIATE_METHODS, SLOW_METHODS, too_slow

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def test_every_method_that_a_session_can_leave_out_is_known_as_slow_or_immediate() -> None:
    """If this fails after an upgrade of the SDK, look at the page of each new method at docs.stripe.com/payments:
    "delayed notification" makes it slow, for as long as the page says.
    """
    declared = str(SessionCreateParams.__annotations__["excluded_payment_method_types"])

    assert set(re.findall(r"['\"](\w+)['\"]", declared)) == IMMEDIATE_METHODS | SLOW_METHODS.keys()
    assert not IMMEDIATE_METHODS & SLOW_METHODS.keys()


def test_method_without_an_end_is_never_offered() -> None:
    assert too_slow(paid_by=NOW, needed_by=NOW + timedelta(days=3650)) == ["customer_balance"]


def test_near_show_offers_only_methods_that_answer_at_once() -> None:
    assert too_slow(paid_by=NOW, needed_by=NOW + timedelta(days=1)) == sorted(SLOW_METHODS)


@pytest.mark.parametrize(("method", "takes"), [(name, takes) for name, takes in SLOW_METHODS.items() if takes])
def test_method_is_offered_from_the_moment_on_that_its_money_comes_in_time(method: str, takes: timedelta) -> None:
    assert method not in too_slow(paid_by=NOW, needed_by=NOW + takes)
    assert method in too_slow(paid_by=NOW, needed_by=NOW + takes - timedelta(seconds=1))


@pytest.mark.parametrize(("method", "days"), [("us_bank_account", 7), ("bacs_debit", 12), ("sepa_debit", 21)])
def test_business_days_have_weekends_and_a_holiday_among_them(method: str, days: int) -> None:
    assert SLOW_METHODS[method] == timedelta(days=days)
