"""The log: who changed what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.audit_log import Action, AuditEntry
from domain.people import Role
from entrypoints.office.log import ACTIONS
from tests.http.conftest import Hire
from tests.support.back_office import SHOW, TICKET, BackOffice
from tests.support.staff import Staff

pytestmark = pytest.mark.p2


def test_every_action_has_words() -> None:
    assert set(ACTIONS) == set(Action)


async def test_changes_stand_with_who_made_them(owner: Staff, hire: Hire, office: BackOffice) -> None:
    door = await hire(Role.DOOR)
    await owner.post(f"/office/team/{door.person.id}/role", role="viewer")
    show = (await office.post("/shows", SHOW)).body
    await office.post(f"/shows/{show['id']}/tickets", TICKET)
    page = await owner.get("/office/log")
    assert page.status == 200
    for words in (
        "Kim Park changed a role",
        "role door → viewer",
        "office (token) added a ticket type",
        "price $25.00",
    ):
        assert words in page.text, page.text
    assert f'href="/office/shows/{show["id"]}"' in page.html


async def test_the_api_names_the_person_too(owner: Staff, hire: Hire, office: BackOffice) -> None:
    door = await hire(Role.DOOR)
    await owner.post(f"/office/team/{door.person.id}/remove")
    await office.post("/shows", SHOW)
    (removed,) = await office.audit_log(f"&person_id={owner.person.id}")
    assert (removed["action"], removed["person_id"], removed["token_id"]) == (
        "member.removed",
        str(owner.person.id),
        None,
    )
    (added,) = await office.audit_log("&action=show.added")
    assert (added["person_id"], added["token_id"]) == (None, str(office.token_id))


async def test_the_log_is_filtered(owner: Staff, hire: Hire, office: BackOffice) -> None:
    door = await hire(Role.DOOR)
    await owner.post(f"/office/team/{door.person.id}/remove")
    await office.post("/shows", SHOW)
    today = datetime.now(UTC).date()

    async def text(**asked: str) -> str:
        page = await owner.get("/office/log", params=asked)
        assert page.status == 200
        return page.text.partition("When Who What")[2]

    by_person = await text(person=str(owner.person.id))
    assert "removed someone" in by_person
    assert "added a show" not in by_person
    assert "removed someone" not in await text(action="show.added")
    days = {"since": str(today - timedelta(days=1)), "until": str(today + timedelta(days=1))}
    assert "removed someone" in await text(**days)
    assert await text(until=str(today - timedelta(days=3))) == ""


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"since": "yesterday"}, "since"), ({"person": "nonsense"}, "person"), ({"action": "nonsense"}, "action")],
)
async def test_a_filter_that_makes_no_sense_is_named(owner: Staff, asked: dict[str, str], field: str) -> None:
    page = await owner.get("/office/log", params=asked)
    assert page.status == 400
    assert f'id="{field}-error"' in page.html


async def test_older_entries_are_on_further_pages(owner: Staff, office: BackOffice) -> None:
    now = datetime.now(UTC)
    async with office.container.database()() as uow:
        for number in range(60):
            entry = AuditEntry(
                id=uuid4(),
                at=now - timedelta(minutes=number),
                producer_id=office.producer.id,
                token_id=None,
                actor=f"Actor {number}.",
                action="of.another.version",
                subject_id=uuid4(),
                before={"name": "<i>Old</i>", "price": 1250, "open": True, "list": [1, 2], "map": {"a_b": None}},
                after={"name": None},
            )
            await uow.audit_log.add(entry)
        await uow.commit()
    page = await owner.get("/office/log?person=&action=")
    assert "Actor 0." in page.text
    assert "Actor 59." not in page.text
    assert "<i>Old</i> " in page.text
    assert "price $12.50" in page.text
    assert "of.another.version" in page.text
    link = page.html.partition('href="/office/log?')[2].partition('"')[0].replace("&amp;", "&")
    older = await owner.get(f"/office/log?{link}")
    assert "Actor 59." in older.text
    assert "Actor 0." not in older.text
    assert (await owner.get("/office/log?before=nonsense")).status == 200


async def test_another_producers_changes_are_not_shown(owner: Staff, stranger: Staff, hire: Hire) -> None:
    door = await hire(Role.DOOR)
    await owner.post(f"/office/team/{door.person.id}/remove")
    assert "removed someone from the team Kim" not in (await stranger.get("/office/log")).text.partition("When")[2]
