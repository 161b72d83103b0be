"""Jobs: what a person starts and does not wait for. A job goes on when its page is closed, and is seen when the page is
opened again (docs/domain-rules.md#jobs).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from domain.access import Actor, Scope
from domain.errors import Conflict

#: How long a job's file can be fetched, and how long a list that was not started is kept: both have buyers' data.
CONTENT_KEPT: Final = timedelta(hours=24)


class JobKind(StrEnum):
    """What is done. SHOW_REFUND has its progress in the orders themselves; the others count it in their job."""

    SHOW_REFUND = "show_refund"
    EXPORT = "export"
    MANUAL_ORDERS = "manual_orders"


#: The scope that starts a job of a kind, and that sees it.
SCOPE_OF: Final[Mapping[JobKind, Scope]] = MappingProxyType(dict.fromkeys(JobKind, Scope.ORDERS))


class JobState(StrEnum):
    """``draft``: checked, and waiting for a person to start it. ``failed``: ended by an error. ``stopped``: by a
    person.
    """

    DRAFT = "draft"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


_ENDED: Final = frozenset({JobState.DONE, JobState.FAILED, JobState.STOPPED})


@dataclass(frozen=True, slots=True)
class JobFile:
    """The file that a job made; ``size`` in bytes."""

    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job of a producer. ``total`` is what is to be done (None: not known), of which ``done`` succeeded and
    ``failed`` did not.

    ``actor`` started it; what the job does is done in that name. ``terms`` say what exactly is done. ``run`` names the
    try that may write: a later try takes it over. ``content_until`` is when its file or its list is deleted.
    """

    id: UUID
    producer_id: UUID
    show_id: UUID | None
    kind: JobKind
    actor: Actor
    created_at: datetime
    terms: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    state: JobState = JobState.RUNNING
    total: int | None = None
    done: int = 0
    failed: int = 0
    ended_at: datetime | None = None
    run: UUID | None = None
    file: JobFile | None = None
    content_until: datetime | None = None
    note: str = ""

    @property
    def position(self) -> int:
        """How many of its items were tried."""
        return self.done + self.failed

    @property
    def is_over(self) -> bool:
        return self.state in _ENDED

    @property
    def remaining(self) -> int | None:
        """The items that were not tried yet; None if that is not known."""
        return None if self.total is None else max(0, self.total - self.position)

    def has_file(self, now: datetime) -> bool:
        """Whether its file can be fetched."""
        return self.file is not None and self.content_until is not None and now < self.content_until

    def started(self) -> Job:
        """The draft, to be done. Raises Conflict if it was discarded or has ended."""
        if self.state is not JobState.DRAFT:
            raise Conflict("This was started before")
        return replace(self, state=JobState.RUNNING, done=0, failed=0, content_until=None)

    def taken_over(self, run: UUID) -> Job:
        """The job in the hands of another try."""
        return replace(self, run=run)

    def advanced(self, *, done: int, failed: int) -> Job:
        """The job with so many more items done and failed."""
        return replace(self, done=self.done + done, failed=self.failed + failed)

    def ended(self, state: JobState, now: datetime, *, note: str = "", file: JobFile | None = None) -> Job:
        """The job with its end. Its content is kept for CONTENT_KEPT."""
        return replace(
            self, state=state, ended_at=now, note=note, file=file, content_until=now + CONTENT_KEPT if file else now
        )


@dataclass(frozen=True, slots=True)
class JobResult:
    """What became of one item: ``line`` is its number where it came from, ``order_id`` the order that it became.

    ``words`` say what is wrong with it, or what will be done.
    """

    line: int
    is_ok: bool
    words: str = ""
    order_id: UUID | None = None
