"""Refunds that Stripe refused, or that failed later: the money is owed, and another request gives it back once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from demo.embedded import EmbeddedPostgres
from demo.stripe_sandbox.faults import FaultKind
from domain.consistency import Invariant
from domain.tasks import TaskState
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import Json, OnSale
from tests.support.factories import producer
from tests.support.stripe_world import CREATE_REFUND, StripeWorld, buyer, minor, stripe_world, tasks_of

pytestmark = pytest.mark.p1


@pytest.fixture(scope="module")
async def world(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    async with stripe_world(postgres, redis_url) as started:
        yield started


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """Two paid tickets, in a world that all tests of this file share."""

    world: StripeWorld
    office: BackOffice
    on_sale: OnSale
    order: Json
    email: str

    @property
    def total(self) -> str:
        return str(self.order["total"])

    async def ask(self, way: str = "refund", **body: Any) -> Json:
        answer = await self.office.post(f"/orders/{self.order['order_id']}/{way}", body)
        assert answer.status == 200, answer.content
        return answer.body

    async def refused(self, **body: Any) -> None:
        for way in ("refund", "refund/preview"):
            (await self.office.post(f"/orders/{self.order['order_id']}/{way}", body)).refused(409, "conflict")

    async def work_off(self) -> list[TaskState | None]:
        return await self.world.work_off(self.order["order_id"])

    async def lose(self, **body: Any) -> None:
        """Request a refund that Stripe refuses."""
        self.world.sandbox.control.inject_fault(CREATE_REFUND, FaultKind.CARD_DECLINED)
        await self.ask(**body)
        assert TaskState.DEAD in await self.work_off()

    async def fail(self, status: str = "failed") -> None:
        """Let the latest refund come back from the buyer's bank."""
        refund, *_ = await self.world.stripe.refunds(self.order["order_id"])
        self.world.sandbox.control.settle_refund(refund.id, status)
        await self.world.sandbox.control.webhooks.idle()

    async def at_stripe(self) -> tuple[int, int, int]:
        """The amounts that came back of the charge, of the transfer and of the application fee."""
        charge = await self.world.stripe.charge(self.order["order_id"])
        transfer = await self.world.stripe.transfer(self.order["order_id"])
        fee = await self.world.stripe.application_fee(self.order["order_id"])
        return charge.amount_refunded, transfer.amount_reversed, fee.amount_refunded

    async def is_given_back(self) -> None:
        """Check that all of it went back, once, from producer and platform, and that nothing is left to do."""
        assert await self.at_stripe() == (minor(self.total), minor(self.total), FEES)
        stored = await self.world.box_office.stored_order(self.order)
        assert (stored.status, stored.refunded_amount) == ("refunded", stored.amount_paid)
        assert await self.world.box_office.counters(self.on_sale) == [(0, 0)]
        assert await self.findings() == set()
        await self.refused()

    async def findings(self) -> set[Invariant]:
        """The audit's findings about this order."""
        tasks = [task_id for task_id, *_ in await tasks_of(self.world.settings, self.order["order_id"])]
        of_this = {UUID(self.order["order_id"]), *tasks, *(ticket.id for ticket in self.on_sale.tickets)}
        found = await self.world.container.check_consistency()()
        return {
            invariant
            for invariant, findings in found.items()
            if of_this & {example.subject_id for example in findings.examples}
        }

    async def mails(self) -> list[str]:
        return [mail.text for mail in self.world.mailbox.mails if mail.envelope_to == (self.email,)]


#: The fees of two tickets at 25.00.
FEES = 4_84


@pytest.fixture
async def sale(world: StripeWorld) -> Sale:
    office = await open_back_office(world.box_office, world.container, producer(account=f"acct_{uuid4().hex}"))
    on_sale = await world.box_office.put_on_sale(by=office.producer)
    customer = buyer(on_sale.id)
    placed = (await world.box_office.checkout(on_sale.cart(2), customer=customer)).created()
    await world.box_office.pay(placed)
    order = await world.box_office.until_completed(placed)
    await world.work_off(order["order_id"])
    return Sale(world=world, office=office, on_sale=on_sale, order={**placed, **order}, email=customer["email"])


async def test_refused_refund_is_seen_and_asked_for_again(sale: Sale) -> None:
    await sale.lose(reason="ill")
    assert await sale.findings() == {Invariant.LOST_REFUNDS, Invariant.TASKS}

    preview = await sale.ask("refund/preview")
    made = await sale.ask(reason="ill, once more")

    assert (preview["buyer_gets"], preview["platform_bears"], preview["attendee_ids"]) == (sale.total, "4.84", [])
    assert (preview["refunded_amount_after"], preview["status_after"]) == (sale.total, "refunded")
    assert (made["refund"]["amount"], made["refund"]["sequence"]) == (sale.total, 2)
    assert await sale.work_off() == [TaskState.DONE, TaskState.DONE]
    assert [sale.total in text for text in await sale.mails()][1:] == [True]
    await sale.is_given_back()  # including the task that was given up: nothing is owed any more


