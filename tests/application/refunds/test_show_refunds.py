"""The refunds of a cancelled show."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.show_refunds import RefundFailure, RefundProgress
from application.refunds.show_refunds import BATCH, CLAIM, LOOKED_AFTER, RefundCancelled
from domain.access import Actor
from domain.audit_log import Action, AuditFilter
from domain.catalog import Producer, Ticket
from domain.disputes import DisputeStatus
from domain.errors import Conflict, InvalidRequest, NotFound
from domain.orders import Order, OrderStatus
from domain.refunds import MAX_REASON_LENGTH, RefundStatus
from tests.application.world import World
from tests.support.disputes import dispute_state
from tests.support.factories import producer, ticket

pytestmark = pytest.mark.p1

GLOBE: Producer = producer()
ACTOR = Actor(GLOBE.id, None, "office")


async def cancel(world: World, stalls: Ticket) -> None:
    async with world.database() as uow:
        show = await uow.shows.get(stalls.show_id)
        assert show
        await uow.shows.save(replace(show, cancelled=True))
        await uow.commit()


async def start(world: World, stalls: Ticket, *, refund_fees: bool = True, reason: str = "Rain") -> RefundProgress:
    progress, _ = await world.refund_show(ACTOR, stalls.show_id, refund_fees=refund_fees, reason=reason)
    return progress


async def progress_of(world: World, stalls: Ticket) -> tuple[int, int, int]:
    progress, _ = await world.refund_show.progress(ACTOR, stalls.show_id)
    return progress.refunded, progress.failed, progress.remaining


@pytest.fixture
async def stalls(world: World) -> Ticket:
    stalls = ticket(quantity=200)
    await world.sell(stalls, by=GLOBE)
    return stalls


class TestHolds:
    async def test_are_released_once_stripe_has_closed_their_sessions(self, world: World, stalls: Ticket) -> None:
        orders = [await world.buy((stalls, 2)) for _ in range(3)]
        await cancel(world, stalls)

        assert await world.release_cancelled() == 3

        assert await world.counters(stalls) == (0, 0)
        for order in orders:
            assert (await world.order(order.id)).status is OrderStatus.CANCELLED
            assert order.session_id
            assert (await world.payment.session(order.session_id)).status == "expired"
        assert await world.release_cancelled() == 0

    async def test_of_other_shows_stay(self, world: World, stalls: Ticket) -> None:
        await world.buy((stalls, 2))
        assert await world.release_cancelled() == 0
        assert await world.counters(stalls) == (2, 0)

    async def test_order_that_was_paid_meanwhile_is_refunded_at_once(self, world: World, stalls: Ticket) -> None:
        order = await world.buy((stalls, 2))
        assert order.session_id
        world.payment.pay(order.session_id)
        await cancel(world, stalls)

        assert await world.release_cancelled() == 1

        returned = await world.order(order.id)
        assert (returned.status, returned.refunded_amount) == (OrderStatus.REFUNDED, returned.amount_paid)
        assert await world.counters(stalls) == (0, 0)

    async def test_order_that_waits_for_its_bank_keeps_its_hold(self, world: World, stalls: Ticket) -> None:
        order = await world.buy((stalls, 2))
        assert order.session_id
        world.payment.pay_by_delayed_method(order.session_id)
        await cancel(world, stalls)

        assert await world.release_cancelled() == 0

        assert (await world.order(order.id)).status is OrderStatus.PROCESSING
        assert await world.release_cancelled() == 0
        assert await world.counters(stalls) == (2, 0)

    async def test_stripe_down_leaves_them_for_the_next_pass(self, world: World, stalls: Ticket) -> None:
        await world.buy((stalls, 2))
        await cancel(world, stalls)
        world.payment.available = False
        assert await world.release_cancelled() == 0
        assert await world.counters(stalls) == (2, 0)

        world.payment.available = True
        assert await world.release_cancelled() == 1
        assert await world.counters(stalls) == (0, 0)


class TestRefunds:
    @pytest.fixture
    async def sold(self, world: World, stalls: Ticket) -> list[Order]:
        """Three paid orders of a show that was cancelled."""
        orders = [await world.buy_and_pay((stalls, count)) for count in (1, 2, 3)]
        await cancel(world, stalls)
        return orders

    async def test_of_a_show_are_one_operation(self, world: World, stalls: Ticket, sold: list[Order]) -> None:
        progress = await start(world, stalls)
        assert (progress.total, progress.remaining) == (3, 3)

        assert await world.refund_cancelled() == 3
        assert await progress_of(world, stalls) == (0, 0, 3)
        await world.run_tasks()

        assert await progress_of(world, stalls) == (3, 0, 0)
        assert await world.counters(stalls) == (0, 0)
        for order in sold:
            (refund,) = await world.refunds(order)
            assert (refund.status, refund.amount, refund.reason) == (RefundStatus.SUCCEEDED, order.amount_paid, "Rain")

    async def test_without_fees_give_back_the_price_alone(
        self, world: World, stalls: Ticket, sold: list[Order]
    ) -> None:
        await start(world, stalls, refund_fees=False)
        await world.refund_cancelled()
        assert [(await world.refunds(order))[0].amount for order in sold] == [2500, 5000, 7500]

    async def test_go_on_in_batches_to_the_end(self, world: World, stalls: Ticket) -> None:
        free = ticket(price=0, quantity=2 * BATCH, of=None, show_id=stalls.show_id)
        async with world.database() as uow:
            await uow.tickets.add(free)
            await uow.commit()
        for _ in range(BATCH + 1):
            await world.buy((free, 1))
        await cancel(world, stalls)
        await start(world, stalls)

        assert await world.refund_cancelled() == BATCH + 1

        assert await progress_of(world, stalls) == (BATCH + 1, 0, 0)

    async def test_asked_for_again_change_nothing(self, world: World, stalls: Ticket, sold: list[Order]) -> None:
        for _ in range(3):
            await start(world, stalls)
            await world.refund_cancelled()
            await world.run_tasks()

        for order in sold:
            assert len(await world.refunds(order)) == 1
        async with world.database() as uow:
            entries = await uow.audit_log.page(GLOBE.id, only=AuditFilter(), after=None, limit=9)
        assert [(entry.action, entry.after) for entry in entries] == [
            (Action.SHOW_REFUNDED, {"refund_fees": True, "reason": "Rain"})
        ]

    async def test_worker_that_died_is_succeeded_by_another(
        self, world: World, stalls: Ticket, sold: list[Order]
    ) -> None:
        """The first worker claimed the show, refunded one order, and died."""
        await start(world, stalls)
        async with world.database() as uow:
            now = world.clock.now()
            await uow.show_refunds.claim_refund(now=now, until=now + CLAIM, requested_since=now)
            await uow.commit()
        await world.refund_order(sold[0].id)

        assert await world.refund_cancelled() == 0  # the claim still stands
        world.clock.advance(CLAIM)
        assert await world.refund_cancelled() == 2
        await world.run_tasks()
        assert await progress_of(world, stalls) == (3, 0, 0)

    async def test_order_that_is_paid_late_needs_no_refund_of_the_show(
        self, world: World, stalls: Ticket, sold: list[Order]
    ) -> None:
        late = await _sold_before(world, stalls)
        await start(world, stalls)
        assert await world.refund_cancelled() == 3

        assert late.session_id
        world.payment.pay(late.session_id)
        assert (await world.complete_order(late.session_id)).status is OrderStatus.REFUNDED
        world.clock.advance(CLAIM)

        assert await world.refund_cancelled() == 0
        await world.run_tasks()
        assert await progress_of(world, stalls) == (4, 0, 0)

    async def test_what_is_refused_is_told_and_tried_again_when_asked(
        self, world: World, stalls: Ticket, sold: list[Order]
    ) -> None:
        """A bank disputes one payment: the other refunds continue, and this one follows once the dispute is won."""
        contested = dispute_state(sold[1].payment_intent_id)
        await world.sync_dispute(sold[1].id, contested)
        await start(world, stalls)
        assert await world.refund_cancelled() == 2
        await world.run_tasks()

        progress, _ = await world.refund_show.progress(ACTOR, stalls.show_id)
        assert (progress.refunded, progress.failed, progress.remaining) == (2, 1, 0)
        (failure,) = progress.failures
        assert failure.order_id == sold[1].id
        assert "disputes the payment" in failure.reason
        world.clock.advance(CLAIM)
        assert await world.refund_cancelled() == 0  # not tried for ever

        await world.sync_dispute(sold[1].id, replace(contested, status=DisputeStatus.WON))
        progress, _ = await world.refund_show.progress(ACTOR, stalls.show_id)
        assert (progress.failed, progress.remaining) == (0, 1)
        world.clock.advance(CLAIM)
        assert await world.refund_cancelled() == 1

    async def test_what_stripe_refuses_is_told_and_tried_again_when_asked(
        self, world: World, stalls: Ticket, sold: list[Order]
    ) -> None:
        await start(world, stalls)
        await world.refund_cancelled()
        world.payment.refusing = True
        await world.run_tasks()

        progress, _ = await world.refund_show.progress(ACTOR, stalls.show_id)
        assert (progress.failed, progress.remaining) == (3, 0)
        assert progress.failures[0] == RefundFailure(sold[0].id, "switched to refuse")
        world.payment.refusing = False
        world.clock.advance(CLAIM)
        assert await world.refund_cancelled() == 0  # not tried for ever

        await start(world, stalls)
        assert await world.refund_cancelled() == 3
        await world.run_tasks()

        assert await progress_of(world, stalls) == (3, 0, 0)
        assert sorted(made.amount for made in world.payment.refunds.values()) == [o.amount_paid for o in sold]

    async def test_after_a_while_nobody_looks_any_more(self, world: World, stalls: Ticket, sold: list[Order]) -> None:
        await start(world, stalls)
        world.clock.advance(LOOKED_AFTER + timedelta(seconds=1))
        assert await world.refund_cancelled() == 0

    async def test_need_a_cancelled_show_of_ones_own(self, world: World, stalls: Ticket) -> None:
        with pytest.raises(Conflict):
            await start(world, stalls)
        await cancel(world, stalls)
        stranger = Actor(producer().id)
        with pytest.raises(NotFound):
            await world.refund_show(stranger, stalls.show_id, refund_fees=True, reason="")
        with pytest.raises(NotFound):
            await world.refund_show.progress(stranger, stalls.show_id)
        with pytest.raises(NotFound):
            await world.refund_show.progress(ACTOR, stalls.show_id)

    async def test_reason_has_a_limit(self, world: World, stalls: Ticket, sold: list[Order]) -> None:
        for wrong in ("x" * (MAX_REASON_LENGTH + 1), "nul\0"):
            with pytest.raises(InvalidRequest):
                await start(world, stalls, reason=wrong)
        assert (await start(world, stalls, reason="x" * MAX_REASON_LENGTH)).total == 3

    async def test_two_workers_refund_every_order_once(self, world: World, stalls: Ticket, sold: list[Order]) -> None:
        await start(world, stalls)
        other = RefundCancelled(world.database, world.clock, world.refund_order)
        assert await world.refund_cancelled() + await other() == 3


async def _sold_before(world: World, stalls: Ticket) -> Order:
    """An order that was placed before the show was cancelled, and is still unpaid."""
    async with world.database() as uow:
        show = await uow.shows.get(stalls.show_id)
        assert show
        await uow.shows.save(replace(show, cancelled=False))
        await uow.commit()
    order = await world.buy((stalls, 1))
    await cancel(world, stalls)
    return order
