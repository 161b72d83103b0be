"""How long everything takes: what was measured of the service (docs/performance.md), and what was guessed of others."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random
from typing import Final

from simulation.loop import SimulatedLoop

#: Seconds of one processor, measured: an order (docs/performance.md#100000-seats-in-the-first-minute), a completion
#: with what Stripe's event and the buyer's return need, a mail with its PDF.
ORDER: Final = 0.000_213
COMPLETION: Final = 0.000_6
MAIL: Final = 0.008
#: A page, of which only its JSON was measured (0.06 ms), with its HTML.
PAGE: Final = 0.002
#: A transaction's round trips and its write to the disk, in seconds, and a lock in Redis.
TRANSACTION: Final = 0.003
LOCK: Final = 0.000_3

#: Stripe allows an account in live mode four times as many calls a second as at one endpoint.
STRIPE_ENDPOINTS: Final = 4
#: What Stripe says to wait after a call too many, in seconds.
STRIPE_PAUSE: Final = 1.0
#: Guessed, in seconds, from and to: an answer of Stripe's that makes something, one that only reads, an event's way to
#: us, a mail server's answer, the way between buyer and server.
STRIPE_MAKES: Final = (0.25, 0.6)
STRIPE_READS: Final = (0.1, 0.25)
EVENT_COMES: Final = (0.3, 2.5)
MAIL_SERVER: Final = (0.05, 0.3)
NETWORK: Final = (0.02, 0.08)
#: Pauses after which Stripe sends an event again that was not acknowledged, in seconds.
EVENT_AGAIN: Final = (60, 300, 1200, 3600)


def between(random: Random, from_and_to: tuple[float, float]) -> float:
    """A time from a range."""
    return random.uniform(*from_and_to)


class Processor:
    """The processor of one process: its work is done one piece after the other."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self._free_at = 0.0
        #: Seconds of work that were done.
        self.busy = 0.0

    async def work(self, seconds: float) -> None:
        """Do work that takes this long, after all that was asked for before."""
        now = self._loop.time()
        self._free_at = max(self._free_at, now) + seconds
        self.busy += seconds
        await asyncio.sleep(self._free_at - now)


class VirtualThrottle:
    """Throttle of all processes, on the simulated clock: as adapters/redis/throttle.py counts, without bursts."""

    def __init__(self, loop: SimulatedLoop, per_second: float) -> None:
        self._loop = loop
        self._interval = 1 / per_second
        self._next: dict[str, float] = {}

    async def reserve(self, key: str, *, max_wait_seconds: float | None) -> tuple[bool, float]:
        now = self._loop.time()
        turn = max(now, self._next.get(key, 0.0))
        if max_wait_seconds is not None and turn - now > max_wait_seconds:
            return False, turn - now
        self._next[key] = turn + self._interval
        return True, turn - now


@dataclass(slots=True)
class Allowed:
    """Calls that Stripe allows: a number a second, of which one second's worth is saved up."""

    per_second: float
    tokens: float = 0.0
    at: float = float("-inf")

    def take(self, now: float) -> bool:
        """Whether one more call is within the limit."""
        if self.at == float("-inf"):
            self.tokens = self.per_second
        else:
            self.tokens = min(self.per_second, self.tokens + (now - self.at) * self.per_second)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True
