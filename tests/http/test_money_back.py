"""The order's page, the API and a mail report what happened to a buyer's money; promo codes' uses return."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from demo.embedded import EmbeddedPostgres
from demo.stripe_sandbox.faults import FaultKind
from domain.tasks import TaskKind, TaskState
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.factories import producer, promo_code, ticket
from tests.support.mails import unwrapped
from tests.support.stripe_world import CREATE_REFUND, StripeWorld, buyer, minor, stripe_world, tasks_of

pytestmark = pytest.mark.p1


@pytest.fixture(scope="module")
async def world(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    async with stripe_world(postgres, redis_url) as started:
        yield started


class Sale:
    """Two paid tickets at 25.00."""

    def __init__(self, world: StripeWorld, office: BackOffice, on_sale: OnSale, order: Json, email: str) -> None:
        self.world = world
        self.office = office
        self.on_sale = on_sale
        self.order = order
        self.email = email

    @property
    def order_id(self) -> str:
        return str(self.order["order_id"])

    async def refund(self, **body: Any) -> Json:
        answer = await self.office.post(f"/orders/{self.order_id}/refund", body)
        assert answer.status == 200, answer.content
        return answer.body

    async def work_off(self) -> list[TaskState | None]:
        return await self.world.work_off(self.order_id)

    async def decided(self, status: str) -> None:
        """Bring the latest refund to its end."""
        refund, *_ = await self.world.stripe.refunds(self.order_id)
        self.world.sandbox.control.settle_refund(refund.id, status)
        await self.world.sandbox.control.webhooks.idle()

    async def page(self) -> str:
        path = f"/shows/{self.on_sale.id}/orders/{self.order_id}?token={self.order['order_token']}"
        return " ".join((await self.world.box_office.get(path)).content.decode().split())

    async def money(self) -> Json:
        return dict((await self.world.box_office.order(self.order)).body["money_back"])

    def mails(self) -> list[str]:
        mails = [mail for mail in self.world.mailbox.mails if mail.envelope_to == (self.email,)]
        return [f"{mail.subject} {unwrapped(mail)}" for mail in mails]

    async def look_up(self) -> str:
        """The text of the mail with the links to the address's orders."""
        answer = await self.world.box_office.post("/api/v1/orders/lookup", json={"email": self.email})
        assert answer.status == 202
        await self.work_off()
        [mail] = [mail for mail in self.mails() if mail.startswith("Your orders")]
        return mail


@pytest.fixture
async def sale(world: StripeWorld) -> Sale:
    office = await open_back_office(world.box_office, world.container, producer(account=f"acct_{uuid4().hex}"))
    on_sale = await world.box_office.put_on_sale(by=office.producer)
    customer = buyer(on_sale.id)
    placed = (await world.box_office.checkout(on_sale.cart(2), customer=customer)).created()
    await world.box_office.pay(placed)
    order = await world.box_office.until_completed(placed)
    await world.work_off(order["order_id"])
    return Sale(world, office, on_sale, {**placed, **order}, customer["email"])


async def test_money_that_nobody_asked_for_is_no_story(sale: Sale) -> None:
    assert (await sale.world.box_office.order(sale.order)).body["money_back"] is None
    assert "back to" not in await sale.page()


async def test_refund_that_is_pending_is_on_its_way_until_it_is_there(sale: Sale) -> None:
    sale.world.sandbox.control.plan_refunds("pending")
    await sale.refund()
    await sale.work_off()

    money = await sale.money()
    assert (money["status"], money["on_its_way"], money["returned"], money["owed"]) == (
        "pending",
        "54.84",
        "0.00",
        "0.00",
    )
    page = await sale.page()
    assert "Your refund is on its way" in page
    assert "$54.84</bdi> is on its way back" in page

    await sale.decided("succeeded")

    money = await sale.money()
    assert (money["status"], money["returned"], money["on_its_way"]) == ("succeeded", "54.84", "0.00")
    page = await sale.page()
    assert ">Refunded<" in page
    assert "$54.84</bdi> went back to you" in page
    assert "refunded; $54.84 went back to you" in await sale.look_up()


