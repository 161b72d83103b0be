"""One engine process shared by its users: who may start it, who uses it, and what ends it.

Users are processes (or objects in one process) that work on the same data directory. Each has a shared ``flock``
on the users lock; a supervisor process in its own session waits for the exclusive one and then stops the
engine (see ``supervisor.py``). The kernel takes locks back from the dead, so ``kill -9`` of a user counts as
leaving, and no process id is ever trusted on its own. Three locks do it:

    NAME.start.lock    exclusive while a user starts or stops the engine: no races between them
    NAME.users.lock    shared by the users; exclusive by the supervisor once they are gone
    NAME.engine.lock   exclusive by the supervisor, the engine and all its processes: free = nothing runs

Should the supervisor itself be killed, Linux sends the engine its stop signal (PR_SET_PDEATHSIG); elsewhere
the last user to leave ends the engine.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from demo.embedded import exec_engine, file_locks, supervisor
from demo.embedded.accounts import Account
from demo.embedded.errors import EngineError

_ISOLATED_PYTHON = (sys.executable, "-I", "-S")
_STOP_TIMEOUT_SECONDS = 20.0
# In addition to the time that the supervisor gives the engine before it kills it.
_SUPERVISOR_GRACE_SECONDS = 5.0
_POLL_SECONDS = 0.01


def command_as(account: Account, death_signal: signal.Signals, command: Sequence[str]) -> list[str]:
    """The command line that runs ``command`` as the account, and not longer than its parent process."""
    return [
        *_ISOLATED_PYTHON,
        exec_engine.__file__,
        str(account.uid),
        str(account.gid),
        str(int(death_signal)),
        *command,
    ]


def engine_environment() -> dict[str, str]:
    """The caller's environment without what would change an engine's behaviour.

    ``PG…`` variables are defaults for PostgreSQL's settings, and on macOS the server refuses to start without
    a valid locale in the environment.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def wait_until(condition: Callable[[], bool], timeout_seconds: float) -> bool:
    """Poll the condition. False if it did not become true in time."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


class Supervision:
    """One user's view of an engine process and its locks ``NAME.*.lock`` in a directory."""

    def __init__(self, directory: Path, name: str, stop_signal: signal.Signals) -> None:
        """``stop_signal`` makes the engine write everything out and end."""
        self._start_lock = directory / f"{name}.start.lock"
        self._users_lock = directory / f"{name}.users.lock"
        self._engine_lock = directory / f"{name}.engine.lock"
        self._stop_signal = stop_signal
        self._membership: int | None = None

    @property
    def is_member(self) -> bool:
        """Whether this object counts as a user and so keeps the engine alive."""
        return self._membership is not None

    @property
    def is_running(self) -> bool:
        """Whether any process of the engine lives, no matter which user started it."""
        return self._engine_lock.exists() and file_locks.is_held_exclusively(self._engine_lock)

    @property
    def pid(self) -> int | None:
        """Process id of the engine; None if it does not run or has only begun to start."""
        recorded = self._engine_lock.read_text() if self.is_running else ""
        return int(recorded) if recorded else None

    def starting_or_stopping(self) -> AbstractContextManager[None]:
        """Keep every other user from starting, joining and leaving for the length of the block."""
        return file_locks.exclusive(self._start_lock)

    def join(self) -> None:
        """Become a user; waits while an engine without users is being stopped."""
        if self._membership is None:
            self._membership = file_locks.acquire(self._users_lock, fcntl.LOCK_SH)

    def leave(self) -> None:
        """Stop being a user; the last one waits for the end of the engine."""
        if self._membership is None:
            return
        os.close(self._membership)
        self._membership = None
        if not wait_until(self._is_stopped_or_shared, _STOP_TIMEOUT_SECONDS + _SUPERVISOR_GRACE_SECONDS):
            # The supervisor was killed, on a system that does not stop the engine then.
            self.kill()

    def spawn(self, command: Sequence[str], *, account: Account, directory: Path, log_path: Path) -> None:
        """Start the engine in ``directory``; its output goes to the log. Only for members, while it does not run."""
        self._engine_lock.touch(mode=0o600)
        with log_path.open("ab") as log:
            subprocess.run(  # noqa: S603 - programs from the wheels
                [
                    *_ISOLATED_PYTHON,
                    supervisor.__file__,
                    str(self._users_lock),
                    str(self._engine_lock),
                    str(int(self._stop_signal)),
                    str(_STOP_TIMEOUT_SECONDS),
                    *command_as(account, self._stop_signal, command),
                ],
                # Its lock shows whether the engine runs, and its log why not.
                check=False,
                cwd=directory,
                env=engine_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Out of reach of Ctrl-C and of signals to the caller's process group.
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL the engine, if it runs, and wait until no process of it is left.

        Raises EngineError if a process of it outlives the wait.
        """
        pid = self.pid
        if pid is None:
            return
        os.kill(pid, signal.SIGKILL)
        if not wait_until(lambda: not self.is_running, _STOP_TIMEOUT_SECONDS):
            raise EngineError(f"processes of a killed engine still run (lock: {self._engine_lock})")

    def _is_stopped_or_shared(self) -> bool:
        return not self.is_running or file_locks.is_held_shared(self._users_lock)
