"""The OrderRepo port: orders with their lines and attendees, in every stage of their lives."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.unit_of_work import PostgresDatabase
from application.ports.order_lists import OrderFilter, ShowsOf
from application.ports.orders import OrderPayment, OrderRef
from application.ports.unit_of_work import StorageConflict, UnitOfWorkFactory
from domain.customer import Customer
from domain.fees import FeeBearer
from domain.orders import AttendeeStatus, Exchange, ManualPayment, Order, OrderEvent, OrderStatus, Receipt
from domain.stock import Stock
from tests.contracts.builders import (
    ADA,
    NOW,
    Theatre,
    a_producer,
    a_promo_code,
    a_show,
    a_ticket,
    an_order,
    issue,
    new_id,
)

RECEIPT = Receipt(amount=58_84, tax=4_00, currency="usd", payment_intent_id="pi_1", charge_id="ch_1")


async def store(unit_of_work: UnitOfWorkFactory, *orders: Order) -> None:
    async with unit_of_work() as uow:
        await uow.orders.add(orders)
        await uow.commit()


async def stored(unit_of_work: UnitOfWorkFactory, order_id: UUID) -> Order:
    async with unit_of_work() as uow:
        order = await uow.orders.get(order_id)
    assert order
    return order


async def save(unit_of_work: UnitOfWorkFactory, *orders: Order) -> None:
    async with unit_of_work() as uow:
        await uow.orders.lock([order.id for order in orders])
        await uow.orders.save(orders)
        await uow.commit()


def paid(order: Order, theatre: Theatre, receipt: Receipt = RECEIPT) -> Order:
    stock = Stock([theatre.stalls])
    stock.hold(order.lines, None)
    return order.completed(receipt, stock, issue=issue, now=NOW + timedelta(minutes=1))


async def test_a_pending_order_comes_back_to_the_last_field(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = replace(
        theatre.order(2, with_promo_code=True, idempotency_key="click-1"),
        session_id="cs_1",
        checkout_url="https://pay.example/cs_1",
        last_payment_error="Your card was declined.",
    )

    await store(unit_of_work, order)

    assert await stored(unit_of_work, order.id) == order


async def test_lines_that_a_promo_code_split_come_back(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    pair = a_promo_code(theatre.show, "PAIR", discount="0", amount_off=3_33, max_per_order=2)
    order = an_order(theatre.producer, theatre.show, {theatre.stalls: 3, theatre.gallery: 1}, promo_code=pair)
    async with unit_of_work() as uow:
        await uow.promo_codes.add(pair)
        await uow.commit()

    await store(unit_of_work, order)

    assert await stored(unit_of_work, order.id) == order
    assert [(line.quantity, line.uses_promo_code) for line in order.lines] == [(2, True), (1, False), (1, False)]


async def test_an_order_whose_prices_include_the_fees_comes_back_as_one(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    order = an_order(replace(theatre.producer, fees=FeeBearer.PRODUCER), theatre.show, {theatre.stalls: 2})
    await store(unit_of_work, order)
    assert order.quote.fees_included
    assert await stored(unit_of_work, order.id) == order


async def test_a_free_order_comes_back_with_its_attendees(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    free = a_ticket(theatre.show, price=0, name="Free seating")
    vip = replace(a_ticket(theatre.show, price=0, name="Box"), is_vip=True)
    order = an_order(theatre.producer, theatre.show, {free: 2, vip: 1})
    async with unit_of_work() as uow:
        await uow.tickets.add(free)
        await uow.tickets.add(vip)
        await uow.commit()

    await store(unit_of_work, order)

    assert order.status is OrderStatus.COMPLETED
    assert await stored(unit_of_work, order.id) == order


async def test_an_order_in_a_stage_of_its_own_comes_back_to_the_last_field(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    sold = paid(theatre.order(2), theatre)
    first, second = sold.attendees
    order = replace(
        sold,
        customer=replace(ADA, name="Zoë Øst", phone=None),
        status=OrderStatus.PARTIALLY_REFUNDED,
        manual_payment=ManualPayment.CASH,
        refunded_amount=29_42,
        disputed=True,
        attendees=(replace(first, checked_in_at=NOW), replace(second, status=AttendeeStatus.VOID, restocked=True)),
    )

    await store(unit_of_work, order)

    assert await stored(unit_of_work, order.id) == order


async def test_a_customer_is_saved_with_the_names_and_nothing_else(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    sold, other = paid(theatre.order(2), theatre), paid(theatre.order(2), theatre)
    first, second = sold.attendees
    order = replace(sold, attendees=(replace(first, checked_in_at=NOW), replace(second, name="Guest")))
    await store(unit_of_work, order, other)
    grace = Customer("Grace Hopper", "grace@example.org", "+442079460000")
    corrected = order.with_customer(grace)

    async with unit_of_work() as uow:
        await uow.orders.lock([order.id])
        await uow.orders.save_customer(replace(corrected, disputed=True))
        await uow.commit()

    assert await stored(unit_of_work, order.id) == corrected
    assert {attendee.name for attendee in corrected.attendees} == {"Grace Hopper", "Guest"}
    assert await stored(unit_of_work, other.id) == other
    async with unit_of_work() as uow:
        for text, found in (("hopper", [order.id]), ("020 7946 0000", [order.id]), (ADA.name, [other.id])):
            listed = await uow.order_lists.orders(
                ShowsOf(theatre.producer.id, theatre.show.id), only=OrderFilter(text=text), after=None, limit=10
            )
            assert [each.id for each in listed] == found


async def test_names_are_kept_and_searched_until_the_attendees_have_them(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    order = replace(theatre.order(2), names=("", "Zoë Øst"))
    await store(unit_of_work, order)
    assert (await stored(unit_of_work, order.id)) == order

    async def found(text: str) -> bool:
        async with unit_of_work() as uow:
            only = OrderFilter(text=text)
            return bool(
                await uow.order_lists.orders(
                    ShowsOf(theatre.producer.id, theatre.show.id), only=only, after=None, limit=10
                )
            )

    assert await found("zoe")
    completed = paid(order, theatre)
    async with unit_of_work() as uow:
        await uow.orders.lock([order.id])
        await uow.orders.save([completed])
        await uow.commit()

    assert (await stored(unit_of_work, order.id)).names == ()
    assert [a.name for a in (await stored(unit_of_work, order.id)).attendees] == [ADA.name, "Zoë Øst"]
    assert [await found(text) for text in ("zoe ost", "lovelace", "turing")] == [True, True, False]


async def test_exchange_comes_back_and_is_found_by_the_earlier_order(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    old = paid(theatre.order(2), theatre)
    first, second = old.attendees
    exchange = Exchange(old.id, (second.id, first.id), credit=58_84, tax=4_00, fees=4_84)
    new, another = replace(theatre.order(2), exchange=exchange), theatre.order(1)
    await store(unit_of_work, old)
    await store(unit_of_work, new, another)

    assert await stored(unit_of_work, new.id) == new
    async with unit_of_work() as uow:
        found = await uow.orders.exchanges_of([old.id, new.id, another.id])
        assert {id_: refs for id_, refs in found.items() if refs} == {old.id: [OrderRef(new.id, OrderStatus.PENDING)]}


async def test_several_orders_are_added_together(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    orders = [theatre.order(quantity, with_promo_code=quantity == 2) for quantity in (1, 2, 3)]

    await store(unit_of_work, *orders)

    assert [await stored(unit_of_work, order.id) for order in orders] == orders


async def test_adding_no_order_is_fine(unit_of_work: UnitOfWorkFactory) -> None:
    await store(unit_of_work)


async def test_the_lines_keep_their_order(unit_of_work: UnitOfWorkFactory) -> None:
    producer = a_producer()
    show = a_show(producer)
    tickets = [a_ticket(show, name=f"Row {number}") for number in range(5)]
    order = an_order(producer, show, dict.fromkeys(reversed(tickets), 1))
    async with unit_of_work() as uow:
        await uow.producers.add(producer)
        await uow.shows.add(show)
        for ticket in tickets:
            await uow.tickets.add(ticket)
        await uow.orders.add([order])
        await uow.commit()

    assert (await stored(unit_of_work, order.id)).lines == order.lines


async def test_an_order_that_does_not_exist_is_none(unit_of_work: UnitOfWorkFactory) -> None:
    async with unit_of_work() as uow:
        assert await uow.orders.get(new_id()) is None
        assert await uow.orders.get_all([new_id()]) == {}
        assert await uow.orders.get_all([]) == {}


async def test_several_orders_are_read_together(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    one, other = theatre.order(1), theatre.order(2, with_promo_code=True)
    await store(unit_of_work, one, other)
    async with unit_of_work(read_only=True) as uow:
        assert await uow.orders.get_all([other.id, new_id(), one.id]) == {one.id: one, other.id: other}


async def test_locking_finds_the_orders_that_exist(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    first, second = theatre.order(1), theatre.order(2, with_promo_code=True)
    await store(unit_of_work, first, second)

    async with unit_of_work() as uow:
        found = await uow.orders.lock([second.id, new_id(), first.id])
        nothing = await uow.orders.lock([])

    assert found == {first.id: first, second.id: second}
    assert nothing == {}


async def test_a_payment_is_saved_with_the_attendees_it_brings(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    order = theatre.order(2)
    await store(unit_of_work, order)

    completed = paid(order, theatre)
    await save(unit_of_work, completed)

    assert await stored(unit_of_work, order.id) == completed


async def test_a_declined_card_is_saved(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = theatre.order()
    await store(unit_of_work, order)

    declined = order.declined("Your card was declined.")
    await save(unit_of_work, declined)

    assert await stored(unit_of_work, order.id) == declined


async def test_refunds_check_ins_and_disputes_are_saved(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    sold = paid(theatre.order(2), theatre)
    await store(unit_of_work, sold)
    admitted = replace(sold, attendees=(replace(sold.attendees[0], checked_in_at=NOW), sold.attendees[1]))
    await save(unit_of_work, admitted)

    some = admitted.refunded([sold.attendees[1].id], Stock(), restock=False)
    changed = replace(some.dispute(OrderEvent.DISPUTE_LOST), refunded_amount=29_42)
    await save(unit_of_work, changed)

    assert await stored(unit_of_work, sold.id) == changed


async def test_several_orders_are_saved_together(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    first, second = theatre.order(2), theatre.order(2)
    await store(unit_of_work, first, second)

    await save(unit_of_work, paid(first, theatre), second.declined("no"))

    assert (await stored(unit_of_work, first.id)).status is OrderStatus.COMPLETED
    assert (await stored(unit_of_work, second.id)).last_payment_error == "no"


async def test_orders_are_found_by_their_idempotency_keys(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    first, second = theatre.order(idempotency_key="first"), theatre.order(idempotency_key="second")
    await store(unit_of_work, first, second, theatre.order())

    async with unit_of_work() as uow:
        found = await uow.orders.with_idempotency_keys({"second", "never used"})
        nothing = await uow.orders.with_idempotency_keys(())

    assert found == {"second": second}
    assert nothing == {}


async def test_an_idempotency_key_that_was_given_up_can_be_used_again(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    failed, retry = theatre.order(idempotency_key="again"), theatre.order(idempotency_key="again")
    await store(unit_of_work, failed)

    await save(unit_of_work, replace(failed, idempotency=None))
    await store(unit_of_work, retry)

    async with unit_of_work() as uow:
        assert await uow.orders.with_idempotency_keys(["again"]) == {"again": retry}


async def test_a_key_that_is_taken_is_a_conflict_and_nothing_is_written(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    first, neighbour, second = (
        theatre.order(idempotency_key="once"),
        theatre.order(),
        theatre.order(idempotency_key="once"),
    )
    await store(unit_of_work, first)

    with pytest.raises(StorageConflict):
        await store(unit_of_work, neighbour, second)

    async with unit_of_work() as uow:
        assert await uow.orders.with_idempotency_keys(["once"]) == {"once": first}
        assert await uow.orders.get(neighbour.id) is None


async def test_of_many_who_use_one_key_at_once_one_gets_through(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    rivals = [theatre.order(idempotency_key="at once") for _ in range(5)]

    outcomes = await asyncio.gather(*(store(unit_of_work, order) for order in rivals), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes if outcome] == [StorageConflict] * 4
    async with unit_of_work() as uow:
        assert len(await uow.orders.with_idempotency_keys(["at once"])) == 1


async def test_a_session_leads_to_its_order(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = theatre.order()
    await store(unit_of_work, order, theatre.order())

    async with unit_of_work() as uow:
        await uow.orders.attach_session(order.id, session_id="cs_9", checkout_url="https://pay.example/cs_9")
        await uow.commit()

    async with unit_of_work() as uow:
        found = await uow.orders.of_sessions(["cs_9", "cs_unknown"])
        assert found == {"cs_9": (order.id, OrderStatus.PENDING)}
    assert await stored(unit_of_work, order.id) == order.with_session("cs_9", "https://pay.example/cs_9")


async def test_a_session_can_be_attached_twice(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = theatre.order()
    await store(unit_of_work, order)

    for url in ("https://pay.example/1", None):
        async with unit_of_work() as uow:
            await uow.orders.attach_session(order.id, session_id="cs_1", checkout_url=url)
            await uow.commit()

    assert await stored(unit_of_work, order.id) == replace(order, session_id="cs_1", checkout_url=None)


async def test_saving_what_was_read_before_keeps_the_session(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = theatre.order()
    await store(unit_of_work, order)
    read_before = await stored(unit_of_work, order.id)

    async with unit_of_work() as uow:
        await uow.orders.attach_session(order.id, session_id="cs_1", checkout_url="https://pay.example/1")
        await uow.commit()
    await save(unit_of_work, read_before.declined("no"))

    assert (await stored(unit_of_work, order.id)).session_id == "cs_1"


async def test_attaching_a_session_keeps_what_was_saved_at_the_same_time(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    order = theatre.order()
    await store(unit_of_work, order)

    async def attach() -> None:
        async with unit_of_work() as uow:
            await uow.orders.attach_session(order.id, session_id="cs_1", checkout_url="https://pay.example/1")
            await uow.commit()

    async with unit_of_work() as uow:
        locked = (await uow.orders.lock([order.id]))[order.id]
        attaching = asyncio.create_task(attach())
        await asyncio.wait({attaching}, timeout=0.05)
        await uow.orders.save([locked.declined("no")])
        await uow.commit()
    await attaching

    both = await stored(unit_of_work, order.id)
    assert (both.session_id, both.last_payment_error) == ("cs_1", "no")


async def test_overdue_orders_come_longest_overdue_first(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    placed = [NOW + timedelta(minutes=minutes) for minutes in (3, 1, 2, 4)]
    third, first, second, not_yet = (theatre.order(now=now) for now in placed)
    await store(unit_of_work, third, first, second, not_yet)
    assert third.expires_at

    async with unit_of_work() as uow:
        overdue = await uow.order_watchlist.overdue(now=third.expires_at, limit=10)
        longest = await uow.order_watchlist.overdue(now=third.expires_at, limit=2)
        none_yet = await uow.order_watchlist.overdue(now=NOW, limit=10)

    assert overdue == [first.id, second.id, third.id]
    assert longest == [first.id, second.id]
    assert none_yet == []


async def test_only_pending_orders_are_overdue(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    orders = {status: replace(theatre.order(), status=status) for status in OrderStatus}
    await store(unit_of_work, *orders.values())

    async with unit_of_work() as uow:
        overdue = await uow.order_watchlist.overdue(now=NOW + timedelta(hours=1), limit=100)

    assert overdue == [orders[OrderStatus.PENDING].id]


async def test_a_payment_leads_to_its_order(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = paid(theatre.order(2), theatre)
    await store(unit_of_work, order, theatre.order())

    async with unit_of_work() as uow:
        assert await uow.orders.id_of_intent("pi_1") == order.id
        assert await uow.orders.id_of_intent("pi_of_a_shop") is None


async def test_a_late_payment_that_goes_back_is_saved(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = replace(theatre.order(2), status=OrderStatus.EXPIRED)
    await store(unit_of_work, order)

    returned = order.late_payment_returned(RECEIPT)
    await save(unit_of_work, returned)

    assert returned.amount_paid == returned.refunded_amount == RECEIPT.amount
    assert await stored(unit_of_work, order.id) == returned


async def test_orders_that_nobody_can_pay_yet_come_oldest_first(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    placed = [NOW + timedelta(seconds=seconds) for seconds in (2, 0, 1, 3)]
    third, first, second, just_now = (theatre.order(now=now) for now in placed)
    payable = theatre.order().with_session("cs_1", "https://pay.example/cs_1")
    await store(unit_of_work, third, first, second, just_now, payable)

    async with unit_of_work() as uow:
        left = await uow.order_watchlist.without_session(created_before=just_now.created_at, limit=10)
        oldest = await uow.order_watchlist.without_session(created_before=just_now.created_at, limit=2)
        none_yet = await uow.order_watchlist.without_session(created_before=NOW, limit=10)

    assert left == [first.id, second.id, third.id]
    assert oldest == [first.id, second.id]
    assert none_yet == []


async def test_only_pending_orders_want_a_session(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    orders = {status: replace(theatre.order(), status=status) for status in OrderStatus}
    await store(unit_of_work, *orders.values())

    async with unit_of_work() as uow:
        left = await uow.order_watchlist.without_session(created_before=NOW + timedelta(hours=1), limit=100)

    assert left == [orders[OrderStatus.PENDING].id]


async def check(unit_of_work: UnitOfWorkFactory, order: Order, now: datetime) -> None:
    async with unit_of_work() as uow:
        await uow.order_watchlist.checked([order.id], now=now)
        await uow.commit()


async def unconfirmed(unit_of_work: UnitOfWorkFactory, checked_before: datetime, *, limit: int = 100) -> list[UUID]:
    async with unit_of_work() as uow:
        return await uow.order_watchlist.unconfirmed(checked_before=checked_before, limit=limit)


async def test_orders_that_were_not_asked_about_for_long_come_longest_ago_first(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    minutes = [NOW + timedelta(minutes=each) for each in range(5)]
    asked_last, asked_first, never_asked = (
        theatre.order(now=minutes[placed]).with_session(f"cs_{placed}", None) for placed in (0, 1, 3)
    )
    await store(unit_of_work, asked_last, asked_first, never_asked)
    await check(unit_of_work, asked_last, minutes[1])
    await check(unit_of_work, asked_last, minutes[4])
    await check(unit_of_work, asked_first, minutes[2])

    much_later = NOW + timedelta(hours=1)
    in_their_order = [asked_first.id, never_asked.id, asked_last.id]
    assert await unconfirmed(unit_of_work, much_later) == in_their_order
    assert await unconfirmed(unit_of_work, much_later, limit=2) == in_their_order[:2]
    assert await unconfirmed(unit_of_work, minutes[4]) == in_their_order[:2]
    assert await unconfirmed(unit_of_work, minutes[2]) == []


async def test_being_asked_about_changes_nothing_of_an_order(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = theatre.order().with_session("cs_1", None)
    await store(unit_of_work, order)

    await check(unit_of_work, order, NOW + timedelta(minutes=1))
    await save(unit_of_work, declined := order.declined("no"))

    assert await stored(unit_of_work, order.id) == declined
    assert await unconfirmed(unit_of_work, NOW + timedelta(minutes=1)) == []


async def test_only_what_holds_tickets_and_can_be_paid_is_unconfirmed(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    orders = {status: replace(theatre.order(), status=status, session_id=f"cs_{status}") for status in OrderStatus}
    await store(unit_of_work, *orders.values(), theatre.order())

    found = await unconfirmed(unit_of_work, NOW + timedelta(hours=1))

    assert set(found) == {orders[OrderStatus.PENDING].id, orders[OrderStatus.PROCESSING].id}


async def test_order_keeps_the_session_that_it_was_paid_by(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = theatre.order()
    paid = replace(order, status=OrderStatus.COMPLETED, payment_intent_id="pi_1", session_id="cs_second", unwanted=True)
    async with unit_of_work() as uow:
        await uow.orders.add([replace(order, session_id="cs_first")])
        await uow.orders.save([paid])
        await uow.orders.attach_session(order.id, session_id="cs_first", checkout_url="https://pay.example")
        await uow.commit()

    async with unit_of_work() as uow:
        stored = await uow.orders.get(order.id)
        payments = await uow.orders.payments([order.id, new_id()])
    assert stored
    assert stored.session_id == "cs_second"
    assert stored.unwanted
    assert payments == {order.id: OrderPayment(OrderStatus.COMPLETED, "pi_1")}


async def test_holds_that_were_put_off_come_back_last(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    first, second = theatre.order(now=NOW - timedelta(hours=3)), theatre.order(now=NOW - timedelta(hours=2))
    moment = timedelta(microseconds=1)
    async with unit_of_work() as uow:
        await uow.orders.add([first, second])
        await uow.order_watchlist.release_after([first.id], moment=NOW)
        await uow.commit()

    async def due(now: datetime) -> list[UUID]:
        async with unit_of_work() as uow:
            found = await uow.order_watchlist.overdue(now=now, limit=100)
        return [order_id for order_id in found if order_id in {first.id, second.id}]

    assert await due(NOW - moment) == [second.id]
    assert await due(NOW) == [second.id, first.id]


async def test_two_workers_who_look_at_once_get_different_holds(contracts_engine: AsyncEngine) -> None:
    theatre, unit_of_work = Theatre(), PostgresDatabase(contracts_engine)
    hours = [timedelta(hours=hour) for hour in range(30, 34)]
    held = [replace(theatre.order(now=NOW - each), session_id=f"cs_{new_id().hex}") for each in hours]
    ids = {order.id for order in held}
    async with unit_of_work() as uow:
        await theatre.store(uow)
        await uow.orders.add(held)
        await uow.commit()

    async with unit_of_work() as first, unit_of_work() as second:
        overdue = [ids & set(await each.order_watchlist.overdue(now=NOW, limit=100)) for each in (first, second)]
    async with unit_of_work() as first, unit_of_work() as second:
        quiet = [
            ids & set(await each.order_watchlist.unconfirmed(checked_before=NOW, limit=100)) for each in (first, second)
        ]

    assert overdue == [ids, set()]
    assert quiet == [ids, set()]
