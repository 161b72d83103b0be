"""Task: the mail that says which money is on its way back."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from application.correspondence import SendLetter
from application.links import Links
from application.outbox import OutboxTask, TaskKind
from application.ports.letters import RefundFacts
from application.ports.storage import UnitOfWorkFactory
from application.ports.system import Ids
from application.showing import order_on_display
from application.telling import order_facts
from application.wording import price
from domain.orders import AttendeeStatus
from domain.refunds import Refund

_REFUND_ID: Final = "refund_id"


def refund_mail(order_id: UUID, refund: Refund | None, *, ids: Ids, now: datetime) -> OutboxTask:
    """The task to write down with a refund; with None where tickets for which nothing was paid were taken back."""
    details = {_REFUND_ID: str(refund.id)} if refund else {}
    return OutboxTask(id=ids.new(), kind=TaskKind.REFUND_MAIL, order_id=order_id, due_at=now, details=details)


class TellOfRefund:
    """Handler of TaskKind.REFUND_MAIL."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, send_letter: SendLetter, links: Links) -> None:
        self._unit_of_work = unit_of_work
        self._send_letter = send_letter
        self._links = links

    async def __call__(self, task: OutboxTask) -> None:
        """Nothing is sent where the refund has failed meanwhile. Raises what SendLetter raises."""
        found = await order_on_display(self._unit_of_work, task.order_id)
        if found is None:
            return
        order, display = found.order, found.display
        amount = ""
        if refund_id := task.details.get(_REFUND_ID):
            async with self._unit_of_work() as uow:
                refunds = {str(refund.id): refund for refund in await uow.refunds.of_order(order.id)}
            refund = refunds.get(refund_id)
            if refund is None or not refund.counts:
                return
            amount = price(order.quote.currency, refund.amount, display.show.locale)
        facts = RefundFacts(
            **order_facts(found, self._links),
            amount=amount,
            left=sum(attendee.status is AttendeeStatus.VALID for attendee in order.attendees),
        )
        await self._send_letter(task, order.customer, facts, reply_to=display.producer.email)