async def revive_all(sale: Sale) -> None:
    dead = [i for i, _, state in await tasks_of(sale.world.settings, sale.order["order_id"]) if state == TaskState.DEAD]
    assert await sale.world.container.retry_dead_tasks()(dead)


async def test_task_that_is_revived_gives_the_money_back(sale: Sale) -> None:
    await sale.lose()

    await revive_all(sale)

    assert TaskState.DEAD not in await sale.work_off()
    assert set(await sale.work_off()) <= {TaskState.DONE}
    await sale.is_given_back()
    assert len(await sale.mails()) == 2  # the tickets, and the money


async def test_task_that_is_revived_too_early_dies_again_and_gives_back_nothing_twice(sale: Sale) -> None:
    await sale.lose()
    sale.world.sandbox.control.inject_fault(CREATE_REFUND, FaultKind.CARD_DECLINED)
    await revive_all(sale)
    assert TaskState.DEAD in await sale.work_off()

    await revive_all(sale)
    await sale.work_off()
    await sale.work_off()

    await sale.is_given_back()
    refunds = (await sale.office.get(f"/orders/{sale.order['order_id']}/refunds")).body["items"]
    assert [refund["status"] for refund in refunds] == ["failed", "failed", "succeeded"]


@pytest.mark.parametrize("status", ["failed", "canceled"])
async def test_refund_that_the_bank_sent_back_is_asked_for_again_and_taken_from_nobody_twice(
    sale: Sale, status: str
) -> None:
    if status == "canceled":
        sale.world.sandbox.control.plan_refunds("pending")
    await sale.ask()
    await sale.work_off()
    await sale.fail(status)
    # The amount that the refund took from the producer and the platform stays with us.
    assert await sale.at_stripe() == (0, minor(sale.total), FEES)
    assert await sale.findings() == {Invariant.LOST_REFUNDS}
    await sale.work_off()
    [failed] = (await sale.mails())[2:]
    assert (sale.total in failed, sale.office.producer.email in failed) == (True, True)

    assert (await sale.ask())["refund"]["amount"] == sale.total
    await sale.work_off()

    await sale.is_given_back()


async def test_one_ticket_whose_money_was_lost_is_asked_for_by_name_or_with_the_rest(sale: Sale) -> None:
    one, other = (attendee["id"] for attendee in sale.order["attendees"])
    await sale.lose(attendee_ids=[one])
    again = await sale.ask("refund/preview", attendee_ids=[one])
    everything = await sale.ask("refund/preview")
    assert (again["buyer_gets"], again["status_after"]) == ("27.42", "partially_refunded")
    assert (everything["buyer_gets"], everything["attendee_ids"]) == (sale.total, [other])

    assert (await sale.ask(attendee_ids=[one]))["refund"]["amount"] == "27.42"
    await sale.refused(attendee_ids=[one])
    await sale.work_off()
    assert (await sale.ask())["refund"]["amount"] == "27.42"
    await sale.work_off()

    await sale.is_given_back()


async def test_what_is_owed_is_told_by_the_words_of_the_request(sale: Sale) -> None:
    await sale.lose(refund_fees=False)
    assert (await sale.ask("refund/preview", refund_fees=False))["buyer_gets"] == "50.00"

    made = await sale.ask(refund_fees=False)
    await sale.work_off()

    assert made["refund"]["amount"] == "50.00"
    assert await sale.at_stripe() == (50_00, 50_00, 0)
    await sale.refused(refund_fees=False)


async def test_money_that_somebody_gave_back_by_hand_instead_is_not_owed(sale: Sale) -> None:
    await sale.lose()
    charge = await sale.world.stripe.charge(sale.order["order_id"])

    await sale.world.stripe.client.v1.refunds.create_async(params={"charge": charge.id})
    await sale.world.sandbox.control.webhooks.idle()

    await sale.refused()
    assert await sale.findings() == set()


async def test_late_payment_whose_refund_was_refused_goes_back_all_the_same(sale: Sale) -> None:
    office, world = sale.office, sale.world
    placed = (await world.box_office.checkout(sale.on_sale.cart(2), customer=buyer(sale.on_sale.id))).created()
    await office.patch(f"/shows/{sale.on_sale.id}", cancelled=True)
    world.sandbox.control.inject_fault(CREATE_REFUND, FaultKind.CARD_DECLINED)
    await world.box_office.pay(placed)
    await world.sandbox.control.webhooks.idle()
    assert TaskState.DEAD in await world.work_off(placed["order_id"])

    answer = await office.post(f"/orders/{placed['order_id']}/refund", {})

    assert answer.body["refund"]["amount"] == placed["total"]
    await world.work_off(placed["order_id"])
    assert (await world.stripe.charge(placed["order_id"])).refunded


