"""Many transactions at once on the real database: nothing is sold twice, and no transaction waits for ever."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from adapters.memory.system import MemoryClock
from adapters.system.ids import SystemIds
from application.access.audit_log import AuditLog
from application.catalog.shows import ChangeShow
from application.ports.unit_of_work import StorageConflict, UnitOfWorkFactory
from domain.access import Actor
from domain.capacity import Allocation, Capacity
from domain.errors import Conflict, DomainError, PromoCodeExhausted, TicketsUnavailable
from domain.inventory import Inventory
from domain.orders import Order, OrderEvent, OrderStatus, Receipt
from domain.tasks import TaskKind
from tests.contracts.builders import ADA, NOW, POLICY, Theatre, a_cart, a_task, a_ticket, issue, new_id

PATIENCE_SECONDS = 60


async def check_out(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, quantity: int = 1, *, promo_code: str | None = None
) -> Order | DomainError:
    """One checkout in a separate transaction, with only row locks."""
    cart = a_cart({theatre.stalls: quantity}, promo_code=promo_code)
    async with unit_of_work() as uow:
        sale = await uow.inventory.lock([cart])
        offering = sale.offering(theatre.show.id, POLICY)
        try:
            order = offering.place(cart, ADA, order_id=new_id(), issue=issue, now=NOW)
        except (TicketsUnavailable, PromoCodeExhausted) as refusal:
            return refusal
        await uow.orders.add([order])
        await uow.inventory.save(sale.stock)
        await uow.commit()
    return order


async def counters(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> Inventory:
    async with unit_of_work() as uow:
        stock = (await uow.inventory.read([a_cart({theatre.stalls: 1})])).stock
    return stock.tickets[theatre.stalls.id].inventory


async def test_fifty_who_want_ten_tickets_get_ten(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        outcomes = await asyncio.gather(*(check_out(unit_of_work, theatre) for _ in range(50)))

    assert sum(isinstance(outcome, Order) for outcome in outcomes) == 10
    assert sum(isinstance(outcome, TicketsUnavailable) for outcome in outcomes) == 40
    assert await counters(unit_of_work, theatre) == Inventory(10, held=10)


async def test_orders_of_several_tickets_never_oversell(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        outcomes = await asyncio.gather(*(check_out(unit_of_work, theatre, 3) for _ in range(20)))

    assert sum(isinstance(outcome, Order) for outcome in outcomes) == 3
    assert await counters(unit_of_work, theatre) == Inventory(10, held=9)


async def test_a_promo_code_for_one_is_used_once(unit_of_work: UnitOfWorkFactory) -> None:
    theatre = Theatre(max_uses=1)
    async with unit_of_work() as uow:
        await theatre.store(uow)
        await uow.commit()

    async with asyncio.timeout(PATIENCE_SECONDS):
        outcomes = await asyncio.gather(*(check_out(unit_of_work, theatre, promo_code="TEST20") for _ in range(20)))

    assert sum(isinstance(outcome, Order) for outcome in outcomes) == 1
    assert await counters(unit_of_work, theatre) == Inventory(100, held=1)


async def test_one_promo_code_used_with_different_tickets_is_used_once(unit_of_work: UnitOfWorkFactory) -> None:
    theatre = Theatre(max_uses=1)
    in_the_gallery = Theatre()
    in_the_gallery.producer, in_the_gallery.show = theatre.producer, theatre.show
    in_the_gallery.stalls = theatre.gallery
    async with unit_of_work() as uow:
        await theatre.store(uow)
        await uow.commit()

    outcomes = await asyncio.gather(
        *(check_out(unit_of_work, where, promo_code="TEST20") for where in (theatre, in_the_gallery) * 5)
    )

    assert sum(isinstance(outcome, Order) for outcome in outcomes) == 1


async def test_of_many_who_complete_one_order_one_does(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    placed = await check_out(unit_of_work, theatre, 2)
    assert isinstance(placed, Order)
    order_id = placed.id

    async def cancel() -> bool:
        async with unit_of_work() as uow:
            sold = await uow.inventory.lock_orders([order_id])
            order = sold.orders[order_id]
            if not order.holds_tickets:
                return False
            sold.stock.release(order.lines, order.promo_code_id)
            await uow.orders.save([replace(order, status=OrderStatus.CANCELLED)])
            await uow.inventory.save(sold.stock)
            await uow.commit()
            return True

    async with asyncio.timeout(PATIENCE_SECONDS):
        outcomes = await asyncio.gather(*(cancel() for _ in range(10)))

    assert outcomes.count(True) == 1
    assert await counters(unit_of_work, theatre) == Inventory(10)


async def test_orders_of_one_ticket_that_change_at_once_are_counted_to_the_last(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    """A transaction that waits for the ticket's row sees what the others left, and what the orders have become."""
    orders = [
        order for order in [await check_out(unit_of_work, theatre) for _ in range(10)] if isinstance(order, Order)
    ]
    receipt = Receipt(amount=orders[0].quote.total, tax=0, currency="USD")

    async def complete(*order_ids: UUID) -> int:
        async with unit_of_work() as uow:
            sold = await uow.inventory.lock_orders(order_ids)
            waiting = [order for order in sold.orders.values() if order.holds_tickets]
            assert all(order.attendees for order in sold.orders.values() if not order.holds_tickets)
            completed = [order.completed(receipt, sold.stock, issue=issue, now=NOW) for order in waiting]
            await uow.orders.save(completed)
            await uow.inventory.save(sold.stock)
            await uow.commit()
        return len(completed)

    async with asyncio.timeout(PATIENCE_SECONDS):
        counts = await asyncio.gather(*(complete(one.id, two.id) for one in orders for two in orders))

    assert sum(counts) == len(orders)
    assert await counters(unit_of_work, theatre) == Inventory(10, sold=10)


