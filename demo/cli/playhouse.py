"""The demo's second theatre: a play that runs for twelve evenings, sold by all that a theatre sells by.

Its three price classes, an early bird and a family ticket share one house. Of that house the press has some places,
which the code PRESS opens to critics for nothing; members see a ticket type with the code MEMBER. The prices are final:
the playhouse bears the fees. The last evenings go on sale on Friday at ten.
"""

from __future__ import annotations

from calendar import FRIDAY, THURSDAY
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from application.catalog.runs import RunPlan
from demo.cli import pictures
from domain.access import Actor
from domain.catalog import TicketFields, TicketLimits
from domain.fees import FeeBearer
from domain.promotions import PromoCodeFields
from domain.run_change import RunChange, RunScope
from domain.schedule import Rule, Start, Weekday
from domain.tax import TaxMode, VenueAddress
from domain.timezones import zone_of
from entrypoints.container import Container

#: The sandbox knows every connected account.
STRIPE_ACCOUNT: Final = "acct_playhouse"
TIMEZONE: Final = "America/New_York"
_DESCRIPTION: Final = "A duke, an island, and a storm that is no accident. Two hours and a half, one interval."
_ADDRESS: Final = VenueAddress(line1="3 Quay Street", city="Portland", state="ME", postal_code="04101", country="US")
_EVENINGS: Final = 12
_HOUSE: Final = 120
_PRESS: Final = 8
_AT_EIGHT: Final = time(20)
#: The early bird is sold until so many days before the evening.
_EARLY_DAYS: Final = 21
#: The evenings that are not on sale yet.
_LAST_EVENINGS: Final = 3


async def open_playhouse(container: Container) -> UUID:
    """Register the theatre, and put its run on sale. Returns the producer's id."""
    producer = await container.register_producer()(
        name="Harbour Playhouse",
        email="box-office@harbour-playhouse.example",
        currency_code="USD",
        stripe_account_id=STRIPE_ACCOUNT,
        tax=TaxMode.OFF,
        fees=FeeBearer.PRODUCER,
    )
    actor = Actor(producer.id, name="demo")
    await container.set_branding()(actor, colour=pictures.PLAYHOUSE_COLOUR, widget_origins=[])
    await container.set_logo()(actor, pictures.playhouse_logo())
    await _Run(container, actor).open()
    return producer.id


class _Run:
    def __init__(self, container: Container, actor: Actor) -> None:
        self._container = container
        self._actor = actor
        self._today = container.clock().now().astimezone(zone_of(TIMEZONE)).date()

    async def open(self) -> None:
        """The whole run: its first evening is what the others are made like."""
        added = await self._container.add_production()(
            self._actor,
            {
                "title": "The Tempest",
                "description": _DESCRIPTION,
                "venue": "Harbour Playhouse, 3 Quay Street, Portland, Maine",
                "venue_address": _ADDRESS,
                "timezone": TIMEZONE,
                "doors_minutes": 45,
                "duration_minutes": 150,
            },
        )
        run_id = added.production.id
        await self._container.set_production_image()(self._actor, run_id, pictures.tempest())
        first, *others = self._evenings()
        premiere = await self._add_shows(run_id, [first])
        await self._equip(premiere[0], first.time)
        later = await self._add_shows(run_id, others, like=premiere[0])
        await self._change(run_id, RunChange(scope=RunScope.TO_COME, fields={"published": True}))
        opening = datetime.combine(_next(FRIDAY, self._today), time(10))
        last = frozenset(later[-_LAST_EVENINGS:])
        await self._change(run_id, RunChange(scope=RunScope.THESE, show_ids=last, fields={"on_sale_at": opening}))

    def _evenings(self) -> list[Start]:
        """Thursday, Friday and Saturday at eight, in four weeks, the first of them in about a month."""
        rule = Rule(
            first=_next(THURSDAY, self._today + timedelta(days=29)),
            times=(_AT_EIGHT,),
            count=_EVENINGS,
            weekdays=(Weekday.THURSDAY, Weekday.FRIDAY, Weekday.SATURDAY),
        )
        return rule.starts()

    async def _add_shows(self, run_id: UUID, starts: list[Start], *, like: UUID | None = None) -> list[UUID]:
        plan = RunPlan(starts=starts, template_show_id=like, promo_codes=True, fields={})
        return [made.show.id for made in await self._container.add_shows()(self._actor, run_id, plan, dry_run=False)]

    async def _equip(self, show_id: UUID, start: datetime) -> None:
        """Give the evening its house, its prices, the press's places and its promo codes."""
        house = (await self._container.add_capacity()(self._actor, show_id, {"name": "House", "size": _HOUSE})).id
        early: TicketFields = {
            "name": "Early Bird",
            "off_sale_at": datetime.combine(start - timedelta(days=_EARLY_DAYS), time()),
        }
        family: TicketFields = {"name": "Family", "description": "Two adults and two children"}
        concession: TicketFields = {"name": "Concession", "description": "Students, seniors and job seekers"}
        await self._add_ticket(show_id, 38, {"capacity_id": house}, {"name": "Adult"})
        await self._add_ticket(show_id, 30, {"capacity_id": house}, concession)
        await self._add_ticket(show_id, 16, {"capacity_id": house}, {"name": "Child", "description": "Up to 14 years"})
        await self._add_ticket(show_id, 31, {"capacity_id": house, "quantity": 30}, early)
        await self._add_ticket(show_id, 96, {"capacity_id": house, "places": 4}, family)
        press = await self._container.add_allocation()(
            self._actor, show_id, house, {"name": "Press", "size": _PRESS, "release_at": start - timedelta(days=1)}
        )
        critics = await self._add_ticket(show_id, 0, {"capacity_id": house}, {"name": "Press", "hidden": True})
        members: TicketFields = {"name": "Members", "description": "Friends of the playhouse", "hidden": True}
        hidden = await self._add_ticket(show_id, 26, {"capacity_id": house}, members)
        codes: list[PromoCodeFields] = [
            {"code": "FRIENDS", "amount_off": Decimal(5)},
            {"code": "MEMBER", "opens_ticket_ids": frozenset({hidden}), "max_per_order": 2},
            {"code": "PRESS", "opens_ticket_ids": frozenset({critics}), "allocation_id": press.id, "max_per_order": 2},
        ]
        for code in codes:
            await self._container.add_promo_code()(self._actor, show_id, code)

    async def _add_ticket(self, show_id: UUID, price: int, limits: TicketLimits, fields: TicketFields) -> UUID:
        add = self._container.add_ticket()
        return (await add(self._actor, show_id, price=Decimal(price), limits=limits, fields=fields)).ticket.id

    async def _change(self, run_id: UUID, change: RunChange) -> None:
        await self._container.change_run()(self._actor, run_id, change, dry_run=False)


def _next(weekday: int, after: date) -> date:
    """The first such day after that day; Monday is 0."""
    return after + timedelta(days=(weekday - after.weekday() - 1) % 7 + 1)
