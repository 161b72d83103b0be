"""HEAD answers what GET would, without the body (RFC 9110, section 9.3.2)."""

from __future__ import annotations

import pytest

from tests.support.back_office import BackOffice
from tests.support.box_office import Answer, BoxOffice

#: Headers that are made for one request: its time and its id.
OF_THE_REQUEST = {"Date", "Set-Cookie", "Transfer-Encoding"}


def lasting(answer: Answer) -> dict[str, str]:
    return {
        name: value for name, value in answer.headers.items() if name.title() not in OF_THE_REQUEST | {"X-Request-Id"}
    }


async def assert_same(box_office: BoxOffice, path: str, **parameters: object) -> None:
    got = await box_office.get(path, **parameters)
    head = await box_office.request("HEAD", path, **parameters)
    assert (head.status, head.content) == (got.status, b"")
    assert lasting(head) == lasting(got)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/orders",
        "/health/live",
        "/health/ready",
        "/schema",
        "/widget.js",
        "/api/v1/shows",
        "/api/v1/shows/00000000-0000-0000-0000-000000000000",
        "/api/v1/checkout/success?session_id=cs_test_nobody",
        "/api/v1/producer/shows",
        "/nothing/here",
    ],
)
async def test_every_address_that_answers_get_answers_head(box_office: BoxOffice, path: str) -> None:
    await assert_same(box_office, path)
    await assert_same(box_office, path, headers={"Accept": "text/html"})


async def test_metrics_answer_head(box_office: BoxOffice) -> None:
    head = await box_office.request("HEAD", "/metrics")
    assert (head.status, head.content) == (200, b"")
    assert head.headers["Content-Type"].startswith("text/plain")


async def test_pages_and_lists_answer_head(box_office: BoxOffice, office: BackOffice) -> None:
    on_sale = await box_office.put_on_sale(by=office.producer)
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    order = f"{on_sale.id}/orders/{placed['order_id']}?token={placed['order_token']}"
    await assert_same(box_office, f"/shows/{on_sale.id}", headers={"Accept-Encoding": "gzip"})
    await assert_same(box_office, f"/api/v1/orders/{placed['order_id']}?token={placed['order_token']}")
    page = await box_office.request("HEAD", f"/shows/{order}", headers={"Accept": "text/html"})
    assert (page.status, page.content) == (200, b"")
    for path in (f"/shows/{on_sale.id}/orders", f"/shows/{on_sale.id}/orders.csv"):
        got, head = await office.get(path), await office.request("HEAD", path)
        assert (head.status, head.content, lasting(head)) == (got.status, b"", lasting(got))


@pytest.mark.parametrize("path", ["/api/v1/checkout", "/api/v1/quote", "/api/v1/webhooks/stripe"])
async def test_what_takes_no_get_takes_no_head(box_office: BoxOffice, path: str) -> None:
    assert (await box_office.request("HEAD", path)).status == 405


async def test_a_connection_goes_on_after_a_head(box_office: BoxOffice) -> None:
    for _ in range(3):
        assert (await box_office.request("HEAD", "/health/live")).status == 200
        assert (await box_office.get("/health/live")).body == {"status": "ok"}


@pytest.mark.parametrize(("path", "allowed"), [("/", True), ("/api/v1/shows", True), ("/api/v1/quote", False)])
async def test_head_is_named_where_get_is(box_office: BoxOffice, path: str, *, allowed: bool) -> None:
    for method in ("PATCH", "OPTIONS"):
        answer = await box_office.request(method, path)
        methods = {name.strip() for name in answer.headers["Allow"].split(",")}
        assert ("HEAD" in methods) is ("GET" in methods) is allowed
