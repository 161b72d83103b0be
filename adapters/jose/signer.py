"""ListSigner by Ed25519."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ALGORITHM = "EdDSA"
_TYPE = "checkin-list"


class JoseListSigner:
    """The key is derived from the installation's secret, so that every process signs with the same one."""

    def __init__(self, secret: str) -> None:
        seed = hmac.digest(secret.encode(), b"offline-list", hashlib.sha256)
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        public = self._key.public_key().public_bytes_raw()
        point = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(public)}
        # RFC 7638: the hash of the key's required members in this order, without any space.
        thumbprint = hashlib.sha256(json.dumps(point, separators=(",", ":")).encode()).digest()
        self._key_id = _base64url(thumbprint)
        self._public = {**point, "kid": self._key_id, "alg": _ALGORITHM, "use": "sig"}

    def sign(self, payload: bytes) -> str:
        headers = {"kid": self._key_id, "typ": _TYPE}
        return jwt.PyJWS().encode(payload, self._key, algorithm=_ALGORITHM, headers=headers)

    def public_keys(self) -> list[Mapping[str, str]]:
        return [self._public]


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
