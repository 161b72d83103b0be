"""Task: describe, in the producer's own Stripe account, what a transfer was for (P1-019)."""

from __future__ import annotations

from application.ports.payment import Payment, PaymentRefused
from application.ports.unit_of_work import UnitOfWorkFactory
from application.tasks.run import PermanentTaskError
from domain.tasks import OutboxTask


class DescribeTransfer:
    """Handler of TaskKind.DESCRIBE_TRANSFER."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, payment: Payment) -> None:
        self._unit_of_work = unit_of_work
        self._payment = payment

    async def __call__(self, task: OutboxTask) -> None:
        """Write the description.

        Raises PermanentTaskError if Stripe refuses for good, PaymentUnavailable if it is away.
        """
        async with self._unit_of_work() as uow:
            order = await uow.orders.get(task.about_order)
        if order is None or order.charge_id is None:
            return
        try:
            await self._payment.describe_transfer(order)
        except PaymentRefused as refusal:
            raise PermanentTaskError(str(refusal)) from refusal
