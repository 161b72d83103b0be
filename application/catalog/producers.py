"""Use cases: producers and their access tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.bearer import in_force, note_use
from application.access.ownership import locked_producer, producer_of
from application.access.secrets import new_secret
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import AccessToken, Actor, Scope, hash_secret
from domain.audit_log import Action, Facts
from domain.catalog import Producer, ProducerFinancial
from domain.customer import parse_email
from domain.errors import Conflict, InvalidEmail, NotFound
from domain.fees import FeeBearer
from domain.money import currency
from domain.tax import TaxMode


def parse_producer_email(text: str) -> str:
    """The producer's e-mail address. Raises InvalidEmail."""
    try:
        return parse_email(text)
    except InvalidEmail as error:
        raise InvalidEmail(str(error), field="email") from None


class RegisterProducer:
    def __init__(self, unit_of_work: UnitOfWorkFactory, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._ids = ids
        self._audit = audit

    async def __call__(
        self,
        *,
        name: str,
        email: str,
        currency_code: str,
        stripe_account_id: str | None = None,
        tax: TaxMode = TaxMode.EXCLUSIVE,
        fees: FeeBearer = FeeBearer.BUYER,
        by: AccessToken | None = None,
    ) -> Producer:
        """A new producer. ``by`` is the platform's token, None at the command line.

        A named Stripe account counts as able to take charges until Stripe reports otherwise.

        Raises InvalidRequest, InvalidEmail.
        """
        producer = Producer(
            id=self._ids.new(),
            name=name.strip(),
            email=parse_producer_email(email),
            currency=currency(currency_code),
            financial=ProducerFinancial(stripe_account_id, charges_enabled=stripe_account_id is not None),
            tax=tax,
            fees=fees,
        )
        async with self._unit_of_work() as uow:
            await uow.producers.add(producer)
            actor = acting_for(producer.id, by)
            await self._audit.record(uow, actor, Action.PRODUCER_REGISTERED, producer.id, after=producer)
            await uow.commit()
        return producer


def acting_for(producer_id: UUID, by: AccessToken | Actor | None) -> Actor:
    """The actor for a change in a producer's name: by its own people, by the platform or at the command line."""
    if isinstance(by, Actor):
        return by
    return Actor(producer_id, by.id, by.name) if by else Actor(producer_id)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """``secret`` is shown this once and stored nowhere."""

    token: AccessToken
    secret: str = field(repr=False)


class IssueToken:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._audit = audit

    async def __call__(
        self,
        *,
        producer_id: UUID | None,
        name: str,
        scopes: Iterable[Scope],
        by: AccessToken | Actor | None = None,
        token_id: UUID | None = None,
    ) -> IssuedToken:
        """A token for a producer, or for the platform when ``producer_id`` is None.

        A request that may come twice names the ``token_id``. Raises NotFound, InvalidRequest, Conflict (there is a
        token with this id).
        """
        secret = "pqt_" + new_secret(self._ids)
        token = AccessToken(
            id=token_id or self._ids.new(),
            producer_id=producer_id,
            name=name,
            scopes=frozenset(scopes),
            secret_hash=hash_secret(secret),
            created_at=self._clock.now(),
        )
        async with self._unit_of_work() as uow:
            if producer_id is not None:
                # Locked, so of two requests with one token_id the second finds the first one's token.
                await (locked_producer if token_id else producer_of)(uow, producer_id)
            if token_id and await uow.tokens.get(token_id):
                raise Conflict("This token was made already, and its secret cannot be shown again")
            await uow.tokens.add(token)
            if producer_id is not None:
                actor = acting_for(producer_id, by)
                await self._audit.record(uow, actor, Action.TOKEN_ISSUED, token.id, after=_facts(token))
            await uow.commit()
        return IssuedToken(token, secret)


class RevokeToken:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._audit = audit

    async def __call__(
        self, token_id: UUID, *, of_producer: UUID | None = None, by: AccessToken | Actor | None = None
    ) -> None:
        """Revoke the token. Raises NotFound, also if it does not belong to the given producer."""
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            token = await uow.tokens.get(token_id)
            if token is None or of_producer not in (None, token.producer_id):
                raise NotFound("No such token")
            if token.revoked_at is not None:
                return
            await uow.tokens.revoke(token_id, now=now)
            if token.producer_id is not None:
                actor = acting_for(token.producer_id, by)
                await self._audit.record(uow, actor, Action.TOKEN_REVOKED, token.id, before=_facts(token))
            await uow.commit()


def _facts(token: AccessToken) -> Facts:
    return {"name": token.name, "scopes": token.scopes}


class ListTokens:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, producer_id: UUID) -> list[AccessToken]:
        """The producer's tokens, including revoked ones, oldest first. Raises NotFound."""
        async with self._unit_of_work() as uow:
            await producer_of(uow, producer_id)
            return await uow.tokens.of_producer(producer_id)


class Authenticate:
    """Finds the token for a secret."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, secret: str) -> AccessToken | None:
        """The token, unless it is unknown or revoked. Its use is recorded at most once in USE_REMEMBERED_EVERY."""
        now = self._clock.now()
        async with self._unit_of_work(read_only=True) as uow:
            token = in_force(await uow.tokens.with_hash(hash_secret(secret)))
        if token is not None:
            await note_use(self._unit_of_work, [token], now)
        return token
