"""Time and randomness, passed in because rules and tests must control them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, runtime_checkable
from uuid import UUID


@runtime_checkable  # as what handlers are given must be
class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class Ids(Protocol):
    def new(self) -> UUID:
        """A fresh id. Later ids sort later (UUID version 7), so indexes grow at one end."""
        ...

    def random_bytes(self, count: int) -> bytes:
        """``count`` unguessable bytes."""
        ...
