"""Stripe's time, from the Date header of its answers."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from application.ports.system import Clock

log = logging.getLogger(__name__)

#: A Date header is exact to the second, and some seconds old when it is read.
TOLERANCE: Final = timedelta(seconds=30)
#: Times that we send are shifted by whole steps, so a repetition sends the same. Half a step is less than what
#: SESSION_OUTLASTS_HOLD leaves of Stripe's half an hour.
STEP: Final = timedelta(minutes=5)
_LISTEN_EVERY_SECONDS: Final = 10.0


class StripeTime:
    """How far Stripe's clock is ahead of ours. Until Stripe's first answer they are assumed to agree."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = timedelta()
        self._heard_at: float | None = None

    @property
    def was_heard(self) -> bool:
        """Whether Stripe has answered yet."""
        return self._heard_at is not None

    @property
    def ahead(self) -> timedelta:
        """The correction for our times that Stripe judges, in whole steps."""
        return round(self._ahead / STEP) * STEP

    def now(self) -> datetime:
        """The present moment by Stripe's clock."""
        return self._clock.now() + self._ahead

    def heard(self, status: int, headers: Mapping[str, str]) -> None:
        """Note the time of an answer that has just come. Refusals count, too: a wrong time may be their reason."""
        was_just_now = self._heard_at is not None and time.monotonic() - self._heard_at < _LISTEN_EVERY_SECONDS
        if was_just_now and status < HTTPStatus.BAD_REQUEST:
            return
        try:
            theirs = parsedate_to_datetime(headers.get("Date") or headers.get("date") or "")
        except ValueError:
            return
        self._heard_at = time.monotonic()
        measured = theirs - self._clock.now()
        ahead = measured if abs(measured) > TOLERANCE else timedelta()
        if abs(ahead - self._ahead) > TOLERANCE:
            log.warning("Stripe's clock, which is followed, is %+.0f seconds off the database's", ahead.total_seconds())
            self._ahead = ahead
