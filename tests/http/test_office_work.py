"""The office's box office pages: selling, guest lists, and work that goes on when its page is closed."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from domain.access import Actor
from domain.jobs import Job, JobKind
from domain.people import Role
from tests.http.conftest import Hire
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, OnSale
from tests.support.factories import donation_ticket, ticket
from tests.support.server import Service
from tests.support.staff import Staff

pytestmark = pytest.mark.p2

CSV = "name;email;quantity;ticket\nAda Lovelace;ada@example.org;2;Stalls\nGrace Hopper;grace@;1;Stalls\n;;1;Balcony\n"


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    return await box_office.put_on_sale(ticket(name="Stalls", price=25_00, quantity=100), by=office.producer)


def at(on_sale: OnSale, page: str) -> str:
    return f"/office/shows/{on_sale.id}{page}"


async def works(service: Service, office: BackOffice) -> None:
    """Wait until the service's worker has done the jobs of the producer."""
    async with asyncio.timeout(60):
        while True:
            async with service.container.database()(read_only=True) as uow:
                found = await uow.jobs.of_producer(office.producer.id, after=None, limit=9)
            if all(job.is_over for job in found):
                return
            await asyncio.sleep(0.02)  # there is nothing else to wait for


async def under_way(service: Service, office: BackOffice, on_sale: OnSale) -> str:
    """The address of an export that is half done, and that no worker has."""
    job = Job(
        id=uuid4(),
        producer_id=office.producer.id,
        show_id=on_sale.id,
        kind=JobKind.EXPORT,
        actor=Actor(office.producer.id, name="Kim Park"),
        created_at=service.container.clock().now(),
        terms={"what": "orders", "format": "csv"},
        total=400,
        done=120,
    )
    async with service.container.database()() as uow:
        await uow.jobs.add(job)
        await uow.commit()
    return f"/office/jobs/{job.id}"


async def orders_of(office: BackOffice, on_sale: OnSale) -> list[dict[str, Any]]:
    return list((await office.get(f"/shows/{on_sale.id}/orders?limit=100")).body["items"])


