"""Following the authoritative clocks: the database's for all our times, Stripe's for times that Stripe judges."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Final

from adapters.postgres.clock import DatabaseClock
from adapters.stripe.client import HttpClient
from adapters.stripe.time import StripeTime
from application.ports.unit_of_work import StorageUnavailable

log = logging.getLogger(__name__)

FOLLOW_EVERY: Final = timedelta(seconds=30)
#: The pause before the database is asked again that has never answered: until then sales go by the machine's own clock.
ASK_AGAIN_AFTER: Final = timedelta(seconds=1)
#: How far a machine's clock may be off before its process reports it.
TOLERATED: Final = timedelta(seconds=30)
#: The longest that a starting process waits for each of the two.
START_SECONDS: Final = 5


class FollowClocks:
    """Called at start, and every FOLLOW_EVERY from then on."""

    def __init__(
        self, clock: DatabaseClock, stripe_time: StripeTime, stripe_http: HttpClient, stripe_base: str
    ) -> None:
        self._clock = clock
        self._stripe_time = stripe_time
        self._stripe_http = stripe_http
        self._stripe_base = stripe_base
        self._said = timedelta()
        self._has_warned = False

    @property
    def pause(self) -> timedelta:
        """The time until the clocks should be asked again."""
        return FOLLOW_EVERY if self._clock.is_known else ASK_AGAIN_AFTER

    async def __call__(self) -> int:
        """Read both clocks. Returns how many answered. A clock that cannot be reached is asked again the next time."""
        # In this order: Stripe's clock is compared with the database's.
        return await self._database() + await self._stripe()

    async def _database(self) -> bool:
        try:
            async with asyncio.timeout(START_SECONDS):
                ahead = await self._clock.follow()
        except (StorageUnavailable, TimeoutError) as error:
            if self._clock.is_known or not self._has_warned:
                log.warning("The database's clock cannot be asked, this machine's own is used until then: %s", error)
            self._has_warned = True
            return False
        if abs(ahead - self._said) > TOLERATED:
            log.warning("%s", in_words(ahead))
            self._said = ahead
        return True

    async def _stripe(self) -> bool:
        """Whether Stripe's clock is known.

        Any answer has the time, a refusal too; after the first, the answers to our own calls are enough.
        """
        if self._stripe_time.was_heard:
            return True
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._stripe_http.request_async("get", f"{self._stripe_base}/", {})
        except Exception as error:  # noqa: BLE001  # the library passes on any error of its connection
            log.info("Stripe's clock cannot be asked: %s", error)
            return False
        return True


def in_words(ahead: timedelta) -> str:
    """A process's statement about its machine's clock."""
    if abs(ahead) <= TOLERATED:
        return "This machine's clock agrees with the database's again"
    direction = "ahead of" if ahead > timedelta() else "behind"
    return (
        f"This machine's clock is {abs(ahead).total_seconds():.0f} seconds {direction} the database's, which is "
        "followed: let both machines set their clocks by NTP, for instance"
    )


async def follow_clocks(follow: FollowClocks) -> None:
    """Follow the clocks until cancelled."""
    while True:
        await asyncio.sleep(follow.pause.total_seconds())
        await follow()
