"""GET /productions: a production and its shows, as buyers see them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta

from application.catalog.availability import Availability, offer_of
from application.catalog.storefront import GetRun, Run
from application.links import Links
from application.ports.catalog import ShowDetails
from application.ports.system import Clock
from domain.policy import CheckoutPolicy
from entrypoints.http.schemas import Amount, ProducerOut, VenueAddressOut
from entrypoints.injection import SharedRouter

#: The most shows in one answer; the list of shows has the rest.
MAX_SHOWS: Final = 100


class ProductionShowOut(msgspec.Struct, kw_only=True):
    """A show of a production. ``price_from`` is what the cheapest ticket that is left costs with all fees;
    ``on_sale_at`` is when an ``upcoming`` sale begins.
    """

    id: UUID
    title: str
    door_time: datetime
    start_time: datetime
    end_time: datetime
    timezone: str
    venue: str
    status: Availability
    price_from: Amount | None
    on_sale_at: datetime | None

    @classmethod
    def of(cls, display: ShowDetails, policy: CheckoutPolicy, now: datetime) -> ProductionShowOut:
        show, offer = display.show, offer_of(display, now)
        cheapest = offer.price_from(display, policy)
        return cls(
            id=show.id,
            title=show.title,
            door_time=show.door_there,
            start_time=show.start_there,
            end_time=show.end_there,
            timezone=show.timezone,
            venue=show.venue,
            status=offer.availability,
            price_from=None if cheapest is None else display.producer.currency.format(cheapest),
            on_sale_at=show.local(offer.begins) if offer.begins else None,
        )


class ProductionOut(msgspec.Struct, kw_only=True):
    """A production with its shows that are not over, soonest first."""

    id: UUID
    title: str
    description: str
    image_url: str | None
    venue: str
    venue_address: VenueAddressOut | None
    timezone: str
    locale: str
    currency: str
    producer: ProducerOut
    url: Annotated[str, Meta(description="The page for buyers")]
    show_count: Annotated[int, Meta(description="How many there are; the first 100 of them are here")]
    shows: list[ProductionShowOut]

    @classmethod
    def of(cls, run: Run, links: Links, policy: CheckoutPolicy, now: datetime) -> ProductionOut:
        production, producer = run.production, run.producer
        return cls(
            id=production.id,
            title=production.title,
            description=production.description,
            image_url=links.picture(production.image) if production.image else None,
            venue=production.venue,
            venue_address=VenueAddressOut.of(production.venue_address) if production.venue_address else None,
            timezone=production.timezone,
            locale=production.locale,
            currency=producer.currency.code,
            producer=ProducerOut(producer.id, producer.name),
            url=links.production_page(production.id),
            show_count=len(run.dates),
            shows=[ProductionShowOut.of(display, policy, now) for display in run.shows],
        )


@get("/{production_id:uuid}", summary="Get a production with its shows", operation_id="get_production")
async def get_one(
    production_id: FromPath[UUID],
    get_run: NamedDependency[GetRun],
    links: NamedDependency[Links],
    policy: NamedDependency[CheckoutPolicy],
    clock: NamedDependency[Clock],
) -> ProductionOut:
    """It is there once one of its shows is published. Cancelled shows are listed, too; more than the first 100 are in
    GET /shows.
    """
    run = await get_run(production_id, lambda dates: dates[:MAX_SHOWS])
    return ProductionOut.of(run, links, policy, clock.now())


router = SharedRouter("/productions", route_handlers=[get_one], tags=["Shows"])
