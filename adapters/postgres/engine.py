"""Connecting to PostgreSQL."""

from __future__ import annotations

import logging
import os
import select
import time
from collections.abc import Mapping
from typing import Any, Final, cast

import psycopg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from adapters.postgres.address import DatabaseAddress

log = logging.getLogger(__name__)

#: A request waits this long for a free connection, then for a new one to come up.
POOL_TIMEOUT_SECONDS = 5
#: For each host that the URL names.
CONNECT_TIMEOUT_SECONDS = 3
#: No statement of ours is slow; one that is, waits for somebody's lock, and its buyer has gone.
STATEMENT_TIMEOUT_SECONDS = 30
#: A process that freezes in the middle of a transaction must not keep its rows locked: no transaction of ours waits for
#: anything but the database. Those who want the rows wait longer (STATEMENT_TIMEOUT_SECONDS).
IDLE_IN_TRANSACTION_TIMEOUT_SECONDS = 10
#: A host that is gone without a word (its power, its network) is given up by the other side after 3 + 3 * 1 seconds of
#: silence. A server rolls its transaction back then; a client asks the next host.
KEEPALIVES = {"keepalives_idle": 3, "keepalives_interval": 1, "keepalives_count": 3}
#: Keep-alives are asked on a quiet connection alone. What was sent and is not acknowledged for so long ends it, too.
TCP_USER_TIMEOUT_MILLISECONDS = 5000

#: What every session is set to, where the way to the server lets us say so. Behind a pooler it does not: there each
#: transaction is set to the same time-outs (Connection).
TIME_OUTS: Final[Mapping[str, str]] = {
    "statement_timeout": f"{STATEMENT_TIMEOUT_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_TIMEOUT_SECONDS}s",
}
_SESSION: Final[Mapping[str, str | int]] = {
    "timezone": "UTC",
    **TIME_OUTS,
    **{f"tcp_{name}": value for name, value in KEEPALIVES.items()},
    "tcp_user_timeout": TCP_USER_TIMEOUT_MILLISECONDS,
}
DEFAULTS: Final[Mapping[str, str | int]] = {
    "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    "tcp_user_timeout": TCP_USER_TIMEOUT_MILLISECONDS,
    **KEEPALIVES,
    "fallback_application_name": "piquetickets",
}

#: The key in a connection's ``info`` under which its guard is.
GUARD: Final = "piquetickets_guard"
#: The same, for whether its session is ours alone (False behind a pooler), and when it was connected.
IS_POOLED: Final = "piquetickets_is_pooled"
_CONNECTED_AT: Final = "piquetickets_connected_at"

# A pooler shows clients a process id of its own making, as it lends them one server process after the other.
_WHO_ANSWERS: Final = "SELECT pg_backend_pid()"
_DISTRUST_PAUSE_SECONDS: Final = 1.0


def create_engine(database_url: str, *, pool_size: int, prepared_statements: bool | None = None) -> AsyncEngine:
    """An engine with ``pool_size`` connections at most, made when they are needed.

    ``prepared_statements`` says whether the server may be asked to remember statements; None leaves it out behind a
    pooler. Raises ValueError, as ``DatabaseAddress.parse`` does.
    """
    engine = create_async_engine(
        "postgresql+psycopg://",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_use_lifo=True,
        connect_args=DatabaseAddress.parse(database_url).connecting(DEFAULTS, _SESSION),
    )
    guard = Guard(DatabaseAddress.parse(database_url).options, prepared_statements=prepared_statements)
    event.listen(engine.sync_engine, "do_connect", guard.connect)
    event.listen(engine.sync_engine, "connect", guard.connected)
    event.listen(engine.sync_engine, "checkout", guard.check_out)
    return engine


def create_sync_engine(database_url: str, session: Mapping[str, str | int] | None = None) -> sa.Engine:
    """An engine that keeps no connection, for commands that need one once. Raises ValueError."""
    arguments = DatabaseAddress.parse(database_url).connecting(DEFAULTS, session or {})
    return sa.create_engine(
        "postgresql+psycopg://",
        poolclass=sa.NullPool,
        connect_args={**arguments, "prepare_threshold": None},  # a pooler may give each transaction another session
    )


