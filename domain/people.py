"""The people who work for producers: persons, their memberships and roles, and what each role may do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from domain.access import Actor, Scope
from domain.catalog import Producer
from domain.customer import parse_email, parse_name
from domain.email_address import ascii_address
from domain.errors import Conflict, InvalidEmail, InvalidName, InvalidRequest

#: How long a session lasts without a request, and how long at most.
SESSION_IDLE: Final = timedelta(hours=12)
SESSION_MOST: Final = timedelta(days=14)
#: A session's last use need not be known more exactly: a page has several requests.
USE_REMEMBERED_EVERY: Final = timedelta(minutes=1)
#: How long a link to sign in is good: one that was asked for in a browser, and one from the command line.
LINK_GOOD_FOR: Final = timedelta(minutes=15)
HANDED_LINK_GOOD_FOR: Final = timedelta(hours=24)
INVITATION_GOOD_FOR: Final = timedelta(days=7)
#: How long a browser may take to answer a challenge with a passkey.
CHALLENGE_GOOD_FOR: Final = timedelta(minutes=10)
MAX_DEVICE_LENGTH: Final = 100
MAX_PASSKEY_NAME_LENGTH: Final = 60
MAX_PASSKEYS: Final = 20
#: Invitations of a producer that wait for an answer.
MAX_INVITATIONS: Final = 100


class Role(StrEnum):
    """What a person is for a producer. ``RIGHTS`` says what each role may do."""

    OWNER = "owner"
    MANAGER = "manager"
    BOX_OFFICE = "box_office"
    DOOR = "door"
    VIEWER = "viewer"


class Right(StrEnum):
    """What a page of the office asks for.

    PEOPLE: the team, and who changed what. ACCOUNT: payouts, and all else that money depends on. CATALOG: shows,
    tickets, codes, texts and pictures. ORDERS: orders and buyers' data, to see and to change. CHECKIN: the door.
    COUNTER: selling at the counter. DEVICES: pairing and revoking scanners, tills and printers; a device may do less
    than each role that pairs it. REPORTS: figures. VIEW: pages without personal data beyond names.
    """

    PEOPLE = "people"
    ACCOUNT = "account"
    CATALOG = "catalog"
    ORDERS = "orders"
    CHECKIN = "checkin"
    COUNTER = "counter"
    DEVICES = "devices"
    REPORTS = "reports"
    VIEW = "view"


#: The one table of what each role may do.
RIGHTS: Final[Mapping[Role, frozenset[Right]]] = MappingProxyType(
    {
        Role.OWNER: frozenset(Right),
        Role.MANAGER: frozenset(Right) - {Right.PEOPLE, Right.ACCOUNT},
        Role.BOX_OFFICE: frozenset({Right.ORDERS, Right.CHECKIN, Right.COUNTER, Right.DEVICES, Right.VIEW}),
        Role.DOOR: frozenset({Right.CHECKIN}),
        Role.VIEWER: frozenset({Right.VIEW, Right.REPORTS}),
    }
)
#: The scopes of tokens that use cases ask for, by the right that stands for them.
_SCOPES: Final[Mapping[Right, Scope]] = MappingProxyType(
    {
        Right.ACCOUNT: Scope.ACCOUNT,
        Right.CATALOG: Scope.CATALOG,
        Right.ORDERS: Scope.ORDERS,
        Right.CHECKIN: Scope.CHECKIN,
    }
)


def scopes_of(role: Role) -> frozenset[Scope]:
    """The scopes that a token would need for what the role may do."""
    return frozenset(_SCOPES[right] for right in RIGHTS[role] if right in _SCOPES)


def address_key(email: str) -> str:
    """The same text for all spellings of one mailbox: in lower case, with its domain in ASCII."""
    return ascii_address(email).lower()


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who works for one producer or more, known by an e-mail address."""

    id: UUID
    email: str
    name: str

    @classmethod
    def new(cls, person_id: UUID, *, email: str, name: str = "") -> Person:
        """A person from typed text; without a name, the address stands for it. Raises InvalidEmail, InvalidName."""
        return cls(person_id, parse_person_email(email), parse_person_name(name) if name.strip() else "")

    @property
    def called(self) -> str:
        """The name, or the address of a person who gave none."""
        return self.name or self.email


