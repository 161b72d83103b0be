"""Outages of the database: used up, cut off, restarted, hung. Nothing is written halfway, and it recovers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from adapters.postgres import schema
from adapters.postgres.address import DatabaseAddress
from adapters.postgres.connection import LOCKING_TRANSACTION_SECONDS
from adapters.postgres.engine import (
    CONNECT_TIMEOUT_SECONDS,
    KEEPALIVES,
    POOL_TIMEOUT_SECONDS,
    TCP_USER_TIMEOUT_MILLISECONDS,
    create_engine,
)
from adapters.postgres.unit_of_work import PostgresDatabase, PostgresUnitOfWork
from application.ports.unit_of_work import RowsInUse, StorageConflict, StorageUnavailable, UnitOfWorkFactory
from demo.embedded import EmbeddedPostgres
from domain.cart import Cart
from domain.catalog import Producer
from domain.tasks import OutboxTask, TaskKind
from tests.contracts.builders import NOW, Theatre, a_cart, a_producer, new_id

SHORT_POOL_TIMEOUT_SECONDS = 0.2


@asynccontextmanager
async def an_engine(database_url: str, *, pool_size: int = 5) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database_url, pool_size=pool_size)
    try:
        yield engine
    finally:
        await engine.dispose()


@pytest.fixture
async def lonely_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine of one connection, with its process id on the server."""
    async with an_engine(database_url, pool_size=1) as engine:
        yield engine


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path, durable=False) as engine:
        schema.upgrade(engine.url)
        yield engine


async def terminate_connections_of(victim: AsyncEngine, *, by: AsyncEngine) -> None:
    """Cut every idle connection of an engine, as an administrator or a failover would."""
    async with victim.connect() as connection:
        process_id = await connection.scalar(sa.text("SELECT pg_backend_pid()"))
    await terminate(process_id, by=by)


async def terminate(process_id: int | None, *, by: AsyncEngine) -> None:
    async with by.connect() as connection:
        gone = await connection.scalar(
            sa.text("SELECT pg_terminate_backend(:process_id, 5000)"), {"process_id": process_id}
        )
    assert gone


async def add(unit_of_work: UnitOfWorkFactory, producer: Producer) -> None:
    async with unit_of_work() as uow:
        await uow.producers.add(producer)
        await uow.commit()


async def is_stored(unit_of_work: UnitOfWorkFactory, producer: Producer) -> bool:
    async with unit_of_work() as uow:
        return await uow.producers.get(producer.id) == producer


async def process_id_of(uow: PostgresUnitOfWork) -> int:
    return int(await uow._connection.scalar(sa.text("SELECT pg_backend_pid()")) or 0)


async def test_a_used_up_pool_is_unavailable_when_the_wait_is_over(database_url: str) -> None:
    engine = create_async_engine(
        "postgresql+psycopg://",
        pool_size=1,
        max_overflow=0,
        pool_timeout=SHORT_POOL_TIMEOUT_SECONDS,
        connect_args=DatabaseAddress.parse(database_url).connecting({}, {}),
    )
    async with PostgresDatabase(engine)():
        async with asyncio.timeout(SHORT_POOL_TIMEOUT_SECONDS + 1):
            with pytest.raises(StorageUnavailable, match="in use"):
                async with PostgresDatabase(engine)():
                    pytest.fail("there was a second connection")

    async with PostgresDatabase(engine)():
        pass
    await engine.dispose()


def test_nobody_waits_long_for_a_connection() -> None:
    assert POOL_TIMEOUT_SECONDS + CONNECT_TIMEOUT_SECONDS <= 10


async def test_units_of_work_give_their_connections_back_whatever_happens(lonely_engine: AsyncEngine) -> None:
    async def fail() -> None:
        async with PostgresDatabase(lonely_engine)() as uow:
            await uow.producers.get(a_producer().id)
            raise RuntimeError("surprise")

    for _ in range(3):
        with pytest.raises(RuntimeError, match="surprise"):
            await fail()

    assert not await is_stored(PostgresDatabase(lonely_engine), a_producer())


async def test_a_connection_cut_in_the_middle_of_a_transaction_writes_nothing(
    lonely_engine: AsyncEngine, engine: AsyncEngine
) -> None:
    producer = a_producer()

    async def lose_the_connection() -> None:
        async with PostgresDatabase(lonely_engine)() as uow:
            await uow.producers.add(producer)
            await terminate(await process_id_of(uow), by=engine)
            await uow.producers.get(producer.id)

    with pytest.raises(StorageUnavailable):
        await lose_the_connection()

    unit_of_work: UnitOfWorkFactory = PostgresDatabase(lonely_engine)
    assert not await is_stored(unit_of_work, producer)
    await add(unit_of_work, producer)
    assert await is_stored(unit_of_work, producer)


