"""Use cases: producers and their access tokens."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from application.access import AccessToken, Scope, hash_secret
from application.ports.storage import UnitOfWorkFactory
from application.ports.system import Clock, Ids
from domain.catalog import Producer, ProducerFinancial
from domain.customer import parse_email
from domain.errors import InvalidEmail, NotFound
from domain.money import currency

_SECRET_BYTES = 32
#: A scanner sends many requests a second, and nobody needs to know the last use so exactly.
USE_REMEMBERED_EVERY = timedelta(minutes=1)


class RegisterProducer:
    def __init__(self, unit_of_work: UnitOfWorkFactory, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._ids = ids

    async def __call__(
        self, *, name: str, email: str, currency_code: str, stripe_account_id: str | None = None
    ) -> Producer:
        """A new producer. A named Stripe account counts as able to take charges until Stripe says otherwise.

        Raises InvalidRequest, InvalidEmail.
        """
        try:
            address = parse_email(email)
        except InvalidEmail as error:
            raise InvalidEmail(str(error), field="email") from None
        producer = Producer(
            id=self._ids.new(),
            name=name.strip(),
            email=address,
            currency=currency(currency_code),
            financial=ProducerFinancial(stripe_account_id, charges_enabled=stripe_account_id is not None),
        )
        async with self._unit_of_work() as uow:
            await uow.catalog.add_producer(producer)
            await uow.commit()
        return producer


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """``secret`` is shown this once and stored nowhere."""

    token: AccessToken
    secret: str = field(repr=False)


class IssueToken:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids

    async def __call__(self, *, producer_id: UUID | None, name: str, scopes: Iterable[Scope]) -> IssuedToken:
        """A token for a producer, or for the platform when ``producer_id`` is None. Raises NotFound, InvalidRequest."""
        secret = "pqt_" + base64.urlsafe_b64encode(self._ids.random_bytes(_SECRET_BYTES)).decode().rstrip("=")
        token = AccessToken(
            id=self._ids.new(),
            producer_id=producer_id,
            name=name,
            scopes=frozenset(scopes),
            secret_hash=hash_secret(secret),
            created_at=self._clock.now(),
        )
        async with self._unit_of_work() as uow:
            if producer_id is not None and await uow.catalog.producer(producer_id) is None:
                raise NotFound("No such producer")
            await uow.tokens.add(token)
            await uow.commit()
        return IssuedToken(token, secret)


class RevokeToken:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, token_id: UUID, *, of_producer: UUID | None = None) -> None:
        """The token opens nothing any more. Raises NotFound, also when it is not of the producer who is named."""
        async with self._unit_of_work() as uow:
            if of_producer and token_id not in {token.id for token in await uow.tokens.of_producer(of_producer)}:
                raise NotFound("No such token")
            if not await uow.tokens.revoke(token_id, now=self._clock.now()):
                raise NotFound("No such token")
            await uow.commit()


class ListTokens:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, producer_id: UUID) -> list[AccessToken]:
        """The producer's tokens, revoked ones too, oldest first. Raises NotFound."""
        async with self._unit_of_work() as uow:
            if await uow.catalog.producer(producer_id) is None:
                raise NotFound("No such producer")
            return await uow.tokens.of_producer(producer_id)


class Authenticate:
    """Whose token is this?"""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, secret: str) -> AccessToken | None:
        """The token, unless unknown or revoked. Its use is remembered, once in USE_REMEMBERED_EVERY."""
        now = self._clock.now()
        long_ago = now - USE_REMEMBERED_EVERY
        async with self._unit_of_work() as uow:
            token = await uow.tokens.with_hash(hash_secret(secret))
            if token is None or token.revoked_at is not None:
                return None
            if token.last_used_at is None or token.last_used_at < long_ago:
                await uow.tokens.used(token.id, now=now, unless_since=long_ago)
                await uow.commit()
        return token
