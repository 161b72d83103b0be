"""Use cases: links to sign in with."""

from __future__ import annotations

import logging
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import producer_of
from application.access.secrets import new_secret
from application.links import SIGN_IN, OfficeLinks
from application.notifications.sign_in import link_mail
from application.people.sessions import NewSession, Sessions
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor, hash_secret
from domain.audit_log import Action
from domain.errors import Conflict
from domain.people import (
    HANDED_LINK_GOOD_FOR,
    LINK_GOOD_FOR,
    Membership,
    Person,
    Role,
    SignedInBy,
    SignInLink,
)

log = logging.getLogger(__name__)


class LinkUseless(Conflict):
    """The link was used, is too old, or was never ours."""


class OtherBrowser(Conflict):
    """The link works only in the browser that asked for it."""


class AskForLink:
    """A browser asks for a link to an address."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids

    async def __call__(self, email: str, *, browser: str = "") -> str:
        """Mail a link that works only in the browser with this secret. Returns the secret, a new one if there was none.

        An address that is no one's gets no mail; what is done, and so how long it takes, is the same otherwise.
        """
        now, browser = self._clock.now(), browser or new_secret(self._ids)
        async with self._unit_of_work() as uow:
            person = await uow.people.with_address(email)
            memberships = await uow.people.memberships_of(person.id) if person else []
            link = SignInLink(
                id=self._ids.new(),
                person_id=person.id if person else None,
                browser_hash=hash_secret(browser),
                at_once=True,
                created_at=now,
                expires_at=now + LINK_GOOD_FOR,
            )
            await uow.sign_in_links.add(link)
            await uow.outbox.add([link_mail(link, each.producer_id, ids=self._ids) for each in memberships[:1]])
            await uow.commit()
        log.info("A link to sign in was requested: %s", "mailed" if memberships else "no one to mail it to")
        return browser


class ReadLink:
    """What a link would do."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, links: OfficeLinks) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._links = links

    async def __call__(self, token: str, *, browser: str) -> tuple[SignInLink, Person]:
        """The link with this token, and whom it signs in. It is not used up. Raises LinkUseless, OtherBrowser."""
        async with self._unit_of_work(read_only=True) as uow:
            return await self.read(uow, token, browser=browser)

    async def read(self, uow: UnitOfWork, token: str, *, browser: str) -> tuple[SignInLink, Person]:
        """The same, in a transaction."""
        link_id = self._links.tokens.opened(SIGN_IN, token)
        link = await uow.sign_in_links.get(link_id) if link_id else None
        if link is None or link.person_id is None or self._clock.now() >= link.expires_at:
            raise LinkUseless("This link was used before, or is too old")
        if not link.opens_in(hash_secret(browser) if browser else None):
            raise OtherBrowser("This link works only in the browser that asked for it")
        person = await uow.people.get(link.person_id)
        if person is None:
            raise LinkUseless("This link was used before, or is too old")
        return link, person


class UseLink:
    def __init__(self, unit_of_work: UnitOfWorkFactory, read_link: ReadLink, sessions: Sessions) -> None:
        self._unit_of_work = unit_of_work
        self._read_link = read_link
        self._sessions = sessions

    async def __call__(self, token: str, *, browser: str, device: str, instead_of: str) -> NewSession:
        """Sign in with the link, which is used up. Raises LinkUseless, OtherBrowser, NoMembership."""
        async with self._unit_of_work() as uow:
            link, person = await self._read_link.read(uow, token, browser=browser)
            if not await uow.sign_in_links.take(link.id):
                raise LinkUseless("This link was used before, or is too old")
            new = await self._sessions.begin(uow, person.id, SignedInBy.LINK, device=device, instead_of=instead_of)
            await uow.commit()
        return new


class HandOutLink:
    """The command line makes links for owners: the first one of a producer, and more of them."""

    def __init__(
        self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, audit: AuditLog, links: OfficeLinks
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._audit = audit
        self._links = links

    async def __call__(
        self, producer_id: UUID, email: str, *, name: str = "", at_once: bool = False, mailed: bool = False
    ) -> str:
        """The address of a link for an owner of the producer. A person who is none yet becomes one.

        It works once, in any browser. ``at_once`` is for links that no mail has. ``mailed`` sends another link to the
        owner. Raises NotFound, InvalidEmail, InvalidName.
        """
        now = self._clock.now()
        wanted = Person.new(self._ids.new(), email=email, name=name)
        async with self._unit_of_work() as uow:
            await producer_of(uow, producer_id)
            person = await uow.people.with_address(wanted.email)
            if person is None:
                await uow.people.add(wanted)
                person = wanted
            await self._make_owner(uow, person, producer_id)
            shown, sent = (
                SignInLink(
                    id=self._ids.new(),
                    person_id=person.id,
                    at_once=at_once,
                    created_at=now,
                    expires_at=now + HANDED_LINK_GOOD_FOR,
                )
                for _ in range(2)
            )
            await uow.sign_in_links.add(shown)
            if mailed:
                await uow.sign_in_links.add(sent)
                await uow.outbox.add([link_mail(sent, producer_id, ids=self._ids)])
            await uow.commit()
        return self._links.sign_in(shown.id)

    async def _make_owner(self, uow: UnitOfWork, person: Person, producer_id: UUID) -> None:
        before = await uow.people.membership(person.id, producer_id)
        if before and before.role is Role.OWNER:
            return
        after = Membership(person.id, producer_id, Role.OWNER)
        await uow.people.put(after)
        action = Action.MEMBER_CHANGED if before else Action.MEMBER_ADDED
        await self._audit.record(
            uow,
            Actor(producer_id),
            action,
            person.id,
            before={"role": before.role} if before else None,
            after={"role": Role.OWNER, "name": person.called},
        )
