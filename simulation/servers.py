"""The servers of a simulated world, which outlive every process: the database, the queue and the mail server."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from typing_extensions import override

from adapters.memory.tables import Tables
from adapters.memory.unit_of_work import MemoryDatabase
from application.ports.mail import Mail
from application.ports.system import Clock
from application.ports.unit_of_work import StorageUnavailable
from simulation.loop import SimulatedLoop

#: A transaction that stands still for longer is ended by the server, as adapters/postgres/engine.py asks for.
IDLE_SECONDS: Final = 10
#: How long a transaction waits for the one before it, before its statement is ended.
STATEMENT_SECONDS: Final = 15

OnCommit = Callable[[Tables, Tables], None]


class Server(MemoryDatabase):
    """The database server. It outlives every process. Transactions come one after the other."""

    def __init__(self, clock: Clock, loop: SimulatedLoop, on_commit: OnCommit) -> None:
        super().__init__(clock)
        self._loop = loop
        self._on_commit = on_commit
        #: How many commits changed anything.
        self.changes = 0
        self._holder: Session | None = None
        self._line: deque[tuple[Session, asyncio.Future[None]]] = deque()

    async def take(self, session: Session) -> Tables:
        """Wait for the session's turn. Returns the tables to work on. Raises StorageUnavailable."""
        if self._holder is not None:
            granted = self._loop.create_future()
            self._line.append((session, granted))
            try:
                async with asyncio.timeout(STATEMENT_SECONDS):
                    await granted
            except (TimeoutError, asyncio.CancelledError) as error:
                self._line = deque(each for each in self._line if each[0] is not session)
                self.give_up(session)
                if isinstance(error, TimeoutError):
                    raise StorageUnavailable("statement timeout") from None
                raise
            if self._holder is not session:
                raise StorageUnavailable("terminated while it stood still")
        else:
            self._grant(session)
        return self._tables.snapshot()

    def read(self) -> Tables:
        """What is committed. It is never changed: a commit puts other tables in its place."""
        return self._tables

    def write(self, session: Session, tables: Tables) -> None:
        """Commit. Raises StorageUnavailable for a session that was ended."""
        if self._holder is not session:
            raise StorageUnavailable("terminated while idle in transaction")
        before, self._tables = self._tables, tables.snapshot()
        if before != self._tables:
            self.changes += 1
            self._on_commit(before, self._tables)

    def give_up(self, session: Session) -> None:
        """End the session's transaction, if it has one, and let the next one begin."""
        if self._holder is not session:
            return
        self._holder = None
        while self._line and self._holder is None:
            following, granted = self._line.popleft()
            if not granted.done():
                self._grant(following)
                granted.set_result(None)

    def _grant(self, session: Session) -> None:
        self._holder = session
        self._loop.as_outside(self._loop.time() + IDLE_SECONDS, self.give_up, session)


class Session(MemoryDatabase):
    """One transaction at the server, in the form that the memory adapters want."""

    def __init__(self, server: Server, *, read_only: bool) -> None:
        super().__init__(server.clock)
        self.new_id = server.new_id
        self._server = server
        self._is_read_only = read_only

    @override
    async def begin(self) -> Tables:
        return self._server.read() if self._is_read_only else await self._server.take(self)

    @override
    def replace(self, tables: Tables) -> None:
        self._server.write(self, tables)

    @override
    def end(self) -> None:
        self._server.give_up(self)


class Queue:
    """The queue to the workers, which may lose, repeat and mix up what it has."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self._messages: list[UUID] = []
        self._waiting: list[asyncio.Future[None]] = []

    def put(self, task_ids: Sequence[UUID]) -> None:
        self._messages += task_ids
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    async def take(self) -> UUID:
        while not self._messages:
            awaited = self._loop.create_future()
            self._waiting.append(awaited)
            await awaited
        return self._messages.pop(self._loop.outside.random.randrange(len(self._messages)))

    def clear(self) -> None:
        self._messages.clear()

    @property
    def is_empty(self) -> bool:
        return not self._messages


@dataclass(frozen=True, slots=True)
class Delivered:
    """A mail that the mail server took, when, and whether it told so."""

    mail: Mail
    at: float


class MailServer:
    """Takes mails. ``bounces`` are addresses that it does not know."""

    def __init__(self, loop: SimulatedLoop, tell: Callable[[str, str], None]) -> None:
        self._loop = loop
        self._tell = tell
        self.delivered: list[Delivered] = []
        self.bounces: set[str] = set()

    async def take(self, mail: Mail) -> None:
        self.delivered.append(Delivered(mail, self._loop.time()))
        self._tell("mail server", f"takes {mail.content.subject!r} for {mail.to_address}")


class WorldClock:
    """The true time, which is also the database's and Stripe's."""

    def __init__(self, begins: datetime, loop: SimulatedLoop) -> None:
        self._begins = begins
        self._loop = loop

    def now(self) -> datetime:
        return self._begins + timedelta(seconds=self._loop.time())
