"""The adapters of one process, as they are in a hostile world: the memory adapters behind ports where calls suffer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID

from typing_extensions import override

from adapters.memory.lock import MemoryLock
from adapters.memory.tables import Tables
from adapters.memory.unit_of_work import MemoryDatabase, MemoryUnitOfWork
from application.ports.lock import Lease, LockUnavailable, MoreNames, nothing_more
from application.ports.mail import Ask, Mail, MailPerhapsSent, MailRefused, MailUnavailable, unasked
from application.ports.payment import PaymentQueued, PaymentUnavailable
from application.ports.system import Clock
from application.ports.task_queue import NotifierUnavailable
from application.ports.unit_of_work import StorageConflict, StorageUnavailable
from tests.simulation.faults import Errors, Ports
from tests.simulation.loop import SimulatedLoop
from tests.simulation.plan import Effect

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
        self._loop._as_outside(self._loop.time() + IDLE_SECONDS, self.give_up, session)


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


_AT_BEGIN: Final = Errors(
    fail=lambda: StorageUnavailable("connection refused"), lost=lambda: StorageUnavailable("connection reset")
)
_AT_COMMIT: Final = Errors(
    fail=lambda: StorageUnavailable("connection reset before the commit"),
    lost=lambda: StorageUnavailable("connection reset at the commit"),
)
_CONFLICT: Final = Errors(fail=lambda: StorageConflict("deadlock"), lost=lambda: StorageConflict("deadlock"))


class UnitOfWork:
    def __init__(self, server: Server, ports: Ports, *, read_only: bool) -> None:
        self._ports = ports
        self._inner = MemoryUnitOfWork(Session(server, read_only=read_only), read_only=read_only)
        self.is_committed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def __aenter__(self) -> Self:
        try:
            await self._ports.through("begin", self._inner.__aenter__, _AT_BEGIN)
        except BaseException:
            self._inner._database.end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._inner.__aexit__(kind, error, trace)

    async def commit(self) -> None:
        await self._ports.through("commit", self._inner.commit, _AT_COMMIT, conflict=_CONFLICT)
        self.is_committed = True


class Storage:
    """UnitOfWorkFactory of one process."""

    def __init__(self, server: Server, ports: Ports) -> None:
        self._server = server
        self._ports = ports

    def __call__(self, *, read_only: bool = False) -> UnitOfWork:
        return UnitOfWork(self._server, self._ports, read_only=read_only)


_LOCK: Final = Errors(fail=lambda: LockUnavailable("connection refused"), lost=lambda: LockUnavailable("timed out"))


class Locks:
    """The lock service as one process sees it. What it holds is free soon after it died."""

    def __init__(self, service: MemoryLock, ports: Ports) -> None:
        self._service = service
        self._ports = ports
        self.leases: list[Lease] = []

    async def acquire(self, names: Collection[str], also: MoreNames = nothing_more) -> Lease:
        async def acquire() -> Lease:
            lease = await self._service.acquire(names, also)
            self.leases.append(lease)
            return lease

        return await self._ports.through("lock", acquire, _LOCK)

    async def release(self, lease: Lease) -> bool:
        async def release() -> bool:
            if lease in self.leases:
                self.leases.remove(lease)
            return await self._service.release(lease)

        return await self._ports.through("lock", release, _LOCK)

    async def abandon(self) -> None:
        """Release what the dead process held."""
        for lease in self.leases:
            await self._service.release(lease)


_PAYMENT: Final = Errors(
    fail=lambda: PaymentUnavailable("connection refused"), lost=lambda: PaymentUnavailable("read timed out")
)


class Payments:
    """The payment provider as one process sees it."""

    def __init__(self, provider: object, ports: Ports) -> None:
        self._provider = provider
        self._ports = ports

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._ports.through("payment", partial(method, *args, **kwargs), _PAYMENT)

        async def open_session(*args: Any, max_wait_seconds: float | None = None, **kwargs: Any) -> Any:
            blow = self._ports.blow("pace") if max_wait_seconds is not None else None
            if blow is not None:
                raise PaymentQueued(blow.hazard.seconds)
            return await call(*args, max_wait_seconds=max_wait_seconds, **kwargs)

        method = getattr(self._provider, name)
        return open_session if name == "open_session" else call


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


_QUEUE: Final = Errors(
    fail=lambda: NotifierUnavailable("connection refused"), lost=lambda: NotifierUnavailable("timed out")
)


class Notifier:
    def __init__(self, queue: Queue, ports: Ports) -> None:
        self._queue = queue
        self._ports = ports

    async def notify(self, task_ids: Sequence[UUID]) -> None:
        async def put() -> None:
            self._queue.put(task_ids)

        twice = self._ports.blow("queue again") is not None
        await self._ports.through("queue", put, _QUEUE)
        if twice:
            await put()


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


_MAIL: Final = Errors(
    fail=lambda: MailUnavailable("connection refused"),
    lost=lambda: MailPerhapsSent("the mail server did not answer"),
)
_NOTE: Final = Errors(
    fail=lambda: StorageUnavailable("connection refused"), lost=lambda: StorageUnavailable("connection reset")
)


class Mailer:
    def __init__(self, server: MailServer, ports: Ports) -> None:
        self._server = server
        self._ports = ports

    async def send(self, mail: Mail, *, may_send: Ask = unasked) -> None:
        self._ports.ensure_alive()
        if mail.to_address in self._server.bounces:
            raise MailRefused(f"550 no such user: {mail.to_address}")
        await self._ports.through("note", may_send, _NOTE, without={Effect.FAIL, Effect.LOSE})
        await self._ports.through("mail", partial(self._server.take, mail), _MAIL)


class WorldClock:
    """The true time, which is also the database's and Stripe's."""

    def __init__(self, begins: datetime, loop: SimulatedLoop) -> None:
        self._begins = begins
        self._loop = loop

    def now(self) -> datetime:
        return self._begins + timedelta(seconds=self._loop.time())


class ProcessClock:
    """The clock of one process, which may be off."""

    def __init__(self, true: Clock) -> None:
        self._true = true
        self.shift = timedelta()

    def now(self) -> datetime:
        return self._true.now() + self.shift
