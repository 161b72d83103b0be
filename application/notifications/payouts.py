"""Task: the mail that tells a producer's people that Stripe takes payments for them now, or does not any more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from application.links import Links
from application.notifications.delivery import SendEmail
from application.notifications.office_people import RECIPIENT, addressee, recipients
from application.ports.emails import PayoutsFacts
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.catalog import Producer
from domain.people import Right
from domain.tasks import OutboxTask, TaskKind

# Keys of the task's details.
ENABLED: Final = "enabled"
CHANGED_AT: Final = "changed_at"
_YES: Final = "yes"
_NO: Final = "no"


class FollowAccount:
    """Writes down what Stripe says of a connected account, and the mails of a change."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids

    async def __call__(self, uow: UnitOfWork, stripe_account_id: str, *, charges_enabled: bool) -> None:
        """Write it for all producers whose money goes to the account. Only a change is news."""
        changed = await uow.producers.account_changed(stripe_account_id, charges_enabled=charges_enabled)
        for producer in changed:
            await uow.outbox.add(await self._mails(uow, producer, enabled=charges_enabled))

    async def _mails(self, uow: UnitOfWork, producer: Producer, *, enabled: bool) -> Iterable[OutboxTask]:
        now = self._clock.now()
        facts = {ENABLED: _YES if enabled else _NO, CHANGED_AT: now.astimezone(UTC).isoformat()}
        return [
            OutboxTask(
                id=self._ids.new(),
                kind=TaskKind.PAYOUTS_MAIL,
                producer_id=producer.id,
                due_at=now,
                details={RECIPIENT: recipient, **facts},
            )
            for recipient in await recipients(uow, producer, Right.ACCOUNT)
        ]


class SendPayoutsEmail:
    """Handler of TaskKind.PAYOUTS_MAIL."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, send_email: SendEmail, links: Links, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._send_email = send_email
        self._links = links
        self._clock = clock

    async def __call__(self, task: OutboxTask) -> None:
        """Send the mail, unless it is not true any more, or the person is gone. Raises what SendEmail raises."""
        enabled = task.details[ENABLED] == _YES
        async with self._unit_of_work(read_only=True) as uow:
            producer = await uow.producers.get(task.about_producer)
            if producer is None or producer.financial.charges_enabled is not enabled:
                return
            to = await addressee(uow, producer, task.details[RECIPIENT], Right.ACCOUNT)
            planned = await uow.today.planned(producer.id, now=self._clock.now())
        if to is None:
            return
        costs = [each for each in planned if any(ticket.price or ticket.is_donation_based for ticket in each.tickets)]
        facts = PayoutsFacts(
            producer_name=producer.name,
            is_enabled=enabled,
            changed_at=datetime.fromisoformat(task.details[CHANGED_AT]),
            shows_on_sale=sum(each.show.published for each in costs),
            account_url=self._links.office("/account"),
        )
        await self._send_email(task, to, facts)
