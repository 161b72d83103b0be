"""PostgreSQL, PgBouncer and Redis on two hosts each, set up by the lines of the operations document."""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from redis import Redis
from redis.exceptions import RedisError

from demo.embedded import wheels
from demo.embedded.accounts import account_for
from demo.embedded.supervision import command_as, engine_environment
from tests.support.network import Network, NetworkHost
from tests.support.pooler import PROGRAM as PGBOUNCER

_DOCUMENT: Final = Path(__file__).parents[2] / "docs/operations.md"
TWO_SERVERS: Final = "### Two servers of each engine"
SENTINEL: Final = "### Sentinel for Redis"
_BLOCK: Final = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SUPERUSER: Final = "postgres"
START_SECONDS: Final = 60


class Lines:
    """The blocks of a section of the document. ``changed`` replaces some of their words, to try what each is for."""

    def __init__(self, changed: Mapping[str, str], heading: str = TWO_SERVERS) -> None:
        section = re.split(r"\n##+ ", _DOCUMENT.read_text().partition(heading)[2])[0]
        for old, new in changed.items():
            assert old in section
            section = section.replace(old, new)
        self._blocks = [str(text) for text in _BLOCK.findall(section)]
        self.unused = list(self._blocks)

    def block(self, words: str, *, without: str = "```") -> str:
        """The one block that has these words."""
        (found,) = [text for text in self._blocks if words in text and without not in text]
        self.unused = [text for text in self.unused if text != found]
        return found

    def settings(self, words: str) -> dict[str, str]:
        """The variables of a block."""
        return dict(line.split("=", 1) for line in self.block(words).splitlines())


@dataclass(slots=True)
class DatabaseHost:
    """A PostgreSQL server on a host, and PgBouncer before it, with their files in a folder."""

    host: NetworkHost
    folder: Path
    lines: Lines
    stack: ExitStack
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.host.name

    def create(self) -> None:
        """Become a new primary."""
        self._run("initdb", "--username", _SUPERUSER, "--auth-local", "trust", "--encoding", "UTF8", "--no-sync")
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(self.lines.block("wal_level"))
            file.write("max_connections = 100\nshared_buffers = 32MB\nfsync = off\n")  # the test's, for a small machine
        with (self._data / "pg_hba.conf").open("a") as file:
            file.write(self.lines.block("samenet"))
        self.start()
        self.execute(self.lines.block("CREATE ROLE"))
        self.execute(self.lines.block("ALTER ROLE"))

    def copy(self, primary: DatabaseHost) -> None:
        """Become a new standby, which the primary waits for."""
        copying = self.lines.block(f"host={primary.name} user=replicator")
        self._run(*shlex.split(copying.replace("$PGDATA", str(self._data))))
        self.start()
        primary.wait_for(self)

    def wait_for(self, standby: DatabaseHost) -> None:
        """Let each commit wait for the standby, and return when it has caught up."""
        until(lambda: "streaming" in self.execute("SELECT state FROM pg_stat_replication"))
        self.execute(self.lines.block(f"synchronous_standby_names = '{standby.name}'"))
        until(lambda: "sync" in self.execute("SELECT sync_state FROM pg_stat_replication").split())

    def go_on_alone(self) -> None:
        self.execute(self.lines.block("ALTER SYSTEM RESET", without="pg_promote"))

    def promote(self) -> None:
        self.execute(self.lines.block("pg_promote"))

    def start(self) -> None:
        """Start PostgreSQL, and PgBouncer before it."""
        postgres = str(wheels.postgres_bin_dir() / "postgres")
        self._begin(signal.SIGQUIT, postgres, "-D", str(self._data), "-k", str(self.folder))
        until(lambda: bool(self.execute("SELECT 1")))
        settings, users = self.folder / "pgbouncer.ini", self.folder / "userlist.txt"
        settings.write_text(self.lines.block("[pgbouncer]").replace("/etc/pgbouncer/userlist.txt", str(users)))
        users.write_text(self.lines.block('"piquetickets" "secret"'))
        self._begin_pooler()

    def restart_pooler(self) -> None:
        self._running[-1].terminate()
        self._running.pop().wait()
        self._begin_pooler()

    def switch_off(self) -> None:
        """End both at once, and forget the data."""
        for process in self._running:
            process.kill()  # PostgreSQL's other processes see it, and end
            process.wait()
        self._running.clear()
        shutil.rmtree(self._data)

    def execute(self, statements: str) -> str:
        """Run statements as superuser. Raises subprocess.CalledProcessError."""
        return self._run(
            "psql", "-h", str(self.folder), "-U", _SUPERUSER, "-Atq", "-v", "ON_ERROR_STOP=1", stdin=statements
        )

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _begin_pooler(self) -> None:
        self._begin(signal.SIGTERM, PGBOUNCER, "--quiet", str(self.folder / "pgbouncer.ini"))

    def _begin(self, stop: signal.Signals, *arguments: str) -> None:
        with (self.folder / f"{Path(arguments[0]).name}.log").open("ab") as log:
            process = subprocess.Popen(
                self._as_owner(*arguments, stop=stop), stdout=log, stderr=log, env=engine_environment()
            )
        self._running.append(process)
        self.stack.callback(process.wait)
        self.stack.callback(process.send_signal, stop)

    def _as_owner(self, *arguments: str, stop: signal.Signals = signal.SIGKILL) -> Sequence[str]:
        return [*self.host.command, *command_as(account_for(self.folder), stop, arguments)]

    def _run(self, program: str, *arguments: str, stdin: str = "") -> str:
        return subprocess.run(
            self._as_owner(str(wheels.postgres_bin_dir() / program), *arguments),
            input=stdin,
            capture_output=True,
            check=True,
            text=True,
            env={**engine_environment(), "PGDATA": str(self._data)},
        ).stdout


