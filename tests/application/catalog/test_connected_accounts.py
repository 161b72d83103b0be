"""A producer's account, when Stripe's pages and our database get out of step."""

from __future__ import annotations

from datetime import datetime

import pytest
from typing_extensions import override

from adapters.memory.payment import MemoryPayment
from application.catalog.connected_accounts import ChangeAccount, OnboardProducer
from application.ports.payment import PaymentRefused, PaymentUnavailable
from domain.access import Actor
from domain.catalog import Producer, ProducerFinancial
from domain.errors import InvalidRequest, NotFound
from tests.application.world import World
from tests.support.factories import producer


class SlowPayment(MemoryPayment):
    """While it makes an account, the producer names another one."""

    def __init__(self, change: ChangeAccount) -> None:
        super().__init__()
        self._change = change

    @override
    async def create_account(self, producer: Producer) -> str:
        await self._change(Actor(producer.id), name=producer.name, email=None, stripe_account_id="acct_named")
        return await super().create_account(producer)


class ForgetfulPayment(MemoryPayment):
    """A provider whose idempotency keys have always expired: each call makes another account.

    ``losing_answers`` loses the answer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.made: list[str] = []
        self.losing_answers = False

    @override
    async def create_account(self, producer: Producer) -> str:
        self.made.append(f"acct_{len(self.made)}")
        if self.losing_answers:
            raise PaymentUnavailable("read timed out")
        return self.made[-1]

    @override
    async def account_made(self, producer: Producer, *, since: datetime) -> str | None:
        return self.made[-1] if self.made else None


@pytest.fixture
async def newcomer(world: World) -> Producer:
    new = producer(account=None, charges_enabled=False)
    await world.add_producer(new)
    return new


def onboarding(world: World, payment: MemoryPayment | None = None) -> OnboardProducer:
    return OnboardProducer(world.database, payment or world.payment, world.links, world.audit, world.save_account)


async def financial(world: World, who: Producer) -> ProducerFinancial:
    async with world.database() as uow:
        found = await uow.producers.get(who.id)
    assert found
    return found.financial


async def test_account_that_stripe_does_not_know_is_refused(world: World, newcomer: Producer) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        await world.change_account(Actor(newcomer.id), name="Globe", email=None, stripe_account_id="of somebody else")
    assert refusal.value.field == "stripe_account_id"
    assert await financial(world, newcomer) == ProducerFinancial()


async def test_account_that_was_named_meanwhile_counts(world: World, newcomer: Producer) -> None:
    payment = SlowPayment(world.change_account)
    onboard = onboarding(world, payment)

    link = await onboard(Actor(newcomer.id))

    assert "acct_named" in link.url
    assert (await financial(world, newcomer)).stripe_account_id == "acct_named"


async def test_stripe_down_or_refusing_makes_no_account(world: World, newcomer: Producer) -> None:
    onboard = onboarding(world)
    world.payment.available = False
    with pytest.raises(PaymentUnavailable):
        await onboard(Actor(newcomer.id))
    world.payment.available, world.payment.refusing = True, True
    with pytest.raises(PaymentRefused):
        await onboard(Actor(newcomer.id))
    assert await financial(world, newcomer) == ProducerFinancial()


async def test_account_whose_making_was_never_heard_of_is_found_a_day_later(world: World, newcomer: Producer) -> None:
    payment = ForgetfulPayment()
    onboard = onboarding(world, payment)
    payment.losing_answers = True
    with pytest.raises(PaymentUnavailable):
        await onboard(Actor(newcomer.id))
    payment.losing_answers = False

    await onboard(Actor(newcomer.id))

    assert payment.made == ["acct_0"]
    assert (await financial(world, newcomer)).stripe_account_id == "acct_0"


async def test_link_leads_back_to_us(world: World, newcomer: Producer) -> None:
    link = await onboarding(world)(Actor(newcomer.id))
    assert link.url.endswith("back=https://tickets.example")


async def test_producer_who_is_gone_is_not_found(world: World) -> None:
    nobody = Actor(producer().id)
    with pytest.raises(NotFound):
        await world.get_account(nobody)
    with pytest.raises(NotFound):
        await world.change_account(nobody, name="Globe", email=None, stripe_account_id=None)
