"""Time and randomness, passed in so that rules and tests own neither."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class Ids(Protocol):
    def new(self) -> UUID:
        """A fresh id. Ids made later sort later (UUID version 7), so that indexes grow at one end."""
        ...

    def random_bytes(self, count: int) -> bytes:
        """``count`` unguessable bytes."""
        ...
