"""OfflineListSigner by Ed25519."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ALGORITHM = "EdDSA"
_TYPE = "checkin-list"


class JoseListSigner:
    """Signs offline lists.

    The key is derived from the installation's secret, so every process signs with the same one.
    """

    def __init__(self, secret: str, earlier: Sequence[str] = ()) -> None:
        """The public keys also verify lists that were signed with an ``earlier`` secret."""
        self._key = _private_key(secret)
        self._public = [_public_key(key) for key in (self._key, *map(_private_key, earlier))]

    def sign(self, payload: bytes) -> str:
        headers = {"kid": self._public[0]["kid"], "typ": _TYPE}
        return jwt.PyJWS().encode(payload, self._key, algorithm=_ALGORITHM, headers=headers)

    def public_keys(self) -> list[Mapping[str, str]]:
        return list(self._public)


def _private_key(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hmac.digest(secret.encode(), b"offline-list", hashlib.sha256))


def _public_key(key: Ed25519PrivateKey) -> Mapping[str, str]:
    point = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(key.public_key().public_bytes_raw())}
    # RFC 7638: the hash of the key's required members in this order, without any space.
    thumbprint = hashlib.sha256(json.dumps(point, separators=(",", ":")).encode()).digest()
    return {**point, "kid": _base64url(thumbprint), "alg": _ALGORITHM, "use": "sig"}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
