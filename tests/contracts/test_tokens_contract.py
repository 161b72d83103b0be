"""The TokenRepo port: access tokens by the hash of their secret."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from application.access import AccessToken, Scope, hash_secret
from application.ports.storage import UnitOfWorkFactory
from tests.contracts.builders import NOW, Theatre, a_token, new_id


async def add(unit_of_work: UnitOfWorkFactory, token: AccessToken) -> None:
    async with unit_of_work() as uow:
        await uow.tokens.add(token)
        await uow.commit()


async def with_hash(unit_of_work: UnitOfWorkFactory, secret_hash: bytes) -> AccessToken | None:
    async with unit_of_work() as uow:
        return await uow.tokens.with_hash(secret_hash)


async def test_a_producers_token_comes_back_as_stored(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    token = a_token(theatre.producer)
    await add(unit_of_work, token)
    await add(unit_of_work, a_token(theatre.producer))

    assert await with_hash(unit_of_work, token.secret_hash) == token


async def test_a_platform_token_belongs_to_no_producer(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    token = replace(a_token(theatre.producer), producer_id=None, scopes=frozenset({Scope.PLATFORM}))
    await add(unit_of_work, token)

    assert await with_hash(unit_of_work, token.secret_hash) == token


async def test_an_unknown_secret_finds_nothing(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    await add(unit_of_work, a_token(theatre.producer))

    assert await with_hash(unit_of_work, hash_secret("guessed")) is None


async def test_a_revoked_token_is_found_as_revoked_the_first_time(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    token = a_token(theatre.producer)
    await add(unit_of_work, token)

    for now in (NOW, NOW + timedelta(days=1)):
        async with unit_of_work() as uow:
            assert await uow.tokens.revoke(token.id, now=now)
            await uow.commit()

    assert await with_hash(unit_of_work, token.secret_hash) == replace(token, revoked_at=NOW)


async def test_a_token_that_does_not_exist_cannot_be_revoked(unit_of_work: UnitOfWorkFactory) -> None:
    async with unit_of_work() as uow:
        assert not await uow.tokens.revoke(new_id(), now=NOW)
