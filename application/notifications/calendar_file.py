"""Use case: the order's show as a file for the buyer's calendar."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from application import formatting
from application.links import Links
from application.ports.calendar import CalendarEvent, CalendarWriter
from application.ports.catalog import ShowDetails
from application.ports.mail import Attachment
from application.ports.system import Clock
from domain.orders import Order

#: A calendar keeps the version with the highest number: seconds since then. The number fits into the calendar's 32 bits
#: for decades, and needs no counter, because a later file always has the show's later state.
_SEQUENCE_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)
CONTENT_TYPE: Final = "text/calendar"


class WriteCalendar:
    """An entry from the start of the show to its end. All orders of a show share it, so two orders make one entry."""

    def __init__(self, calendars: CalendarWriter, links: Links, clock: Clock) -> None:
        self._calendars = calendars
        self._links = links
        self._clock = clock

    def __call__(self, order: Order, display: ShowDetails) -> bytes:  # noqa: ARG002  # orders of a show share it
        """The entry as iCalendar. The entry of a cancelled show removes itself from the calendar."""
        return self._calendars.write(self._event(display, cancelled=display.show.cancelled))

    def attachment(self, order: Order, display: ShowDetails) -> Attachment:
        """The same entry as a mail's attachment."""
        if display.show.cancelled:
            return self.withdrawal(display)
        return Attachment("show.ics", f"{CONTENT_TYPE}; method=PUBLISH", self(order, display))

    def withdrawal(self, display: ShowDetails) -> Attachment:
        """An attachment for a person who no longer goes: it removes the entry from their calendar."""
        entry = self._calendars.write(self._event(display, cancelled=True))
        return Attachment("show.ics", f"{CONTENT_TYPE}; method=CANCEL", entry)

    def _event(self, display: ShowDetails, *, cancelled: bool) -> CalendarEvent:
        # Calendars are shared, synchronised and indexed: a link to the order's page would open it for all who see the
        # entry.
        show, now, page = display.show, self._clock.now(), self._links.find_orders()
        doors = formatting.doors(show.door_there, show.start_there, show.zone, show.locale)
        start = formatting.clock(show.start_there, show.zone, show.locale)
        hours = f"Doors {doors}, start {start} {formatting.zone(show.start_there, show.zone)}"
        return CalendarEvent(
            uid=f"{show.id}@piquetickets",
            sequence=max(int((now - _SEQUENCE_EPOCH).total_seconds()), 0),
            stamped_at=now,
            title=show.title,
            description=f"{hours}. Your tickets are in our mail to you; ask for it again at {page}",
            url=page,
            venue=show.venue,
            organizer_name=display.producer.name,
            organizer_email=display.producer.email,
            start_time=show.start_there,
            end_time=show.end_there,
            timezone=show.zone,
            cancelled=cancelled,
        )