class TestSelling:
    async def test_an_order_is_placed_once_and_shown(self, hire: Hire, office: BackOffice, on_sale: OnSale) -> None:
        seller = await hire(Role.BOX_OFFICE)
        (stalls,) = on_sale.tickets
        form = {
            f"q-{stalls.id}": "2",
            f"n-{stalls.id}": "Ada Lovelace\n\n",
            "payment": "cash",
            "customer_name": "Grace Hopper",
            "key": uuid4().hex,
        }
        shown = await seller.post(at(on_sale, "/sell"), {**form, "act": "total"})
        assert (shown.status, "Total: $50.00 for 2 tickets" in shown.text) == (200, True)
        first = await seller.post(at(on_sale, "/sell"), form)
        assert (first.status, "The total is $50.00." in first.text) == (400, True)
        assert 'name="expected_total" value="50.00"' in first.html
        other = await seller.post(at(on_sale, "/sell"), {**form, "expected_total": "49.00"})
        assert (other.status, "The total is $50.00 now" in other.text) == (400, True)
        form["expected_total"] = "50.00"
        answers = [await seller.post(at(on_sale, "/sell"), form) for _ in range(2)]
        assert {answer.status for answer in answers} == {303}
        (order,) = await orders_of(office, on_sale)
        assert (order["payment"], order["total"], order["customer"]["name"]) == ("cash", "50.00", "Grace Hopper")
        page = await seller.get(answers[0].location)
        assert f"Order {order['number']} is placed: 2 tickets for Grace Hopper , $50.00 in cash" in page.text

    async def test_a_comp_without_a_customer_comes_out_of_an_allocation(
        self, owner: Staff, office: BackOffice, box_office: BoxOffice
    ) -> None:
        on_sale = await box_office.put_on_sale(ticket(name="Stalls", quantity=10), by=office.producer)
        capacity = (await office.post(f"/shows/{on_sale.id}/capacities", {"name": "House", "size": 10})).body
        await office.request(
            "PATCH", f"/tickets/{on_sale.tickets[0].id}", json={"capacity_id": capacity["id"], "quantity": None}
        )
        press = {"name": "Press", "size": 4, "capacity_id": capacity["id"]}
        allocation = (await office.post(f"/shows/{on_sale.id}/allocations", press)).body
        assert "Press (4 places left)" in (await owner.get(at(on_sale, "/sell"))).text
        form = {f"q-{on_sale.tickets[0].id}": "3", "payment": "comp", "allocation_id": allocation["id"]}
        assert (await owner.post(at(on_sale, "/sell"), {**form, "checked_in": "on", "key": uuid4().hex})).status == 303
        (listed,) = (await office.get(f"/shows/{on_sale.id}/allocations")).body["items"]
        assert (listed["sold"], listed["remaining"]) == (3, 1)
        (order,) = await orders_of(office, on_sale)
        assert (order["total"], order["checked_in"]) == ("0.00", 3)

    async def test_a_donation_is_what_was_typed(self, owner: Staff, office: BackOffice, box_office: BoxOffice) -> None:
        on_sale = await box_office.put_on_sale(donation_ticket(name="Pay what you like"), by=office.producer)
        id_ = on_sale.tickets[0].id
        form = {f"q-{id_}": "1", f"d-{id_}": "30", "payment": "other", "expected_total": "30"}
        assert (await owner.post(at(on_sale, "/sell"), form)).status == 303
        (order,) = await orders_of(office, on_sale)
        assert order["total"] == "30.00"

    @pytest.mark.parametrize(
        ("wrong", "place"),
        [
            ({"payment": "magic"}, "payment-error"),
            ({"email": "grace@"}, "email-error"),
            ({"customer_name": "R2D2"}, "customer_name-error"),
            ({"q-": "101"}, "-error"),
            ({"q-": "0"}, "problems"),
            ({"q-": "x"}, "-error"),
            ({"n-": "R2D2"}, "-error"),
            ({"promo_code": "NONSENSE"}, "promo_code-error"),
        ],
        ids=str,
    )
    async def test_what_is_wrong_stands_beside_its_field(
        self, owner: Staff, office: BackOffice, on_sale: OnSale, wrong: dict[str, str], place: str
    ) -> None:
        id_ = str(on_sale.tickets[0].id)
        named = {name + id_ if name.endswith("-") else name: value for name, value in wrong.items()}
        form = {f"q-{id_}": "1", "payment": "cash", "phone": "+15551234567", "key": uuid4().hex, **named}
        answer = await owner.post(at(on_sale, "/sell"), form)
        assert answer.status in (400, 409), answer.location
        assert place in answer.html
        assert 'value="+15551234567"' in answer.html
        assert await orders_of(office, on_sale) == []


