"""A person's own page: name, sessions and passkeys."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from demo.mail_catcher.catcher import MailCatcher
from domain.people import MAX_PASSKEYS, Passkey, Role
from entrypoints.settings import Settings
from tests.http.conftest import Hire
from tests.support.authenticator import Authenticator, encoded
from tests.support.back_office import BackOffice
from tests.support.mails import unwrapped
from tests.support.server import Service
from tests.support.staff import Page, Staff, Visitor, session_of

pytestmark = pytest.mark.p2


@pytest.fixture
def device(settings: Settings) -> Authenticator:
    return Authenticator(origin=settings.public_url, host="127.0.0.1")


async def asked(who: Visitor, path: str) -> dict[str, Any]:
    """What the browser is asked."""
    answer = await who.post(path)
    assert answer.status == 200, answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    return answer.body


async def make(who: Staff, device: Authenticator, name: str = "Phone") -> Page:
    wanted = await asked(who, "/office/me/passkeys/options")
    answer = device.register(wanted["options"])
    return await who.post("/office/me/passkeys", ceremony=wanted["ceremony"], answer=answer, passkey_name=name)


async def sign_in(visitor: Visitor, device: Authenticator) -> Page:
    wanted = await asked(visitor, "/office/sign-in/passkey/options")
    return await send(visitor, wanted["ceremony"], device.sign_in(wanted["options"]))


async def send(visitor: Visitor, ceremony: str, answer: str) -> Page:
    return await visitor.post("/office/sign-in/passkey", ceremony=ceremony, answer=answer, next="/office/me")


@pytest.fixture
async def passkey(owner: Staff, device: Authenticator) -> Authenticator:
    """The owner's device, which has a passkey."""
    assert (await make(owner, device)).location == "/office/me?done=passkey-added"
    return device


async def passkeys_of(service: Service, who: Staff) -> list[Passkey]:
    async with service.container.database()() as uow:
        return await uow.passkeys.of_person(who.person.id)


async def test_the_name_is_changed(owner: Staff) -> None:
    assert (await owner.post("/office/me/name", name="  Kim   Lee ")).location == "/office/me?done=name-changed"
    page = await owner.get("/office/me?done=name-changed")
    assert "Kim Lee" in page.text
    assert "Your name is changed." in page.text


async def test_a_mail_says_that_a_passkey_was_made(owner: Staff, passkey: Authenticator, mailbox: MailCatcher) -> None:
    (mail,) = await mailbox.wait_for(1, to=owner.person.email, timeout_seconds=60)
    assert mail.subject == "A new passkey for the office"
    assert "the passkey “Phone” was made for you" in unwrapped(mail)
    assert "/office/me" in mail.text


async def test_a_name_that_is_none_is_refused_beside_its_field(owner: Staff) -> None:
    page = await owner.post("/office/me/name", name="www.evil.example")
    assert page.status == 400
    assert 'id="name-error"' in page.html
    assert 'value="www.evil.example"' in page.html


async def test_sessions_are_listed_with_their_devices(owner: Staff, service: Service) -> None:
    await session_of(service.container, owner.person, owner.producer)
    page = await owner.get("/office/me")
    assert page.text.count("Firefox") >= 2
    assert page.html.count('<span class="tag">This browser</span>') == 1


async def test_one_session_is_ended(owner: Staff, service: Service, stranger: Staff) -> None:
    other = await session_of(service.container, owner.person, owner.producer)
    elsewhere = Visitor(client=service.client, cookies={"office": other.secret})
    assert (await stranger.post(f"/office/me/sessions/{other.session.id}/end")).status == 404
    assert (await elsewhere.get("/office")).status == 200

    assert (await owner.post(f"/office/me/sessions/{other.session.id}/end")).location == "/office/me?done=session-ended"
    assert (await elsewhere.get("/office")).status == 303
    assert (await owner.get("/office")).status == 200
    assert (await owner.post(f"/office/me/sessions/{other.session.id}/end")).status == 404


async def test_the_own_session_is_ended_as_by_signing_out(owner: Staff) -> None:
    answer = await owner.post(f"/office/me/sessions/{owner.session_id}/end")
    assert (answer.location, "office" in owner.cookies) == ("/office/sign-in", False)


