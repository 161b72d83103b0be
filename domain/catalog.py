"""The catalog: Producer, Show and Ticket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypedDict, Unpack
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.branding import Branding, Picture
from domain.errors import (
    Conflict,
    InvalidRequest,
    NotOnSaleYet,
    ProducerPaymentMissing,
    SaleEnded,
    ShowEnded,
    ShowUnavailable,
)
from domain.fees import FeeBearer
from domain.inventory import Inventory
from domain.money import AMOUNT_LIMIT, Currency
from domain.sale_period import SalePeriod, SellsUntil
from domain.tax import TaxMode, VenueAddress
from domain.texts import (
    MAX_DESCRIPTION_LENGTH,
    MAX_TERMS_LENGTH,
    MAX_TITLE_LENGTH,
    check_locale,
    check_text,
    check_title,
)
from domain.timezones import ensure_known, instant_of, local_time, zone_of
from domain.venue_clock import NAMES_OF_SALE_TIMES, NAMES_OF_TIMES, VenueClock, VenueTime

#: The range of years for a show: far from where a time zone's offset would leave the calendar.
FIRST_YEAR = 1900
LAST_YEAR = 2200
#: The largest capacity of a ticket type: far above any venue, far below a 32-bit column.
MAX_QUANTITY = 1_000_000
#: The most hours before the doors at which something may end: a year.
MAX_HOURS_BEFORE = 366 * 24
#: The most ticket types of one show: as many as a cart may have lines.
MAX_TICKET_TYPES = 100
#: The most places that one ticket takes of a capacity: a school class with its teachers.
MAX_PLACES = 100


def _check_year(moment: datetime, what: str, *, margin: int = 0) -> None:
    if not FIRST_YEAR - margin <= moment.year <= LAST_YEAR + margin:
        raise InvalidRequest(f"{what} must lie between {FIRST_YEAR} and {LAST_YEAR}", field=what)


def _check_hours(hours: int | None, what: str) -> None:
    if hours is not None and not 0 <= hours <= MAX_HOURS_BEFORE:
        raise InvalidRequest(f"{what} must be 0 to {MAX_HOURS_BEFORE}", field=what)


@dataclass(frozen=True, slots=True)
class ProducerFinancial:
    """The connected Stripe account that receives a producer's money."""

    stripe_account_id: str | None = None
    charges_enabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Producer:
    """An organiser of shows. All shows of a producer sell in the producer's currency.

    ``tax`` and ``fees``, which is who bears them, apply to orders that are placed from now on.
    """

    id: UUID
    name: str
    email: str
    currency: Currency
    financial: ProducerFinancial = field(default_factory=ProducerFinancial)
    branding: Branding = field(default_factory=Branding)
    tax: TaxMode = TaxMode.EXCLUSIVE
    fees: FeeBearer = FeeBearer.BUYER

    def __post_init__(self) -> None:
        check_title(self.name, "name")

    def payout_account(self) -> str:
        """The Stripe account that receives the payments of orders. Raises ProducerPaymentMissing (P1-017)."""
        account = self.financial.stripe_account_id
        if account is None or not self.financial.charges_enabled:
            raise ProducerPaymentMissing("Producer payment details not configured")
        return account


_NEVER: Final = (datetime(1, 1, 1, tzinfo=UTC),) * 3
_UNKNOWN: Final = VenueClock(times=_NEVER, rules="", moments=_NEVER, timezone="")


