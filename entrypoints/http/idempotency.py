"""The Idempotency-Key header (docs/api.md#checkout)."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated
from uuid import UUID

import msgspec
from litestar.params import HeaderParameter

from domain.errors import InvalidRequest
from domain.orders import Idempotency

_KEY = re.compile(r"[\x21-\x7e]{1,255}")

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        description="The same key with the same body is the same order, however often it is sent.",
    ),
]


def idempotency_of(key: str | None, body: msgspec.Struct, *, show_id: UUID | None = None) -> Idempotency | None:
    """The key with a hash of the whole request; ``show_id`` if it is in the path.

    Raises InvalidRequest.
    """
    if key is None:
        return None
    _check(key)
    asked = msgspec.json.encode(body) + (show_id.bytes if show_id else b"")
    return Idempotency(key, hashlib.sha256(asked).digest())


def idempotency_of_row(key: str | None, asked: bytes, position: int) -> Idempotency | None:
    """The key of one of many orders in a request, with a hash of the whole request ``asked``. Raises InvalidRequest.

    A key of a client contains no space, so none equals it.
    """
    if key is None:
        return None
    _check(key)
    return Idempotency(f"{key} {position}", hashlib.sha256(asked).digest())


def _check(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise InvalidRequest("Idempotency-Key must have 1 to 255 printable characters", field="Idempotency-Key")
