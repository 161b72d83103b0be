"""Use cases: passkeys, to make them, to sign in with them, and to remove them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import UUID

from application.notifications.passkey_added import passkey_mail
from application.people.sessions import NewSession, Sessions
from application.ports.passkeys import PasskeyCeremonies, PasskeyRefused
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import Conflict, NotFound
from domain.people import (
    CHALLENGE_GOOD_FOR,
    MAX_PASSKEYS,
    Passkey,
    PasskeyChallenge,
    Person,
    SignedInBy,
    parse_passkey_name,
)

log = logging.getLogger(__name__)


class PasskeyUseless(Conflict):
    """The passkey does not sign in: it is unknown here, was removed, or its answer came too late."""


@dataclass(frozen=True, slots=True)
class Ceremony:
    """``options`` are what a browser is asked, as JSON; its answer names ``id``."""

    id: UUID
    options: str


class OfferPasskey:
    """Begins the making of a passkey."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, ceremonies: PasskeyCeremonies) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._ceremonies = ceremonies

    async def __call__(self, person: Person) -> Ceremony:
        """What the person's browser is asked. Raises Conflict if the person has as many as one may have."""
        challenge = PasskeyChallenge(
            id=self._ids.new(),
            challenge=self._ceremonies.new_challenge(),
            person_id=person.id,
            expires_at=self._clock.now() + CHALLENGE_GOOD_FOR,
        )
        async with self._unit_of_work() as uow:
            known = await uow.passkeys.of_person(person.id)
            _ensure_room(known)
            await uow.passkeys.add_challenge(challenge)
            await uow.commit()
        return Ceremony(challenge.id, self._ceremonies.to_register(person, challenge.challenge, known=known))


class AddPasskey:
    """Ends the making of a passkey."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, ceremonies: PasskeyCeremonies) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._ceremonies = ceremonies

    async def __call__(
        self, person_id: UUID, ceremony_id: UUID, answer: str, name: str, *, producer_id: UUID
    ) -> Passkey:
        """The person's new passkey. A mail informs the person, who works for this producer now.

        Raises PasskeyUseless, InvalidRequest, Conflict.
        """
        name = parse_passkey_name(name)
        now = self._clock.now()
        challenge = await _used_up(self._unit_of_work, ceremony_id)
        if challenge is None or challenge.person_id != person_id or now >= challenge.expires_at:
            raise PasskeyUseless("That took too long, please try again")
        try:
            new = self._ceremonies.registered(answer, challenge.challenge)
        except PasskeyRefused as error:
            log.warning("A passkey was not accepted: %s", error)
            raise PasskeyUseless("This passkey was not accepted, please try again") from error
        passkey = Passkey(
            id=self._ids.new(),
            person_id=person_id,
            credential_id=new.credential_id,
            public_key=new.public_key,
            sign_count=new.sign_count,
            name=name,
            created_at=now,
        )
        async with self._unit_of_work() as uow:
            _ensure_room(await uow.passkeys.of_person(person_id))
            if await uow.passkeys.lock_credential(new.credential_id):
                raise PasskeyUseless("This passkey is known already")
            await uow.passkeys.add(passkey)
            await uow.outbox.add([passkey_mail(passkey, producer_id, ids=self._ids)])
            await uow.commit()
        return passkey


class AskForPasskey:
    """Begins a sign-in with any passkey that a browser has."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, ceremonies: PasskeyCeremonies) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._ceremonies = ceremonies

    async def __call__(self) -> Ceremony:
        """What the browser is asked."""
        challenge = PasskeyChallenge(
            id=self._ids.new(),
            challenge=self._ceremonies.new_challenge(),
            person_id=None,
            expires_at=self._clock.now() + CHALLENGE_GOOD_FOR,
        )
        async with self._unit_of_work() as uow:
            await uow.passkeys.add_challenge(challenge)
            await uow.commit()
        return Ceremony(challenge.id, self._ceremonies.to_sign_in(challenge.challenge))


class UsePasskey:
    """Ends a sign-in with a passkey."""

    def __init__(
        self, unit_of_work: UnitOfWorkFactory, clock: Clock, ceremonies: PasskeyCeremonies, sessions: Sessions
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ceremonies = ceremonies
        self._sessions = sessions

    async def __call__(self, ceremony_id: UUID, answer: str, *, device: str, instead_of: str) -> NewSession:
        """Sign in. The challenge is used up, also by an answer that is refused. Raises PasskeyUseless, NoMembership.

        A count that does not grow means that a copy of the key may be about: this one does not sign in, and the person
        is asked to make another. The account stays open by mail.
        """
        now = self._clock.now()
        challenge = await _used_up(self._unit_of_work, ceremony_id)
        if challenge is None or challenge.person_id is not None or now >= challenge.expires_at:
            raise PasskeyUseless("That took too long, please try again")
        async with self._unit_of_work() as uow:
            passkey, count = await self._proven(uow, answer, challenge.challenge)
            await uow.passkeys.used(passkey.id, sign_count=count, now=now)
            new = await self._sessions.begin(
                uow, passkey.person_id, SignedInBy.PASSKEY, device=device, instead_of=instead_of
            )
            await uow.commit()
        return new

    async def _proven(self, uow: UnitOfWork, answer: str, challenge: bytes) -> tuple[Passkey, int]:
        """The passkey of the answer, locked, and its new count."""
        try:
            passkey = await uow.passkeys.lock_credential(self._ceremonies.credential_of(answer))
            if passkey is None:
                raise PasskeyUseless("This passkey is not known here any more: sign in by mail")
            return passkey, self._ceremonies.signed(answer, challenge, passkey)
        except PasskeyRefused as error:
            log.warning("A passkey did not sign in: %s", error)
            raise PasskeyUseless(
                "This passkey did not sign you in: sign in by mail, and make another passkey"
            ) from error


class ListPasskeys:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, person_id: UUID) -> list[Passkey]:
        """The person's passkeys, oldest first."""
        async with self._unit_of_work(read_only=True) as uow:
            return await uow.passkeys.of_person(person_id)


class RenamePasskey:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, person_id: UUID, passkey_id: UUID, name: str) -> None:
        """Give one of the person's passkeys another name. Raises NotFound, InvalidRequest."""
        name = parse_passkey_name(name)
        async with self._unit_of_work() as uow:
            await _own(uow, person_id, passkey_id)
            await uow.passkeys.rename(passkey_id, name)
            await uow.commit()


class RemovePasskey:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, person_id: UUID, passkey_id: UUID) -> None:
        """Remove one of the person's passkeys: it signs in no more. Raises NotFound."""
        async with self._unit_of_work() as uow:
            await _own(uow, person_id, passkey_id)
            await uow.passkeys.remove(passkey_id)
            await uow.commit()


def _ensure_room(known: list[Passkey]) -> None:
    if len(known) >= MAX_PASSKEYS:
        raise Conflict(f"You have {MAX_PASSKEYS} passkeys, which is the most: remove one first")


async def _own(uow: UnitOfWork, person_id: UUID, passkey_id: UUID) -> Passkey:
    passkey = await uow.passkeys.get(passkey_id)
    if passkey is None or passkey.person_id != person_id:
        raise NotFound("No such passkey")
    return passkey


async def _used_up(unit_of_work: UnitOfWorkFactory, ceremony_id: UUID) -> PasskeyChallenge | None:
    """The challenge, which no other answer can use: this is committed before the answer is looked at."""
    async with unit_of_work() as uow:
        challenge = await uow.passkeys.take_challenge(ceremony_id)
        await uow.commit()
    return challenge