class ShowFields(TypedDict, total=False):
    """The fields of a show that a producer writes, all or some. Times are as ``domain.timezones.local_time`` takes
    them: without an offset they are on the venue's clock. None removes ``on_sale_at`` and ``off_sale_at``.
    """

    title: str
    description: str
    venue: str
    venue_address: VenueAddress | None
    door_time: datetime
    start_time: datetime
    end_time: datetime
    timezone: str
    on_sale_at: datetime | None
    off_sale_at: datetime | None
    sells_until: SellsUntil
    locale: str
    terms: str
    published: bool
    cancelled: bool
    image: Picture | None
    production_id: UUID | None
    renames_until_hours: int | None
    exchanges_until_hours: int | None
    re_entry: bool
    offline_new_codes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """One performance. ``timezone`` is the venue's IANA name, ``locale`` the BCP 47 tag ("en-US") that dates and prices
    are formatted by. People read ``venue``; tax is computed from ``venue_address``. ``terms`` are printed on every
    ticket. A show may be a performance of a production, whose description and image it has if it has none itself.

    ``venue_clock`` in ``timezone`` is when the show is. ``door_time``, ``start_time`` and ``end_time`` are moments
    (aware) derived from it by release ``venue_clock.rules`` of the time zone rules; a later release can outdate them.
    Show people the venue's clock (``door_there`` and so on); compute with the moments.

    The public sale begins at ``on_sale_at`` (None: at once) and ends at ``off_sale_at`` or, if that comes first, at the
    point of the evening that ``sells_until`` names.

    Buyers may put other names on their tickets until ``renames_until_hours`` before the doors open, and exchange them
    until ``exchanges_until_hours`` before; None: never.

    ``re_entry``: who goes out may come in again. ``offline_new_codes``: scanners without a network get the key by which
    they know tickets that are newer than their list. Who steals such a scanner can make tickets that pass for them.
    """

    id: UUID
    producer_id: UUID
    title: str
    description: str = ""
    venue: str = ""
    venue_address: VenueAddress | None = None
    door_time: datetime
    start_time: datetime
    end_time: datetime
    timezone: str = "UTC"
    venue_clock: VenueClock = _UNKNOWN  # derived from the moments if it does not match them
    on_sale_at: VenueTime | None = None
    off_sale_at: VenueTime | None = None
    sells_until: SellsUntil = SellsUntil.END
    locale: str = "en-US"
    terms: str = ""
    published: bool = False
    cancelled: bool = False
    image: Picture | None = None
    production_id: UUID | None = None
    renames_until_hours: int | None = None
    exchanges_until_hours: int | None = None
    re_entry: bool = False
    offline_new_codes: bool = False

    def __post_init__(self) -> None:
        check_title(self.title, "title")
        check_text(self.description, "description", MAX_DESCRIPTION_LENGTH)
        check_text(self.venue, "venue", MAX_TITLE_LENGTH)
        check_text(self.terms, "terms", MAX_TERMS_LENGTH)
        for name in NAMES_OF_TIMES:
            moment: datetime = getattr(self, name)
            if moment.tzinfo is None:
                raise InvalidRequest(f"{name} must have a UTC offset", field=name)
            _check_year(moment, name, margin=1)
        if not self.door_time <= self.start_time <= self.end_time:
            raise InvalidRequest("door_time, start_time and end_time must follow one another", field="start_time")
        moments, clock = (self.door_time, self.start_time, self.end_time), self.venue_clock
        if (clock.moments, clock.timezone) != (moments, self.timezone):
            if clock is _UNKNOWN or clock.timezone != self.timezone:
                ensure_known(self.timezone)
            object.__setattr__(self, "venue_clock", VenueClock.at(moments, self.timezone))
        for name, local in zip(NAMES_OF_TIMES, self.venue_clock.times, strict=True):
            _check_year(local, name)
        check_locale(self.locale)
        _check_hours(self.renames_until_hours, "renames_until_hours")
        _check_hours(self.exchanges_until_hours, "exchanges_until_hours")

    @classmethod
    def planned(cls, *, id: UUID, producer_id: UUID, **fields: Unpack[ShowFields]) -> Show:  # noqa: A002
        """A new show. ``title`` and the three times must be among the fields. Raises InvalidRequest."""
        given: dict[str, Any] = dict(fields)
        timezone = given.pop("timezone", "UTC")
        ensure_known(timezone)
        door, start, end = (_local(given.pop(name), timezone, name) for name in NAMES_OF_TIMES)
        given |= _shown(VenueClock.showing((door, start, end), timezone)) | _sale_times(given, timezone)
        planned = cls(id=id, producer_id=producer_id, **given)
        planned.ensure_sells_at_some_time()
        return planned

    @property
    def zone(self) -> ZoneInfo:
        """The venue's time zone, by the rules in force here."""
        return zone_of(self.timezone)

    @property
    def door_there(self) -> datetime:
        """The time the doors open: aware, on the venue's clock, by the rules in force."""
        return self.venue_clock.times[0].replace(tzinfo=self.zone)

    @property
    def start_there(self) -> datetime:
        """The time the show starts: aware, on the venue's clock, by the rules in force."""
        return self.venue_clock.times[1].replace(tzinfo=self.zone)

    @property
    def end_there(self) -> datetime:
        """The time the show ends: aware, on the venue's clock, by the rules in force."""
        return self.venue_clock.times[2].replace(tzinfo=self.zone)

    def local(self, moment: datetime) -> datetime:
        """``moment`` on the venue's clock."""
        return moment.astimezone(self.zone)

    def moment(self, given: datetime, field: str) -> datetime:
        """The moment, in UTC, of a client's time (``domain.timezones.local_time``). Raises InvalidRequest."""
        if given.utcoffset() == timedelta():  # UTC names the same moment everywhere, up to the end of the calendar
            return given.astimezone(UTC)
        try:
            return instant_of(local_time(given, self.zone, field), self.zone)
        except OverflowError:
            raise InvalidRequest(f"{field} lies beyond the calendar", field=field) from None

    def by_rules_in_force(self) -> Show:
        """The show with its moments derived from the venue's clock by the rules in force here.

        The venue's clock stays. If the new rules would put the moments out of order (for instance because an hour no
        longer occurs twice), doors and end keep their distance from the start.
        """
        clock = VenueClock.showing(self.venue_clock.times, self.timezone)
        door, start, end = clock.moments
        if not door <= start <= end:
            shift = start - self.start_time
            clock = VenueClock.at((self.door_time + shift, start, self.end_time + shift), self.timezone)
        return replace(self, **_shown(clock), **_derived(self, self.timezone))

    @property
    def sale(self) -> SalePeriod:
        """When the public sale of the show is open."""
        return SalePeriod(self.on_sale_at.moment if self.on_sale_at else None, self._sale_ends)

    @property
    def _sale_ends(self) -> datetime:
        if self.sells_until is SellsUntil.END:
            last = self.end_time
        else:
            last = self.start_time if self.sells_until is SellsUntil.START else self.door_time
        return last if self.off_sale_at is None else min(last, self.off_sale_at.moment)

    def sale_of(self, ticket: Ticket) -> SalePeriod:
        """When a ticket type of the show can be bought by the public: within the show's own sale."""
        if not ticket.has_sale_times:
            return self.sale
        begins, ends = ticket.on_sale_at, ticket.off_sale_at
        own = SalePeriod(begins.moment if begins else None, ends.moment if ends else self.end_time)
        return own.within(self.sale)

    @property
    def renames_until(self) -> datetime | None:
        """The moment from which buyers may no longer change the names on their tickets; None if they never may."""
        return None if self.cancelled else self._before_doors(self.renames_until_hours)

    @property
    def exchanges_until(self) -> datetime | None:
        """The moment from which buyers may no longer exchange their tickets; None if they never may.

        Tickets to a cancelled show may be exchanged where those of the show could be.
        """
        return self._before_doors(self.exchanges_until_hours)

    def _before_doors(self, hours: int | None) -> datetime | None:
        return None if hours is None else self.door_time - timedelta(hours=hours)

    def takes_place_after(self, now: datetime) -> bool:
        """Whether the show still takes place: not cancelled, and not over at ``now``."""
        return not self.cancelled and now < self.end_time

    def changed(self, **fields: Unpack[ShowFields]) -> Show:
        """The show with these fields changed.

        Times that are not given keep what the venue's clock shows, even in a new time zone. Raises InvalidRequest, and
        Conflict for a cancelled show, which cannot change any more.
        """
        given: dict[str, Any] = dict(fields)
        timezone = given.pop("timezone", self.timezone)
        if timezone != self.timezone:
            ensure_known(timezone)
        times: dict[str, datetime] = {name: given.pop(name) for name in NAMES_OF_TIMES if name in given}
        if times or timezone != self.timezone:
            given |= _shown(self._changed_clock(times, timezone))
        given |= self._changed_sale_times(given, timezone)
        after = replace(self, **given)
        if self.cancelled and after != self:
            raise Conflict("This show was cancelled, which cannot be undone; it cannot be changed")
        if after.sale != self.sale:
            after.ensure_sells_at_some_time()
        return after

    def _changed_clock(self, given: Mapping[str, datetime], timezone: str) -> VenueClock:
        """The clock with the given times; the others are checked again only if the time zone changed."""
        door, start, end = (
            _local(given.get(name, local), timezone, name) if name in given or timezone != self.timezone else local
            for name, local in zip(NAMES_OF_TIMES, self.venue_clock.times, strict=True)
        )
        return VenueClock.showing((door, start, end), timezone)

    def _changed_sale_times(self, given: Mapping[str, Any], timezone: str) -> dict[str, VenueTime | None]:
        """The given sale times; the others are checked again only if the time zone changed."""
        kept: dict[str, Any] = {}
        if timezone != self.timezone:
            times = {name: getattr(self, name) for name in NAMES_OF_SALE_TIMES}
            kept = {name: time and time.local for name, time in times.items()}
        return _sale_times({**kept, **given}, timezone)

    def sale_times(self, given: Mapping[str, Any]) -> dict[str, VenueTime | None]:
        """The sale times among the given fields of a ticket type, on the venue's clock. Raises InvalidRequest."""
        return _sale_times(given, self.timezone)

    def ensure_sells_at_some_time(self) -> None:
        """Raises InvalidRequest if the sale would end before it begins."""
        if self.sale.is_empty:
            raise InvalidRequest("on_sale_at must lie before the end of the show's sale", field="on_sale_at")

    def ensure_on_sale(self, now: datetime) -> None:
        """Raises ShowUnavailable (P1-008, P1-016), ShowEnded (P1-015), NotOnSaleYet or SaleEnded."""
        if not self.published:
            raise ShowUnavailable("This show is not currently available", field="show_id")
        self.ensure_on_sale_at_the_counter(now)
        if self.on_sale_at is not None and now < self.on_sale_at.moment:
            raise NotOnSaleYet(self.local(self.on_sale_at.moment), field="show_id")
        if self._sale_ends <= now:
            raise SaleEnded("Tickets for this show are no longer on sale", field="show_id")

    def ensure_sells(self, ticket: Ticket, now: datetime, *, field: str) -> None:
        """Whether the public can buy a ticket type of a show that is on sale. Raises NotOnSaleYet or SaleEnded."""
        if ticket.on_sale_at is not None and now < ticket.on_sale_at.moment:
            raise NotOnSaleYet(self.local(ticket.on_sale_at.moment), ticket=ticket.name, field=field)
        if ticket.off_sale_at is not None and ticket.off_sale_at.moment <= now:
            raise SaleEnded(f"{ticket.name} is no longer on sale", field=field)

    def ensure_can_sell(self, ticket: Ticket) -> None:
        """Raises InvalidRequest for a ticket type that the public could never buy."""
        if self.sale_of(ticket).is_empty:
            name = "on_sale_at" if ticket.on_sale_at else "off_sale_at"
            raise InvalidRequest(
                f"{name}: this ticket type would never be on sale, since it is sold only while the show is", field=name
            )

    def ensure_on_sale_at_the_counter(self, now: datetime) -> None:
        """Allow sales at the counter, even for an unpublished show and outside of the times of the public sale: press
        and sponsors get their seats before it opens, and the door sells after it has closed.

        Raises ShowUnavailable if the show was cancelled, or ShowEnded.
        """
        if self.cancelled:
            raise ShowUnavailable("This show is not currently available", field="show_id")
        if self.end_time <= now:
            raise ShowEnded("This show has already occurred", field="show_id")


