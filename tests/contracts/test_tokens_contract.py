"""The TokenRepo port: access tokens by the hash of their secret."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import AccessToken, Scope, hash_secret
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


async def test_a_producers_tokens_are_listed_oldest_first(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    newer = replace(a_token(theatre.producer), created_at=NOW + timedelta(seconds=1))
    older = a_token(theatre.producer)
    for token in (newer, older):
        await add(unit_of_work, token)

    async with unit_of_work() as uow:
        assert await uow.tokens.of_producer(theatre.producer.id) == [older, newer]
        assert await uow.tokens.of_producer(new_id()) == []
        assert await uow.tokens.get(older.id) == older
        assert await uow.tokens.get(new_id()) is None


async def test_a_use_is_remembered_unless_a_recent_one_is(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    token = a_token(theatre.producer)
    await add(unit_of_work, token)

    async def last_use(now: datetime) -> datetime | None:
        async with unit_of_work() as uow:
            await uow.tokens.used(token.id, now=now, unless_since=now - timedelta(minutes=1))
            await uow.commit()
        found = await with_hash(unit_of_work, token.secret_hash)
        return found.last_used_at if found else None

    assert await last_use(NOW) == NOW
    assert await last_use(NOW + timedelta(minutes=1)) == NOW
    later = NOW + timedelta(minutes=1, microseconds=1)
    assert await last_use(later) == later
