"""Reading shows and orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from uuid import UUID, uuid4

import pypdfium2
import pytest
import zxingcpp
from pypdf import PdfReader

from domain.access import Scope
from domain.catalog import Producer
from tests.support.box_office import BoxOffice
from tests.support.factories import producer, ticket
from tests.support.server import Service

HOUR = timedelta(hours=1)


class TestShows:
    async def test_show_has_what_a_buyer_needs(self, box_office: BoxOffice) -> None:
        doors = datetime(2050, 7, 1, 23, 0, tzinfo=UTC)
        on_sale = await box_office.put_on_sale(
            ticket(name="Stalls", description="With a view", price=2500, quantity=100, held=3, sold=7),
            ticket(name="Box", price=9000, quantity=0, is_vip=True),
            title="Twelfth Night",
            description="A comedy",
            venue="The Globe",
            terms="No readmission",
            timezone="America/New_York",
            door_time=doors,
            start_time=doors + HOUR,
            end_time=doors + 3 * HOUR,
        )

        show = (await box_office.get(f"/api/v1/shows/{on_sale.id}")).body

        stalls, box = on_sale.tickets
        assert show == {
            "id": str(on_sale.id),
            "title": "Twelfth Night",
            "description": "A comedy",
            "door_time": "2050-07-01T19:00:00-04:00",
            "start_time": "2050-07-01T20:00:00-04:00",
            "end_time": "2050-07-01T22:00:00-04:00",
            "timezone": "America/New_York",
            "locale": "en-US",
            "venue": "The Globe",
            "venue_address": None,
            "terms": "No readmission",
            "currency": "USD",
            "cancelled": False,
            "producer": {"id": str(on_sale.producer.id), "name": "Globe Theatre"},
            "production": None,
            "on_sale_at": None,
            "off_sale_at": "2050-07-01T22:00:00-04:00",
            "tickets": [
                {
                    "id": str(stalls.id),
                    "name": "Stalls",
                    "description": "With a view",
                    "price": "25.00",
                    "all_in_price": "27.57",
                    "is_donation_based": False,
                    "is_vip": False,
                    "hidden": False,
                    "remaining": 90,
                    "sold_out": False,
                    "sale": "open",
                    "on_sale_at": None,
                    "off_sale_at": "2050-07-01T22:00:00-04:00",
                },
                {
                    "id": str(box.id),
                    "name": "Box",
                    "description": "",
                    "price": "90.00",
                    "all_in_price": "94.45",
                    "is_donation_based": False,
                    "is_vip": True,
                    "hidden": False,
                    "remaining": 0,
                    "sold_out": True,
                    "sale": "open",
                    "on_sale_at": None,
                    "off_sale_at": "2050-07-01T22:00:00-04:00",
                },
            ],
        }

    async def test_list_has_what_is_on_sale_soonest_first(self, box_office: BoxOffice) -> None:
        by, doors = producer(), datetime(2050, 1, 1, 19, 0, tzinfo=UTC)

        async def put_on(title: str, doors: datetime, **fields: bool) -> None:
            await box_office.put_on_sale(
                by=by, promo_codes=[], title=title, door_time=doors, start_time=doors, end_time=doors + HOUR, **fields
            )

        await put_on("third", doors + 2 * HOUR)
        await put_on("first", doors)
        await put_on("second", doors + HOUR)
        await put_on("unpublished", doors, published=False)
        await put_on("cancelled", doors, cancelled=True)
        await put_on("over", doors - timedelta(days=20_000))

        listed = (await box_office.get(f"/api/v1/shows?producer={by.id}")).body

        assert [show["title"] for show in listed["items"]] == ["first", "second", "third"]
        assert listed["next_cursor"] is None

    async def test_pages_follow_one_another_without_gap_or_repetition(self, box_office: BoxOffice) -> None:
        by = producer()
        for number in range(5):
            await box_office.put_on_sale(by=by, title=f"at the same time {number}")

        seen: list[str] = []
        path = f"/api/v1/shows?producer={by.id}&limit=2"
        cursor: str | None = ""
        while cursor is not None:
            page = (await box_office.get(f"{path}&cursor={cursor}")).body
            assert len(page["items"]) <= 2
            seen += [show["id"] for show in page["items"]]
            cursor = page["next_cursor"]

        assert len(seen) == len(set(seen)) == 5

    async def test_unknown_producer_has_no_shows(self, box_office: BoxOffice) -> None:
        listed = (await box_office.get(f"/api/v1/shows?producer={uuid4()}")).body
        assert listed == {"items": [], "next_cursor": None}


class TestTicketsPdf:
    async def test_says_what_the_door_and_the_guest_need(self, box_office: BoxOffice) -> None:
        doors = datetime(2050, 7, 1, 23, 0, tzinfo=UTC)
        on_sale = await box_office.put_on_sale(
            ticket(name="Stalls"),
            title="Twelfth Night",
            timezone="America/New_York",
            door_time=doors,
            start_time=doors + HOUR,
            end_time=doors + 3 * HOUR,
        )
        placed = (await box_office.checkout(on_sale.cart(2))).created()
        await box_office.pay(placed)
        order = await box_office.until_completed(placed)

        answer = await box_office.get(f"/api/v1/orders/{placed['order_id']}/tickets.pdf?token={placed['order_token']}")

        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/pdf")
        pages = PdfReader(BytesIO(answer.content)).pages
        assert len(pages) == 2
        for page in pages:
            text = page.extract_text()
            for expected in ("Twelfth Night", "7:00 PM", "Ada Lovelace", "Stalls", order["number"]):
                assert expected in text
        assert self._qr_codes(answer.content) == [attendee["code"] for attendee in order["attendees"]]

    async def test_there_is_none_before_the_order_is_paid(self, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale()
        placed = (await box_office.checkout(on_sale.cart(1))).created()
        path = f"/api/v1/orders/{placed['order_id']}/tickets.pdf?token={placed['order_token']}"
        (await box_office.get(path)).refused(409, "conflict")

    @staticmethod
    def _qr_codes(pdf: bytes) -> list[str]:
        """The text that a scanner reads from each page."""
        document = pypdfium2.PdfDocument(pdf)
        try:
            images = [page.render(scale=2).to_pil() for page in document]
            return [zxingcpp.read_barcodes(image)[0].text for image in images]
        finally:
            document.close()


class TestBearerToken:
    @pytest.fixture
    async def by(self) -> Producer:
        return producer()

    async def test_a_producers_token_opens_the_producers_orders(
        self, box_office: BoxOffice, service: Service, by: Producer
    ) -> None:
        on_sale = await box_office.put_on_sale(ticket(price=0), by=by)
        placed = (await box_office.checkout(on_sale.cart(1))).created()
        path = f"/api/v1/orders/{placed['order_id']}"
        issue_token = service.container.issue_token()
        own = await issue_token(producer_id=by.id, name="own", scopes=[Scope.ORDERS])
        narrow = await issue_token(producer_id=by.id, name="narrow", scopes=[Scope.CATALOG, Scope.CHECKIN])
        elsewhere = (await box_office.put_on_sale()).producer
        others = await issue_token(producer_id=elsewhere.id, name="others", scopes=[Scope.ORDERS])

        answer = await box_office.get(path, headers={"Authorization": f"Bearer {own.secret}"})
        assert (answer.status, answer.body["order_id"]) == (200, placed["order_id"])

        for authorization, status, code in (
            (f"Bearer {narrow.secret}", 403, "forbidden"),
            (f"Bearer {others.secret}", 404, "not_found"),
            ("Bearer nonsense", 401, "unauthorized"),
            ("Basic abc", 401, "unauthorized"),
            ("", 401, "unauthorized"),
        ):
            (await box_office.get(path, headers={"Authorization": authorization})).refused(status, code)

        await service.container.revoke_token()(own.token.id)
        revoked = await box_office.get(path, headers={"Authorization": f"Bearer {own.secret}"})
        revoked.refused(401, "unauthorized")


async def test_health_says_what_works(box_office: BoxOffice) -> None:
    assert (await box_office.get("/health/live")).body == {"status": "ok"}
    assert (await box_office.get("/health/ready")).body == {"status": "ok", "database": "ok", "redis": "ok"}


async def test_schema_describes_every_address(box_office: BoxOffice) -> None:
    schema = (await box_office.get("/schema")).body
    assert schema["openapi"].startswith("3.1")
    assert {
        "/api/v1/shows",
        "/api/v1/shows/{show_id}",
        "/api/v1/quote",
        "/api/v1/checkout",
        "/api/v1/checkout/success",
        "/api/v1/checkout/cancel",
        "/api/v1/orders/{order_id}",
        "/api/v1/orders/{order_id}/cancel",
        "/api/v1/orders/{order_id}/tickets.pdf",
        "/api/v1/webhooks/stripe",
        "/health/live",
        "/health/ready",
    } <= set(schema["paths"])
    body = schema["paths"]["/api/v1/checkout"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    fields = schema["components"]["schemas"][body["$ref"].rsplit("/", 1)[1]]["properties"]
    assert set(fields) == {"show_id", "tickets", "promo_code", "customer", "expected_total"}


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"promo_code": "NOSUCH"}, "invalid_promo_code"),
        ({"tickets": []}, "no_tickets"),
        ({"show_id": str(UUID(int=7))}, "not_found"),
    ],
)
async def test_quote_refuses_as_checkout_does(box_office: BoxOffice, fields: dict[str, object], refusal: str) -> None:
    on_sale = await box_office.put_on_sale()
    answer = await box_office.quote({**on_sale.cart(1), **fields})
    assert answer.body["code"] == refusal


async def test_quote_prices_without_holding(box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=2500))
    quote = await box_office.quote(on_sale.cart(2))
    placed = (await box_office.checkout(on_sale.cart(2))).created()
    assert quote.status == 200
    assert quote.body["total"] == "54.84"
    assert quote.body == {"idle_promo_code": None, **{name: placed[name] for name in placed if name in quote.body}}
    assert await box_office.counters(on_sale) == [(2, 0)]