class TestGuestLists:
    async def test_a_file_is_checked_line_by_line_and_placed(
        self, hire: Hire, office: BackOffice, service: Service, on_sale: OnSale
    ) -> None:
        seller = await hire(Role.BOX_OFFICE)
        fields = {"source": "file", "payment": "comp"}
        answer = await seller.post_file(at(on_sale, "/guests"), "guests", CSV.encode(), "guests.csv", **fields)
        assert answer.status == 303
        draft = await seller.get(answer.location)
        assert "1 of 3 orders can be placed, 2 cannot be placed" in draft.text
        assert "3 Not placed: Invalid email format" in draft.text
        assert "4 Not placed: 'Balcony' is no ticket type" in draft.text
        assert "Place 1 order" in draft.text
        assert await orders_of(office, on_sale) == []

        for _ in range(2):
            started = await seller.post(f"{answer.location}/start")
            assert (started.status, started.location) == (303, f"{answer.location}?done=work-started")
        await works(service, office)  # no page is open

        page = await seller.get("/office/jobs")
        assert "Guest list: guests.csv" in page.text
        assert "1 of 3 orders placed, 2 failed" in page.text
        (order,) = await orders_of(office, on_sale)
        report = await seller.get(f"{answer.location}?all_lines=yes")
        assert f"2 Placed {order['number']}" in report.text

    async def test_typed_names_and_numbers_of_orders(
        self, owner: Staff, office: BackOffice, service: Service, on_sale: OnSale
    ) -> None:
        typed = {
            "source": "typed",
            "payment": "comp",
            "quantity": "2",
            "lines": "Ada Lovelace, ada@example.org\n\nBo\n",
        }
        counted = {"source": "count", "payment": "other", "orders": "30", "quantity": "1"}
        for form in (typed, counted):
            answer = await owner.post(at(on_sale, "/guests"), form)
            assert answer.status == 303, answer.text
            await owner.post(f"{answer.location}/start")
        await works(service, office)
        names = sorted({order["customer"]["name"] for order in await orders_of(office, on_sale)})
        assert names == ["", "Ada Lovelace", "Bo"]
        assert (await office.get(f"/shows/{on_sale.id}/report")).body["total"]["sold"] == 34

    async def test_a_draft_is_discarded(self, owner: Staff, on_sale: OnSale) -> None:
        form = {"source": "count", "payment": "comp", "orders": "3", "quantity": "1"}
        draft = (await owner.post(at(on_sale, "/guests"), form)).location
        answer = await owner.post(f"{draft}/discard")
        assert (answer.status, answer.location) == (303, "/office/jobs?done=list-discarded")
        assert (await owner.get(draft)).status == 404

    async def test_all_or_none_is_not_started_with_a_wrong_line(self, owner: Staff, on_sale: OnSale) -> None:
        form = {"source": "typed", "payment": "comp", "lines": "Ada\nR2D2", "all_or_nothing": "on"}
        page = await owner.get((await owner.post(at(on_sale, "/guests"), form)).location)
        assert "none would be placed" in page.text
        assert "/start" not in page.html

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"source": "file"}, "Please choose a file."),
            ({"source": "nowhere"}, "Please choose one of these."),
            ({"source": "count"}, "Please fill this in."),
            ({"source": "count", "orders": "5001"}, "from 1 to 5000"),
            ({"source": "typed"}, "Please fill this in."),
            ({"source": "count", "orders": "600", "all_or_nothing": "on"}, "At most 500 orders"),
        ],
        ids=str,
    )
    async def test_wrong_lists_are_refused(
        self, owner: Staff, on_sale: OnSale, wrong: dict[str, str], words: str
    ) -> None:
        answer = await owner.post(at(on_sale, "/guests"), {"payment": "comp", **wrong})
        assert (answer.status, words in answer.text) == (400, True), answer.text

    @pytest.mark.parametrize("content", [b"", b"nickname\nAda\n", b"\xff\xfe\xff"], ids=len)
    async def test_files_that_cannot_be_read_are_refused(self, owner: Staff, on_sale: OnSale, content: bytes) -> None:
        fields = {"source": "file", "payment": "comp"}
        answer = await owner.post_file(at(on_sale, "/guests"), "guests", content, **fields)
        assert (answer.status, "guests-error" in answer.html) == (400, True), answer.text


class TestExports:
    async def test_a_file_is_made_when_the_page_is_closed_and_fetched_later(
        self, hire: Hire, office: BackOffice, box_office: BoxOffice, service: Service, on_sale: OnSale
    ) -> None:
        seller = await hire(Role.BOX_OFFICE)
        await box_office.buy(on_sale.cart(1))
        form = {"what": "orders", "format": "csv", "key": uuid4().hex}
        answers = [await seller.post(at(on_sale, "/exports"), form) for _ in range(2)]
        assert len({answer.location for answer in answers}) == 1
        path = answers[0].location.partition("?")[0]
        await works(service, office)
        page = await seller.get(path)
        assert "1 of 1 rows written" in page.text
        assert "http-equiv" not in page.html
        assert "data-renew" not in (await seller.get(f"{path}/progress")).html
        assert "Export of orders" in (await seller.get(at(on_sale, "/exports"))).text
        file = await seller.get(f"{path}/file")
        assert file.status == 200
        assert file.content == (await office.get(f"/shows/{on_sale.id}/orders.csv")).content
        assert file.headers["Cache-Control"] == "private, no-store"
        entries = await office.audit_log()
        assert [entry["action"] for entry in entries][:1] == ["export.started"]

    async def test_page_looks_again_while_it_goes_on_and_it_is_stopped(
        self, owner: Staff, office: BackOffice, service: Service, on_sale: OnSale
    ) -> None:
        path = await under_way(service, office, on_sale)
        page = await owner.get(path)
        assert "120 of 400 rows written" in page.text
        assert '<meta http-equiv="refresh"' in page.html
        assert "data-renew" in (await owner.get(f"{path}/progress")).html
        assert "120 of 400 rows written" in (await owner.get(at(on_sale, ""))).text
        assert (await owner.get(f"{path}/file")).status == 404
        assert (await owner.post(f"{path}/stop")).location == f"{path}?done=work-stopped"
        assert "Stopped" in (await owner.get(path)).text
        assert "data-renew" not in (await owner.get(f"{path}/progress")).html

    async def test_unknown_kind_is_refused(self, owner: Staff, on_sale: OnSale) -> None:
        answer = await owner.post(at(on_sale, "/exports"), what="secrets", format="csv")
        assert (answer.status, "Choose one of" in answer.text) == (400, True)


