"""Who sells: a device that was paired as a till, or a person at the office's page."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.access import Actor
from domain.errors import Conflict


@dataclass(frozen=True, slots=True)
class Till:
    """``id`` is the device's, or the person's. ``seller`` is the person who is signed in, "" at a device. ``actor`` is
    the author of what the till changes.
    """

    id: UUID
    name: str
    actor: Actor
    seller: str = ""

    @property
    def producer_id(self) -> UUID:
        return self.actor.producer_id


class NoShift(Conflict):
    """The till has no open shift."""


class ShiftForgotten(Conflict):
    """The till's shift is of an evening that is over."""
