"""The Outbox port, for tasks that are written for all orders of a show at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.orders import AttendeeStatus, Order, OrderStatus
from domain.tasks import OutboxTask, TaskKind, TaskState
from tests.contracts.builders import NOW, Theatre, a_task, issue, new_id

A_DAY = timedelta(days=1)
MOVED = TaskKind.SHOW_MOVED_MAIL
REMINDER = TaskKind.REMINDER_MAIL


def sold(theatre: Theatre, status: OrderStatus = OrderStatus.COMPLETED) -> Order:
    return replace(theatre.order().with_attendees(issue), status=status, completed_at=NOW)


def void(order: Order) -> Order:
    return replace(order, attendees=tuple(replace(a, status=AttendeeStatus.VOID) for a in order.attendees))


async def add(unit_of_work: UnitOfWorkFactory, *things: Order | OutboxTask) -> None:
    async with unit_of_work() as uow:
        await uow.orders.add([order for order in things if isinstance(order, Order)])
        await uow.outbox.add([task for task in things if isinstance(task, OutboxTask)])
        await uow.commit()


async def announce(unit_of_work: UnitOfWorkFactory, theatre: Theatre, **details: str) -> int:
    async with unit_of_work() as uow:
        foreseen = await uow.outbox.count_concerned(theatre.show.id, MOVED)
        count = await uow.outbox.announce(theatre.show.id, MOVED, details=details, now=NOW)
        await uow.commit()
    assert foreseen == count
    return count


async def plan(unit_of_work: UnitOfWorkFactory, theatre: Theatre, due_at: datetime | None) -> None:
    async with unit_of_work() as uow:
        await uow.outbox.plan_reminders(theatre.show.id, due_at=due_at)
        await uow.commit()


async def pending(unit_of_work: UnitOfWorkFactory, kind: TaskKind) -> list[OutboxTask]:
    async with unit_of_work() as uow:
        found = await uow.task_admin.in_state(TaskState.PENDING, after=None, limit=100)
    return [task for task in found if task.kind is kind]


def reminder(order: Order, due_at: datetime = NOW + A_DAY) -> OutboxTask:
    return replace(a_task(order, due_at=due_at), kind=REMINDER)


async def test_every_order_that_admits_somebody_is_told_and_no_other(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    whole, half = sold(theatre), sold(theatre, OrderStatus.PARTIALLY_REFUNDED)
    others = [theatre.order(), void(sold(theatre)), void(sold(theatre, OrderStatus.REFUNDED))]
    elsewhere = Theatre()
    async with unit_of_work() as uow:
        await elsewhere.store(uow)
        await uow.commit()
    await add(unit_of_work, whole, half, *others, sold(elsewhere))

    assert await announce(unit_of_work, theatre, venue="Große Straße 1") == 2

    told = await pending(unit_of_work, MOVED)
    assert Counter(task.order_id for task in told) == {whole.id: 1, half.id: 1}
    assert {task.details["venue"] for task in told} == {"Große Straße 1"}
    assert {(task.due_at, task.attempts, task.last_error) for task in told} == {(NOW, 0, None)}
    async with unit_of_work() as uow:
        assert set(await uow.task_queue.due(now=NOW, limit=9)) == {task.id for task in told}


async def test_a_second_move_adds_nothing_to_the_mail_that_still_waits(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    await add(unit_of_work, sold(theatre))
    await announce(unit_of_work, theatre, venue="the first")

    assert await announce(unit_of_work, theatre, venue="the second") == 0

    (task,) = await pending(unit_of_work, MOVED)
    assert task.details == {"venue": "the first"}


async def test_a_move_after_the_mail_was_begun_is_told_in_another(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    await add(unit_of_work, sold(theatre))
    await announce(unit_of_work, theatre)
    (task,) = await pending(unit_of_work, MOVED)
    async with unit_of_work() as uow:
        assert await uow.task_claims.claim(task.id, now=NOW, until=NOW + A_DAY)
        await uow.commit()

    assert await announce(unit_of_work, theatre) == 1


async def test_reminders_get_a_new_time_and_those_that_had_none_get_one(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    has_one, has_none, _holds_only, refunded = orders = (
        sold(theatre),
        sold(theatre),
        theatre.order(),
        void(sold(theatre)),
    )
    await add(unit_of_work, *orders, reminder(has_one), reminder(refunded))

    await plan(unit_of_work, theatre, NOW + 2 * A_DAY)

    planned = await pending(unit_of_work, REMINDER)
    assert {(task.order_id, task.due_at) for task in planned} == {
        (has_one.id, NOW + 2 * A_DAY),
        (has_none.id, NOW + 2 * A_DAY),
    }


async def test_without_a_time_reminders_are_dropped_and_nothing_else_is(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    order = sold(theatre)
    await add(unit_of_work, order, reminder(order), a_task(order))

    await plan(unit_of_work, theatre, None)

    assert await pending(unit_of_work, REMINDER) == []
    assert len(await pending(unit_of_work, TaskKind.CONFIRMATION_MAIL)) == 1


async def test_a_reminder_that_is_being_sent_is_left_alone(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = sold(theatre)
    await add(unit_of_work, order, task := reminder(order, NOW))
    async with unit_of_work() as uow:
        assert await uow.task_claims.claim(task.id, now=NOW, until=NOW + A_DAY)
        await uow.commit()

    await plan(unit_of_work, theatre, None)

    assert [left.id for left in await pending(unit_of_work, REMINDER)] == [task.id]


async def test_an_order_of_another_show_keeps_its_reminder(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = sold(theatre)
    await add(unit_of_work, order, reminder(order))
    async with unit_of_work() as uow:
        await uow.outbox.plan_reminders(new_id(), due_at=None)
        await uow.commit()

    assert len(await pending(unit_of_work, REMINDER)) == 1


async def announce_pending(unit_of_work: UnitOfWorkFactory, now: datetime, limit: int = 100) -> int:
    async with unit_of_work() as uow:
        count = await uow.outbox.announce_pending_payments(now=now, limit=limit)
        await uow.commit()
    return count


async def pending_payments(unit_of_work: UnitOfWorkFactory, *orders: Order) -> list[OutboxTask]:
    ids = {order.id for order in orders}
    return [task for task in await pending(unit_of_work, TaskKind.PENDING_PAYMENT_MAIL) if task.order_id in ids]


async def test_orders_in_process_are_told_once_while_the_doors_are_open(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    held, processing, done = theatre.order(), theatre.order(), sold(theatre)
    processing = replace(processing, status=OrderStatus.PROCESSING)
    await add(unit_of_work, held, processing, done)
    moment = timedelta(microseconds=1)

    await announce_pending(unit_of_work, theatre.show.door_time - moment)
    await announce_pending(unit_of_work, theatre.show.end_time)
    assert await pending_payments(unit_of_work, held, processing, done) == []

    assert await announce_pending(unit_of_work, theatre.show.door_time, limit=0) == 0
    assert await announce_pending(unit_of_work, theatre.show.door_time) == 1
    assert await announce_pending(unit_of_work, theatre.show.end_time - moment) == 0

    [task] = await pending_payments(unit_of_work, held, processing, done)
    assert (task.order_id, task.due_at) == (processing.id, theatre.show.door_time)


async def test_cancelled_show_has_no_pending_payments(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    processing = replace(theatre.order(), status=OrderStatus.PROCESSING)
    await add(unit_of_work, processing)
    async with unit_of_work() as uow:
        await uow.shows.save(replace(theatre.show, cancelled=True))
        await uow.commit()

    await announce_pending(unit_of_work, theatre.show.door_time)

    assert await pending_payments(unit_of_work, processing) == []


async def test_orders_that_are_not_paid_yet_are_told_apart(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    pending_order, processing = theatre.order(), replace(theatre.order(), status=OrderStatus.PROCESSING)
    others = [sold(theatre), replace(theatre.order(), status=OrderStatus.EXPIRED)]
    await add(unit_of_work, pending_order, processing, *others)
    for count in (2, 0):
        async with unit_of_work() as uow:
            told = await uow.outbox.announce(theatre.show.id, MOVED, details={"title": "x"}, now=NOW, holding=True)
            await uow.commit()
        assert told == count

    assert {task.order_id for task in await pending(unit_of_work, MOVED)} == {pending_order.id, processing.id}
    async with unit_of_work() as uow:
        assert await uow.outbox.has(processing.id, MOVED)
        assert not await uow.outbox.has(processing.id, REMINDER)
        assert not await uow.outbox.has(others[0].id, MOVED)