class TestRefund:
    async def test_a_cancelled_show_is_refunded_and_the_page_says_how_far(
        self, owner: Staff, office: BackOffice, box_office: BoxOffice, service: Service
    ) -> None:
        on_sale = await box_office.put_on_sale(ticket(name="Free", price=0), by=office.producer)
        await box_office.buy(on_sale.cart(2))
        assert "Only a cancelled show" in (await owner.get(at(on_sale, "/refund"))).text
        assert (await owner.post(at(on_sale, "/refund"), fees="with", sure="on")).status == 409
        await office.patch(f"/shows/{on_sale.id}", cancelled=True)
        unsure = await owner.post(at(on_sale, "/refund"), fees="with")
        assert (unsure.status, "sure-error" in unsure.html) == (400, True)
        answer = await owner.post(at(on_sale, "/refund"), fees="with", sure="on", reason="Rain")
        assert (answer.status, answer.location) == (303, at(on_sale, "/refund?done=refund-started"))
        assert "0 of 1 orders refunded" in (await owner.get(at(on_sale, "/refund"))).text
        await service.container.refund_cancelled()()
        page = await owner.get(at(on_sale, "/refund"))
        assert "1 of 1 orders refunded" in page.text
        assert "back in all, earlier refunds included" in page.text
        assert "Asked for by Kim Park" in page.text
        assert "Refund of all orders" in (await owner.get("/office/jobs")).text


PAGES = ("/sell", "/guests", "/exports", "/refund")


class TestWhoMay:
    async def started(self, owner: Staff, on_sale: OnSale) -> str:
        form = {"what": "orders", "format": "csv", "key": uuid4().hex}
        return (await owner.post(at(on_sale, "/exports"), form)).location.partition("?")[0]

    async def test_things_of_another_producer_do_not_exist(
        self, owner: Staff, stranger: Staff, on_sale: OnSale
    ) -> None:
        for page in PAGES:
            assert (await stranger.get(at(on_sale, page))).status == 404
            assert (await stranger.post(at(on_sale, page), fees="with", sure="on")).status in (404, 405)
        job = await self.started(owner, on_sale)
        for path in ("", "/progress", "/file"):
            assert (await stranger.get(f"{job}{path}")).status == 404
        for path in ("/start", "/discard", "/stop"):
            assert (await stranger.post(f"{job}{path}")).status == 404
        assert "Nothing was started yet" in (await stranger.get("/office/jobs")).text

    @pytest.mark.parametrize("role", [Role.DOOR, Role.VIEWER])
    async def test_roles_without_the_right_are_refused(
        self, owner: Staff, hire: Hire, on_sale: OnSale, role: Role
    ) -> None:
        someone, job = await hire(role), await self.started(owner, on_sale)
        for path in ("/office/jobs", job, f"{job}/progress", f"{job}/file", *(at(on_sale, page) for page in PAGES)):
            assert (await someone.get(path)).status == 403
        for path in (f"{job}/start", f"{job}/discard", f"{job}/stop", at(on_sale, "/sell"), at(on_sale, "/guests")):
            assert (await someone.post(path)).status == 403

    async def test_forms_without_their_token_are_refused(self, owner: Staff, on_sale: OnSale) -> None:
        job = await self.started(owner, on_sale)
        for path in (at(on_sale, "/sell"), at(on_sale, "/guests"), f"{job}/stop"):
            assert (await owner.request("POST", path, data={"payment": "cash"})).status == 403
