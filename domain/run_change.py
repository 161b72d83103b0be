"""A change of several shows of a production at once, on the venue's clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.catalog import Show, ShowFields
from domain.errors import Conflict, DomainError, InvalidRequest, NotFound
from domain.production import Original, Template, times_around
from domain.schedule import MAX_SHOWS_AT_ONCE, Start

_A_DAY: Final = timedelta(days=1)
#: The longest that doors open before a start after midnight. A time that is earlier is a typing error.
_A_NIGHT: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimesOfDay:
    """New hours on the venue's clock for shows that keep their days. Doors and end keep their distance from the start
    unless they are given.
    """

    door_time: time | None = None
    start_time: time | None = None
    end_time: time | None = None

    def of(self, show: Show) -> ShowFields:
        """The times of the show that change. Raises InvalidRequest for a start that its day does not have,
        and for doors after the start."""
        doors, before, end = (local.replace(fold=0) for local in show.venue_clock.times)
        start, times = before, ShowFields()
        if self.start_time is not None:
            start = datetime.combine(before.date(), self.start_time)
            kept = Template.of(Original(show=show, tickets=()))
            times = times_around(Start(start, "start_time"), show.timezone, doors=kept.doors, lasts=kept.lasts)
        if self.door_time is not None:
            times["door_time"] = self._doors(start, doors, before)
        if self.end_time is not None:
            times["end_time"] = self._end(start, end, before)
        return times

    def _doors(self, start: datetime, doors: datetime, before: datetime) -> datetime:
        """The last such time before the start, or on the day of the doors if that is more than a day before.

        Raises InvalidRequest for a time after the start, if it would put doors of that day on the day before.
        """
        assert self.door_time is not None  # noqa: S101  # the caller has looked
        if before - doors > _A_DAY:
            return datetime.combine(doors.date(), self.door_time)
        same_day = datetime.combine(start.date(), self.door_time)
        if same_day <= start:
            return same_day
        night_before = same_day - _A_DAY
        if start - night_before > _A_NIGHT and doors.date() == before.date():
            raise InvalidRequest(
                f"The doors cannot open at {self.door_time:%H:%M}, after the start at {start:%H:%M}", field="door_time"
            )
        return night_before

    def _end(self, start: datetime, end: datetime, before: datetime) -> datetime:
        """The next such time after the start, or on the last day of a show of several days."""
        assert self.end_time is not None  # noqa: S101  # the caller has looked
        if end - before > _A_DAY:
            return datetime.combine(end.date(), self.end_time)
        same_day = datetime.combine(start.date(), self.end_time)
        return same_day if same_day >= start else same_day + _A_DAY


class RunScope(StrEnum):
    """Which shows of a production a change is for."""

    THIS = "this"
    THESE = "these"
    TO_COME = "to_come"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSelection:
    """One show of a production (``this``), some (``these``), or all shows to come (``to_come``).

    A show is to come while it is neither over nor cancelled. ``since`` leaves out those that start before that day, and
    ``starting_at`` those that start at another hour.
    """

    scope: RunScope
    show_ids: frozenset[UUID] = frozenset()
    since: date | None = None
    starting_at: time | None = None

    def __post_init__(self) -> None:
        named = len(self.show_ids)
        most = {RunScope.THIS: 1, RunScope.THESE: MAX_SHOWS_AT_ONCE, RunScope.TO_COME: 0}[self.scope]
        if named > most or (most and not named):
            wanted = {0: "no show_ids", 1: "exactly one of show_ids"}.get(most, f"1 to {most} show_ids")
            raise InvalidRequest(f"The scope {self.scope} takes {wanted}", field="show_ids")
        for name in ("since", "starting_at"):
            if getattr(self, name) is not None and self.scope is not RunScope.TO_COME:
                raise InvalidRequest(f"{name} is for the scope to_come", field=name)

    def concerns(self, show: Show, now: datetime) -> bool:
        """Whether this show of the production is meant."""
        if self.scope is not RunScope.TO_COME:
            return show.id in self.show_ids
        start = show.start_there
        is_meant = (self.since is None or start.date() >= self.since) and (
            self.starting_at is None or start.time().replace(fold=0) == self.starting_at
        )
        return is_meant and show.takes_place_after(now)

    def among(self, run: Iterable[Show], now: datetime) -> list[Show]:
        """The shows of the production that are meant. Raises NotFound for a named one that is none of them, and
        InvalidRequest for more than ``MAX_SHOWS_AT_ONCE``.
        """
        found = [show for show in run if self.concerns(show, now)]
        if self.show_ids - {show.id for show in found}:
            raise NotFound("No such show in this production")
        if len(found) > MAX_SHOWS_AT_ONCE:
            raise InvalidRequest(
                f"At most {MAX_SHOWS_AT_ONCE} shows are changed at once, and these are {len(found)}: name some of them",
                field="scope",
            )
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChange(RunSelection):
    """A change of the shows that are meant."""

    fields: ShowFields = field(default_factory=ShowFields)
    times: TimesOfDay = field(default_factory=TimesOfDay)

    def of(self, show: Show) -> Show:
        """The show with the change. Raises InvalidRequest and Conflict, which say which show is to blame."""
        try:
            return show.changed(**self.fields | self.times.of(show))
        except (InvalidRequest, Conflict) as error:
            raise about(show, error) from None


def ensure_distinct(after: Iterable[Show], changed: frozenset[UUID]) -> None:
    """Raises Conflict if one of the changed shows of a production starts with another one.

    That is how a change of all evenings would move the matinees as well.
    """
    starts: dict[datetime, Show] = {}
    for show in after:
        if show.cancelled:
            continue
        other = starts.setdefault(show.start_time, show)
        if other is not show and not changed.isdisjoint({show.id, other.id}):
            raise Conflict(f"Two shows of the production would start at {show.start_there:%Y-%m-%d %H:%M}")


def about(show: Show, error: DomainError) -> DomainError:
    """The refusal, with the show that it is about."""
    return type(error)(f"The show of {show.start_there:%Y-%m-%d %H:%M}: {error}", field=error.field)
