"""Ids: UUID version 7, and the operating system's randomness."""

from __future__ import annotations

import secrets
from uuid import UUID

from uuid_utils.compat import uuid7


class SystemIds:
    def new(self) -> UUID:
        return uuid7()

    def random_bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)
