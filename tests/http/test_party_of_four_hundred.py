"""A party of 400 at two doors with a bad network: each is in once, none is lost, every conflict is a true one."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.factories import ticket
from tests.support.other_scanner import GREEN, OtherScanner

GUESTS: Final = 400
TICKETS_OF_AN_ORDER: Final = 10
DOORS: Final = ("north", "south")
#: Who is scanned at both doors: friends who share a picture of one ticket.
SHARED: Final = 30


class BadNetwork:
    """Loses requests and answers, sends some twice, delays some behind later ones, and is away for a while."""

    def __init__(self, office: BackOffice, chance: random.Random) -> None:
        self._office = office
        self._chance = chance
        self.is_away = False
        self.is_good = False
        self._late: list[asyncio.Task[None]] = []

    async def send(self, method: str, path: str, body: Json | None) -> tuple[int, bytes]:
        fate = (
            "good"
            if self.is_good or method == "GET"
            else self._chance.choices(("good", "request lost", "answer lost", "twice", "late"), (60, 10, 15, 10, 5))[0]
        )
        if self.is_away or fate == "request lost":
            raise ConnectionError("no network")
        if fate == "late":  # it arrives behind what is sent later
            self._late.append(asyncio.create_task(self._again(method, path, body)))
            raise ConnectionError("no answer in time")
        status, content = await self._request(method, path, body)
        if fate == "twice":
            await self._request(method, path, body)
        if fate == "answer lost":
            raise ConnectionError("no answer")
        return status, content

    async def _again(self, method: str, path: str, body: Json | None) -> None:
        for _ in range(self._chance.randrange(1, 20)):
            await asyncio.sleep(0)
        await self._request(method, path, body)

    async def _request(self, method: str, path: str, body: Json | None) -> tuple[int, bytes]:
        answer = await self._office.request(method, path, **({} if body is None else {"json": body}))
        return answer.status, answer.content

    async def arrived(self) -> None:
        """All that was late is there."""
        await asyncio.gather(*self._late)


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    return await box_office.put_on_sale(ticket(price=0, quantity=GUESTS), by=office.producer)


@pytest.fixture
async def guests(office: BackOffice, box_office: BoxOffice, on_sale: OnSale) -> list[str]:
    """The codes of the party, bought days ago."""
    codes: list[str] = []
    body = {
        "payment": "comp",
        "customer": {"name": "Ada Lovelace", "email": "ada@example.org"},
        "tickets": [{"ticket_id": str(on_sale.tickets[0].id), "quantity": TICKETS_OF_AN_ORDER}],
    }
    for _ in range(GUESTS // TICKETS_OF_AN_ORDER):
        order = (await office.post(f"/shows/{on_sale.id}/orders", body)).body
        stored = await box_office.stored_order(order)
        codes += [attendee.code for attendee in stored.attendees]
        async with box_office.unit_of_work() as uow:
            await uow.orders.save([replace(stored, completed_at=datetime.now(UTC) - timedelta(days=9))])
            await uow.commit()
    return codes


async def at_the_door(scanner: OtherScanner, network: BadNetwork, guests: list[str], let_in: Counter[str]) -> None:
    """One door's evening: it takes the list, loses the network for a third of its guests, and uploads now and then."""
    for number, code in enumerate(guests):
        network.is_away = len(guests) // 3 <= number < 2 * len(guests) // 3
        if await scanner.scan(code) in GREEN:
            let_in[code] += 1
        if number % 40 == 39:
            await scanner.upload()


async def home(scanner: OtherScanner, network: BadNetwork) -> None:
    network.is_away = False
    for _ in range(200):
        if await scanner.upload():
            return
    raise AssertionError("the scanner's uploads are not taken in")


@pytest.mark.parametrize("seed", [1, 2])
async def test_party_of_400_at_two_doors(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, guests: list[str], seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  # no secret
    arrivals = chance.sample(guests, len(guests))
    shared = arrivals[:SHARED]
    queues = [arrivals[0::2], arrivals[1::2]]
    for queue, other in (queues, queues[::-1]):
        queue += [code for code in shared if code not in queue and code in other]
        chance.shuffle(queue)
    let_in = Counter[str]()
    scanners, networks = [], []
    for door, hours in zip(DOORS, (26, -26), strict=True):
        network = BadNetwork(office, chance)

        def clock(hours: int = hours) -> datetime:
            return datetime.now(UTC) + timedelta(hours=hours)

        scanner = OtherScanner(network.send, str(on_sale.id), clock, name=door, store={})
        await scanner.fetch_keys()
        await scanner.refresh()
        scanners.append(scanner)
        networks.append(network)

    await asyncio.gather(*map(at_the_door, scanners, networks, queues, [let_in] * 2))
    await asyncio.gather(*map(home, scanners, networks))
    await asyncio.gather(*(network.arrived() for network in networks))

    state = (await office.get(f"/shows/{on_sale.id}/checkin/state")).body
    conflicts: list[Json] = []
    cursor = ""
    while True:
        page = (await office.get(f"/shows/{on_sale.id}/checkin/conflicts?limit=100{cursor}")).body
        conflicts += page["items"]
        if not page["next_cursor"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    # None is lost: all who were let in are in, and each ticket counts once.
    assert set(let_in) == set(guests)
    assert (state["admitted"], state["coming"]) == (GUESTS, 0)
    # The conflicts are exactly those who came in on a ticket that had let a person in already.
    twice = Counter({code: times - 1 for code, times in let_in.items() if times > 1})
    assert Counter(conflict["code"] for conflict in conflicts) == twice
    assert {conflict["result"] for conflict in conflicts} <= {"already_admitted"}
    assert state["conflicts"] == len(conflicts)
    assert set(twice) <= set(shared)
    # Every scan was taken in once: the doors' counts add up to the party.
    assert sum(device["admitted"] for device in state["devices"]) == GUESTS