def parse_person_email(text: str) -> str:
    """A person's e-mail address. Raises InvalidEmail."""
    try:
        return parse_email(text)
    except InvalidEmail as error:
        raise InvalidEmail(str(error), field="email") from None


def parse_person_name(text: str) -> str:
    """A person's name. Raises InvalidName."""
    try:
        return parse_name(text)
    except InvalidName as error:
        raise InvalidName(str(error), field="name") from None


@dataclass(frozen=True, slots=True)
class Membership:
    """A person's role for a producer."""

    person_id: UUID
    producer_id: UUID
    role: Role


@dataclass(frozen=True, slots=True)
class Member:
    """A person who is inside: with the producer that they work for now."""

    person: Person
    producer: Producer
    membership: Membership

    @property
    def role(self) -> Role:
        return self.membership.role

    def may(self, right: Right) -> bool:
        """Whether the person's role has the right."""
        return right in RIGHTS[self.role]

    @property
    def actor(self) -> Actor:
        """The author of what the person changes, with the scopes of the role."""
        return Actor(self.producer.id, name=self.person.called, scopes=scopes_of(self.role), person_id=self.person.id)


def ensure_an_owner_stays(members: Collection[Membership], after: Membership | None, person_id: UUID) -> None:
    """Refuse to remove or lower the last owner. ``after`` is the person's membership afterwards, None for none.

    Raises Conflict.
    """
    others = any(each.role is Role.OWNER for each in members if each.person_id != person_id)
    stays = after is not None and after.role is Role.OWNER
    was = any(each.role is Role.OWNER for each in members if each.person_id == person_id)
    if was and not stays and not others:
        raise Conflict("This is the last owner: make someone else an owner first")


class SignedInBy(StrEnum):
    """How a session began."""

    LINK = "link"
    PASSKEY = "passkey"
    INVITATION = "invitation"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeSession:
    """A browser that is signed in. ``producer_id`` is None until a person with several producers has chosen one.

    ``last_seen_at`` may be up to a minute old. ``device`` is what the browser calls itself.
    """

    id: UUID
    person_id: UUID
    producer_id: UUID | None
    secret_hash: bytes = field(repr=False)
    created_at: datetime
    last_seen_at: datetime
    device: str
    signed_in_by: SignedInBy

    @property
    def expires_at(self) -> datetime:
        """When the session ends, if nothing more is asked in it."""
        return min(self.created_at + SESSION_MOST, self.last_seen_at + SESSION_IDLE)

    def is_over(self, now: datetime) -> bool:
        return now >= self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLink:
    """A link that signs a person in once. ``person_id`` is None where the address that was typed is no one's.

    ``browser_hash`` is of the secret of the browser that asked for it; a link without one works in any browser.
    ``at_once``: opening it signs in, without a button. Programs open links of mails, so only links that are useless to
    them are at once.
    """

    id: UUID
    person_id: UUID | None
    browser_hash: bytes | None = field(default=None, repr=False)
    at_once: bool = False
    created_at: datetime
    expires_at: datetime

    def opens_in(self, browser_hash: bytes | None) -> bool:
        """Whether the link works in the browser with this secret."""
        return self.browser_hash is None or self.browser_hash == browser_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation to work for a producer, which the link in a mail accepts."""

    id: UUID
    producer_id: UUID
    email: str
    role: Role
    invited_by: str
    sent_at: datetime

    @property
    def expires_at(self) -> datetime:
        return self.sent_at + INVITATION_GOOD_FOR

    def sent_again(self, now: datetime) -> Invitation:
        """The invitation, good for its whole time from now."""
        return replace(self, sent_at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A key on a person's device. ``sign_count`` is 0 for keys that are on several devices, which count nothing."""

    id: UUID
    person_id: UUID
    credential_id: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    sign_count: int
    name: str
    created_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyChallenge:
    """What a browser must sign with a passkey, once. ``person_id`` is set for a new passkey of that person."""

    id: UUID
    challenge: bytes = field(repr=False)
    person_id: UUID | None
    expires_at: datetime


def parse_passkey_name(text: str) -> str:
    """The name of a passkey. Raises InvalidRequest."""
    name = " ".join(text.split())
    if not 1 <= len(name) <= MAX_PASSKEY_NAME_LENGTH:
        raise InvalidRequest(f"A name has 1 to {MAX_PASSKEY_NAME_LENGTH} characters", field="name")
    return name
