"""The way into the office: links, sessions, and the way out."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import pytest

from demo.mail_catcher.catcher import MailCatcher
from domain.access import hash_secret
from domain.people import SESSION_IDLE, SESSION_MOST, Membership, Role
from entrypoints.container import Container
from entrypoints.logs import JsonLines
from entrypoints.settings import Settings
from tests.http.conftest import Hire
from tests.support.back_office import BackOffice
from tests.support.server import Service, running
from tests.support.staff import Page, Staff, Visitor, employ

pytestmark = pytest.mark.p2

#: What an address that is no one's, and one that is, are answered alike.
SENT = (303, "/office/sign-in?sent=true")


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


async def mailed_link(mailbox: MailCatcher, address: str, count: int = 1) -> str:
    """The path of the newest link that was mailed to this address."""
    mail = (await mailbox.wait_for(count, to=address, timeout_seconds=60))[-1]
    found = re.search(r"https?://\S+/office/sign-in/link\?token=\S+", mail.text)
    assert found, mail.text
    assert found[0] in mail.html.replace("&amp;", "&")
    return path_of(found[0])


async def ask(visitor: Visitor, email: str, next_page: str = "") -> Page:
    return await visitor.post("/office/sign-in", email=email, next=next_page)


@pytest.fixture
async def member(service: Service, office: BackOffice) -> str:
    """The address of a member who is not signed in."""
    person = await employ(service.container, office.producer, Role.MANAGER, name="Ada Lovelace")
    return person.email


async def test_who_is_not_signed_in_is_led_to_the_sign_in_and_back(
    visitor: Visitor, member: str, mailbox: MailCatcher
) -> None:
    answer = await visitor.get("/office/me?done=name-changed")
    assert (answer.status, answer.location) == (303, "/office/sign-in?next=/office/me%3Fdone%3Dname-changed")

    page = await visitor.get(answer.location)
    assert 'name="next" value="/office/me?done=name-changed"' in page.html
    await ask(visitor, member, next_page="/office/me?done=name-changed")
    inside = await visitor.get(await mailed_link(mailbox, member))
    assert (inside.status, inside.location) == (303, "/office/me?done=name-changed")
    assert "Ada Lovelace" in (await visitor.get(inside.location)).text


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example", "//evil.example", "/office//evil.example", "/office/../evil", "/officeevil", "/\\evil"],
)
async def test_no_address_leads_out_of_the_office(visitor: Visitor, elsewhere: str) -> None:
    page = await visitor.get("/office/sign-in", params={"next": elsewhere})
    assert "evil" not in page.html
    assert 'name="next" value=""' in page.html


async def test_a_form_without_a_session_is_refused(visitor: Visitor) -> None:
    answer = await visitor.post("/office/me/name", name="Eve")
    assert answer.status == 401
    assert "Please sign in" in answer.text


async def test_asking_tells_nothing_of_an_address(visitor: Visitor, member: str, mailbox: MailCatcher) -> None:
    known, unknown = await ask(visitor, member), await ask(visitor, "no-one@globe.example")
    assert (known.status, known.location) == (unknown.status, unknown.location) == SENT
    names = {name for name in known.headers if name not in ("X-Request-ID", "Date")}
    assert names == {name for name in unknown.headers if name not in ("X-Request-ID", "Date")}
    await mailed_link(mailbox, member)
    assert not [mail for mail in mailbox.mails if mail.envelope_to == ("no-one@globe.example",)]


async def test_a_person_without_a_team_gets_no_mail(
    visitor: Visitor, member: str, mailbox: MailCatcher, service: Service, office: BackOffice
) -> None:
    async with service.container.database()() as uow:
        person = await uow.people.with_address(member)
        assert person
        await uow.people.leave(person.id, office.producer.id)
        await uow.commit()
    assert (await ask(visitor, member)).location == SENT[1]
    async with service.container.database()() as uow:
        await uow.people.put(Membership(person.id, office.producer.id, Role.DOOR))
        await uow.commit()
    await ask(visitor, member)
    await mailed_link(mailbox, member)
    assert len(await mailbox.wait_for(1, to=member)) == 1


async def test_a_wrong_address_is_named_beside_its_field(visitor: Visitor) -> None:
    page = await ask(visitor, "kim@")
    assert page.status == 400
    assert 'id="email-error"' in page.html
    assert 'value="kim@"' in page.html


async def test_a_mailed_link_works_once_and_only_in_the_browser_that_asked(
    visitor: Visitor, member: str, mailbox: MailCatcher, service: Service
) -> None:
    await ask(visitor, member)
    link = await mailed_link(mailbox, member)

    other = Visitor(client=service.client)
    assert "the other browser" in (await other.get(link)).text
    await ask(other, "no-one@globe.example")
    refused = await other.get(link)
    assert (refused.status, "office" in other.cookies) == (409, False)

    assert (await visitor.get(link)).location == "/office"
    assert "Ada Lovelace" in (await visitor.get("/office")).text
    assert "does not work any more" in (await visitor.get(link)).text


async def test_two_links_that_one_browser_asked_for_both_work(
    visitor: Visitor, member: str, mailbox: MailCatcher
) -> None:
    await ask(visitor, member)
    first = await mailed_link(mailbox, member)
    await ask(visitor, member)
    await mailed_link(mailbox, member, count=2)
    assert (await visitor.get(first)).status == 303


async def test_a_link_is_good_for_fifteen_minutes(
    visitor: Visitor, member: str, mailbox: MailCatcher, service: Service
) -> None:
    await ask(visitor, member)
    link = await mailed_link(mailbox, member)
    token = link.partition("token=")[2]
    link_id = service.container.office_links().tokens.opened("sign-in", token)
    assert link_id
    async with service.container.database()() as uow:
        stored = await uow.sign_in_links.get(link_id)
        assert stored
        assert stored.expires_at - stored.created_at == timedelta(minutes=15)
        await uow.sign_in_links.take(link_id)
        await uow.sign_in_links.add(replace(stored, expires_at=stored.created_at))
        await uow.commit()
    assert (await visitor.get(link)).status == 409


@pytest.mark.parametrize("token", ["", "nonsense", "é", "A" * 64, "AAAA="])
async def test_a_made_up_link_is_useless(visitor: Visitor, token: str) -> None:
    assert (await visitor.get("/office/sign-in/link", params={"token": token})).status == 409
    assert (await visitor.post("/office/sign-in/link", token=token)).status == 409


async def test_a_token_of_an_invitation_is_no_link_to_sign_in(service: Service, visitor: Visitor) -> None:
    tokens = service.container.office_links().tokens
    token = tokens.token("invitation", UUID(int=1))
    assert tokens.opened("sign-in", token) is None
    assert tokens.opened("invitation", token) == UUID(int=1)


async def test_a_handed_link_signs_in_once_in_any_browser(service: Service, office: BackOffice) -> None:
    url = await service.container.hand_out_link()(office.producer.id, "olivia@globe.example", name="Olivia")
    browser = Visitor(client=service.client)
    page = await browser.get(path_of(url))
    assert (page.status, "Olivia" in page.text) == (200, True)

    token = urlsplit(url).query.removeprefix("token=")
    answer = await browser.post("/office/sign-in/link", token=token)
    assert (answer.status, answer.location) == (303, "/office")
    assert "Olivia" in (await browser.get("/office")).text

    another = Visitor(client=service.client)
    assert (await another.get(path_of(url))).status == 409
    assert (await another.post("/office/sign-in/link", token=token)).status == 409


async def test_a_program_that_opens_a_handed_link_does_not_use_it_up(service: Service, office: BackOffice) -> None:
    url = await service.container.hand_out_link()(office.producer.id, "olga@globe.example")
    for _ in range(2):
        scanner = Visitor(client=service.client)
        assert (await scanner.get(path_of(url))).status == 200
        assert "office" not in scanner.cookies
    token = urlsplit(url).query.removeprefix("token=")
    assert (await Visitor(client=service.client).post("/office/sign-in/link", token=token)).status == 303


async def test_the_link_of_the_demo_signs_in_when_it_is_opened(
    service: Service, office: BackOffice, visitor: Visitor
) -> None:
    url = await service.container.hand_out_link()(office.producer.id, "owen@globe.example", at_once=True)
    assert (await visitor.get(path_of(url))).status == 303
    assert (await visitor.get("/office")).status == 200


async def test_signing_in_makes_a_new_session_and_ends_the_one_before(
    owner: Staff, service: Service, office: BackOffice
) -> None:
    """A session that someone else put into the browser never becomes the victim's."""
    planted = owner.cookies["office"]
    url = await service.container.hand_out_link()(office.producer.id, "vera@globe.example", at_once=True)
    victim = Visitor(client=service.client, cookies={"office": planted})
    await victim.get(path_of(url))
    assert victim.cookies["office"] != planted
    assert (await owner.get("/office")).status == 303