def _local(given: datetime, timezone: str, field: str) -> datetime:
    _check_year(given, field, margin=1)  # far from where an offset leaves the calendar
    local = local_time(given, zone_of(timezone), field)
    _check_year(local, field)
    return local


def _sale_times(given: Mapping[str, Any], timezone: str) -> dict[str, VenueTime | None]:
    """The sale times among the given fields, read on the clock of ``timezone``. Raises InvalidRequest."""
    return {
        name: VenueTime.showing(_local(time, timezone, name), timezone) if time else None
        for name, time in given.items()
        if name in NAMES_OF_SALE_TIMES
    }


def _derived(of: Show | Ticket, timezone: str) -> dict[str, Any]:
    """The sale times by the rules in force."""
    times: dict[str, VenueTime | None] = {name: getattr(of, name) for name in NAMES_OF_SALE_TIMES}
    return {name: VenueTime.showing(time.local, timezone) for name, time in times.items() if time}


def _shown(clock: VenueClock) -> dict[str, Any]:
    """The fields of a show with this clock."""
    moments: dict[str, Any] = dict(zip(NAMES_OF_TIMES, clock.moments, strict=True))
    return {**moments, "timezone": clock.timezone, "venue_clock": clock}


class TicketFields(TypedDict, total=False):
    """The fields of a ticket type that a producer writes beside its price and its limits, all or some. Times are as a
    show's.
    """

    name: str
    description: str
    is_donation_based: bool
    is_vip: bool
    hidden: bool
    on_sale_at: datetime | None
    off_sale_at: datetime | None


