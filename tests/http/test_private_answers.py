"""Private answers are stored nowhere on the way, and their address is not passed on."""

from __future__ import annotations

import msgspec
import pytest

from entrypoints.settings import Settings
from tests.support.back_office import BackOffice
from tests.support.box_office import Answer, BoxOffice, Json, OnSale
from tests.support.server import running

pytestmark = pytest.mark.p2


def assert_private(answer: Answer) -> None:
    assert "no-store" in answer.headers["Cache-Control"], answer
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.fixture
async def on_sale(box_office: BoxOffice, office: BackOffice) -> OnSale:
    return await box_office.put_on_sale(by=office.producer)


@pytest.fixture
async def placed(box_office: BoxOffice, on_sale: OnSale) -> Json:
    return (await box_office.checkout(on_sale.cart(1))).created()


async def test_orders_and_the_redirects_to_them(box_office: BoxOffice, on_sale: OnSale, placed: Json) -> None:
    checkout = await box_office.checkout(on_sale.cart(1))
    assert_private(checkout)
    assert_private(await box_office.order(placed))
    back = f"/api/v1/checkout/cancel?order_id={placed['order_id']}&token={placed['order_token']}"
    for answer in (await box_office.come_back(placed), await box_office.get(back)):
        assert answer.status == 303
        assert placed["order_token"] in answer.location
        assert_private(answer)
    assert_private(await box_office.cancel(placed))


@pytest.mark.parametrize("token", ["wrong", ""])
async def test_errors_at_addresses_with_a_token(
    box_office: BoxOffice, on_sale: OnSale, placed: Json, token: str
) -> None:
    for path in (f"/shows/{on_sale.id}/orders/{placed['order_id']}", f"/api/v1/orders/{placed['order_id']}"):
        for accept in ("text/html", "application/json"):
            answer = await box_office.get(f"{path}?token={token}", headers={"Accept": accept})
            assert answer.status == 404
            assert_private(answer)


@pytest.mark.parametrize(
    "path", ["/shows", "/shows/{show}/orders", "/shows/{show}/attendees", "/audit-log", "/account"]
)
async def test_lists_of_producers(office: BackOffice, on_sale: OnSale, path: str) -> None:
    answer = await office.get(path.format(show=on_sale.id))
    assert answer.status == 200
    assert_private(answer)


async def test_exports_of_producers(office: BackOffice, on_sale: OnSale) -> None:
    for name in ("orders.csv", "attendees.csv"):
        assert "no-store" in (await office.get(f"/shows/{on_sale.id}/{name}")).headers["Cache-Control"]


async def test_the_catalog_is_for_everybody(box_office: BoxOffice, on_sale: OnSale) -> None:
    for path in ("/api/v1/shows", f"/api/v1/shows/{on_sale.id}"):
        assert "no-store" not in (await box_office.get(path)).headers.get("Cache-Control", "")


@pytest.mark.parametrize(("public_url", "told"), [("https://tickets.example", True), ("http://127.0.0.1:1", False)])
async def test_browsers_come_back_by_tls_where_there_is_tls(settings: Settings, public_url: str, *, told: bool) -> None:
    async with running(msgspec.structs.replace(settings, public_url=public_url)) as service:
        for path in ("/", "/api/v1/shows", "/nothing"):
            async with service.client.get(path) as answer:
                assert answer.headers.get("Strict-Transport-Security") == ("max-age=31536000" if told else None)
