"""What a client of a simulated process gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from application.errors import IdempotencyKeyReused
from domain.errors import DomainError


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client got: the ``value``, a ``refusal``, or neither, when nothing came."""

    value: Any = None
    refusal: Exception | None = None
    is_lost: bool = False

    @property
    def is_good(self) -> bool:
        return self.refusal is None and not self.is_lost

    @property
    def is_final(self) -> bool:
        """Whether asking again cannot help, or need not."""
        return self.is_good or isinstance(self.refusal, DomainError | IdempotencyKeyReused)
