"""A script that sells a ticket for a show in Vancouver, by the time zone rules of its process.

Prints the release of the rules, the show's id, and the moment at which it starts.
"""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from uuid import uuid4

from application.checkout.place_orders import CheckoutRequest
from domain.catalog import Show
from domain.timezones import RULES
from entrypoints.container import Container, close
from entrypoints.settings import Settings
from tests.support import factories


async def sell() -> None:
    container, theatre = Container(settings=Settings.from_environment(os.environ)), factories.producer()
    show = Show.planned(
        id=uuid4(),
        producer_id=theatre.id,
        title="Hamlet",
        timezone="America/Vancouver",
        published=True,
        door_time=datetime.fromisoformat("2050-12-05T18:30:00"),
        start_time=datetime.fromisoformat("2050-12-05T19:00:00"),
        end_time=datetime.fromisoformat("2050-12-05T22:00:00"),
    )
    stalls = factories.ticket(of=show, price=0)
    async with container.database()() as uow:
        await uow.producers.add(theatre)
        await uow.shows.add(show)
        await uow.tickets.add(stalls)
        await uow.commit()
    await container.checkout()(CheckoutRequest(cart=factories.cart((stalls, 1)), customer=factories.customer()))
    await close(container)
    print(RULES, show.id, show.start_time.isoformat())  # noqa: T201  # the test reads it


if __name__ == "__main__":
    asyncio.run(sell())
