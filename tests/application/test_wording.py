"""English words in the habits of the show's country."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from application import wording
from domain import money
from tests.support.factories import JPY, USD

EVENING = datetime(2026, 11, 27, 18, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("locale", "day", "clock", "euros"),
    [
        ("en-US", "Friday, November 27, 2026", "7:30\N{NO-BREAK SPACE}PM", "€1,025.50"),
        ("en-GB", "Friday, 27 November 2026", "19:30", "€1,025.50"),
        ("de-DE", "Friday, 27 November 2026", "19:30", "1.025,50\N{NO-BREAK SPACE}€"),
        ("ja-JP", "Friday, 27 November 2026", "19:30", "1,025.50\N{NO-BREAK SPACE}€"),
        ("fr", "Friday, 27 November 2026", "19:30", "1,025.50\N{NO-BREAK SPACE}€"),
        ("en", "Friday, November 27, 2026", "7:30\N{NO-BREAK SPACE}PM", "€1,025.50"),
    ],
)
def test_dates_times_and_prices_are_written_as_there(locale: str, day: str, clock: str, euros: str) -> None:
    assert wording.day(EVENING, BERLIN, locale) == day
    assert wording.clock(EVENING, BERLIN, locale) == clock
    assert wording.price(money.currency("EUR"), 1025_50, locale) == euros


def test_a_currency_without_cents_has_none() -> None:
    assert wording.price(JPY, 2500, "en-US") == "¥2,500"


def test_nothing_to_pay_is_free() -> None:
    assert wording.price_tag(USD, 0, "en-US") == wording.price_tag(JPY, 0, "de-DE") == "Free"
    assert wording.price_tag(USD, 2500, "en-US") == "$25.00"


def test_doors_on_another_day_name_it() -> None:
    start = EVENING + timedelta(hours=6)
    assert wording.doors(EVENING, start, BERLIN, "en-GB") == "Friday 19:30"
    assert wording.doors(EVENING, start, ZoneInfo("America/New_York"), "en-GB") == "13:30"


@pytest.mark.parametrize(("zone", "name"), [("Europe/Berlin", "CET"), ("America/Sao_Paulo", "UTC-03")])
def test_a_zone_is_named_or_told_by_its_offset(zone: str, name: str) -> None:
    assert wording.zone(EVENING, ZoneInfo(zone)) == name