async def test_a_connection_cut_before_the_commit_writes_nothing(
    lonely_engine: AsyncEngine, engine: AsyncEngine, unit_of_work: UnitOfWorkFactory
) -> None:
    producer = a_producer()

    async def lose_the_connection() -> None:
        async with PostgresDatabase(lonely_engine)() as uow:
            await uow.producers.add(producer)
            await terminate(await process_id_of(uow), by=engine)
            await uow.commit()

    with pytest.raises(StorageUnavailable):
        await lose_the_connection()

    assert not await is_stored(unit_of_work, producer)


async def test_leaving_a_unit_of_work_whose_connection_was_cut_is_quiet(
    lonely_engine: AsyncEngine, engine: AsyncEngine
) -> None:
    async with PostgresDatabase(lonely_engine)() as uow:
        await terminate(await process_id_of(uow), by=engine)

    async with PostgresDatabase(lonely_engine)() as uow:
        assert await process_id_of(uow)


async def test_an_error_of_the_domain_is_not_hidden_by_a_cut_connection(
    lonely_engine: AsyncEngine, engine: AsyncEngine
) -> None:
    async def fail() -> None:
        async with PostgresDatabase(lonely_engine)() as uow:
            await terminate(await process_id_of(uow), by=engine)
            raise RuntimeError("the cause")

    with pytest.raises(RuntimeError, match="the cause"):
        await fail()


