"""Tills of two API processes at one show: real engines, forms that are sent to both, and the end of a shift."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.consistency import Invariant
from domain.people import Role
from entrypoints.settings import Settings
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, OnSale
from tests.support.counter import COUNTER, Till
from tests.support.factories import ticket
from tests.support.server import Service, running
from tests.support.staff import Staff, Visitor, staff

pytestmark = pytest.mark.p2

HOUR = timedelta(hours=1)
SEATS = 3
TILLS = 6


@pytest.fixture
async def other(settings: Settings) -> AsyncIterator[Service]:
    """A second API over the same engines."""
    async with running(settings) as service:
        yield service


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    start = datetime.now(UTC).replace(microsecond=0) + HOUR / 2
    times: dict[str, Any] = {"door_time": start - HOUR, "start_time": start, "end_time": start + 2 * HOUR}
    return await box_office.put_on_sale(ticket(price=25_00, quantity=SEATS), by=office.producer, **times)


async def tills(services: Sequence[Service], office: BackOffice, on_sale: OnSale, count: int) -> list[Till]:
    """Tills with open shifts, spread over the services."""
    made = []
    for number in range(count):
        till = Till(await staff(services[number % len(services)], office.producer, Role.BOX_OFFICE), on_sale)
        await till.open()
        made.append(till)
    return made


async def twice(till: Till, other: Service, form: dict[str, str]) -> set[str]:
    """Send a form to two services at once. Returns where the answers lead."""
    assert isinstance(till.visitor, Staff)
    elsewhere = Visitor(client=other.client, cookies=dict(till.visitor.cookies))
    answers = await asyncio.gather(*(each.post(till.path, form) for each in (till.visitor, elsewhere)))
    return {answer.location if answer.status == 303 else "" for answer in answers}


async def test_last_seats_are_sold_once_by_many_tills_that_press_twice(
    service: Service, other: Service, office: BackOffice, on_sale: OnSale
) -> None:
    every = await tills([service, other], office, on_sale, TILLS)
    forms = [till.form({on_sale.tickets[0]: 1}, expected_total="25.00", act="sell") for till in every]
    others = [other if number % 2 == 0 else service for number in range(TILLS)]
    led = await asyncio.gather(*(twice(*each) for each in zip(every, others, forms, strict=True)))
    assert all(len(each) == 1 for each in led), "both presses of a form get the same answer"
    sold = [each != {""} for each in led]
    assert sum(sold) == SEATS
    assert len((await office.get(f"/shows/{on_sale.id}/orders")).body["items"]) == SEATS
    reports = [(await till.report()).text for till in every]
    assert ["All 1 1 0 $25.00 $0.00 $25.00" in report for report in reports] == sold
    late = await every[sold.index(False)].press(forms[sold.index(False)], act="sell")
    assert (late.status, "None left" in late.text) == (400, True)


async def test_sales_and_the_end_of_their_shift_wait_for_each_other(
    service: Service, other: Service, office: BackOffice, box_office: BoxOffice, on_sale: OnSale
) -> None:
    (till,) = await tills([service], office, on_sale, 1)
    path = f"{COUNTER}/shifts/{await till.shift_id()}"
    forms = [till.form({on_sale.tickets[0]: 1}, expected_total="25.00", act="sell") for _ in range(SEATS)]
    elsewhere = Visitor(client=other.client, cookies=dict(till.visitor.cookies))
    count = {"seller": "Ada", "cash": "0", "act": "count"}
    closed, *answers = await asyncio.gather(
        elsewhere.post(f"{path}/close", count), *(till.visitor.post(till.path, form) for form in forms)
    )
    assert closed.status == 303
    sold = sum(answer.status == 303 for answer in answers)
    assert all(answer.status == 303 or "closed" in answer.text or "Open a shift" in answer.text for answer in answers)
    assert len((await office.get(f"/shows/{on_sale.id}/orders")).body["items"]) == sold
    expected = f"${25 * sold}.00"
    assert f"Cash {expected}" in (await till.visitor.get(path)).text
    found = await service.container.check_consistency()()
    async with box_office.unit_of_work() as uow:
        ours = {shift.id for shift in await uow.shifts.page(office.producer.id, after=None, limit=9)}
    assert ours.isdisjoint({each.subject_id for each in found[Invariant.SHIFTS].examples})
