"""Files that are made of a producer's data."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from domain.jobs import Job

#: Told how many rows were read so far. It may raise, and so end the reading.
Tell = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """A file while it is made. ``total`` is how many rows it will have, as far as that is known."""

    name: str
    media_type: str
    total: int | None
    chunks: AsyncIterator[bytes]


class Exporter(Protocol):
    def check(self, terms: Mapping[str, str]) -> None:
        """Raises InvalidRequest if there is no such export."""
        ...

    async def __call__(self, job: Job, tell: Tell) -> ExportedFile:
        """The file of the job's terms, with the rights of its actor. Raises NotFound, InvalidRequest."""
        ...
