"""A producer's account is changed: what the mail to the previous address says, and when there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from adapters.memory.unit_of_work import MemoryDatabase
from application.catalog.connected_accounts import OnboardProducer
from application.errors import ScopeMissing
from application.ports.emails import AccountChange, AccountChangedFacts
from application.ports.payment import PaymentUnavailable
from domain.access import Actor, Scope
from domain.catalog import Producer, ProducerFinancial
from domain.errors import InvalidEmail, InvalidRequest
from domain.fees import FeeBearer
from domain.tasks import OutboxTask, TaskKind, TaskState
from domain.tax import TaxMode
from tests.application.world import World
from tests.support.factories import producer

pytestmark = pytest.mark.p1

TOKEN_ID = UUID("0198c2a6-2f2b-76bc-9737-2e5dbd0af17e")
MONEY_GOES_THERE = "The money of orders that are placed from now on goes there."
MAILS_GO_THERE = "Mails about the account go there from now on."


@pytest.fixture
async def globe(world: World) -> Producer:
    seller = producer(name="Globe", email="office@globe.example", account="acct_old")
    await world.add_producer(seller)
    return seller


def with_token(who: Producer, *scopes: Scope, name: str = "office") -> Actor:
    return Actor(who.id, TOKEN_ID, name, frozenset(scopes or {Scope.ACCOUNT}))


async def change(world: World, who: Producer, actor: Actor | None = None, **changes: Any) -> Producer:
    """Change these fields of the account; all others are sent unchanged."""
    as_it_was = {"name": who.name, "email": who.email, "stripe_account_id": who.financial.stripe_account_id}
    return await world.change_account(actor or with_token(who), **as_it_was | changes)


def mails(world: World) -> list[tuple[str, AccountChangedFacts]]:
    """The addresses and the facts of the mails that were sent."""
    facts = [each for each in world.email_templates.written if isinstance(each, AccountChangedFacts)]
    return list(zip([mail.to_address for mail in world.mailer.sent], facts, strict=True))


async def in_state(world: World, state: TaskState) -> list[OutboxTask]:
    async with world.database() as uow:
        return await uow.task_admin.in_state(state, after=None, limit=10)


async def test_other_stripe_account_is_mailed_with_time_and_token(world: World, globe: Producer) -> None:
    changed_at = world.clock.now()
    await change(world, globe, stripe_account_id="acct_new")
    world.clock.advance(timedelta(hours=1))
    await world.run_tasks()

    [(address, facts)] = mails(world)
    assert address == "office@globe.example"
    assert facts == AccountChangedFacts(
        producer_name="Globe",
        changes=(AccountChange(what="Stripe account", before="acct_old", after="acct_new", meaning=MONEY_GOES_THERE),),
        changed_at=changed_at,
        token_name="office",
        token_id=str(TOKEN_ID),
        operator_email="operator@example.org",
    )
    assert world.mailer.sent[0].reply_to == "operator@example.org"


async def test_new_address_is_mailed_to_the_old_one(world: World, globe: Producer) -> None:
    await change(world, globe, email="thief@example.org")
    await world.run_tasks()

    [(address, facts)] = mails(world)
    assert address == "office@globe.example"
    assert facts.changes == (
        AccountChange(
            what="e-mail address", before="office@globe.example", after="thief@example.org", meaning=MAILS_GO_THERE
        ),
    )


async def test_everything_that_was_changed_at_once_is_one_mail_under_the_old_name(
    world: World, globe: Producer
) -> None:
    await change(world, globe, name="Rose", email="r@rose.example", stripe_account_id=None, tax=TaxMode.OFF)
    await world.run_tasks()

    [(address, facts)] = mails(world)
    assert (address, facts.producer_name) == ("office@globe.example", "Globe")
    assert [(each.what, each.before, each.after) for each in facts.changes] == [
        ("Stripe account", "acct_old", "none"),
        ("e-mail address", "office@globe.example", "r@rose.example"),
        ("tax", "added to the prices", "not charged"),
        ("name", "Globe", "Rose"),
    ]


@pytest.mark.parametrize(
    ("tax", "words"), [(TaxMode.INCLUSIVE, "included in the prices"), (TaxMode.OFF, "not charged")]
)
async def test_tax_is_mailed_in_words(world: World, globe: Producer, tax: TaxMode, words: str) -> None:
    await change(world, globe, tax=tax)
    await world.run_tasks()
    [(_, facts)] = mails(world)
    assert facts.changes == (AccountChange(what="tax", before="added to the prices", after=words),)


async def test_who_bears_the_fees_is_mailed_in_words(world: World, globe: Producer) -> None:
    await change(world, globe, fees=FeeBearer.PRODUCER)
    await world.run_tasks()
    [(_, facts)] = mails(world)
    assert facts.changes == (
        AccountChange(
            what="fees",
            before="added to the prices",
            after="included in the prices",
            meaning="From now on buyers pay the tickets' prices alone, and the fees come out of your share.",
        ),
    )


async def test_command_line_is_no_token(world: World, globe: Producer) -> None:
    await change(world, globe, Actor(globe.id), name="Rose")
    await world.run_tasks()
    [(_, facts)] = mails(world)
    assert (facts.token_name, facts.token_id) == ("", "")


async def test_what_stays_the_same_is_not_mailed(world: World, globe: Producer) -> None:
    await change(world, globe)
    await change(world, globe, name=" Globe ", email="office@GLOBE.example", tax=TaxMode.EXCLUSIVE)
    assert await world.tasks() == []


async def test_stripes_word_on_charges_is_no_change_of_the_producers(world: World) -> None:
    seller = producer(account="acct_1", charges_enabled=False)
    await world.add_producer(seller)
    after = await change(world, seller)
    assert after.financial == ProducerFinancial("acct_1", charges_enabled=True)
    assert await world.tasks() == []


async def test_two_changes_are_two_mails_each_to_the_address_of_then(world: World, globe: Producer) -> None:
    renamed = await change(world, globe, email="new@globe.example")
    await change(world, renamed, stripe_account_id="acct_new")
    await world.run_tasks()
    assert {(address, tuple(each.what for each in facts.changes)) for address, facts in mails(world)} == {
        ("office@globe.example", ("e-mail address",)),
        ("new@globe.example", ("Stripe account",)),
    }


async def test_change_that_is_taken_back_before_the_mail_leaves_is_mailed_all_the_same(
    world: World, globe: Producer
) -> None:
    await change(world, globe, stripe_account_id="acct_thief")
    await change(world, globe)
    await world.run_tasks()
    assert [(address, facts.changes[0].after) for address, facts in mails(world)] == [
        ("office@globe.example", "acct_thief"),
        ("office@globe.example", "acct_old"),
    ]


async def test_onboarding_mails_the_first_account_once(world: World) -> None:
    seller = producer(account=None, charges_enabled=False, email="office@globe.example")
    await world.add_producer(seller)
    onboard = OnboardProducer(world.database, world.payment, world.links, world.audit, world.save_account)
    actor = with_token(seller, Scope.CATALOG, name="website")
    await onboard(actor)
    await onboard(actor)
    await world.run_tasks()

    [(address, facts)] = mails(world)
    assert (address, facts.token_name) == ("office@globe.example", "website")
    [made] = facts.changes
    assert (made.what, made.before) == ("Stripe account", "none")
    assert made.after.startswith("acct_")


@pytest.mark.parametrize(
    ("scopes", "changes", "refusal"),
    [
        ({Scope.CATALOG}, {"stripe_account_id": "acct_new"}, ScopeMissing),
        ({Scope.ACCOUNT}, {"email": "nobody"}, InvalidEmail),
        ({Scope.ACCOUNT}, {"name": ""}, InvalidRequest),
        ({Scope.ACCOUNT}, {"stripe_account_id": "of somebody else"}, InvalidRequest),
    ],
)
async def test_refused_change_is_not_mailed(
    world: World, globe: Producer, scopes: set[Scope], changes: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await change(world, globe, with_token(globe, *scopes), **changes)
    assert await world.tasks() == []


async def test_stripe_away_changes_nothing_and_sends_nothing(world: World, globe: Producer) -> None:
    world.payment.available = False
    with pytest.raises(PaymentUnavailable):
        await change(world, globe, name="Rose", stripe_account_id="acct_new")
    assert await world.tasks() == []


async def test_producer_without_an_address_has_no_task(world: World) -> None:
    seller = producer(email="")
    await world.add_producer(seller)
    await change(world, seller, email=None, name="Rose")
    assert await world.tasks() == []


async def test_mail_waits_for_a_mail_server_that_is_away(world: World, globe: Producer) -> None:
    world.mailer.available = False
    await change(world, globe, name="Rose")
    await world.run_tasks()
    [waiting] = await in_state(world, TaskState.PENDING)
    assert (waiting.kind, waiting.producer_id, waiting.attempts) == (TaskKind.ACCOUNT_CHANGED_MAIL, globe.id, 1)
    world.mailer.available = True
    world.clock.set(waiting.due_at)
    await world.run_tasks()
    assert [mail.to_address for mail in world.mailer.sent] == ["office@globe.example"]
    assert await in_state(world, TaskState.PENDING) == []


async def test_mail_that_was_perhaps_sent_is_listed_under_its_producer(
    world: World, globe: Producer, caplog: pytest.LogCaptureFixture
) -> None:
    world.mailer.is_mute = True
    await change(world, globe, name="Rose")
    await world.run_tasks()
    async with world.database() as uow:
        [doubtful] = await uow.task_admin.perhaps_sent(now=world.clock.now(), after=None, limit=10)
    assert doubtful.sending_since is not None
    assert f"(account_changed_mail, producer {globe.id})" in caplog.text


async def test_address_that_the_account_still_has_and_that_takes_no_mail_is_the_operators_to_see(
    world: World, globe: Producer
) -> None:
    world.mailer.refused_addresses.add(globe.email)
    await change(world, globe, stripe_account_id="acct_new")
    await world.run_tasks()
    [dead] = await in_state(world, TaskState.DEAD)
    assert dead.last_error
    assert "550" in dead.last_error


async def test_address_that_was_given_up_and_takes_no_mail_is_no_failed_task(world: World, globe: Producer) -> None:
    world.mailer.refused_addresses.add(globe.email)
    await change(world, globe, email="new@globe.example")
    await world.run_tasks()
    assert await in_state(world, TaskState.DEAD) == []
    assert len(await in_state(world, TaskState.DONE)) == 1


async def test_mail_is_written_in_the_transaction_of_the_change(world: World, globe: Producer) -> None:
    database: MemoryDatabase = world.database
    async with database() as uow:
        before = await uow.producers.lock(globe.id)
        assert before
        await world.save_account(uow, with_token(globe), before, replace(before, name="Rose"))
        assert [task.producer_id for task in uow.outbox.added] == [globe.id]
    assert await world.tasks() == [], "the transaction was given up"
