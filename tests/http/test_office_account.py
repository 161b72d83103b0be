"""The office's pages about the account: payouts, fees and tax, branding, and tokens for programs."""

from __future__ import annotations

import html
import io
import re
from dataclasses import replace
from uuid import uuid4

import pytest
from PIL import Image

from domain.catalog import Producer, ProducerFinancial
from domain.people import Role
from tests.http.conftest import Hire
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice
from tests.support.factories import ticket
from tests.support.staff import Page, Staff

ACCOUNT = {"name": "Lantern Theatre", "email": "hello@lantern-theatre.example", "fees": "producer", "tax": "inclusive"}
PAGES = ["/office/account", "/office/account/stripe", "/office/branding", "/office/tokens"]


async def stored(office: BackOffice) -> Producer:
    async with office.container.database()() as uow:
        producer = await uow.producers.get(office.producer.id)
    assert producer is not None
    return producer


def errors(page: Page) -> dict[str, str]:
    """What is wrong, by field."""
    found = re.findall(r'class="error" id="(\w+)-error">([^<]*)<', page.html)
    return {name: html.unescape(words) for name, words in found}


def png(size: tuple[int, int] = (240, 80)) -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", size, "teal").save(picture, "PNG")
    return picture.getvalue()


class TestAccount:
    async def test_is_shown_and_changed(self, owner: Staff, office: BackOffice) -> None:
        page = await owner.get("/office/account")
        assert (page.status, office.producer.name in page.text) == (200, True)
        assert "$1.50 for each ticket that is not free, and 2.9 % + $0.30 of each order" in page.text
        assert str(office.producer.financial.stripe_account_id) in page.text

        done = await owner.post("/office/account", ACCOUNT)

        assert done.location == "/office/account?done=account-changed"
        changed = await stored(office)
        assert (changed.name, changed.email, changed.fees, changed.tax) == (*ACCOUNT.values(),)
        assert changed.financial.stripe_account_id == office.producer.financial.stripe_account_id
        shown = await owner.get(done.location)
        assert "The account was changed" in shown.text
        assert 'value="Lantern Theatre"' in shown.html
        (entry,) = [each for each in await office.audit_log() if each["action"] == "account.changed"]
        assert (entry["actor"], entry["after"]["name"]) == ("Kim Park", "Lantern Theatre")

    async def test_same_form_twice_is_one_change(self, owner: Staff, office: BackOffice) -> None:
        for _ in range(2):
            assert (await owner.post("/office/account", ACCOUNT)).status == 303
        assert len([each for each in await office.audit_log() if each["action"] == "account.changed"]) == 1

    @pytest.mark.parametrize(
        ("field", "value"), [("name", " "), ("email", "nonsense"), ("fees", "nobody"), ("tax", ""), ("name", "x" * 300)]
    )
    async def test_wrong_fields_keep_what_was_typed(
        self, owner: Staff, office: BackOffice, field: str, value: str
    ) -> None:
        refused = await owner.post("/office/account", {**ACCOUNT, field: value})
        assert refused.status == 400
        assert list(errors(refused)) == [field]
        assert f'href="#{field}"' in refused.html
        if field != "email":
            assert 'value="hello@lantern-theatre.example"' in refused.html
        assert (await stored(office)).name == office.producer.name


