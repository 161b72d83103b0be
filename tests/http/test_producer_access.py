"""Who gets into the producer API: every operation, without a token, with a wrong one, with one of a wrong scope, and
with another producer's.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

import pytest

from application.access import Scope
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice
from tests.support.factories import promo_code, ticket

SHOW: Final = {
    "title": "Twelfth Night",
    "door_time": "2050-06-01T18:30:00Z",
    "start_time": "2050-06-01T19:00:00Z",
    "end_time": "2050-06-01T22:00:00Z",
}
TICKET: Final = {"name": "Stalls", "price": "25.00", "quantity": 100}
MANUAL_ORDER: Final = {
    "customer": {"name": "Ada", "email": "ada@example.org"},
    "payment": "cash",
    "tickets": [{"ticket_id": str(uuid4()), "quantity": 1}],
}
PROMO_CODE: Final = {"code": "TEST20", "discount": "0.20"}

#: Every operation of the producer API: method, path, body, and the scope that it needs.
OPERATIONS: Final[list[tuple[str, str, Any, Scope]]] = [
    ("GET", "/account", None, Scope.CATALOG),
    ("PUT", "/account", {"name": "Globe"}, Scope.CATALOG),
    ("POST", "/account/onboarding", None, Scope.CATALOG),
    ("POST", "/shows", SHOW, Scope.CATALOG),
    ("GET", "/shows", None, Scope.CATALOG),
    ("GET", "/shows/{show}", None, Scope.CATALOG),
    ("PATCH", "/shows/{show}", {}, Scope.CATALOG),
    ("DELETE", "/shows/{show}", None, Scope.CATALOG),
    ("POST", "/shows/{show}/tickets", TICKET, Scope.CATALOG),
    ("PATCH", "/tickets/{ticket}", {}, Scope.CATALOG),
    ("DELETE", "/tickets/{ticket}", None, Scope.CATALOG),
    ("POST", "/shows/{show}/promo-codes", PROMO_CODE, Scope.CATALOG),
    ("GET", "/shows/{show}/promo-codes", None, Scope.CATALOG),
    ("PATCH", "/promo-codes/{promo_code}", {}, Scope.CATALOG),
    ("DELETE", "/promo-codes/{promo_code}", None, Scope.CATALOG),
    ("POST", "/shows/{show}/refund-all", {}, Scope.ORDERS),
    ("GET", "/shows/{show}/refund-all", None, Scope.ORDERS),
    ("GET", "/audit-log", None, Scope.CATALOG),
    ("GET", "/branding", None, Scope.CATALOG),
    ("PUT", "/branding", {"colour": None, "widget_origins": []}, Scope.CATALOG),
    ("DELETE", "/logo", None, Scope.CATALOG),
    ("DELETE", "/shows/{show}/image", None, Scope.CATALOG),
    ("POST", "/shows/{show}/orders", MANUAL_ORDER, Scope.ORDERS),
    ("GET", "/shows/{show}/orders", None, Scope.ORDERS),
    ("GET", "/shows/{show}/orders.csv", None, Scope.ORDERS),
    ("GET", "/shows/{show}/attendees", None, Scope.ORDERS),
    ("GET", "/shows/{show}/attendees.csv", None, Scope.ORDERS),
    ("GET", "/shows/{show}/report", None, Scope.ORDERS),
    ("POST", "/orders/{order}/refund", {}, Scope.ORDERS),
    ("POST", "/orders/{order}/refund/preview", {}, Scope.ORDERS),
    ("GET", "/orders/{order}/refunds", None, Scope.ORDERS),
    ("POST", "/orders/{order}/resend", None, Scope.ORDERS),
    ("POST", "/orders/{order}/notes", {"text": "Called"}, Scope.ORDERS),
    ("GET", "/orders/{order}/notes", None, Scope.ORDERS),
    ("POST", "/privacy/export", {"email": "ada@example.org"}, Scope.ORDERS),
    ("POST", "/privacy/erase", {"email": "ada@example.org"}, Scope.ORDERS),
    ("POST", "/checkin", {"code": "x"}, Scope.CHECKIN),
    ("POST", "/checkin/undo", {"code": "x"}, Scope.CHECKIN),
    ("GET", "/checkin/keys", None, Scope.CHECKIN),
    ("GET", "/shows/{show}/checkin/list", None, Scope.CHECKIN),
    ("POST", "/shows/{show}/checkin/scans", {"device_id": "north", "scans": []}, Scope.CHECKIN),
    ("GET", "/shows/{show}/checkin/conflicts", None, Scope.CHECKIN),
]
every_operation = pytest.mark.parametrize(
    ("method", "path", "body", "scope"), OPERATIONS, ids=[f"{method} {path}" for method, path, _, _ in OPERATIONS]
)
about_a_thing = pytest.mark.parametrize(
    ("method", "path", "body"),
    [(method, path, body) for method, path, body, _ in OPERATIONS if "{" in path],
    ids=[f"{method} {path}" for method, path, _, _ in OPERATIONS if "{" in path],
)


@every_operation
async def test_nobody_gets_in_without_a_token_that_is_good(
    office: BackOffice, method: str, path: str, body: Any, scope: Scope
) -> None:
    revoked = await office.with_scopes(scope)
    assert revoked.token_id
    await office.container.revoke_token()(revoked.token_id)
    where = path.format(show=uuid4(), ticket=uuid4(), promo_code=uuid4(), order=uuid4())
    for secret in (None, "", "pqt_guess", revoked.secret):
        answer = await office.with_secret(secret).request(method, where, json=body)
        answer.refused(401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@every_operation
async def test_token_without_the_scope_is_refused(
    office: BackOffice, method: str, path: str, body: Any, scope: Scope
) -> None:
    also = {Scope.ORDERS} if path == "/audit-log" else set()
    others = [each for each in (Scope.CATALOG, Scope.ORDERS, Scope.CHECKIN) if each != scope and each not in also]
    narrow = await office.with_scopes(*others)
    where = path.format(show=uuid4(), ticket=uuid4(), promo_code=uuid4(), order=uuid4())
    answer = await narrow.request(method, where, json=body)
    assert scope in answer.refused(403, "forbidden")
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


@about_a_thing
async def test_what_is_another_producers_does_not_exist(
    office: BackOffice, other_office: BackOffice, box_office: BoxOffice, method: str, path: str, body: Any
) -> None:
    code = promo_code()
    theirs = await box_office.put_on_sale(ticket(), promo_codes=[code], by=other_office.producer)
    order = (await box_office.checkout(theirs.cart(1))).created()
    where = path.format(show=theirs.id, ticket=theirs.tickets[0].id, promo_code=code.id, order=order["order_id"])
    (await office.request(method, where, json=body)).refused(404, "not_found")
    assert (await other_office.get(f"/shows/{theirs.id}")).status == 200


@about_a_thing
async def test_what_never_was_is_not_found(office: BackOffice, method: str, path: str, body: Any) -> None:
    where = path.format(show=uuid4(), ticket=uuid4(), promo_code=uuid4(), order=uuid4())
    (await office.request(method, where, json=body)).refused(404, "not_found")


@pytest.mark.parametrize("authorization", ["Basic {secret}", "{secret}", "bearer", "Bearer", "Token {secret}"])
async def test_only_a_bearer_token_counts(office: BackOffice, authorization: str) -> None:
    headers = {"Authorization": authorization.format(secret=office.secret)}
    answer = await office.with_secret(None).request("GET", "/account", headers=headers)
    answer.refused(401, "unauthorized")


async def test_the_schemes_case_does_not_matter(office: BackOffice) -> None:
    headers = {"Authorization": f"bEaReR  {office.secret} "}
    assert (await office.with_secret(None).request("GET", "/account", headers=headers)).status == 200
