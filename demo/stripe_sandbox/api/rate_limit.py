"""A token bucket: a number of calls a second, of which one second's worth is saved up."""

from collections.abc import Callable


class TokenBucket:
    """``monotonic`` gives seconds that only grow."""

    def __init__(self, rate_per_second: float, monotonic: Callable[[], float]) -> None:
        self._rate_per_second = rate_per_second
        self._burst = max(1.0, rate_per_second)
        self._monotonic = monotonic
        self._tokens = self._burst
        self._filled_at = monotonic()

    def take(self) -> bool:
        """Whether one more call is within the rate."""
        now = self._monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate_per_second)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
