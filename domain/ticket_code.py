"""The code on a ticket: short, unguessable, and checkable without a database.

24 characters of base32 (A-Z, 2-7): 8 random bytes and a 7-byte tag that only the show's key can make. The key of a show
is derived from the installation's secret, so a scanner with one show's key can admit to no other show.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from domain.code_readings import CODE_LENGTH, plain_code

__all__ = ["CODE_LENGTH", "NONCE_BYTES", "TicketCodes", "groups_of", "plain_code", "show_key"]

NONCE_BYTES = 8
_TAG_BYTES = 7
_GROUP_LENGTH = 4
_PARTY_BYTES = 12


def groups_of(code: str) -> list[str]:
    """The code in groups of four characters, as it is printed and read aloud."""
    return [code[start : start + _GROUP_LENGTH] for start in range(0, len(code), _GROUP_LENGTH)]


@lru_cache(maxsize=1000)
def show_key(secret: str, show_id: UUID) -> bytes:
    """The key that signs one show's ticket codes."""
    return hmac.digest(secret.encode(), b"ticket-code:" + show_id.bytes, hashlib.sha256)


@lru_cache(maxsize=1000)
def _party_key(secret: str, show_id: UUID) -> bytes:
    return hmac.digest(secret.encode(), b"party:" + show_id.bytes, hashlib.sha256)


@dataclass(frozen=True, slots=True)
class TicketCodes:
    """Issues ticket codes with one secret, and checks codes that were issued with it or an ``earlier`` one."""

    secret: str = field(repr=False)
    earlier: Sequence[str] = field(default=(), repr=False)

    def issue(self, show_id: UUID, nonce: bytes) -> str:
        """A code for one admission to the show. ``nonce`` is NONCE_BYTES of fresh randomness."""
        if len(nonce) != NONCE_BYTES:
            raise ValueError(f"a nonce has {NONCE_BYTES} bytes")
        return _code(show_key(self.secret, show_id), nonce)

    def party(self, show_id: UUID, order_id: UUID) -> str:
        """What stands for an order at the door. All its tickets have it, and it tells nothing else about the order."""
        digest = hashlib.sha256(_party_key(self.secret, show_id) + order_id.bytes).digest()
        return base64.urlsafe_b64encode(digest[:_PARTY_BYTES]).decode()

    def keys_of(self, show_id: UUID) -> list[bytes]:
        """The keys by which genuine codes of the show are known. Who has them can make such codes."""
        return [show_key(secret, show_id) for secret in (self.secret, *self.earlier)]

    def is_genuine(self, show_id: UUID, code: str) -> bool:
        """Whether this installation issued ``code`` for the show. Case and separators do not matter."""
        plain = plain_code(code)
        if plain is None:
            return False
        nonce = base64.b32decode(plain)[:NONCE_BYTES]
        return any(hmac.compare_digest(_code(key, nonce), plain) for key in self.keys_of(show_id))


def _code(key: bytes, nonce: bytes) -> str:
    return base64.b32encode(nonce + hmac.digest(key, nonce, hashlib.sha256)[:_TAG_BYTES]).decode()