async def test_signing_out_everywhere_leaves_no_way_in(owner: Staff, service: Service, office: BackOffice) -> None:
    other = await session_of(service.container, owner.person, owner.producer)
    url = await service.container.hand_out_link()(office.producer.id, owner.person.email, at_once=True)
    secret = owner.cookies["office"]
    assert (await owner.post("/office/me/sign-out-everywhere")).location == "/office/sign-in"
    for cookie in (secret, other.secret):
        assert (await Visitor(client=service.client, cookies={"office": cookie}).get("/office")).status == 303
    link = "/office" + url.partition("/office")[2]
    assert (await Visitor(client=service.client).get(link)).status == 409


async def test_a_passkey_signs_in_without_an_address(passkey: Authenticator, visitor: Visitor) -> None:
    answer = await sign_in(visitor, passkey)
    assert (answer.status, answer.location) == (303, "/office/me")
    page = await visitor.get("/office/me")
    assert "by passkey" in page.text
    assert "used just now" in page.text


async def test_an_answer_signs_in_once(passkey: Authenticator, visitor: Visitor, service: Service) -> None:
    wanted = await asked(visitor, "/office/sign-in/passkey/options")
    answer = passkey.sign_in(wanted["options"])
    assert (await send(visitor, wanted["ceremony"], answer)).status == 303
    thief = Visitor(client=service.client)
    again = await send(thief, wanted["ceremony"], answer)
    assert (again.status, "office" in thief.cookies) == (409, False)
    # Nor does it answer another challenge.
    other = await asked(thief, "/office/sign-in/passkey/options")
    assert (await send(thief, other["ceremony"], answer)).status == 409


async def test_a_count_that_does_not_grow_does_not_sign_in(
    passkey: Authenticator, visitor: Visitor, service: Service, owner: Staff
) -> None:
    passkey.count = 5
    assert (await sign_in(visitor, passkey)).status == 303
    copy = replace(passkey, count=5)
    for count in (5, 4, 0):
        copy.count = count
        refused = await sign_in(Visitor(client=service.client), copy)
        assert refused.status == 409
        assert "sign in by mail, and make another passkey" in refused.text
    passkey.count = 6
    assert (await sign_in(Visitor(client=service.client), passkey)).status == 303
    assert [each.sign_count for each in await passkeys_of(service, owner)] == [6]


async def test_a_synced_passkey_counts_nothing(passkey: Authenticator, service: Service) -> None:
    for _ in range(2):
        assert (await sign_in(Visitor(client=service.client), passkey)).status == 303


async def test_who_is_not_verified_by_the_device_does_not_get_in(passkey: Authenticator, visitor: Visitor) -> None:
    assert (await sign_in(visitor, replace(passkey, verifies=False))).status == 409


@pytest.mark.parametrize("change", [{"origin": "https://evil.example"}, {"host": "evil.example"}])
async def test_an_answer_for_another_site_does_not_sign_in(
    passkey: Authenticator, visitor: Visitor, change: dict[str, str]
) -> None:
    assert (await sign_in(visitor, replace(passkey, **change))).status == 409  # type: ignore[arg-type]


async def test_a_signature_of_another_key_does_not_sign_in(passkey: Authenticator, visitor: Visitor) -> None:
    forger = Authenticator(origin=passkey.origin, host=passkey.host, credential_id=passkey.credential_id)
    assert (await sign_in(visitor, forger)).status == 409


@pytest.mark.parametrize(
    "answer", ["", "{", "[]", "null", '{"id": 1}', '{"id": "AAAA"}', '{"id": "é", "rawId": "x"}', "[" * 2000]
)
async def test_nonsense_does_not_sign_in(visitor: Visitor, passkey: Authenticator, answer: str) -> None:
    wanted = await asked(visitor, "/office/sign-in/passkey/options")
    assert (await send(visitor, wanted["ceremony"], answer)).status == 409
    wanted = await asked(visitor, "/office/sign-in/passkey/options")
    broken = json.loads(passkey.sign_in(wanted["options"]))
    broken["response"]["signature"] = encoded(b"nonsense")
    assert (await send(visitor, wanted["ceremony"], json.dumps(broken))).status == 409


@pytest.mark.parametrize("attestation", [b"", b"nonsense", bytes(40), b"\x9f" * 3000, b"\xbf\x00"])
async def test_nonsense_makes_no_passkey(
    owner: Staff, device: Authenticator, service: Service, attestation: bytes
) -> None:
    wanted = await asked(owner, "/office/me/passkeys/options")
    broken = json.loads(device.register(wanted["options"]))
    broken["response"]["attestationObject"] = encoded(attestation)
    fields = {"ceremony": wanted["ceremony"], "answer": json.dumps(broken), "passkey_name": "Phone"}
    assert (await owner.post("/office/me/passkeys", fields)).status == 409
    assert await passkeys_of(service, owner) == []


