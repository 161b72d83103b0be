"""Notes that a producer's people write about an order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import InvalidRequest

MAX_NOTE_LENGTH = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNote:
    """A remark for colleagues; the buyer never sees it. ``author`` is the name of the token it was written with.

    ``for_door``: scanners show it when one of the order's tickets comes in. They take it along.
    """

    id: UUID
    order_id: UUID
    written_at: datetime
    author: str
    text: str
    for_door: bool = False

    def __post_init__(self) -> None:
        if not self.text.strip() or len(self.text) > MAX_NOTE_LENGTH or "\x00" in self.text:
            raise InvalidRequest(f"text must have 1 to {MAX_NOTE_LENGTH} characters", field="text")
