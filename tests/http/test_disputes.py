"""A buyer's bank asks for the money back: nothing is given twice, the books agree, and people are informed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from demo.embedded import EmbeddedPostgres
from domain.consistency import Invariant
from domain.tasks import TaskState
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import Json, OnSale
from tests.support.factories import producer
from tests.support.mails import unwrapped
from tests.support.stripe_world import StripeWorld, minor, stripe_world, tasks_of

pytestmark = pytest.mark.p1

OPERATOR = "operator@piquetickets.example"


@pytest.fixture(scope="module")
async def world(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    async with stripe_world(postgres, redis_url, operator_email=OPERATOR) as started:
        yield started


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """Paid tickets at 25.00, and the actions of their buyer's bank."""

    world: StripeWorld
    office: BackOffice
    on_sale: OnSale
    order: Json

    @property
    def path(self) -> str:
        return f"/orders/{self.order['order_id']}"

    async def disputed(self, **facts: Any) -> str:
        """Open a dispute."""
        charge = await self.world.stripe.charge(self.order["order_id"])
        opened = self.world.sandbox.control.open_dispute(charge.id, **facts)
        await self.world.sandbox.control.webhooks.idle()
        return str(opened["id"])

    async def moved(self, dispute_id: str, status: str, **facts: Any) -> None:
        self.world.sandbox.control.move_dispute(dispute_id, status, **facts)
        await self.world.sandbox.control.webhooks.idle()

    async def work_off(self) -> list[TaskState | None]:
        return await self.world.work_off(self.order["order_id"])

    async def seen(self) -> Json:
        return (await self.world.box_office.order(self.order)).body

    async def listed(self) -> Json:
        (only,) = (await self.office.get(f"{self.path}/disputes")).body["items"]
        return dict(only)

    async def at_stripe(self) -> tuple[int, int]:
        """The amounts that came back of the transfer and of the application fee."""
        transfer = await self.world.stripe.transfer(self.order["order_id"])
        fee = await self.world.stripe.application_fee(self.order["order_id"])
        return transfer.amount_reversed, fee.amount_refunded

    async def report(self) -> Json:
        return dict((await self.office.get(f"/shows/{self.on_sale.id}/report")).body["total"])

    async def findings(self) -> set[Invariant]:
        tasks = [task_id for task_id, *_ in await tasks_of(self.world.settings, self.order["order_id"])]
        of_this = {UUID(self.order["order_id"]), *tasks}
        found = await self.world.container.check_consistency()()
        return {name for name, those in found.items() if of_this & {each.subject_id for each in those.examples}}

    def mails(self, address: str) -> list[str]:
        mails = [mail for mail in self.world.mailbox.mails if mail.envelope_to == (address,)]
        return [f"{mail.subject} {unwrapped(mail)}" for mail in mails if self.number in mail.text]

    @property
    def number(self) -> str:
        return str(self.order["number"])


async def sold(world: StripeWorld, count: int = 2) -> Sale:
    seller = producer(account=f"acct_{uuid4().hex}", email=f"office-{uuid4().hex}@globe.example")
    office = await open_back_office(world.box_office, world.container, seller)
    on_sale = await world.box_office.put_on_sale(by=office.producer)
    placed = (await world.box_office.checkout(on_sale.cart(count))).created()
    await world.box_office.pay(placed)
    order = await world.box_office.until_completed(placed)
    await world.work_off(order["order_id"])
    return Sale(world=world, office=office, on_sale=on_sale, order={**placed, **order})


@pytest.fixture
async def sale(world: StripeWorld) -> Sale:
    return await sold(world)


async def test_lost_dispute_is_taken_from_the_producer_and_booked(sale: Sale) -> None:
    dispute_id = await sale.disputed()
    await sale.moved(dispute_id, "lost")

    assert set(await sale.work_off()) == {TaskState.DONE}

    assert await sale.at_stripe() == (54_84, 4_84)
    listed = await sale.listed()
    assert (listed["status"], listed["lost"], listed["recovered"], listed["fees_returned"]) == (
        "lost",
        "54.84",
        "54.84",
        "4.84",
    )
    total = await sale.report()
    assert (total["paid"], total["refunds"], total["disputes"], total["fees_returned"], total["net"]) == (
        "54.84",
        "0.00",
        "54.84",
        "4.84",
        "0.00",
    )
    seen = await sale.seen()
    assert (seen["success"], seen["status"]) == (False, "completed")
    assert {attendee["status"] for attendee in seen["attendees"]} == {"void"}
    assert (seen["money_back"]["status"], seen["money_back"]["returned"]) == ("succeeded", "54.84")
    assert await sale.findings() == set()
    (await sale.office.post(f"{sale.path}/refund", {})).refused(409, "conflict")


async def test_what_a_refund_reversed_already_is_not_taken_twice(sale: Sale) -> None:
    await sale.office.post(f"{sale.path}/refund", {"attendee_ids": [sale.order["attendees"][0]["id"]]})
    await sale.work_off()
    assert await sale.at_stripe() == (27_42, 2_42)

    await sale.moved(await sale.disputed(), "lost")  # over the whole payment, as is usual
    await sale.work_off()

    assert await sale.at_stripe() == (54_84, 4_84)
    total = await sale.report()
    assert (total["refunds"], total["disputes"], total["net"]) == ("27.42", "27.42", "0.00")
    assert await sale.findings() == set()


