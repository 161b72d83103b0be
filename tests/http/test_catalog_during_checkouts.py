"""A producer changes what is for sale during many checkouts: nothing is oversold, and neither side blocks the other."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import pytest

from tests.support.back_office import BackOffice
from tests.support.box_office import Answer, BoxOffice
from tests.support.factories import promo_code, ticket

pytestmark = pytest.mark.p1


async def test_every_order_has_a_price_that_was_asked_at_some_moment(box_office: BoxOffice, office: BackOffice) -> None:
    """P1-007: while the price changes all the time, each order adds up at one of the prices."""
    on_sale = await box_office.put_on_sale(ticket(price=2500, quantity=1000), by=office.producer)
    path = f"/tickets/{on_sale.tickets[0].id}"

    async def reprice() -> None:
        for price in ("30.00", "25.00") * 5:
            assert (await office.patch(path, price=price)).status == 200

    changing = asyncio.create_task(reprice())
    answers = await asyncio.gather(*(box_office.checkout(on_sale.cart(2)) for _ in range(30)))
    await changing

    totals = {order.created()["total"] for order in answers}
    assert totals <= {"54.84", "65.13"}
    assert await box_office.counters(on_sale) == [(60, 0)]


async def test_capacity_never_goes_below_what_is_held(box_office: BoxOffice, office: BackOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(quantity=20), by=office.producer)
    path = f"/tickets/{on_sale.tickets[0].id}"

    async def shrink() -> list[Answer]:
        return [await office.patch(path, quantity=quantity) for quantity in range(19, 0, -1)]

    changing = asyncio.create_task(shrink())
    answers = await asyncio.gather(*(box_office.checkout(on_sale.cart(1)) for _ in range(20)))
    shrunk = await changing

    held = sum(answer.status == 201 for answer in answers)
    (own,) = (await office.get(f"/shows/{on_sale.id}")).body["tickets"]
    assert own["held"] == held
    assert own["quantity"] == min([20, *(a.body["quantity"] for a in shrunk if a.status == 200)])
    assert own["remaining"] >= 0
    for answer in answers:
        if answer.status != 201:
            answer.refused(400, "tickets_unavailable")
    for answer in shrunk:
        if answer.status != 200:
            answer.refused(409, "conflict")
    # Whichever was first, the limit is exactly what is held.
    if held:
        (await office.patch(path, quantity=held - 1)).refused(409, "conflict")
    assert (await office.patch(path, quantity=held)).body["remaining"] == 0


async def test_once_it_is_unpublished_nobody_gets_in(box_office: BoxOffice, office: BackOffice) -> None:
    """P1-008: checkouts after the answer are refused; those that were waiting succeed or fail as a whole."""
    on_sale = await box_office.put_on_sale(ticket(quantity=1000), by=office.producer)

    async def unpublish() -> list[Answer]:
        assert (await office.patch(f"/shows/{on_sale.id}", published=False)).status == 200
        return [await box_office.checkout(on_sale.cart(1)) for _ in range(3)]

    changing = asyncio.create_task(unpublish())
    answers = await asyncio.gather(*(box_office.checkout(on_sale.cart(1)) for _ in range(20)))
    too_late = await changing

    for answer in too_late:
        answer.refused(400, "show_unavailable")
    for answer in answers:
        if answer.status != 201:
            answer.refused(400, "show_unavailable")
    assert await box_office.counters(on_sale) == [(sum(answer.status == 201 for answer in answers), 0)]


async def test_catalog_changes_and_checkouts_never_lock_each_other_out(
    box_office: BoxOffice, office: BackOffice
) -> None:
    """All lock tickets in the order of their ids, then promo codes: no deadlock, so no 503."""
    code = promo_code()
    on_sale = await box_office.put_on_sale(
        ticket(quantity=500), ticket(quantity=500), promo_codes=[code], by=office.producer
    )
    spare = await box_office.put_on_sale(ticket(), promo_codes=[promo_code()], by=office.producer)
    first, second = (f"/tickets/{each.id}" for each in on_sale.tickets)

    async def buy_and_cancel() -> Answer:
        placed = await box_office.checkout(on_sale.cart(1, 1), promo_code="TEST20")
        return await box_office.cancel(placed.created())

    def changes(number: int) -> list[Coroutine[Any, Any, Answer]]:
        return [
            office.patch(first, price=f"{20 + number}.00"),
            office.patch(second, quantity=500 - number),
            office.patch(f"/promo-codes/{code.id}", discount=f"0.{10 + number}"),
            office.patch(f"/shows/{on_sale.id}", title=f"Night {number}"),
            office.post(f"/shows/{on_sale.id}/promo-codes", {"code": f"NEW{number}", "discount": "0.1"}),
            office.delete(first),
            office.delete(f"/shows/{on_sale.id}"),
            buy_and_cancel(),
            box_office.checkout(on_sale.cart(1, 1), promo_code="TEST20"),
        ]

    await box_office.checkout(on_sale.cart(1, 1))  # so nothing can be deleted
    waves = [change for number in range(3) for change in changes(number)]
    answers = await asyncio.gather(*waves, office.delete(f"/shows/{spare.id}"))

    assert {answer.status for answer in answers} <= {200, 201, 204, 409}
    assert await box_office.counters(on_sale) == [(4, 0), (4, 0)]
    (used,) = [
        each
        for each in (await office.get(f"/shows/{on_sale.id}/promo-codes")).body["items"]
        if each["id"] == str(code.id)
    ]
    assert used["uses"] == 3


async def test_a_change_that_buyers_hear_of_does_not_wait_for_an_order_that_is_being_changed(
    box_office: BoxOffice, office: BackOffice
) -> None:
    """Who changes an order has it before its tickets, who changes a show has the tickets before its buyers' mails."""
    on_sale = await box_office.put_on_sale(ticket(), by=office.producer)
    placed = (await box_office.checkout(on_sale.cart(1))).created()

    async with box_office.unit_of_work() as uow:
        await uow.orders.lock([UUID(placed["order_id"])])
        changed = await office.patch(f"/shows/{on_sale.id}", title="Another night")

    assert (changed.status, changed.body["title"]) == (200, "Another night")


async def test_show_is_deleted_or_somebody_has_a_ticket(box_office: BoxOffice, office: BackOffice) -> None:
    for place in (0, 1, 4, 8):  # in the line of the checkouts
        on_sale = await box_office.put_on_sale(
            ticket(), ticket(name="Circle"), promo_codes=[promo_code()], by=office.producer
        )
        calls = [box_office.checkout(on_sale.cart(1, 1), promo_code="TEST20") for _ in range(8)]
        calls.insert(place, office.delete(f"/shows/{on_sale.id}"))

        answers = await asyncio.gather(*calls)

        deleted = answers.pop(place)
        placed = sum(answer.status == 201 for answer in answers)
        for answer in answers:
            if answer.status != 201:
                assert answer.status in {400, 404}, answer.content
        assert (deleted.status, bool(placed)) in {(204, False), (409, True)}
