"""The adapters of one process in a simulated world: the memory adapters, behind the process's ``Way``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID

from adapters.memory.lock import MemoryLock
from adapters.memory.unit_of_work import MemoryUnitOfWork
from application.ports.lock import Lease, LockUnavailable, MoreNames, nothing_more
from application.ports.mail import Ask, Mail, MailPerhapsSent, MailRefused, MailUnavailable, unasked
from application.ports.payment import PaymentQueued, PaymentUnavailable
from application.ports.system import Clock
from application.ports.task_queue import NotifierUnavailable
from application.ports.unit_of_work import StorageConflict, StorageUnavailable
from simulation.servers import MailServer, Queue, Server, Session
from simulation.way import Errors, Way

_AT_BEGIN: Final = Errors(
    fail=lambda: StorageUnavailable("connection refused"), lost=lambda: StorageUnavailable("connection reset")
)
_AT_COMMIT: Final = Errors(
    fail=lambda: StorageUnavailable("connection reset before the commit"),
    lost=lambda: StorageUnavailable("connection reset at the commit"),
)
_CONFLICT: Final = Errors(fail=lambda: StorageConflict("deadlock"), lost=lambda: StorageConflict("deadlock"))


class UnitOfWork:
    def __init__(self, server: Server, way: Way, *, read_only: bool) -> None:
        self._way = way
        self._session = Session(server, read_only=read_only)
        self._inner = MemoryUnitOfWork(self._session, read_only=read_only)
        self.is_committed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def __aenter__(self) -> Self:
        try:
            await self._way.through("begin", self._inner.__aenter__, _AT_BEGIN)
        except BaseException:
            self._session.end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._inner.__aexit__(kind, error, trace)

    async def commit(self) -> None:
        await self._way.through("commit", self._inner.commit, _AT_COMMIT, conflict=_CONFLICT)
        self.is_committed = True


class Storage:
    """UnitOfWorkFactory of one process."""

    def __init__(self, server: Server, way: Way) -> None:
        self._server = server
        self._way = way

    def __call__(self, *, read_only: bool = False) -> UnitOfWork:
        return UnitOfWork(self._server, self._way, read_only=read_only)


_LOCK: Final = Errors(fail=lambda: LockUnavailable("connection refused"), lost=lambda: LockUnavailable("timed out"))


class Locks:
    """The lock service as one process sees it. What it holds is free soon after it died."""

    def __init__(self, service: MemoryLock, way: Way) -> None:
        self._service = service
        self._way = way
        self.leases: list[Lease] = []

    async def acquire(self, names: Collection[str], also: MoreNames = nothing_more) -> Lease:
        async def acquire() -> Lease:
            lease = await self._service.acquire(names, also)
            self.leases.append(lease)
            return lease

        return await self._way.through("lock", acquire, _LOCK)

    async def release(self, lease: Lease) -> bool:
        async def release() -> bool:
            if lease in self.leases:
                self.leases.remove(lease)
            return await self._service.release(lease)

        return await self._way.through("lock", release, _LOCK)

    async def abandon(self) -> None:
        """Release what the dead process held."""
        for lease in self.leases:
            await self._service.release(lease)


_PAYMENT: Final = Errors(
    fail=lambda: PaymentUnavailable("connection refused"), lost=lambda: PaymentUnavailable("read timed out")
)


class Payments:
    """The payment provider as one process sees it."""

    def __init__(self, provider: object, way: Way) -> None:
        self._provider = provider
        self._way = way

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._way.through("payment", partial(method, *args, **kwargs), _PAYMENT)

        async def open_session(*args: Any, max_wait_seconds: float | None = None, **kwargs: Any) -> Any:
            turn_after = self._way.turn_after() if max_wait_seconds is not None else None
            if turn_after is not None:
                raise PaymentQueued(turn_after)
            return await call(*args, max_wait_seconds=max_wait_seconds, **kwargs)

        method = getattr(self._provider, name)
        return open_session if name == "open_session" else call


_QUEUE: Final = Errors(
    fail=lambda: NotifierUnavailable("connection refused"), lost=lambda: NotifierUnavailable("timed out")
)


class Notifier:
    def __init__(self, queue: Queue, way: Way) -> None:
        self._queue = queue
        self._way = way

    async def notify(self, task_ids: Sequence[UUID]) -> None:
        async def put() -> None:
            self._queue.put(task_ids)

        twice = self._way.is_repeated()
        await self._way.through("queue", put, _QUEUE)
        if twice:
            await put()


_MAIL: Final = Errors(
    fail=lambda: MailUnavailable("connection refused"),
    lost=lambda: MailPerhapsSent("the mail server did not answer"),
)


class Mailer:
    def __init__(self, server: MailServer, way: Way) -> None:
        self._server = server
        self._way = way

    async def send(self, mail: Mail, *, may_send: Ask = unasked) -> None:
        self._way.ensure_alive()
        if mail.to_address in self._server.bounces:
            raise MailRefused(f"550 no such user: {mail.to_address}")
        await self._way.through("note", may_send, None)
        await self._way.through("mail", partial(self._server.take, mail), _MAIL)


class ProcessClock:
    """The clock of one process, which may be off."""

    def __init__(self, true: Clock) -> None:
        self._true = true
        self.shift = timedelta()

    def now(self) -> datetime:
        return self._true.now() + self.shift
