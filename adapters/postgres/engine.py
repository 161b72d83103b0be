"""Connections to PostgreSQL."""

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

#: How long a request waits for a free connection, before the time for a new one to connect.
POOL_TIMEOUT_SECONDS = 5
#: For each host that the URL names.
CONNECT_TIMEOUT_SECONDS = 3
#: Our statements are fast. One that takes this long waits for a lock, and its buyer has left.
STATEMENT_TIMEOUT_SECONDS = 30
#: A process that freezes in the middle of a transaction must not keep its rows locked: our transactions wait for
#: nothing but the database. Others wait longer for the rows (STATEMENT_TIMEOUT_SECONDS).
IDLE_IN_TRANSACTION_TIMEOUT_SECONDS = 10
#: Each side gives up a host that vanished (lost power or network) after 3 + 3 * 1 seconds of silence. The server then
#: rolls its transaction back; the client asks the next host.
KEEPALIVES = {"keepalives_idle": 3, "keepalives_interval": 1, "keepalives_count": 3}
#: Keep-alives are sent only on a quiet connection. Data that was sent and stays unacknowledged for this long also ends
#: it.
TCP_USER_TIMEOUT_MILLISECONDS = 5000

#: Settings of every session, where the connection allows them. A pooler does not: behind it, each transaction sets the
#: same time-outs (Connection).
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

#: The key in a connection's ``info`` of its guard.
GUARD: Final = "piquetickets_guard"
#: The keys for whether a pooler lends the session (False: it is ours alone), and for when it was connected.
IS_POOLED: Final = "piquetickets_is_pooled"
_CONNECTED_AT: Final = "piquetickets_connected_at"

# A pooler invents the process id that it shows to a client, because it lends the client one server process after
# another.
_WHO_ANSWERS: Final = "SELECT pg_backend_pid()"
_DISTRUST_PAUSE_SECONDS: Final = 1.0


def create_engine(database_url: str, *, pool_size: int, prepared_statements: bool | None = None) -> AsyncEngine:
    """An engine with at most ``pool_size`` connections, made when they are needed.

    ``prepared_statements`` says whether the server may prepare statements; None means yes, except behind a pooler.
    Raises ValueError, as ``DatabaseAddress.parse`` does.
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
    """Guards an engine's connections: how they are made, and whether they may be used again."""

    def __init__(self, options: str, *, prepared_statements: bool | None) -> None:
        """``options`` are the operator's settings for sessions."""
        self._options = options
        self._prepared_statements = prepared_statements
        self._drops_options = False
        self._answered_last: tuple[str, str] | None = None
        self._lost: tuple[str, str] | None = None
        self._distrusted_at = 0.0

    def distrust(self) -> None:
        """Replace each present connection before its next use, because its server was lost or is no longer primary."""
        now = time.monotonic()
        if now - self._distrusted_at > _DISTRUST_PAUSE_SECONDS:  # else we would reconnect to a standby again and again
            self._distrusted_at = now
            self._lost = self._answered_last

    def connect(self, dialect: sa.Dialect, record: object, args: list[Any], kwargs: dict[str, Any]) -> Any:  # noqa: ARG002
        """A connection to the host that answered last, or else to the first other host that answers. If the last host
        has been lost since, it is asked last.
        """
        wanted = self._best_host_first(kwargs)
        if not self._drops_options:
            try:
                return dialect.connect(*args, **wanted)
            except psycopg.OperationalError as error:
                if "startup parameter" not in str(error):
                    raise
                log.warning(
                    "A pooler in front of the database accepts no options: each transaction sets its own time-outs"
                )
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
            cursor.execute("SET timezone TO 'UTC'")  # poolers keep this setting for each client
        cursor.close()
        connection.autocommit = False
        if not (not is_pooled if self._prepared_statements is None else self._prepared_statements):
            driver.prepare_threshold = None
        record.info.update({GUARD: self, IS_POOLED: is_pooled, _CONNECTED_AT: time.monotonic()})

    def check_out(self, connection: Any, record: Any, proxy: object) -> None:  # noqa: ARG002
        """Replace an idle connection that the server has closed, and all older ones, so a restart of the database goes
        unnoticed. An idle connection has data to read only if the server closed it, so the check takes no round trip.
        """
        if record.info[_CONNECTED_AT] <= self._distrusted_at:
            raise DisconnectionError
        poll = select.poll()
        poll.register(connection.driver_connection.pgconn.socket, select.POLLIN)
        if poll.poll(0):
            raise InvalidatePoolError

    def _best_host_first(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments with the best host first.

        While one of several hosts is away, only the first connection waits for it.
        """
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
    """The guard of a connection with this ``info``; None if its engine has none."""
    return cast("Guard | None", info.get(GUARD))
