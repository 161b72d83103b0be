"""Use case: handle an event that the payment provider sends (docs/domain-rules.md#webhooks).

Every event for this installation is stored with its outcome. If the process dies before that, the provider has had no
answer, and sends the event again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from application.concurrency.group_commit import GroupCommit, decide_with
from application.ports.payment import (
    PaymentError,
    PaymentEvent,
    PaymentEventKind,
    PaymentEvents,
    PaymentUnavailable,
)
from application.ports.system import Clock
from application.ports.unit_of_work import StorageConflict, StorageUnavailable, UnitOfWorkFactory
from application.ports.webhooks import EventContext, ReceivedEvent
from application.webhooks.event_handlers import KEPT_BY_HANDLER, EventHandlers, KeepEvent
from domain.errors import DomainError, NotFound

log = logging.getLogger(__name__)

#: Sending such an event again changes nothing, unless the payment provider was only away.
FINAL: Final = (DomainError, PaymentError)


class HandlePaymentEvent:
    """``livemode`` is the installation's mode: whether real money moves."""

    def __init__(
        self,
        events: PaymentEvents,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
        event_handlers: EventHandlers,
        keep_event: KeepEvent,
        *,
        livemode: bool,
    ) -> None:
        self._events = events
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._event_handlers = event_handlers
        self._keep_event = keep_event
        self._livemode = livemode
        self._looking_up: GroupCommit[None, PaymentEvent, EventContext] = GroupCommit(decide_with(self._look_up))

    async def __call__(self, payload: bytes, signature: str) -> None:
        """Store the event in the raw body, and handle it, unless that was done before.

        Events that are not for us are accepted and ignored: those of types without a handler, of the other mode (Stripe
        sends connected accounts' test events to live endpoints, too), and of other sellers' payments. Raises
        InvalidSignature, and, if sending it again can help, PaymentUnavailable, StorageUnavailable or StorageConflict.
        """
        event = self._events.verify(payload, signature)
        kind = self._events.kind_of(event.type)
        if kind is None or not self._is_for_us(event):
            return
        context = await self._looking_up.submit(None, event)
        if not context.handled:
            await self._handle(kind, context)

    async def replay(self, event_id: str) -> ReceivedEvent:
        """Handle a stored event again. Raises NotFound, PaymentUnavailable, StorageUnavailable."""
        async with self._unit_of_work() as uow:
            received = await uow.inbox.get(event_id)
        if received is None:
            raise NotFound(f"No event {event_id} was received")
        kind = self._events.kind_of(received.event.type)
        if kind is None:  # an earlier release had a handler for it
            await self._keep_event(received.event)
        else:
            await self._handle(kind, await self._looking_up.submit(None, received.event))
        async with self._unit_of_work() as uow:
            return await uow.inbox.get(event_id) or received

    def _is_for_us(self, event: PaymentEvent) -> bool:
        if event.of_connected_account:
            return False
        if event.livemode != self._livemode:
            mode = "live" if event.livemode else "test"
            log.info("Event %s is of the %s mode, and nothing is done about it", event.id, mode)
            return False
        if not event.object_id:
            log.warning("Event %s (%s) does not say what it is about", event.id, event.type)
        return bool(event.object_id)

    async def _handle(self, kind: PaymentEventKind, context: EventContext) -> None:
        event = context.event
        try:
            await self._event_handlers.handle(kind, context)
        except Exception as error:
            await self._note(event, error)
            if not isinstance(error, FINAL) or isinstance(error, PaymentUnavailable):
                raise
            about = f"{event.object_id}, order {context.order.id}" if context.order else event.object_id
            log.error("Event %s (%s of %s) changed nothing: %s", event.id, event.type, about, error)  # noqa: TRY400
        else:
            if kind not in KEPT_BY_HANDLER:
                await self._keep_event(event)

    async def _look_up(self, events: Sequence[PaymentEvent]) -> list[EventContext]:
        async with self._unit_of_work(read_only=True) as uow:
            contexts = await uow.inbox.contexts(events)
        return [contexts[event.id] for event in events]

    async def _note(self, event: PaymentEvent, error: Exception) -> None:
        try:
            async with self._unit_of_work() as uow:
                await uow.inbox.failed(event, error=f"{type(error).__name__}: {error}", now=self._clock.now())
                await uow.commit()
        except (StorageUnavailable, StorageConflict) as failure:
            log.warning("The failure of event %s is not kept: %s", event.id, failure)
