"""What the demo sells: a theatre with four shows and a promo code, and one with a run of twelve evenings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final
from uuid import UUID

from application.checkout.place_orders import CheckoutRequest
from demo.cli import pictures
from demo.cli.playhouse import open_playhouse
from domain.access import Actor, Scope
from domain.cart import Cart, CartLine
from domain.catalog import Show, Ticket
from domain.customer import Customer
from domain.errors import DomainError
from domain.inventory import Inventory
from domain.orders import ManualPayment
from domain.promotions import TicketPromoCode
from domain.tax import VenueAddress
from domain.timezones import zone_of
from entrypoints.container import Container

#: The sandbox knows every connected account.
STRIPE_ACCOUNT = "acct_demo"
OWNER_NAME = "Robin Lantern"
OWNER_EMAIL = "robin@lantern-theatre.example"


#: What the box office has sold of the comedy: to whom, which type, how many, and how it was paid.
_SOLD: Final = (
    ("Viola Cesario", "general", 2, ManualPayment.CASH),
    ("Orsino Illyria", "front", 2, ManualPayment.OTHER),
    ("Maria Belch", "student", 1, ManualPayment.CASH),
    ("Feste Fool", "student", 3, ManualPayment.CASH),
    ("Olivia Countess", "front", 4, ManualPayment.OTHER),
    ("Sebastian Messaline", "general", 1, ManualPayment.OTHER),
    ("Harbour Gazette", "general", 2, ManualPayment.COMP),
    ("Antonio Captain", "general", 6, ManualPayment.OTHER),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccess:
    """The keys to the demo's API. The database has only hashes of the secrets, so a kept demo stores them here."""

    producer_id: str
    producer_token: str
    platform_token: str


async def open_demo(container: Container, keep_in: Path | None) -> DemoAccess:
    """Fill an empty demo, or read the keys of one that was kept in the directory ``keep_in``."""
    kept = keep_in / "demo.json" if keep_in else None
    if kept and kept.exists():
        return DemoAccess(**json.loads(kept.read_text()))
    access = await _fill(container)
    if kept:
        kept.touch(mode=0o600)
        kept.write_text(json.dumps(asdict(access)))
    return access


async def open_office(container: Container, access: DemoAccess) -> str:
    """A link that signs a browser in as the theatre's owner, once. Each start of the demo makes a new one."""
    return await container.hand_out_link()(UUID(access.producer_id), OWNER_EMAIL, name=OWNER_NAME, at_once=True)


async def _fill(container: Container) -> DemoAccess:
    producer = await container.register_producer()(
        name="Lantern Theatre",
        email="hello@lantern-theatre.example",
        currency_code="USD",
        stripe_account_id=STRIPE_ACCOUNT,
    )
    scopes = (Scope.ACCOUNT, Scope.CATALOG, Scope.ORDERS, Scope.CHECKIN)
    producer_token = await container.issue_token()(producer_id=producer.id, name="demo", scopes=scopes)
    platform_token = await container.issue_token()(producer_id=None, name="demo", scopes=[Scope.PLATFORM])
    # The usual addresses of a site on one's own machine, to try the widget on.
    await container.set_branding()(
        Actor(producer.id, name="demo"),
        colour=pictures.COLOUR,
        widget_origins=["http://localhost:8080", "http://127.0.0.1:8080", "http://localhost:3000"],
    )
    await container.set_logo()(Actor(producer.id, name="demo"), pictures.logo())
    add = _Catalog(container, producer.id)
    await add.regular_show()
    await add.donation_show()
    await add.free_show()
    await add.last_tickets()
    await open_playhouse(container)
    return DemoAccess(
        producer_id=str(producer.id), producer_token=producer_token.secret, platform_token=platform_token.secret
    )


