"""The sandbox's own time, which tests can move forward."""

from collections.abc import Callable


class SandboxClock:
    """Seconds since the epoch, by an outer clock plus an offset."""

    def __init__(self, outer: Callable[[], float]) -> None:
        self._outer = outer
        self._offset_seconds = 0.0

    def now(self) -> int:
        """Whole seconds since the epoch, the way Stripe writes times."""
        return int(self._outer() + self._offset_seconds)

    def advance(self, seconds: float) -> None:
        """Move the sandbox's time forward by ``seconds``; the machine's clock stays as it is."""
        self._offset_seconds += seconds

    def reset(self) -> None:
        """Forget every advance."""
        self._offset_seconds = 0.0
