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
    if parent is None or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(parent):  # it went before we could ask
        raise SystemExit(0)
