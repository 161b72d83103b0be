"""The producer's account, and onboarding at Stripe."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from demo.stripe_sandbox import StripeSandbox
from demo.stripe_sandbox.faults import Fault, FaultKind
from domain.access import Scope
from domain.catalog import ProducerFinancial
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import BoxOffice
from tests.support.factories import producer
from tests.support.server import Service
from tests.support.stripe_world import EVERY_TRY


@pytest.fixture
async def newcomer(box_office: BoxOffice, service: Service) -> BackOffice:
    """A producer without a Stripe account."""
    return await open_back_office(box_office, service.container, producer(account=None, charges_enabled=False))


async def test_account_is_shown(office: BackOffice) -> None:
    answer = await office.get("/account")
    assert answer.status == 200
    assert answer.body == {
        "id": str(office.producer.id),
        "name": "Globe Theatre",
        "email": "office@globe.example",
        "currency": "USD",
        "stripe_account_id": office.producer.financial.stripe_account_id,
        "charges_enabled": True,
        "tax": "exclusive",
        "fees": "buyer",
    }


async def test_account_is_changed(office: BackOffice, sandbox: StripeSandbox) -> None:
    account_id = f"acct_{uuid4().hex}"

    changed = await office.put(
        "/account", {"name": " Rose ", "email": "Office@ROSE.example", "stripe_account_id": account_id}
    )

    assert changed.status == 200
    assert changed.body == (await office.get("/account")).body
    assert (changed.body["name"], changed.body["email"]) == ("Rose", "Office@rose.example")
    assert (changed.body["stripe_account_id"], changed.body["charges_enabled"]) == (account_id, True)
    (entry,) = await office.audit_log("&action=account.changed")
    assert entry["after"]["name"] == "Rose"
    assert entry["before"]["financial"]["stripe_account_id"] == office.producer.financial.stripe_account_id


async def test_email_stays_where_it_is_left_out_and_the_account_goes(office: BackOffice) -> None:
    body = (await office.put("/account", {"name": "Rose"})).body
    assert (body["email"], body["stripe_account_id"], body["charges_enabled"]) == ("office@globe.example", None, False)


async def test_what_stays_the_same_is_no_change(office: BackOffice) -> None:
    account_id = office.producer.financial.stripe_account_id
    await office.put("/account", {"name": office.producer.name, "stripe_account_id": account_id})
    assert await office.audit_log("&action=account.changed") == []


async def test_whether_charges_are_enabled_is_stripes_word(office: BackOffice, sandbox: StripeSandbox) -> None:
    account_id = f"acct_{uuid4().hex}"
    sandbox.control.set_charges_enabled(account_id, enabled=False)

    body = (await office.put("/account", {"name": "Globe", "stripe_account_id": account_id})).body
    assert body["charges_enabled"] is False

    refused = await office.put("/account", {"name": "Globe", "charges_enabled": True})
    refused.refused(400, "invalid_request")
    assert refused.body["field"] == "charges_enabled"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "invalid_request", "name"),
        ({"name": ""}, "invalid_request", "name"),
        ({"name": "x" * 201}, "invalid_request", "name"),
        ({"name": "Globe", "email": "nobody"}, "invalid_email", "email"),
        ({"name": "Globe", "currency": "EUR"}, "invalid_request", "currency"),
        ({"name": "Globe", "stripe_account_id": "somebody"}, "invalid_request", "stripe_account_id"),
        ({"name": "Globe", "stripe_account_id": "acct_../balance"}, "invalid_request", "stripe_account_id"),
    ],
)
async def test_account_that_makes_no_sense_is_refused(
    office: BackOffice, body: dict[str, Any], code: str, field: str
) -> None:
    answer = await office.put("/account", body)
    answer.refused(400, code)
    assert answer.body["field"] == field
    assert (await office.get("/account")).body["name"] == "Globe Theatre"


async def test_stripe_down_changes_nothing(office: BackOffice, sandbox: StripeSandbox) -> None:
    sandbox.control.faults.add("GET /v1/accounts/{account}", Fault(kind=FaultKind.SERVER_ERROR), EVERY_TRY)
    answer = await office.put("/account", {"name": "Rose", "stripe_account_id": "acct_new"})
    answer.refused(503, "payment_unavailable")
    assert answer.headers["Retry-After"]
    assert (await office.get("/account")).body["name"] == "Globe Theatre"


async def test_onboarding_leads_from_no_account_to_sales(newcomer: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(by=newcomer.producer)
    (await box_office.checkout(on_sale.cart(1))).refused(400, "producer_payment_missing")

    link = await newcomer.post("/account/onboarding")

    assert link.status == 200
    assert link.body["expires_at"]
    account = (await newcomer.get("/account")).body
    assert account["stripe_account_id"].startswith("acct_")
    assert account["charges_enabled"] is False
    done = await box_office.post(link.body["url"], data={"outcome": "complete"})
    assert done.status == 303
    assert done.location == newcomer.container.settings().public_url
    assert (await newcomer.get("/account")).body["charges_enabled"] is True
    (await box_office.checkout(on_sale.cart(1))).created()


async def test_onboarding_again_makes_no_second_account(newcomer: BackOffice, sandbox: StripeSandbox) -> None:
    first = await newcomer.post("/account/onboarding")
    account_id = (await newcomer.get("/account")).body["stripe_account_id"]

    second = await newcomer.post("/account/onboarding")

    assert first.body["url"] != second.body["url"]
    assert (await newcomer.get("/account")).body["stripe_account_id"] == account_id
    assert len(await newcomer.audit_log("&action=account.changed")) == 1


async def test_onboarding_whose_answer_was_lost_finds_the_account_again(
    newcomer: BackOffice, sandbox: StripeSandbox
) -> None:
    sandbox.control.faults.add("POST /v1/account_links", Fault(kind=FaultKind.SERVER_ERROR), EVERY_TRY)
    (await newcomer.post("/account/onboarding")).refused(503, "payment_unavailable")
    account_id = (await newcomer.get("/account")).body["stripe_account_id"]

    assert (await newcomer.post("/account/onboarding")).status == 200
    assert (await newcomer.get("/account")).body["stripe_account_id"] == account_id


async def test_account_is_shown_as_it_was_while_stripe_is_down(newcomer: BackOffice, sandbox: StripeSandbox) -> None:
    await newcomer.post("/account/onboarding")
    sandbox.control.faults.add("GET /v1/accounts/{account}", Fault(kind=FaultKind.SERVER_ERROR), EVERY_TRY)
    answer = await newcomer.get("/account")
    assert (answer.status, answer.body["charges_enabled"]) == (200, False)


async def test_news_that_never_came_are_asked_for(box_office: BoxOffice, service: Service) -> None:
    """The webhook of the account's first day was lost: reading the account asks Stripe."""
    account_id = f"acct_{uuid4().hex}"
    by = producer(account=account_id, charges_enabled=False)
    office = await open_back_office(box_office, service.container, by)

    assert (await office.get("/account")).body["charges_enabled"] is True

    async with service.container.database()() as uow:
        known = await uow.producers.get(by.id)
    assert known is not None
    assert known.financial == ProducerFinancial(account_id, charges_enabled=True)