class Guard:
    """What an engine's connections go through: how they come up, and whether they are still good for use."""

    def __init__(self, options: str, *, prepared_statements: bool | None) -> None:
        """``options`` are those that the operator wants sessions to have."""
        self._options = options
        self._prepared_statements = prepared_statements
        self._drops_options = False
        self._answered_last: tuple[str, str] | None = None
        self._lost: tuple[str, str] | None = None
        self._distrusted_at = 0.0

    def distrust(self) -> None:
        """Every connection that is older than now is replaced before it is used again: its server was lost, or is no
        primary any more.
        """
        now = time.monotonic()
        if now - self._distrusted_at > _DISTRUST_PAUSE_SECONDS:  # else a standby is connected to again and again
            self._distrusted_at = now
            self._lost = self._answered_last

    def connect(self, dialect: sa.Dialect, record: object, args: list[Any], kwargs: dict[str, Any]) -> Any:  # noqa: ARG002
        """A connection to the host that answered last, or to the first of the others that does. One that was lost
        since it did is asked last.
        """
        wanted = self._best_host_first(kwargs)
        if not self._drops_options:
            try:
                return dialect.connect(*args, **wanted)
            except psycopg.OperationalError as error:
                if "startup parameter" not in str(error):
                    raise
                log.warning("A pooler stands before the database and takes no options: time-outs hold by transaction")
                self._drops_options = True
        del wanted["options"]
        return dialect.connect(*args, **(wanted | ({"options": self._options} if self._options else {})))

    def connected(self, connection: Any, record: Any) -> None:
        """Find out whether the session is ours alone."""
        driver: psycopg.AsyncConnection[Any] = connection.driver_connection
        self._answered_last = (driver.info.host, str(driver.info.port))
        self._lost = None if self._lost == self._answered_last else self._lost
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(_WHO_ANSWERS)
        is_pooled = cursor.fetchone() != (driver.info.backend_pid,)
        if is_pooled:
            cursor.execute("SET timezone TO 'UTC'")  # poolers see to it that each of their clients has its own
        cursor.close()
        connection.autocommit = False
        if not (not is_pooled if self._prepared_statements is None else self._prepared_statements):
            driver.prepare_threshold = None
        record.info.update({GUARD: self, IS_POOLED: is_pooled, _CONNECTED_AT: time.monotonic()})

    def check_out(self, connection: Any, record: Any, proxy: object) -> None:  # noqa: ARG002
        """An idle connection has nothing to read, unless the server has closed it: then it and all older ones are
        replaced, and nobody notices a restart of the database that happened meanwhile. Asking costs no round trip.
        """
        if record.info[_CONNECTED_AT] <= self._distrusted_at:
            raise DisconnectionError
        poll = select.poll()
        poll.register(connection.driver_connection.pgconn.socket, select.POLLIN)
        if poll.poll(0):
            raise InvalidatePoolError

    def _best_host_first(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """While one of several hosts is away, only the first connection waits for it."""
        hosts = str(arguments.get("host", "")).split(",")
        if len(hosts) == 1 or "hostaddr" in arguments or "load_balance_hosts" in arguments:
            return dict(arguments)
        ports = str(arguments.get("port", "")).split(",")
        ports = [
            port or os.environ.get("PGPORT", "5432") for port in (ports * len(hosts) if len(ports) == 1 else ports)
        ]
        pairs = sorted(
            zip(hosts, ports, strict=True), key=lambda pair: (pair == self._lost, pair != self._answered_last)
        )
        listed_hosts, listed_ports = zip(*pairs, strict=True)
        return {**arguments, "host": ",".join(listed_hosts), "port": ",".join(listed_ports)}


def guard_of(info: Mapping[str, Any]) -> Guard | None:
    """The guard of a connection with this ``info``; None for one of an engine that was made otherwise."""
    return cast("Guard | None", info.get(GUARD))
