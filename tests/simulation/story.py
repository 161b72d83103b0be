"""The story of a run: what happened, in words and in order. Its hash says whether two runs were the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from uuid import UUID


class Story:
    """Lines with the time on the simulated clock. Orders have short names, in the order of their first mention."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self.lines: list[str] = []
        self._names: dict[UUID, str] = {}

    def name(self, id_: UUID | None, kind: str = "order") -> str:
        """The short name of a thing."""
        if id_ is None:
            return f"no {kind}"
        return self._names.setdefault(id_, f"{kind} {len(self._names) + 1}")

    def tell(self, who: str, what: str) -> None:
        """Add a line."""
        seconds = self._time()
        at = f"{int(seconds) // 3600:02}:{int(seconds) // 60 % 60:02}:{seconds % 60:06.3f}"
        self.lines.append(f"{at}  {who:<12} {what}")

    @property
    def hash(self) -> str:
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()[:16]