@dataclass(frozen=True, slots=True)
class RedisHost:
    """A Redis server on a host."""

    host: NetworkHost
    folder: Path
    lines: Lines
    stack: ExitStack

    def start(self, *, extra: str = "") -> None:
        file = self.folder / "redis.conf"
        file.write_text(self.lines.block("requirepass") + extra + f"dir {self.folder}\n")
        process = subprocess.Popen(
            [*self.host.command, str(wheels.valkey_server()), str(file)], stdout=subprocess.DEVNULL
        )
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        until(lambda: self.say("PING") is not None)

    def say(self, commands: str) -> object:
        """Give commands, one a line. Returns the answer to the last one."""
        answer: object = None
        with Redis(host=self.host.address, password="secret", socket_timeout=3) as client:
            for command in commands.splitlines():
                answer = client.execute_command(*command.split())
        return answer

    def promote(self) -> None:
        self.say(self.lines.block("NO ONE"))

    def follow(self, primary: RedisHost) -> None:
        """Follow a primary, and return when it has caught up."""
        word = "REPLICAOF" if primary.host.name == "redis2" else "replicaof"
        self.say(self.lines.block(f"{word} {primary.host.name}"))
        until(lambda: "'master_link_status': 'up'" in str(self.say("INFO replication")))


@dataclass(slots=True)
class TwoServers:
    """The engines, by the role that they have at the moment."""

    primary: DatabaseHost
    standby: DatabaseHost
    redis: RedisHost
    replica: RedisHost


def two_servers(network: Network, folder: Path, lines: Lines, stack: ExitStack) -> TwoServers:
    """Start them all, by the document."""
    folder.chmod(0o755)  # an account without rights works in there
    folders = {name: folder_of_account(folder / name) for name in ("db1", "db2", "redis1", "redis2")}
    db1, db2 = (DatabaseHost(network[name], folders[name], lines, stack) for name in ("db1", "db2"))
    redis1, redis2 = (RedisHost(network[name], folders[name], lines, stack) for name in ("redis1", "redis2"))
    db1.create()
    db2.copy(db1)
    redis1.start()
    network.serve_at("redis1")
    redis2.start(extra=lines.block("replicaof redis1"))
    return TwoServers(db1, db2, redis1, redis2)


def folder_of_account(folder: Path) -> Path:
    account = account_for(folder)
    folder.mkdir(mode=0o755)
    shutil.chown(folder, account.uid, account.gid)
    return folder


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with suppress(subprocess.CalledProcessError, RedisError, OSError):
            if holds():
                return
        assert time.monotonic() < deadline, "an engine is not as it should be"
        time.sleep(0.2)
