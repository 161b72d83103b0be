"""A producer's account at Stripe, and the operator's examination of our own."""

from __future__ import annotations

from uuid import uuid4

from demo.stripe_sandbox.faults import FaultKind
from entrypoints.doctor.stripe import of_stripe
from tests.support.back_office import BackOffice, open_back_office
from tests.support.factories import producer
from tests.support.faults.outages import Scenario, event_refused_at_first, outage, until_asked_with_another_key
from tests.support.stripe_world import (
    CREATE_ACCOUNT,
    LIST_ACCOUNTS,
    RETRIEVE_ACCOUNT,
    RETRIEVE_OWN_ACCOUNT,
    RETRIEVE_TAX_SETTINGS,
    StripeWorld,
)


async def newcomer(world: StripeWorld) -> BackOffice:
    """A producer who has no account yet."""
    nobody = producer(account=None, charges_enabled=False)
    return await open_back_office(world.box_office, world.container, nobody)


async def accounts_of(world: StripeWorld, office: BackOffice) -> list[str]:
    """Every account at Stripe that was made for the producer."""
    listed = await world.stripe.client.v1.accounts.list_async(params={"limit": 100})
    return [a.id async for a in listed.auto_paging_iter() if str(office.producer.id) in str(a.metadata)]


def onboarding(operation: str) -> Scenario:
    async def scenario(world: StripeWorld, fault: FaultKind) -> None:
        """The producer tries again, and gets to their one account."""
        office = await newcomer(world)
        if operation == LIST_ACCOUNTS:  # accounts are listed only to find out what Stripe did before it failed
            world.sandbox.control.inject_fault(CREATE_ACCOUNT, FaultKind.FAILED_AFTER)

        with outage(world.sandbox, operation, fault):
            (await office.post("/account/onboarding")).refused(503, "payment_unavailable")
        await until_asked_with_another_key(fault)
        assert (await office.post("/account/onboarding")).body["url"]

        [account_id] = await accounts_of(world, office)
        assert (await office.get("/account")).body["stripe_account_id"] == account_id

    return scenario


async def learning_that_an_account_was_stopped(world: StripeWorld, fault: FaultKind) -> None:
    account_id = f"acct_{uuid4().hex}"
    office = await open_back_office(world.box_office, world.container, producer(account=account_id))

    async with event_refused_at_first(world, RETRIEVE_ACCOUNT, fault):
        world.sandbox.control.set_charges_enabled(account_id, enabled=False)
        assert (await office.get("/account")).body["charges_enabled"] is True

    assert (await office.get("/account")).body["charges_enabled"] is False


async def naming_an_account(world: StripeWorld, fault: FaultKind) -> None:
    """Whether it may take charges is not known, so it is not accepted yet."""
    office = await newcomer(world)
    body = {"name": "Rose", "stripe_account_id": f"acct_{uuid4().hex}"}

    with outage(world.sandbox, RETRIEVE_ACCOUNT, fault):
        (await office.put("/account", body)).refused(503, "payment_unavailable")
        assert (await office.get("/account")).body["stripe_account_id"] is None

    assert (await office.put("/account", body)).body["charges_enabled"] is True


async def examining(world: StripeWorld, fault: FaultKind) -> None:
    """The doctor says that Stripe does not answer, and does not blame the key."""
    examinations = {examination.what: examination for examination in of_stripe(world.container)}

    with outage(world.sandbox, RETRIEVE_OWN_ACCOUNT, fault):
        finding = await examinations["stripe key"]()

    assert finding.words
    assert "wait for Stripe" in (finding.fix or "")
    assert (await examinations["stripe key"]()).is_fine


async def examining_tax(world: StripeWorld, fault: FaultKind) -> None:
    """The doctor says that Stripe does not answer, and does not blame a producer's settings."""
    account = f"acct_{uuid4().hex}"
    await open_back_office(world.box_office, world.container, producer(account=account))
    examinations = {examination.what: examination for examination in of_stripe(world.container)}

    with outage(world.sandbox, RETRIEVE_TAX_SETTINGS, fault):
        finding = await examinations["connected accounts"]()

    assert "tax settings are not complete" not in finding.words
    assert "wait for Stripe" in (finding.fix or "")
    assert account not in (await examinations["connected accounts"]()).words, "others' accounts may be off"
