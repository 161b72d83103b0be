"""A calendar entry that lists its facts."""

from __future__ import annotations

from application.ports.calendar import CalendarEvent


class MemoryCalendarWriter:
    def __init__(self) -> None:
        self.events: list[CalendarEvent] = []

    def write(self, event: CalendarEvent) -> bytes:
        self.events.append(event)
        return f"BEGIN:VCALENDAR\n{event.title}\nEND:VCALENDAR\n".encode()
