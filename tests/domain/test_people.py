"""People, their roles, and what each role may do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.access import Scope
from domain.errors import Conflict, InvalidEmail, InvalidName, InvalidRequest
from domain.people import (
    RIGHTS,
    Invitation,
    Member,
    Membership,
    OfficeSession,
    Person,
    Right,
    Role,
    SignedInBy,
    SignInLink,
    address_key,
    ensure_an_owner_stays,
    parse_passkey_name,
    scopes_of,
)
from tests.support.factories import producer

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
PRODUCER = uuid4()


def a_member(role: Role) -> Member:
    person, seller = Person(uuid4(), "kim@globe.example", "Kim Park"), producer()
    return Member(person, seller, Membership(person.id, seller.id, role))


def test_every_role_has_a_row_in_the_table() -> None:
    assert set(RIGHTS) == set(Role)


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.OWNER, set(Right)),
        (Role.MANAGER, set(Right) - {Right.PEOPLE, Right.ACCOUNT}),
        (Role.BOX_OFFICE, {Right.ORDERS, Right.CHECKIN, Right.COUNTER, Right.DEVICES, Right.VIEW}),
        (Role.DOOR, {Right.CHECKIN}),
        (Role.VIEWER, {Right.VIEW, Right.REPORTS}),
    ],
)
def test_what_a_role_may(role: Role, may: set[Right]) -> None:
    assert {right for right in Right if a_member(role).may(right)} == may


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        (Role.OWNER, {Scope.ACCOUNT, Scope.CATALOG, Scope.ORDERS, Scope.CHECKIN}),
        (Role.MANAGER, {Scope.CATALOG, Scope.ORDERS, Scope.CHECKIN}),
        (Role.BOX_OFFICE, {Scope.ORDERS, Scope.CHECKIN}),
        (Role.DOOR, {Scope.CHECKIN}),
        (Role.VIEWER, set()),
    ],
)
def test_a_role_has_the_scopes_of_its_rights(role: Role, scopes: set[Scope]) -> None:
    assert scopes_of(role) == scopes


def test_a_member_acts_in_the_name_of_the_person() -> None:
    member = a_member(Role.BOX_OFFICE)
    actor = member.actor
    assert (actor.producer_id, actor.person_id, actor.token_id) == (member.producer.id, member.person.id, None)
    assert (actor.name, actor.scopes) == ("Kim Park", scopes_of(Role.BOX_OFFICE))


def test_a_person_without_a_name_is_called_by_the_address() -> None:
    person = Person.new(uuid4(), email=" Kim@Globe.example ")
    assert (person.email, person.called) == ("Kim@globe.example", "Kim@globe.example")


def test_a_person_needs_an_address_and_a_readable_name() -> None:
    with pytest.raises(InvalidEmail) as email:
        Person.new(uuid4(), email="kim@")
    with pytest.raises(InvalidName) as name:
        Person.new(uuid4(), email="kim@globe.example", name="www.example.com")
    assert (email.value.field, name.value.field) == ("email", "name")


def test_one_mailbox_has_one_key() -> None:
    assert address_key("Kim@BÜCHER.example") == address_key("kim@xn--bcher-kva.example")
    assert address_key("kim@globe.example") != address_key("kim@rose.example")


def an_owner() -> Membership:
    return Membership(uuid4(), PRODUCER, Role.OWNER)


@pytest.mark.parametrize("after", [None, Role.MANAGER])
def test_the_last_owner_stays(after: Role | None) -> None:
    owner, other = an_owner(), Membership(uuid4(), PRODUCER, Role.MANAGER)
    lowered = Membership(owner.person_id, PRODUCER, after) if after else None
    with pytest.raises(Conflict, match="last owner"):
        ensure_an_owner_stays([owner, other], lowered, owner.person_id)


def test_one_of_two_owners_may_go_and_anyone_else_too() -> None:
    owner, second, other = an_owner(), an_owner(), Membership(uuid4(), PRODUCER, Role.DOOR)
    ensure_an_owner_stays([owner, second, other], None, owner.person_id)
    ensure_an_owner_stays([owner, other], None, other.person_id)
    ensure_an_owner_stays([owner, other], owner, owner.person_id)


def a_session(*, created: timedelta, seen: timedelta) -> OfficeSession:
    return OfficeSession(
        id=uuid4(),
        person_id=uuid4(),
        producer_id=None,
        secret_hash=b"",
        created_at=NOW - created,
        last_seen_at=NOW - seen,
        device="",
        signed_in_by=SignedInBy.LINK,
    )


@pytest.mark.parametrize(
    ("created", "seen", "is_over"),
    [
        (timedelta(0), timedelta(0), False),
        (timedelta(days=1), timedelta(hours=12, microseconds=-1), False),
        (timedelta(days=1), timedelta(hours=12), True),
        (timedelta(days=14, microseconds=-1), timedelta(0), False),
        (timedelta(days=14), timedelta(0), True),
    ],
)
def test_a_session_lasts_twelve_hours_idle_and_fourteen_days_at_most(
    created: timedelta, seen: timedelta, is_over: bool
) -> None:
    assert a_session(created=created, seen=seen).is_over(NOW) is is_over


def test_a_link_with_a_browser_opens_in_that_one_alone() -> None:
    link = SignInLink(id=uuid4(), person_id=uuid4(), browser_hash=b"one", created_at=NOW, expires_at=NOW)
    assert [link.opens_in(browser) for browser in (b"one", b"other", None)] == [True, False, False]


def test_a_link_without_a_browser_opens_in_any() -> None:
    link = SignInLink(id=uuid4(), person_id=uuid4(), created_at=NOW, expires_at=NOW)
    assert [link.opens_in(browser) for browser in (b"one", None)] == [True, True]


def test_an_invitation_that_is_sent_again_is_good_for_its_whole_time() -> None:
    invitation = Invitation(
        id=uuid4(), producer_id=PRODUCER, email="a@b.example", role=Role.DOOR, invited_by="Kim", sent_at=NOW
    )
    assert invitation.expires_at == NOW + timedelta(days=7)
    assert invitation.sent_again(NOW + timedelta(days=6)).expires_at == NOW + timedelta(days=13)


@pytest.mark.parametrize(("typed", "name"), [("  My   phone ", "My phone"), ("x" * 60, "x" * 60)])
def test_a_passkeys_name_is_kept_in_one_line(typed: str, name: str) -> None:
    assert parse_passkey_name(typed) == name


@pytest.mark.parametrize("typed", ["", "  ", "x" * 61])
def test_a_passkey_needs_a_short_name(typed: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_passkey_name(typed)
