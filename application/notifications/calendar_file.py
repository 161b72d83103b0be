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

#: A calendar keeps the version with the highest number: seconds since then. It fits the 32 bits that calendars give it
#: for a lifetime, and needs no counter, as what is written later always knows the show as it was later.
_SEQUENCE_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)
CONTENT_TYPE: Final = "text/calendar"


class WriteCalendar:
    """An entry from the start of the show to its end. All orders of a show share it, so that two make one entry."""

    def __init__(self, calendars: CalendarWriter, links: Links, clock: Clock) -> None:
        self._calendars = calendars
        self._links = links
        self._clock = clock

    def __call__(self, order: Order, display: ShowDetails) -> bytes:  # noqa: ARG002  # orders of a show share it
        """iCalendar. A cancelled show's entry takes itself out of the calendar again."""
        return self._calendars.write(self._event(display, cancelled=display.show.cancelled))

    def attachment(self, order: Order, display: ShowDetails) -> Attachment:
        """The same as it goes with a mail."""
        if display.show.cancelled:
            return self.withdrawal(display)
        return Attachment("show.ics", f"{CONTENT_TYPE}; method=PUBLISH", self(order, display))

    def withdrawal(self, display: ShowDetails) -> Attachment:
        """For a mail to somebody who does not go any more: the entry takes itself out of the calendar."""
        entry = self._calendars.write(self._event(display, cancelled=True))
        return Attachment("show.ics", f"{CONTENT_TYPE}; method=CANCEL", entry)

    def _event(self, display: ShowDetails, *, cancelled: bool) -> CalendarEvent:
        # Calendars are shared, synchronised and indexed: the order's own page would be open to all who see the entry.
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
