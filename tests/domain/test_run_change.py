"""Changes of several shows of a production, and new hours on the venue's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest

from domain.catalog import Show
from domain.errors import Conflict, InvalidRequest
from domain.run_change import RunChange, RunScope, TimesOfDay, ensure_distinct
from tests.support.factories import NOW, show

NEW_YORK = "America/New_York"
A_DAY = timedelta(days=1)


class TestTimesOfDay:
    def evening(self) -> Show:
        """A show in New York in November: doors 19:30, start 20:00, end 23:00."""
        start = datetime(2027, 11, 13, 1, tzinfo=UTC)
        doors, end = start - timedelta(minutes=30), start + timedelta(hours=3)
        return show(timezone=NEW_YORK, door_time=doors, start_time=start, end_time=end)

    def after(self, **times: time) -> list[str]:
        evening = self.evening()
        changed = evening.changed(**TimesOfDay(**times).of(evening))
        return [f"{moment:%d %H:%M}" for moment in (changed.door_there, changed.start_there, changed.end_there)]

    def test_move_doors_and_end_along_with_the_start(self) -> None:
        assert self.after(start_time=time(19, 30)) == ["12 19:00", "12 19:30", "12 22:30"]

    def test_move_only_what_they_name_if_they_name_no_start(self) -> None:
        assert self.after(door_time=time(18)) == ["12 18:00", "12 20:00", "12 23:00"]
        assert self.after(end_time=time(22)) == ["12 19:30", "12 20:00", "12 22:00"]

    def test_reach_into_the_night_before_or_after(self) -> None:
        assert self.after(end_time=time(1)) == ["12 19:30", "12 20:00", "13 01:00"]
        assert self.after(door_time=time(23, 30), start_time=time(0, 15)) == ["11 23:30", "12 00:15", "12 03:15"]

    def test_refuse_doors_after_the_start(self) -> None:
        with pytest.raises(InvalidRequest, match="cannot open at 21:00, after the start at 20:00") as refused:
            TimesOfDay(door_time=time(21)).of(self.evening())
        assert refused.value.field == "door_time"

    def test_keep_doors_on_the_day_before(self) -> None:
        start = datetime(2027, 6, 5, 18, tzinfo=UTC)
        camp = show(door_time=start - timedelta(hours=20), start_time=start, end_time=start + timedelta(hours=6))
        changed = camp.changed(**TimesOfDay(door_time=time(21)).of(camp))
        assert f"{changed.door_there:%d %H:%M}" == "04 21:00"

    def test_keep_the_last_day_of_a_festival(self) -> None:
        start = datetime(2027, 6, 4, 16, tzinfo=UTC)
        festival = show(
            timezone=NEW_YORK, door_time=start - timedelta(days=2), start_time=start, end_time=start + timedelta(days=2)
        )
        changed = festival.changed(**TimesOfDay(end_time=time(1), door_time=time(18)).of(festival))
        assert f"{changed.door_there:%d %H:%M} {changed.end_there:%d %H:%M}" == "02 18:00 06 01:00"

    def test_change_nothing_if_there_are_none(self) -> None:
        assert TimesOfDay().of(self.evening()) == {}

    def test_that_a_day_does_not_have_are_refused(self) -> None:
        night = show(
            timezone=NEW_YORK,
            door_time=datetime(2027, 3, 14, 5, tzinfo=UTC),
            start_time=datetime(2027, 3, 14, 5, tzinfo=UTC),
            end_time=datetime(2027, 3, 14, 12, tzinfo=UTC),
        )
        with pytest.raises(InvalidRequest, match="skip"):
            TimesOfDay(start_time=time(2, 30)).of(night)


class TestRunChange:
    @pytest.mark.parametrize(
        ("scope", "named", "fields", "field"),
        [
            ("this", 0, {}, "show_ids"),
            ("this", 2, {}, "show_ids"),
            ("these", 0, {}, "show_ids"),
            ("these", 401, {}, "show_ids"),
            ("to_come", 1, {}, "show_ids"),
            ("these", 1, {"since": date(2027, 1, 1)}, "since"),
            ("this", 1, {"starting_at": time(20)}, "starting_at"),
        ],
    )
    def test_that_names_the_wrong_shows_is_refused(
        self, scope: str, named: int, fields: dict[str, Any], field: str
    ) -> None:
        ids = frozenset(uuid4() for _ in range(named))
        with pytest.raises(InvalidRequest) as refusal:
            RunChange(scope=RunScope(scope), show_ids=ids, **fields)
        assert refusal.value.field == field

    def test_of_these_concerns_what_it_names(self) -> None:
        over, to_come = show(**at(-A_DAY)), show(**at(A_DAY))
        these = RunChange(scope=RunScope.THESE, show_ids=frozenset({over.id}))
        assert [these.concerns(each, NOW) for each in (over, to_come)] == [True, False]
        many = RunChange(scope=RunScope.THESE, show_ids=frozenset(uuid4() for _ in range(400)))
        assert not many.concerns(to_come, NOW)

    def test_of_all_to_come_leaves_out_what_is_over_or_cancelled(self) -> None:
        over, cancelled = show(**at(-A_DAY)), show(cancelled=True, **at(A_DAY))
        under_way, next_week = show(**at(-timedelta(hours=1))), show(**at(7 * A_DAY))
        every = (over, cancelled, under_way, next_week)
        all_to_come = RunChange(scope=RunScope.TO_COME)
        assert [all_to_come.concerns(each, NOW) for each in every] == [False, False, True, True]
        noon = RunChange(scope=RunScope.TO_COME, starting_at=time(12))
        assert [noon.concerns(each, NOW) for each in every] == [False, False, False, True]
        later = RunChange(scope=RunScope.TO_COME, since=next_week.start_there.date())
        assert [later.concerns(each, NOW) for each in every] == [False, False, False, True]

    def test_changes_fields_and_hours(self) -> None:
        evening = show(timezone=NEW_YORK, **at(A_DAY))
        change = RunChange(scope=RunScope.TO_COME, fields={"venue": "Elsewhere"}, times=TimesOfDay(start_time=time(18)))
        changed = change.of(evening)
        assert (changed.venue, f"{changed.start_there:%H:%M}", changed.title) == ("Elsewhere", "18:00", evening.title)

    def test_that_puts_two_shows_at_one_time_is_refused(self) -> None:
        matinee, evening, off = show(**at(A_DAY)), show(**at(A_DAY)), show(cancelled=True, **at(A_DAY))
        with pytest.raises(Conflict, match="2026-11-24 12:00"):
            ensure_distinct([matinee, evening], frozenset({matinee.id}))
        ensure_distinct([matinee, evening], frozenset())
        ensure_distinct([matinee, off], frozenset({matinee.id}))

    @pytest.mark.parametrize(("fields", "kind"), [({"title": ""}, InvalidRequest), ({"cancelled": False}, Conflict)])
    def test_that_is_refused_says_for_which_show(self, fields: Any, kind: type[Exception]) -> None:
        cancelled = show(cancelled=True, **at(A_DAY))
        with pytest.raises(kind, match="The show of 2026-11-24 12:00: "):
            RunChange(scope=RunScope.TO_COME, fields=fields).of(cancelled)


def at(distance: timedelta) -> dict[str, Any]:
    """The times of a show that starts so long after now, and lasts two hours."""
    return {"door_time": NOW + distance, "start_time": NOW + distance, "end_time": NOW + distance + timedelta(hours=2)}
