"""A producer corrects an order's name, address or phone: the tickets and the old address's warning follow."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from demo.mail_catcher.catcher import MailCatcher
from domain.access import Scope
from domain.customer import Customer
from domain.tasks import TaskKind, TaskState
from tests.support.back_office import BackOffice
from tests.support.box_office import Answer, BoxOffice, Json, OnSale
from tests.support.factories import ticket

pytestmark = pytest.mark.p1


@pytest.fixture
def wrong() -> str:
    return f"wrong-{uuid4().hex}@example.org"


@pytest.fixture
def right() -> str:
    return f"right-{uuid4().hex}@example.org"


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    return await box_office.put_on_sale(ticket(price=0), ticket(price=25_00), by=office.producer)


async def order_of(box_office: BoxOffice, on_sale: OnSale, email: str, *quantities: int) -> Json:
    buyer = {"name": "Ada Lovelace", "email": email, "phone": "+15551234567"}
    return await box_office.buy(on_sale.cart(*quantities), customer=buyer, key=uuid4().hex)


async def correct(office: BackOffice, order: Json, **customer: Any) -> Answer:
    return await office.patch(f"/orders/{order['order_id']}", customer=customer)


async def kinds_of_tasks(box_office: BoxOffice, order: Json) -> list[str]:
    async with box_office.unit_of_work() as uow:
        kinds = {
            task.id: task.kind  # a task that is done in between is found twice
            for state in TaskState
            for task in await uow.task_admin.in_state(state, after=None, limit=10_000)
            if str(task.order_id) == order["order_id"]
        }
    return sorted(kinds.values())


async def test_tickets_go_to_the_new_address_and_a_warning_to_the_old_one(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, mailbox: MailCatcher, wrong: str, right: str
) -> None:
    order = await order_of(box_office, on_sale, wrong, 1, 1)
    await mailbox.wait_for(1, to=wrong)

    answer = await correct(office, order, email=right)

    assert (answer.status, answer.body["customer"]["email"]) == (200, right)
    (tickets,) = await mailbox.wait_for(1, to=right)
    first, warning = await mailbox.wait_for(2, to=wrong)
    assert tickets.subject == first.subject
    assert {attachment.filename for attachment in tickets.attachments} >= {
        attachment.filename for attachment in first.attachments
    }
    assert warning.subject == f"Your order for {order['show']['title']} has another e-mail address now"
    for text in (warning.text, warning.html):
        assert "r…@example.org" in text
        assert right not in text
        assert order["order_id"] not in text
    assert warning.attachments == ()
    stored = await box_office.stored_order(order)
    assert stored.customer == Customer("Ada Lovelace", right, "+15551234567")
    assert [attendee.code for attendee in stored.attendees] == [each["code"] for each in order["attendees"]]


async def test_order_is_found_under_the_new_values_alone(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, wrong: str, right: str
) -> None:
    order = await order_of(box_office, on_sale, wrong, 1)
    await correct(office, order, name="Grace Hopper", email=right.upper(), phone="+49 (0)170 1234567")
    path = f"/shows/{on_sale.id}/orders"
    for query, found in (
        ({"q": "hopper"}, 1),
        ({"q": "0170 1234567"}, 1),
        ({"email": right}, 1),
        ({"q": "lovelace"}, 0),
        ({"email": wrong}, 0),
    ):
        assert len((await office.get(path, params=query)).body["items"]) == found, query
    assert (await office.post("/privacy/export", {"email": wrong})).body["orders"] == []


async def test_new_name_is_on_the_tickets_which_are_mailed_once(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, mailbox: MailCatcher, wrong: str
) -> None:
    order = await order_of(box_office, on_sale, wrong, 2)
    await mailbox.wait_for(1, to=wrong)

    answer = await correct(office, order, name="  Zoë   Øst ")

    assert [each["name"] for each in answer.body["attendees"]] == ["Zoë Øst"] * 2
    _, again = await mailbox.wait_for(2, to=wrong)
    assert "Zoë Øst" in again.text
    assert await kinds_of_tasks(box_office, order) == [
        TaskKind.CONFIRMATION_MAIL,
        TaskKind.CONFIRMATION_MAIL,
        TaskKind.REMINDER_MAIL,
    ]
    attendees = (await office.get(f"/shows/{on_sale.id}/attendees")).body["items"]
    assert {each["name"] for each in attendees} == {"Zoë Øst"}


async def test_transfer_at_stripe_names_the_corrected_buyer(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, wrong: str, right: str
) -> None:
    order = await order_of(box_office, on_sale, wrong, 0, 1)
    await correct(office, order, email=right)

    async def is_rewritten() -> bool:
        calls = box_office.stripe_requests("POST /v1/transfers/{transfer}", order["order_id"])
        return bool(calls) and bool(calls[-1]["metadata"]["order_email"] == right)

    await box_office.until(is_rewritten)


async def test_same_values_change_nothing_and_mail_nothing(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, wrong: str
) -> None:
    order = await order_of(box_office, on_sale, wrong, 1)
    tasks, trail = await kinds_of_tasks(box_office, order), await office.audit_log()

    answer = await correct(office, order, name=" Ada Lovelace", email=f"{wrong} ", phone="+1 555 123-4567")

    assert (answer.status, answer.body["customer"]["email"]) == (200, wrong)
    assert await kinds_of_tasks(box_office, order) == tasks
    assert await office.audit_log() == trail


async def test_phone_is_changed_and_taken_away_without_a_mail(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, wrong: str
) -> None:
    order = await order_of(box_office, on_sale, wrong, 1)
    tasks = await kinds_of_tasks(box_office, order)
    assert (await correct(office, order, phone="+49 170 1234567")).body["customer"]["phone"] == "+491701234567"
    assert (await correct(office, order, phone=None)).body["customer"]["phone"] is None
    assert await kinds_of_tasks(box_office, order) == tasks


async def test_address_in_another_case_is_no_other_address(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, wrong: str
) -> None:
    order = await order_of(box_office, on_sale, wrong, 1)
    await correct(office, order, email=wrong.capitalize())
    assert TaskKind.ADDRESS_CHANGED_MAIL not in await kinds_of_tasks(box_office, order)


async def test_audit_log_says_what_was_changed_and_never_to_what(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, wrong: str, right: str
) -> None:
    order = await order_of(box_office, on_sale, wrong, 1)
    await correct(office, order, name="Grace Hopper", email=right)
    trail = await office.audit_log()
    entry = trail[0]
    assert (entry["action"], entry["subject_id"]) == ("order.customer_changed", order["order_id"])
    assert (entry["before"], entry["after"]) == ({}, {"changed_fields": ["name", "email"]})
    assert not any(text in str(trail) for text in (wrong, right, "Grace", "Ada"))


async def test_erasing_the_buyer_forgets_the_old_address_too(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, wrong: str, right: str
) -> None:
    order = await order_of(box_office, on_sale, wrong, 1)
    await correct(office, order, email=right)
    assert (await office.post("/privacy/erase", {"email": right, "force": True})).status == 200
    async with box_office.unit_of_work() as uow:
        for state in TaskState:
            tasks = await uow.task_admin.in_state(state, after=None, limit=10_000)
            assert not any(wrong in str(task.details) for task in tasks)
    (await correct(office, order, email=wrong)).refused(409, "conflict")
    assert (await box_office.stored_order(order)).customer.is_erased


async def test_order_that_its_bank_works_on_is_corrected_and_its_tickets_come_when_it_is_paid(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, mailbox: MailCatcher, wrong: str, right: str
) -> None:
    buyer = {"name": "Ada Lovelace", "email": wrong}
    placed = (await box_office.checkout(on_sale.cart(0, 1), customer=buyer)).created()
    await box_office.pay(placed, "delayed")
    await box_office.come_back(placed)
    assert (await box_office.order(placed)).body["status"] == "processing"

    assert (await correct(office, placed, name="Grace Hopper", email=right)).status == 200

    await mailbox.wait_for(1, to=wrong)
    assert TaskKind.CONFIRMATION_MAIL not in await kinds_of_tasks(box_office, placed)
    await box_office.pay(placed, "delayed_paid")
    paid = await box_office.until_completed(placed)
    assert [each["name"] for each in paid["attendees"]] == ["Grace Hopper"]
    await mailbox.wait_for(1, to=right)


async def test_order_that_is_being_paid_given_up_or_refunded_stays(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, wrong: str, right: str
) -> None:
    buyer = {"name": "Ada Lovelace", "email": wrong}
    pending = (await box_office.checkout(on_sale.cart(0, 1), customer=buyer)).created()
    (await correct(office, pending, email=right)).refused(409, "conflict")
    await box_office.cancel(pending)
    (await correct(office, pending, email=right)).refused(409, "conflict")
    refunded = await order_of(box_office, on_sale, wrong, 1)
    await office.post(f"/orders/{refunded['order_id']}/refund", {})
    (await correct(office, refunded, email=right)).refused(409, "conflict")
    for order in (pending, refunded):
        assert (await box_office.stored_order(order)).customer.email == wrong
        assert TaskKind.ADDRESS_CHANGED_MAIL not in await kinds_of_tasks(box_office, order)


async def test_partly_refunded_order_is_corrected(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, wrong: str, right: str
) -> None:
    order = await order_of(box_office, on_sale, wrong, 2)
    await office.post(f"/orders/{order['order_id']}/refund", {"attendee_ids": [order["attendees"][0]["id"]]})
    assert (await correct(office, order, email=right)).status == 200


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "invalid_request", None),
        ({"customer": {}}, "invalid_request", "customer"),
        ({"customer": None}, "invalid_request", "customer"),
        ({"customer": {"email": None}}, "invalid_request", "customer.email"),
        ({"customer": {"name": None}}, "invalid_request", "customer.name"),
        ({"customer": {"mail": "x@example.org"}}, "invalid_request", None),
        ({"email": "x@example.org"}, "invalid_request", None),
        ({"customer": {"name": "Grace"}, "status": "refunded"}, "invalid_request", None),
        ({"customer": {"email": "x@"}}, "invalid_email", "customer.email"),
        ({"customer": {"email": "erased@erased.invalid"}}, "invalid_email", "customer.email"),
        ({"customer": {"name": " "}}, "invalid_name", "customer.name"),
        ({"customer": {"name": "Grace", "phone": "0170 1234567"}}, "invalid_phone", "customer.phone"),
    ],
)
async def test_wrong_corrections_are_refused_and_nothing_is_done(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, wrong: str, body: Json, code: str, field: str | None
) -> None:
    order = await order_of(box_office, on_sale, wrong, 1)
    answer = await office.patch(f"/orders/{order['order_id']}", **body)
    answer.refused(400, code)
    if field:
        assert answer.body["field"] == field
    assert (await box_office.stored_order(order)).customer.name == "Ada Lovelace"


async def test_only_the_orders_own_producer_with_the_scope_corrects_it(
    office: BackOffice, other_office: BackOffice, box_office: BoxOffice, on_sale: OnSale, wrong: str, right: str
) -> None:
    order = await order_of(box_office, on_sale, wrong, 1)
    (await correct(other_office, order, email=right)).refused(404, "not_found")
    (await correct(office, {"order_id": str(uuid4())}, email=right)).refused(404, "not_found")
    (await correct(await office.with_scopes(Scope.CATALOG), order, email=right)).refused(403, "forbidden")
    assert (await box_office.stored_order(order)).customer.email == wrong
