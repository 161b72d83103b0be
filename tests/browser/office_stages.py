"""What the walks through the office find there: a theatre with shows, orders, people and devices.

stage = await Stage.of(service, box_office, folder)
await STAGES["orders"](stage)
stage.names["order"]  # the id of an order
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from PIL import Image

from domain.access import Actor
from domain.catalog import Producer
from domain.devices import DeviceKind
from domain.jobs import Job, JobKind, JobState
from domain.people import Role, SignedInBy
from domain.production import CapacityDefault, Production
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.devices import offer, pair
from tests.support.factories import producer, promo_code, ticket
from tests.support.server import Service
from tests.support.staff import Staff, employ, session_of, staff

HOUR: Final = timedelta(hours=1)
ADA: Final = {"name": "Ada Lovelace", "email": "ada@example.org"}


@dataclass(slots=True, kw_only=True)
class Stage:
    """``names`` are what walks call by name; ``sessions`` the secrets of signed-in browsers."""

    service: Service
    box_office: BoxOffice
    office: BackOffice
    owner: Staff
    folder: Path
    names: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def of(cls, service: Service, box_office: BoxOffice, folder: Path) -> Stage:
        """A theatre with an owner, and nothing else."""
        by = producer(account=f"acct_{uuid4().hex}", name="Lantern Theatre")
        office = await open_back_office(box_office, service.container, by)
        owner = await staff(service, by, Role.OWNER)
        made = cls(service=service, box_office=box_office, office=office, owner=owner, folder=folder)
        made.sessions["owner"] = owner.cookies["office"]
        return made

    @property
    def producer(self) -> Producer:
        return self.owner.producer

    def call(self, **names: UUID | str) -> None:
        """Give things the names by which walks call them."""
        self.names |= {name: str(value) for name, value in names.items()}

    async def put_on(self, title: str, *, hours: int = 24, **fields: Any) -> OnSale:
        """A show that starts in so many hours, with two ticket types."""
        start = datetime.now(UTC).replace(microsecond=0) + hours * HOUR
        return await self.box_office.put_on_sale(
            ticket(name="Stalls", price=25_00),
            ticket(name="Gallery", price=25_00),
            by=self.producer,
            title=title,
            door_time=start - HOUR / 2,
            start_time=start,
            end_time=start + 2 * HOUR,
            **fields,
        )

    async def sold(self, on_sale: OnSale, *quantities: int, **fields: Any) -> Json:
        body = {**on_sale.cart(*quantities), "payment": "cash", "customer": ADA, **fields}
        return (await self.office.post(f"/shows/{on_sale.id}/orders", body)).created()

    def picture(self) -> None:
        path = self.folder / "poster.png"
        Image.new("RGB", (64, 36), f"#{uuid4().hex[:6]}").save(path)
        self.call(picture=str(path))


async def shows(stage: Stage) -> None:
    show, draft = await stage.put_on("Hamlet"), await stage.put_on("Othello", published=False)
    sold = await stage.put_on("Twelfth Night", hours=30 * 24)
    await stage.sold(sold, 2)
    (await stage.box_office.checkout(sold.cart(1))).created()
    stage.picture()
    guests = stage.folder / "guests.csv"
    guests.write_text("name,ticket,quantity\nMary Somerville,Stalls,1\n")
    stage.call(show=show.id, draft=draft.id, sold=sold.id, guests=str(guests), running=await _running(stage, sold))
    stage.call(list=await _list(stage, sold), other_list=await _list(stage, sold))


async def _running(stage: Stage, on_sale: OnSale) -> UUID:
    """An export that is half done, and that no worker has."""
    job = Job(
        id=uuid4(),
        producer_id=stage.producer.id,
        show_id=on_sale.id,
        kind=JobKind.EXPORT,
        actor=_actor(stage),
        created_at=datetime.now(UTC),
        terms={"what": "orders", "format": "csv"},
        total=400,
        done=120,
    )
    async with stage.box_office.unit_of_work() as uow:
        await uow.jobs.add(job)
        await uow.commit()
    return job.id


async def _list(stage: Stage, on_sale: OnSale) -> str:
    """A guest list that is checked, and not placed yet."""
    path = f"/office/shows/{on_sale.id}/guests"
    content = b"name,ticket,quantity\nGrace Hopper,Stalls,1\n"
    sent = await stage.owner.post_file(path, "guests", content, "guests.csv", source="file", payment="comp")
    assert sent.status == 303, sent.text
    job_id = sent.location.rpartition("/")[2].partition("?")[0]

    async def is_checked() -> bool:
        async with stage.box_office.unit_of_work() as uow:
            job = await uow.jobs.get(UUID(job_id))
        return job is not None and job.state is JobState.DRAFT and bool(job.done)

    await stage.box_office.until(is_checked)
    return job_id


def _actor(stage: Stage) -> Actor:
    return Actor(stage.producer.id, name="Kim Park", person_id=stage.owner.person.id)


async def places(stage: Stage) -> None:
    show = await stage.put_on("Hamlet")
    await stage.office.post(f"/shows/{show.id}/capacities", {"name": "House", "size": 100})
    stage.call(show=show.id)


async def runs(stage: Stage) -> None:
    made = [
        Production.planned(
            id=uuid4(),
            producer_id=stage.producer.id,
            title=title,
            venue="The Globe",
            capacities=(CapacityDefault(name="House", size=100),),
        )
        for title in ("Macbeth", "Lear")
    ]
    async with stage.box_office.unit_of_work() as uow:
        for each in made:
            await uow.productions.add(each)
        await uow.commit()
    stage.call(run=made[0].id, bare_run=made[1].id)
    stage.picture()


async def orders(stage: Stage) -> None:
    show = await stage.put_on("Hamlet")
    order = await stage.sold(show, 2)
    stage.call(order=order["order_id"], number=order["number"])
    await pair(stage.service.container, stage.producer, DeviceKind.PRINTER, name="Foyer")


async def people(stage: Stage) -> None:
    container, by = stage.service.container, stage.producer
    person = await employ(container, by, Role.DOOR, name="Grace Hopper")
    leaver = await employ(container, by, Role.VIEWER, name="Sophie Germain")
    other = producer(name="The Swan")
    both = await employ(container, by, Role.MANAGER, name="Emmy Noether")
    await employ(container, other, Role.OWNER, email=both.email)
    stage.sessions["of_two"] = (await session_of(container, both, by)).secret
    stage.sessions["leaving"] = (await session_of(container, leaver, by)).secret
    async with container.database()() as uow:
        await container.sessions().begin(uow, stage.owner.person.id, SignedInBy.LINK, device="Opera", producer_id=by.id)
        await uow.commit()
    invitation = await container.invite()(_actor(stage), f"{uuid4().hex}@staff.example", Role.VIEWER)
    token = container.office_links().tokens.token("invitation", invitation.id)
    link = await container.hand_out_link()(by.id, stage.owner.person.email)
    stage.call(
        person=person.id,
        other_producer="The Swan",
        new_address=f"{uuid4().hex}@staff.example",
        address=stage.owner.person.email,
        link="/office" + link.partition("/office")[2],
        invitation=f"/office/invitation?token={token}",
    )


async def account(stage: Stage) -> None:
    stage.picture()


async def devices(stage: Stage) -> None:
    container, by = stage.service.container, stage.producer
    device = await pair(container, by, name="North door")
    used = await offer(container, by, name="Used")
    await container.pair_device()(used.code, [DeviceKind.SCANNER])
    till = await offer(container, by, DeviceKind.TILL, name="Till")
    stage.call(device=device.device.id, used=used.pairing.id, till_code=till.code)


async def till(stage: Stage) -> None:
    show = await stage.put_on("Hamlet", hours=1, promo_codes=[promo_code(code="FRIENDS")])
    await pair(stage.service.container, stage.producer, DeviceKind.PRINTER, name="Foyer")
    seller = await staff(stage.service, stage.producer, Role.BOX_OFFICE)
    stage.sessions["seller"] = seller.cookies["office"]
    stage.call(show=show.id)


STAGES: Final[Mapping[str, Callable[[Stage], Awaitable[None]]]] = {
    "shows": shows,
    "places": places,
    "runs": runs,
    "orders": orders,
    "people": people,
    "account": account,
    "devices": devices,
    "till": till,
}