async def test_what_is_left_after_a_refund_can_be_lost_too(sale: Sale) -> None:
    await sale.office.post(f"{sale.path}/refund", {"attendee_ids": [sale.order["attendees"][0]["id"]]})
    await sale.work_off()

    await sale.moved(await sale.disputed(amount=27_42), "lost")
    await sale.work_off()

    assert await sale.at_stripe() == (54_84, 4_84)
    assert (await sale.report())["net"] == "0.00"
    assert (await sale.seen())["success"] is False


async def test_refund_that_failed_has_left_with_us_what_the_dispute_costs(sale: Sale) -> None:
    await sale.office.post(f"{sale.path}/refund", {})
    await sale.work_off()
    [made] = await sale.world.stripe.refunds(sale.order["order_id"])
    sale.world.sandbox.control.settle_refund(made.id, "failed")
    await sale.world.sandbox.control.webhooks.idle()
    assert await sale.findings() == {Invariant.LOST_REFUNDS}

    dispute_id = await sale.disputed()
    assert await sale.findings() == set()  # the bank gives the money back, or it is owed again
    await sale.moved(dispute_id, "lost")
    await sale.work_off()

    assert await sale.at_stripe() == (54_84, 4_84)
    assert await sale.findings() == set()


async def test_dispute_won_in_part_costs_what_the_bank_keeps(sale: Sale) -> None:
    dispute_id = await sale.disputed()
    await sale.moved(dispute_id, "lost", reinstated=27_42)
    await sale.work_off()

    assert await sale.at_stripe() == (27_42, 2_42)
    assert (await sale.listed())["lost"] == "27.42"
    assert (await sale.report())["net"] == "25.00"
    assert (await sale.seen())["success"] is True


@pytest.mark.parametrize("status", ["needs_response", "under_review"])
async def test_nothing_is_refunded_while_a_dispute_is_open(sale: Sale, status: str) -> None:
    dispute_id = await sale.disputed()
    if status != "needs_response":
        await sale.moved(dispute_id, status)
    one = sale.order["attendees"][0]["id"]
    for way in ("refund", "refund/preview"):
        for body in ({}, {"attendee_ids": [one]}, {"refund_fees": False}):
            answer = await sale.office.post(f"{sale.path}/{way}", body)
            answer.refused(409, "conflict")
            assert "bank disputes the payment of $54.84" in answer.body["message"]
    seen = await sale.seen()
    assert (seen["success"], seen["money_back"]["status"]) == (True, "disputed")
    assert await sale.world.box_office.counters(sale.on_sale) == [(0, 2)]

    await sale.moved(dispute_id, "won")

    assert (await sale.office.post(f"{sale.path}/refund", {})).status == 200
    assert set(await sale.work_off()) == {TaskState.DONE}
    assert await sale.at_stripe() == (54_84, 4_84)
    assert await sale.findings() == set()


async def test_inquiry_may_be_refunded_until_it_becomes_a_dispute(sale: Sale) -> None:
    dispute_id = await sale.disputed(inquiry=True)
    one, _ = (attendee["id"] for attendee in sale.order["attendees"])
    assert (await sale.office.post(f"{sale.path}/refund", {"attendee_ids": [one]})).status == 200
    assert set(await sale.work_off()) == {TaskState.DONE}

    await sale.moved(dispute_id, "needs_response")

    (await sale.office.post(f"{sale.path}/refund", {})).refused(409, "conflict")


async def test_inquiry_that_is_closed_changes_nothing(sale: Sale) -> None:
    dispute_id = await sale.disputed(inquiry=True)
    await sale.moved(dispute_id, "warning_closed")
    await sale.work_off()

    seen = await sale.seen()
    assert (seen["success"], seen["money_back"]) == (True, None)
    assert await sale.at_stripe() == (0, 0)
    assert await sale.findings() == set()


async def test_refund_of_a_cancelled_show_leaves_out_the_disputed_and_says_which(sale: Sale) -> None:
    other = (await sale.world.box_office.checkout(sale.on_sale.cart(1))).created()
    await sale.world.box_office.pay(other)
    await sale.world.box_office.until_completed(other)
    dispute_id = await sale.disputed()
    await sale.office.patch(f"/shows/{sale.on_sale.id}", cancelled=True)

    await sale.office.post(f"/shows/{sale.on_sale.id}/refund-all", {})
    assert await sale.world.container.refund_cancelled()() == 1
    await sale.world.work_off(other["order_id"])

    progress = (await sale.office.get(f"/shows/{sale.on_sale.id}/refund-all")).body
    assert (progress["refunded"], progress["failed"], progress["remaining"]) == (1, 1, 0)
    (left_out,) = progress["failures"]
    assert left_out["order_id"] == sale.order["order_id"]
    assert "disputes the payment" in left_out["reason"]

    await sale.moved(dispute_id, "lost")
    progress = (await sale.office.get(f"/shows/{sale.on_sale.id}/refund-all")).body
    assert (progress["refunded"], progress["failed"], progress["remaining"]) == (1, 0, 0)
    assert await sale.findings() <= {Invariant.TASKS}