async def test_a_made_up_session_is_none(visitor: Visitor) -> None:
    visitor.cookies["office"] = "a-session-that-i-chose"
    assert (await visitor.get("/office")).status == 303


async def test_the_session_is_stored_as_a_hash(owner: Staff, service: Service) -> None:
    secret = owner.cookies["office"]
    async with service.container.database()() as uow:
        found = await uow.office_sessions.with_hash(hash_secret(secret))
    assert found
    assert found[0].secret_hash != secret.encode()
    assert secret not in repr(found)


async def test_the_cookie_is_kept_from_scripts_and_other_sites(
    service: Service, office: BackOffice, visitor: Visitor
) -> None:
    url = await service.container.hand_out_link()(office.producer.id, "cora@globe.example", at_once=True)
    answer = await visitor.get(path_of(url))
    (cookie,) = [each for each in answer.headers.getall("Set-Cookie") if each.startswith("office=")]  # type: ignore[attr-defined]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert "Max-Age=1209600" in cookie


async def test_over_tls_no_other_host_can_set_the_cookie(settings: Settings, office: BackOffice) -> None:
    secure = msgspec.structs.replace(settings, public_url="https://tickets.example.org")
    async with running(secure) as service:
        url = await service.container.hand_out_link()(office.producer.id, "tess@globe.example", at_once=True)
        async with service.client.get(path_of(url), allow_redirects=False) as answer:
            (cookie,) = [each for each in answer.headers.getall("Set-Cookie") if "office=" in each]
    assert cookie.startswith("__Host-office=")
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Secure"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


