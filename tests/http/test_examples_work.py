"""Every example request of the API's description is sent as it stands there, and does what the description says.

Only its ids are put in place: those of the examples' theatre become those of a theatre that exists, in the state that
the operation needs.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import pytest
from PIL import Image

from domain.access import Scope
from domain.devices import DeviceKind, written_code
from domain.production import Production
from entrypoints.http import sample_data
from entrypoints.http.examples import EXAMPLES, PARAMETER_EXAMPLES
from entrypoints.http.order_examples import ATTENDEE_ID, ORDER_EXAMPLES
from entrypoints.settings import Settings
from entrypoints.web.api_reference import ApiReference, Operation
from tests.http.test_openapi import assert_valid
from tests.support.api_schema import api_schema
from tests.support.back_office import BackOffice
from tests.support.box_office import Answer, BoxOffice, Json, OnSale
from tests.support.devices import offer, pair
from tests.support.factories import capacity, promo_code, ticket
from tests.support.server import Service

REFERENCE: Final = ApiReference(api_schema())
#: Operations whose example is refused, and how: what they need is not there by default.
REFUSED: Final = {"get_challenge": (404, "not_found")}


@dataclass(slots=True)
class Theatre:
    """The theatre of the examples, as far as the example needs it."""

    box_office: BoxOffice
    office: BackOffice
    on_sale: OnSale
    names: dict[str, str] = field(default_factory=dict)
    printer_secret: str = ""

    def text(self, example: str) -> str:
        """The example with real ids."""
        for name, real in self.names.items():
            example = example.replace(name, real)
        return example

    async def order(self, on_sale: OnSale | None = None, *, paid: bool = True) -> Json:
        """Ada's order of two tickets, which the examples then mean."""
        placed = (await self.box_office.checkout((on_sale or self.on_sale).cart(2))).created()
        if paid:
            await self.box_office.pay(placed)
            await self.box_office.come_back(placed)
        found = (await self.box_office.order(placed)).body
        self.names |= {
            sample_data.ORDER_ID: placed["order_id"],
            PARAMETER_EXAMPLES["token"]: placed["order_token"],
            PARAMETER_EXAMPLES["session_id"]: placed["session_id"],
        }
        if paid:
            first = found["attendees"][0]
            self.names |= {ATTENDEE_ID: first["id"], ORDER_EXAMPLES["CheckInIn"]["code"]: first["code"]}
        return found

    async def another_evening(self) -> OnSale:
        return await self.box_office.put_on_sale(
            ticket(), by=self.on_sale.producer, title="Monday", exchanges_until_hours=24
        )

    async def with_production(self) -> None:
        production = Production.planned(id=uuid4(), producer_id=self.on_sale.producer.id, title="Twelfth Night")
        async with self.box_office.unit_of_work() as uow:
            await uow.productions.add(production)
            await uow.commit()
        self.names[sample_data.PRODUCTION_ID] = str(production.id)

    async def put_into_production(self) -> None:
        await self.with_production()
        path = f"/shows/{self.on_sale.id}"
        changed = await self.office.patch(path, production_id=self.names[sample_data.PRODUCTION_ID])
        assert changed.status == 200, changed.content

    async def with_places(self) -> None:
        """A capacity with an allocation."""
        house = capacity(size=400, of=self.on_sale.show)
        async with self.box_office.unit_of_work() as uow:
            await uow.capacities.add(house)
            await uow.commit()
        answer = await self.office.post(
            f"/shows/{self.on_sale.id}/allocations", {"capacity_id": str(house.id), "name": "Box", "size": 20}
        )
        assert answer.status == 201, answer.content
        self.names |= {sample_data.CAPACITY_ID: str(house.id), sample_data.ALLOCATION_ID: answer.body["id"]}

    async def cancel_show(self) -> None:
        assert (await self.office.patch(f"/shows/{self.on_sale.id}", cancelled=True)).status == 200


async def _offered(theatre: Theatre) -> None:
    offered = await offer(theatre.office.container, theatre.on_sale.producer)
    theatre.names[EXAMPLES["PairIn"]["code"]] = written_code(offered.code)


async def _with_printer(theatre: Theatre) -> None:
    await theatre.order()
    paired = await pair(theatre.office.container, theatre.on_sale.producer, DeviceKind.PRINTER)
    theatre.names |= {sample_data.PRINTER_ID: str(paired.device.id)}
    theatre.printer_secret = paired.secret


async def _printing(theatre: Theatre) -> None:
    await _with_printer(theatre)
    order, printer = theatre.names[sample_data.ORDER_ID], theatre.names[sample_data.PRINTER_ID]
    asked = await theatre.office.post(f"/orders/{order}/print-jobs", {"printer_id": printer})
    theatre.names[sample_data.PRINT_JOB_ID] = asked.body["id"]


async def _bought(theatre: Theatre) -> None:
    await theatre.order()


async def _unpaid(theatre: Theatre) -> None:
    await theatre.order(paid=False)


async def _bought_for_another_evening(theatre: Theatre) -> None:
    await theatre.order(await theatre.another_evening())


async def _cancelled(theatre: Theatre) -> None:
    await theatre.order()
    await theatre.cancel_show()


async def _with_empty_capacity(theatre: Theatre) -> None:
    await theatre.with_places()
    freed = await theatre.office.delete(f"/allocations/{theatre.names[sample_data.ALLOCATION_ID]}")
    assert freed.status == 204


async def _with_places(theatre: Theatre) -> None:
    await theatre.with_places()


async def _refunding(theatre: Theatre) -> None:
    await _cancelled(theatre)
    assert (await theatre.office.post(f"/shows/{theatre.on_sale.id}/refund-all", {})).status == 202


