"""Use cases: shows whose moments follow time zone rules that have changed since.

A show is when the clock at the venue shows its times. Governments change the rules that turn this into a moment, often
months ahead and sometimes weeks, and a new version of this software brings a new release of the rules. Until the
moments are derived again, programs use the old ones: the end of sales, reminders and calendars are off by the
difference.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from application.access.audit_log import AuditLog
from application.notifications.show_change_tasks import announce_other_moments
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.catalog import Show
from domain.timezones import FARTHEST, NAMES, RULES

_PAGE: Final = 1000
#: How long a count of outdated shows is fresh enough for metrics.
_KEPT_FOR: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class OutdatedShow:
    """A show as it is stored, and with the moments that the rules in force give it."""

    stored: Show
    mended: Show

    @property
    def words(self) -> str:
        """A description of the difference, for a person."""
        start, stored = self.stored.start_there, self.stored.local(self.stored.start_time)
        return (
            f"starts {start:%Y-%m-%d %H:%M} in {self.stored.timezone}, which is "
            f"{start.isoformat()} by the rules {RULES}; stored is {stored.isoformat()} "
            f"by {self.stored.venue_clock.rules}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TimezoneFindings:
    """Of the ``shows`` that are not over: those that are ``outdated``, and those whose time zone has an ``unknown``
    name, which only the host's own files may know. ``rules`` is the release in force.
    """

    rules: str
    shows: int
    outdated: tuple[OutdatedShow, ...]
    unknown: tuple[Show, ...]

    @property
    def are_fine(self) -> bool:
        return not self.outdated and not self.unknown


@dataclass(frozen=True, slots=True)
class TimezonesApplied:
    """The fixed shows, and how many buyers get a corrected calendar entry."""

    mended: tuple[OutdatedShow, ...]
    mails: int


class CheckTimezones:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self) -> TimezoneFindings:
        """Look at every show that is not over. Changes nothing. Raises StorageUnavailable."""
        async with self._unit_of_work(read_only=True) as uow:
            shows = [show async for show in _to_come(uow, self._clock.now())]
        return TimezoneFindings(
            rules=RULES,
            shows=len(shows),
            outdated=tuple(outdated(shows)),
            unknown=tuple(show for show in shows if show.timezone not in NAMES),
        )


class WatchTimezones:
    """The number of outdated shows, counted at intervals: metrics are read all the time."""

    def __init__(self, check: CheckTimezones, clock: Clock) -> None:
        self._check = check
        self._clock = clock
        self._counted: tuple[datetime, int] | None = None

    async def __call__(self) -> int:
        """The number of outdated shows. Raises StorageUnavailable."""
        now = self._clock.now()
        if self._counted is None or now - self._counted[0] > _KEPT_FOR:
            self._counted = now, len((await self._check()).outdated)
        return self._counted[1]


class ApplyTimezones:
    """Derives the moments of outdated shows again: all of them in one transaction, or none."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._audit = audit

    async def __call__(self) -> TimezonesApplied:
        """Fix all outdated shows. Reminders get their new time, and every buyer whose calendar has the old moment gets
        the correct entry once: a fixed show is no longer outdated, so another run does nothing.
        """
        now, mended, mails = self._clock.now(), [], 0
        async with self._unit_of_work() as uow:
            for seen in outdated([show async for show in _to_come(uow, now)]):
                stored = await uow.shows.lock(seen.stored.id)
                for each in outdated([stored] if stored else []):
                    await uow.shows.save(each.mended)
                    mails += await announce_other_moments(uow, each.mended, now=now)
                    await self._record(uow, each)
                    mended.append(each)
            await uow.commit()
        return TimezonesApplied(tuple(mended), mails)

    async def _record(self, uow: UnitOfWork, show: OutdatedShow) -> None:
        before, after = show.stored, show.mended
        actor = Actor(before.producer_id)
        await self._audit.record(
            uow, actor, Action.SHOW_TIMES_DERIVED, before.id, show_id=before.id, before=before, after=after
        )


def outdated(shows: Iterable[Show]) -> Iterator[OutdatedShow]:
    """The shows that the rules in force put at other moments."""
    for show in shows:
        mended = show.by_rules_in_force()
        moments = [(each.door_time, each.start_time, each.end_time) for each in (show, mended)]
        if moments[0] != moments[1]:
            yield OutdatedShow(show, mended)


async def _to_come(uow: UnitOfWork, now: datetime) -> AsyncIterator[Show]:
    after = None
    while page := await uow.shows.to_come(since=now - FARTHEST, after=after, limit=_PAGE):
        for show in page:
            yield show
        after = page[-1].id
