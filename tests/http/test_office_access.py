"""Who may do what in the office: every address, every role, every form."""

from __future__ import annotations

from uuid import uuid4

import pytest

from domain.people import RIGHTS, Right, Role
from entrypoints.office.access import EVERY_MEMBER, PUBLIC, SIGNED_IN
from entrypoints.settings import Settings
from tests.http.conftest import Hire
from tests.support.back_office import BackOffice
from tests.support.office_addresses import Address, addresses
from tests.support.server import Service
from tests.support.staff import Staff, Visitor, employ, session_of

pytestmark = pytest.mark.p2

#: The only pages that are for everyone: the way in and out, and the look of it.
PUBLIC_PATHS = {
    "/assets/office/{digest:str}/{name:str}",
    "/office/invitation",
    "/office/sign-in",
    "/office/sign-in/link",
    "/office/sign-in/passkey",
    "/office/sign-in/passkey/options",
    "/office/sign-out",
}
#: The pages for all who are signed in, in any role.
OWN_PATHS = {"/office/choose"}


@pytest.fixture(scope="module")
def office_addresses(settings: Settings) -> list[Address]:
    return list(addresses(settings))


async def test_every_address_asks_for_a_right(office_addresses: list[Address]) -> None:
    assert len(office_addresses) > 20
    assert [each for each in office_addresses if each.right is None] == []
    assert {each.path for each in office_addresses if each.right == PUBLIC} == PUBLIC_PATHS
    assert {each.path for each in office_addresses if each.right == SIGNED_IN} == OWN_PATHS
    assert {each.path for each in office_addresses if each.right == EVERY_MEMBER} == {
        path for path in (each.path for each in office_addresses) if path.startswith("/office/me")
    }


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
async def test_no_role_escapes(hire: Hire, office_addresses: list[Address], role: Role) -> None:
    someone = await hire(role)
    refused = [each for each in office_addresses if isinstance(each.right, Right) and each.right not in RIGHTS[role]]
    assert refused
    for each in refused:
        answer = await (someone.post(each.example) if each.method == "POST" else someone.get(each.example))
        if (role, each.example) == (Role.DOOR, "/office"):
            assert answer.location == "/office/me"
            continue
        assert (answer.status, "Your role may not do this" in answer.text) == (403, True), each


@pytest.mark.parametrize("role", list(Role))
async def test_every_role_gets_in_where_it_may(hire: Hire, office_addresses: list[Address], role: Role) -> None:
    someone = await hire(role)
    headers = {"Cookie": f"office={someone.cookies['office']}", "Accept": "text/html"}
    for each in office_addresses:
        if each.method == "GET" and isinstance(each.right, Right) and each.right in RIGHTS[role]:
            async with someone.client.get(each.example, headers=headers, allow_redirects=False) as answer:
                assert answer.status not in (401, 403, 500), each
                if answer.content_type != "text/event-stream":  # which has no end
                    await answer.read()


async def test_without_a_session_nothing_is_shown(visitor: Visitor, office_addresses: list[Address]) -> None:
    for each in office_addresses:
        if each.right == PUBLIC:
            continue
        answer = await (visitor.post(each.example) if each.method == "POST" else visitor.get(each.example))
        if each.method == "GET":
            assert (answer.status, answer.location.partition("?")[0]) == (303, "/office/sign-in"), each
        else:
            assert answer.status == 401, each


async def test_every_form_needs_its_token(owner: Staff, office_addresses: list[Address]) -> None:
    forms = [each for each in office_addresses if each.method != "GET"]
    assert len(forms) > 10
    for each in forms:
        answer = await owner.request(each.method, each.example, data={"_csrf_token": "made up"})
        assert (answer.status, "open for too long" in answer.text) == (403, True), each
    assert (await owner.get("/office")).status == 200


async def test_a_form_of_another_browser_is_refused(owner: Staff, visitor: Visitor) -> None:
    await visitor.get("/office/sign-in")
    answer = await owner.request("POST", "/office/me/name", data={"_csrf_token": visitor.csrf_token, "name": "Eve"})
    assert answer.status == 403
    assert "Kim Park" in (await owner.get("/office/me")).text


async def test_a_removed_member_is_out_at_once(owner: Staff, hire: Hire) -> None:
    manager = await hire(Role.MANAGER)
    assert (await manager.get("/office")).status == 200
    assert (await owner.post(f"/office/team/{manager.person.id}/remove")).status == 303
    assert (await manager.get("/office")).location == "/office/sign-in"
    assert (await manager.post("/office/me/name", name="Still here")).status == 401


async def test_a_lowered_member_has_the_new_role_at_once(owner: Staff, hire: Hire) -> None:
    manager = await hire(Role.MANAGER)
    await owner.post(f"/office/team/{manager.person.id}/role", role="door")
    assert (await manager.get("/office")).location == "/office/me"


async def test_a_page_that_does_not_exist_is_said_in_the_office(owner: Staff) -> None:
    answer = await owner.get(f"/office/team/{uuid4()}")
    assert (answer.status, "There is nothing here" in answer.text) == (404, True)
    assert 'href="/office/team"' in answer.html


async def test_a_session_of_one_producer_shows_nothing_of_another(
    owner: Staff, service: Service, office: BackOffice, other_office: BackOffice
) -> None:
    """The session says for whom a person works, and no address does."""
    await employ(service.container, other_office.producer, Role.DOOR, email=owner.person.email)
    other = await session_of(service.container, owner.person, other_office.producer)
    elsewhere = Visitor(client=service.client, cookies={"office": other.secret})
    assert (await elsewhere.get("/office/team")).status == 403
    assert office.producer.name in (await owner.get("/office/team")).text
