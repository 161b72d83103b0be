"""A producer's account is changed: the previous address gets a mail that says what, when and with which token."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final
from uuid import uuid4

import pytest

from demo.mail_catcher.catcher import MailCatcher
from demo.stripe_sandbox import StripeSandbox
from demo.stripe_sandbox.faults import Fault, FaultKind
from domain.access import Actor, Scope
from domain.catalog import Producer
from domain.tasks import OutboxTask, TaskKind, TaskState
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import Answer, BoxOffice
from tests.support.factories import producer
from tests.support.mails import unwrapped
from tests.support.server import Service
from tests.support.stripe_world import EVERY_TRY

pytestmark = pytest.mark.p1
_STEP: Final = re.compile(r"before: (\S+)\s+now: +(\S+)")


@pytest.fixture
def old_account() -> str:
    return f"acct_{uuid4().hex}"


@pytest.fixture
def seller(old_account: str) -> Producer:
    return producer(email=f"old-{uuid4().hex}@globe.example", account=old_account)


@pytest.fixture
async def office(box_office: BoxOffice, service: Service, seller: Producer) -> BackOffice:
    return await open_back_office(box_office, service.container, seller)


async def change(office: BackOffice, **fields: Any) -> Answer:
    """The account as it was first stored, with these fields changed."""
    financial = office.producer.financial
    as_it_was = {"name": office.producer.name, "stripe_account_id": financial.stripe_account_id}
    return await office.put("/account", as_it_was | fields)


async def tasks_about(office: BackOffice) -> list[OutboxTask]:
    async with office.container.database()() as uow:
        found = {
            task.id: task  # a task that is done in between is found twice
            for state in TaskState
            for task in await uow.task_admin.in_state(state, after=None, limit=10_000)
            if task.producer_id == office.producer.id
        }
    return list(found.values())


async def test_other_stripe_account_is_mailed_to_the_producer(
    office: BackOffice, seller: Producer, old_account: str, mailbox: MailCatcher
) -> None:
    account_id = f"acct_{uuid4().hex}"
    assert (await change(office, stripe_account_id=account_id)).status == 200

    (mail,) = await mailbox.wait_for(1, to=seller.email)

    assert mail.subject == f"Stripe account changed: {seller.name}"
    [entry] = await office.audit_log("&action=account.changed")
    for text in (unwrapped(mail), mail.html):
        assert old_account in text
        assert account_id in text
        assert str(office.token_id) in text
        assert entry["actor"] in text
        assert " UTC" in text
        assert "pqt_" not in text, "no secret"
    assert mail.attachments == ()


async def test_new_address_is_mailed_to_the_old_one_alone(
    office: BackOffice, seller: Producer, old_account: str, mailbox: MailCatcher
) -> None:
    new = f"new-{uuid4().hex}@globe.example"
    assert (await change(office, email=new)).status == 200

    (mail,) = await mailbox.wait_for(1, to=seller.email)

    assert mail.subject == f"E-mail address changed: {seller.name}"
    assert new in mail.text
    assert old_account not in mail.text, "only what was changed is in the mail"
    assert mailbox.mails.addressed_to(new) == []


async def test_token_of_the_scope_catalog_that_changes_the_tax_is_named(
    office: BackOffice, seller: Producer, mailbox: MailCatcher
) -> None:
    by_catalog = await office.with_scopes(Scope.CATALOG)
    assert (await change(by_catalog, tax="inclusive")).status == 200

    (mail,) = await mailbox.wait_for(1, to=seller.email)

    assert mail.subject == f"Tax changed: {seller.name}"
    assert "before: added to the prices" in mail.text
    assert "now:    included in the prices" in mail.text
    assert str(by_catalog.token_id) in mail.text


async def test_first_account_from_onboarding_is_mailed_once(
    box_office: BoxOffice, service: Service, mailbox: MailCatcher
) -> None:
    new = producer(email=f"new-{uuid4().hex}@globe.example", account=None, charges_enabled=False)
    office = await open_back_office(box_office, service.container, new)
    for _ in range(2):
        assert (await office.post("/account/onboarding")).status == 200

    (mail,) = await mailbox.wait_for(1, to=new.email)

    account_id = (await office.get("/account")).body["stripe_account_id"]
    assert "before: none" in mail.text
    assert f"now:    {account_id}" in mail.text
    assert len(await tasks_about(office)) == 1


async def test_two_changes_are_two_mails_each_to_the_address_of_then(
    office: BackOffice, seller: Producer, mailbox: MailCatcher
) -> None:
    new = f"new-{uuid4().hex}@globe.example"
    await change(office, email=new)
    await change(office, name="Rose")

    (first,) = await mailbox.wait_for(1, to=seller.email)
    (second,) = await mailbox.wait_for(1, to=new)

    assert first.subject == f"E-mail address changed: {seller.name}"
    assert second.subject == f"Name changed: {seller.name}"
    assert first.message_id != second.message_id


async def test_changes_at_the_same_moment_are_a_mail_each_and_none_is_left_out(
    office: BackOffice, seller: Producer, old_account: str, mailbox: MailCatcher
) -> None:
    accounts = [f"acct_{uuid4().hex}" for _ in range(4)]
    await asyncio.gather(*(change(office, stripe_account_id=account_id) for account_id in accounts))

    texts = [mail.text for mail in await mailbox.wait_for(4, to=seller.email)]

    steps = dict(_STEP.findall("\n".join(texts)))
    history = [old_account]
    while history[-1] in steps:
        history.append(steps.pop(history[-1]))
    assert sorted(history[1:]) == sorted(accounts)
    assert (await office.get("/account")).body["stripe_account_id"] == history[-1]


async def test_names_and_addresses_of_every_script_arrive(
    box_office: BoxOffice, service: Service, mailbox: MailCatcher
) -> None:
    name = '"Θέατρο", <כ> & 剧院 🎭; Co. ' * 7
    email = f"office-{uuid4().hex}@bücher.example"
    seller = producer(name=name.strip()[:200], email=email)
    office = await open_back_office(box_office, service.container, seller)
    assert (await change(office, email="Grüße@bücher.example", name="مسرح")).status == 200

    (mail,) = await mailbox.wait_for(1, to=email.replace("bücher", "xn--bcher-kva"))

    assert mail.subject.startswith("E-mail address and name changed: ")
    for words in (seller.name, "Grüße@bücher.example", "مسرح"):
        assert words in mail.text


async def test_change_at_the_command_line_is_mailed_as_the_operators(
    office: BackOffice, seller: Producer, mailbox: MailCatcher
) -> None:
    """No command changes an account; a call of the use case without a token counts as the command line."""
    change_account = office.container.change_account()
    await change_account(Actor(seller.id), name=seller.name, email=None, stripe_account_id=None)

    (mail,) = await mailbox.wait_for(1, to=seller.email)

    assert "by the operator of the ticket shop, at the command line" in unwrapped(mail)
    assert "now:    none" in mail.text


async def test_what_changes_nothing_sends_nothing(office: BackOffice) -> None:
    assert (await change(office)).status == 200
    await change(office, name=f" {office.producer.name} ", email=office.producer.email, tax="exclusive")
    assert await tasks_about(office) == []


async def test_refused_change_sends_nothing(office: BackOffice, sandbox: StripeSandbox) -> None:
    by_catalog = await office.with_scopes(Scope.CATALOG)
    (await change(by_catalog, stripe_account_id="acct_other", name="Rose")).refused(403, "forbidden")
    (await change(office, email="nobody")).refused(400, "invalid_email")
    (await change(office, name="")).refused(400, "invalid_request")
    by_orders = await office.with_scopes(Scope.ORDERS)
    assert (await change(by_orders, name="Rose")).status == 403
    sandbox.control.faults.add("GET /v1/accounts/{account}", Fault(kind=FaultKind.SERVER_ERROR), EVERY_TRY)
    (await change(office, name="Rose")).refused(503, "payment_unavailable")
    assert await tasks_about(office) == []


async def test_pages_that_look_different_are_no_change_of_the_account(office: BackOffice) -> None:
    answer = await office.put("/branding", {"colour": "#e8a33d", "widget_origins": []})
    assert answer.status == 200
    assert await tasks_about(office) == []


async def test_mail_of_an_account_is_none_of_an_orders(office: BackOffice, mailbox: MailCatcher) -> None:
    await change(office, name="Rose")
    await mailbox.wait_for(1, to=office.producer.email)
    [task] = await tasks_about(office)
    assert (task.kind, task.order_id) == (TaskKind.ACCOUNT_CHANGED_MAIL, None)