@pytest.mark.parametrize("status", ["failed", "canceled"])
async def test_refund_that_failed_at_the_bank_is_told_everywhere_with_whom_to_ask(sale: Sale, status: str) -> None:
    sale.world.sandbox.control.plan_refunds("pending")
    await sale.refund()
    await sale.work_off()
    await sale.decided(status)

    money = await sale.money()
    assert (money["status"], money["owed"], money["returned"]) == ("failed", "54.84", "0.00")
    seller = sale.office.producer
    assert money["contact"] == {"name": seller.name, "email": seller.email}
    page = await sale.page()
    assert "Your refund did not arrive" in page
    assert "goes back to where it came from" not in page
    assert "$54.84</bdi> did not reach you" in page
    assert f"mailto:{seller.email}" in page
    assert f"$54.84 did not reach you: please ask {seller.name} at {seller.email}" in await sale.look_up()
    [told] = [mail for mail in sale.mails() if "did not arrive" in mail]
    assert "$54.84" in told
    assert seller.email in told


async def test_buyer_is_not_told_of_a_failure_that_is_made_good_already(sale: Sale) -> None:
    await sale.refund()
    await sale.work_off()
    await sale.decided("failed")
    await sale.refund()
    await sale.work_off()

    assert not [mail for mail in sale.mails() if "did not arrive" in mail]
    assert (await sale.money())["status"] == "succeeded"


async def test_part_that_went_back_is_told_beside_the_tickets(sale: Sale) -> None:
    await sale.refund(attendee_ids=[sale.order["attendees"][0]["id"]])
    await sale.work_off()

    page = await sale.page()
    assert "You are in" in page
    assert "$27.42</bdi> went back to you" in page
    assert "partly refunded; $27.42 went back to you" in await sale.look_up()


async def test_free_tickets_that_were_taken_back_promise_no_money(office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=0), by=office.producer)
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    await office.post(f"/orders/{placed['order_id']}/refund", {})

    path = f"/shows/{on_sale.id}/orders/{placed['order_id']}?token={placed['order_token']}"
    page = (await box_office.get(path)).content.decode()

    assert "Your tickets were taken back" in page
    assert "money" not in page.lower()
    assert (await box_office.order(placed)).body["money_back"] is None


@pytest.mark.parametrize("mail_comes_first", [True, False])
async def test_refund_that_was_answered_with_an_error_and_made_all_the_same_is_told_once(
    sale: Sale, mail_comes_first: bool
) -> None:
    """The refund's mail may be given up before or after Stripe's event says that the refund was made."""
    webhooks = sale.world.sandbox.control.webhooks
    await sale.refund()
    async with sale.world.box_office.unit_of_work() as uow:
        [refund] = await uow.refunds.of_order(UUID(sale.order_id))
    sale.world.sandbox.control.inject_fault(CREATE_REFUND, FaultKind.CARD_DECLINED)
    if mail_comes_first:
        assert TaskState.DEAD in await sale.work_off()
        assert len(sale.mails()) == 1
    else:
        await sale.world.execute(
            "UPDATE outbox SET due_at = now() - interval '1 minute' WHERE order_id = %s AND kind = 'submit_refunds'",
            UUID(sale.order_id),
        )
        tasks = await tasks_of(sale.world.settings, sale.order_id)
        [submission] = [task_id for task_id, kind, _ in tasks if kind == TaskKind.SUBMIT_REFUNDS]
        assert await sale.world.container.run_task()(submission) is TaskState.DEAD

    charge = await sale.world.stripe.charge(sale.order_id)
    await sale.world.stripe.client.v1.refunds.create_async(
        params={
            "charge": charge.id,
            "reverse_transfer": True,
            "refund_application_fee": True,
            "metadata": {"order_id": sale.order_id, "refund_id": str(refund.id)},
        }
    )
    await webhooks.idle()
    await sale.work_off()

    assert [sale.order["total"] in mail for mail in sale.mails()[1:]] == [True]
    refunds = (await sale.office.get(f"/orders/{sale.order_id}/refunds")).body["items"]
    assert [(each["status"], each["made_at_stripe"]) for each in refunds] == [("succeeded", False)]
    found = await sale.world.container.check_consistency()()
    assert UUID(sale.order_id) not in {each.subject_id for those in found.values() for each in those.examples}
    async with sale.world.box_office.unit_of_work() as uow:
        dead = await uow.task_admin.in_state(TaskState.DEAD, after=None, limit=1000)
    assert sale.order_id not in {str(task.order_id) for task in dead}


