"""The scales of charts: round marks that cover the values, and labels that have room beside each other."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.currencies import ROWS
from domain.money import currency
from entrypoints.office.scales import (
    MOST_BUCKETS,
    Bucket,
    Count,
    Countdown,
    Days,
    Money,
    Names,
    labelled,
    text_width,
    ticks,
)

VALUES = st.integers(-(10**18), 10**18)
DATES = st.dates(date(2000, 1, 1), date(2100, 1, 1))
LOCALES = ("en-US", "de-DE", "de-CH", "fr-FR", "ja-JP", "ar-EG", "he-IL", "hi-IN", "es-ES", "sv-SE", "en-IN", "pl-PL")


@given(VALUES, VALUES, st.integers(2, 12), st.sampled_from([1, 10, 100]))
def test_ticks_cover_all_values_evenly_and_round(one: int, other: int, most: int, finest: int) -> None:
    low, high = sorted((one, other))
    found = ticks(low, high, most=most, finest=finest)
    steps = {after - before for before, after in pairwise(found)}
    (step,) = steps
    assert found[0] <= min(low, 0)
    assert found[-1] >= max(high, 0)
    assert 0 in found
    assert 1 <= len(found) - 1 <= most
    assert step % finest == 0
    assert str(step // finest).rstrip("0") in {"1", "2", "25", "5"}
    # No mark beyond what the values need.
    assert found[0] + step > min(low, 0) or found[0] == 0
    assert found[-1] - step < max(high, 0) or found[-1] == finest


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 0, [0, 1]),
        (0, 1, [0, 1]),
        (0, 7, [0, 2, 4, 6, 8]),
        (0, 120, [0, 25, 50, 75, 100, 125]),
        (-30, 70, [-40, -20, 0, 20, 40, 60, 80][0:7]),
        (-5, 0, [-5, -4, -3, -2, -1, 0]),
        (0, 10**15 + 1, [0, 25 * 10**13, 50 * 10**13, 75 * 10**13, 10**15, 125 * 10**13]),
    ],
)
def test_ticks_are_those_that_people_would_choose(low: int, high: int, expected: list[int]) -> None:
    assert ticks(low, high, most=6 if low == -30 else 5) == expected


@given(st.integers(1, 10**15), st.sampled_from(ROWS), st.sampled_from(LOCALES))
def test_marks_of_an_axis_differ(high: int, row: object, locale: str) -> None:
    code = row.code  # type: ignore[attr-defined]
    for unit in (Money(currency(code), locale), Count("Tickets", locale)):
        marks = [unit.mark(tick) for tick in ticks(0, high, finest=unit.finest)]
        assert len(set(marks)) == len(marks), marks


@pytest.mark.parametrize(
    ("code", "locale", "value", "mark"),
    [
        ("USD", "en-US", 2500, "$25"),
        ("USD", "en-US", 2550, "$25.50"),
        ("USD", "en-US", 1_250_000, "$12.5K"),
        ("EUR", "de-DE", 4_000_000, "40.000\N{NO-BREAK SPACE}€"),
        ("EUR", "de-DE", -250_000_000, "-2,5\N{NO-BREAK SPACE}Mio.\N{NO-BREAK SPACE}€"),
        ("JPY", "ja-JP", 25_000, "￥2.5万"),
        ("ISK", "is-IS", 250_000, "2.500\N{NO-BREAK SPACE}kr."),
    ],
)
def test_money_at_an_axis_is_short_and_exact(code: str, locale: str, value: int, mark: str) -> None:
    assert Money(currency(code), locale).mark(value) == mark


@given(DATES, st.integers(0, 4000), st.sampled_from(LOCALES), st.integers(10, 80))
def test_days_have_labels_that_do_not_touch(first: date, length: int, locale: str, room: int) -> None:
    last = first + timedelta(days=length)
    bucket = Bucket.of(first, last)
    axis = Days(first, last, locale, bucket)
    starts = axis.starts
    assert starts[0] <= first
    assert bucket.next(starts[-1]) > last
    assert all(bucket.next(before) == after for before, after in pairwise(starts))
    if bucket is not Bucket.MONTH:
        assert len(starts) <= MOST_BUCKETS + 1
    _assert_room([position.mark for position in axis.positions], labelled(axis, room), room)


@given(st.integers(0, 400), st.integers(0, 400), st.integers(10, 80))
def test_days_to_go_are_labelled_at_weeks_and_at_the_start(before: int, after: int, room: int) -> None:
    axis = Countdown(before, -after, "en-US")
    chosen = labelled(axis, room)
    _assert_room([position.mark for position in axis.positions], chosen, room)
    if len(chosen) > 1:
        assert before in chosen  # the day itself


@given(st.lists(st.text("abcdefÖ劇場שלום ", max_size=30), max_size=30), st.integers(10, 80))
def test_names_have_labels_that_do_not_touch(names: list[str], room: int) -> None:
    axis = Names("Type", names)
    _assert_room(names, labelled(axis, room), room)


def _assert_room(marks: list[str], chosen: list[int], room: int) -> None:
    assert len(chosen) >= min(len(marks), 1)
    band = room / max(len(marks), 1)
    for before, after in pairwise(chosen):
        assert (after - before) * band > (text_width(marks[before]) + text_width(marks[after])) / 2


@given(DATES, st.sampled_from(LOCALES), st.sampled_from(Bucket))
def test_every_day_is_in_one_bucket(day: date, locale: str, bucket: Bucket) -> None:
    start = bucket.start(day, locale)
    assert start <= day < bucket.next(start)
    assert bucket.start(start, locale) == start


def test_weeks_begin_as_in_the_country() -> None:
    friday = date(2026, 11, 27)
    assert Bucket.WEEK.start(friday, "de-DE") == date(2026, 11, 23)
    assert Bucket.WEEK.start(friday, "en-US") == date(2026, 11, 22)
    weeks = Days(friday, friday + timedelta(days=9), "de-DE", Bucket.WEEK)
    assert [week.label for week in weeks.positions] == ["27.–29. Nov. 2026", "30. Nov. – 6. Dez. 2026"]
