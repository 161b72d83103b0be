"""Reminders, refunds, changes of a show, links to orders: who gets which mail, when, and who does not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from application.notifications.delivery import PATIENCE_SECONDS
from application.notifications.order_links import LOOKUP_PAUSE, MAX_LINKS
from application.notifications.reminder_task import REMINDER_LEAD
from application.notifications.show_change_tasks import announce_show_change
from application.ports.emails import (
    OrderLinksFacts,
    RefundFacts,
    ReminderFacts,
    ShowCancelledFacts,
    ShowMovedFacts,
)
from domain.catalog import Show, Ticket
from domain.refunds import RefundStatus
from domain.tasks import OutboxTask, TaskKind, TaskState
from tests.application.world import World
from tests.support.factories import customer, producer, ticket

pytestmark = pytest.mark.p1

A_MOMENT = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
#: Long after the order, which therefore has a reminder; clocks in Berlin do not change around it.
EVENING = datetime(2026, 12, 20, 19, 0, tzinfo=UTC)


async def on_sale(world: World, start: datetime = EVENING, *, price: int = 0, **fields: Any) -> Ticket:
    stalls = ticket(price=price)
    times = {"door_time": start - HOUR, "start_time": start, "end_time": start + 2 * HOUR}
    await world.sell(stalls, by=producer(name="Globe", email="globe@example.org"), **{**times, **fields})
    return stalls


async def change(world: World, stalls: Ticket, **fields: Any) -> None:
    async with world.database() as uow:
        before = await uow.shows.get(stalls.show_id)
        assert before
        after = replace(before, **fields)
        await uow.shows.save(after)
        await announce_show_change(uow, before, after, now=world.clock.now())
        await uow.commit()


async def the(world: World, kind: TaskKind) -> OutboxTask:
    async with world.database() as uow:
        pending = await uow.task_admin.in_state(TaskState.PENDING, after=None, limit=100)
    (task,) = [task for task in pending if task.kind is kind]
    return task


async def run(world: World, kind: TaskKind) -> TaskState | None:
    return await world.run_task((await the(world, kind)).id)


async def remind(world: World) -> TaskState | None:
    """Run the tasks at the reminder's time."""
    reminder = await the(world, TaskKind.REMINDER_MAIL)
    world.clock.set(reminder.due_at)
    return await world.run_task(reminder.id)