CATALOG_ONLY = (Scope.CATALOG, Scope.ORDERS, Scope.CHECKIN)


@pytest.mark.parametrize("to", ["acct_elsewhere", None])
async def test_money_goes_elsewhere_only_by_a_token_of_the_scope_account(office: BackOffice, to: str | None) -> None:
    by_catalog = await office.with_scopes(*CATALOG_ONLY)
    answer = await by_catalog.put("/account", {"name": "Rose", "stripe_account_id": to})
    answer.refused(403, "forbidden")
    assert '"account"' in answer.body["message"]
    unchanged = (await office.get("/account")).body
    assert unchanged["stripe_account_id"] == office.producer.financial.stripe_account_id
    assert unchanged["name"] != "Rose", "nothing is half done"

    by_account = await office.with_scopes(Scope.ACCOUNT)
    changed = await by_account.put("/account", {"name": "Rose", "stripe_account_id": to})
    assert (changed.status, changed.body["stripe_account_id"]) == (200, to)


async def test_the_scope_catalog_changes_what_moves_no_money(office: BackOffice) -> None:
    by_catalog = await office.with_scopes(Scope.CATALOG)
    account_id = office.producer.financial.stripe_account_id
    answer = await by_catalog.put("/account", {"name": "Rose", "stripe_account_id": account_id})
    assert (answer.status, answer.body["name"]) == (200, "Rose")


async def test_the_scope_catalog_names_the_first_account(newcomer: BackOffice) -> None:
    by_catalog = await newcomer.with_scopes(Scope.CATALOG)
    account_id = f"acct_{uuid4().hex}"
    assert (await by_catalog.put("/account", {"name": "Rose", "stripe_account_id": account_id})).status == 200


async def test_the_scope_account_opens_nothing_else(office: BackOffice) -> None:
    by_account = await office.with_scopes(Scope.ACCOUNT)
    for path in ("/shows", "/branding"):
        (await by_account.get(path)).refused(403, "forbidden")
