"""The data about shows and tickets for search engines and mail clients."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from demo.mail_catcher.catcher import MailCatcher
from domain.branding import Picture
from domain.venue_clock import VenueTime
from tests.support.box_office import BoxOffice, OnSale
from tests.support.factories import ticket, venue_address

pytestmark = pytest.mark.p2


def linked_data(html: str) -> Any:
    """The page's one JSON-LD block, as an extractor reads it."""
    [block] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    return json.loads(block)


async def event(box_office: BoxOffice, on_sale: OnSale) -> Any:
    answer = await box_office.get(f"/shows/{on_sale.id}")
    assert answer.status == 200
    return linked_data(answer.content.decode())


async def test_a_shows_page_is_an_event_with_offers(box_office: BoxOffice) -> None:
    tickets = ticket(name="Stalls", price=2500), ticket(name="Circle", price=0, quantity=0)
    on_sale = await box_office.put_on_sale(*tickets, title="Twelfth Night", venue="Globe", timezone="America/New_York")
    image = Picture.of(uuid4().hex, width=16, height=9)
    async with box_office.unit_of_work() as uow:
        await uow.pictures.add(image, b"content")
        await uow.commit()
    await box_office.change_show(on_sale, image=image)

    found = await event(box_office, on_sale)

    show = on_sale.show
    assert (found["@context"], found["@type"], found["name"]) == ("https://schema.org", "Event", "Twelfth Night")
    assert found["startDate"] == show.start_there.isoformat()
    assert found["startDate"].endswith(("-04:00", "-05:00")), "the venue's clock, with its offset"
    assert (found["doorTime"], found["endDate"]) == (show.door_there.isoformat(), show.end_there.isoformat())
    assert found["eventStatus"] == "https://schema.org/EventScheduled"
    assert found["location"]["name"] == "Globe"
    assert found["organizer"]["name"] == on_sale.producer.name
    assert found["url"].endswith(f"/shows/{on_sale.id}")
    assert found["image"].endswith(f"/pictures/{image.name}")
    offers = {offer["name"]: offer for offer in found["offers"]}
    assert (offers["Stalls"]["price"], offers["Stalls"]["priceCurrency"]) == ("27.57", "USD"), "with all fees"
    assert offers["Circle"]["price"] == "0.00"
    assert {name: offer["availability"] for name, offer in offers.items()} == {
        "Stalls": "https://schema.org/InStock",
        "Circle": "https://schema.org/SoldOut",
    }


async def test_a_venue_with_an_address_is_a_place_with_one(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(), venue="Globe", venue_address=venue_address())
    address = (await event(box_office, on_sale))["location"]["address"]
    assert (address["@type"], address["addressCountry"]) == ("PostalAddress", venue_address().country)
    assert all(address.values()), "what is not known is left out"


async def test_a_cancelled_show_says_so_and_offers_nothing(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket())
    await box_office.change_show(on_sale, cancelled=True)
    found = await event(box_office, on_sale)
    assert found["eventStatus"] == "https://schema.org/EventCancelled"
    assert [offer["availability"] for offer in found["offers"]] == ["https://schema.org/SoldOut"]


async def test_an_offer_has_the_times_of_its_sale(box_office: BoxOffice) -> None:
    now = datetime.now(UTC)
    past, soon, later = (VenueTime.at(now + timedelta(days=days), "Europe/Berlin") for days in (-2, 1, 2))
    on_sale = await box_office.put_on_sale(
        ticket(name="Sold before", off_sale_at=past),
        ticket(name="Early bird", on_sale_at=past, off_sale_at=later),
        ticket(name="Regular", on_sale_at=later),
        timezone="Europe/Berlin",
        on_sale_at=soon,
    )
    offers = {offer["name"]: offer for offer in (await event(box_office, on_sale))["offers"]}
    begins, steps = (time.moment.astimezone(on_sale.show.zone).isoformat() for time in (soon, later))
    assert [offers[name]["validFrom"] for name in ("Early bird", "Regular")] == [begins, steps]
    assert offers["Early bird"]["availabilityStarts"] == begins
    assert offers["Early bird"]["availabilityEnds"] == steps
    assert "availabilityEnds" not in offers["Regular"]
    assert {name: offer["availability"].rpartition("/")[2] for name, offer in offers.items()} == {
        "Sold before": "SoldOut",
        "Early bird": "InStock",
        "Regular": "InStock",
    }


async def test_what_a_producer_wrote_stays_text(box_office: BoxOffice) -> None:
    title = "</script><b>Hamlet & 'Co'"
    on_sale = await box_office.put_on_sale(ticket(), title=title)
    assert (await event(box_office, on_sale))["name"] == title


async def test_the_tickets_mail_has_a_reservation_for_each_ticket(box_office: BoxOffice, mailbox: MailCatcher) -> None:
    on_sale = await box_office.put_on_sale(ticket(name="Stalls", price=0), venue="Globe")
    address = f"{uuid4().hex}@example.org"
    customer = {"name": "Ada Lovelace", "email": address}
    placed = (await box_office.checkout(on_sale.cart(2), customer=customer)).created()
    order = (await box_office.order(placed)).body

    [mail] = await mailbox.wait_for(1, to=address)
    found = linked_data(mail.html)

    assert [item["@type"] for item in found] == ["EventReservation"] * 2
    assert {item["reservedTicket"]["ticketToken"] for item in found} == {
        f"qrCode:{attendee['code']}" for attendee in order["attendees"]
    }
    for item in found:
        assert item["reservationNumber"] == order["number"]
        assert item["reservationStatus"] == "https://schema.org/ReservationConfirmed"
        assert item["underName"] == {"@type": "Person", "name": "Ada Lovelace"}
        assert item["reservationFor"]["location"]["name"] == "Globe"
        assert item["reservationFor"]["startDate"] == on_sale.show.start_there.isoformat()
