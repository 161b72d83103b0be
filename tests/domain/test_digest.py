"""The daily digest: due once a day at an hour of the producer's clock, whatever clocks, zones and workers do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.digest import LATE_AFTER, Digest, Turn, moment_of, turned, wished
from domain.errors import InvalidRequest
from domain.timezones import NAMES

BERLIN = ZoneInfo("Europe/Berlin")
#: From 1970 to 2036.
MOMENTS = st.integers(0, 2_090_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def local(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def wish(now: datetime, *, hour: int = 8, zone: ZoneInfo = BERLIN) -> Digest:
    return wished(uuid4(), uuid4(), hour, now=now, zone=zone)


def test_the_first_digest_is_todays_if_its_hour_is_still_to_come() -> None:
    assert wish(local("2026-11-28T07:59")).due_at == local("2026-11-28T08:00")
    assert wish(local("2026-11-28T08:00")).due_at == local("2026-11-29T08:00")


@pytest.mark.parametrize("hour", [-1, 24])
def test_an_hour_is_one_of_the_day(hour: int) -> None:
    with pytest.raises(InvalidRequest):
        wish(local("2026-11-28T07:59"), hour=hour)


def test_a_digest_is_sent_on_its_day_and_is_due_on_the_next() -> None:
    digest = wish(local("2026-11-28T07:00"))
    turn = turned(digest, now=local("2026-11-28T08:00"), zone=BERLIN)
    assert turn.send == date(2026, 11, 28)
    assert turn.digest.due_at == local("2026-11-29T08:00")


def test_a_digest_that_is_looked_at_too_early_is_not_sent() -> None:
    digest = wish(local("2026-11-28T07:00"))
    assert turned(digest, now=local("2026-11-28T07:59"), zone=BERLIN) == Turn(digest, None)


def test_of_days_that_were_missed_only_a_timely_one_is_sent() -> None:
    digest = wish(local("2026-11-20T07:00"))
    turn = turned(digest, now=local("2026-11-28T10:00"), zone=BERLIN)
    assert (turn.send, turn.digest.due_at) == (date(2026, 11, 28), local("2026-11-29T08:00"))
    late = turned(digest, now=local("2026-11-28T08:00") + LATE_AFTER, zone=BERLIN)
    assert (late.send, late.digest.due_at) == (None, local("2026-11-29T08:00"))
    night = turned(wish(local("2026-11-20T07:00"), hour=22), now=local("2026-11-28T03:00"), zone=BERLIN)
    assert (night.send, night.digest.due_at) == (date(2026, 11, 27), local("2026-11-28T22:00"))


def test_the_hour_is_the_clocks_when_clocks_change() -> None:
    # 29 March 2026: 2:00 is followed by 3:00. 25 October 2026: 2:00 to 3:00 comes twice.
    assert moment_of(date(2026, 3, 29), 2, BERLIN) == local("2026-03-29T03:00")
    assert moment_of(date(2026, 10, 25), 2, BERLIN) == datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    digest = wish(local("2026-10-24T12:00"), hour=2)
    first = turned(digest, now=datetime(2026, 10, 25, 0, 0, tzinfo=UTC), zone=BERLIN)
    assert first.send == date(2026, 10, 25)
    again = turned(first.digest, now=datetime(2026, 10, 25, 1, 0, tzinfo=UTC), zone=BERLIN)
    assert again.send is None
    assert moment_of(date(2026, 3, 29), 8, BERLIN) - moment_of(date(2026, 3, 28), 8, BERLIN) == 23 * HOUR


def test_a_producer_that_tours_has_no_day_twice() -> None:
    tokyo, hawaii = ZoneInfo("Asia/Tokyo"), ZoneInfo("Pacific/Honolulu")
    digest = wish(local("2026-11-27T20:00", tokyo), zone=tokyo)
    sent = turned(digest, now=local("2026-11-28T08:00", tokyo), zone=tokyo)
    assert sent.send == date(2026, 11, 28)
    # In Hawaii it is the 27th, and the 28th comes again: it was sent.
    there = turned(sent.digest, now=local("2026-11-28T08:00", hawaii), zone=hawaii)
    assert (there.send, there.digest.day) == (None, date(2026, 11, 29))
    assert there.digest.due_at == local("2026-11-29T08:00", hawaii)


@given(
    zones=st.lists(st.sampled_from(sorted(NAMES)).map(ZoneInfo), min_size=1, max_size=3),
    begin=MOMENTS,
    hour=st.integers(0, 23),
    pauses=st.lists(st.timedeltas(min_value=timedelta(minutes=1), max_value=3 * DAY), max_size=20),
)
def test_no_day_is_sent_twice_and_the_next_moment_is_always_ahead(
    zones: list[ZoneInfo], begin: datetime, hour: int, pauses: list[timedelta]
) -> None:
    now, digest = begin, wish(begin, hour=hour, zone=zones[0])
    sent: list[date] = []
    assert digest.due_at > now
    for place, pause in enumerate(pauses):
        now += pause
        zone = zones[place % len(zones)]
        turn = turned(digest, now=now, zone=zone)
        if turn.send:
            assert digest.due_at <= now or len(zones) > 1
            sent.append(turn.send)
        digest = turn.digest
        assert digest.due_at > now
        assert not sent or digest.day > sent[-1]
    assert sent == sorted(set(sent))


@given(
    zone=st.sampled_from(sorted(NAMES)).map(ZoneInfo),
    begin=MOMENTS,
    hour=st.integers(0, 23),
)
def test_a_worker_that_looks_every_minute_sends_each_day_at_its_hour(
    zone: ZoneInfo, begin: datetime, hour: int
) -> None:
    digest, days = wish(begin, hour=hour, zone=zone), []
    for _ in range(40):  # as a worker does: when it is due, and not before
        now = digest.due_at + timedelta(seconds=30)
        turn = turned(digest, now=now, zone=zone)
        assert turn.send is not None
        days.append(turn.send)
        digest = turn.digest
    assert days == [days[0] + each * DAY for each in range(40)]
