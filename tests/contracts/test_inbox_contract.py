"""The EventInbox port: every webhook is kept once, with what became of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from application.ports.payment import PaymentEvent
from application.ports.storage import ReceivedEvent, UnitOfWorkFactory
from tests.contracts.builders import NOW

EVENT = PaymentEvent(id="evt_1", type="charge.refunded", object_id="ch_1", livemode=False)
LATER = NOW + timedelta(seconds=1)


async def receive(unit_of_work: UnitOfWorkFactory, event: PaymentEvent, now: datetime = NOW) -> ReceivedEvent:
    async with unit_of_work() as uow:
        received = await uow.inbox.receive([event], now=now)
        await uow.commit()
    return received[event.id]


async def handled(unit_of_work: UnitOfWorkFactory, event_id: str, now: datetime) -> None:
    async with unit_of_work() as uow:
        await uow.inbox.handled([event_id], now=now)
        await uow.commit()


async def failed(unit_of_work: UnitOfWorkFactory, event_id: str, error: str) -> None:
    async with unit_of_work() as uow:
        await uow.inbox.failed(event_id, error=error)
        await uow.commit()


async def kept(unit_of_work: UnitOfWorkFactory, event_id: str) -> ReceivedEvent | None:
    async with unit_of_work() as uow:
        return await uow.inbox.get(event_id)


@pytest.mark.parametrize("livemode", [True, False])
async def test_a_new_event_is_kept_and_waits(unit_of_work: UnitOfWorkFactory, livemode: bool) -> None:
    event = replace(EVENT, livemode=livemode)

    received = await receive(unit_of_work, event)

    assert received == ReceivedEvent(event, NOW)
    assert (received.handled_at, received.last_error) == (None, None)
    assert await kept(unit_of_work, event.id) == received


async def test_an_event_that_comes_again_is_the_one_that_came_before(unit_of_work: UnitOfWorkFactory) -> None:
    await receive(unit_of_work, EVENT)

    assert await receive(unit_of_work, EVENT, LATER) == ReceivedEvent(EVENT, NOW)


async def test_who_receives_it_again_learns_what_became_of_it(unit_of_work: UnitOfWorkFactory) -> None:
    await receive(unit_of_work, EVENT)
    await handled(unit_of_work, EVENT.id, LATER)

    assert (await receive(unit_of_work, EVENT, LATER)).handled_at == LATER


async def test_of_many_who_receive_it_at_once_all_see_the_same(unit_of_work: UnitOfWorkFactory) -> None:
    moments = [NOW + timedelta(seconds=seconds) for seconds in range(5)]

    received = await asyncio.gather(*(receive(unit_of_work, EVENT, moment) for moment in moments))

    assert len(set(received)) == 1
    assert await kept(unit_of_work, EVENT.id) == received[0]


async def test_two_events_are_two(unit_of_work: UnitOfWorkFactory) -> None:
    other = replace(EVENT, id="evt_2")
    await receive(unit_of_work, EVENT)
    await receive(unit_of_work, other, LATER)

    await handled(unit_of_work, EVENT.id, LATER)

    assert await kept(unit_of_work, "evt_2") == ReceivedEvent(other, LATER)


async def test_a_failure_is_kept_and_the_event_still_waits(unit_of_work: UnitOfWorkFactory) -> None:
    await receive(unit_of_work, EVENT)

    await failed(unit_of_work, EVENT.id, "NotFound: keine Bestellung")

    assert await kept(unit_of_work, EVENT.id) == ReceivedEvent(EVENT, NOW, None, "NotFound: keine Bestellung")


async def test_a_success_ends_the_failure(unit_of_work: UnitOfWorkFactory) -> None:
    await receive(unit_of_work, EVENT)
    await failed(unit_of_work, EVENT.id, "PaymentUnavailable: time-out")

    await handled(unit_of_work, EVENT.id, LATER)

    assert await kept(unit_of_work, EVENT.id) == ReceivedEvent(EVENT, NOW, LATER, None)


@pytest.mark.parametrize("error", ["nul \x00 byte", "long " * 10_000])
async def test_whatever_an_error_says_it_can_be_kept(unit_of_work: UnitOfWorkFactory, error: str) -> None:
    await receive(unit_of_work, EVENT)

    await failed(unit_of_work, EVENT.id, error)

    received = await kept(unit_of_work, EVENT.id)
    assert received
    assert received.last_error
    assert received.last_error.startswith(error[:4])


async def test_an_event_that_never_came_is_none(unit_of_work: UnitOfWorkFactory) -> None:
    assert await kept(unit_of_work, "evt_never") is None


async def test_an_event_that_was_not_committed_never_came(unit_of_work: UnitOfWorkFactory) -> None:
    async with unit_of_work() as uow:
        await uow.inbox.receive([EVENT], now=NOW)

    assert await kept(unit_of_work, EVENT.id) is None


async def test_events_are_received_and_handled_together(unit_of_work: UnitOfWorkFactory) -> None:
    other = replace(EVENT, id="evt_2")
    await receive(unit_of_work, EVENT)
    async with unit_of_work() as uow:
        received = await uow.inbox.receive([other, EVENT, other], now=LATER)
        await uow.inbox.handled(received.keys(), now=LATER)
        await uow.commit()

    assert {id_: event.received_at for id_, event in received.items()} == {"evt_1": NOW, "evt_2": LATER}
    for event_id in received:
        found = await kept(unit_of_work, event_id)
        assert found
        assert found.handled_at == LATER
