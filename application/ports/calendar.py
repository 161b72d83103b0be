"""A show as an entry in a person's calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEvent:
    """A calendar entry. All times are aware; ``timezone`` is the venue's.

    ``uid`` is the same for every version of the entry; the version with the highest ``sequence`` counts.
    """

    uid: str
    sequence: int
    stamped_at: datetime
    title: str
    description: str
    url: str
    venue: str
    organizer_name: str
    organizer_email: str
    start_time: datetime
    end_time: datetime
    timezone: ZoneInfo
    cancelled: bool


class CalendarWriter(Protocol):
    def write(self, event: CalendarEvent) -> bytes:
        """An iCalendar file (RFC 5545) that publishes the event, or withdraws a cancelled one."""
        ...
