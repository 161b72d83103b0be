"""People who work for producers, and how they sign in."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.people import (
    Invitation,
    Membership,
    OfficeSession,
    Passkey,
    PasskeyChallenge,
    Person,
    SignInLink,
)


class PeopleRepo(Protocol):
    """Persons and their memberships."""

    async def add(self, person: Person) -> None:
        """Add a person. Raises StorageConflict if another has the address."""
        ...

    async def get(self, person_id: UUID) -> Person | None: ...

    async def with_address(self, email: str) -> Person | None:
        """The person with this address, however it is spelled."""
        ...

    async def rename(self, person_id: UUID, name: str) -> None: ...

    async def put(self, membership: Membership) -> None:
        """Add the membership, or give the person's present one its role."""
        ...

    async def leave(self, person_id: UUID, producer_id: UUID) -> None:
        """End a membership, if there is one."""
        ...

    async def forget(self, person_id: UUID) -> None:
        """Delete the person, with all memberships, sessions, links and passkeys."""
        ...

    async def membership(self, person_id: UUID, producer_id: UUID) -> Membership | None: ...

    async def memberships_of(self, person_id: UUID) -> list[Membership]: ...

    async def members(self, producer_id: UUID) -> list[tuple[Person, Membership]]:
        """The producer's people, by their addresses."""
        ...

    async def lock_memberships(self, producer_id: UUID) -> list[Membership]:
        """The producer's memberships, locked: none of them changes until the transaction ends."""
        ...


class OfficeSessionRepo(Protocol):
    """Browsers that are signed in."""

    async def add(self, session: OfficeSession) -> None: ...

    async def with_hash(self, secret_hash: bytes) -> tuple[OfficeSession, Person, Membership | None] | None:
        """A session, its person, and the person's membership of the producer that the session has chosen."""
        ...

    async def of_person(self, person_id: UUID, *, since: datetime, created_since: datetime) -> list[OfficeSession]:
        """The person's sessions that were seen since then and began since then; the last seen first."""
        ...

    async def seen(self, session_id: UUID, *, now: datetime) -> None: ...

    async def choose(self, session_id: UUID, producer_id: UUID) -> None:
        """Give the session another producer."""
        ...

    async def end(self, session_id: UUID, *, person_id: UUID) -> bool:
        """End a session of the person. False if it was over."""
        ...

    async def end_all(self, person_id: UUID, *, but: UUID | None = None, producer_id: UUID | None = None) -> int:
        """End the person's sessions, or those with this producer, but for one. Returns how many."""
        ...


class SignInLinkRepo(Protocol):
    """Links to sign in with."""

    async def add(self, link: SignInLink) -> None: ...

    async def get(self, link_id: UUID) -> SignInLink | None: ...

    async def take(self, link_id: UUID) -> bool:
        """Use the link up. False if another was quicker."""
        ...

    async def end_all(self, person_id: UUID) -> None:
        """Use all links of the person up."""
        ...


class InvitationRepo(Protocol):
    """Invitations that were not accepted yet."""

    async def put(self, invitation: Invitation) -> None:
        """Add the invitation, or replace the one with its id. Raises StorageConflict if the address has another."""
        ...

    async def get(self, invitation_id: UUID) -> Invitation | None: ...

    async def of_producer(self, producer_id: UUID) -> list[Invitation]:
        """The producer's invitations, by their addresses."""
        ...

    async def take(self, invitation_id: UUID) -> bool:
        """Remove the invitation. False if it was gone."""
        ...


class PasskeyRepo(Protocol):
    """Passkeys, and the challenges that wait for an answer of one."""

    async def add(self, passkey: Passkey) -> None:
        """Add a passkey. Raises StorageConflict if its credential is known."""
        ...

    async def get(self, passkey_id: UUID) -> Passkey | None: ...

    async def lock_credential(self, credential_id: bytes) -> Passkey | None:
        """The passkey with this credential, locked: its count does not change until the transaction ends."""
        ...

    async def of_person(self, person_id: UUID) -> list[Passkey]:
        """The person's passkeys, oldest first."""
        ...

    async def used(self, passkey_id: UUID, *, sign_count: int, now: datetime) -> None: ...

    async def rename(self, passkey_id: UUID, name: str) -> None: ...

    async def remove(self, passkey_id: UUID) -> None: ...

    async def add_challenge(self, challenge: PasskeyChallenge) -> None: ...

    async def take_challenge(self, challenge_id: UUID) -> PasskeyChallenge | None:
        """Use the challenge up. None if it was used before."""
        ...
