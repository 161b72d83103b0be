"""Keys that recognise a buyer for the time of a hold, without storing who it is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from uuid import UUID

from domain.claims import Claimant, ClaimPolicy, canonical_email

_KEY_BYTES = 8


@dataclass(frozen=True, slots=True)
class Claimants:
    """``secret`` is the installation's: without it no key can be traced back to an address."""

    secret: str = field(repr=False)
    policy: ClaimPolicy

    def of(self, show_id: UUID, *, email: str, network: str) -> Claimant | None:
        """The keys of an e-mail address and of a client network at a show. None if nothing is limited."""
        if self.policy.is_unlimited:
            return None
        return Claimant(self._key(b"email", show_id, canonical_email(email)), self._key(b"network", show_id, network))

    def of_email(self, show_id: UUID, email: str) -> int:
        """The key of an e-mail address at a show."""
        return self._key(b"email", show_id, canonical_email(email))

    def _key(self, kind: bytes, show_id: UUID, text: str) -> int:
        digest = hashlib.blake2b(
            show_id.bytes + text.encode(), digest_size=_KEY_BYTES, key=self.secret.encode()[:64], person=kind
        ).digest()
        return int.from_bytes(digest, signed=True)
