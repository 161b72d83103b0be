"""Rules for when the shows of a run start."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidRequest
from domain.schedule import MAX_SHOWS_AT_ONCE, Frequency, Rule, Weekday, starts_on

EVENING = time(20, 0)
MATINEE = time(15, 0)
#: A Tuesday.
FIRST = date(2027, 6, 1)
WEEK = list(Weekday)
at = datetime.fromisoformat


def rule(**fields: Any) -> Rule:
    """A rule for evenings from the first of June on, a Tuesday; four of them unless it ends otherwise."""
    end = {} if fields.keys() & {"until", "count"} else {"count": 4}
    return Rule(**{"first": FIRST, "times": (EVENING,), **end, **fields})


def starts(**fields: Any) -> list[str]:
    return [start.time.isoformat(" ", "minutes") for start in rule(**fields).starts()]


def days(**fields: Any) -> list[str]:
    return [start[:10] for start in starts(**fields)]


def test_a_rule_without_days_is_for_the_first_days_weekday() -> None:
    assert starts(count=3) == ["2027-06-01 20:00", "2027-06-08 20:00", "2027-06-15 20:00"]


def test_a_rule_has_every_time_on_every_one_of_its_weekdays() -> None:
    found = starts(weekdays=(Weekday.SATURDAY, Weekday.FRIDAY), times=(EVENING, MATINEE), until=date(2027, 6, 12))
    assert found == [f"2027-06-{day} {hour}" for day in ("04", "05", "11", "12") for hour in ("15:00", "20:00")]


def test_count_counts_shows_and_not_days() -> None:
    assert len(starts(times=(MATINEE, EVENING), count=3)) == 3


def test_the_last_day_belongs_to_the_run() -> None:
    assert days(frequency=Frequency.DAILY, until=date(2027, 6, 3))[-1] == "2027-06-03"
    assert days(until=FIRST) == ["2027-06-01"]


def test_a_rule_may_leave_weeks_out() -> None:
    assert days(interval=2, count=3) == ["2027-06-01", "2027-06-15", "2027-06-29"]


def test_a_rule_for_the_31st_leaves_shorter_months_out() -> None:
    found = days(first=date(2027, 1, 31), frequency=Frequency.MONTHLY, until=date(2028, 1, 31))
    assert [day[5:] for day in found] == ["01-31", "03-31", "05-31", "07-31", "08-31", "10-31", "12-31", "01-31"]


def test_a_rule_for_the_last_day_has_every_month() -> None:
    found = days(first=date(2027, 12, 31), frequency=Frequency.MONTHLY, month_days=(-1,), count=3)
    assert found == ["2027-12-31", "2028-01-31", "2028-02-29"]


def test_a_rule_may_be_for_the_first_friday_and_the_last_sunday() -> None:
    monthly: dict[str, Any] = {"frequency": Frequency.MONTHLY, "count": 3}
    assert days(weekdays=(Weekday.FRIDAY,), weeks=(1,), **monthly) == ["2027-06-04", "2027-07-02", "2027-08-06"]
    assert days(weekdays=(Weekday.SUNDAY,), weeks=(-1,), **monthly) == ["2027-06-27", "2027-07-25", "2027-08-29"]


def test_exceptions_leave_a_day_or_one_show_out_and_are_counted() -> None:
    found = starts(
        times=(MATINEE, EVENING), count=6, exceptions=(date(2027, 6, 8), at("2027-06-15T15:00"), date(2027, 12, 24))
    )
    assert found == ["2027-06-01 15:00", "2027-06-01 20:00", "2027-06-15 20:00"]


def test_additional_shows_come_on_top() -> None:
    assert starts(count=1, additional=(at("2027-12-31T18:00"),)) == ["2027-06-01 20:00", "2027-12-31 18:00"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"times": ()}, "rule.times"),
        ({"times": (EVENING, EVENING)}, "rule.times"),
        ({"times": (time(20, tzinfo=UTC),)}, "rule.times"),
        ({"until": None, "count": None}, "rule.until"),
        ({"until": date(2027, 7, 1), "count": 3}, "rule.until"),
        ({"until": date(2027, 5, 31)}, "rule.until"),
        ({"until": date(2032, 6, 5)}, "rule.until"),
        ({"count": 0}, "rule.count"),
        ({"count": 401}, "rule.count"),
        ({"interval": 0}, "rule.interval"),
        ({"interval": 101}, "rule.interval"),
        ({"weeks": (1,)}, "rule.weeks"),
        ({"weeks": (1,), "weekdays": (Weekday.FRIDAY,)}, "rule.weeks"),
        ({"weeks": (6,), "weekdays": (Weekday.FRIDAY,), "frequency": Frequency.MONTHLY}, "rule.weeks"),
        ({"month_days": (1,)}, "rule.month_days"),
        ({"month_days": (32,), "frequency": Frequency.MONTHLY}, "rule.month_days"),
        ({"month_days": (0,), "frequency": Frequency.MONTHLY}, "rule.month_days"),
        ({"first": date(1, 1, 1)}, "rule.from"),
        ({"first": date(9999, 12, 31)}, "rule.from"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        rule(**fields)
    assert refusal.value.field == field


def test_a_rule_that_gives_no_show_is_refused() -> None:
    thirtieth_of_february = rule(
        first=date(2027, 2, 1), frequency=Frequency.MONTHLY, interval=12, month_days=(30,), until=date(2032, 1, 1)
    )
    with pytest.raises(InvalidRequest, match="no show at all"):
        thirtieth_of_february.starts()


def test_a_rule_that_takes_too_long_for_its_count_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="gives only 1 shows") as refusal:
        rule(frequency=Frequency.MONTHLY, interval=100, count=2).starts()
    assert refusal.value.field == "rule.count"


@pytest.mark.parametrize("count", [MAX_SHOWS_AT_ONCE, MAX_SHOWS_AT_ONCE + 1])
def test_at_most_400_shows_are_made_at_once(count: int) -> None:
    ruled = rule(frequency=Frequency.DAILY, until=FIRST + timedelta(days=count - 1))
    with_more = rule(
        frequency=Frequency.DAILY, count=399, additional=[at(f"2030-01-0{n + 1}T20:00") for n in range(count - 399)]
    )
    listed = [at("2027-01-01T00:00") + timedelta(hours=hour) for hour in range(count)]
    for attempt in (ruled.starts, with_more.starts, lambda: starts_on(listed)):
        if count > MAX_SHOWS_AT_ONCE:
            with pytest.raises(InvalidRequest, match="At most 400 shows"):
                attempt()
        else:
            assert len(attempt()) == count


def test_listed_dates_know_their_place_in_the_request() -> None:
    starts = starts_on([at("2027-06-02T20:00"), at("2027-06-01T20:00")])
    assert [start.field for start in starts] == ["dates[0]", "dates[1]"]
    with pytest.raises(InvalidRequest, match="no show at all"):
        starts_on([])


@given(
    first=st.dates(date(2027, 1, 1), date(2028, 12, 31)),
    length=st.integers(0, 120),
    weekdays=st.sets(st.sampled_from(WEEK), min_size=1),
    times=st.sets(st.times().map(lambda at: at.replace(microsecond=0, fold=0)), min_size=1, max_size=3),
    left_out=st.sets(st.integers(0, 120)),
)
def test_a_weekly_rule_has_exactly_its_weekdays(
    first: date, length: int, weekdays: Collection[Weekday], times: Collection[time], left_out: Collection[int]
) -> None:
    until = first + timedelta(days=length)
    exceptions = {first + timedelta(days=day) for day in left_out}
    weekly = Rule(first=first, times=tuple(times), until=until, weekdays=tuple(weekdays), exceptions=tuple(exceptions))
    every_day = [first + timedelta(days=day) for day in range(length + 1)]
    wanted = [
        datetime.combine(day, at)
        for day in every_day
        for at in sorted(times)
        if WEEK[day.weekday()] in weekdays and day not in exceptions
    ]
    if 0 < len(wanted) <= MAX_SHOWS_AT_ONCE:
        assert [start.time for start in weekly.starts()] == wanted
    else:
        with pytest.raises(InvalidRequest):
            weekly.starts()