@pytest.mark.parametrize("ceremony", ["", "nonsense", str(UUID(int=1))])
async def test_an_unknown_ceremony_is_refused(visitor: Visitor, passkey: Authenticator, ceremony: str) -> None:
    wanted = await asked(visitor, "/office/sign-in/passkey/options")
    assert (await send(visitor, ceremony, passkey.sign_in(wanted["options"]))).status == 409


async def test_an_answer_to_make_a_passkey_signs_no_one_in(
    owner: Staff, device: Authenticator, visitor: Visitor
) -> None:
    wanted = await asked(owner, "/office/me/passkeys/options")
    assert (await send(visitor, wanted["ceremony"], device.sign_in(wanted["options"]))).status == 409


async def test_a_passkey_is_made_by_the_person_who_was_asked(
    owner: Staff, hire: Hire, device: Authenticator, service: Service
) -> None:
    other = await hire(Role.DOOR)
    wanted = await asked(owner, "/office/me/passkeys/options")
    answer = device.register(wanted["options"])
    refused = await other.post(
        "/office/me/passkeys", ceremony=wanted["ceremony"], answer=answer, passkey_name="Mine now"
    )
    assert refused.status == 409
    assert await passkeys_of(service, other) == []


async def test_a_device_that_verifies_no_one_makes_no_passkey(
    owner: Staff, device: Authenticator, service: Service
) -> None:
    assert (await make(owner, replace(device, verifies=False))).status == 409
    assert await passkeys_of(service, owner) == []


async def test_one_credential_is_not_kept_twice(passkey: Authenticator, hire: Hire) -> None:
    assert (await make(await hire(Role.DOOR), passkey)).status == 409


async def test_a_passkey_needs_a_name(owner: Staff, device: Authenticator) -> None:
    page = await make(owner, device, name=" ")
    assert page.status == 400
    assert 'id="passkey_name-error"' in page.html


async def test_the_browser_is_told_which_passkeys_are_known(owner: Staff, passkey: Authenticator) -> None:
    wanted = (await asked(owner, "/office/me/passkeys/options"))["options"]
    assert [each["id"] for each in wanted["excludeCredentials"]] == [encoded(passkey.credential_id)]
    assert wanted["authenticatorSelection"]["residentKey"] == "required"
    assert wanted["authenticatorSelection"]["userVerification"] == "required"


async def test_no_one_has_endless_passkeys(owner: Staff, service: Service) -> None:
    async with service.container.database()() as uow:
        for number in range(MAX_PASSKEYS):
            await uow.passkeys.add(
                Passkey(
                    id=uuid4(),
                    person_id=owner.person.id,
                    credential_id=uuid4().bytes,
                    public_key=b"",
                    sign_count=0,
                    name=f"Key {number}",
                    created_at=service.container.clock().now(),
                )
            )
        await uow.commit()
    assert (await owner.post("/office/me/passkeys/options")).status == 409


async def test_passkeys_are_renamed_and_removed(
    owner: Staff, passkey: Authenticator, service: Service, stranger: Staff
) -> None:
    [stored] = await passkeys_of(service, owner)
    path = f"/office/me/passkeys/{stored.id}"
    for answer in (
        await stranger.post(f"{path}/name", {f"name-{stored.id}": "Mine"}),
        await stranger.post(f"{path}/remove"),
    ):
        assert answer.status == 404

    assert (await owner.post(f"{path}/name", {f"name-{stored.id}": "Laptop"})).status == 303
    assert "Laptop" in (await owner.get("/office/me")).text
    refused = await owner.post(f"{path}/name", {f"name-{stored.id}": "x" * 61})
    assert (refused.status, f'id="name-{stored.id}-error"' in refused.html) == (400, True)

    assert (await owner.post(f"{path}/remove")).location == "/office/me?done=passkey-removed"
    gone = await sign_in(Visitor(client=service.client), passkey)
    assert (gone.status, "not known here any more" in gone.text) == (409, True)


async def test_a_page_shows_no_secret(owner: Staff, passkey: Authenticator) -> None:
    page = await owner.get("/office/me")
    assert owner.cookies["office"] not in page.html
    assert not re.search(encoded(passkey.credential_id), page.html)