class TestReminder:
    @pytest.mark.parametrize(
        ("start", "reminded"),
        [
            # The night in between has 23 hours: the reminder for 20:00 on Sunday is due at 19:00 on Saturday.
            (datetime(2027, 3, 28, 20, 0, tzinfo=BERLIN), datetime(2027, 3, 27, 19, 0, tzinfo=BERLIN)),
            # It has 25: the reminder for 20:00 on Sunday is due at 21:00 on Saturday.
            (datetime(2027, 10, 31, 20, 0, tzinfo=BERLIN), datetime(2027, 10, 30, 21, 0, tzinfo=BERLIN)),
            # The day before has no 02:30.
            (datetime(2027, 3, 15, 2, 30, tzinfo=NEW_YORK), datetime(2027, 3, 14, 1, 30, tzinfo=NEW_YORK)),
            # The day before has it twice; the second is 24 hours before.
            (datetime(2027, 11, 8, 1, 30, tzinfo=NEW_YORK), datetime(2027, 11, 7, 1, 30, fold=1, tzinfo=NEW_YORK)),
            (datetime(2026, 12, 20, 20, 0, tzinfo=BERLIN), datetime(2026, 12, 19, 20, 0, tzinfo=BERLIN)),
        ],
    )
    async def test_fires_24_hours_before_the_start_also_where_the_clocks_change(
        self, world: World, start: datetime, reminded: datetime
    ) -> None:
        zone = start.tzinfo
        stalls = await on_sale(world, start.astimezone(UTC), timezone=str(zone))
        await world.buy((stalls, 1))
        reminder = await the(world, TaskKind.REMINDER_MAIL)
        moment = reminded.astimezone(UTC)

        world.clock.set(moment - A_MOMENT)
        assert await world.run_task(reminder.id) is None
        assert world.mailer.sent == []

        world.clock.set(moment)
        assert await world.run_task(reminder.id) is TaskState.DONE
        assert len(world.mailer.sent) == 1

    async def test_brings_the_tickets_once_more_and_says_which(self, world: World) -> None:
        stalls = await on_sale(world)
        order = await world.buy((stalls, 2))
        assert await remind(world) is TaskState.DONE
        (mail,), (facts,) = world.mailer.sent, world.email_templates.written
        assert isinstance(facts, ReminderFacts)
        assert (facts.tickets, facts.order_number) == ((("Stalls", 2),), order.number)
        assert [attachment.content_type for attachment in mail.attachments] == ["application/pdf"]
        assert (mail.to_address, mail.reply_to) == ("ada@example.org", "globe@example.org")

    async def test_is_dropped_when_the_order_was_refunded(self, world: World) -> None:
        stalls = await on_sale(world)
        order = await world.buy((stalls, 1))
        await world.refund_order(order.id)
        assert await remind(world) is TaskState.DONE
        assert world.mailer.sent == []

    @pytest.mark.parametrize("fields", [{"cancelled": True}, {"published": False}])
    async def test_is_dropped_when_the_show_is_off(self, world: World, fields: dict[str, Any]) -> None:
        stalls = await on_sale(world)
        await world.buy((stalls, 1))
        reminder = await the(world, TaskKind.REMINDER_MAIL)
        async with world.database() as uow:  # not announced: the reminder finds out itself
            show = await uow.shows.get(stalls.show_id)
            assert show
            await uow.shows.save(replace(show, **fields))
            await uow.commit()
        world.clock.set(reminder.due_at)
        assert await world.run_task(reminder.id) is TaskState.DONE
        assert world.mailer.sent == []

    async def test_that_comes_after_the_start_is_dropped(self, world: World) -> None:
        stalls = await on_sale(world)
        await world.buy((stalls, 1))
        reminder = await the(world, TaskKind.REMINDER_MAIL)
        world.clock.set(EVENING)
        assert await world.run_task(reminder.id) is TaskState.DONE
        assert world.mailer.sent == []

    async def test_comes_late_when_nobody_could_send_it_in_time(self, world: World) -> None:
        stalls = await on_sale(world)
        await world.buy((stalls, 1))
        reminder = await the(world, TaskKind.REMINDER_MAIL)
        world.clock.set(EVENING - A_MOMENT)
        assert await world.run_task(reminder.id) is TaskState.DONE
        assert len(world.mailer.sent) == 1

    async def test_whose_show_moved_while_the_order_was_completed_waits_for_the_new_time(self, world: World) -> None:
        stalls = await on_sale(world)
        await world.buy((stalls, 1))
        reminder = await the(world, TaskKind.REMINDER_MAIL)
        week = timedelta(days=7)
        async with world.database() as uow:
            show = await uow.shows.get(stalls.show_id)
            assert show
            await uow.shows.save(moved(show, week))
            await uow.commit()
        world.clock.set(reminder.due_at)
        assert await world.run_task(reminder.id) is TaskState.PENDING
        assert (await the(world, TaskKind.REMINDER_MAIL)).due_at == EVENING + week - REMINDER_LEAD
        assert await remind(world) is TaskState.DONE
        assert len(world.mailer.sent) == 1


def moved(show: Show, by: timedelta) -> Show:
    return replace(show, door_time=show.door_time + by, start_time=show.start_time + by, end_time=show.end_time + by)


