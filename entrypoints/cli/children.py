"""Commands that one command starts, and that must not outlive it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PARENT = "PIQUETICKETS_PARENT"
_PR_SET_PDEATHSIG = 1


def child_command(*arguments: str) -> list[str]:
    """piquetickets with the same interpreter."""
    return [sys.executable, "-m", "entrypoints.cli", *arguments]


def child_environment(environment: dict[str, str]) -> dict[str, str]:
    """The environment of a command that is to end when this process does, however it does."""
    return {**environment, _PARENT: str(os.getpid())}


def end_with_parent() -> None:
    """In such a command: SIGTERM comes when the parent is gone. Only Linux can; elsewhere a killed parent's children
    have to be ended by hand.
    """
    parent = os.environ.pop(_PARENT, None)
    if parent is not None:
        _end_with(int(parent))


def forks_end_with_us() -> None:
    """From now on, forks of this process end when it does, and when they are told to from their first moment on.

    A fork inherits our handlers: one that still loads its code would tell itself, not its server, that it is to stop.
    """
    parent = os.getpid()

    def in_the_fork() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        _end_with(parent)

    os.register_at_fork(after_in_child=in_the_fork)


def _end_with(parent: int) -> None:
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it went before we could ask
        os._exit(0)