async def test_locks_of_a_cut_connection_are_free(
    lonely_engine: AsyncEngine, engine: AsyncEngine, unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    cart = a_cart({theatre.stalls: 1})
    async with PostgresDatabase(lonely_engine)() as uow:
        await uow.inventory.lock([cart])
        await terminate(await process_id_of(uow), by=engine)

        async with asyncio.timeout(2), unit_of_work() as next_one:
            assert theatre.stalls.id in (await next_one.inventory.lock([cart])).stock.tickets


async def test_locks_of_a_process_that_freezes_are_free_before_its_next_word(
    lonely_engine: AsyncEngine, unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    cart = a_cart({theatre.stalls: 1})

    async def locked_by_the_next_one() -> Collection[UUID]:
        try:
            async with unit_of_work() as next_one:
                return (await next_one.inventory.lock([cart])).stock.tickets
        except RowsInUse:
            return ()

    async def freeze() -> None:
        async with PostgresDatabase(lonely_engine)() as uow:
            await uow.inventory.lock([cart])
            async with uow._driver.pipeline():
                await uow._driver.execute("SELECT 1")  # and no answer that says whether this was all
                async with asyncio.timeout(60):
                    while theatre.stalls.id not in await locked_by_the_next_one():
                        pass  # the server has not ended the frozen transaction yet

    with pytest.raises(StorageUnavailable):
        await freeze()


@pytest.mark.parametrize("step", ["claim", "sending", "save", "scan"])
async def test_server_ends_a_transaction_soon_whose_process_freezes_in_a_pipeline(
    lonely_engine: AsyncEngine, step: str
) -> None:
    """It waits for the rest of the pipeline, and the rows stay locked: others could not do the task, or let in."""
    task = OutboxTask(id=new_id(), kind=TaskKind.CONFIRMATION_MAIL, order_id=new_id(), due_at=NOW)
    async with PostgresDatabase(lonely_engine)() as uow:
        match step:
            case "claim":
                await uow.task_claims.claim(task.id, now=NOW, until=NOW)
            case "sending":
                await uow.task_claims.sending(task)
            case "save":
                await uow.task_claims.save(task)
            case _:
                await uow.check_ins.lock([new_id()], [new_id()], pass_over=True)
        timeout = await uow._connection.scalar(sa.text("SHOW transaction_timeout"))
    assert timeout == f"{LOCKING_TRANSACTION_SECONDS}s"


async def test_both_sides_of_a_connection_ask_whether_the_other_is_there(lonely_engine: AsyncEngine) -> None:
    async with lonely_engine.connect() as connection:
        servers = {name: await connection.scalar(sa.text(f"SHOW tcp_{name}")) for name in KEEPALIVES}
        user_timeout = await connection.scalar(sa.text("SHOW tcp_user_timeout"))
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        with socket.socket(fileno=socket.dup(driver.pgconn.socket)) as ours:
            options = [socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT]
            our_user_timeout = ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            clients = [ours.getsockopt(socket.IPPROTO_TCP, option) for option in options]
    assert servers == {name: str(value) for name, value in KEEPALIVES.items()}
    assert clients == list(KEEPALIVES.values())
    assert (user_timeout, our_user_timeout) == (str(TCP_USER_TIMEOUT_MILLISECONDS), TCP_USER_TIMEOUT_MILLISECONDS)


async def test_a_connection_cut_while_idle_costs_one_unit_of_work_at_most(
    lonely_engine: AsyncEngine, engine: AsyncEngine
) -> None:
    unit_of_work: UnitOfWorkFactory = PostgresDatabase(lonely_engine)
    producer = a_producer()
    await terminate_connections_of(lonely_engine, by=engine)

    try:
        await add(unit_of_work, producer)
    except StorageUnavailable:
        await add(unit_of_work, producer)

    assert await is_stored(unit_of_work, producer)


async def test_a_killed_server_is_unavailable_and_serves_again_after_its_restart(
    own_postgres: EmbeddedPostgres,
) -> None:
    before, meanwhile, after = a_producer(), a_producer(), a_producer()
    async with an_engine(own_postgres.url) as engine:
        unit_of_work: UnitOfWorkFactory = PostgresDatabase(engine)
        await asyncio.gather(*(is_stored(unit_of_work, before) for _ in range(5)))
        await add(unit_of_work, before)

        await asyncio.to_thread(own_postgres.kill)
        for _ in range(6):
            with pytest.raises(StorageUnavailable):
                await add(unit_of_work, meanwhile)

        await asyncio.to_thread(own_postgres.start)
        await add(unit_of_work, after)
        stored = [await is_stored(unit_of_work, producer) for producer in (before, meanwhile, after)]

    assert stored == [True, False, True]


async def test_a_server_restarted_between_two_units_of_work_fails_only_those_with_old_connections(
    own_postgres: EmbeddedPostgres,
) -> None:
    producer = a_producer()
    async with an_engine(own_postgres.url, pool_size=3) as engine:
        unit_of_work: UnitOfWorkFactory = PostgresDatabase(engine)
        await asyncio.gather(*(is_stored(unit_of_work, producer) for _ in range(3)))

        await asyncio.to_thread(own_postgres.stop)
        await asyncio.to_thread(own_postgres.start)

        outcomes = await asyncio.gather(*(is_stored(unit_of_work, producer) for _ in range(3)), return_exceptions=True)
        await add(unit_of_work, producer)
        assert await is_stored(unit_of_work, producer)

    assert {type(outcome) for outcome in outcomes} <= {bool, StorageUnavailable}


async def test_a_server_that_is_not_there_is_unavailable_at_once() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        async with an_engine(f"postgresql://nobody@127.0.0.1:{bound.getsockname()[1]}/nothing") as engine:
            async with asyncio.timeout(2):
                with pytest.raises(StorageUnavailable):
                    async with PostgresDatabase(engine)():
                        pytest.fail("somebody was there")


async def test_a_wrong_password_is_unavailable_and_not_told(database_url: str) -> None:
    url = sa.make_url(database_url).set(password="wrong password")
    async with an_engine(url.render_as_string(hide_password=False)) as engine:
        with pytest.raises(StorageUnavailable) as refusal:
            async with PostgresDatabase(engine)():
                pytest.fail("anybody is let in")

    assert "wrong password" not in str(refusal.value)


async def test_who_waits_too_long_for_a_row_is_unavailable_and_not_stuck(
    unit_of_work: UnitOfWorkFactory, engine: AsyncEngine, theatre: Theatre
) -> None:
    cart = a_cart({theatre.stalls: 1})

    async def wait() -> None:
        async with PostgresDatabase(engine)() as uow:
            await uow._connection.execute(sa.text("SET LOCAL statement_timeout = '100ms'"))
            await uow.inventory.lock([cart])

    async with unit_of_work() as holder:
        await holder.inventory.lock([cart])

        with pytest.raises(StorageUnavailable):
            await wait()


async def test_a_deadlock_is_a_conflict_for_one_and_nothing_for_the_other(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    stalls, gallery = a_cart({theatre.stalls: 1}), a_cart({theatre.gallery: 1})
    both_hold_one = asyncio.Barrier(2)

    async def lock_one_after_the_other(first: Cart, second: Cart) -> None:
        async with unit_of_work() as uow:
            await uow.inventory.lock([first])
            await both_hold_one.wait()
            await uow.inventory.lock([second])

    outcomes = await asyncio.gather(
        lock_one_after_the_other(stalls, gallery),
        lock_one_after_the_other(gallery, stalls),
        return_exceptions=True,
    )

    # PostgreSQL looks for a deadlock after a second, which is earlier than a transaction gives up a row.
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "StorageConflict"]
    assert any(isinstance(outcome, StorageConflict) for outcome in outcomes)


async def test_database_that_ends_every_connection_at_once_is_away_and_then_back(
    lonely_engine: AsyncEngine, database_url: str
) -> None:
    def end(connection: Any, record: object) -> None:
        process_id = connection.driver_connection.info.backend_pid
        with psycopg.connect(database_url, autocommit=True) as administrator:
            administrator.execute("SELECT pg_terminate_backend(%s, 5000)", [process_id])

    unit_of_work, producer = PostgresDatabase(lonely_engine), a_producer()
    event.listen(lonely_engine.sync_engine, "connect", end)
    with pytest.raises(StorageUnavailable):
        await add(unit_of_work, producer)

    event.remove(lonely_engine.sync_engine, "connect", end)
    await add(unit_of_work, producer)
    assert await is_stored(unit_of_work, producer)