class TestByHandInStripesDashboard:
    async def give_back(self, sale: Sale, amount: int) -> None:
        charge = await sale.world.stripe.charge(sale.order["order_id"])
        await sale.world.stripe.client.v1.refunds.create_async(
            params={"charge": charge.id, "amount": amount, "reverse_transfer": True, "refund_application_fee": True}
        )
        await sale.world.sandbox.control.webhooks.idle()

    async def test_all_of_the_money_voids_all_tickets(self, sale: Sale) -> None:
        await self.give_back(sale, minor(sale.total))

        seen = (await sale.world.box_office.order(sale.order)).body
        assert (seen["success"], seen["status"], seen["refunded_amount"]) == (False, "refunded", sale.total)
        assert {attendee["status"] for attendee in seen["attendees"]} == {"void"}
        assert await sale.work_off() == [TaskState.DONE]
        assert [(sale.total in text, "no longer valid" in text) for text in await sale.mails()][1:] == [(True, True)]
        await sale.is_given_back()

    async def test_parts_void_nobody_until_they_are_the_whole(self, sale: Sale) -> None:
        await self.give_back(sale, 10_00)
        assert (await sale.world.box_office.order(sale.order)).body["success"] is True
        assert await sale.world.box_office.counters(sale.on_sale) == [(0, 2)]
        assert await sale.findings() == set()

        await self.give_back(sale, minor(sale.total) - 10_00)

        await sale.is_given_back()

    async def test_the_whole_order_gives_back_all_that_is_left(self, sale: Sale) -> None:
        await self.give_back(sale, 5_00)

        preview = await sale.ask("refund/preview")
        made = await sale.ask()
        await sale.work_off()

        assert (preview["buyer_gets"], preview["status_after"], len(preview["attendee_ids"])) == (
            "49.84",
            "refunded",
            2,
        )
        assert made["refund"]["amount"] == "49.84"
        await sale.is_given_back()

    @pytest.mark.parametrize("by_hand", [(5_00, 10_00), (30_00,), (54_83,)])
    async def test_so_does_the_refund_of_a_cancelled_show(self, sale: Sale, by_hand: tuple[int, ...]) -> None:
        """Several refunds by hand, one of more than a ticket, and one that leaves a cent."""
        for amount in by_hand:
            await self.give_back(sale, amount)
        await sale.office.patch(f"/shows/{sale.on_sale.id}", cancelled=True)
        assert await sale.findings() == {Invariant.CANCELLED_SHOWS}

        await sale.office.post(f"/shows/{sale.on_sale.id}/refund-all", {})
        assert await sale.world.container.refund_cancelled()() == 1
        await sale.work_off()

        await sale.is_given_back()
        done = (await sale.office.get(f"/shows/{sale.on_sale.id}/refund-all")).body
        assert (done["refunded"], done["failed"], done["refunded_amount"]) == (1, 0, sale.total)

    async def test_named_attendees_are_told_how_much_is_left(self, sale: Sale) -> None:
        await self.give_back(sale, 30_00)
        one = sale.order["attendees"][0]["id"]
        for way in ("refund", "refund/preview"):
            answer = await sale.office.post(f"/orders/{sale.order['order_id']}/{way}", {"attendee_ids": [one]})
            answer.refused(409, "conflict")
            assert "$24.84 left to refund" in answer.body["message"]

    async def test_fees_that_stay_are_not_made_up_for(self, sale: Sale) -> None:
        await self.give_back(sale, 5_00)

        made = await sale.ask(refund_fees=False)
        await sale.work_off()

        assert made["refund"]["amount"] == "45.00"
        charge, transfer, _ = await sale.at_stripe()
        assert (charge, transfer) == (50_00, 50_00)

    async def test_more_than_the_tickets_cost_leaves_nothing_to_give_back(self, sale: Sale) -> None:
        await self.give_back(sale, 52_00)

        made = await sale.ask(refund_fees=False)

        assert (made["refund"], made["order"]["status"], made["order"]["success"]) == (None, "refunded", False)
        assert await sale.findings() == set()

    async def test_what_we_refunded_of_one_counts_for_the_whole(self, sale: Sale) -> None:
        await sale.ask(attendee_ids=[sale.order["attendees"][0]["id"]])
        await sale.work_off()

        await self.give_back(sale, 27_42)

        await sale.is_given_back()

    async def test_ours_of_one_after_it_may_be_the_last_of_the_money_too(self, sale: Sale) -> None:
        await self.give_back(sale, 27_42)
        one, other = (attendee["id"] for attendee in sale.order["attendees"])

        preview = await sale.ask("refund/preview", attendee_ids=[one])
        made = await sale.ask(attendee_ids=[one])
        await sale.work_off()

        assert (preview["attendee_ids"], preview["status_after"]) == (sorted([one, other]), "refunded")
        assert (preview["buyer_gets"], made["refund"]["amount"]) == ("27.42", "27.42")
        await sale.is_given_back()

    async def test_one_that_fails_in_the_end_is_seen_and_asked_for_again(self, sale: Sale) -> None:
        await self.give_back(sale, minor(sale.total))

        await sale.fail()

        assert await sale.findings() == {Invariant.LOST_REFUNDS}
        order = (await sale.office.get(f"/orders/{sale.order['order_id']}/refunds")).body["items"]
        assert [(refund["status"], refund["made_at_stripe"]) for refund in order] == [("failed", True)]
        assert (await sale.ask())["refund"]["amount"] == sale.total
        await sale.work_off()
        await sale.is_given_back()
