"""The team page: people, roles, invitations."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from demo.mail_catcher.catcher import MailCatcher
from domain.people import Role
from tests.http.conftest import Hire
from tests.support.back_office import BackOffice
from tests.support.staff import Staff, Visitor

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
