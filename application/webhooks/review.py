"""Use cases: events that could not be handled, and a review of refunds and disputes whose events may be lost."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable
from datetime import datetime, timedelta
from typing import Final

from application.ports.payment import Payment, PaymentError
from application.ports.system import Clock
from application.ports.unit_of_work import StorageConflict, StorageUnavailable, UnitOfWorkFactory
from application.ports.webhooks import ReceivedEvent
from application.webhooks.event_handlers import EventHandlers
from domain.errors import DomainError

log = logging.getLogger(__name__)

#: Refunds that were made within this time are reviewed.
REFUNDS_LOOK_BACK: Final = timedelta(days=3)
#: Disputes take weeks to be decided, and there are few.
DISPUTES_LOOK_BACK: Final = timedelta(days=90)
_PAGE: Final = 100


class ListFailedEvents:
    """Lists events that have a handler, but could not be handled: oldest first."""

    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self) -> AsyncIterator[ReceivedEvent]:
        """The events. Raises StorageUnavailable."""
        after: ReceivedEvent | None = None
        while True:
            async with self._unit_of_work(read_only=True) as uow:
                page = await uow.inbox.failed_events(after=after, limit=_PAGE)
            for received in page:
                yield received
            if len(page) < _PAGE:
                return
            after = page[-1]


class ReviewRefundsAndDisputes:
    """Applies Stripe's present state of refunds and disputes again, with or without their events."""

    def __init__(
        self, payment: Payment, unit_of_work: UnitOfWorkFactory, clock: Clock, event_handlers: EventHandlers
    ) -> None:
        self._payment = payment
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._event_handlers = event_handlers

    async def __call__(self) -> int:
        """Review those of the last days. Returns how many there were. Raises PaymentUnavailable, StorageUnavailable."""
        return await self.made_since(self._clock.now() - REFUNDS_LOOK_BACK)

    async def made_since(self, moment: datetime) -> int:
        """Review the refunds made since then, and the disputes since some months before. Returns how many there were.

        Raises PaymentUnavailable, StorageUnavailable.
        """
        states = await self._payment.refunds_since(moment)
        async with self._unit_of_work(read_only=True) as uow:
            known = await uow.refunds.statuses([state.provider_refund_id for state in states])
        for state in states:
            if known.get(state.provider_refund_id) is not state.status:
                await self._again(state.provider_refund_id, self._event_handlers.refund_is(state))
        disputes = await self._payment.disputes_since(moment - DISPUTES_LOOK_BACK)
        for dispute in disputes:
            await self._again(dispute.id, self._event_handlers.dispute_is(dispute))
        return len(states) + len(disputes)

    async def _again(self, name: str, applied: Awaitable[None]) -> None:
        """Apply one state. A failure does not delay the others; other sellers' objects are ignored."""
        try:
            await applied
        except (DomainError, PaymentError, StorageUnavailable, StorageConflict) as error:
            log.info("%s is not applied again: %s", name, error)