class TestPayouts:
    async def test_onboarding_leads_to_stripe_and_back(
        self, owner: Staff, office: BackOffice, box_office: BoxOffice
    ) -> None:
        async with office.container.database()() as uow:
            await uow.producers.save(replace(office.producer, financial=ProducerFinancial()))
            await uow.commit()
        assert "Set up payouts at Stripe" in (await owner.get("/office/account")).text

        leads = await owner.post("/office/account/onboarding")

        url = leads.headers["Refresh"].partition("url=")[2]
        assert (leads.status, f'href="{url}"' in leads.html) == (200, True)
        assert "Go on at Stripe" in (await owner.get("/office/account")).text
        back = await box_office.post(url, data={"outcome": "complete"})
        assert back.location.endswith("/office/account?done=back-from-stripe")
        shown = await owner.get("/office/account?done=back-from-stripe")
        assert "Welcome back" in shown.text
        assert "Buyers can pay, and Stripe pays you out" in shown.text

    async def test_another_stripe_account_needs_a_confirmation(self, owner: Staff, office: BackOffice) -> None:
        page = await owner.get("/office/account/stripe")
        before = str(office.producer.financial.stripe_account_id)
        assert f'value="{before}"' in page.html
        other = f"acct_{uuid4().hex}"

        unsure = await owner.post("/office/account/stripe", stripe_account_id=other)
        assert (unsure.status, list(errors(unsure))) == (400, ["sure"])
        assert (await stored(office)).financial.stripe_account_id == before

        removed = await owner.post("/office/account/stripe", stripe_account_id="", sure="on")
        assert removed.location == "/office/account?done=stripe-removed"
        assert (await stored(office)).financial.stripe_account_id is None
        assert "Not set up yet" in (await owner.get("/office/account")).text


class TestBranding:
    async def test_colour_and_sites_are_set(self, owner: Staff, office: BackOffice) -> None:
        fields = {"colour": "#0b6e4f", "sites": "https://theatre.example\n\nhttps://www.theatre.example/"}
        assert (await owner.post("/office/branding", fields)).location == "/office/branding?done=branding-changed"
        branding = (await stored(office)).branding
        assert branding.colour == "#0b6e4f"
        assert branding.widget_origins == ("https://theatre.example", "https://www.theatre.example")
        assert "/brand/0b6e4f.css" in (await owner.get("/office/branding")).html
        await owner.post("/office/branding", {**fields, "default": "on"})
        assert (await stored(office)).branding.colour is None

    async def test_colour_is_tried_without_a_change(self, owner: Staff, office: BackOffice) -> None:
        tried = await owner.post("/office/branding", {"colour": "#0b6e4f", "sites": "", "try": "yes"})
        assert (tried.status, "/brand/0b6e4f.css" in tried.html) == (200, True)
        assert "nothing is saved yet" in tried.text
        assert 'value="#0b6e4f"' in tried.html
        assert (await stored(office)).branding == office.producer.branding

    @pytest.mark.parametrize(
        ("fields", "wrong"),
        [
            ({"colour": "red", "sites": ""}, "colour"),
            ({"colour": "red", "sites": "", "try": "yes"}, "colour"),
            ({"colour": "#0b6e4f", "sites": "theatre"}, "sites"),
        ],
    )
    async def test_wrong_fields_are_named(
        self, owner: Staff, office: BackOffice, fields: dict[str, str], wrong: str
    ) -> None:
        refused = await owner.post("/office/branding", fields)
        assert (refused.status, list(errors(refused))) == (400, [wrong])
        assert (await stored(office)).branding == office.producer.branding

    async def test_logo_is_put_up_and_taken_away(self, owner: Staff, office: BackOffice) -> None:
        none = await owner.post("/office/branding/logo")
        assert (none.status, list(errors(none))) == (400, ["picture"])
        text = await owner.post_file("/office/branding/logo", "picture", b"no picture")
        assert (text.status, list(errors(text))) == (400, ["picture"])
        put = await owner.post_file("/office/branding/logo", "picture", png(), "logo.png")
        assert put.location == "/office/branding?done=logo-changed"
        logo = (await stored(office)).branding.logo
        assert logo is not None
        assert f"/pictures/{logo.name}" in (await owner.get("/office/branding")).html
        assert (await owner.post("/office/branding/logo", remove="yes")).location.endswith("logo-removed")
        assert (await stored(office)).branding.logo is None

    async def test_managers_may_dress_pages_but_not_move_money(self, hire: Hire) -> None:
        manager = await hire(Role.MANAGER)
        assert (await manager.post("/office/branding", {"colour": "#0b6e4f", "sites": ""})).status == 303
        page = await manager.get("/office/branding")
        assert "/office/branding" in page.html
        assert 'href="/office/account"' not in page.html


