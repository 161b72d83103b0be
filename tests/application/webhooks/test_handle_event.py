"""The provider's events: accepted only if signed, and only as a hint to ask the provider."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from typing_extensions import override

from adapters.memory.payment import MemoryPaymentEvents
from adapters.memory.unit_of_work import MemoryDatabase
from application.ports.emails import LatePaymentFacts, TooLate
from application.ports.payment import (
    InvalidSignature,
    PaymentEvent,
    PaymentEventKind,
    PaymentSession,
    PaymentUnavailable,
)
from application.ports.unit_of_work import StorageUnavailable
from application.ports.webhooks import ReceivedEvent
from application.webhooks.handle_event import HandlePaymentEvent
from domain.errors import NotFound
from domain.orders import Order, OrderStatus
from tests.application.world import SIGNATURE, FlakyPayment, World
from tests.support.factories import ticket

pytestmark = pytest.mark.p1


@pytest.fixture
def handle(world: World) -> HandlePaymentEvent:
    return world.handle_payment_event


async def paid(world: World) -> tuple[Order, str]:
    stalls = ticket()
    await world.sell(stalls)
    order = await world.buy((stalls, 2))
    assert order.session_id
    world.payment.pay(order.session_id)
    return order, order.session_id


def event(type_: str, object_id: str, *, event_id: str = "") -> bytes:
    """An event; without an id, the same type and object make the same event."""
    return f"{type_}:{event_id or f'evt of {type_} of {object_id}'}:{object_id}".encode()


async def in_the_inbox(world: World, event_id: str) -> ReceivedEvent:
    async with world.database() as uow:
        received = await uow.inbox.get(event_id)
    assert received
    return received


async def test_an_event_of_a_paid_session_completes_its_order(world: World, handle: HandlePaymentEvent) -> None:
    order, session_id = await paid(world)
    await handle(event(PaymentEventKind.SESSION_CHANGED, session_id), SIGNATURE)
    assert (await world.order(order.id)).success


async def test_an_event_that_comes_again_changes_nothing(world: World, handle: HandlePaymentEvent) -> None:
    order, session_id = await paid(world)
    await handle(event(PaymentEventKind.SESSION_CHANGED, session_id), SIGNATURE)
    completed = await world.order(order.id)
    await handle(event(PaymentEventKind.SESSION_CHANGED, session_id), SIGNATURE)
    assert await world.order(order.id) == completed


async def test_the_session_is_believed_and_not_the_event(world: World, handle: HandlePaymentEvent) -> None:
    order, session_id = await paid(world)
    await handle(event(PaymentEventKind.SESSION_CHANGED, session_id), SIGNATURE)
    assert (await world.order(order.id)).success


async def test_an_expired_session_releases_its_order(world: World, handle: HandlePaymentEvent) -> None:
    stalls = ticket()
    await world.sell(stalls)
    order = await world.buy((stalls, 2))
    assert order.session_id
    await world.payment.expire_session(order.session_id)
    await handle(event(PaymentEventKind.SESSION_CHANGED, order.session_id), SIGNATURE)
    assert (await world.order(order.id)).status is OrderStatus.EXPIRED


async def test_a_delayed_payment_that_came_completes_its_order(world: World, handle: HandlePaymentEvent) -> None:
    stalls = ticket()
    await world.sell(stalls)
    order = await world.buy((stalls, 2))
    assert order.session_id
    world.payment.pay_by_delayed_method(order.session_id)
    await handle(event(PaymentEventKind.SESSION_CHANGED, order.session_id), SIGNATURE)
    assert (await world.order(order.id)).status is OrderStatus.PROCESSING
    world.payment.pay(order.session_id)
    await handle(event(PaymentEventKind.SESSION_CHANGED, order.session_id, event_id="evt_later"), SIGNATURE)
    assert (await world.order(order.id)).success


async def test_a_delayed_payment_that_failed_releases_its_order(world: World, handle: HandlePaymentEvent) -> None:
    stalls = ticket()
    await world.sell(stalls)
    order = await world.buy((stalls, 2))
    assert order.session_id
    world.payment.pay_by_delayed_method(order.session_id)
    await handle(event(PaymentEventKind.SESSION_CHANGED, order.session_id), SIGNATURE)
    world.payment.fail_delayed_payment(order.session_id)
    await handle(event(PaymentEventKind.SESSION_CHANGED, order.session_id, event_id="evt_later"), SIGNATURE)
    assert (await world.order(order.id)).status is OrderStatus.PAYMENT_FAILED
    assert await world.counters(stalls) == (0, 0)


@pytest.mark.p2
async def test_an_unsigned_event_is_refused(world: World, handle: HandlePaymentEvent) -> None:
    order, session_id = await paid(world)
    with pytest.raises(InvalidSignature):
        await handle(event(PaymentEventKind.SESSION_CHANGED, session_id), "forged")
    assert await world.order(order.id) == order


async def test_an_event_about_anything_else_is_left_alone(world: World, handle: HandlePaymentEvent) -> None:
    world.payment.available = False
    await handle(event("customer.created", "cus_1"), SIGNATURE)


async def test_an_event_of_an_unknown_session_is_acknowledged_and_logged_and_its_error_kept(
    world: World, handle: HandlePaymentEvent, caplog: pytest.LogCaptureFixture
) -> None:
    await handle(event(PaymentEventKind.SESSION_CHANGED, "cs_unknown", event_id="evt_1"), SIGNATURE)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "Event evt_1 (session_changed of cs_unknown) changed nothing" in caplog.text
    received = await in_the_inbox(world, "evt_1")
    assert received.handled_at is None
    assert received.last_error == "PaymentObjectNotFound: cs_unknown"


async def test_a_payment_that_does_not_match_is_given_back(world: World, handle: HandlePaymentEvent) -> None:
    order, session_id = await paid(world)
    world.payment.miscounted.add(session_id)
    await handle(event(PaymentEventKind.SESSION_CHANGED, session_id), SIGNATURE)
    assert (await world.order(order.id)).status is OrderStatus.REFUNDED
    await world.run_tasks()
    [why] = [facts.why for facts in world.email_templates.written if isinstance(facts, LatePaymentFacts)]
    assert why is TooLate.WRONG_AMOUNT


async def test_what_may_succeed_later_is_to_be_sent_again(world: World, handle: HandlePaymentEvent) -> None:
    order, session_id = await paid(world)
    completed = event(PaymentEventKind.SESSION_CHANGED, session_id, event_id="evt_1")
    world.payment.available = False
    with pytest.raises(PaymentUnavailable):
        await handle(completed, SIGNATURE)
    assert (await in_the_inbox(world, "evt_1")).last_error == "PaymentUnavailable: switched off"
    world.payment.available = True
    world.database.available = False
    with pytest.raises(StorageUnavailable):
        await handle(completed, SIGNATURE)
    world.database.available = True
    await handle(completed, SIGNATURE)
    assert (await world.order(order.id)).success
    received = await in_the_inbox(world, "evt_1")
    assert (received.handled_at, received.last_error) == (world.clock.now(), None)


async def test_an_event_that_comes_while_our_key_is_refused_is_asked_for_again(
    world: World, handle: HandlePaymentEvent
) -> None:
    order, session_id = await paid(world)
    completed = event(PaymentEventKind.SESSION_CHANGED, session_id)
    world.payment.locked_out = True
    with pytest.raises(PaymentUnavailable):
        await handle(completed, SIGNATURE)
    world.payment.locked_out = False
    await handle(completed, SIGNATURE)
    assert (await world.order(order.id)).success


async def test_an_event_is_handled_once_whatever_has_changed_meanwhile(
    world: World, handle: HandlePaymentEvent
) -> None:
    stalls = ticket()
    await world.sell(stalls)
    order = await world.buy((stalls, 2))
    assert order.session_id
    too_early = event(PaymentEventKind.SESSION_CHANGED, order.session_id, event_id="evt_1")
    await handle(too_early, SIGNATURE)
    handled = await in_the_inbox(world, "evt_1")
    assert handled == ReceivedEvent(
        PaymentEvent(id="evt_1", type=PaymentEventKind.SESSION_CHANGED, object_id=order.session_id, livemode=False),
        received_at=world.clock.now(),
        handled_at=world.clock.now(),
    )
    world.payment.pay(order.session_id)
    world.clock.advance(timedelta(minutes=1))
    await handle(too_early, SIGNATURE)
    assert await world.order(order.id) == order
    assert await in_the_inbox(world, "evt_1") == handled


class CountedCommits(MemoryDatabase):
    """Counts the commits."""

    def __init__(self) -> None:
        super().__init__()
        self.commits = 0

    @override
    def replace(self, tables: Any) -> None:
        self.commits += 1
        super().replace(tables)


async def test_an_event_is_kept_in_the_transaction_of_what_it_brings_about() -> None:
    database = CountedCommits()
    world = World(database=database)
    order, session_id = await paid(world)
    before = database.commits
    await world.handle_payment_event(event(PaymentEventKind.SESSION_CHANGED, session_id, event_id="evt_1"), SIGNATURE)
    assert database.commits == before + 1
    assert (await world.order(order.id)).success
    assert (await in_the_inbox(world, "evt_1")).handled_at == world.clock.now()
    await world.close()


async def test_an_event_of_an_order_that_was_completed_before_is_kept_without_asking(
    world: World, handle: HandlePaymentEvent
) -> None:
    _, session_id = await paid(world)
    await world.complete_order(session_id)
    world.payment.available = False
    await handle(event(PaymentEventKind.SESSION_CHANGED, session_id, event_id="evt_1"), SIGNATURE)
    assert (await in_the_inbox(world, "evt_1")).handled_at == world.clock.now()


async def test_events_of_many_orders_at_once_complete_and_keep_each(world: World, handle: HandlePaymentEvent) -> None:
    stalls = ticket()
    await world.sell(stalls)
    orders = [await world.buy((stalls, 1)) for _ in range(10)]
    for order in orders:
        world.payment.pay(order.session_id or "")
    told = [event(PaymentEventKind.SESSION_CHANGED, order.session_id or "", event_id=order.number) for order in orders]
    unknown = event(PaymentEventKind.SESSION_CHANGED, "cs_unknown", event_id="evt_unknown")
    await asyncio.gather(*(handle(payload, SIGNATURE) for payload in [*told, unknown, *told]))
    for order in orders:
        assert (await world.order(order.id)).success
        assert (await in_the_inbox(world, order.number)).handled_at
    assert await world.counters(stalls) == (0, 10)
    assert (await in_the_inbox(world, "evt_unknown")).handled_at is None


class PaymentWithADefect(FlakyPayment):
    """A provider with a defect that no handler expects."""

    @override
    async def session(self, session_id: str) -> PaymentSession:
        raise ZeroDivisionError("a defect")


async def test_a_defect_is_kept_with_the_event_and_told() -> None:
    world = World(payment=PaymentWithADefect())
    with pytest.raises(ZeroDivisionError):
        await world.handle_payment_event(event(PaymentEventKind.SESSION_CHANGED, "cs_1", event_id="evt_1"), SIGNATURE)
    assert (await in_the_inbox(world, "evt_1")).last_error == "ZeroDivisionError: a defect"
    await world.close()


async def test_a_kept_event_can_be_handled_once_more(world: World, handle: HandlePaymentEvent) -> None:
    order, session_id = await paid(world)
    world.payment.available = False
    with pytest.raises(PaymentUnavailable):
        await handle(event(PaymentEventKind.SESSION_CHANGED, session_id, event_id="evt_1"), SIGNATURE)
    world.payment.available = True
    replayed = await handle.replay("evt_1")
    assert (await world.order(order.id)).success
    assert replayed == await in_the_inbox(world, "evt_1")
    assert (replayed.handled_at, replayed.last_error) == (world.clock.now(), None)


async def test_a_replay_asks_again_about_what_was_handled(world: World, handle: HandlePaymentEvent) -> None:
    stalls = ticket()
    await world.sell(stalls)
    order = await world.buy((stalls, 2))
    assert order.session_id
    await handle(event(PaymentEventKind.SESSION_CHANGED, order.session_id, event_id="evt_1"), SIGNATURE)
    world.payment.pay(order.session_id)
    await handle.replay("evt_1")
    assert (await world.order(order.id)).success


async def test_a_replay_that_changes_nothing_tells_why(world: World, handle: HandlePaymentEvent) -> None:
    await handle(event(PaymentEventKind.SESSION_CHANGED, "cs_unknown", event_id="evt_1"), SIGNATURE)
    replayed = await handle.replay("evt_1")
    assert (replayed.handled_at, replayed.last_error) == (None, "PaymentObjectNotFound: cs_unknown")


async def test_a_replay_without_the_provider_is_told(world: World, handle: HandlePaymentEvent) -> None:
    await handle(event(PaymentEventKind.SESSION_CHANGED, "cs_unknown", event_id="evt_1"), SIGNATURE)
    world.payment.available = False
    with pytest.raises(PaymentUnavailable):
        await handle.replay("evt_1")


async def test_what_an_earlier_release_kept_and_nobody_reacts_to_any_more_is_handled_by_a_replay(
    world: World, handle: HandlePaymentEvent
) -> None:
    retired = PaymentEvent(id="evt_old", type="order.created", object_id="or_1", livemode=False)
    async with world.database() as uow:
        await uow.inbox.failed(retired, error="nobody's business", now=world.clock.now())
        await uow.commit()
    assert (await handle.replay("evt_old")).handled_at == world.clock.now()


async def test_an_event_that_never_came_cannot_be_replayed(handle: HandlePaymentEvent) -> None:
    with pytest.raises(NotFound, match="evt_never"):
        await handle.replay("evt_never")


@pytest.mark.p2
async def test_a_test_event_changes_nothing_where_real_money_moves(world: World) -> None:
    live = HandlePaymentEvent(
        MemoryPaymentEvents(SIGNATURE),
        world.database,
        world.clock,
        world.event_handlers,
        world.keep_event,
        livemode=True,
    )
    order, session_id = await paid(world)
    await live(event(PaymentEventKind.SESSION_CHANGED, session_id, event_id="evt_1"), SIGNATURE)
    assert await world.order(order.id) == order
    with pytest.raises(NotFound):
        await live.replay("evt_1")


class LiveEvents(MemoryPaymentEvents):
    """Events of a provider in live mode."""

    @override
    def verify(self, payload: bytes, signature: str) -> PaymentEvent:
        return replace(MemoryPaymentEvents.verify(self, payload, signature), livemode=True)


@pytest.mark.p2
async def test_a_live_event_changes_nothing_at_a_test_installation(world: World) -> None:
    handle = HandlePaymentEvent(
        LiveEvents(SIGNATURE), world.database, world.clock, world.event_handlers, world.keep_event, livemode=False
    )
    order, session_id = await paid(world)
    await handle(event(PaymentEventKind.SESSION_CHANGED, session_id, event_id="evt_1"), SIGNATURE)
    assert await world.order(order.id) == order


class ConnectedEvents(MemoryPaymentEvents):
    """Events of a producer's connected account."""

    @override
    def verify(self, payload: bytes, signature: str) -> PaymentEvent:
        return replace(MemoryPaymentEvents.verify(self, payload, signature), of_connected_account=True)