async def test_of_many_who_claim_one_task_one_gets_it(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    placed = await check_out(unit_of_work, theatre)
    assert isinstance(placed, Order)
    task = a_task(placed)
    async with unit_of_work() as uow:
        await uow.outbox.add([task])
        await uow.commit()

    async def claim() -> bool:
        async with unit_of_work() as uow:
            claimed = await uow.task_claims.claim(task.id, now=NOW, until=NOW.replace(year=2027))
            await uow.commit()
        return claimed is not None

    assert (await asyncio.gather(*(claim() for _ in range(20)))).count(True) == 1


async def test_of_many_orders_under_one_key_one_is_placed(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    key = f"double click {new_id()}"

    async def place(order: Order) -> bool:
        try:
            async with unit_of_work() as uow:
                await uow.orders.add([order])
                await uow.commit()
        except StorageConflict:
            return False
        return True

    orders = [theatre.order(1, idempotency_key=key) for _ in range(20)]

    assert (await asyncio.gather(*map(place, orders))).count(True) == 1


async def test_batches_that_lock_overlapping_tickets_in_any_order_do_not_deadlock(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    theatres = [Theatre() for _ in range(4)]
    async with unit_of_work() as uow:
        for theatre in theatres:
            await theatre.store(uow)
        await uow.commit()
    choose = random.Random(20261123)  # noqa: S311  # the same batches on every run

    async def hold(batch: Sequence[Theatre]) -> None:
        carts = [a_cart({theatre.stalls: 1, theatre.gallery: 1}, promo_code="TEST20") for theatre in batch]
        async with unit_of_work() as uow:
            stock = (await uow.inventory.lock(carts)).stock
            for theatre in batch:
                stock.hold(theatre.order(1).lines, theatre.promo_code.id)
            await uow.inventory.save(stock)
            await uow.commit()

    batches = [choose.sample(theatres, choose.randint(2, 4)) for _ in range(40)]
    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(*map(hold, batches))

    for theatre in theatres:
        holds = sum(theatre in batch for batch in batches)
        assert await counters(unit_of_work, theatre) == Inventory(100, held=holds)


async def test_checkouts_and_releases_of_the_same_tickets_do_not_deadlock(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    placed = [await check_out(unit_of_work, theatre, 1, promo_code="TEST20") for _ in range(5)]

    async def release(order: Order) -> None:
        async with unit_of_work() as uow:
            await uow.orders.lock([order.id])
            stock = await uow.inventory.lock_stock([order])
            await uow.orders.save([replace(order, status=OrderStatus.CANCELLED)])
            stock.release(order.lines, order.promo_code_id)
            await uow.inventory.save(stock)
            await uow.commit()

    async with asyncio.timeout(PATIENCE_SECONDS):
        outcomes = await asyncio.gather(
            *(release(order) for order in placed if isinstance(order, Order)),
            *(check_out(unit_of_work, theatre, 1, promo_code="TEST20") for _ in range(10)),
        )

    held_now = sum(isinstance(outcome, Order) for outcome in outcomes)
    assert held_now >= 5
    assert await counters(unit_of_work, theatre) == Inventory(10, held=held_now)


async def test_sales_and_changes_of_a_house_do_not_deadlock(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    """Checkouts in and out of an allocation, paid orders, a release and new sizes: all lock tickets, capacities,
    allocations and promo codes in this order.
    """
    house = Capacity(id=new_id(), show_id=theatre.show.id, name="Saal", size=60, allocated=20)
    press = Allocation(id=new_id(), capacity_id=house.id, name="Presse", size=20)
    kinds = [
        replace(a_ticket(theatre.show, name=name), inventory=Inventory(None), capacity_id=house.id)
        for name in ("Erwachsene", "Kinder")
    ]
    async with unit_of_work() as uow:
        await uow.capacities.add(house)
        await uow.allocations.add(press)
        for kind in kinds:
            await uow.tickets.add(kind)
        await uow.commit()

    async def buy(number: int) -> Order | DomainError:
        wanted = {kinds[number % 2]: 1, kinds[1 - number % 2]: number % 3}
        cart = a_cart({kind: count for kind, count in wanted.items() if count}, promo_code="TEST20")
        cart = replace(cart, allocation_id=press.id if number % 4 == 0 else None)
        async with unit_of_work() as uow:
            sale = await uow.inventory.lock([cart])
            try:
                order = sale.offering(theatre.show.id, POLICY).place(cart, ADA, order_id=new_id(), issue=issue, now=NOW)
            except DomainError as refusal:
                return refusal
            await uow.orders.add([order])
            await uow.inventory.save(sale.stock)
            await uow.commit()
        async with unit_of_work() as uow:
            locked = await uow.inventory.lock_orders([order.id])
            released = locked.orders[order.id].released(OrderEvent.CANCELLED, locked.stock)
            await uow.orders.save([released])
            await uow.inventory.save(locked.stock)
            await uow.commit()
        return released

    async def change(number: int) -> None:
        async with unit_of_work() as uow:
            stock = await uow.inventory.lock_places(ticket_ids=[kinds[0].id], allocation_ids=[press.id])
            if number == 5:
                stock.release_allocation(press.id, NOW)
            stock.resize_capacity(house.id, 80 + number)
            await uow.inventory.save(stock)
            await uow.commit()

    async with asyncio.timeout(PATIENCE_SECONDS):
        outcomes = await asyncio.gather(*(buy(number) for number in range(40)), *(change(n) for n in range(10)))

    assert all(isinstance(outcome, Order | Conflict | None) for outcome in outcomes)
    async with unit_of_work() as uow:
        stock = await uow.inventory.lock_places(allocation_ids=[press.id])
    assert stock.allocations[press.id] == replace(press, released_at=NOW)
    (after,) = stock.capacities.values()
    assert (after.held, after.sold, after.allocated) == (0, 0, 0)


async def test_a_price_that_changed_while_we_waited_for_the_lock_is_seen(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    async with unit_of_work() as uow:
        await uow.inventory.lock([a_cart({theatre.stalls: 1})])
        waiting = asyncio.create_task(check_out(unit_of_work, theatre))
        await asyncio.wait({waiting}, timeout=0.1)
        assert not waiting.done()
        await uow.tickets.save(replace(theatre.stalls, price=40_00))
        await uow.commit()

    order = await waiting

    assert isinstance(order, Order)
    assert order.lines[0].price_per_ticket == 40_00


async def test_a_show_that_was_renamed_while_we_waited_for_the_lock_is_seen(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    async with unit_of_work() as uow:
        await uow.inventory.lock([a_cart({theatre.stalls: 1})])
        waiting = asyncio.create_task(check_out(unit_of_work, theatre))
        await asyncio.wait({waiting}, timeout=0.1)
        await uow.shows.save(replace(theatre.show, title="Macbeth"))
        await uow.commit()

    order = await waiting

    assert isinstance(order, Order)
    assert order.show_title == "Macbeth"


async def test_the_last_use_of_a_promo_code_that_went_while_we_waited_is_seen(unit_of_work: UnitOfWorkFactory) -> None:
    theatre = Theatre(max_uses=1)
    async with unit_of_work() as uow:
        await theatre.store(uow)
        await uow.commit()
    cart = a_cart({theatre.gallery: 1}, promo_code="TEST20")

    async with unit_of_work() as uow:
        stock = (await uow.inventory.lock([cart])).stock
        waiting = asyncio.create_task(check_out(unit_of_work, theatre, promo_code="TEST20"))
        await asyncio.wait({waiting}, timeout=0.1)
        assert not waiting.done()
        stock.hold([], theatre.promo_code.id)
        await uow.inventory.save(stock)
        await uow.commit()

    assert isinstance(await waiting, PromoCodeExhausted)


async def test_buyers_whose_free_order_was_being_placed_hear_that_the_show_was_cancelled(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    """A checkout that has read the show as on sale commits before the cancellation looks for the show's orders."""
    theatre, clock, ids = Theatre(), MemoryClock(NOW), SystemIds()
    free = a_ticket(theatre.show, price=0, name="Free seating")
    async with unit_of_work() as uow:
        await theatre.store(uow)
        await uow.tickets.add(free)
        await uow.commit()
    cart = a_cart({free: 1})
    cancel = ChangeShow(unit_of_work, clock, AuditLog(clock, ids))
    async with unit_of_work() as uow:
        data = await uow.inventory.lock([cart])
        owner = Actor(theatre.producer.id)
        cancelling = asyncio.create_task(cancel(owner, theatre.show.id, {"cancelled": True}))
        await asyncio.wait({cancelling}, timeout=0.1)
        assert not cancelling.done()
        order = data.offering(theatre.show.id, POLICY).place(cart, ADA, order_id=new_id(), issue=issue, now=NOW)
        await uow.orders.add([order])
        await uow.inventory.save(data.stock)
        await uow.commit()
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert (await cancelling).show.cancelled
    async with unit_of_work() as uow:
        assert await uow.outbox.has(order.id, TaskKind.SHOW_CANCELLED_MAIL)
