"""Signals that stop a command."""

from __future__ import annotations

import asyncio
import signal
from typing import Final

#: SIGHUP is the closing of the terminal.
STOPPING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def stop_signal() -> asyncio.Event:
    """An event that SIGTERM, SIGINT, or the closing of the terminal sets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOPPING:
        loop.add_signal_handler(number, stop.set)
    return stop
