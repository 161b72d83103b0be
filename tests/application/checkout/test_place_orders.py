"""Deciding checkouts together: one lock, one transaction, an outcome for each."""

from __future__ import annotations

import asyncio
import logging
from decimal import Decimal

import pytest
from typing_extensions import override

from adapters.memory.lock import MemoryLock
from adapters.memory.tables import Tables
from adapters.memory.unit_of_work import MemoryDatabase
from application.checkout.place_orders import CheckoutRequest, Placement
from application.concurrency.retry import MAX_ATTEMPTS
from application.errors import Busy, IdempotencyKeyReused, TicketsInUse
from application.ports.unit_of_work import StorageConflict, StorageUnavailable
from domain.errors import NotFound, PromoCodeExhausted, ShowUnavailable, TicketsUnavailable
from domain.offering import PriceChanged
from domain.orders import Order, OrderStatus
from domain.tasks import TaskKind
from tests.application.world import HANGS_SECONDS, World, request
from tests.support.factories import capacity, promo_code, show, ticket

pytestmark = pytest.mark.p0


class ContestedDatabase(MemoryDatabase):
    """A database in which the next ``conflicts`` commits conflict with another transaction."""

    conflicts = 0

    @override
    def replace(self, tables: Tables) -> None:
        if self.conflicts:
            self.conflicts -= 1
            raise StorageConflict("deadlock detected")
        super().replace(tables)


def placed(outcome: Placement | Exception) -> Order:
    assert isinstance(outcome, Placement), outcome
    assert outcome.is_new
    return outcome.order


async def decided(world: World, asked: CheckoutRequest) -> Placement | Exception:
    (outcome,) = await world.place_orders.decide([asked])
    return outcome


async def test_paid_and_free_orders_are_placed_side_by_side(world: World) -> None:
    evening = show()
    stalls, standing = ticket(of=evening, quantity=10), ticket(of=evening, price=0, quantity=10)
    await world.sell(stalls, standing)
    paid, free = map(placed, await world.place_orders.decide([request((stalls, 2)), request((standing, 3))]))
    assert await world.order(paid.id) == paid
    assert await world.order(free.id) == free
    assert (paid.status, free.status) == (OrderStatus.PENDING, OrderStatus.COMPLETED)
    assert await world.counters(stalls) == (2, 0)
    assert await world.counters(standing) == (0, 3)


async def test_one_refused_order_does_not_refuse_its_neighbours(world: World) -> None:
    stalls = ticket(quantity=3)
    await world.sell(stalls)
    first, refusal, last = await world.place_orders.decide(
        [request((stalls, 2)), request((stalls, 2)), request((stalls, 1))]
    )
    assert isinstance(refusal, TicketsUnavailable)
    placed(first)
    placed(last)
    assert await world.counters(stalls) == (3, 0)


@pytest.mark.parametrize("total", ["NaN", "sNaN", "Infinity"])
async def test_no_number_that_somebody_sends_refuses_the_neighbours(world: World, total: str) -> None:
    stalls = ticket(quantity=3)
    await world.sell(stalls)
    outcomes = await world.place_orders.decide(
        [request((stalls, 1)), request((stalls, 1), expected_total=Decimal(total))]
    )
    placed(outcomes[0])
    assert isinstance(outcomes[1], PriceChanged)


async def test_an_unknown_show_is_refused_alone(world: World) -> None:
    stalls, elsewhere = ticket(), ticket()
    await world.sell(stalls)
    refusal, order = await world.place_orders.decide([request((elsewhere, 1)), request((stalls, 1))])
    assert isinstance(refusal, NotFound)
    placed(order)


async def test_orders_of_several_shows_are_decided_together(world: World) -> None:
    hamlet, macbeth = ticket(), ticket()
    await world.sell(hamlet, macbeth)
    for outcome, kind in zip(
        await world.place_orders.decide([request((hamlet, 1)), request((macbeth, 1))]), [hamlet, macbeth], strict=True
    ):
        assert placed(outcome).show_id == kind.show_id


@pytest.mark.p1
async def test_the_last_use_of_a_promo_code_goes_to_one_order(world: World) -> None:
    stalls = ticket()
    promo = promo_code(of=stalls, max_uses=1)
    await world.sell(stalls, promo_codes=[promo])
    first, second = await world.place_orders.decide([request((stalls, 1), promo_code=promo.code)] * 2)
    placed(first)
    assert isinstance(second, PromoCodeExhausted)
    assert await world.uses(promo) == 1


async def test_a_batch_of_refusals_writes_nothing(world: World) -> None:
    stalls = ticket(quantity=0)
    await world.sell(stalls)
    assert isinstance(await decided(world, request((stalls, 1))), TicketsUnavailable)
    assert await world.counters(stalls) == (0, 0)


