"""Passkeys as browsers know them (WebAuthn)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.people import Passkey, Person


class PasskeyRefused(Exception):
    """The answer does not prove that the person has the key. ``str(error)`` is for the log, and has no secret."""


@dataclass(frozen=True, slots=True)
class NewCredential:
    """What a browser registered."""

    credential_id: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    sign_count: int


class PasskeyCeremonies(Protocol):
    """What is asked of a browser, as JSON, and the proof in its answers. The person must have been verified by the
    device: by a finger, a face or a PIN.
    """

    def new_challenge(self) -> bytes:
        """Random bytes to sign."""
        ...

    def to_register(self, person: Person, challenge: bytes, *, known: Sequence[Passkey]) -> str:
        """What the browser needs to make a passkey for the person, on a device that has none of the known ones."""
        ...

    def registered(self, answer: str, challenge: bytes) -> NewCredential:
        """The new credential. Raises PasskeyRefused."""
        ...

    def to_sign_in(self, challenge: bytes) -> str:
        """What the browser needs to sign in with any passkey that it has for us."""
        ...

    def credential_of(self, answer: str) -> bytes:
        """Which credential the answer is of. Raises PasskeyRefused."""
        ...

    def signed(self, answer: str, challenge: bytes, passkey: Passkey) -> int:
        """The passkey's new count. Raises PasskeyRefused, also if it did not grow: a copy of the key was used."""
        ...