class TestShowChange:
    async def test_a_cancelled_show_is_told_with_a_file_that_takes_it_out_of_the_calendar(self, world: World) -> None:
        stalls = await on_sale(world, price=2500)
        order = await world.buy_and_pay((stalls, 1))
        await change(world, stalls, cancelled=True)
        assert await run(world, TaskKind.SHOW_CANCELLED_MAIL) is TaskState.DONE
        (mail,), facts = world.mailer.sent, world.email_templates.written[-1]
        assert isinstance(facts, ShowCancelledFacts)
        assert (facts.paid, facts.order_number) == ("$27.57", order.number)
        assert [attachment.content_type for attachment in mail.attachments] == ["text/calendar; method=CANCEL"]
        assert world.calendars.events[-1].cancelled

    async def test_whoever_was_refunded_since_is_told_all_the_same(self, world: World) -> None:
        stalls = await on_sale(world)
        order = await world.buy((stalls, 1))
        await change(world, stalls, cancelled=True)
        await world.refund_order(order.id)
        assert await run(world, TaskKind.SHOW_CANCELLED_MAIL) is TaskState.DONE
        assert len(world.mailer.sent) == 1

    async def test_a_show_that_goes_on_after_all_is_not_called_cancelled(self, world: World) -> None:
        stalls = await on_sale(world)
        await world.buy((stalls, 1))
        await change(world, stalls, cancelled=True)
        async with world.database() as uow:
            show = await uow.shows.get(stalls.show_id)
            assert show
            await uow.shows.save(replace(show, cancelled=False))
            await uow.commit()
        assert await run(world, TaskKind.SHOW_CANCELLED_MAIL) is TaskState.DONE
        assert world.mailer.sent == []

    async def test_a_moved_show_is_told_as_it_was_and_as_it_is_when_the_mail_goes_out(self, world: World) -> None:
        stalls = await on_sale(world, venue="The Rose")
        await world.buy((stalls, 1))
        await change(world, stalls, venue="The Swan")
        await change(world, stalls, venue="The Globe")
        assert await run(world, TaskKind.SHOW_MOVED_MAIL) is TaskState.DONE
        (mail,), (facts,) = world.mailer.sent, world.email_templates.written
        assert isinstance(facts, ShowMovedFacts)
        assert (facts.before.venue, facts.occasion.venue) == ("The Rose", "The Globe")
        assert facts.before.start_time == facts.occasion.start_time == EVENING
        assert [attachment.content_type for attachment in mail.attachments] == ["text/calendar; method=PUBLISH"]

    async def test_the_later_file_counts_for_the_calendar(self, world: World) -> None:
        stalls = await on_sale(world)
        await world.buy((stalls, 1))
        await run(world, TaskKind.CONFIRMATION_MAIL)
        world.clock.advance(timedelta(seconds=1))
        await change(world, stalls, venue="The Swan")
        await run(world, TaskKind.SHOW_MOVED_MAIL)
        first, second = world.calendars.events
        assert first.uid == second.uid
        assert 0 <= first.sequence < second.sequence < 2**31

    @pytest.mark.parametrize("what", ["moved back", "refunded", "cancelled", "over"])
    async def test_nobody_hears_of_a_move_that_no_longer_matters(self, world: World, what: str) -> None:
        stalls = await on_sale(world, venue="The Rose")
        order = await world.buy((stalls, 1))
        await change(world, stalls, venue="The Swan")
        if what == "moved back":
            await change(world, stalls, venue="The Rose")
        elif what == "refunded":
            await world.refund_order(order.id)
        elif what == "cancelled":
            await change(world, stalls, cancelled=True)
        else:
            world.clock.set(EVENING + 2 * HOUR)
        assert await run(world, TaskKind.SHOW_MOVED_MAIL) is TaskState.DONE
        assert world.mailer.sent == []


