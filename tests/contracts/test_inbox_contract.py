"""The EventInbox port: every webhook is stored once, with its outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from application.ports.payment import PaymentEvent
from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.webhooks import EventContext, ReceivedEvent
from tests.contracts.builders import NOW, Theatre, new_id

EVENT = PaymentEvent(id="evt_1", type="charge.refunded", object_id="ch_1", livemode=False)
LATER = NOW + timedelta(seconds=1)


async def handled(unit_of_work: UnitOfWorkFactory, *events: PaymentEvent, now: datetime = NOW) -> None:
    async with unit_of_work() as uow:
        await uow.inbox.handled(events, now=now)
        await uow.commit()


async def failed(unit_of_work: UnitOfWorkFactory, event: PaymentEvent, error: str, now: datetime = NOW) -> None:
    async with unit_of_work() as uow:
        await uow.inbox.failed(event, error=error, now=now)
        await uow.commit()


async def kept(unit_of_work: UnitOfWorkFactory, event_id: str) -> ReceivedEvent | None:
    async with unit_of_work() as uow:
        return await uow.inbox.get(event_id)


async def contexts(unit_of_work: UnitOfWorkFactory, *events: PaymentEvent) -> Mapping[str, EventContext]:
    async with unit_of_work() as uow:
        return await uow.inbox.contexts(events)


@pytest.mark.parametrize("livemode", [True, False])
async def test_an_event_is_kept_to_the_last_field(unit_of_work: UnitOfWorkFactory, livemode: bool) -> None:
    event = replace(EVENT, livemode=livemode)

    await handled(unit_of_work, event)

    assert await kept(unit_of_work, event.id) == ReceivedEvent(event, NOW, NOW)


async def test_an_event_that_never_came_is_none_and_not_handled(unit_of_work: UnitOfWorkFactory) -> None:
    assert await kept(unit_of_work, EVENT.id) is None
    assert await contexts(unit_of_work, EVENT) == {EVENT.id: EventContext(EVENT, handled=False, order=None)}


async def test_who_asks_learns_what_was_handled_before(unit_of_work: UnitOfWorkFactory) -> None:
    other, unheard = replace(EVENT, id="evt_2"), replace(EVENT, id="evt_3")
    await handled(unit_of_work, EVENT)
    await failed(unit_of_work, other, "PaymentUnavailable: time-out")

    found = await contexts(unit_of_work, unheard, other, EVENT, EVENT)

    assert {id_ for id_, known in found.items() if known.handled} == {EVENT.id}
    assert found.keys() == {EVENT.id, other.id, unheard.id}


async def test_who_asks_learns_whose_session_an_event_is_about(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    order = theatre.order()
    async with unit_of_work() as uow:
        await uow.orders.add([order])
        await uow.orders.attach_session(order.id, session_id="cs_1", checkout_url=None)
        await uow.commit()
    ours, strange = replace(EVENT, object_id="cs_1"), replace(EVENT, id="evt_2", object_id="cs_2")

    found = await contexts(unit_of_work, ours, strange)

    assert found[ours.id].order == (order.id, order.status)
    assert found[strange.id].order is None


async def test_nobody_asks_about_nothing(unit_of_work: UnitOfWorkFactory) -> None:
    assert await contexts(unit_of_work) == {}


async def test_a_failure_is_kept_and_the_event_still_waits(unit_of_work: UnitOfWorkFactory) -> None:
    await failed(unit_of_work, EVENT, "NotFound: keine Bestellung")

    assert await kept(unit_of_work, EVENT.id) == ReceivedEvent(EVENT, NOW, None, "NotFound: keine Bestellung")


async def test_a_success_ends_the_failure_and_leaves_when_it_came(unit_of_work: UnitOfWorkFactory) -> None:
    await failed(unit_of_work, EVENT, "PaymentUnavailable: time-out")

    await handled(unit_of_work, EVENT, now=LATER)

    assert await kept(unit_of_work, EVENT.id) == ReceivedEvent(EVENT, NOW, LATER, None)


async def test_what_was_handled_stays_so_when_it_fails_once_more(unit_of_work: UnitOfWorkFactory) -> None:
    await handled(unit_of_work, EVENT)

    await failed(unit_of_work, EVENT, "PaymentUnavailable: time-out", LATER)

    assert await kept(unit_of_work, EVENT.id) == ReceivedEvent(EVENT, NOW, NOW, "PaymentUnavailable: time-out")


async def test_of_many_who_keep_it_at_once_all_come_through(unit_of_work: UnitOfWorkFactory) -> None:
    other = replace(EVENT, id="evt_2")

    await asyncio.gather(
        *(handled(unit_of_work, *events) for events in [(EVENT, other), (other, EVENT), (EVENT, EVENT)] * 3)
    )

    assert await kept(unit_of_work, EVENT.id) == ReceivedEvent(EVENT, NOW, NOW)
    assert await kept(unit_of_work, other.id) == ReceivedEvent(other, NOW, NOW)


@pytest.mark.parametrize("error", ["nul \x00 byte", "long " * 10_000])
async def test_whatever_an_error_says_it_can_be_kept(unit_of_work: UnitOfWorkFactory, error: str) -> None:
    await failed(unit_of_work, EVENT, error)

    received = await kept(unit_of_work, EVENT.id)
    assert received
    assert received.last_error
    assert received.last_error.startswith(error[:4])


async def test_an_event_that_was_not_committed_never_came(unit_of_work: UnitOfWorkFactory) -> None:
    async with unit_of_work() as uow:
        await uow.inbox.handled([EVENT], now=NOW)

    assert await kept(unit_of_work, EVENT.id) is None


async def test_failed_events_wait_in_the_order_they_came(unit_of_work: UnitOfWorkFactory) -> None:
    prefix = f"evt_{new_id().hex}"
    names = [f"{prefix}_{number}" for number in range(4)]
    async with unit_of_work() as uow:
        for number, name in enumerate(reversed(names)):
            moment = NOW - timedelta(days=300 + number)
            await uow.inbox.failed(replace(EVENT, id=name), error="PaymentObjectNotFound: gone", now=moment)
        await uow.inbox.failed(replace(EVENT, id=f"{prefix}_theirs"), error="NotFound: No order", now=NOW)
        await uow.inbox.handled([replace(EVENT, id=names[2])], now=NOW)
        await uow.commit()
    async with unit_of_work() as uow:
        first = [r for r in await uow.inbox.failed_events(after=None, limit=100) if r.event.id.startswith(prefix)]
        rest = [r for r in await uow.inbox.failed_events(after=first[0], limit=100) if r.event.id.startswith(prefix)]

    assert [received.event.id for received in first] == [names[0], names[1], names[3]]
    assert rest == first[1:]
    assert {received.last_error for received in first} == {"PaymentObjectNotFound: gone"}
