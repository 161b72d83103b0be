"""Commands that one command starts, and that must not outlive it."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from entrypoints.cli.signals import stop_signal

log = logging.getLogger(__name__)

_PARENT = "PIQUETICKETS_PARENT"
_PR_SET_PDEATHSIG = 1
#: A command that ended by itself is started again after this, so that one that cannot start does not burn the machine.
RESTART_PAUSE_SECONDS: Final = 1.0
#: One that is told to stop and does not is killed. Longer than each of them takes to finish what it is doing.
STOP_SECONDS: Final = 20


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


async def run_children(commands: Sequence[list[str]], environment: dict[str, str]) -> None:
    """Keep every command running until we are told to stop. One that ends by itself is started again."""
    stop = stop_signal()
    async with asyncio.TaskGroup() as group:
        for command in commands:
            group.create_task(_keep_running(command, child_environment(environment), stop))


async def _keep_running(command: list[str], environment: Mapping[str, str], stop: asyncio.Event) -> None:
    stopping = asyncio.ensure_future(stop.wait())
    while not stop.is_set():
        # A session of its own, so that Ctrl-C reaches it through us alone.
        process = await asyncio.create_subprocess_exec(*command, env=environment, start_new_session=True)
        ended = asyncio.ensure_future(process.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            process.terminate()
            await asyncio.wait({ended}, timeout=STOP_SECONDS)
            if not ended.done():
                process.kill()
                await ended
        elif not stop.is_set():
            log.error("Process %d ended with %s, starting another one", process.pid, process.returncode)
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(stopping), RESTART_PAUSE_SECONDS)
    stopping.cancel()
