"""Use cases: a producer's account, and where its money goes (Stripe Connect).

Only Stripe knows whether an account can take charges. We ask when an account is named and while it cannot; after that,
account.updated events inform us.
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
from application.notifications.payouts import FollowAccount
from application.ports.payment import AccountLink, Payment, PaymentError, PaymentRefused
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor, Scope
from domain.audit_log import Action, AuditFilter
from domain.catalog import Producer, ProducerFinancial
from domain.errors import InvalidRequest
from domain.fees import FeeBearer
from domain.tax import TaxMode

log = logging.getLogger(__name__)


class GetAccount:
    def __init__(self, unit_of_work: UnitOfWorkFactory, payment: Payment, follow_account: FollowAccount) -> None:
        self._unit_of_work = unit_of_work
        self._payment = payment
        self._follow_account = follow_account

    async def __call__(self, actor: Actor) -> Producer:
        """The producer. If its account could take no charges when we last heard of it, Stripe is asked again."""
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
            await self._follow_account(uow, account_id, charges_enabled=True)
            await uow.commit()
        return replace(producer, financial=ProducerFinancial(account_id, charges_enabled=True))


class ChangeAccount:
    def __init__(self, unit_of_work: UnitOfWorkFactory, payment: Payment, save_account: SaveAccount) -> None:
        self._unit_of_work = unit_of_work
        self._payment = payment
        self._save_account = save_account

    async def __call__(
        self,
        actor: Actor,
        *,
        name: str,
        email: str | None,
        stripe_account_id: str | None,
        tax: TaxMode | None = None,
        fees: FeeBearer | None = None,
    ) -> Producer:
        """The producer with this name, e-mail address, tax, bearer of the fees (None: unchanged) and Stripe account
        (None: none).

        Earlier orders are still paid to the account they were placed with, and their tax and fees stay as they were.
        The producer's previous address gets a mail with the changes.

        Raises InvalidRequest, InvalidEmail, PaymentUnavailable, and ScopeMissing if a token without the scope
        ``account`` would redirect the producer's money.
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
                fees=fees or before.fees,
            )
            await self._save_account(uow, actor, before, after)
            await uow.commit()
        return after

    async def _can_take_charges(self, account_id: str | None) -> bool:
        if account_id is None:
            return False
        try:
            return await self._payment.charges_enabled(account_id)
        except PaymentRefused:
            raise InvalidRequest("Stripe knows no such account of this platform", field="stripe_account_id") from None


class OnboardProducer:
    """Sends a producer to Stripe's own pages, to identify itself and to name its bank account."""

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        payment: Payment,
        links: Links,
        audit: AuditLog,
        save_account: SaveAccount,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._payment = payment
        self._links = links
        self._audit = audit
        self._save_account = save_account

    async def __call__(self, actor: Actor, *, come_back_path: str = "") -> AccountLink:
        """A link that is valid for minutes; a producer without an account gets one first. Stripe leads back to
        ``come_back_path`` of ours.

        Repeating the request, also after a lost answer, makes no second account. Raises PaymentUnavailable,
        PaymentRefused.
        """
        async with self._unit_of_work() as uow:
            producer = await producer_of(uow, actor.producer_id)
        account_id = producer.financial.stripe_account_id
        if account_id is None:
            account_id = await self._remember(actor, await self._account(actor, producer))
        return await self._payment.account_link(account_id, come_back_url=self._links.public_url + come_back_path)

    async def _account(self, actor: Actor, producer: Producer) -> str:
        """The account that was made for the producer and never stored, or a new one.

        Idempotency keys expire after a day, so the request is recorded before Stripe is called. A later attempt that
        finds the record searches for the account first.
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
        """The account that counts: another one may have been named in the meantime."""
        async with self._unit_of_work() as uow:
            before = await locked_producer(uow, actor.producer_id)
            if before.financial.stripe_account_id is not None:
                return before.financial.stripe_account_id
            after = replace(before, financial=ProducerFinancial(account_id, charges_enabled=False))
            await self._save_account(uow, actor, before, after)
            await uow.commit()
        return account_id


def _ensure_may_move_money(actor: Actor, now: ProducerFinancial, account_id: str | None) -> None:
    """Naming the first account redirects no money; any other change does."""
    if now.stripe_account_id not in (None, account_id) and not actor.may(Scope.ACCOUNT):
        raise ScopeMissing(Scope.ACCOUNT, "changing where the money goes")
