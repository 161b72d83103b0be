"""The garbage collector of a process: while its code is loaded, and while it serves."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: Net new container objects before the youngest generation is collected: some hundred requests' worth. Reference counts
#: free nearly all of what a request makes; looking for cycles at Python's default (every 700) took a third of a
#: checkout's time, and a third of the start's.
YOUNGEST_GENERATION = 50_000


@contextmanager
def loading() -> Iterator[None]:
    """Load modules in this block. What they make stays until the end of the process, and is never examined: looking for
    cycles among it took a quarter of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def collect_seldom() -> None:
    """Call before the application is set up."""
    gc.set_threshold(YOUNGEST_GENERATION, 20, 50)


def leave_out_what_exists() -> None:
    """Call when the application is set up: objects that exist by then stay, and are not examined again.

    Only for a process that serves one application until its end: after it, nothing of that one is ever freed.
    """
    gc.collect()
    gc.freeze()
