"""The garbage collector of a server process."""

from __future__ import annotations

import gc

#: Net new container objects before the youngest generation is collected: some hundred requests' worth. Reference counts
#: free nearly all of what a request makes; looking for cycles at Python's default (every 700) took a third of a
#: checkout's time, and a third of the start's.
YOUNGEST_GENERATION = 50_000


def collect_seldom() -> None:
    """Call before the application is set up."""
    gc.set_threshold(YOUNGEST_GENERATION, 20, 50)


def leave_out_what_exists() -> None:
    """Call when the application is set up: objects that exist by then stay, and are not examined again.

    Only for a process that serves one application until its end: after it, nothing of that one is ever freed.
    """
    gc.collect()
    gc.freeze()
