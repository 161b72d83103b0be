"""Jobs as they are stored: their progress, their results line by line, and their files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.jobs import Job, JobKind, JobResult


@dataclass(frozen=True, slots=True)
class JobCursor:
    """The last job of a page: jobs are listed newest first."""

    created_at: datetime
    job_id: UUID


class JobRepo(Protocol):
    async def add(self, job: Job, *, content: bytes | None = None) -> None:
        """Store a job; ``content`` is the list that it works on."""
        ...

    async def get(self, job_id: UUID) -> Job | None: ...

    async def lock(self, job_id: UUID) -> Job | None:
        """The job, locked until the transaction ends."""
        ...

    async def save(self, job: Job) -> None:
        """Write everything of the job that can change."""
        ...

    async def delete(self, job_id: UUID) -> None:
        """Delete a job with all that it has."""
        ...

    async def latest(self, show_id: UUID, kind: JobKind) -> Job | None:
        """The newest job of this kind about the show."""
        ...

    async def of_producer(
        self, producer_id: UUID, *, show_id: UUID | None = None, after: JobCursor | None, limit: int
    ) -> list[Job]:
        """A page of the producer's jobs, or of those about one show, newest first."""
        ...

    async def content(self, job_id: UUID) -> bytes | None:
        """The list that the job works on, as long as it is kept."""
        ...

    async def add_results(self, job_id: UUID, results: Sequence[JobResult], *, first: int) -> None:
        """Add the results of the items from position ``first`` on; results that are there are replaced."""
        ...

    async def results(
        self, job_id: UUID, *, is_ok: bool | None = None, after: int | None, limit: int
    ) -> list[tuple[int, JobResult]]:
        """A page of results with their positions, in the order of the items: all, or only good or bad ones."""
        ...

    async def add_piece(self, job_id: UUID, run: UUID, position: int, piece: bytes) -> None:
        """Add a piece to the file that this try of the job makes."""
        ...

    async def piece(self, job_id: UUID, run: UUID, position: int) -> bytes | None:
        """A piece of the file; None after the last."""
        ...

    async def forget_pieces(self, job_id: UUID, *, but: UUID | None = None) -> None:
        """Delete the files of a job's tries, except one of them."""
        ...

    async def forget_contents(self, *, now: datetime, producer_id: UUID | None = None) -> int:
        """Delete the lists and files that are kept no longer; with a producer, all of that producer's that no job works
        on now. Drafts are deleted with their lists. Returns how many jobs lost something.
        """
        ...
