"""The mails to the buyers of a show that was cancelled or moved."""

from __future__ import annotations

from datetime import datetime

from application.notifications.reminder_task import reminder_time
from application.ports.unit_of_work import UnitOfWork
from domain.catalog import Show
from domain.tasks import TaskKind
from domain.venue_clock import last_day


async def announce_show_change(uow: UnitOfWork, before: Show, after: Show, *, now: datetime) -> int:
    """Write, in the caller's transaction, a mail for every order concerned. Returns how many.

    Buyers of a cancelled show are informed of it. If the doors, start, last day, time zone or venue of a show changed,
    its buyers get the old and the new facts, and their reminders get their new time. Buyers who have not paid yet, or
    whose bank still works on it, are also informed of a new title or end: they may cancel what they have not bought
    yet. Other changes, and changes of a show that is over, send no mail. Call it where ``before`` was locked in the
    same transaction. The caller dispatches nothing afterwards: the relay does that within a second, as fast as mails
    may go.
    """
    if max(before.end_time, after.end_time) <= now or before.cancelled:
        return 0
    if after.cancelled:
        await uow.outbox.plan_reminders(after.id, due_at=None)
        kind = TaskKind.SHOW_CANCELLED_MAIL
        told = await uow.outbox.announce(after.id, kind, details={}, now=now, holding=True)
        return told + await uow.outbox.announce(after.id, kind, details={}, now=now)
    told = 0
    if what_is_bought(before) != what_is_bought(after):
        details = what_is_bought(before)
        told = await uow.outbox.announce(after.id, TaskKind.SHOW_MOVED_MAIL, details=details, now=now, holding=True)
    if _on_the_spot(before) == _on_the_spot(after):
        return told + await announce_other_moments(uow, after, now=now) if _goes_by_other_rules(before, after) else told
    await uow.outbox.plan_reminders(after.id, due_at=reminder_time(after, now))
    details = place_and_time(before)
    return told + await uow.outbox.announce(after.id, TaskKind.SHOW_MOVED_MAIL, details=details, now=now)


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
