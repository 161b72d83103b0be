"""Outbox, TaskClaims, TaskQueue and TaskAdmin: one worker does a task at a time, and no task is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from application.ports.tasks import DueTasks, OutboxCounts
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.orders import Order
from domain.tasks import BULK, URGENT, OutboxTask, TaskKind, TaskState
from tests.contracts.builders import NOW, Theatre, a_producers_task, a_task, new_id

CLAIM = timedelta(minutes=5)
A_MOMENT = timedelta(microseconds=1)


@pytest.fixture
async def order(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> Order:
    order = theatre.order()
    async with unit_of_work() as uow:
        await uow.orders.add([order])
        await uow.commit()
    return order


async def add(unit_of_work: UnitOfWorkFactory, *tasks: OutboxTask) -> None:
    async with unit_of_work() as uow:
        await uow.outbox.add(tasks)
        await uow.commit()


async def due(unit_of_work: UnitOfWorkFactory, now: datetime = NOW, *, limit: int = 100) -> Sequence[UUID]:
    async with unit_of_work() as uow:
        return await uow.task_queue.due(now=now, limit=limit)


async def claim(unit_of_work: UnitOfWorkFactory, task_id: UUID, now: datetime = NOW) -> OutboxTask | None:
    async with unit_of_work() as uow:
        task = await uow.task_claims.claim(task_id, now=now, until=now + CLAIM)
        await uow.commit()
    return task


async def save(unit_of_work: UnitOfWorkFactory, task: OutboxTask) -> None:
    async with unit_of_work() as uow:
        await uow.task_claims.save(task)
        await uow.commit()


async def test_what_was_added_in_a_unit_of_work_is_known_to_it(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    first, second = a_task(order), a_task(order)
    async with unit_of_work() as uow:
        assert uow.outbox.added == []
        await uow.outbox.add([first])
        await uow.outbox.add(each for each in [second])
        await uow.outbox.add([])
        assert uow.outbox.added == [first, second]


async def test_due_tasks_come_longest_due_first(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    third, first, second, not_yet = (
        a_task(order, due_at=NOW - timedelta(minutes=minutes)) for minutes in (0, 2, 1, -1)
    )
    await add(unit_of_work, third, first, second, not_yet)

    assert await due(unit_of_work) == [first.id, second.id, third.id]
    assert await due(unit_of_work, limit=2) == [first.id, second.id]


@pytest.mark.parametrize("kind", TaskKind)
async def test_a_claimed_task_comes_back_as_it_was_added_with_one_attempt_more(
    unit_of_work: UnitOfWorkFactory, order: Order, kind: TaskKind
) -> None:
    task = replace(a_task(order), kind=kind, attempts=2, last_error="Verbindung verloren")
    await add(unit_of_work, task)

    assert await claim(unit_of_work, task.id) == replace(task, attempts=3)


async def test_a_task_about_a_producer_is_done_like_any_other(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order
) -> None:
    task, other = a_producers_task(theatre.producer), a_task(order, due_at=NOW + A_MOMENT)
    await add(unit_of_work, task, other)
    assert await due(unit_of_work, NOW + A_MOMENT) == [task.id, other.id]

    claimed = await claim(unit_of_work, task.id)
    assert claimed == replace(task, attempts=1)
    await save(unit_of_work, replace(claimed, state=TaskState.DEAD, last_error="550 no such user"))
    async with unit_of_work() as uow:
        [dead] = await uow.task_admin.in_state(TaskState.DEAD, after=None, limit=9)
        assert (dead.order_id, dead.about_producer, dead.details) == (None, theatre.producer.id, task.details)
        assert await uow.task_admin.requeue([task.id], now=NOW) == [task.id]
        await uow.commit()
    again = await claim(unit_of_work, task.id)
    assert again
    await save(unit_of_work, replace(again, state=TaskState.DONE))
    async with unit_of_work() as uow:
        counts = await uow.task_admin.backlog(now=NOW + A_MOMENT, until=NOW + CLAIM)
    assert counts == OutboxCounts(1, 0, 0, {other.kind: DueTasks(1, other.due_at)})


async def test_a_task_about_a_producer_is_none_of_an_orders(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order
) -> None:
    """Operations on orders' tasks leave it alone."""
    task = a_producers_task(theatre.producer)
    await add(unit_of_work, task)
    async with unit_of_work() as uow:
        assert not await uow.outbox.has(order.id, task.kind)
        assert not await uow.outbox.is_pending(order.id, task.kind, {})
        await uow.outbox.discard_dead(order.id, task.kind)
        await uow.outbox.plan_reminders(theatre.show.id, due_at=None)
        await uow.personal_data.erase([order.id])
        await uow.commit()
    assert await claim(unit_of_work, task.id) == replace(task, attempts=1)