async def _given_up(theatre: Theatre) -> None:
    await theatre.order(paid=False)
    order, token = theatre.names[sample_data.ORDER_ID], theatre.names[PARAMETER_EXAMPLES["token"]]
    assert (await theatre.box_office.post(f"/api/v1/orders/{order}/cancel?token={token}")).status == 200


#: What must have happened before these operations can succeed.
PREPARED: Final[dict[str, Callable[[Theatre], Awaitable[None]]]] = {
    "checkout_success": _bought,
    "checkout_cancel": _unpaid,
    "cancel_order": _unpaid,
    "stripe_webhook": _unpaid,
    "exchange_own_tickets": _bought_for_another_evening,
    "preview_own_exchange": _bought_for_another_evening,
    "exchange_tickets": _bought_for_another_evening,
    "preview_exchange": _bought_for_another_evening,
    "get_show_refund": _refunding,
    "erase_buyer": _given_up,
    "refund_show": _cancelled,
    "delete_capacity": _with_empty_capacity,
    "delete_production": Theatre.with_production,
    "check_in": _bought,
    "check_in_party": _bought,
    "undo_check_in": _bought,
    "upload_scans": _bought,
    "export_buyer": _bought,
    "pair_device": _offered,
    "add_allocation": _with_places,
    "add_shows": Theatre.with_production,
    "print_order": _with_printer,
    "print_selected": _with_printer,
    "get_test_slip": _with_printer,
    "take_print_job": _printing,
    "get_print_job_slip": _printing,
    "report_printed": _printing,
    "report_print_problem": _printing,
}


async def prepare(theatre: Theatre, operation: Operation) -> None:
    if prepare := PREPARED.get(operation.id):
        await prepare(theatre)
    elif "{order_id}" in operation.path:
        await theatre.order()
    elif "{production_id}" in operation.path:
        await theatre.put_into_production()
    elif "{capacity_id}" in operation.path or "{allocation_id}" in operation.path:
        await theatre.with_places()


@pytest.fixture
async def theatre(office: BackOffice, box_office: BoxOffice) -> Theatre:
    return await theatre_of(office, box_office)


async def theatre_of(office: BackOffice, box_office: BoxOffice) -> Theatre:
    """The examples' theatre, on sale."""
    code = promo_code(code="OTHER20")
    on_sale = await box_office.put_on_sale(
        ticket(), promo_codes=[code], by=office.producer, renames_until_hours=24, timezone="America/New_York"
    )
    names = {
        sample_data.SHOW_ID: str(on_sale.id),
        sample_data.TICKET_ID: str(on_sale.tickets[0].id),
        sample_data.PRODUCER_ID: str(office.producer.id),
        sample_data.TOKEN_ID: str(office.token_id),
        sample_data.PROMO_CODE_ID: str(code.id),
        PARAMETER_EXAMPLES["Idempotency-Key"]: str(uuid4()),
        ORDER_EXAMPLES["ScansIn"]["scans"][0]["id"]: str(uuid4()),
    }
    return Theatre(box_office, office, on_sale, names)


async def _secret(operation: Operation, theatre: Theatre, service: Service) -> str | None:
    if not operation.needs_token:
        return None
    if operation.scopes == [Scope.PLATFORM]:
        return (await service.container.issue_token()(producer_id=None, name="x", scopes=[Scope.PLATFORM])).secret
    if operation.id == "get_device":
        return (await pair(service.container, theatre.on_sale.producer)).secret
    if operation.scopes == [Scope.PRINT]:
        return theatre.printer_secret
    return theatre.office.secret


def _body(operation: Operation, theatre: Theatre) -> bytes:
    if operation.body is None:
        return b""
    if operation.body.example is None:
        picture = io.BytesIO()
        Image.new("RGB", (40, 30), "teal").save(picture, "PNG")
        return picture.getvalue()
    return theatre.text(operation.body.example).encode()


async def send_example(operation: Operation, theatre: Theatre, service: Service, settings: Settings) -> Answer:
    body = _body(operation, theatre)
    headers = {
        each.name: theatre.text(each.example)
        for each in operation.parameters
        if each.place == "header" and each.example is not None
    }
    if secret := await _secret(operation, theatre, service):
        headers["Authorization"] = f"Bearer {secret}"
    if operation.body:
        headers["Content-Type"] = operation.body.kinds[0]
    if "Stripe-Signature" in headers:
        now = str(int(time.time()))
        tag = hmac.new(settings.stripe_webhook_secret.encode(), now.encode() + b"." + body, hashlib.sha256)
        headers["Stripe-Signature"] = f"t={now},v1={tag.hexdigest()}"
    address = theatre.text(operation.address)
    return await theatre.box_office.request(operation.method, address, headers=headers, data=body or None)


@pytest.mark.parametrize("operation", REFERENCE.operations.values(), ids=lambda operation: operation.id)
async def test_example_requests_work(
    theatre: Theatre, service: Service, settings: Settings, operation: Operation
) -> None:
    await prepare(theatre, operation)
    answer = await send_example(operation, theatre, service, settings)
    if refusal := REFUSED.get(operation.id):
        answer.refused(*refusal)
        return
    assert answer.status == operation.success.status, answer.content
    assert answer.headers.get("Content-Type", "").startswith(operation.success.kind.partition(";")[0])
    if operation.success.kind == "application/json":
        described: Any = api_schema()["paths"][operation.path][operation.method.lower()]["responses"]
        assert_valid(described[str(answer.status)]["content"]["application/json"]["schema"], json.loads(answer.content))