async def test_tickets_sent_again_after_a_refund_tell_what_is_valid_and_what_went_back(sale: Sale) -> None:
    await sale.refund(attendee_ids=[sale.order["attendees"][0]["id"]])
    await sale.work_off()

    await sale.office.post(f"/orders/{sale.order_id}/resend")
    await sale.work_off()

    again = sale.mails()[-1]
    assert "Valid now: 1 x " in again
    assert "1 of your tickets was taken back and is no longer valid" in again
    assert "as you placed it" in again
    assert "Total: $54.84 Given back to you: $27.42" in again


class TestUsesOfPromoCodes:
    async def put_on_sale(self, box_office: BoxOffice, office: BackOffice, discount: str) -> OnSale:
        """A show with a code for at most two orders; with a discount of 100 % one of them is free."""
        code = promo_code(discount=discount, max_uses=1)
        return await box_office.put_on_sale(ticket(), ticket(), promo_codes=[code], by=office.producer)

    @pytest.mark.parametrize("discount", ["0.20", "1"])
    async def test_come_back_with_the_last_place(
        self, box_office: BoxOffice, office: BackOffice, discount: str
    ) -> None:
        on_sale = await self.put_on_sale(box_office, office, discount)
        order = await box_office.buy(on_sale.cart(1, 1), promo_code="TEST20")
        one, other = order["attendees"]
        (await box_office.checkout(on_sale.cart(1, 0), promo_code="TEST20")).refused(400, "promo_code_exhausted")

        path = f"/orders/{order['order_id']}/refund"
        assert (await office.post(path, {"attendee_ids": [one["id"]]})).status == 200
        (await box_office.checkout(on_sale.cart(1, 0), promo_code="TEST20")).refused(400, "promo_code_exhausted")
        assert (await office.post(path, {"attendee_ids": [other["id"]]})).status == 200

        assert (await box_office.checkout(on_sale.cart(1, 0), promo_code="TEST20")).status == 201

    async def test_stay_where_a_place_is_kept_off_sale(self, box_office: BoxOffice, office: BackOffice) -> None:
        on_sale = await self.put_on_sale(box_office, office, "0.20")
        order = await box_office.buy(on_sale.cart(1, 1), promo_code="TEST20")
        path = f"/orders/{order['order_id']}/refund"

        assert (
            await office.post(path, {"attendee_ids": [order["attendees"][0]["id"]], "restock": False})
        ).status == 200
        assert (await office.post(path, {})).status == 200

        (await box_office.checkout(on_sale.cart(1, 0), promo_code="TEST20")).refused(400, "promo_code_exhausted")

    async def test_come_back_when_all_was_refunded_by_hand(self, world: StripeWorld) -> None:
        office = await open_back_office(world.box_office, world.container, producer(account=f"acct_{uuid4().hex}"))
        on_sale = await self.put_on_sale(world.box_office, office, "0.20")
        order = await world.box_office.buy(on_sale.cart(1, 1), promo_code="TEST20")
        charge = await world.stripe.charge(order["order_id"])

        await world.stripe.client.v1.refunds.create_async(params={"charge": charge.id, "amount": minor(order["total"])})
        await world.sandbox.control.webhooks.idle()

        assert (await world.box_office.checkout(on_sale.cart(1, 0), promo_code="TEST20")).status == 201