async def test_a_task_is_about_an_order_or_a_producer(order: Order, theatre: Theatre) -> None:
    with pytest.raises(ValueError, match="about an order or about a producer"):
        replace(a_task(order), producer_id=theatre.producer.id)
    with pytest.raises(ValueError, match="about an order or about a producer"):
        replace(a_task(order), order_id=None)
    with pytest.raises(ValueError, match="is about no producer"):
        _ = a_task(order).about_producer
    with pytest.raises(ValueError, match="is about no order"):
        _ = a_producers_task(theatre.producer).about_order


async def test_adding_no_task_is_fine(unit_of_work: UnitOfWorkFactory) -> None:
    await add(unit_of_work)

    assert await due(unit_of_work) == []


async def test_a_claimed_task_is_nobody_elses(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    task = a_task(order)
    await add(unit_of_work, task)
    await claim(unit_of_work, task.id)

    assert await claim(unit_of_work, task.id) is None
    assert await due(unit_of_work) == []


async def test_of_many_who_claim_at_once_one_gets_it(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    task = a_task(order)
    await add(unit_of_work, task)

    claims = await asyncio.gather(*(claim(unit_of_work, task.id) for _ in range(5)))

    assert [won for won in claims if won] == [replace(task, attempts=1)]


async def test_a_claim_that_was_not_committed_is_none(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    task = a_task(order)
    await add(unit_of_work, task)

    async with unit_of_work() as uow:
        assert await uow.task_claims.claim(task.id, now=NOW, until=NOW + CLAIM)

    assert await claim(unit_of_work, task.id) == replace(task, attempts=1)


async def test_an_expired_claim_frees_the_task(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    task = a_task(order)
    await add(unit_of_work, task)
    await claim(unit_of_work, task.id)
    just_before, at_the_end = NOW + CLAIM - timedelta(microseconds=1), NOW + CLAIM

    assert await due(unit_of_work, just_before) == []
    assert await claim(unit_of_work, task.id, just_before) is None
    assert await due(unit_of_work, at_the_end) == [task.id]
    assert await claim(unit_of_work, task.id, at_the_end) == replace(task, attempts=2)


async def test_a_task_that_is_not_due_or_not_there_cannot_be_claimed(
    unit_of_work: UnitOfWorkFactory, order: Order
) -> None:
    later = a_task(order, due_at=NOW + timedelta(seconds=1))
    await add(unit_of_work, later)

    assert await claim(unit_of_work, later.id) is None
    assert await claim(unit_of_work, new_id()) is None


async def test_a_failed_task_is_due_again_when_its_pause_is_over(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    await add(unit_of_work, task := a_task(order))
    claimed = await claim(unit_of_work, task.id)
    assert claimed
    later = NOW + timedelta(seconds=30)

    await save(unit_of_work, replace(claimed, due_at=later, last_error="421 busy"))

    assert await due(unit_of_work) == []
    assert await claim(unit_of_work, task.id, later) == replace(task, due_at=later, last_error="421 busy", attempts=2)


@pytest.mark.parametrize("state", [TaskState.DONE, TaskState.DEAD])
async def test_a_task_that_is_over_is_never_due_again(
    unit_of_work: UnitOfWorkFactory, order: Order, state: TaskState
) -> None:
    await add(unit_of_work, task := a_task(order))
    claimed = await claim(unit_of_work, task.id)
    assert claimed

    await save(unit_of_work, replace(claimed, state=state))

    much_later = NOW + timedelta(days=365)
    assert await due(unit_of_work, much_later) == []
    assert await claim(unit_of_work, task.id, much_later) is None


async def test_what_a_latecomer_says_of_a_done_task_is_ignored(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    await add(unit_of_work, task := a_task(order))
    slow = await claim(unit_of_work, task.id)
    quick = await claim(unit_of_work, task.id, NOW + CLAIM)
    assert slow
    assert quick

    await save(unit_of_work, replace(quick, state=TaskState.DONE))
    await save(unit_of_work, replace(slow, due_at=NOW + CLAIM, last_error="too slow"))

    assert await due(unit_of_work, NOW + 2 * CLAIM) == []


@pytest.mark.parametrize("error", ["nul \x00 byte", "long " * 10_000])
async def test_whatever_an_error_says_it_can_be_saved(
    unit_of_work: UnitOfWorkFactory, order: Order, error: str
) -> None:
    await add(unit_of_work, task := a_task(order))
    claimed = await claim(unit_of_work, task.id)
    assert claimed

    await save(unit_of_work, replace(claimed, last_error=error))

    again = await claim(unit_of_work, task.id)
    assert again
    assert again.last_error
    assert again.last_error.startswith(error[:4])


async def test_the_backlog_of_an_empty_outbox_is_nothing(unit_of_work: UnitOfWorkFactory) -> None:
    async with unit_of_work() as uow:
        backlog = await uow.task_admin.backlog(now=NOW, until=NOW + CLAIM)
    assert backlog == OutboxCounts(pending=0, dead=0, perhaps_sent=0, due={})


async def test_the_backlog_is_what_is_to_be_done_and_what_was_given_up(
    unit_of_work: UnitOfWorkFactory, order: Order
) -> None:
    older, newer, later = (a_task(order, due_at=NOW + timedelta(minutes=minutes)) for minutes in (-9, -3, 4))
    tried = replace(a_task(order, due_at=NOW + CLAIM), attempts=1, last_error="421 busy")
    done, dead = (a_task(order, due_at=NOW - timedelta(days=1)) for _ in range(2))
    at_work = replace(a_task(order, due_at=NOW - timedelta(hours=1)), kind=TaskKind.REMINDER_MAIL)
    dead = replace(dead, sending_since=NOW)
    await add(unit_of_work, newer, older, later, tried, at_work, done, dead)
    assert await claim(unit_of_work, at_work.id)
    for task, state in ((done, TaskState.DONE), (dead, TaskState.DEAD)):
        claimed = await claim(unit_of_work, task.id)
        assert claimed
        await save(unit_of_work, replace(claimed, state=state))
    async with unit_of_work() as uow:
        backlog = await uow.task_admin.backlog(now=NOW, until=NOW + CLAIM)
    assert backlog == OutboxCounts(pending=4, dead=1, perhaps_sent=1, due={older.kind: DueTasks(2, older.due_at)})


async def test_a_task_that_was_handed_over_is_not_due_for_a_while_but_to_be_had(
    unit_of_work: UnitOfWorkFactory, order: Order
) -> None:
    await add(unit_of_work, task := a_task(order))
    again_at = NOW + timedelta(seconds=30)
    async with unit_of_work() as uow:
        await uow.task_queue.dispatched([task.id], again_at=again_at)
        await uow.commit()

    assert await due(unit_of_work, again_at - A_MOMENT) == []
    assert await due(unit_of_work, again_at) == [task.id]
    assert await claim(unit_of_work, task.id)


async def test_handing_over_does_not_shorten_a_claim(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    await add(unit_of_work, task := a_task(order))
    await claim(unit_of_work, task.id)
    async with unit_of_work() as uow:
        await uow.task_queue.dispatched([task.id], again_at=NOW + timedelta(seconds=1))
        await uow.commit()

    assert await due(unit_of_work, NOW + CLAIM - A_MOMENT) == []


async def test_tasks_are_asked_for_by_their_kind(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    confirmation, reminder = a_task(order), replace(a_task(order), kind=TaskKind.REMINDER_MAIL)
    await add(unit_of_work, confirmation, reminder)

    async with unit_of_work() as uow:
        assert await uow.task_queue.due(now=NOW, limit=9, kinds=BULK) == [reminder.id]
        assert await uow.task_queue.due(now=NOW, limit=9, kinds=URGENT) == [confirmation.id]


async def test_what_was_handed_over_or_claimed_is_under_way(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    handed_over, claimed, waiting, done = tasks = [a_task(order) for _ in range(4)]
    later = a_task(order, due_at=NOW + A_MOMENT)
    await add(unit_of_work, *tasks, later)
    until = NOW + CLAIM
    async with unit_of_work() as uow:
        await uow.task_queue.dispatched([handed_over.id], again_at=until)
        await uow.task_claims.claim(claimed.id, now=NOW, until=until)
        finished = await uow.task_claims.claim(done.id, now=NOW, until=until)
        assert finished
        await uow.task_claims.save(replace(finished, state=TaskState.DONE))
        await uow.commit()

        kind = [waiting.kind]
        assert await uow.task_queue.under_way(now=NOW, until=until, kinds=kind, limit=9) == 2
        assert await uow.task_queue.under_way(now=NOW, until=until, kinds=kind, limit=1) == 1
        assert await uow.task_queue.under_way(now=NOW, until=until, kinds=BULK, limit=9) == 0


async def test_a_claim_is_kept_by_renewing_it(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    await add(unit_of_work, task := a_task(order))
    mine = await claim(unit_of_work, task.id)
    assert mine
    async with unit_of_work() as uow:
        assert await uow.task_claims.renew(mine, until=NOW + 2 * CLAIM)
        await uow.commit()

    assert await claim(unit_of_work, task.id, NOW + CLAIM) is None
    assert await due(unit_of_work, NOW + CLAIM) == []
    assert await claim(unit_of_work, task.id, NOW + 2 * CLAIM)


async def test_who_lost_the_claim_changes_nothing_but_may_still_say_that_it_is_done(
    unit_of_work: UnitOfWorkFactory, order: Order
) -> None:
    await add(unit_of_work, task := a_task(order))
    slow = await claim(unit_of_work, task.id)
    quick = await claim(unit_of_work, task.id, NOW + CLAIM)
    assert slow
    assert quick
    at_the_end = NOW + 2 * CLAIM
    async with unit_of_work() as uow:
        assert not await uow.task_claims.renew(slow, until=at_the_end + CLAIM)
        assert await uow.task_claims.sending(slow) is None
        await uow.task_claims.save(replace(slow, state=TaskState.DEAD))
        await uow.task_claims.postpone(slow, until=NOW)
        await uow.commit()
        assert await uow.task_claims.claim(task.id, now=at_the_end - A_MOMENT, until=at_the_end) is None

    await save(unit_of_work, replace(slow, state=TaskState.DONE))
    assert await claim(unit_of_work, task.id, at_the_end) is None


async def test_a_try_that_could_not_begin_does_not_count(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    await add(unit_of_work, task := replace(a_task(order), last_error="421 busy"))
    claimed = await claim(unit_of_work, task.id)
    assert claimed
    later = NOW + timedelta(seconds=3)
    async with unit_of_work() as uow:
        await uow.task_claims.postpone(claimed, until=later)
        await uow.commit()

    assert await claim(unit_of_work, task.id, later - A_MOMENT) is None
    assert await claim(unit_of_work, task.id, later) == replace(task, due_at=later, attempts=1)


async def claimed_now(unit_of_work: UnitOfWorkFactory, task_id: UUID, keep: timedelta = CLAIM) -> OutboxTask:
    """The task, claimed by the real clock, which decides about the note that a mail leaves."""
    now = datetime.now(UTC)
    async with unit_of_work() as uow:
        task = await uow.task_claims.claim(task_id, now=now, until=now + keep)
        await uow.commit()
    assert task
    return task


async def sending(unit_of_work: UnitOfWorkFactory, task: OutboxTask) -> datetime | None:
    async with unit_of_work() as uow:
        since = await uow.task_claims.sending(task)
        await uow.commit()
    return since


async def not_sent(unit_of_work: UnitOfWorkFactory, task: OutboxTask, since: datetime) -> None:
    async with unit_of_work() as uow:
        await uow.task_claims.not_sent(task, since=since)
        await uow.commit()


async def in_doubt(unit_of_work: UnitOfWorkFactory, now: datetime | None = None) -> list[OutboxTask]:
    async with unit_of_work() as uow:
        return await uow.task_admin.perhaps_sent(now=now or datetime.now(UTC), after=None, limit=9)


async def test_whoever_comes_after_a_worker_that_died_while_sending_can_see_it(
    unit_of_work: UnitOfWorkFactory, order: Order
) -> None:
    await add(unit_of_work, task := a_task(order))
    claimed = await claimed_now(unit_of_work, task.id)
    before = datetime.now(UTC)
    since = await sending(unit_of_work, claimed)
    assert since
    assert abs(since - before) < timedelta(seconds=10)

    heir = await claim(unit_of_work, task.id, datetime.now(UTC) + CLAIM)
    assert heir
    assert heir.sending_since == since


async def test_a_mail_does_not_leave_once_its_claim_is_over_though_nobody_else_has_it(
    unit_of_work: UnitOfWorkFactory, order: Order
) -> None:
    await add(unit_of_work, task := a_task(order))
    frozen = await claimed_now(unit_of_work, task.id, keep=timedelta())

    assert await sending(unit_of_work, frozen) is None
    assert await in_doubt(unit_of_work) == []


@pytest.mark.parametrize("state", [TaskState.PENDING, TaskState.DEAD])
async def test_a_mail_in_doubt_is_listed_until_it_is_known_to_be_sent(
    unit_of_work: UnitOfWorkFactory, order: Order, state: TaskState
) -> None:
    doubtful, clear = a_task(order), a_task(order)
    await add(unit_of_work, doubtful, clear)
    for task in (doubtful, clear):
        claimed = await claimed_now(unit_of_work, task.id)
        since = await sending(unit_of_work, claimed)
        assert since
        assert task not in await in_doubt(unit_of_work), "its worker is at it"
        await save(unit_of_work, replace(claimed, state=state, sending_since=None if task is clear else since))

    (listed,) = await in_doubt(unit_of_work)
    assert (listed.id, listed.state) == (doubtful.id, state)
    async with unit_of_work() as uow:
        assert await uow.task_admin.perhaps_sent(now=NOW, after=doubtful.id, limit=9) == []
    await save(unit_of_work, replace(listed, state=TaskState.DONE))
    assert await in_doubt(unit_of_work) == []


async def test_a_mail_that_its_worker_knows_was_not_sent_is_due_at_once_though_another_put_it_off(
    unit_of_work: UnitOfWorkFactory, order: Order
) -> None:
    await add(unit_of_work, task := a_task(order))
    slow = await claimed_now(unit_of_work, task.id)
    since = await sending(unit_of_work, slow)
    assert since
    later = datetime.now(UTC) + CLAIM
    heir = await claim(unit_of_work, task.id, later)
    assert heir
    await not_sent(unit_of_work, slow, since)
    (still_noted,) = await in_doubt(unit_of_work, later + CLAIM)
    assert still_noted.sending_since == since, "the heir has it now"
    await save(unit_of_work, replace(heir, due_at=later + CLAIM, last_error="perhaps sent"))

    await not_sent(unit_of_work, slow, since - A_MOMENT)
    assert await due(unit_of_work, later) == [], "that was another mail"
    await not_sent(unit_of_work, slow, since)

    assert await in_doubt(unit_of_work) == []
    assert await due(unit_of_work, later) == [task.id]


async def test_a_mail_in_doubt_is_revived_where_it_is_named(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    doubtful = replace(a_task(order), attempts=1, sending_since=NOW, due_at=NOW + CLAIM)
    await add(unit_of_work, doubtful)

    async with unit_of_work() as uow:
        assert await uow.task_admin.requeue(None, now=NOW) == []
        assert await uow.task_admin.requeue([doubtful.id], now=NOW) == [doubtful.id]
        await uow.commit()

    again = await claim(unit_of_work, doubtful.id)
    assert again == replace(doubtful, due_at=NOW, attempts=1, sending_since=None)


async def test_details_come_back_as_they_were_written(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    details = {"venue": "Große Straße 1", "start_time": NOW.isoformat()}
    await add(unit_of_work, task := replace(a_task(order), details=details))

    claimed = await claim(unit_of_work, task.id)
    assert claimed
    assert claimed.details == details


async def test_tasks_are_listed_by_state_page_by_page(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    tasks = [replace(a_task(order), state=TaskState.DEAD, last_error="550") for _ in range(3)]
    await add(unit_of_work, *tasks, a_task(order))

    async with unit_of_work() as uow:
        assert await uow.task_admin.in_state(TaskState.DEAD, after=None, limit=2) == tasks[:2]
        assert await uow.task_admin.in_state(TaskState.DEAD, after=tasks[1].id, limit=2) == tasks[2:]


async def test_dead_tasks_are_revived_and_no_others(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    first, second = (replace(a_task(order), state=TaskState.DEAD, attempts=17) for _ in range(2))
    done = replace(a_task(order), state=TaskState.DONE)
    await add(unit_of_work, first, second, done)
    later = NOW + CLAIM

    async with unit_of_work() as uow:
        assert await uow.task_admin.requeue([first.id, done.id, new_id()], now=later) == [first.id]
        await uow.commit()
    assert await claim(unit_of_work, first.id, later) == replace(
        first, state=TaskState.PENDING, due_at=later, attempts=1
    )
    assert await claim(unit_of_work, done.id, later) is None

    async with unit_of_work() as uow:
        assert await uow.task_admin.requeue(None, now=later) == [second.id]


async def test_dead_tasks_are_discarded_and_no_others(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    first, second = (replace(a_task(order), state=TaskState.DEAD, sending_since=NOW) for _ in range(2))
    waiting = a_task(order)
    await add(unit_of_work, first, second, waiting)

    async with unit_of_work() as uow:
        assert await uow.task_admin.discard([first.id, waiting.id, new_id()]) == [first.id]
        assert await uow.task_admin.discard(None) == [second.id]
        await uow.commit()
        assert await uow.task_admin.perhaps_sent(now=NOW, after=None, limit=9) == []
    assert await claim(unit_of_work, first.id, NOW) is None
    assert await claim(unit_of_work, waiting.id, NOW) is not None


async def test_whether_a_task_with_these_details_is_pending_can_be_asked(
    unit_of_work: UnitOfWorkFactory, order: Order
) -> None:
    details = {"refund_id": "1", "more": "2"}
    waiting = replace(a_task(order), details=details)
    done = replace(a_task(order), kind=TaskKind.REFUND_MAIL, details=details, state=TaskState.DONE)
    await add(unit_of_work, waiting, done)

    async with unit_of_work() as uow:
        assert await uow.outbox.is_pending(order.id, TaskKind.CONFIRMATION_MAIL, {"refund_id": "1"})
        assert await uow.outbox.is_pending(order.id, TaskKind.CONFIRMATION_MAIL, {})
        assert not await uow.outbox.is_pending(order.id, TaskKind.CONFIRMATION_MAIL, {"refund_id": "2"})
        assert not await uow.outbox.is_pending(order.id, TaskKind.REFUND_MAIL, {"refund_id": "1"})
        assert not await uow.outbox.is_pending(new_id(), TaskKind.CONFIRMATION_MAIL, {})


async def test_dead_tasks_that_have_nothing_left_to_do_are_settled(
    unit_of_work: UnitOfWorkFactory, order: Order
) -> None:
    dead = replace(a_task(order), state=TaskState.DEAD)
    other = replace(a_task(order), kind=TaskKind.REFUND_MAIL, state=TaskState.DEAD)
    await add(unit_of_work, dead, other)

    async with unit_of_work() as uow:
        await uow.outbox.discard_dead(new_id(), TaskKind.CONFIRMATION_MAIL)
        await uow.outbox.discard_dead(order.id, TaskKind.CONFIRMATION_MAIL)
        await uow.commit()

    async with unit_of_work() as uow:
        assert [task.id for task in await uow.task_admin.in_state(TaskState.DEAD, after=None, limit=9)] == [other.id]
        assert [task.id for task in await uow.task_admin.in_state(TaskState.DONE, after=None, limit=9)] == [dead.id]


async def test_tasks_of_an_order_are_read_with_when_they_were_done(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order
) -> None:
    other = theatre.order()
    done, waiting = a_task(order), a_task(order)
    async with unit_of_work() as uow:
        await uow.orders.add([other])
        await uow.outbox.add([done, waiting, a_task(other)])
        await uow.commit()
    async with unit_of_work() as uow:
        claimed = await uow.task_claims.claim(done.id, now=NOW, until=NOW + timedelta(minutes=1))
        assert claimed
        finished = replace(claimed, state=TaskState.DONE, done_at=NOW)
        await uow.task_claims.save(finished)
        await uow.commit()
    async with unit_of_work() as uow:
        assert await uow.task_admin.of_order(order.id) == [finished, waiting]
