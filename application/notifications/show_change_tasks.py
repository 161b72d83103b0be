"""The mails to the buyers of a show that was cancelled or moved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from application.notifications.reminder_task import reminder_time
from application.ports.unit_of_work import UnitOfWork
from domain.catalog import Show
from domain.tasks import TaskKind
from domain.venue_clock import last_day


class Announcement(NamedTuple):
    """A mail for every order of a show that still admits a person (``holding``: that holds tickets and is not paid)."""

    kind: TaskKind
    details: Mapping[str, str]
    holding: bool = False


def announcements(before: Show, after: Show, *, now: datetime) -> list[Announcement]:
    """The mails that a change of a show makes necessary.

    Buyers of a cancelled show are informed of it. If the doors, start, last day, time zone or venue of a show changed,
    its buyers get the old and the new facts. Buyers who have not paid yet, or whose bank still works on it, are also
    informed of a new title or end: they may cancel what they have not bought yet. A show that keeps its time on the
    venue's clock, but at another moment, sends a corrected calendar entry. Other changes, and changes of a show that is
    over, send no mail.
    """
    if _concerns_no_one(before, after, now):
        return []
    if after.cancelled:
        return [Announcement(TaskKind.SHOW_CANCELLED_MAIL, {}, holding) for holding in (True, False)]
    mails = []
    if what_is_bought(before) != what_is_bought(after):
        mails.append(Announcement(TaskKind.SHOW_MOVED_MAIL, what_is_bought(before), holding=True))
    if _on_the_spot(before) != _on_the_spot(after):
        mails.append(Announcement(TaskKind.SHOW_MOVED_MAIL, place_and_time(before)))
    elif _goes_by_other_rules(before, after) and after.end_time > now:
        mails.append(Announcement(TaskKind.CALENDAR_MAIL, {}))
    return mails


async def announce_show_change(uow: UnitOfWork, before: Show, after: Show, *, now: datetime) -> int:
    """Write, in the caller's transaction, a task for every mail of ``announcements``. Returns how many.

    Reminders get their new time, or are called off. Call it where ``before`` was locked in the same transaction. The
    caller dispatches nothing afterwards: the relay does that within a second, as fast as mails may go.
    """
    told = 0
    for kind, details, holding in announcements(before, after, now=now):
        if not holding:  # about orders that have reminders
            due_at = None if after.cancelled else reminder_time(after, now)
            await uow.outbox.plan_reminders(after.id, due_at=due_at)
        told += await uow.outbox.announce(after.id, kind, details=details, now=now, holding=holding)
    return told


async def count_announcements(uow: UnitOfWork, before: Show, after: Show, *, now: datetime) -> int:
    """How many tasks ``announce_show_change`` would write now. Writes none."""
    mails = announcements(before, after, now=now)
    return sum([await uow.outbox.count_concerned(after.id, mail.kind, holding=mail.holding) for mail in mails])


def _concerns_no_one(before: Show, after: Show, now: datetime) -> bool:
    return max(before.end_time, after.end_time) <= now or before.cancelled


async def announce_other_moments(uow: UnitOfWork, show: Show, *, now: datetime) -> int:
    """Write, in the caller's transaction, a mail with a corrected calendar entry for every order that still admits a
    person. Returns how many.

    This is for a show that keeps its time on the venue's clock, but at other moments by new rules of its time zone:
    nothing changes at the venue, but calendars and reminders used the old moments.
    """
    if show.cancelled or show.end_time <= now:
        return 0
    await uow.outbox.plan_reminders(show.id, due_at=reminder_time(show, now))
    return await uow.outbox.announce(show.id, TaskKind.CALENDAR_MAIL, details={}, now=now)


def _goes_by_other_rules(before: Show, after: Show) -> bool:
    """Whether a time that stays the same on the venue's clock has another moment."""
    clocks = zip(before.venue_clock.times, after.venue_clock.times, strict=True)
    moments = zip(before.venue_clock.moments, after.venue_clock.moments, strict=True)
    return any(
        (local[0], local[0].fold) == (local[1], local[1].fold) and moment[0] != moment[1]
        for local, moment in zip(clocks, moments, strict=True)
    )


def _on_the_spot(show: Show) -> tuple[object, ...]:
    doors, start, end = show.venue_clock.times
    return doors, doors.fold, start, start.fold, last_day(start, end), show.timezone, show.venue


def place_and_time(show: Show) -> dict[str, str]:
    """The facts that a buyer needs to be there, on the venue's clock, as a task's details store them."""
    return {
        "door_time": show.door_there.isoformat(),
        "start_time": show.start_there.isoformat(),
        "end_time": show.end_there.isoformat(),
        "timezone": show.timezone,
        "venue": show.venue,
    }


def what_is_bought(show: Show) -> dict[str, str]:
    """The same, and all else that a buyer who has not paid yet decides by."""
    return {**place_and_time(show), "title": show.title}
