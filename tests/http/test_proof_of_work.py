"""A hot show may require a proof of work at checkout. Others do not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import msgspec
import pytest

from demo.stripe_sandbox import StripeSandbox
from entrypoints.settings import Settings
from tests.adapters.test_altcha_challenges import COST, solution_of
from tests.http.test_storefront import Window, checkout_path
from tests.support.box_office import Answer, BoxOffice, OnSale
from tests.support.factories import ticket
from tests.support.server import running

pytestmark = pytest.mark.p2

PROOF = "X-Proof-Of-Work"


@pytest.fixture(scope="module")
async def asking(settings: Settings, sandbox: StripeSandbox) -> AsyncIterator[BoxOffice]:
    every_show = msgspec.structs.replace(settings, proof_of_work="on", proof_of_work_cost=COST)
    async with running(every_show) as service:
        yield BoxOffice(service.client, service.container.database(), sandbox)


async def solved(box_office: BoxOffice, on_sale: OnSale) -> str:
    answer = await box_office.get(f"/api/v1/checkout/challenge?show_id={on_sale.id}")
    assert answer.status == 200
    assert "no-store" in answer.headers["Cache-Control"]
    return solution_of(answer.body)  # type: ignore[arg-type]  # as the API has it


async def checkout(box_office: BoxOffice, on_sale: OnSale, **headers: str) -> Answer:
    body = {**on_sale.cart(1), "customer": {"name": "Ada Lovelace", "email": "ada@example.org"}}
    return await box_office.post("/api/v1/checkout", json=body, headers=headers)


async def test_a_checkout_with_a_solution_goes_through_once(asking: BoxOffice) -> None:
    on_sale = await asking.put_on_sale(ticket(price=0))
    (await checkout(asking, on_sale)).refused(400, "proof_of_work_required")
    (await checkout(asking, on_sale, **{PROOF: "nonsense"})).refused(400, "proof_of_work_required")
    solution = await solved(asking, on_sale)
    (await checkout(asking, on_sale, **{PROOF: solution})).created()
    (await checkout(asking, on_sale, **{PROOF: solution})).refused(400, "proof_of_work_required")
    assert await asking.counters(on_sale) == [(0, 1)]


async def test_a_repeated_checkout_may_bring_its_solution_again(asking: BoxOffice) -> None:
    on_sale = await asking.put_on_sale(ticket(price=0))
    headers = {PROOF: await solved(asking, on_sale), "Idempotency-Key": uuid4().hex}
    first, second = [(await checkout(asking, on_sale, **headers)).created() for _ in range(2)]
    assert first == second


async def test_a_solution_of_another_show_is_none(asking: BoxOffice) -> None:
    on_sale, other = await asking.put_on_sale(ticket(price=0)), await asking.put_on_sale()
    solution = await solved(asking, other)
    (await checkout(asking, on_sale, **{PROOF: solution})).refused(400, "proof_of_work_required")


async def test_a_form_carries_the_solution(asking: BoxOffice) -> None:
    on_sale = await asking.put_on_sale(ticket(price=0))
    window = Window(asking, {})
    path = checkout_path(on_sale, 1).partition("?")[0]
    fields = await window.form(on_sale, 1, do="buy")
    assert fields["proof"] == ""
    without = await window.post(path, fields)
    assert without.status == 400
    assert "small computation" in without.content.decode()
    assert (await window.post(path, {**fields, "proof": await solved(asking, on_sale)})).status == 303


async def test_no_show_asks_where_it_is_not_switched_on(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=0))
    (await box_office.get(f"/api/v1/checkout/challenge?show_id={on_sale.id}")).refused(404, "not_found")
    (await checkout(box_office, on_sale)).created()
    page = (await box_office.get(checkout_path(on_sale, 1))).content.decode()
    assert "data-challenge" not in page


async def test_one_show_may_ask_and_others_not(
    settings: Settings, sandbox: StripeSandbox, box_office: BoxOffice
) -> None:
    hot, quiet = await box_office.put_on_sale(ticket(price=0)), await box_office.put_on_sale(ticket(price=0))
    one_show = msgspec.structs.replace(settings, proof_of_work=str(hot.id))
    async with running(one_show) as service:
        other = BoxOffice(service.client, service.container.database(), sandbox)
        (await checkout(other, hot)).refused(400, "proof_of_work_required")
        (await checkout(other, quiet)).created()
