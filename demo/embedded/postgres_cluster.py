"""A PostgreSQL cluster (the data directory of a server) without a running server: made, checked, repaired."""

import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from demo.embedded import wheels
from demo.embedded.accounts import Account
from demo.embedded.endpoint import LOOPBACK
from demo.embedded.engine_log import EngineLog
from demo.embedded.errors import EngineError
from demo.embedded.supervision import command_as, engine_environment

ROLE = "piquetickets"
DATABASE = "piquetickets"
MAINTENANCE_DATABASE = "postgres"

_OWNER_ONLY = 0o700
_STATUS_LINE_OF_PID_FILE = 7
# A new file of the write-ahead log is filled with zeroes while all commits wait. With PostgreSQL's 16 MB all checkouts
# stopped for 60 ms every 7,000 orders.
_WAL_FILE_MEGABYTES = 4

# The superuser has no password and so cannot log in at all; the application never needs it.
_HOST_BASED_AUTHENTICATION = f"host all all {LOOPBACK}/32 scram-sha-256\n"
# Many rounds of hashing make it long to guess a password that a person chose. Ours is long and random, and the rounds
# would cost each client two milliseconds of its processor for each connection.
_ONE_ROUND = "SET scram_iterations = 1;\n"
_CREATE_ROLE_AND_DATABASE = (
    f"CREATE ROLE {ROLE} LOGIN CREATEDB;\n"
    f"GRANT pg_monitor, pg_checkpoint, pg_signal_backend TO {ROLE};\n"
    f"CREATE DATABASE {DATABASE} OWNER {ROLE};\n"
)


class PostgresCluster:
    """The cluster in a directory; the output of the tools that work on it goes to the log."""

    def __init__(self, directory: Path, log: EngineLog, *, durable: bool) -> None:
        """Without ``durable`` nothing is waited for to reach the disk."""
        self._directory = directory
        self._log = log
        self._durable = durable
        self._pid_file = directory / "postmaster.pid"

    @property
    def exists(self) -> bool:
        """Whether it has been made."""
        return self._directory.exists()

    @property
    def accepts_connections(self) -> bool:
        """Whether the server that runs on it accepts connections."""
        try:
            status = self._pid_file.read_text().splitlines()[_STATUS_LINE_OF_PID_FILE:]
        except FileNotFoundError:
            return False
        return bool(status) and status[0].strip() == "ready"

    def create(self, password: str, account: Account) -> None:
        """Make it beside its place and move it there complete: an interrupted start leaves no partial cluster."""
        draft = self._directory.with_suffix(".draft")
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=_OWNER_ONLY)
        account.own(draft)
        initdb = [_program("initdb"), "-D", str(draft), "--username=postgres", "--auth=reject", "--data-checksums"]
        initdb += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        initdb += [f"--wal-segsize={_WAL_FILE_MEGABYTES}"]
        initdb += [] if self._durable else ["--no-sync"]
        self._run(initdb, account)
        (draft / "pg_hba.conf").write_text(_HOST_BASED_AUTHENTICATION)
        self._execute(draft, account, _CREATE_ROLE_AND_DATABASE + _set_password(password))
        draft.replace(self._directory)

    def check_version(self) -> None:
        """Refuse the data of another major version.

        Raises EngineError if the server cannot read them.
        """
        version = (self._directory / "PG_VERSION").read_text().strip()
        if version != str(wheels.POSTGRES_MAJOR_VERSION):
            raise EngineError(
                f"{self._directory} was written by PostgreSQL {version}, and this is PostgreSQL "
                f"{wheels.POSTGRES_MAJOR_VERSION}: dump the data with the old version and restore it here"
            )

    def forget_dead_server(self) -> None:
        """Remove the process id that a power cut left, which may belong to another program by now.

        The caller must know that no server runs.
        """
        self._pid_file.unlink(missing_ok=True)

    def set_password(self, password: str, account: Account) -> None:
        """Change the password of the application's role; it must not contain quotes."""
        self._execute(self._directory, account, _set_password(password))

    def _execute(self, directory: Path, account: Account, statements: str) -> None:
        """Run statements as superuser, one per line, in a server without network."""
        # A statement that fails must fail the run, instead of only being reported.
        options = ["-c", "exit_on_error=on", *([] if self._durable else ["-c", "fsync=off"])]
        self._run(
            [_program("postgres"), "--single", *options, "-D", str(directory), MAINTENANCE_DATABASE],
            account,
            statements,
        )

    def _run(self, command: Sequence[str], account: Account, standard_input: str = "") -> None:
        with self._log.path.open("ab") as log:
            finished = subprocess.run(  # noqa: S603 - programs from the wheel
                command_as(account, signal.SIGKILL, command),
                input=standard_input.encode(),
                stdout=log,
                stderr=log,
                env=engine_environment(),
                start_new_session=True,
                check=False,
            )
        if finished.returncode != 0:
            program = Path(command[0]).name
            raise EngineError(f"{program} failed: {self._log.last_failure()} (log: {self._log.path})")


def _program(name: str) -> str:
    return str(wheels.postgres_bin_dir() / name)


def _set_password(password: str) -> str:
    return _ONE_ROUND + f"ALTER ROLE {ROLE} PASSWORD '{password}';\n"
