"""Productions and their shows, as both storages keep them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from application.ports.catalog import ShowCursor, ShowDetails
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.branding import Picture
from domain.catalog import Producer
from domain.production import CapacityDefault, Production, TicketDefault
from tests.contracts.builders import NOW, Theatre, a_producer, a_promo_code, a_show, a_ticket, new_id
from tests.support.factories import venue_address

PICTURE = Picture.of("7c1e2f3a4b5d6978809a1b2c3d4e5f60", width=1200, height=675)
A_DAY = timedelta(days=1)


def a_production(producer: Producer, **fields: Any) -> Production:
    return Production.planned(**{"id": new_id(), "producer_id": producer.id, "title": "Faust", **fields})


async def store(unit_of_work: UnitOfWorkFactory, *productions: Production) -> None:
    async with unit_of_work() as uow:
        for production in productions:
            await uow.productions.add(production)
        await uow.commit()


async def test_a_production_comes_back_as_stored(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    house = CapacityDefault(name="Haus", size=300)
    seats = TicketDefault(
        name="Parkett", price=25_00, quantity=None, description="Reihe 1–9", is_vip=True, capacity="Haus", places=2
    )
    pay = TicketDefault(name="Zahl, was du willst", price=0, quantity=20, is_donation_based=True)
    bare = a_production(theatre.producer)
    full = a_production(
        theatre.producer,
        description="Der Tragödie erster Teil.",
        venue="Große Straße 1",
        venue_address=venue_address(),
        timezone="Europe/Berlin",
        locale="de-DE",
        terms="Keine Rückgabe.",
        doors_minutes=45,
        duration_minutes=200,
        tickets=(seats, pay),
        capacities=(house,),
        image=PICTURE,
    )
    async with unit_of_work() as uow:
        await uow.pictures.add(PICTURE, b"content")
        await uow.commit()
    await store(unit_of_work, bare, full)

    changed = full.changed(title="Faust II", image=None, venue_address=None, tickets=())
    async with unit_of_work() as uow:
        assert await uow.productions.get(bare.id) == bare
        assert await uow.productions.lock(full.id) == full
        assert await uow.productions.get(new_id()) is None
        assert await uow.productions.lock(new_id()) is None
        await uow.productions.save(changed)
        await uow.commit()
    async with unit_of_work() as uow:
        assert await uow.productions.get(full.id) == changed
        await uow.productions.delete(full.id)
        await uow.commit()
    async with unit_of_work() as uow:
        assert await uow.productions.get(full.id) is None


async def test_a_producers_productions_are_listed_the_newest_first(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    other = a_producer()
    async with unit_of_work() as uow:
        await uow.producers.add(other)
        await uow.commit()
    first, second, third = (a_production(theatre.producer, title=str(number)) for number in range(3))
    await store(unit_of_work, first, second, third, a_production(other))

    async with unit_of_work() as uow:
        newest = await uow.productions.of_producer(theatre.producer.id, after=None, limit=2)
        rest = await uow.productions.of_producer(theatre.producer.id, after=newest[-1].id, limit=2)
    assert (newest, rest) == ([third, second], [first])


async def test_a_picture_stays_as_long_as_a_production_has_it(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    production = a_production(theatre.producer, image=PICTURE)
    async with unit_of_work() as uow:
        await uow.pictures.add(PICTURE, b"content")
        await uow.productions.add(production)
        await uow.pictures.remove_unused(PICTURE)
        assert await uow.pictures.content(PICTURE) == b"content"
        await uow.productions.save(production.changed(image=None))
        await uow.pictures.remove_unused(PICTURE)
        assert await uow.pictures.content(PICTURE) is None
        await uow.commit()


async def test_shows_of_a_production_are_found_with_it(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    production, other = a_production(theatre.producer, description="A devil."), a_production(theatre.producer)
    await store(unit_of_work, production, other)
    sooner, later, over = (
        replace(a_show(theatre.producer, starts_in=days * A_DAY), production_id=production.id) for days in (1, 2, -9)
    )
    draft = replace(a_show(theatre.producer, starts_in=3 * A_DAY), production_id=production.id, published=False)
    elsewhere = replace(a_show(theatre.producer), production_id=other.id)
    async with unit_of_work() as uow:
        await uow.shows.add(later, draft, sooner, over, elsewhere)
        await uow.commit()

    async with unit_of_work() as uow:
        assert await uow.shows.of_production(production.id) == [over, sooner, later, draft]
        assert await uow.shows.of_production(production.id, since=NOW) == [sooner, later, draft]
        details = await uow.show_details.details(sooner.id)
        assert details == ShowDetails(sooner, theatre.producer, (), production)
        assert (details.description, details.image) == ("With an interval.", None)
        listed: dict[str, Any] = {"production_id": production.id, "after": None, "limit": 9}
        on_sale = await uow.show_details.on_sale(now=NOW, producer_id=None, **listed)
        assert [each.show for each in on_sale] == [sooner, later]
        assert {each.production for each in on_sale} == {production}
        of_all: dict[str, Any] = {"now": NOW, "producer_id": theatre.producer.id, "after": None, "limit": 9}
        once = await uow.show_details.on_sale(**of_all, once=True)
        assert [each.show for each in once] == [sooner, *sorted([elsewhere, theatre.show], key=lambda show: show.id)]
        rest = await uow.show_details.on_sale(**of_all | {"after": ShowCursor.at(once[0])}, once=True)
        assert later not in [each.show for each in rest]
        own = await uow.show_details.of_producer(theatre.producer.id, **listed)
        assert [each.show for each in own] == [draft, later, sooner, over]


async def test_many_are_added_and_locked_at_once(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    shows = [a_show(theatre.producer, starts_in=A_DAY * number) for number in range(1, 4)]
    tickets = [a_ticket(show) for show in shows]
    codes = [a_promo_code(show) for show in shows]
    async with unit_of_work() as uow:
        await uow.shows.add(*shows)
        await uow.tickets.add(*tickets)
        await uow.promo_codes.add(*codes)
        await uow.shows.add()
        await uow.commit()

    async with unit_of_work() as uow:
        ids = [show.id for show in shows]
        assert await uow.shows.lock_all([*ids, new_id()]) == {show.id: show for show in shows}
        await uow.shows.lock_stock(*ids)
        details = await uow.show_details.details_of(ids)
        assert [details[show.id].tickets for show in shows] == [(ticket,) for ticket in tickets]
        assert [await uow.promo_codes.with_code(code.show_id, "TEST20") for code in codes] == codes
