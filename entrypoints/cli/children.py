"""Child commands, which must not outlive the command that starts them."""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from entrypoints.cli.signals import STOPPING

log = logging.getLogger(__name__)

_PARENT = "PIQUETICKETS_PARENT"
_PR_SET_PDEATHSIG = 1
#: Elsewhere the system's own libraries may not work in a fork.
_FORKS: Final = sys.platform == "linux"
#: A command that ended is started again after this pause, so one that cannot start does not overload the machine.
RESTART_PAUSE_SECONDS: Final = 1.0
#: A command that does not stop on request within this time is killed. Longer than each of them takes to finish its
#: work.
STOP_SECONDS: Final = 20
#: Of the bytes that signals wrote: more than come at once.
_MANY_SIGNALS: Final = 4096
_HEARD: Final = (*STOPPING, signal.SIGCHLD)


def child_command(*arguments: str) -> list[str]:
    """The arguments that start piquetickets with the same interpreter."""
    return [sys.executable, "-m", "entrypoints.cli", *arguments]


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a command that ends when this process does, in any way."""
    return {**environment, _PARENT: str(os.getpid())}


def end_with_parent() -> None:
    """Make this process get SIGTERM when its parent ends.

    Only Linux can; elsewhere the children of a killed parent have to be ended by hand.
    """
    parent = os.environ.pop(_PARENT, None)
    if parent is None or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(parent):  # the parent ended before we could ask
        raise SystemExit(0)


def run_children(commands: Sequence[Sequence[str]], environment: Mapping[str, str]) -> None:
    """Keep every command running until a signal stops us. A command that ends is started again.

    The commands are forks of this process, where that works: what it has loaded by now is loaded once, and shares its
    memory. So no thread and no event loop may run here.
    """
    gc.freeze()
    children = [_Child(command, environment) for command in commands]
    with _signals() as heard:
        try:
            while not _stop_is_heard(heard, min(child.start_in() for child in children)):
                for child in children:
                    child.keep_running()
        finally:
            _stop(children, heard)


@dataclass(slots=True)
class _Child:
    """A command, and its process. ``pid`` is 0 while it has none."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    pid: int = 0
    start_at: float = 0.0

    def start_in(self) -> float:
        """The seconds until it has to be started."""
        return sys.float_info.max if self.pid else max(0.0, self.start_at - time.monotonic())

    def keep_running(self) -> None:
        if self.pid and (code := self.end()) is not None:
            log.error("Process %d ended with %s, starting another one", self.pid, code)
            self.pid, self.start_at = 0, time.monotonic() + RESTART_PAUSE_SECONDS
        elif not self.start_in():
            self.pid = self._fork() if _FORKS else self._spawn()

    def end(self) -> int | None:
        """The code that the process has ended with; None if it runs. To be asked once."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None

    def _fork(self) -> int:
        # Until it has its own handlers a signal for the child would be one for us.
        signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
        try:
            environment = child_environment(self.environment)
            return os.fork() or _become(self.arguments, environment)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)

    def _spawn(self) -> int:
        # A separate session, so Ctrl-C reaches it only through us.
        command, environment = child_command(*self.arguments), child_environment(self.environment)
        return subprocess.Popen(command, env=environment, start_new_session=True).pid  # noqa: S603


def _become(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Be the command from here on, in a separate session: Ctrl-C reaches it only through the parent. Never returns:
    what the parent has to close is not closed here.
    """
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in _HEARD:
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        os.environ.update(environment)
        end_with_parent()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
        import_module("entrypoints.cli.main").main(list(arguments), prog_name="piquetickets")
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001  # as Python ends any program
        traceback.print_exc()
    finally:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


@contextmanager
def _signals() -> Iterator[socket.socket]:
    """Where the number of each signal that stops us is read, and that of SIGCHLD."""
    reading, writing = socket.socketpair()
    with reading, writing:
        writing.setblocking(False)
        before = {number: signal.signal(number, _do_nothing) for number in _HEARD}
        signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        try:
            yield reading
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)


def _do_nothing(*_: object) -> None:
    """Handle a signal whose number is read from the socket."""


def _stop_is_heard(heard: socket.socket, seconds: float) -> bool:
    """Whether one of the signals that come within this time stops us. Returns at the first signal."""
    heard.settimeout(min(seconds, STOP_SECONDS))
    try:
        return not set(STOPPING).isdisjoint(heard.recv(_MANY_SIGNALS))
    except (TimeoutError, BlockingIOError):
        return False


def _stop(children: Sequence[_Child], heard: socket.socket) -> None:
    running = [child for child in children if child.pid]
    for child in running:
        os.kill(child.pid, signal.SIGTERM)
    kill_at = time.monotonic() + STOP_SECONDS
    while running := [child for child in running if child.end() is None]:
        if (left := kill_at - time.monotonic()) <= 0:
            for child in running:
                os.kill(child.pid, signal.SIGKILL)
                os.waitpid(child.pid, 0)
            return
        _stop_is_heard(heard, left)