@pytest.mark.parametrize("passed", [SESSION_IDLE, SESSION_MOST])
async def test_a_session_ends_by_itself(owner: Staff, service: Service, passed: timedelta) -> None:
    async with service.container.database()() as uow:
        found = await uow.office_sessions.with_hash(hash_secret(owner.cookies["office"]))
        assert found
        await uow.office_sessions.end(found[0].id, person_id=owner.person.id)
        seen = found[0].last_seen_at - (passed if passed == SESSION_IDLE else timedelta(0))
        await uow.office_sessions.add(replace(found[0], created_at=found[0].created_at - passed, last_seen_at=seen))
        await uow.commit()
    assert (await owner.get("/office")).status == 303


async def test_signing_out_ends_the_session(owner: Staff) -> None:
    secret = owner.cookies["office"]
    answer = await owner.post("/office/sign-out")
    assert (answer.status, answer.location) == (303, "/office/sign-in")
    assert "office" not in owner.cookies
    owner.cookies["office"] = secret
    assert (await owner.get("/office")).status == 303


async def test_a_person_with_several_producers_chooses_and_can_switch(
    service: Service, office: BackOffice, other_office: BackOffice, visitor: Visitor
) -> None:
    container = service.container
    email = (await employ(container, office.producer, Role.VIEWER, name="Kim")).email
    await employ(container, other_office.producer, Role.OWNER, email=email)
    url = await container.hand_out_link()(other_office.producer.id, email, at_once=True)

    page = await visitor.follow(path_of(url))
    assert "For whom do you work now?" in page.text
    assert (await visitor.get("/office/team")).location == "/office/choose?next=/office/team"
    chosen = await visitor.post("/office/choose", producer=str(other_office.producer.id), next="/office/team")
    assert chosen.location == "/office/team"
    assert (await visitor.get("/office/team")).status == 200

    await visitor.post("/office/choose", producer=str(office.producer.id))
    assert (await visitor.get("/office/team")).status == 403


async def test_no_one_chooses_a_producer_that_they_do_not_work_for(owner: Staff, stranger: Staff) -> None:
    for producer_id in (str(stranger.producer.id), "nonsense", ""):
        assert (await owner.post("/office/choose", producer=producer_id)).status == 404
    assert (await owner.get("/office/team")).status == 200


async def test_the_door_lands_on_the_own_page(hire: Hire) -> None:
    door = await hire(Role.DOOR)
    answer = await door.get("/office")
    assert (answer.status, answer.location) == (303, "/office/me")
    assert (await door.get("/office/me")).status == 200


async def test_links_are_limited_by_address_and_by_client(settings: Settings, office: BackOffice) -> None:
    limited = msgspec.structs.replace(settings, sign_in_rate_limit="2/hour", lookup_rate_limit="4/hour")
    async with running(limited) as service:
        visitor = Visitor(client=service.client)
        answers = [(await ask(visitor, "a-limited@globe.example")).status for _ in range(3)]
        assert answers == [303, 303, 429]
        assert [(await ask(visitor, f"{name}-limited@globe.example")).status for name in "bc"] == [303, 429]


async def test_pages_are_stored_nowhere_and_their_addresses_passed_on_to_no_one(
    owner: Staff, service: Service, office: BackOffice
) -> None:
    url = await service.container.hand_out_link()(office.producer.id, "nora@globe.example")
    for page in (await owner.get("/office"), await owner.get("/office/me"), await owner.get(path_of(url))):
        assert page.status == 200
        assert "no-store" in page.headers["Cache-Control"]
        assert page.headers["Referrer-Policy"] == "no-referrer"


async def test_nothing_secret_is_logged(
    visitor: Visitor, member: str, mailbox: MailCatcher, shared_log: pytest.LogCaptureFixture
) -> None:
    with shared_log.at_level(logging.INFO):
        await ask(visitor, member)
        link = await mailed_link(mailbox, member)
        await visitor.get(link)
    # The tests' mail server writes down what it gets.
    ours = [record for record in shared_log.records if not record.name.startswith("mail")]
    written = "\n".join(JsonLines().format(record) for record in ours)
    for secret in (visitor.cookies["office"], link.partition("token=")[2], member):
        assert secret not in written


async def test_a_sign_in_works_behind_another_secret_that_was_changed(settings: Settings, office: BackOffice) -> None:
    before = Container(settings=settings)
    token = before.office_links().tokens.token("sign-in", UUID(int=7))
    keys = f"another secret that is long enough too,{settings.secret_key}"
    changed = msgspec.structs.replace(settings, secret_key=keys)
    after = Container(settings=changed)
    assert after.office_links().tokens.opened("sign-in", token) == UUID(int=7)