class TestRefund:
    """The mail is written in the transaction of the refund."""

    async def test_the_mail_says_what_goes_back_and_how_many_still_admit(self, world: World) -> None:
        order = await world.buy_and_pay((await on_sale(world, price=2500), 3))
        first, *_ = order.attendees
        await world.refund_order(order.id, attendee_ids=[first.id], refund_fees=False)
        await run(world, TaskKind.SUBMIT_REFUNDS)
        assert await run(world, TaskKind.REFUND_MAIL) is TaskState.DONE
        facts = world.email_templates.written[-1]
        assert isinstance(facts, RefundFacts)
        assert (facts.amount, facts.left) == ("$25.00", 2)

    async def test_each_refund_has_a_mail_of_its_own(self, world: World) -> None:
        order = await world.buy_and_pay((await on_sale(world, price=2500), 3))
        first, second, _ = order.attendees
        for attendee in (first, second):
            await world.refund_order(order.id, attendee_ids=[attendee.id], refund_fees=False)
            await run(world, TaskKind.SUBMIT_REFUNDS)
            await run(world, TaskKind.REFUND_MAIL)
        assert [facts.left for facts in world.email_templates.written if isinstance(facts, RefundFacts)] == [2, 1]
        assert len({mail.message_id for mail in world.mailer.sent}) == 2

    async def test_free_tickets_are_taken_back_without_an_amount(self, world: World) -> None:
        order = await world.buy((await on_sale(world), 1))
        await world.refund_order(order.id)
        await run(world, TaskKind.REFUND_MAIL)
        facts = world.email_templates.written[-1]
        assert isinstance(facts, RefundFacts)
        assert (facts.amount, facts.left) == ("", 0)

    async def test_a_buyer_without_tickets_gets_the_show_out_of_the_calendar(self, world: World) -> None:
        order = await world.buy((await on_sale(world), 2))
        await world.run_tasks()
        entered = world.calendars.events[-1]
        world.clock.advance(HOUR)
        await world.refund_order(order.id)
        await run(world, TaskKind.REFUND_MAIL)
        mail, facts, withdrawn = world.mailer.sent[-1], world.email_templates.written[-1], world.calendars.events[-1]
        assert [each.content_type for each in mail.attachments] == ["text/calendar; method=CANCEL"]
        assert isinstance(facts, RefundFacts)
        assert facts.off_calendar
        assert (withdrawn.uid, withdrawn.cancelled) == (entered.uid, True)
        assert withdrawn.sequence > entered.sequence

    async def test_the_show_stays_in_the_calendar_of_a_buyer_who_has_tickets(self, world: World) -> None:
        stalls = await on_sale(world)
        order, other = await world.buy((stalls, 2)), await world.buy((stalls, 1))
        await world.refund_order(order.id)
        await run(world, TaskKind.REFUND_MAIL)
        first, *_ = other.attendees
        await world.refund_order(other.id, attendee_ids=[first.id])
        await run(world, TaskKind.REFUND_MAIL)
        entries = [[attachment.content_type for attachment in mail.attachments] for mail in world.mailer.sent]
        assert entries == [[], ["text/calendar; method=CANCEL"]]

    async def test_a_show_that_was_seen_stays_in_the_calendar(self, world: World) -> None:
        order = await world.buy((await on_sale(world), 2))
        world.clock.set(EVENING + 2 * HOUR)
        await world.refund_order(order.id)
        await run(world, TaskKind.REFUND_MAIL)
        assert world.mailer.sent[-1].attachments == ()

    async def test_money_is_not_promised_before_stripe_has_taken_the_refund_on(self, world: World) -> None:
        order = await world.buy_and_pay((await on_sale(world, price=2500), 1))
        await world.refund_order(order.id)
        for _ in range(3):
            assert await run(world, TaskKind.REFUND_MAIL) is TaskState.PENDING
            later = await the(world, TaskKind.REFUND_MAIL)
            assert later.attempts == 0
            world.clock.set(later.due_at)
        assert world.mailer.sent == []
        await run(world, TaskKind.SUBMIT_REFUNDS)
        assert await run(world, TaskKind.REFUND_MAIL) is TaskState.DONE
        assert len(world.mailer.sent) == 1

    async def test_a_refund_that_failed_is_not_promised(self, world: World) -> None:
        order = await world.buy_and_pay((await on_sale(world, price=2500), 1))
        _, refund = await world.refund_order(order.id)
        assert refund
        async with world.database() as uow:
            await uow.refunds.save(replace(refund, status=RefundStatus.FAILED))
            await uow.commit()
        assert await run(world, TaskKind.REFUND_MAIL) is TaskState.DONE
        assert world.mailer.sent == []


