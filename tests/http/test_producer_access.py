"""Properties of every operation of the producer API, taken from OpenAPI and so checked for new ones, too: which tokens
are accepted (none, a wrong one, one of a wrong scope, another producer's), which bodies every operation refuses, and
how lists are cut into pages.
"""

from __future__ import annotations

import gc
import re
from io import BytesIO
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

import msgspec
import pytest
from PIL import Image
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.access import Scope
from domain.devices import DeviceKind
from entrypoints.settings import Settings
from tests.support.api_schema import operation, operations
from tests.support.back_office import BASE, EVERY_SCOPE, BackOffice, open_back_office
from tests.support.box_office import BoxOffice
from tests.support.devices import pair
from tests.support.factories import producer, promo_code, ticket
from tests.support.server import Service, free_port, running

JSON: Final = "application/json"
CSV: Final = "text/csv"
KIB: Final = 1024
MANY_ORDERS: Final = "/shows/{show_id}/orders/batch"
#: The place of an id in a path.
_ID: Final = re.compile(r"\{\w+\}")


def _sent(method: str, path: str) -> dict[str, Any]:
    """The body of a request of the operation: the schema's own example, a list of guests, or a picture."""
    content = operation(method, path).get("requestBody", {}).get("content", {})
    if JSON in content:
        (example,) = content[JSON]["examples"].values()
        return {"json": example["value"]}
    if CSV in content:
        return {"data": b"name\nAda\n", "headers": {"Content-Type": CSV}}
    return {"data": _picture()} if content else {}


def _picture() -> bytes:
    written = BytesIO()
    Image.new("RGB", (16, 9)).save(written, "PNG")
    return written.getvalue()


def _scopes(method: str, path: str) -> set[Scope]:
    """The scopes of which any one opens the operation."""
    return {Scope(scope) for way in operation(method, path)["security"] for scope in way["bearer"]}


def _anywhere(path: str) -> str:
    """The path with ids that never existed."""
    return _ID.sub(lambda _: str(uuid4()), path)


def _parameters(method: str, path: str) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = operation(method, path).get("parameters", [])
    return parameters


def _takes(method: str, path: str) -> set[str]:
    return {parameter["name"] for parameter in _parameters(method, path)}


def _needed(method: str, path: str) -> str:
    """The query that the operation cannot do without: the schema's own examples."""
    needed = [each for each in _parameters(method, path) if each["in"] == "query" and each["required"]]
    return "?" + urlencode({each["name"]: next(iter(each["examples"].values()))["value"] for each in needed})


def _each(*chosen: tuple[str, str]) -> pytest.MarkDecorator:
    """One test for each operation: its method, and its path below BASE."""
    cases = [(method, path.removeprefix(BASE)) for method, path in chosen]
    return pytest.mark.parametrize(("method", "path"), cases, ids=[f"{method} {path}" for method, path in cases])


OPERATIONS: Final = [(method, path) for method, path in operations() if path.startswith(f"{BASE}/")]
every_operation = _each(*OPERATIONS)
about_a_thing = _each(*((method, path) for method, path in OPERATIONS if "{" in path))
with_a_body = _each(*((method, path) for method, path in OPERATIONS if "json" in _sent(method, path)))
every_list = _each(*((method, path) for method, path in OPERATIONS if "cursor" in _takes(method, path)))


@pytest.fixture
async def office(box_office: BoxOffice, service: Service) -> BackOffice:
    """A new producer, with a token for a printer's operations, too, which no program has."""
    new, scopes = producer(account=f"acct_{uuid4().hex}"), (*EVERY_SCOPE, Scope.PRINT)
    return await open_back_office(box_office, service.container, new, scopes=scopes)


