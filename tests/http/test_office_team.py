"""The team page: people, roles, invitations."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlsplit

import pytest

from demo.mail_catcher.catcher import MailCatcher
from domain.people import INVITATION_GOOD_FOR, Role
from tests.http.conftest import Hire
from tests.support.back_office import BackOffice
from tests.support.server import Service
from tests.support.staff import Staff, Visitor, employ, staff

pytestmark = pytest.mark.p2


async def invitation_path(mailbox: MailCatcher, address: str, count: int = 1) -> str:
    """The path of the link in the newest invitation to this address."""
    mail = (await mailbox.wait_for(count, to=address, timeout_seconds=60))[-1]
    found = re.search(r"https?://\S+/office/invitation\?token=\S+", mail.text)
    assert found, mail.text
    parts = urlsplit(found[0])
    return f"{parts.path}?{parts.query}"


async def accept(visitor: Visitor, path: str, name: str = "Ada Lovelace") -> int:
    token = path.partition("token=")[2]
    return (await visitor.post("/office/invitation", token=token, name=name)).status


async def test_the_team_page_lists_people_and_roles(owner: Staff, hire: Hire) -> None:
    door = await hire(Role.DOOR)
    page = await owner.get("/office/team")
    assert page.status == 200
    assert door.person.email in page.text
    assert "Door" in page.text
    assert "They can look after orders, and let people in." in page.text
    assert "You can look" not in page.text


async def test_an_invitation_is_mailed_accepted_and_signs_in(
    owner: Staff, visitor: Visitor, mailbox: MailCatcher, office: BackOffice
) -> None:
    address = f"ada-{owner.person.id.hex}@globe.example"
    sent = await owner.post("/office/team/invitations", email=address, role="manager")
    assert (sent.status, sent.location) == (303, "/office/team?done=invited")
    path = await invitation_path(mailbox, address)

    page = await visitor.get(path)
    assert page.status == 200
    assert "Kim Park invites you as manager" in page.text
    assert office.producer.name in page.text
    assert await accept(visitor, path) == 303
    assert "Ada Lovelace" in (await visitor.get("/office")).text

    assert (await visitor.get(path)).status == 409
    assert await accept(visitor, path) == 409
    entries = await office.audit_log()
    assert [(each["action"], each["actor"]) for each in entries[:2]] == [
        ("member.added", "Ada Lovelace"),
        ("member.invited", "Kim Park"),
    ]


async def test_a_known_person_joins_with_the_name_that_they_have(
    owner: Staff, visitor: Visitor, mailbox: MailCatcher, service: Service, other_office: BackOffice
) -> None:
    person = await employ(service.container, other_office.producer, Role.DOOR, name="Grace Hopper")
    await owner.post("/office/team/invitations", email=person.email.upper(), role="viewer")
    path = await invitation_path(mailbox, person.email.upper().replace("STAFF.EXAMPLE", "staff.example"))
    assert "You join as Grace Hopper" in (await visitor.get(path)).text
    assert await accept(visitor, path, name="Someone Else") == 303
    page = await visitor.get("/office")
    assert "Grace Hopper" in page.text
    assert "Grace Hopper" in (await owner.get("/office/team")).text


async def test_who_gives_no_name_is_asked_again(owner: Staff, visitor: Visitor, mailbox: MailCatcher) -> None:
    address = f"noname-{owner.person.id.hex}@globe.example"
    await owner.post("/office/team/invitations", email=address, role="door")
    path = await invitation_path(mailbox, address)
    page = await visitor.post("/office/invitation", token=path.partition("token=")[2], name=" ")
    assert (page.status, 'id="name-error"' in page.html) == (400, True)
    assert await accept(visitor, path) == 303


async def test_an_invitation_is_taken_back(owner: Staff, visitor: Visitor, mailbox: MailCatcher) -> None:
    address = f"back-{owner.person.id.hex}@globe.example"
    await owner.post("/office/team/invitations", email=address, role="door")
    path = await invitation_path(mailbox, address)
    taken = await owner.post(f"{await its_path(owner)}/take-back")
    assert taken.location == "/office/team?done=invitation-taken-back"
    assert address not in (await owner.get("/office/team")).text
    assert (await visitor.get(path)).status == 409
    assert await accept(visitor, path) == 409


async def its_path(owner: Staff) -> str:
    """The path of the only invitation on the page."""
    found = re.search(r"(/office/team/invitations/[0-9a-f-]{36})/take-back", (await owner.get("/office/team")).html)
    assert found
    return found[1]


async def test_an_invitation_is_sent_again(owner: Staff, visitor: Visitor, mailbox: MailCatcher) -> None:
    address = f"again-{owner.person.id.hex}@globe.example"
    await owner.post("/office/team/invitations", email=address, role="door")
    first = await invitation_path(mailbox, address)
    assert (await owner.post(f"{await its_path(owner)}/again")).location == "/office/team?done=invited-again"
    assert await invitation_path(mailbox, address, count=2) == first
    assert await accept(visitor, first) == 303


async def test_an_old_invitation_is_useless_until_it_is_sent_again(
    owner: Staff, visitor: Visitor, mailbox: MailCatcher, service: Service
) -> None:
    address = f"old-{owner.person.id.hex}@globe.example"
    await owner.post("/office/team/invitations", email=address, role="door")
    path = await invitation_path(mailbox, address)
    async with service.container.database()() as uow:
        [invitation] = await uow.invitations.of_producer(owner.producer.id)
        await uow.invitations.put(invitation.sent_again(invitation.sent_at - INVITATION_GOOD_FOR))
        await uow.commit()
    assert await accept(visitor, path) == 409
    assert "too old" in (await owner.get("/office/team")).text
    await owner.post(f"{await its_path(owner)}/again")
    assert await accept(visitor, path) == 303


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"email": "kim@", "role": "door"}, "email"),
        ({"email": "", "role": "door"}, "email"),
        ({"email": "kim@globe.example", "role": "king"}, "role"),
        ({"email": "kim@globe.example"}, "role"),
    ],
)
async def test_what_is_wrong_with_an_invitation_stands_beside_its_field(
    owner: Staff, fields: dict[str, str], field: str
) -> None:
    page = await owner.post("/office/team/invitations", fields)
    assert page.status == 400
    assert f'id="{field}-error"' in page.html
    assert f'href="#{field}"' in page.html
    assert f'value="{fields["email"]}"' in page.html


async def test_who_is_in_the_team_or_invited_is_not_invited_again(owner: Staff, hire: Hire) -> None:
    door = await hire(Role.DOOR)
    page = await owner.post("/office/team/invitations", email=door.person.email.upper(), role="viewer")
    assert (page.status, "in the team already" in page.text) == (409, True)
    address = f"twice-{owner.person.id.hex}@globe.example"
    await owner.post("/office/team/invitations", email=address, role="viewer")
    page = await owner.post("/office/team/invitations", email=address.upper(), role="viewer")
    assert (page.status, "invited already" in page.text) == (409, True)


async def test_roles_are_changed_and_recorded(owner: Staff, hire: Hire, office: BackOffice) -> None:
    door = await hire(Role.DOOR)
    page = await owner.get(f"/office/team/{door.person.id}")
    assert 'value="door" checked' in page.html
    changed = await owner.post(f"/office/team/{door.person.id}/role", role="box_office")
    assert changed.location == "/office/team?done=role-changed"
    (entry,) = await office.audit_log("&action=member.changed")
    assert (entry["actor"], entry["person_id"]) == ("Kim Park", str(owner.person.id))
    assert (entry["before"], entry["after"]) == ({"role": "door"}, {"role": "box_office"})
    assert (await owner.post(f"/office/team/{door.person.id}/role", role="king")).status == 400


async def test_the_last_owner_stays(owner: Staff) -> None:
    path = f"/office/team/{owner.person.id}"
    lowered = await owner.post(f"{path}/role", role="manager")
    assert (lowered.status, "last owner" in lowered.text) == (409, True)
    assert "Remove" in (await owner.get(f"{path}/remove")).text
    removed = await owner.post(f"{path}/remove")
    assert (removed.status, "last owner" in removed.text) == (409, True)
    assert (await owner.get("/office/team")).status == 200


async def test_two_owners_cannot_lower_each_other_at_once(owner: Staff, hire: Hire) -> None:
    other = await hire(Role.OWNER)
    answers = await asyncio.gather(
        owner.post(f"/office/team/{other.person.id}/role", role="viewer"),
        other.post(f"/office/team/{owner.person.id}/remove"),
    )
    assert min(answer.status for answer in answers) == 303
    owners = [each for each in (owner, other) if (await each.get("/office/team")).status == 200]
    assert len(owners) == 1


async def test_an_owner_may_step_down_where_another_stays(owner: Staff, hire: Hire) -> None:
    await hire(Role.OWNER)
    answer = await owner.post(f"/office/team/{owner.person.id}/role", role="viewer")
    assert answer.location == "/office"
    assert (await owner.get("/office/team")).status == 403


async def test_another_producers_people_and_invitations_do_not_exist(
    owner: Staff, stranger: Staff, office: BackOffice
) -> None:
    await owner.post("/office/team/invitations", email=f"x-{owner.person.id.hex}@globe.example", role="viewer")
    invitation = await its_path(owner)
    person = f"/office/team/{owner.person.id}"
    for path in (person, f"{person}/remove"):
        assert (await stranger.get(path)).status == 404
    for path, fields in (
        (f"{person}/role", {"role": "viewer"}),
        (f"{person}/remove", {}),
        (f"{invitation}/again", {}),
        (f"{invitation}/take-back", {}),
    ):
        assert (await stranger.post(path, fields)).status == 404, path
    assert (await owner.get("/office/team")).status == 200


async def test_a_name_is_text_and_no_markup(service: Service, office: BackOffice) -> None:
    name = "Zoë <b>Okafor</b>"
    owner = await staff(service, office.producer, Role.OWNER, name=name)
    page = await owner.get("/office/team")
    assert name in page.text
    assert name not in page.html


async def test_who_is_in_no_team_any_more_is_forgotten(
    owner: Staff, hire: Hire, service: Service, other_office: BackOffice
) -> None:
    gone, stays = await hire(Role.DOOR), await hire(Role.DOOR)
    await employ(service.container, other_office.producer, Role.DOOR, email=stays.person.email)
    for each in (gone, stays):
        await owner.post(f"/office/team/{each.person.id}/remove")
    async with service.container.database()() as uow:
        assert [await uow.people.get(each.person.id) for each in (gone, stays)] == [None, stays.person]
    assert "Kim Park" in (await owner.get("/office/log")).text
