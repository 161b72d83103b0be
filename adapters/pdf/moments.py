"""Dates and times as a ticket tells them: the venue's, in English, on the 24-hour clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo


def day(moment: datetime, timezone: ZoneInfo) -> str:
    """Such as "Friday 27 November 2026"."""
    local = moment.astimezone(timezone)
    return f"{local:%A} {local.day} {local:%B %Y}"


def clock(moment: datetime, timezone: ZoneInfo) -> str:
    """Such as "19:30"."""
    return f"{moment.astimezone(timezone):%H:%M}"


def zone(moment: datetime, timezone: ZoneInfo) -> str:
    """Such as "CET". Zones without an abbreviation are told by their offset: "UTC+03"."""
    name = f"{moment.astimezone(timezone):%Z}"
    return f"UTC{name}" if name.startswith(("+", "-")) else name


def doors_and_start(door_time: datetime, start_time: datetime, timezone: ZoneInfo) -> str:
    """Such as "Doors 19:00 · Start 20:00 CET"; with the doors' day where it is another one than the start's."""
    doors = clock(door_time, timezone)
    if day(door_time, timezone) != day(start_time, timezone):
        doors = f"{door_time.astimezone(timezone):%A} {doors}"
    return f"Doors {doors} · Start {clock(start_time, timezone)} {zone(start_time, timezone)}"