@every_operation
async def test_nobody_gets_in_without_a_token_that_is_good(office: BackOffice, method: str, path: str) -> None:
    revoked = await office.with_scopes(*_scopes(method, BASE + path))
    assert revoked.token_id
    await office.container.revoke_token()(revoked.token_id)
    for secret in (None, "", "pqt_guess", revoked.secret):
        answer = await office.with_secret(secret).request(method, _anywhere(path), **_sent(method, BASE + path))
        answer.refused(401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@every_operation
async def test_token_without_the_scope_is_refused(office: BackOffice, method: str, path: str) -> None:
    opened_by = _scopes(method, BASE + path)
    narrow = await office.with_scopes(*(set(EVERY_SCOPE) - opened_by))
    answer = await narrow.request(method, _anywhere(path), **_sent(method, BASE + path))
    message = answer.refused(403, "forbidden")
    assert any(scope in message for scope in opened_by)
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


@every_operation
async def test_any_of_the_scopes_is_enough(box_office: BoxOffice, service: Service, method: str, path: str) -> None:
    """For a producer without a Stripe account: exchanging one requires the scope account."""
    for scope in _scopes(method, BASE + path):
        newcomer = producer(account=None, charges_enabled=False)
        office = await open_back_office(box_office, service.container, newcomer, scopes=(scope,))
        answer = await office.request(method, _anywhere(path), **_sent(method, BASE + path))
        assert answer.status not in {401, 403}, answer.content


@about_a_thing
async def test_what_is_another_producers_does_not_exist(
    office: BackOffice, other_office: BackOffice, box_office: BoxOffice, method: str, path: str
) -> None:
    code = promo_code()
    theirs = await box_office.put_on_sale(ticket(price=0), promo_codes=[code], by=other_office.producer)
    order = (await box_office.checkout(theirs.cart(1))).created()
    (attendee,) = (await box_office.order(order)).body["attendees"]
    production = (await other_office.post("/productions", {"title": "Hamlet"})).created()
    capacity = (await other_office.post(f"/shows/{theirs.id}/capacities", {"name": "House", "size": 9})).created()
    places = {"capacity_id": capacity["id"], "name": "Press", "size": 1}
    allocation = (await other_office.post(f"/shows/{theirs.id}/allocations", places)).created()
    printer = await pair(other_office.container, other_office.producer, DeviceKind.PRINTER)
    wanted = {"printer_id": str(printer.device.id)}
    job = (await other_office.post(f"/orders/{order['order_id']}/print-jobs", wanted)).created()
    where = path.format(
        show_id=theirs.id,
        ticket_id=theirs.tickets[0].id,
        promo_code_id=code.id,
        order_id=order["order_id"],
        attendee_id=attendee["id"],
        production_id=production["id"],
        capacity_id=capacity["id"],
        allocation_id=allocation["id"],
        job_id=job["id"],
        slip="order",
    )
    where += _needed(method, BASE + path)
    (await office.request(method, where, **_sent(method, BASE + path))).refused(404, "not_found")
    assert (await other_office.get(f"/shows/{theirs.id}")).status == 200


@about_a_thing
async def test_what_never_was_is_not_found(office: BackOffice, method: str, path: str) -> None:
    where = _anywhere(path) + _needed(method, BASE + path)
    answer = await office.request(method, where, **_sent(method, BASE + path))
    answer.refused(404, "not_found")


@about_a_thing
async def test_what_is_no_id_is_refused(office: BackOffice, method: str, path: str) -> None:
    where = _ID.sub("1", path)
    answer = await office.request(method, where, **_sent(method, BASE + path))
    answer.refused(404, "not_found")


@with_a_body
async def test_body_that_cannot_be_one_is_refused(office: BackOffice, method: str, path: str) -> None:
    """docs/api.md: unknown fields are refused (400), so a typo is never silently ignored."""
    example = _sent(method, BASE + path)["json"]
    no_json = {"data": b"{", "headers": {"Content-Type": JSON}}
    wrong_ones: list[dict[str, Any]] = [{"json": {**example, "typo": 1}}, {"json": [example]}, no_json]
    for wrong in wrong_ones:
        (await office.request(method, _anywhere(path), **wrong)).refused(400, "invalid_request")


@with_a_body
async def test_body_has_64_kib_at_most(office: BackOffice, method: str, path: str) -> None:
    """Except many orders at once, which have 1 MiB."""
    most = 1024 * KIB if path == MANY_ORDERS else 64 * KIB
    too_large: dict[str, Any] = {"data": BytesIO(b" " * (most + 1)), "headers": {"Content-Type": JSON}}
    (await office.request(method, _anywhere(path), **too_large)).refused(413, "too_large")


@every_list
async def test_page_has_1_to_100_items(office: BackOffice, box_office: BoxOffice, method: str, path: str) -> None:
    on_sale = await box_office.put_on_sale(ticket(), by=office.producer)
    where = path.format(show_id=on_sale.id)
    for limit in ("1", "100"):
        page = await office.request(method, f"{where}?limit={limit}")
        assert page.status == 200, page.content
        assert page.body["next_cursor"] is None
    for limit in ("0", "101", "-1", "1.5", "many"):
        refused = await office.request(method, f"{where}?limit={limit}")
        refused.refused(400, "invalid_request")
        assert refused.body["field"] == "limit"


@every_list
async def test_cursor_that_was_never_given_is_refused(
    office: BackOffice, box_office: BoxOffice, method: str, path: str
) -> None:
    on_sale = await box_office.put_on_sale(ticket(), by=office.producer)
    for cursor in ("x", "AAAA", "gICA", "%00"):
        refused = await office.request(method, f"{path.format(show_id=on_sale.id)}?cursor={cursor}")
        refused.refused(400, "invalid_request")
        assert refused.body["field"] == "cursor"


@pytest.mark.parametrize("authorization", ["Basic {secret}", "{secret}", "bearer", "Bearer", "Token {secret}"])
async def test_only_a_bearer_token_counts(office: BackOffice, authorization: str) -> None:
    headers = {"Authorization": authorization.format(secret=office.secret)}
    answer = await office.with_secret(None).request("GET", "/account", headers=headers)
    answer.refused(401, "unauthorized")


async def test_the_schemes_case_does_not_matter(office: BackOffice) -> None:
    headers = {"Authorization": f"bEaReR  {office.secret} "}
    assert (await office.with_secret(None).request("GET", "/account", headers=headers)).status == 200


async def test_requests_with_and_without_a_token_share_one_pool(settings: Settings) -> None:
    """A copy of the container's providers would open a second pool of connections, which none closes."""
    port = free_port()
    before = {id(engine) for engine in _engines()}
    async with running(msgspec.structs.replace(settings, public_url=f"http://127.0.0.1:{port}"), port=port) as service:
        for path in ("/", "/office/sign-in", "/api/v1/shows", "/health/ready"):
            async with service.client.get(path) as answer:
                assert answer.status == 200
        for secret in ("pqt_of_nothing", "pqd_of_nothing"):
            headers = {"Authorization": f"Bearer {secret}"}
            async with service.client.get(f"{BASE}/shows", headers=headers) as answer:
                assert answer.status == 401
        assert len([engine for engine in _engines() if id(engine) not in before]) == 1


def _engines() -> list[AsyncEngine]:
    return [each for each in gc.get_objects() if isinstance(each, AsyncEngine)]
