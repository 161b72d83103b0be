"""Decorators of ports that write a span for each call, and change nothing about it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from adapters.opentelemetry.traces import Attributes, Traces
from application.ports.mail import Ask, Mail, Mailer, unasked
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.tasks.run import ClaimLost, Handler, PostponeTask
from domain.orders import Order
from domain.tasks import OutboxTask, TaskKind


class TracedDatabase:
    """A UnitOfWorkFactory. Units of work that only read have no span."""

    def __init__(self, database: UnitOfWorkFactory, traces: Traces) -> None:
        self._database = database
        self._traces = traces

    def __call__(self, *, read_only: bool = False) -> AbstractAsyncContextManager[UnitOfWork]:
        begun = self._database(read_only=read_only)
        return begun if read_only else self._traced(begun)

    @asynccontextmanager
    async def _traced(self, begun: AbstractAsyncContextManager[UnitOfWork]) -> AsyncIterator[UnitOfWork]:
        with self._traces.span("transaction") as span:
            async with AsyncExitStack() as stack:
                uow = await stack.enter_async_context(begun)
                stack.callback(lambda: span.set_attribute("piquetickets.committed", uow.is_committed))
                yield uow


class TracedPayment:
    """A Payment. A call about an order is a span of the order's trace, with its turn and its HTTP requests in it."""

    def __init__(self, payment: object, traces: Traces) -> None:
        self._payment = payment
        self._traces = traces

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        method = getattr(self._payment, name)

        async def traced(*args: object, **options: object) -> object:
            order = next((each for each in args if isinstance(each, Order)), None)
            with self._traces.span(f"stripe {name}", order_id=order.id if order else None):
                return await method(*args, **options)

        return traced


class TracedMailer:
    """A Mailer. Its span has no address."""

    def __init__(self, mailer: Mailer, traces: Traces) -> None:
        self._mailer = mailer
        self._traces = traces

    async def send(self, mail: Mail, *, may_send: Ask = unasked) -> None:
        with self._traces.span("mail", attributes={"piquetickets.message_id": mail.message_id}):
            await self._mailer.send(mail, may_send=may_send)

    def __getattr__(self, name: str) -> object:
        return getattr(self._mailer, name)


def traced_tasks(handlers: Mapping[TaskKind, Handler], traces: Traces) -> Mapping[TaskKind, Handler]:
    """The handlers of tasks. A task about an order is a span of the order's trace."""
    return {kind: _traced(handler, traces) for kind, handler in handlers.items()}


def _traced(handler: Handler, traces: Traces) -> Handler:
    async def run(task: OutboxTask) -> None:
        facts: Attributes = {"piquetickets.task_id": str(task.id), "piquetickets.attempts": task.attempts}
        later: Exception | None = None
        with traces.span(f"task {task.kind}", order_id=task.order_id, attributes=facts) as span:
            try:
                await handler(task)
            except (PostponeTask, ClaimLost) as postponed:  # no failure of the task
                span.set_attribute("piquetickets.outcome", type(postponed).__name__)
                later = postponed
        if later:
            raise later

    return run
