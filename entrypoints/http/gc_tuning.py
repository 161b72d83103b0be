"""The garbage collector of a server process."""

from __future__ import annotations

import gc

#: Net new container objects before the youngest generation is looked through: some hundred requests' worth. Nearly all
#: of what a request makes is freed by its reference counts; looking for cycles as often as Python does by itself
#: (every 700) took a third of a checkout's time.
YOUNGEST_GENERATION = 50_000


def calm_garbage_collector() -> None:
    """Call when the application is set up: what is there by then stays, and is not looked through again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNGEST_GENERATION, 20, 50)