async def test_only_free_orders_have_a_confirmation_to_send_at_once(world: World) -> None:
    evening = show()
    stalls, standing = ticket(of=evening), ticket(of=evening, price=0)
    await world.sell(stalls, standing)
    _, free = map(placed, await world.place_orders.decide([request((stalls, 1)), request((standing, 1))]))
    (task,) = await world.tasks()
    assert (task.kind, task.order_id) == (TaskKind.CONFIRMATION_MAIL, free.id)
    await world.dispatch.close()
    assert world.notifier.notified == [task.id]


async def test_a_key_brings_the_same_order_again(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    asked = request((stalls, 2), key="once")
    order = placed(await decided(world, asked))
    assert await decided(world, asked) == Placement(order, is_new=False)
    assert await world.counters(stalls) == (2, 0)


async def test_a_key_that_comes_with_another_request_is_refused(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    await decided(world, request((stalls, 2), key="once"))
    assert isinstance(await decided(world, request((stalls, 3), key="once")), IdempotencyKeyReused)
    assert await world.counters(stalls) == (2, 0)


async def test_a_key_is_not_used_up_by_a_refusal(world: World) -> None:
    stalls = ticket(quantity=1)
    await world.sell(stalls)
    assert isinstance(await decided(world, request((stalls, 2), key="once")), TicketsUnavailable)
    placed(await decided(world, request((stalls, 1), key="once")))


async def test_a_repetition_is_not_refused_because_the_show_is_sold_out_by_now(world: World) -> None:
    stalls = ticket(quantity=1)
    await world.sell(stalls)
    asked = request((stalls, 1), key="once")
    order = placed(await decided(world, asked))
    assert await decided(world, asked) == Placement(order, is_new=False)


async def test_two_requests_under_one_key_in_the_same_batch_make_one_order(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    first, second = await world.place_orders.decide([request((stalls, 1), key="once")] * 2)
    assert second == Placement(placed(first), is_new=False)
    assert await world.counters(stalls) == (1, 0)


@pytest.mark.p1
async def test_a_conflict_is_decided_again_up_to_three_times() -> None:
    database = ContestedDatabase()
    world, stalls = World(database=database), ticket()
    await world.sell(stalls)
    database.conflicts = MAX_ATTEMPTS - 1
    placed(await decided(world, request((stalls, 1))))
    assert await world.counters(stalls) == (1, 0)
    await world.close()


@pytest.mark.p1
async def test_a_conflict_that_does_not_end_refuses_the_batch_and_changes_nothing() -> None:
    database = ContestedDatabase()
    world, stalls = World(database=database), ticket()
    await world.sell(stalls)
    database.conflicts = MAX_ATTEMPTS
    with pytest.raises(StorageConflict):
        await world.place_orders.decide([request((stalls, 1))])
    assert database.conflicts == 0
    assert await world.counters(stalls) == (0, 0)
    assert await world.lock.release(await world.lock.acquire([f"ticket_lock_{stalls.id}"]))
    await world.close()


@pytest.mark.p1
async def test_a_database_that_is_away_refuses_the_batch(world: World) -> None:
    stalls = ticket()
    world.database.available = False
    with pytest.raises(StorageUnavailable):
        await world.place_orders.decide([request((stalls, 1))])


async def test_tickets_that_another_process_keeps_locked_are_busy(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls)
    await world.lock.acquire([f"ticket_lock_{stalls.id}"])
    with pytest.raises(Busy):
        await world.checkout_line.submit(stalls.show_id, request((stalls, 1)))
    assert await world.counters(stalls) == (0, 0)


async def test_who_comes_while_the_tickets_are_locked_elsewhere_is_decided_with_those_who_wait() -> None:
    world = World(lock=MemoryLock())
    evening, matinee = show(), show()
    stalls, circle = ticket(of=evening, price=0, quantity=2), ticket(of=evening, price=0)
    gallery, box = ticket(of=matinee, price=0), ticket(of=matinee, price=0)
    await world.sell(stalls, circle, gallery, box)
    lease, theirs = [await world.lock.acquire([f"ticket_lock_{each.id}"]) for each in (stalls, box)]
    first = asyncio.create_task(world.checkout_line.submit(evening.id, request((stalls, 1))))
    await asyncio.sleep(0)
    wanted = [stalls, circle, stalls, gallery, box]
    others = [asyncio.create_task(world.checkout_line.submit(each.show_id, request((each, 1)))) for each in wanted]
    await asyncio.sleep(0)
    await world.lock.release(lease)

    placed(await first)
    assert [task.done() for task in others] == [True, True, True, True, False]
    in_the_stalls, in_the_circle, too_late, in_the_gallery, in_the_box = others
    for joined in (in_the_stalls, in_the_circle, in_the_gallery):
        placed(await joined)
    with pytest.raises(TicketsUnavailable):
        await too_late
    await world.lock.release(theirs)
    placed(await in_the_box)
    await world.close()


@pytest.mark.p1
async def test_without_the_lock_service_orders_are_placed_all_the_same() -> None:
    lock = MemoryLock()
    lock.available = False
    world, stalls = World(lock=lock), ticket()
    await world.sell(stalls)
    placed(await world.checkout_line.submit(stalls.show_id, request((stalls, 1))))
    await world.close()


@pytest.mark.p2
async def test_the_log_tells_how_long_the_transaction_took(world: World, caplog: pytest.LogCaptureFixture) -> None:
    stalls = ticket(quantity=2)
    await world.sell(stalls)
    with caplog.at_level(logging.INFO):
        await world.checkout_line.submit(stalls.show_id, request((stalls, 1)))
    assert any(message.startswith("Lock acquired for tickets") for message in caplog.messages)
    assert any(message.startswith("Transaction completed in 0.") for message in caplog.messages)
    assert "s: 1 orders" in caplog.text


@pytest.mark.p1
async def test_prices_are_read_when_the_order_is_decided(world: World) -> None:
    stalls = ticket(price=2500)
    await world.sell(stalls)
    asked = request((stalls, 1))
    async with world.database() as uow:
        await uow.tickets.save(ticket(id=stalls.id, show_id=stalls.show_id, price=3000))
        await uow.commit()
    assert placed(await decided(world, asked)).lines[0].price_per_ticket == 3000


@pytest.mark.p1
async def test_a_show_that_was_unpublished_meanwhile_sells_nothing(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls, published=False)
    assert isinstance(await decided(world, request((stalls, 1))), ShowUnavailable)


async def test_rows_that_somebody_keeps_are_passed_over_until_they_are_free(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    evening = show()
    kept, free = ticket(of=evening), ticket(of=evening)
    await world.sell(kept, free)
    world.database.in_use.add(kept.id)

    in_use, sold = await world.place_orders.decide([request((kept, 1)), request((free, 1))])
    assert isinstance(in_use, TicketsInUse)
    placed(sold)
    both, sold = await world.place_orders.decide([request((kept, 1), (free, 1)), request((free, 1))])
    assert isinstance(both, TicketsInUse)
    placed(sold)
    assert caplog.text.count("passed over from now on") == 1  # no batch waits for it a second time
    assert await world.counters(kept) == (0, 0)

    world.database.in_use.clear()
    placed(await decided(world, request((kept, 1))))
    world.database.in_use.add(kept.id)
    assert isinstance(await decided(world, request((kept, 1))), TicketsInUse)
    assert caplog.text.count("passed over from now on") == 2  # it was free in between


async def test_tickets_of_a_house_that_is_in_use_are_passed_over(world: World) -> None:
    evening = show()
    house = capacity(of=evening)
    adult, programme = ticket(of=evening, quantity=None, capacity_id=house.id), ticket(of=evening)
    await world.sell(adult, programme, capacities=[house])
    world.database.in_use.add(house.id)

    in_use, sold = await world.place_orders.decide([request((adult, 1)), request((programme, 1))])

    assert isinstance(in_use, TicketsInUse)
    placed(sold)
    world.database.in_use.clear()
    placed(await decided(world, request((adult, 1))))


async def test_two_types_take_the_last_place_once(world: World) -> None:
    evening = show()
    house = capacity(of=evening, size=1)
    adult, child = (ticket(of=evening, quantity=None, capacity_id=house.id) for _ in range(2))
    await world.sell(adult, child, capacities=[house])

    first, second = await world.place_orders.decide([request((adult, 1)), request((child, 1))])

    placed(first)
    assert isinstance(second, TicketsUnavailable)


async def test_the_lock_of_a_house_is_held_with_its_tickets_once_it_is_known(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    evening = show()
    house = capacity(of=evening)
    adult, child = (ticket(of=evening, quantity=None, capacity_id=house.id) for _ in range(2))
    await world.sell(adult, child, capacities=[house])
    for kind in (adult, child, adult):
        await world.buy((kind, 1))

    with caplog.at_level(logging.INFO):
        await world.buy((adult, 1))

    (line,) = [message for message in caplog.messages if message.startswith("Lock acquired")]
    assert f"ticket_lock_{adult.id}" in line
    assert f"ticket_lock_{house.id}" in line
    # Another process that sells children's tickets of the house takes turns with this one.
    await world.lock.acquire([f"ticket_lock_{house.id}"])
    with pytest.raises(Busy):
        await world.checkout_line.submit(evening.id, request((child, 1)))


async def test_a_buyer_waits_for_a_ticket_that_somebody_keeps(world: World, caplog: pytest.LogCaptureFixture) -> None:
    stalls = ticket()
    await world.sell(stalls)
    world.database.in_use.add(stalls.id)
    buying = asyncio.create_task(world.checkout(request((stalls, 1))))
    async with asyncio.timeout(HANGS_SECONDS):
        while "passed over from now on" not in caplog.text:
            await asyncio.sleep(0)
    assert not buying.done()
    world.database.in_use.clear()
    assert (await buying).holds_tickets
