"""A payment that came after the tickets were gone: the money goes back, and the buyer gets a mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from application.ports.emails import LatePaymentFacts, TooLate
from application.ports.mail import MailUnavailable
from application.tasks.run import PermanentTaskError
from domain.orders import Order, OrderEvent, OrderStatus
from domain.refunds import RefundStatus
from domain.tasks import OutboxTask, TaskKind
from tests.application.world import World
from tests.support.factories import DOORS, NOW, order, producer, ticket

pytestmark = pytest.mark.p1


def apology_for(late: Order) -> OutboxTask:
    return OutboxTask(id=uuid4(), kind=TaskKind.LATE_PAYMENT_MAIL, order_id=late.id, due_at=NOW)


async def paid_too_late(world: World) -> Order:
    """An order whose tickets were sold to another buyer before it was paid, with 1.16 of tax."""
    stalls = ticket(quantity=1)
    await world.sell(stalls, by=producer(name="Globe"), title="Hamlet")
    late = await world.buy((stalls, 1))
    assert late.session_id
    world.payment.pay(late.session_id, tax=1_16)
    await world.order_payments.release(late.id, OrderEvent.SESSION_EXPIRED)
    await world.buy((stalls, 1))
    return await world.complete_order(late.session_id)


async def test_a_late_payment_is_given_back_from_end_to_end(world: World) -> None:
    late = await paid_too_late(world)
    assert late.status is OrderStatus.REFUNDED
    await world.run_tasks()
    (made,) = world.payment.refunds.values()
    assert (made.payment_intent_id, made.amount) == (late.payment_intent_id, late.amount_paid)
    assert [refund.status for refund in await world.refunds(late)] == [RefundStatus.SUCCEEDED]
    (mail,) = world.mailer.sent
    assert (mail.to_name, mail.to_address) == ("Ada Lovelace", "ada@example.org")
    assert mail.content.subject == "LatePayment: Hamlet"
    assert mail.attachments == ()
    assert await world.tasks() == []


async def test_the_apology_says_what_goes_back(world: World) -> None:
    late = await paid_too_late(world)
    await world.send_late_payment_email(await world.claimed(apology_for(late)))
    (facts,) = world.email_templates.written
    assert isinstance(facts, LatePaymentFacts)
    assert (facts.amount, facts.show_title, facts.order_number) == ("$28.73", "Hamlet", late.number)


async def called_off(world: World, late: Order) -> None:
    async with world.database() as uow:
        found = await uow.shows.get(late.show_id)
        assert found
        await uow.shows.save(replace(found, cancelled=True))
        await uow.commit()


async def test_the_apology_says_why_it_was_too_late(world: World) -> None:
    late = await paid_too_late(world)
    await world.send_late_payment_email(await world.claimed(apology_for(late)))
    world.clock.set(DOORS + timedelta(hours=3))
    await world.send_late_payment_email(await world.claimed(apology_for(late)))
    await called_off(world, late)
    await world.send_late_payment_email(await world.claimed(apology_for(late)))
    reasons = [facts.why for facts in world.email_templates.written if isinstance(facts, LatePaymentFacts)]
    assert reasons == [TooLate.TICKETS_GONE, TooLate.SHOW_OVER, TooLate.SHOW_CANCELLED]


async def test_every_try_sends_the_same_mail(world: World) -> None:
    task = await world.claimed(apology_for(await paid_too_late(world)))
    await world.send_late_payment_email(task)
    await world.send_late_payment_email(task)
    first, second = world.mailer.sent
    assert first == second
    assert str(task.id) in first.message_id


async def test_an_order_that_does_not_exist_gets_no_mail(world: World) -> None:
    await world.send_late_payment_email(apology_for(order()))
    assert world.mailer.sent == []


async def test_a_mail_server_that_is_away_is_tried_again(world: World) -> None:
    task = apology_for(await paid_too_late(world))
    world.mailer.available = False
    with pytest.raises(MailUnavailable):
        await world.send_late_payment_email(task)


async def test_a_mailbox_that_does_not_exist_is_hopeless(world: World) -> None:
    task = apology_for(await paid_too_late(world))
    world.mailer.refused_addresses.add("ada@example.org")
    with pytest.raises(PermanentTaskError, match="no such user"):
        await world.send_late_payment_email(task)
