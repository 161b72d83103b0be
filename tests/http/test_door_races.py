"""Doors at two API processes: a ticket that both read at once admits once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.tasks import TaskKind
from entrypoints.settings import Settings
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.factories import ticket
from tests.support.server import running

pytestmark = pytest.mark.p0

ORDERS = 4
TICKETS_OF_AN_ORDER = 5


@pytest.fixture
async def doors(settings: Settings, office: BackOffice) -> AsyncIterator[tuple[BackOffice, BackOffice]]:
    """The producer's API at two processes over the same engines."""
    async with running(settings) as other:
        box_office = BoxOffice(other.client, other.container.database())
        yield office, replace(office, box_office=box_office, container=other.container)


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    start = datetime.now(UTC) + timedelta(hours=1)
    times: Json = {"door_time": start, "start_time": start, "end_time": start + timedelta(hours=3)}
    return await box_office.put_on_sale(ticket(price=0), by=office.producer, **times)


@pytest.fixture
async def codes(box_office: BoxOffice, on_sale: OnSale) -> list[str]:
    """Of some orders with some tickets each."""
    orders = [
        (await box_office.order((await box_office.checkout(on_sale.cart(TICKETS_OF_AN_ORDER))).created())).body
        for _ in range(ORDERS)
    ]
    return [attendee["code"] for order in orders for attendee in order["attendees"]]


async def scan(door: BackOffice, on_sale: OnSale, code: str, **fields: str) -> Json:
    answer = await door.post("/checkin", {"code": code, "show_id": str(on_sale.id), **fields})
    assert answer.status == 200, answer.content
    return answer.body


async def test_ticket_that_both_read_at_once_admits_once(
    doors: tuple[BackOffice, BackOffice], on_sale: OnSale, codes: list[str]
) -> None:
    names = ("north", "south")
    scans = [scan(door, on_sale, code, device_id=names[n]) for code in codes for n, door in enumerate(doors)]
    answers = await asyncio.gather(*scans)
    for north, south in zip(answers[::2], answers[1::2], strict=True):
        in_, refused = (north, south) if north["result"] == "admitted" else (south, north)
        assert (in_["result"], refused["result"]) == ("admitted", "already_admitted")
        assert refused["admission"]["device_id"] == names[0 if in_ is north else 1]
        assert refused["checked_in_at"] == in_["checked_in_at"] == refused["admission"]["scanned_at"]
    state = (await doors[0].get(f"/shows/{on_sale.id}/checkin/state")).body
    assert (state["admitted"], state["coming"], state["conflicts"]) == (len(codes), 0, 0)
    assert sum(device["admitted"] for device in state["devices"]) == len(codes)


async def test_scan_that_is_sent_to_both_after_a_lost_answer_is_kept_once(
    doors: tuple[BackOffice, BackOffice], on_sale: OnSale, codes: list[str]
) -> None:
    ids = {code: str(uuid4()) for code in codes}
    answers = await asyncio.gather(
        *(scan(door, on_sale, code, scan_id=ids[code], device_id="north") for code in codes for door in doors * 2)
    )
    assert {answer["result"] for answer in answers} == {"admitted"}
    for number, code in enumerate(codes):
        same = answers[number * 4 : number * 4 + 4]
        assert {answer["checked_in_at"] for answer in same} == {same[0]["checked_in_at"]}
        other = await scan(doors[1], on_sale, code)
        assert (other["result"], other["admission"]["id"]) == ("already_admitted", ids[code])


async def test_parties_and_single_tickets_at_once_let_each_in_once(
    doors: tuple[BackOffice, BackOffice], box_office: BoxOffice, on_sale: OnSale
) -> None:
    order = (await box_office.order((await box_office.checkout(on_sale.cart(TICKETS_OF_AN_ORDER))).created())).body

    async def party(door: BackOffice) -> list[str]:
        scans = [{"id": str(uuid4()), "attendee_id": attendee["id"]} for attendee in order["attendees"]]
        answer = await door.post(f"/shows/{on_sale.id}/checkin/party", {"device_id": "party", "scans": scans})
        assert answer.status == 200, answer.content
        return [item["result"] for item in answer.body["items"]]

    async def alone(door: BackOffice, code: str) -> list[str]:
        return [(await scan(door, on_sale, code))["result"]]

    together = [party(door) for door in doors]
    one_by_one = [alone(door, attendee["code"]) for attendee in order["attendees"] for door in doors]
    told = Counter(result for each in await asyncio.gather(*together, *one_by_one) for result in each)
    assert told == {"admitted": TICKETS_OF_AN_ORDER, "already_admitted": 3 * TICKETS_OF_AN_ORDER}


async def test_mail_that_is_being_written_to_all_buyers_keeps_nobody_at_the_door(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, codes: list[str]
) -> None:
    async with box_office.unit_of_work() as uow:
        written = await uow.outbox.announce(on_sale.id, TaskKind.CALENDAR_MAIL, details={}, now=datetime.now(UTC))
        assert written == ORDERS
        assert (await scan(office, on_sale, codes[0]))["result"] == "admitted"
        await uow.commit()  # PostgreSQL would have ended the transaction if the scan had waited for it
