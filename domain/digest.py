"""The daily digest: one mail a morning for each person who asked for it, at an hour of the producer's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.errors import InvalidRequest
from domain.timezones import instant_of

#: The hour that is offered first: before the box office opens.
DEFAULT_HOUR: Final = 8
#: A digest that could not be sent for this long is left out: the next one is near, and says the same and more.
LATE_AFTER: Final = timedelta(hours=12)
_A_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A person's wish for the digest of a producer, at ``hour`` (0 to 23).

    ``day`` is the calendar day of the next one and ``due_at`` its moment. Raises InvalidRequest.
    """

    person_id: UUID
    producer_id: UUID
    hour: int
    day: date
    due_at: datetime

    def __post_init__(self) -> None:
        ensure_hour(self.hour)


@dataclass(frozen=True, slots=True)
class Turn:
    """What becomes of a digest at some moment: the wish with its next day, and the day to send now (None: none)."""

    digest: Digest
    send: date | None


def ensure_hour(hour: int) -> None:
    """Raises InvalidRequest."""
    if not 0 <= hour <= 23:
        raise InvalidRequest("hour must be 0 to 23", field="hour")


def moment_of(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """When the clock of ``zone`` shows the hour on that day: the first time, where it shows it twice. An hour that the
    clock skips begins when the clock has jumped over it.
    """
    return instant_of(datetime.combine(day, time(hour)), zone)


def wished(
    person_id: UUID, producer_id: UUID, hour: int, *, now: datetime, zone: ZoneInfo, before: Digest | None = None
) -> Digest:
    """A new wish, or another hour of the one ``before``: today's digest if its hour is still to come, else tomorrow's.

    A day whose digest was sent at the earlier hour is not sent again. Raises InvalidRequest.
    """
    ensure_hour(hour)
    day = now.astimezone(zone).date()
    if moment_of(day, hour, zone) <= now:
        day += _A_DAY
    if before is not None:
        day = max(day, before.day)
    return Digest(person_id=person_id, producer_id=producer_id, hour=hour, day=day, due_at=moment_of(day, hour, zone))


def turned(digest: Digest, *, now: datetime, zone: ZoneInfo) -> Turn:
    """The digest after a look at it at ``now``, by the clock of ``zone``, which may be another one than before.

    No day is sent twice. Of days that were missed only the last one is sent, and none that is late by more than
    ``LATE_AFTER``. The next day is later than every day that was sent, and its moment later than ``now``.
    """
    today = now.astimezone(zone).date()
    last = today if moment_of(today, digest.hour, zone) <= now else today - _A_DAY
    if last < digest.day:
        return Turn(_next(digest, digest.day, zone), None)
    is_timely = now - moment_of(last, digest.hour, zone) < LATE_AFTER
    return Turn(_next(digest, last + _A_DAY, zone), last if is_timely else None)


def _next(digest: Digest, day: date, zone: ZoneInfo) -> Digest:
    return Digest(
        person_id=digest.person_id,
        producer_id=digest.producer_id,
        hour=digest.hour,
        day=day,
        due_at=moment_of(day, digest.hour, zone),
    )
