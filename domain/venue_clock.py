"""The time of a show as the clock at its venue shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from domain.timezones import RULES, instant_of, zone_of

#: When the doors open, the show starts, and it ends.
Times = tuple[datetime, datetime, datetime]
#: The names of these times in a show.
NAMES_OF_TIMES: Final = ("door_time", "start_time", "end_time")
#: The names of the times between which a show or a ticket type is sold.
NAMES_OF_SALE_TIMES: Final = ("on_sale_at", "off_sale_at")
#: A night that ends by this hour counts as part of the evening on which it began.
NIGHT_ENDS: Final = timedelta(hours=6)
_A_MOMENT: Final = timedelta.resolution


def last_day(start: datetime, end: datetime) -> date:
    """The last day of a show from ``start`` to ``end``, both on the venue's clock, as people count.

    A show that ends at 6:00 in the morning or earlier belongs to the day before; one that ends later also has that day.
    """
    return max(start.date(), (end - NIGHT_ENDS - _A_MOMENT).date())


@dataclass(frozen=True, slots=True)
class VenueTime:
    """One time on a venue's clock: ``local`` (naive, with ``fold``) stays when the rules of a time zone change.

    ``moment`` (aware, in UTC) was derived from it.
    """

    local: datetime
    moment: datetime

    @classmethod
    def showing(cls, local: datetime, timezone: str) -> VenueTime:
        """The time at which the clock shows ``local``, by the rules in force here."""
        return cls(local, instant_of(local, zone_of(timezone)))

    @classmethod
    def at(cls, moment: datetime, timezone: str) -> VenueTime:
        """What the clock shows at ``moment``, by the rules in force here."""
        return cls(moment.astimezone(zone_of(timezone)).replace(tzinfo=None), moment.astimezone(UTC))

    def there(self, timezone: str) -> datetime:
        """The time for people: aware, on the clock of ``timezone``, by the rules in force."""
        return self.local.replace(tzinfo=zone_of(timezone))


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueClock:
    """A venue's clock. ``times`` are naive, with ``fold``: the producer's input, which stays when the rules of a time
    zone change.

    ``moments`` (aware) were derived from it in ``timezone``, by the release ``rules`` of the rules.
    """

    times: Times
    rules: str
    moments: Times = field(repr=False, compare=False)
    timezone: str = field(repr=False, compare=False)

    @classmethod
    def at(cls, moments: Times, timezone: str) -> VenueClock:
        """A clock that shows these moments by the rules in force here."""
        zone = zone_of(timezone)
        door, start, end = (moment.astimezone(zone).replace(tzinfo=None) for moment in moments)
        return cls(times=(door, start, end), rules=RULES, moments=moments, timezone=timezone)

    @classmethod
    def showing(cls, times: Times, timezone: str) -> VenueClock:
        """A clock that shows these times; its moments follow from the rules in force here."""
        zone = zone_of(timezone)
        door, start, end = (instant_of(local, zone) for local in times)
        return cls(times=times, rules=RULES, moments=(door, start, end), timezone=timezone)
