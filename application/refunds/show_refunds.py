"""The refunds of a cancelled show, if its producer wants to refund all buyers.

No request does this work itself. The show is marked as cancelled, a row says that it is to be refunded, and the orders'
own states show what is left to do. So if a worker dies nothing is lost, and another one continues.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import locked_show, owned_show, producer_of
from application.ports.show_refunds import RefundProgress, ShowRefund
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.refunds.refund_order import RefundOrder
from domain.access import Actor
from domain.audit_log import Action
from domain.errors import Conflict, DomainError, NotFound
from domain.jobs import Job, JobKind
from domain.money import Currency
from domain.refunds import check_reason

log = logging.getLogger(__name__)

#: Orders that are refunded before the claim on their show is renewed: a second's work.
BATCH = 50
#: How long a worker may take for a batch before another one continues with the show. Also how often a show is looked at
#: again: an order that was being completed when the show was cancelled is found the next time.
CLAIM = timedelta(seconds=30)
#: No payment takes longer to arrive.
LOOKED_AFTER = timedelta(days=30)
#: Failures that are listed one by one.
MAX_FAILURES = 100


class RefundShow:
    """Refunds all buyers of a show, for its producer, in one operation that workers carry out."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._audit = audit

    async def __call__(
        self, actor: Actor, show_id: UUID, *, refund_fees: bool, reason: str
    ) -> tuple[RefundProgress, Currency]:
        """The progress, which is none the first time. Repeating the request continues, and tries failed orders again.

        Raises NotFound, InvalidRequest, Conflict for a show that was not cancelled.
        """
        check_reason(reason)
        async with self._unit_of_work() as uow:
            show = await locked_show(uow, actor, show_id)
            if not show.cancelled:
                raise Conflict("Only a cancelled show can be refunded as a whole; cancel it first")
            before = await uow.show_refunds.refund_of(show_id)
            terms = {"refund_fees": refund_fees, "reason": reason}
            await uow.show_refunds.ask_for_refund(
                ShowRefund(show_id=show_id, requested_at=self._clock.now(), refund_fees=refund_fees, reason=reason)
            )
            await self._remember_job(uow, actor, show_id)
            if before is None or (before.refund_fees, before.reason) != (refund_fees, reason):
                await self._audit.record(uow, actor, Action.SHOW_REFUNDED, show_id, show_id=show_id, after=terms)
            progress = await uow.show_refunds.progress(show_id, failures=MAX_FAILURES)
            currency = (await producer_of(uow, actor.producer_id)).currency
            await uow.commit()
        return progress, currency

    async def _remember_job(self, uow: UnitOfWork, actor: Actor, show_id: UUID) -> None:
        """The job by which people see the refund: who asked for it last, and when. Its progress is the orders'."""
        if known := await uow.jobs.latest(show_id, JobKind.SHOW_REFUND):
            await uow.jobs.save(replace(known, actor=actor, created_at=self._clock.now()))
            return
        job = Job(
            id=self._ids.new(),
            producer_id=actor.producer_id,
            show_id=show_id,
            kind=JobKind.SHOW_REFUND,
            actor=actor,
            created_at=self._clock.now(),
        )
        await uow.jobs.add(job)

    async def progress(self, actor: Actor, show_id: UUID) -> tuple[RefundProgress, Currency]:
        """The progress. Raises NotFound, also if no refund of the show was requested."""
        async with self._unit_of_work() as uow:
            await owned_show(uow, actor, show_id)
            if await uow.show_refunds.refund_of(show_id) is None:
                raise NotFound("No refund of this show was requested")
            progress = await uow.show_refunds.progress(show_id, failures=MAX_FAILURES)
            return progress, (await producer_of(uow, actor.producer_id)).currency


class RefundCancelled:
    """The worker's part: refunds order after order of the requested shows."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, refund_order: RefundOrder) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._refund_order = refund_order

    async def __call__(self) -> int:
        """Refund all remaining orders, except those of shows that another worker has. Returns how many."""
        refunded = 0
        while (refund := await self._claim()) is not None:
            while order_ids := await self._next_batch(refund):
                for order_id in order_ids:
                    refunded += await self._refund(order_id, refund)
        return refunded

    async def _claim(self) -> ShowRefund | None:
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            claimed = await uow.show_refunds.claim_refund(
                now=now, until=now + CLAIM, requested_since=now - LOOKED_AFTER
            )
            await uow.commit()
        return claimed

    async def _next_batch(self, refund: ShowRefund) -> list[UUID]:
        show_id, asked_at = refund.show_id, refund.requested_at
        async with self._unit_of_work() as uow:
            await uow.show_refunds.keep_refund(show_id, until=self._clock.now() + CLAIM)
            order_ids = await uow.show_refunds.to_refund(show_id, limit=BATCH)
            # A refund that is lost after the request waits for the next request.
            order_ids = order_ids or await uow.show_refunds.to_refund_again(show_id, asked_at=asked_at, limit=BATCH)
            await uow.commit()
        return order_ids

    async def _refund(self, order_id: UUID, refund: ShowRefund) -> bool:
        try:
            await self._refund_order(order_id, refund_fees=refund.refund_fees, reason=refund.reason)
        except DomainError as refusal:
            log.warning("Order %s of a cancelled show is not refunded: %s", order_id, refusal)
            async with self._unit_of_work() as uow:
                # An order that was refunded in the meantime is done: only one that still admits counts as refused.
                await uow.show_refunds.refused(order_id, reason=str(refusal))
                await uow.commit()
            return False
        return True
