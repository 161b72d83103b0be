"""Use cases: shows whose moments follow time zone rules that have changed since.

A show is when the clock at the venue shows its times. Governments change the rules that turn this into a moment, often
months ahead and sometimes weeks, and a new version of this software brings a new release of the rules. Until the
moments are derived again, programs use the old ones: the end of sales, reminders and calendars are off by the
difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from application.access.audit_log import AuditLog
from application.catalog.sale_times import ShowToCome, derive_sale_times, shows_to_come
from application.notifications.show_change_tasks import announce_other_moments
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.catalog import Show, Ticket
from domain.timezones import FARTHEST, NAMES, RULES

#: How long a count of outdated shows is fresh enough for metrics.
_KEPT_FOR: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class OutdatedShow:
    """A show as it is stored, and with the moments that the rules in force give it.

    ``tickets`` are the ticket types whose sale times have other moments: as they are stored, and by these rules.
    """

    stored: Show
    mended: Show
    tickets: tuple[tuple[Ticket, Ticket], ...] = ()

    @property
    def is_moved(self) -> bool:
        """Whether the show itself is at another moment, and not only its sale."""
        return _moments(self.stored) != _moments(self.mended)

    @property
    def words(self) -> str:
        """A description of the difference, for a person."""
        if not self.is_moved:
            names = ", ".join(ticket.name for ticket, _ in self.tickets)
            what = f"sale times of {names}" if names else "its sale times"
            return f"the rules {RULES} of {self.stored.timezone} give {what} other moments than those stored"
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
            shows = [each async for each in shows_to_come(uow, since=self._clock.now() - FARTHEST)]
        return TimezoneFindings(
            rules=RULES,
            shows=len(shows),
            outdated=tuple(outdated(shows)),
            unknown=tuple(each.show for each in shows if each.show.timezone not in NAMES),
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
            to_come = [each async for each in shows_to_come(uow, since=now - FARTHEST)]
            for seen in outdated(to_come):
                if each := await self._mend(uow, seen):
                    mails += await announce_other_moments(uow, each.mended, now=now) if each.is_moved else 0
                    mended.append(each)
            await uow.commit()
        return TimezonesApplied(tuple(mended), mails)

    async def _mend(self, uow: UnitOfWork, seen: OutdatedShow) -> OutdatedShow | None:
        """Fix the show, as it is now that it is locked. Returns what there was to fix."""
        stored = await uow.shows.lock(seen.stored.id)
        if stored is None:
            return None
        mended = OutdatedShow(stored, stored.by_rules_in_force(), tuple(await derive_sale_times(uow, stored)))
        if not mended.tickets and not _differ(stored, mended.mended):
            return None
        await uow.shows.save(mended.mended)
        await self._record(uow, mended)
        return mended

    async def _record(self, uow: UnitOfWork, show: OutdatedShow) -> None:
        actor, show_id = Actor(show.stored.producer_id), show.stored.id
        if _differ(show.stored, show.mended):
            action, before, after = Action.SHOW_TIMES_DERIVED, show.stored, show.mended
            await self._audit.record(uow, actor, action, show_id, show_id=show_id, before=before, after=after)
        for stored, derived in show.tickets:
            action = Action.TICKET_TIMES_DERIVED
            await self._audit.record(uow, actor, action, stored.id, show_id=show_id, before=stored, after=derived)


def outdated(shows: Iterable[ShowToCome]) -> Iterator[OutdatedShow]:
    """The shows that the rules in force put at other moments, or whose sale times they do."""
    for each in shows:
        show = each.show
        mended = show.by_rules_in_force()
        tickets = ((ticket, ticket.by_rules_in_force(show.timezone)) for ticket in each.tickets)
        changed = tuple((stored, derived) for stored, derived in tickets if stored != derived)
        if changed or _differ(show, mended):
            yield OutdatedShow(show, mended, changed)


def _differ(stored: Show, mended: Show) -> bool:
    sale_times = [(show.on_sale_at, show.off_sale_at) for show in (stored, mended)]
    return _moments(stored) != _moments(mended) or sale_times[0] != sale_times[1]


def _moments(show: Show) -> tuple[datetime, datetime, datetime]:
    return show.door_time, show.start_time, show.end_time