async def test_dispute_over_one_ticket_of_four_voids_none_until_the_producer_says_which(world: StripeWorld) -> None:
    sale = await sold(world, 4)
    await sale.moved(await sale.disputed(amount=25_00), "lost")
    await sale.work_off()

    seen = await sale.seen()
    assert {attendee["status"] for attendee in seen["attendees"]} == {"valid"}
    assert (await sale.at_stripe())[0] == 25_00
    one, other, *_ = (attendee["id"] for attendee in seen["attendees"])

    # The amount that the bank took counts as given back for the attendee who is named first.
    body = {"attendee_ids": [one], "refund_fees": False}
    preview = (await sale.office.post(f"{sale.path}/refund/preview", body)).body
    made = (await sale.office.post(f"{sale.path}/refund", body)).body
    assert (preview["buyer_gets"], made["refund"], made["order"]["status"]) == ("0.00", None, "partially_refunded")
    made = (await sale.office.post(f"{sale.path}/refund", {"attendee_ids": [other], "refund_fees": False})).body
    assert made["refund"]["amount"] == "25.00"
    assert set(await sale.work_off()) == {TaskState.DONE}
    assert (await sale.at_stripe())[0] == 50_00
    made = (await sale.office.post(f"{sale.path}/refund", {"refund_fees": False})).body
    assert (made["refund"]["amount"], made["order"]["status"]) == ("50.00", "refunded")
    assert set(await sale.work_off()) == {TaskState.DONE}
    assert (await sale.at_stripe())[0] == 100_00
    assert await sale.findings() == set()


async def test_dispute_lost_after_a_refund_was_asked_for_leaves_nothing_to_find(sale: Sale) -> None:
    """The refund was requested before the event of the dispute came."""
    await sale.office.post(f"{sale.path}/refund", {})
    dispute_id = await sale.disputed()
    assert TaskState.DEAD in await sale.work_off()
    assert await sale.findings() == {Invariant.TASKS}

    await sale.moved(dispute_id, "lost")
    await sale.work_off()

    assert await sale.findings() == set()
    assert await sale.at_stripe() == (54_84, 4_84)


async def test_dispute_won_after_a_refund_was_asked_for_leaves_the_money_owed(sale: Sale) -> None:
    await sale.office.post(f"{sale.path}/refund", {})
    dispute_id = await sale.disputed()
    await sale.work_off()

    await sale.moved(dispute_id, "won")

    assert Invariant.LOST_REFUNDS in await sale.findings()
    assert (await sale.office.post(f"{sale.path}/refund", {})).body["refund"]["amount"] == "54.84"
    await sale.work_off()
    assert await sale.findings() == set()


async def test_appeal_that_is_won_leaves_money_of_the_producers_with_the_platform(sale: Sale) -> None:
    dispute_id = await sale.disputed()
    await sale.moved(dispute_id, "lost")
    await sale.work_off()
    await sale.moved(dispute_id, "appeal_needs_response")
    assert await sale.findings() == set()

    await sale.moved(dispute_id, "won")
    await sale.work_off()

    assert await sale.findings() == {Invariant.DISPUTES}
    assert "pay it back by hand" in sale.mails(OPERATOR)[-1]


async def test_producer_and_operator_hear_when_a_dispute_opens_and_when_it_ends(sale: Sale) -> None:
    dispute_id = await sale.disputed(reason="product_not_received")
    await sale.work_off()
    await sale.moved(dispute_id, "under_review")
    await sale.work_off()
    await sale.moved(dispute_id, "lost")
    await sale.work_off()

    for address in (sale.office.producer.email, OPERATOR):
        opened, ended = sale.mails(address)
        assert "Payment disputed" in opened
        assert "$54.84" in opened
        assert "product not received" in opened
        assert "Evidence is due by" in opened
        assert "Dispute lost" in ended
        assert "$4.84" in ended


async def test_news_that_come_twice_and_in_any_order_are_told_once(sale: Sale) -> None:
    webhooks = sale.world.sandbox.control.webhooks
    webhooks.copies, webhooks.shuffled = 3, True
    try:
        webhooks.paused = True
        charge = await sale.world.stripe.charge(sale.order["order_id"])
        dispute = sale.world.sandbox.control.open_dispute(charge.id)
        sale.world.sandbox.control.move_dispute(dispute["id"], "lost")
        webhooks.paused = False
        await webhooks.idle()
    finally:
        webhooks.copies, webhooks.shuffled, webhooks.paused = 1, False, False
    await sale.work_off()

    assert len(sale.mails(sale.office.producer.email)) == 1
    assert await sale.at_stripe() == (minor(sale.order["total"]), 4_84)


async def test_disputes_of_another_producers_order_are_none_of_ones_business(sale: Sale) -> None:
    stranger = await open_back_office(sale.world.box_office, sale.world.container, producer())
    (await stranger.get(f"{sale.path}/disputes")).refused(404, "not_found")