class TestTokens:
    async def issue(self, owner: Staff, **fields: str) -> Page:
        page = await owner.get("/office/tokens")
        (key,) = re.findall(r'name="key" value="([^"]+)"', page.html)
        return await owner.post("/office/tokens", {"key": key, "name": "Website", "scopes": ["catalog"], **fields})

    async def test_secret_is_shown_once_and_works(
        self, owner: Staff, office: BackOffice, box_office: BoxOffice
    ) -> None:
        await box_office.put_on_sale(ticket(), by=office.producer)
        issued = await self.issue(owner)
        assert issued.status == 200
        assert issued.headers["Cache-Control"] == "private, no-store"
        (secret,) = re.findall(r"<code>(pqt_[\w-]{43})</code>", issued.html)
        program = office.with_secret(secret)
        assert (await program.get("/shows")).status == 200
        (await program.get("/checkin/keys")).refused(403, "forbidden")
        later = await owner.get("/office/tokens")
        assert "Website" in later.text
        assert secret not in later.html
        (entry,) = [e for e in await office.audit_log() if e["action"] == "token.issued" and e["actor"] == "Kim Park"]
        assert entry["after"]["scopes"] == ["catalog"]

    async def test_same_form_twice_makes_one_token(self, owner: Staff, office: BackOffice) -> None:
        key = str(uuid4())
        fields = {"key": key, "name": "Twice", "scopes": "catalog"}
        assert (await owner.post("/office/tokens", fields)).status == 200
        again = await owner.post("/office/tokens", fields)
        assert (again.status, "was made already" in again.text) == (409, True)
        assert (await owner.get("/office/tokens")).html.count("<bdi>Twice</bdi><br>") == 1

    async def test_token_without_name_or_scope_is_refused(self, owner: Staff) -> None:
        refused = await self.issue(owner, name=" ", scopes="platform")
        assert (refused.status, list(errors(refused))) == (400, ["name", "scopes"])

    async def test_revoked_token_opens_nothing(self, owner: Staff, office: BackOffice) -> None:
        assert office.token_id is not None
        path = f"/office/tokens/{office.token_id}/revoke"
        assert "refused at once" in (await owner.get(path)).text
        assert (await owner.post(path)).location == "/office/tokens?done=token-revoked"
        (await office.get("/shows")).refused(401, "unauthorized")
        assert "Revoked" in (await owner.get("/office/tokens")).text
        assert (await owner.get(path)).status == 404
        assert (await owner.post(path)).status == 303

    async def test_tokens_of_others_do_not_exist(self, stranger: Staff, office: BackOffice) -> None:
        path = f"/office/tokens/{office.token_id}/revoke"
        assert (await stranger.get(path)).status == 404
        assert (await stranger.post(path)).status == 404
        assert (await office.get("/shows")).status == 200
        assert str(office.token_id) not in (await stranger.get("/office/tokens")).html


@pytest.mark.parametrize("role", [Role.MANAGER, Role.BOX_OFFICE, Role.DOOR, Role.VIEWER])
async def test_pages_are_for_those_who_have_the_right(hire: Hire, office: BackOffice, role: Role) -> None:
    someone = await hire(role)
    for path in PAGES:
        allowed = path == "/office/branding" and role is Role.MANAGER
        assert (await someone.get(path)).status == (200 if allowed else 403)
    for path in ("/office/account", "/office/account/stripe", "/office/account/onboarding", "/office/tokens"):
        assert (await someone.post(path, {"name": "x", "sure": "on", "scopes": "catalog"})).status == 403
    assert await stored(office) == office.producer


@pytest.mark.parametrize(
    "path", ["/office/account", "/office/account/onboarding", "/office/branding", "/office/tokens"]
)
async def test_forms_without_the_browsers_token_are_refused(owner: Staff, office: BackOffice, path: str) -> None:
    refused = await owner.request("POST", path, data={**ACCOUNT, "colour": "#0b6e4f", "scopes": "catalog"})
    assert refused.status == 403
    assert await stored(office) == office.producer
