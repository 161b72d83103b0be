"""Child commands, which must not outlive the command that starts them."""

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
#: A command that ended is started again after this pause, so one that cannot start does not overload the machine.
RESTART_PAUSE_SECONDS: Final = 1.0
#: A command that does not stop on request within this time is killed. Longer than each of them takes to finish its
#: work.
STOP_SECONDS: Final = 20


def child_command(*arguments: str) -> list[str]:
    """The arguments that start piquetickets with the same interpreter."""
    return [sys.executable, "-m", "entrypoints.cli", *arguments]


def child_environment(environment: dict[str, str]) -> dict[str, str]:
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


async def run_children(commands: Sequence[list[str]], environment: dict[str, str]) -> None:
    """Keep every command running until a signal stops us. A command that ends is started again."""
    stop = stop_signal()
    async with asyncio.TaskGroup() as group:
        for command in commands:
            group.create_task(_keep_running(command, child_environment(environment), stop))


async def _keep_running(command: list[str], environment: Mapping[str, str], stop: asyncio.Event) -> None:
    stopping = asyncio.ensure_future(stop.wait())
    while not stop.is_set():
        # A separate session, so Ctrl-C reaches it only through us.
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
