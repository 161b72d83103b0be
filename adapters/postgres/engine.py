"""Connecting to PostgreSQL."""

from __future__ import annotations

import select
from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

#: A request waits this long for a free connection, then for a new one to come up.
POOL_TIMEOUT_SECONDS = 5
CONNECT_TIMEOUT_SECONDS = 5
#: No statement of ours is slow; one that is, waits for somebody's lock, and its buyer has gone.
STATEMENT_TIMEOUT_SECONDS = 30
#: A process that freezes in the middle of a transaction must not keep its rows locked: no transaction of ours waits for
#: anything but the database. Those who want the rows wait longer (STATEMENT_TIMEOUT_SECONDS).
IDLE_IN_TRANSACTION_TIMEOUT_SECONDS = 10
#: A host that is gone without a word (its power, its network) is given up by the other side after 5 + 3 * 2 seconds of
#: silence, and its transaction rolled back.
KEEPALIVES = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}


def psycopg_url(database_url: str) -> URL:
    """``postgres://`` and ``postgresql://`` addresses as SQLAlchemy wants them for psycopg 3.

    Raises sqlalchemy.exc.ArgumentError.
    """
    return make_url(database_url.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql+psycopg")


def create_engine(database_url: str, *, pool_size: int) -> AsyncEngine:
    """An engine with ``pool_size`` connections at most, made when they are needed."""
    options = {
        "timezone": "UTC",
        "statement_timeout": f"{STATEMENT_TIMEOUT_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_TIMEOUT_SECONDS}s",
        **{f"tcp_{name}": value for name, value in KEEPALIVES.items()},
    }
    engine = create_async_engine(
        psycopg_url(database_url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_use_lifo=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            **KEEPALIVES,
            "application_name": "piquetickets",
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
        },
    )
    event.listen(engine.sync_engine, "checkout", _ensure_connected)
    return engine


def _ensure_connected(connection: Any, record: object, proxy: object) -> None:  # noqa: ARG001
    """An idle connection has nothing to read, unless the server has closed it: then it and all older ones are replaced,
    and nobody notices a restart of the database that happened meanwhile. Asking costs no round trip.
    """
    poll = select.poll()
    poll.register(connection.driver_connection.pgconn.socket, select.POLLIN)
    if poll.poll(0):
        raise InvalidatePoolError
