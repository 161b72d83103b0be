"""Shows whose time zone gets other rules: they are found and fixed, and calendars are corrected once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from application.catalog.timezones import WatchTimezones
from application.notifications.reminder_task import REMINDER_LEAD
from application.notifications.show_change_tasks import announce_show_change
from application.ports.emails import CalendarCorrectedFacts
from domain.audit_log import AuditFilter
from domain.catalog import Show, ShowFields, Ticket
from domain.tasks import OutboxTask, TaskKind, TaskState
from domain.timezones import RULES
from domain.venue_clock import VenueClock, VenueTime
from tests.application.world import World
from tests.support.factories import by_older_rules, ticket

pytestmark = pytest.mark.p1

AN_HOUR = timedelta(hours=1)


@pytest.fixture
async def stalls(world: World) -> Ticket:
    """Free tickets of a show in Vancouver."""
    free = ticket(price=0)
    await world.sell(free, timezone="America/Vancouver")
    return free


async def show_of(world: World, stalls: Ticket) -> Show:
    async with world.database() as uow:
        found = await uow.shows.get(stalls.show_id)
    assert found
    return found


async def outdate(world: World, stalls: Ticket) -> tuple[Show, Show]:
    """The show as it was planned by the rules in force, and as an older release of the rules would have stored it."""
    planned = await show_of(world, stalls)
    async with world.database() as uow:
        await uow.shows.save(by_older_rules(planned))
        await uow.commit()
    return planned, await show_of(world, stalls)


async def pending(world: World, kind: TaskKind) -> list[OutboxTask]:
    async with world.database() as uow:
        found = await uow.task_admin.in_state(TaskState.PENDING, after=None, limit=100)
    return [task for task in found if task.kind is kind]


async def test_nothing_is_found_where_shows_go_by_the_rules_in_force(world: World, stalls: Ticket) -> None:
    found = await world.check_timezones()
    assert (found.rules, found.shows, found.are_fine) == (RULES, 1, True)
    applied = await world.apply_timezones()
    assert (applied.mended, applied.mails) == ((), 0)


async def test_an_outdated_show_is_found_and_nothing_is_changed(world: World, stalls: Ticket) -> None:
    planned, stored = await outdate(world, stalls)

    found = await world.check_timezones()

    (outdated,) = found.outdated
    assert (outdated.stored, outdated.mended) == (stored, planned)
    assert f"which is {planned.start_there.isoformat()} by the rules {RULES}" in outdated.words
    assert not found.are_fine
    assert await show_of(world, stalls) == stored


async def test_a_show_that_is_over_is_left_as_it_was(world: World, stalls: Ticket) -> None:
    _, stored = await outdate(world, stalls)
    world.clock.set(stored.end_time + timedelta(days=3))

    assert (await world.check_timezones()).shows == 0
    assert (await world.apply_timezones()).mended == ()


async def test_only_the_sale_of_a_show_may_be_outdated(world: World, stalls: Ticket) -> None:
    await world.buy((stalls, 1))
    await world.run_tasks()
    planned = await show_of(world, stalls)
    local = planned.venue_clock.times[0] - timedelta(days=30)
    derived = VenueTime.showing(local, planned.timezone)
    stored = replace(derived, moment=derived.moment + AN_HOUR)
    async with world.database() as uow:
        await uow.shows.save(replace(planned, on_sale_at=stored))
        await uow.tickets.save(replace(stalls, off_sale_at=stored))
        await uow.commit()

    (outdated,) = (await world.check_timezones()).outdated
    assert "sale times of Stalls other moments" in outdated.words
    assert not outdated.is_moved

    applied = await world.apply_timezones()

    assert (len(applied.mended), applied.mails) == (1, 0), "calendars have the right moment"
    mended = await show_of(world, stalls)
    assert (mended.on_sale_at, mended.venue_clock) == (derived, planned.venue_clock)
    async with world.database() as uow:
        ticket = await uow.tickets.get(stalls.id)
        entries = await uow.audit_log.page(planned.producer_id, only=AuditFilter(), after=None, limit=10)
    assert ticket
    assert ticket.off_sale_at == derived
    assert sorted(entry.action for entry in entries) == ["show.times_derived", "ticket.times_derived"]
    assert (await world.apply_timezones()).mended == ()


async def test_a_time_zone_that_only_the_host_knows_is_named(world: World) -> None:
    moments = ticket(price=0)
    await world.sell(moments)
    planned = await show_of(world, moments)
    named = VenueClock.at(planned.venue_clock.moments, "posix/Europe/Paris")
    async with world.database() as uow:
        await uow.shows.save(
            Show(
                id=planned.id,
                producer_id=planned.producer_id,
                title=planned.title,
                door_time=planned.door_time,
                start_time=planned.start_time,
                end_time=planned.end_time,
                timezone="posix/Europe/Paris",
                venue_clock=named,
            )
        )
        await uow.commit()

    found = await world.check_timezones()

    assert [show.timezone for show in found.unknown] == ["posix/Europe/Paris"]
    assert not found.are_fine


async def test_applying_puts_show_reminder_and_calendars_right_once(world: World, stalls: Ticket) -> None:
    order = await world.buy((stalls, 2))
    await world.run_tasks()
    planned, stored = await outdate(world, stalls)

    applied = await world.apply_timezones()

    assert ([each.stored for each in applied.mended], applied.mails) == ([stored], 1)
    assert await show_of(world, stalls) == planned
    (reminder,) = await pending(world, TaskKind.REMINDER_MAIL)
    assert reminder.due_at == planned.start_time - REMINDER_LEAD
    (mail,) = await pending(world, TaskKind.CALENDAR_MAIL)
    assert mail.order_id == order.id
    assert await world.run_task(mail.id) is TaskState.DONE
    assert isinstance(world.email_templates.written[-1], CalendarCorrectedFacts)
    assert [a.content_type for a in world.mailer.sent[-1].attachments] == ["text/calendar; method=PUBLISH"]
    assert world.calendars.events[-1].start_time == planned.start_time

    again = await world.apply_timezones()

    assert (again.mended, again.mails) == ((), 0)
    assert await pending(world, TaskKind.CALENDAR_MAIL) == []


async def test_what_was_done_to_a_show_is_in_its_producers_audit_log(world: World, stalls: Ticket) -> None:
    planned, stored = await outdate(world, stalls)
    await world.apply_timezones()

    async with world.database() as uow:
        (entry,) = await uow.audit_log.page(planned.producer_id, only=AuditFilter(), after=None, limit=10)

    assert (entry.action, entry.subject_id) == ("show.times_derived", planned.id)
    assert entry.before["start_time"] == stored.start_time.isoformat()
    assert entry.after["start_time"] == planned.start_time.isoformat()


@pytest.mark.parametrize("fields", [{"cancelled": True}, {}])
async def test_who_cannot_come_gets_no_calendar_entry(world: World, stalls: Ticket, fields: ShowFields) -> None:
    order = await world.buy((stalls, 1))
    planned, _ = await outdate(world, stalls)
    if fields:
        async with world.database() as uow:
            await uow.shows.save(by_older_rules(planned).changed(**fields))
            await uow.commit()
    else:
        await world.refund_order(order.id)

    applied = await world.apply_timezones()

    assert (len(applied.mended), applied.mails) == (1, 0)


async def test_an_entry_is_dropped_when_the_order_was_refunded_meanwhile(world: World, stalls: Ticket) -> None:
    order = await world.buy((stalls, 1))
    await outdate(world, stalls)
    await world.apply_timezones()
    await world.refund_order(order.id)
    sent = len(world.mailer.sent)

    (mail,) = await pending(world, TaskKind.CALENDAR_MAIL)

    assert await world.run_task(mail.id) is TaskState.DONE
    assert len(world.mailer.sent) == sent


async def test_a_producer_who_writes_the_same_time_again_puts_it_right_too(world: World, stalls: Ticket) -> None:
    await world.buy((stalls, 1))
    planned, stored = await outdate(world, stalls)
    async with world.database() as uow:
        rewritten = stored.changed(start_time=planned.venue_clock.times[1])
        await uow.shows.save(rewritten)
        await announce_show_change(uow, stored, rewritten, now=world.clock.now())
        await uow.commit()

    assert rewritten == planned
    assert len(await pending(world, TaskKind.CALENDAR_MAIL)) == 1
    assert await pending(world, TaskKind.SHOW_MOVED_MAIL) == []


async def test_who_watches_gets_a_count_that_is_taken_now_and_then(world: World, stalls: Ticket) -> None:
    watch = WatchTimezones(world.check_timezones, world.clock)
    assert await watch() == 0
    await outdate(world, stalls)
    assert await watch() == 0
    world.clock.advance(AN_HOUR)
    assert await watch() == 1