class _Catalog:
    def __init__(self, container: Container, producer_id: UUID) -> None:
        self._container = container
        self._producer_id = producer_id
        self._actor = Actor(producer_id, name="demo")
        self._ids = container.ids()

    async def regular_show(self) -> None:
        show = self._show(
            "A Midsummer Night’s Dream",
            "Shakespeare’s comedy of lovers, fairies and one very unlucky weaver. Two hours and a half, one interval.",
            in_days=14,
        )
        general = self._ticket(show, "General Admission", 2500, 500)
        student = self._ticket(show, "Student", 1200, 100, description="Student card at the door")
        front = self._ticket(show, "Front Row", 6000, 20, is_vip=True, description="With a drink in the interval")
        await self._add(
            show,
            general,
            student,
            front,
            poster=pictures.midsummer(),
            promo_code=TicketPromoCode(id=self._ids.new(), show_id=show.id, code="TEST20", discount=Decimal("0.20")),
        )
        await self._sell(show, {"general": general, "student": student, "front": front})

    async def donation_show(self) -> None:
        show = self._show("Jazz in the Foyer", "Pay what you like, from ten dollars.", in_days=21)
        await self._add(
            show,
            self._ticket(show, "Pay What You Can", 1000, 80, is_donation_based=True),
            poster=pictures.jazz(),
        )

    async def free_show(self) -> None:
        show = self._show("Open Rehearsal", "See how it is made. Free, but seats are few.", in_days=7)
        await self._add(show, self._ticket(show, "Free Seat", 0, 60), poster=pictures.rehearsal())

    async def last_tickets(self) -> None:
        show = self._show("The Cherry Orchard", "The last evening.", in_days=28)
        await self._add(
            show,
            self._ticket(show, "Stalls", 3500, 3),
            self._ticket(show, "Balcony", 2000, 0),
            poster=pictures.orchard(),
        )

    def _show(self, title: str, description: str, *, in_days: int) -> Show:
        zone = zone_of("America/New_York")
        day = self._container.clock().now().astimezone(zone).date() + timedelta(days=in_days)
        doors = datetime.combine(day, time(19, 0), zone)
        return Show(
            id=self._ids.new(),
            producer_id=self._producer_id,
            title=title,
            description=description,
            venue="Lantern Theatre, 12 Harbour Street, Portland, Maine",
            venue_address=VenueAddress(
                line1="12 Harbour Street", city="Portland", state="ME", postal_code="04101", country="US"
            ),
            door_time=doors,
            start_time=doors + timedelta(minutes=30),
            end_time=doors + timedelta(hours=3),
            timezone=zone.key,
            published=True,
        )

    def _ticket(
        self,
        show: Show,
        name: str,
        price: int,
        quantity: int,
        *,
        description: str = "",
        is_vip: bool = False,
        is_donation_based: bool = False,
    ) -> Ticket:
        return Ticket(
            id=self._ids.new(),
            show_id=show.id,
            name=name,
            description=description,
            price=price,
            is_vip=is_vip,
            is_donation_based=is_donation_based,
            inventory=Inventory(quantity),
        )

    async def _sell(self, show: Show, tickets: Mapping[str, Ticket]) -> None:
        """What the box office has sold already, because an empty office shows little. No one gets a mail."""
        policy = self._container.policy().at_the_counter()
        orders: list[CheckoutRequest | DomainError] = [
            CheckoutRequest(
                cart=Cart.of(show.id, [CartLine(0, tickets[kind].id, quantity)], policy=policy),
                customer=Customer(name, ""),
                manual_payment=payment,
            )
            for name, kind, quantity, payment in _SOLD
        ]
        await self._container.sell_many_at_counter()(self._actor, show.id, orders, all_or_nothing=True)

    async def _add(
        self, show: Show, *tickets: Ticket, poster: bytes, promo_code: TicketPromoCode | None = None
    ) -> None:
        async with self._container.database()() as uow:
            await uow.shows.add(show)
            for ticket in tickets:
                await uow.tickets.add(ticket)
            if promo_code:
                await uow.promo_codes.add(promo_code)
            await uow.commit()
        await self._container.set_show_image()(self._actor, show.id, poster)