class TestOrderLinks:
    async def test_the_address_gets_its_orders_newest_first_and_nobodys_name(self, world: World) -> None:
        stalls = await on_sale(world)
        first, second = [await world.buy((stalls, 1)) for _ in range(2)]
        await world.look_up_orders("ADA@example.org")
        assert await run(world, TaskKind.ORDER_LINKS_MAIL) is TaskState.DONE
        (mail,), (facts,) = world.mailer.sent, world.email_templates.written
        assert isinstance(facts, OrderLinksFacts)
        assert {link.order_number for link in facts.orders} == {first.number, second.number}
        assert {link.url for link in facts.orders} == {world.links.order_page(order) for order in (first, second)}
        assert {link.status for link in facts.orders} == {"confirmed"}
        assert (mail.to_address, mail.to_name) == ("ada@example.org", "")

    async def test_an_address_is_mailed_once_in_a_while(self, world: World) -> None:
        await world.buy((await on_sale(world), 1))
        begun = world.clock.now()
        for after, mails in ((timedelta(), 1), (LOOKUP_PAUSE - A_MOMENT, 1), (LOOKUP_PAUSE, 2)):
            world.clock.set(begun + after)
            await world.look_up_orders("ada@example.org")
            await world.look_up_orders("Ada@Example.org")
            links = [task for task in await world.tasks() if task.kind is TaskKind.ORDER_LINKS_MAIL]
            assert len(links) == mails

    async def test_an_address_without_orders_gets_nothing(self, world: World) -> None:
        await world.buy((await on_sale(world), 1))
        await world.look_up_orders("eve@example.org")
        assert [task for task in await world.tasks() if task.kind is TaskKind.ORDER_LINKS_MAIL] == []

    async def test_the_newest_orders_are_in_it(self, world: World) -> None:
        stalls = await on_sale(world)
        placed = [await world.buy((stalls, 1)) for _ in range(2)]
        many = [replace(placed[0], id=world.ids.new(), customer=customer(), idempotency=None) for _ in range(MAX_LINKS)]
        await world.add(*many)
        await world.look_up_orders("ada@example.org")
        await run(world, TaskKind.ORDER_LINKS_MAIL)
        (facts,) = world.email_templates.written
        assert isinstance(facts, OrderLinksFacts)
        assert len(facts.orders) == MAX_LINKS


class TestPace:
    async def test_a_mail_whose_turn_is_not_near_comes_later_and_that_is_no_try(self, world: World) -> None:
        await world.buy((await on_sale(world), 1))
        world.mail_pace.wait_seconds = PATIENCE_SECONDS + 1
        confirmation = await the(world, TaskKind.CONFIRMATION_MAIL)
        assert await world.run_task(confirmation.id) is TaskState.PENDING
        assert world.mailer.sent == []
        later = await the(world, TaskKind.CONFIRMATION_MAIL)
        assert later.attempts == 0
        assert world.clock.now() < later.due_at <= world.clock.now() + timedelta(seconds=PATIENCE_SECONDS + 1)

        world.mail_pace.wait_seconds = 0
        world.clock.set(later.due_at)
        async with asyncio.timeout(2):
            assert await world.run_task(confirmation.id) is TaskState.DONE
        assert len(world.mailer.sent) == 1

    async def test_the_outbox_knows_beforehand_that_a_mail_is_on_its_way(self, world: World) -> None:
        await world.buy((await on_sale(world), 1))
        confirmation = await the(world, TaskKind.CONFIRMATION_MAIL)
        now = world.clock.now()
        async with world.database() as uow:
            claimed = await uow.task_claims.claim(confirmation.id, now=now, until=now + HOUR)
            await uow.commit()
        assert claimed
        await world.send_confirmation_email(claimed)  # and dies before it can report it
        assert (await the(world, TaskKind.CONFIRMATION_MAIL)).sending_since == now
