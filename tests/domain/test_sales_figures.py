"""Recent sales: today, a week and a month beside the same time before, on the producer's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from domain.money import currency
from domain.sales_figures import Period, Sales, SalesCalendar, Slice, Span, change_percent
from domain.timezones import NAMES

BERLIN = ZoneInfo("Europe/Berlin")
#: A Saturday, at 13:30 in Berlin.
NOW = datetime(2026, 11, 28, 12, 30, tzinfo=UTC)
#: From 1970 to 2036.
MOMENTS = st.integers(0, 2_090_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
EUR, USD = currency("EUR"), currency("USD")
ONE = Sales(orders=1, tickets=2, paid=50_00)


def sliced(calendar: SalesCalendar, *moments: datetime) -> list[Slice]:
    """One order at each of the moments, as storage sums them up."""
    marks = calendar.marks
    return [Slice(max(mark for mark in marks if mark <= moment), EUR, ONE) for moment in moments if moment >= marks[0]]


def counted(*local: str, now: datetime = NOW, zone: ZoneInfo = BERLIN) -> dict[Period, tuple[int, int]]:
    calendar = SalesCalendar(now, zone)
    moments = [datetime.fromisoformat(each).replace(tzinfo=zone).astimezone(UTC) for each in local]
    recent = calendar.recent(sliced(calendar, *moments))
    return {each.period: (each.now.orders, each.before.orders) for each in recent.comparisons}


def test_today_is_compared_with_yesterday_until_the_same_hour() -> None:
    assert counted("2026-11-28T00:00", "2026-11-28T13:29")[Period.TODAY] == (2, 0)
    assert counted("2026-11-27T00:00", "2026-11-27T13:29")[Period.TODAY] == (0, 2)
    assert counted("2026-11-27T13:30", "2026-11-27T23:59", "2026-11-26T12:00")[Period.TODAY] == (0, 0)


def test_a_week_has_seven_days_with_today_and_is_compared_with_the_seven_before() -> None:
    assert counted("2026-11-22T00:00", "2026-11-28T13:00")[Period.WEEK] == (2, 0)
    assert counted("2026-11-21T13:29", "2026-11-15T00:00")[Period.WEEK] == (0, 2)
    assert counted("2026-11-21T13:30", "2026-11-14T23:59")[Period.WEEK] == (0, 0)


def test_a_month_has_thirty_days_with_today() -> None:
    assert counted("2026-10-30T00:00")[Period.MONTH] == (1, 0)
    assert counted("2026-10-29T13:00", "2026-09-30T00:00")[Period.MONTH] == (0, 2)
    assert counted("2026-10-29T13:30", "2026-09-29T23:59")[Period.MONTH] == (0, 0)


def test_the_hour_is_the_clocks_even_where_clocks_changed_between() -> None:
    # Clocks went back on 25 October: a day later it is 13:00 again 25 hours after.
    now = datetime(2026, 10, 25, 12, 0, tzinfo=UTC)  # 13:00
    assert counted("2026-10-24T12:59", now=now)[Period.TODAY] == (0, 1)
    assert counted("2026-10-24T13:00", now=now)[Period.TODAY] == (0, 0)


def test_money_of_two_currencies_stays_apart() -> None:
    calendar = SalesCalendar(NOW, BERLIN)
    mark = calendar.marks[-1]
    recent = calendar.recent(
        [
            Slice(mark, USD, Sales(orders=1, tickets=1, paid=30_00, refunded=10_00)),
            Slice(mark, EUR, Sales(orders=2, tickets=3, paid=75_00)),
        ]
    )
    today = recent.comparisons[0].now
    assert (today.orders, today.tickets) == (3, 4)
    assert [(each.currency.code, each.kept) for each in today.money] == [("EUR", 75_00), ("USD", 20_00)]
    assert recent.comparisons[0].before == Span(orders=0, tickets=0, money=())


def test_the_chart_has_each_of_thirty_days_with_and_without_orders() -> None:
    calendar = SalesCalendar(NOW, BERLIN)
    days = dict(calendar.recent(sliced(calendar, NOW, NOW - timedelta(days=1))).orders_by_day)
    assert (min(days), max(days), len(days)) == (date(2026, 10, 30), date(2026, 11, 28), 30)
    assert {day: orders for day, orders in days.items() if orders} == {date(2026, 11, 28): 1, date(2026, 11, 27): 1}


@given(
    zone=st.sampled_from(sorted(NAMES)).map(ZoneInfo),
    now=MOMENTS,
    ago=st.lists(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=59)), max_size=5),
)
def test_everything_of_the_month_and_the_one_before_is_counted_once(
    zone: ZoneInfo, now: datetime, ago: list[timedelta]
) -> None:
    calendar = SalesCalendar(now, zone)
    marks = calendar.marks
    assert marks == sorted(set(marks))
    assert marks[-1] <= now
    moments = [now - each for each in ago]
    recent = calendar.recent(sliced(calendar, *moments))
    today = now.astimezone(zone).date()
    expected = [moment for moment in moments if (today - moment.astimezone(zone).date()).days < 30]
    month = next(each for each in recent.comparisons if each.period is Period.MONTH)
    assert month.now.orders == len(expected) == sum(orders for _, orders in recent.orders_by_day)


def test_a_change_is_in_percent_where_there_was_something_before() -> None:
    assert change_percent(150, 100) == 50
    assert change_percent(50, 100) == -50
    assert change_percent(7, 0) is None
    assert change_percent(0, -5) is None