@pytest.mark.p2
async def test_what_happens_within_a_producers_account_is_none_of_our_payments(world: World) -> None:
    handle = HandlePaymentEvent(
        ConnectedEvents(SIGNATURE), world.database, world.clock, world.event_handlers, world.keep_event, livemode=False
    )
    await handle(event(PaymentEventKind.CHARGE_REFUNDED, "ch_theirs", event_id="evt_theirs"), SIGNATURE)
    with pytest.raises(NotFound):
        await handle.replay("evt_theirs")


@pytest.mark.p2
async def test_an_event_that_names_no_object_is_taken_and_told(
    world: World, handle: HandlePaymentEvent, caplog: pytest.LogCaptureFixture
) -> None:
    await handle(event(PaymentEventKind.CHARGE_REFUNDED, "", event_id="evt_bare"), SIGNATURE)
    assert "Event evt_bare (charge_refunded) does not say what it is about" in caplog.text
    with pytest.raises(NotFound):
        await handle.replay("evt_bare")


@pytest.mark.p2
async def test_an_event_of_the_right_mode_is_believed(world: World) -> None:
    handle = HandlePaymentEvent(
        LiveEvents(SIGNATURE), world.database, world.clock, world.event_handlers, world.keep_event, livemode=True
    )
    order, session_id = await paid(world)
    await handle(event(PaymentEventKind.SESSION_CHANGED, session_id), SIGNATURE)
    assert (await world.order(order.id)).success


class PaymentThatTakesTheDatabaseAlong(FlakyPayment):
    """When it turns out to be away, the database is away, too."""

    database: MemoryDatabase

    @override
    async def session(self, session_id: str) -> PaymentSession:
        self.database.available = False
        return await super().session(session_id)


async def test_a_failure_that_cannot_be_kept_is_told_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    payment = PaymentThatTakesTheDatabaseAlong()
    world = World(payment=payment)
    payment.database = world.database
    payment.available = False
    with pytest.raises(PaymentUnavailable):
        await world.handle_payment_event(event(PaymentEventKind.SESSION_CHANGED, "cs_1", event_id="evt_1"), SIGNATURE)
    assert "The failure of event evt_1 is not kept: switched off" in caplog.text
    world.database.available = True
    async with world.database() as uow:
        assert await uow.inbox.get("evt_1") is None  # Stripe sends it again, as it got no answer
    await world.close()
