"""Stripe as a process calls it: turns that the installation keeps, limits that Stripe keeps, answers that take time.

It does what adapters/stripe/payment.py does about turns; a test compares them.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from random import Random
from typing import Any, Final

from adapters.stripe.payment import NEW_SESSIONS, READ_PATIENCE_SECONDS
from application.ports.payment import PaymentQueued
from application.ports.throttle import Throttle
from rehearsal.speed import (
    STRIPE_ENDPOINTS,
    STRIPE_MAKES,
    STRIPE_PAUSE,
    STRIPE_READS,
    Allowed,
    between,
)
from simulation.loop import SimulatedLoop
from simulation.stripe import Stripe

#: The endpoint of each call, whether it only reads, and how long the call waits for its turn (None: any time).
_CALLS: Final[dict[str, tuple[str, bool, float | None]]] = {
    "open_session": (NEW_SESSIONS, False, None),
    "session": ("sessions.retrieve", True, READ_PATIENCE_SECONDS),
    "expire_session": ("sessions.expire", False, None),
    "intent": ("payment_intents.retrieve", True, None),
    "describe_transfer": ("transfers.update", False, None),
}


class StripeLimits:
    """Stripe's own limits on an account, and how often it was called: ``calls`` and ``refused`` by endpoint,
    ``busiest`` the most calls in a second.
    """

    def __init__(self, loop: SimulatedLoop, random: Random, allows: float) -> None:
        """``allows`` is how many calls a second Stripe takes at each endpoint."""
        self._loop = loop
        self._random = random
        self._all = Allowed(STRIPE_ENDPOINTS * allows)
        self._of_endpoint: defaultdict[str, Allowed] = defaultdict(lambda: Allowed(allows))
        self._in_second: Counter[int] = Counter()
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    async def call(self, endpoint: str, *, reads: bool) -> None:
        """One call: its time passes. Raises PaymentQueued if it is one too many."""
        now = self._loop.time()
        self.calls[endpoint] += 1
        self._in_second[int(now)] += 1
        allowed = self._of_endpoint[endpoint].take(now) and self._all.take(now)
        await asyncio.sleep(between(self._random, STRIPE_READS if reads else STRIPE_MAKES))
        if not allowed:
            self.refused[endpoint] += 1
            raise PaymentQueued(STRIPE_PAUSE)

    @property
    def busiest(self) -> int:
        return max(self._in_second.values(), default=0)


class PacedStripe:
    """The payment port of the rehearsal: ``turns`` are those of one throttle."""

    def __init__(self, stripe: Stripe, limits: StripeLimits, turns: Throttle) -> None:
        self._stripe = stripe
        self._limits = limits
        self._turns = turns

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._stripe, name)
        endpoint, reads, patience = _CALLS.get(name, (name, True, None))

        async def call(*args: Any, **kwargs: Any) -> Any:
            most = kwargs.get("max_wait_seconds") if name == "open_session" else patience
            taken, wait = await self._turns.reserve(endpoint, max_wait_seconds=most)
            if not taken:
                raise PaymentQueued(wait)
            if wait:
                await asyncio.sleep(wait)
            await self._limits.call(endpoint, reads=reads)
            if name == "open_session":
                kwargs["max_wait_seconds"] = None
            return await method(*args, **kwargs)

        return call
