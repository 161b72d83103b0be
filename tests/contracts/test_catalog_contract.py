"""The CatalogRepo port: producers, shows, tickets and promo codes, and the list of what is on sale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from application.ports.catalog import ShowCursor, ShowDetails
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.catalog import Producer, ProducerFinancial, Show
from domain.fees import FeeBearer
from domain.inventory import Inventory
from domain.money import currency
from domain.orders import OrderStatus
from domain.promotions import UseCount
from domain.sale_period import SellsUntil
from domain.tax import TaxMode
from domain.venue_clock import VenueTime
from tests.contracts.builders import NOW, Theatre, a_cart, a_producer, a_promo_code, a_show, a_ticket, new_id
from tests.support.factories import by_older_rules


async def store(unit_of_work: UnitOfWorkFactory, producer: Producer, shows: Sequence[Show]) -> None:
    async with unit_of_work() as uow:
        await uow.producers.add(producer)
        for show in shows:
            await uow.shows.add(show)
        await uow.commit()


async def on_sale(
    unit_of_work: UnitOfWorkFactory,
    *,
    producer_id: UUID | None = None,
    after: ShowCursor | None = None,
    limit: int = 100,
) -> list[Show]:
    async with unit_of_work() as uow:
        found = await uow.show_details.on_sale(now=NOW, producer_id=producer_id, after=after, limit=limit)
    return [display.show for display in found]


async def test_a_producer_comes_back_as_stored(unit_of_work: UnitOfWorkFactory) -> None:
    producer = replace(
        a_producer(name="Théâtre de l’Œuvre 🎭"),
        currency=currency("JPY"),
        tax=TaxMode.INCLUSIVE,
        fees=FeeBearer.PRODUCER,
    )
    await store(unit_of_work, producer, [])

    async with unit_of_work() as uow:
        assert await uow.producers.get(producer.id) == producer


async def test_a_producer_without_an_account_comes_back_without_one(unit_of_work: UnitOfWorkFactory) -> None:
    producer = a_producer(financial=ProducerFinancial())
    await store(unit_of_work, producer, [])

    async with unit_of_work() as uow:
        assert await uow.producers.get(producer.id) == producer


async def test_what_an_account_can_do_is_written_for_everybody_whose_money_goes_to_it(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    shared = ProducerFinancial("acct_shared", charges_enabled=True)
    first, second = a_producer(financial=shared), a_producer(financial=shared)
    other, without = a_producer(), a_producer(financial=ProducerFinancial())
    for producer in (first, second, other, without):
        await store(unit_of_work, producer, [])

    async with unit_of_work() as uow:
        changed = await uow.producers.account_changed("acct_shared", charges_enabled=False)
        assert await uow.producers.account_changed("acct_shared", charges_enabled=False) == []
        assert await uow.producers.account_changed("acct_of_nobody", charges_enabled=False) == []
        await uow.commit()

    disabled = ProducerFinancial("acct_shared", charges_enabled=False)
    expected = [replace(producer, financial=disabled) for producer in (first, second)]
    assert changed == sorted(expected, key=lambda producer: producer.id)
    async with unit_of_work() as uow:
        for producer in (first, second):
            assert await uow.producers.get(producer.id) == replace(producer, financial=disabled)
        for producer in (other, without):
            assert await uow.producers.get(producer.id) == producer


async def test_a_changed_producer_is_stored(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    changed = replace(
        theatre.producer,
        name="Großes Theater",
        email="new@example.org",
        financial=ProducerFinancial("acct_new", charges_enabled=False),
    )
    async with unit_of_work() as uow:
        await uow.producers.save(changed)
        await uow.commit()

    async with unit_of_work() as uow:
        assert await uow.producers.get(theatre.producer.id) == changed


async def test_one_stripe_account_may_serve_two_producers(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    sister = a_producer(financial=theatre.producer.financial)

    await store(unit_of_work, sister, [])

    async with unit_of_work() as uow:
        assert await uow.producers.get(sister.id) == sister


async def test_what_was_never_stored_is_none(unit_of_work: UnitOfWorkFactory) -> None:
    async with unit_of_work() as uow:
        assert await uow.producers.get(new_id()) is None
        assert await uow.shows.get(new_id()) is None
        assert await uow.show_details.details(new_id()) is None


async def test_a_show_comes_back_as_stored(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    async with unit_of_work() as uow:
        assert await uow.shows.get(theatre.show.id) == theatre.show


async def test_a_changed_show_is_stored(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    changed = replace(
        theatre.show,
        title="Macbeth",
        venue="",
        start_time=theatre.show.start_time + timedelta(minutes=1),
        timezone="America/New_York",
        published=False,
        cancelled=True,
    )
    async with unit_of_work() as uow:
        await uow.shows.save(changed)
        await uow.commit()

    async with unit_of_work() as uow:
        assert await uow.shows.get(theatre.show.id) == changed


async def test_what_the_venues_clock_shows_is_stored_beside_moments_of_older_rules(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    night = theatre.show.changed(
        timezone="America/New_York",
        door_time=datetime.fromisoformat("2027-11-07T00:30:00"),
        start_time=datetime.fromisoformat("2027-11-07T01:45:00-04:00"),
        end_time=datetime.fromisoformat("2027-11-07T01:15:00-05:00"),
    )
    outdated = by_older_rules(night)
    async with unit_of_work() as uow:
        await uow.shows.save(outdated)
        await uow.commit()

    async with unit_of_work() as uow:
        stored = await uow.shows.get(theatre.show.id)

    assert stored is not None
    assert stored == outdated
    assert [local.fold for local in stored.venue_clock.times] == [0, 0, 1]
    assert stored.by_rules_in_force() == night


async def test_sale_times_come_back_as_stored(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    twice = datetime.fromisoformat("2026-10-25T02:30:00")
    early, late = (VenueTime.showing(twice.replace(fold=fold), "Europe/Berlin") for fold in (0, 1))
    assert early.moment < late.moment
    show = replace(theatre.show, on_sale_at=early, off_sale_at=late, sells_until=SellsUntil.DOORS)
    stalls = replace(theatre.stalls, off_sale_at=late)
    gallery = replace(theatre.gallery, on_sale_at=VenueTime(twice, late.moment))  # by other rules
    async with unit_of_work() as uow:
        await uow.shows.save(show)
        await uow.tickets.save(stalls)
        await uow.tickets.save(gallery)
        await uow.commit()

    async with unit_of_work() as uow:
        stored = await uow.shows.get(show.id)
        tickets = [await uow.tickets.get(stalls.id), await uow.tickets.get(gallery.id)]

    assert stored == show
    assert stored.off_sale_at
    assert stored.off_sale_at.local.fold == 1
    assert tickets == [stalls, gallery]


async def test_ticket_types_with_sale_times_are_found_by_their_shows(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    times = [VenueTime.at(NOW + timedelta(days=days), "Europe/Berlin") for days in (1, 2)]
    opening = replace(a_ticket(theatre.show), on_sale_at=times[0])
    closing = replace(a_ticket(theatre.show), off_sale_at=times[1])
    async with unit_of_work() as uow:
        for ticket in (opening, closing):
            await uow.tickets.add(ticket)
        await uow.commit()

    async with unit_of_work() as uow:
        assert await uow.tickets.with_sale_times([theatre.show.id, new_id()]) == sorted(
            [opening, closing], key=lambda ticket: ticket.id
        )
        assert await uow.tickets.with_sale_times([]) == []


async def test_shows_to_come_are_those_that_have_not_ended(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    others = [a_show(theatre.producer, starts_in=timedelta(days=days)) for days in (-1, 1, 2)]
    async with unit_of_work() as uow:
        for show in others:
            await uow.shows.add(show)
        await uow.commit()
    to_come = sorted([theatre.show, *others[1:]], key=lambda show: show.id)

    async with unit_of_work() as uow:
        assert await uow.shows.to_come(since=NOW, after=None, limit=10) == to_come
        assert await uow.shows.to_come(since=NOW, after=None, limit=2) == to_come[:2]
        assert await uow.shows.to_come(since=NOW, after=to_come[0].id, limit=10) == to_come[1:]
        ended = others[1].end_time
        assert others[1] not in await uow.shows.to_come(since=ended, after=None, limit=10)


async def test_a_show_is_displayed_with_its_producer_and_its_tickets_by_price(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    async with unit_of_work() as uow:
        display = await uow.show_details.details(theatre.show.id)

    assert display == ShowDetails(theatre.show, theatre.producer, (theatre.gallery, theatre.stalls))


async def test_many_shows_are_displayed_at_once_as_far_as_they_exist(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    producer = a_producer()
    other = a_show(producer)
    await store(unit_of_work, producer, [other])

    async with unit_of_work() as uow:
        assert await uow.show_details.details_of({theatre.show.id, other.id, new_id()}) == {
            theatre.show.id: ShowDetails(theatre.show, theatre.producer, (theatre.gallery, theatre.stalls)),
            other.id: ShowDetails(other, producer, ()),
        }
        assert await uow.show_details.details_of(()) == {}


async def test_a_show_that_is_not_published_is_displayed_to_who_knows_it(unit_of_work: UnitOfWorkFactory) -> None:
    producer = a_producer()
    draft = replace(a_show(producer), published=False)
    await store(unit_of_work, producer, [draft])

    async with unit_of_work() as uow:
        assert await uow.show_details.details(draft.id) == ShowDetails(draft, producer, ())


async def test_a_ticket_comes_back_as_stored(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    ticket = replace(
        a_ticket(theatre.show, price=0, name="Wolke 7"),
        is_donation_based=True,
        is_vip=True,
        inventory=Inventory(9, held=2, sold=3),
    )
    async with unit_of_work() as uow:
        await uow.tickets.add(ticket)
        await uow.commit()

    async with unit_of_work() as uow:
        sale = await uow.inventory.read([a_cart({ticket: 1})])
    assert sale.stock.tickets == {ticket.id: ticket}


async def test_saving_a_ticket_leaves_held_and_sold_alone(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    edited = replace(theatre.stalls, name="Front stalls", price=30_00, is_vip=True, inventory=Inventory(80))
    order = theatre.order(2)
    async with unit_of_work() as uow:
        stock = await uow.inventory.lock_stock([order])
        stock.hold(order.lines, None)
        stock.sell(order.lines, None)
        await uow.inventory.save(stock)
        await uow.commit()

    async with unit_of_work() as uow:
        await uow.tickets.save(edited)
        await uow.commit()

    async with unit_of_work() as uow:
        stored = (await uow.inventory.lock_stock([order])).tickets[theatre.stalls.id]
    assert stored == replace(edited, inventory=Inventory(80, held=2, sold=2))


async def test_writing_counters_leaves_an_edited_ticket_alone(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    order = theatre.order(1)
    async with unit_of_work() as uow:
        stock = await uow.inventory.lock_stock([order])
        await uow.tickets.save(replace(theatre.stalls, price=99_00))
        stock.hold(order.lines, None)
        await uow.inventory.save(stock)
        await uow.commit()

    async with unit_of_work() as uow:
        stored = (await uow.inventory.lock_stock([order])).tickets[theatre.stalls.id]
    assert (stored.price, stored.inventory.held) == (99_00, 1)


async def test_shows_on_sale_come_soonest_first_with_producer_and_tickets(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    sooner, later = (a_show(theatre.producer, starts_in=timedelta(days=days)) for days in (1, 60))
    async with unit_of_work() as uow:
        await uow.shows.add(later)
        await uow.shows.add(sooner)
        await uow.commit()

    async with unit_of_work() as uow:
        found = await uow.show_details.on_sale(now=NOW, producer_id=None, after=None, limit=10)

    assert found == [
        ShowDetails(sooner, theatre.producer, ()),
        ShowDetails(theatre.show, theatre.producer, (theatre.gallery, theatre.stalls)),
        ShowDetails(later, theatre.producer, ()),
    ]


async def test_drafts_cancelled_and_ended_shows_are_not_on_sale(unit_of_work: UnitOfWorkFactory) -> None:
    producer = a_producer()
    ends_now = a_show(producer, starts_in=timedelta(hours=-2))
    under_way = a_show(producer, starts_in=timedelta(hours=-1))
    draft = replace(a_show(producer), published=False)
    cancelled = replace(a_show(producer), cancelled=True)
    await store(unit_of_work, producer, [ends_now, under_way, draft, cancelled])

    assert await on_sale(unit_of_work) == [under_way]


async def test_shows_of_one_producer_can_be_asked_for(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    other = a_producer()
    show = a_show(other)
    await store(unit_of_work, other, [show])

    assert await on_sale(unit_of_work, producer_id=other.id) == [show]
    assert await on_sale(unit_of_work, producer_id=new_id()) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_follow_one_another_without_gap_or_repetition(unit_of_work: UnitOfWorkFactory, limit: int) -> None:
    producer = a_producer()
    # Three of the five begin at the same moment: only the id shows which comes first.
    days = [1, 2, 2, 2, 3]
    shows = [a_show(producer, starts_in=timedelta(days=day)) for day in days]
    await store(unit_of_work, producer, shows)

    seen: list[Show] = []
    cursor = None
    while page := await on_sale(unit_of_work, after=cursor, limit=limit):
        assert len(page) <= limit
        seen += page
        cursor = ShowCursor(page[-1].start_time, page[-1].id)

    assert seen == sorted(shows, key=lambda show: (show.start_time, show.id))


async def test_shows_of_a_producer_come_last_to_start_first(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    over, draft = a_show(theatre.producer, starts_in=timedelta(days=-9)), a_show(theatre.producer)
    later = replace(a_show(theatre.producer, starts_in=timedelta(days=60)), cancelled=True)
    await store(unit_of_work, a_producer(), [])
    async with unit_of_work() as uow:
        for show in (over, later, replace(draft, published=False)):
            await uow.shows.add(show)
        await uow.commit()

    seen: list[UUID] = []
    cursor = None
    async with unit_of_work() as uow:
        while page := await uow.show_details.of_producer(theatre.producer.id, after=cursor, limit=3):
            seen += [display.show.id for display in page]
            cursor = ShowCursor(page[-1].show.start_time, page[-1].show.id)
        (first, *_) = await uow.show_details.of_producer(theatre.producer.id, after=None, limit=1)
        assert await uow.show_details.of_producer(new_id(), after=None, limit=1) == []

    assert seen == [later.id, *sorted((theatre.show.id, draft.id), reverse=True), over.id]
    assert first == ShowDetails(later, theatre.producer, ())


async def test_what_is_locked_is_what_is_stored(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    async with unit_of_work() as uow:
        assert await uow.producers.lock(theatre.producer.id) == theatre.producer
        assert await uow.shows.lock(theatre.show.id) == theatre.show
        assert await uow.tickets.lock(theatre.stalls.id) == theatre.stalls
        assert await uow.promo_codes.lock(theatre.promo_code.id) == theatre.promo_code
        assert await uow.tickets.get(theatre.stalls.id) == theatre.stalls
        assert await uow.promo_codes.get(theatre.promo_code.id) == theatre.promo_code
        await uow.shows.lock_stock(theatre.show.id)


async def test_what_is_not_there_cannot_be_locked(unit_of_work: UnitOfWorkFactory) -> None:
    async with unit_of_work() as uow:
        assert await uow.producers.lock(new_id()) is None
        assert await uow.shows.lock(new_id()) is None
        assert await uow.tickets.lock(new_id()) is None
        assert await uow.promo_codes.lock(new_id()) is None
        assert await uow.tickets.get(new_id()) is None
        assert await uow.promo_codes.get(new_id()) is None


async def test_a_deleted_ticket_and_promo_code_are_gone(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    async with unit_of_work() as uow:
        await uow.tickets.delete(theatre.stalls.id)
        await uow.promo_codes.delete(theatre.promo_code.id)
        await uow.commit()

    async with unit_of_work() as uow:
        assert await uow.tickets.get(theatre.stalls.id) is None
        assert await uow.promo_codes.get(theatre.promo_code.id) is None
        assert await uow.tickets.get(theatre.gallery.id) == theatre.gallery


async def test_a_deleted_show_takes_what_it_sold_along(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    other = Theatre()
    async with unit_of_work() as uow:
        await other.store(uow)
        await uow.shows.delete(theatre.show.id)
        await uow.commit()

    async with unit_of_work() as uow:
        assert await uow.shows.get(theatre.show.id) is None
        assert await uow.tickets.get(theatre.gallery.id) is None
        assert await uow.promo_codes.get(theatre.promo_code.id) is None
        assert await uow.tickets.get(other.gallery.id) == other.gallery


@pytest.mark.parametrize("reduction", [{"amount_off": 5_00}, {"fixed_price": 0}, {}])
async def test_a_promo_code_comes_back_to_the_last_field(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, reduction: dict[str, Any]
) -> None:
    full = replace(
        a_promo_code(theatre.show, "MEMBER", max_uses=9),
        discount=Decimal(0),
        ticket_ids=frozenset({theatre.stalls.id}),
        opens_ticket_ids=frozenset({theatre.stalls.id, theatre.gallery.id}),
        counts=UseCount.TICKETS,
        max_per_order=2,
        **reduction,
    )
    async with unit_of_work() as uow:
        await uow.promo_codes.add(full)
        await uow.promo_codes.save(replace(theatre.promo_code, opens_ticket_ids=frozenset({theatre.gallery.id})))
        await uow.commit()
    async with unit_of_work() as uow:
        assert await uow.promo_codes.get(full.id) == full
        read = await uow.inventory.read([a_cart({theatre.stalls: 1}, promo_code="MEMBER")])
        assert read.stock.promo_code(theatre.show.id, "MEMBER") == full
        saved = await uow.promo_codes.get(theatre.promo_code.id)
    assert saved == replace(theatre.promo_code, opens_ticket_ids=frozenset({theatre.gallery.id}))


async def test_a_hidden_ticket_comes_back_hidden(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    hidden = replace(theatre.stalls, hidden=True)
    async with unit_of_work() as uow:
        await uow.tickets.save(hidden)
        await uow.commit()
    async with unit_of_work() as uow:
        assert await uow.tickets.get(hidden.id) == hidden
        await uow.tickets.save(theatre.stalls)
        await uow.commit()


async def test_saving_a_promo_code_leaves_its_uses_alone(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = theatre.order(1, with_promo_code=True)
    edited = replace(theatre.promo_code, code="NEW", discount=Decimal("0.1250"), max_uses=3, valid_from=None)
    async with unit_of_work() as uow:
        stock = await uow.inventory.lock_stock([order])
        stock.hold(order.lines, order.promo_code_id)
        await uow.inventory.save(stock)
        await uow.promo_codes.save(edited)
        await uow.commit()

    async with unit_of_work() as uow:
        assert await uow.promo_codes.get(theatre.promo_code.id) == replace(edited, uses=1)
        assert await uow.promo_codes.with_code(theatre.show.id, "NEW") == replace(edited, uses=1)
        assert await uow.promo_codes.with_code(theatre.show.id, "TEST20") is None
        assert await uow.promo_codes.with_code(new_id(), "NEW") is None


@pytest.mark.parametrize("limit", [1, 2, 5, 9])
async def test_promo_codes_come_by_their_code(unit_of_work: UnitOfWorkFactory, theatre: Theatre, limit: int) -> None:
    async with unit_of_work() as uow:
        for code in ("É", "B-2", "B1", "A", "日本"):
            await uow.promo_codes.add(a_promo_code(theatre.show, code))
        await uow.commit()

    seen: list[str] = []
    async with unit_of_work() as uow:
        while page := await uow.promo_codes.of_show(theatre.show.id, after=seen[-1] if seen else None, limit=limit):
            assert len(page) <= limit
            seen += [promo_code.code for promo_code in page]

    assert seen == ["A", "B-2", "B1", "TEST20", "É", "日本"]


async def test_what_has_orders_is_known(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = replace(theatre.order(1, with_promo_code=True), status=OrderStatus.EXPIRED)
    about = {"show_id": theatre.show.id, "ticket_id": theatre.stalls.id, "promo_code_id": theatre.promo_code.id}
    async with unit_of_work() as uow:
        for name, id_ in about.items():
            assert not await uow.orders.exist(**{name: id_})
        await uow.orders.add([order])
        for name, id_ in about.items():
            assert await uow.orders.exist(**{name: id_})
            assert not await uow.orders.exist(**{name: new_id()})
        assert not await uow.orders.exist(ticket_id=theatre.gallery.id)