class TicketLimits(TypedDict, total=False):
    """What limits how many tickets of a type there are, all or some of it; see Ticket."""

    quantity: int | None
    capacity_id: UUID | None
    places: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket type of a show. ``price`` is in minor units; a donation ticket's price is its minimum.

    It has its own quantity (``inventory``), draws on a capacity (``capacity_id``), or both; with each ticket it
    takes ``places`` of the capacity. It is sold from ``on_sale_at`` until ``off_sale_at``, as far as the show is: None
    adds no limit. A ``hidden`` ticket type does not exist for buyers without a promo code that opens it.
    """

    id: UUID
    show_id: UUID
    name: str
    description: str = ""
    price: int
    is_donation_based: bool = False
    is_vip: bool = False
    hidden: bool = False
    inventory: Inventory
    capacity_id: UUID | None = None
    places: int = 1
    on_sale_at: VenueTime | None = None
    off_sale_at: VenueTime | None = None

    def __post_init__(self) -> None:
        check_title(self.name, "name")
        check_text(self.description, "description", MAX_DESCRIPTION_LENGTH)
        if not 0 <= self.price < AMOUNT_LIMIT:
            raise InvalidRequest(f"price must be zero or more, and below {AMOUNT_LIMIT} minor units", field="price")
        quantity = self.inventory.quantity
        if quantity is None and self.capacity_id is None:
            raise InvalidRequest("quantity may be null only for a ticket type with a capacity", field="quantity")
        if quantity is not None and not 0 <= quantity <= MAX_QUANTITY:
            raise InvalidRequest(f"quantity must be 0 to {MAX_QUANTITY}", field="quantity")
        if not 1 <= self.places <= MAX_PLACES:
            raise InvalidRequest(f"places must be 1 to {MAX_PLACES}", field="places")

    @property
    def has_sale_times(self) -> bool:
        """Whether it is not simply sold while its show is."""
        return self.on_sale_at is not None or self.off_sale_at is not None

    def by_rules_in_force(self, timezone: str) -> Ticket:
        """The ticket type with its moments derived from the clock of ``timezone`` by the rules in force here."""
        return replace(self, **_derived(self, timezone)) if self.has_sale_times else self
