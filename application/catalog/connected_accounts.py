"""Use cases: a producer's account, and where its money goes (Stripe Connect).

Whether an account can take charges is only ever what Stripe says: asked when an account is named and while it cannot,
and told by account.updated from then on.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from application.access.audit_log import AuditLog
from application.access.ownership import locked_producer, producer_of
from application.catalog.producers import parse_producer_email
from application.catalog.save_account import SaveAccount
from application.errors import ScopeMissing
from application.links import Links
from application.ports.payment import AccountLink, Payment, PaymentError, PaymentRefused
from application.ports.unit_of_work import UnitOfWorkFactory
from application.tasks.dispatch import TaskDispatcher
from domain.access import Actor, Scope
from domain.audit_log import Action, AuditFilter
from domain.catalog import Producer, ProducerFinancial
from domain.errors import InvalidRequest
from domain.tax import TaxMode

log = logging.getLogger(__name__)


class GetAccount:
    def __init__(self, unit_of_work: UnitOfWorkFactory, payment: Payment) -> None:
        self._unit_of_work = unit_of_work
        self._payment = payment

    async def __call__(self, actor: Actor) -> Producer:
        """The producer. Stripe is asked about an account that could take no charges when we last heard of it."""
        async with self._unit_of_work() as uow:
            producer = await producer_of(uow, actor.producer_id)
        account_id, enabled = producer.financial.stripe_account_id, producer.financial.charges_enabled
        if account_id is None or enabled:
            return producer
        try:
            enabled = await self._payment.charges_enabled(account_id)
        except PaymentError as error:
            log.warning("Account %s is shown as it was: %s", account_id, error)
        if not enabled:
            return producer
        async with self._unit_of_work() as uow:
            await uow.producers.account_changed(account_id, charges_enabled=True)
            await uow.commit()
        return replace(producer, financial=ProducerFinancial(account_id, charges_enabled=True))


class ChangeAccount:
    def __init__(
        self, unit_of_work: UnitOfWorkFactory, payment: Payment, save_account: SaveAccount, dispatch: TaskDispatcher
    ) -> None:
        self._unit_of_work = unit_of_work
        self._payment = payment
        self._save_account = save_account
        self._dispatch = dispatch

    async def __call__(
        self, actor: Actor, *, name: str, email: str | None, stripe_account_id: str | None, tax: TaxMode | None = None
    ) -> Producer:
        """The producer with this name, e-mail address, tax (None: the same as before) and Stripe account (None: none).

        Orders that were placed before are paid to the account of then, and taxed as they were. The producer's
        previous address gets a mail that says what was changed.

        Raises InvalidRequest, InvalidEmail, PaymentUnavailable, ScopeMissing where a token without the scope account
        would send the money of a producer elsewhere.
        """
        enabled = await self._can_take_charges(stripe_account_id)
        async with self._unit_of_work() as uow:
            before = await locked_producer(uow, actor.producer_id)
            _ensure_may_move_money(actor, before.financial, stripe_account_id)
            after = replace(
                before,
                name=name.strip(),
                email=before.email if email is None else parse_producer_email(email),
                financial=ProducerFinancial(stripe_account_id, charges_enabled=enabled),
                tax=tax or before.tax,
            )
            tasks = await self._save_account(uow, actor, before, after)
            await uow.commit()
        self._dispatch(tasks)
        return after

    async def _can_take_charges(self, account_id: str | None) -> bool:
        if account_id is None:
            return False
        try:
            return await self._payment.charges_enabled(account_id)
        except PaymentRefused:
            raise InvalidRequest("Stripe knows no such account of this platform", field="stripe_account_id") from None


class OnboardProducer:
    """Leads a producer to Stripe's own pages, where it says who it is and where its money goes."""

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        payment: Payment,
        links: Links,
        audit: AuditLog,
        save_account: SaveAccount,
        dispatch: TaskDispatcher,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._payment = payment
        self._links = links
        self._audit = audit
        self._save_account = save_account
        self._dispatch = dispatch

    async def __call__(self, actor: Actor) -> AccountLink:
        """A link that lives for minutes; the producer gets an account first where there is none.

        Asking again, also when an answer was lost, makes no second account. Raises PaymentUnavailable, PaymentRefused.
        """
        async with self._unit_of_work() as uow:
            producer = await producer_of(uow, actor.producer_id)
        account_id = producer.financial.stripe_account_id
        if account_id is None:
            account_id = await self._remember(actor, await self._account(actor, producer))
        return await self._payment.account_link(account_id, come_back_url=self._links.public_url)

    async def _account(self, actor: Actor, producer: Producer) -> str:
        """The account that was made for the producer and never remembered, or a new one.

        Stripe forgets an idempotency key after a day, so that it is noted before an account is asked for: whoever finds
        the note looks first for what may have come of it.
        """
        requested = AuditFilter(action=Action.ACCOUNT_REQUESTED, subject_id=producer.id)
        async with self._unit_of_work() as uow:
            noted = await uow.audit_log.page(producer.id, only=requested, after=None, limit=1)
            if not noted:
                await self._audit.record(uow, actor, Action.ACCOUNT_REQUESTED, producer.id)
                await uow.commit()
        made = await self._payment.account_made(producer, since=noted[0].at) if noted else None
        return made or await self._payment.create_account(producer)

    async def _remember(self, actor: Actor, account_id: str) -> str:
        """The account that counts: somebody may have named another one meanwhile."""
        async with self._unit_of_work() as uow:
            before = await locked_producer(uow, actor.producer_id)
            if before.financial.stripe_account_id is not None:
                return before.financial.stripe_account_id
            after = replace(before, financial=ProducerFinancial(account_id, charges_enabled=False))
            tasks = await self._save_account(uow, actor, before, after)
            await uow.commit()
        self._dispatch(tasks)
        return account_id


def _ensure_may_move_money(actor: Actor, now: ProducerFinancial, account_id: str | None) -> None:
    """Naming the first account moves nobody's money; any other change does."""
    if now.stripe_account_id not in (None, account_id) and not actor.may(Scope.ACCOUNT):
        raise ScopeMissing(Scope.ACCOUNT, "changing where the money goes")
