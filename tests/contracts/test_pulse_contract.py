"""The PulseReader port: what is sold in this minute, what is held, what Stripe's events wait for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.memory.pulse import MemoryPulse
from adapters.memory.unit_of_work import MemoryDatabase
from adapters.postgres.engine import create_engine
from adapters.postgres.pulse import PostgresPulse
from application.ports.payment import PaymentEvent
from application.ports.pulse import Holds, PulseReader, ShowPulse
from application.ports.unit_of_work import StorageUnavailable, UnitOfWorkFactory
from application.ports.webhooks import NOT_OURS
from domain.capacity import Capacity
from domain.inventory import Inventory
from domain.orders import Order, OrderStatus
from tests.contracts.builders import NOW, Theatre, a_show, a_ticket, an_order, new_id, paid

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def pulse(unit_of_work: UnitOfWorkFactory, contracts_engine: AsyncEngine) -> PulseReader:
    return MemoryPulse(unit_of_work) if isinstance(unit_of_work, MemoryDatabase) else PostgresPulse(contracts_engine)


async def store(unit_of_work: UnitOfWorkFactory, *orders: Order) -> None:
    async with unit_of_work() as uow:
        await uow.orders.add(orders)
        await uow.commit()


async def test_nothing_is_sold_where_nothing_happens(pulse: PulseReader, theatre: Theatre) -> None:
    assert await pulse.sales(now=NOW) == []
    assert await pulse.holds(now=NOW) == Holds()
    assert await pulse.failed_events() == 0


async def test_the_last_minute_counts_and_what_was_placed_before_it_and_completed_in_it(
    unit_of_work: UnitOfWorkFactory, pulse: PulseReader, theatre: Theatre
) -> None:
    now = NOW + 30 * MINUTE
    held = theatre.order(3, now=now - 59 * SECOND)
    free = replace(paid(theatre.order(1, now=now - SECOND)), completed_at=now - SECOND)
    paid_now = replace(paid(theatre.order(4, now=now - 20 * MINUTE)), completed_at=now)
    earlier = replace(paid(theatre.order(2, now=now - MINUTE)), completed_at=now - MINUTE)
    later = theatre.order(2, now=now + SECOND)
    await store(unit_of_work, held, free, paid_now, earlier, later)
    assert await pulse.sales(now=now) == [
        ShowPulse(
            show_id=theatre.show.id,
            title=theatre.show.title,
            starts_at=theatre.show.start_time,
            placed=2,
            tickets=4,
            completed=2,
            left=200,
        )
    ]


async def test_places_are_counted_by_the_house_where_prices_share_it(
    unit_of_work: UnitOfWorkFactory, pulse: PulseReader, theatre: Theatre
) -> None:
    house = Capacity(id=new_id(), show_id=theatre.show.id, name="House", size=50, held=2, sold=7)
    async with unit_of_work() as uow:
        await uow.capacities.add(house)
        await uow.tickets.delete(theatre.gallery.id)
        await uow.tickets.delete(theatre.stalls.id)
        await uow.tickets.add(replace(theatre.stalls, inventory=Inventory(100, 3, 7)))
        await uow.tickets.add(
            replace(a_ticket(theatre.show, name="Sharing"), capacity_id=house.id, inventory=Inventory(100, 2, 7))
        )
        await uow.commit()
    await store(unit_of_work, theatre.order())
    [found] = await pulse.sales(now=NOW)
    assert found.left == (100 - 3 - 7) + (50 - 2 - 7)


async def test_the_busiest_show_comes_first_and_shows_that_are_over_do_not(
    unit_of_work: UnitOfWorkFactory, pulse: PulseReader, theatre: Theatre
) -> None:
    other, over = a_show(theatre.producer), a_show(theatre.producer, starts_in=-timedelta(days=1))
    stalls = a_ticket(other)
    async with unit_of_work() as uow:
        await uow.shows.add(other)
        await uow.shows.add(over)
        await uow.tickets.add(stalls)
        await uow.commit()
    busy = [an_order(theatre.producer, other, {stalls: 1}) for _ in range(2)]
    gone = replace(theatre.order(), show_id=over.id)
    await store(unit_of_work, theatre.order(), *busy, gone)
    found = await pulse.sales(now=NOW)
    assert [(show.show_id, show.placed) for show in found] == [(other.id, 2), (theatre.show.id, 1)]


async def test_holds_are_counted_with_what_they_wait_for(
    unit_of_work: UnitOfWorkFactory, pulse: PulseReader, theatre: Theatre
) -> None:
    now = NOW + 31 * MINUTE
    waits, has_page = theatre.order(3, now=now - 7 * SECOND), replace(theatre.order(2, now=now), session_id="cs_a")
    overdue = replace(theatre.order(1), session_id="cs_b")
    at_the_bank = replace(theatre.order(4), session_id="cs_c", status=OrderStatus.PROCESSING)
    await store(unit_of_work, waits, has_page, overdue, at_the_bank, paid(theatre.order(5)))
    assert await pulse.holds(now=now) == Holds(
        orders=4, tickets=10, pages_missing=1, page_missing_for=7 * SECOND, overdue=1
    )


async def test_events_that_could_not_be_handled_are_counted(
    unit_of_work: UnitOfWorkFactory, pulse: PulseReader, theatre: Theatre
) -> None:
    def event(name: str) -> PaymentEvent:
        return PaymentEvent(id=name, type="charge.refunded", object_id="ch_1", livemode=False)

    async with unit_of_work() as uow:
        await uow.inbox.failed(event("evt_failed"), error="StripeError: no", now=NOW)
        await uow.inbox.failed(event("evt_of_others"), error=f"{NOT_OURS} none", now=NOW)
        await uow.commit()
    assert await pulse.failed_events() == 1


async def test_the_database_names_its_connections(pulse: PulseReader) -> None:
    found = await pulse.sessions()
    assert found.connections >= found.working >= 0
    assert found.longest >= timedelta()


async def test_a_database_that_is_away_is_named(closed_port: int) -> None:
    engine = create_engine(f"postgresql://nobody@127.0.0.1:{closed_port}/nothing", pool_size=1)
    with pytest.raises(StorageUnavailable):
        await PostgresPulse(engine).sales(now=NOW)
    await engine.dispose()
