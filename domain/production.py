"""A production: a play, a course or a tour, whose performances are shows.

It has the texts and the picture that its shows share, and the defaults that its next shows are made with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypedDict, Unpack, cast
from uuid import UUID

from domain.branding import Picture
from domain.capacity import MAX_CAPACITIES, Allocation, Capacity
from domain.catalog import FIRST_YEAR, LAST_YEAR, MAX_QUANTITY, MAX_TICKET_TYPES, Show, ShowFields, Ticket
from domain.errors import Conflict, InvalidRequest
from domain.inventory import Inventory
from domain.promotions import TicketPromoCode
from domain.schedule import Start
from domain.tax import VenueAddress
from domain.texts import (
    MAX_DESCRIPTION_LENGTH,
    MAX_TERMS_LENGTH,
    MAX_TITLE_LENGTH,
    check_locale,
    check_text,
    check_title,
)
from domain.timezones import ensure_known, instant_of, is_ambiguous, local_time, zone_of
from domain.venue_clock import NAMES_OF_SALE_TIMES, NAMES_OF_TIMES, VenueTime

#: The longest that a show may last, and its doors may open before it, by a production's defaults: two weeks.
MAX_MINUTES: Final = 14 * 24 * 60
#: What a copy of a show has in common with it. The times of its sale need its start.
_COPIED: Final = frozenset(ShowFields.__annotations__) - {
    *NAMES_OF_TIMES,
    *NAMES_OF_SALE_TIMES,
    "published",
    "cancelled",
}


class ProductionFields(TypedDict, total=False):
    """The fields of a production that a producer writes, all or some."""

    title: str
    description: str
    venue: str
    venue_address: VenueAddress | None
    timezone: str
    locale: str
    terms: str
    doors_minutes: int
    duration_minutes: int
    tickets: tuple[TicketDefault, ...]
    capacities: tuple[CapacityDefault, ...]
    image: Picture | None


class DefaultFields(TypedDict, total=False):
    """The fields of a default ticket type beside price and quantity."""

    name: str
    description: str
    is_donation_based: bool
    is_vip: bool
    hidden: bool
    capacity: str | None
    places: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityDefault:
    """A capacity that new shows of a production get."""

    name: str
    size: int

    def capacity(self, *, id: UUID, show_id: UUID) -> Capacity:  # noqa: A002
        """A capacity of a show. Raises InvalidRequest."""
        return Capacity(id=id, show_id=show_id, name=self.name, size=self.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDefault:
    """A ticket type that new shows of a production get. ``price`` is in minor units; ``capacity`` is the name of the
    default capacity that it draws on.
    """

    name: str
    price: int
    quantity: int | None
    description: str = ""
    is_donation_based: bool = False
    is_vip: bool = False
    hidden: bool = False
    capacity: str | None = None
    places: int = 1

    def ticket(self, *, id: UUID, show_id: UUID, capacities: Mapping[str, UUID]) -> Ticket:  # noqa: A002
        """A ticket type of a show with these ``capacities``, by name. Raises InvalidRequest."""
        if self.capacity is not None and self.capacity not in capacities:
            raise InvalidRequest(f"No capacity has the name {self.capacity!r}", field="capacity")
        if self.quantity is not None and self.quantity < 0:  # no conflict with anything that is sold
            raise InvalidRequest(f"quantity must be 0 to {MAX_QUANTITY}", field="quantity")
        return Ticket(
            id=id,
            show_id=show_id,
            name=self.name,
            description=self.description,
            price=self.price,
            is_donation_based=self.is_donation_based,
            is_vip=self.is_vip,
            hidden=self.hidden,
            inventory=Inventory(self.quantity),
            capacity_id=None if self.capacity is None else capacities[self.capacity],
            places=self.places,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """A production of a producer's.

    Its shows have ``description`` and ``image`` as long as they have none themselves. All else is what new shows are
    made with; a change of it changes no show that is already there. By default the doors of a show open
    ``doors_minutes`` before it starts, and it ends ``duration_minutes`` after that.
    """

    id: UUID
    producer_id: UUID
    title: str
    description: str = ""
    venue: str = ""
    venue_address: VenueAddress | None = None
    timezone: str = "UTC"
    locale: str = "en-US"
    terms: str = ""
    doors_minutes: int = 30
    duration_minutes: int = 120
    tickets: tuple[TicketDefault, ...] = ()
    capacities: tuple[CapacityDefault, ...] = ()
    image: Picture | None = None

    def __post_init__(self) -> None:
        check_title(self.title, "title")
        check_text(self.description, "description", MAX_DESCRIPTION_LENGTH)
        check_text(self.venue, "venue", MAX_TITLE_LENGTH)
        check_text(self.terms, "terms", MAX_TERMS_LENGTH)
        check_locale(self.locale)
        for name in ("doors_minutes", "duration_minutes"):
            if not 0 <= getattr(self, name) <= MAX_MINUTES:
                raise InvalidRequest(f"{name} must be 0 to {MAX_MINUTES}", field=name)
        self._check_defaults()

    def _check_defaults(self) -> None:
        for name, most in (("tickets", MAX_TICKET_TYPES), ("capacities", MAX_CAPACITIES)):
            if len(getattr(self, name)) > most:
                raise InvalidRequest(f"A show has at most {most} {name}", field=name)
        capacities = {default.name: self.id for default in self.capacities}
        if len(capacities) < len(self.capacities):
            raise InvalidRequest("Two capacities have the same name", field="capacities")
        for index, default in enumerate(self.capacities):
            with blamed_on(f"capacities[{index}]"):
                default.capacity(id=self.id, show_id=self.id)
        for index, ticket in enumerate(self.tickets):
            with blamed_on(f"tickets[{index}]"):
                ticket.ticket(id=self.id, show_id=self.id, capacities=capacities)

    @classmethod
    def planned(cls, *, id: UUID, producer_id: UUID, **fields: Unpack[ProductionFields]) -> Production:  # noqa: A002
        """A new production. ``title`` must be among the fields. Raises InvalidRequest."""
        given: dict[str, Any] = dict(fields)
        ensure_known(given.get("timezone", "UTC"))
        return cls(id=id, producer_id=producer_id, **given)

    def changed(self, **fields: Unpack[ProductionFields]) -> Production:
        """The production with these fields changed. Raises InvalidRequest."""
        if fields.get("timezone", self.timezone) != self.timezone:
            ensure_known(fields["timezone"])
        return replace(self, **fields)

    def template(self) -> Template:
        """What new shows of the production are made from."""
        fields: ShowFields = {
            "title": self.title,
            "venue": self.venue,
            "venue_address": self.venue_address,
            "timezone": self.timezone,
            "locale": self.locale,
            "terms": self.terms,
            "production_id": self.id,
        }
        return Template(
            fields=fields,
            doors=timedelta(minutes=self.doors_minutes),
            lasts=timedelta(minutes=self.duration_minutes),
            tickets=self.tickets,
            capacities=self.capacities,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewShow:
    """A show that was made from a template, with all that it sells."""

    show: Show
    tickets: tuple[Ticket, ...]
    capacities: tuple[Capacity, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    promo_codes: tuple[TicketPromoCode, ...] = ()


class SaleTimes(StrEnum):
    """What becomes of the times of a sale when a show is made like another one: they keep their distance from its
    start, or stay the same, as for a run that goes on sale on one morning.
    """

    MOVE = "move"
    KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What a show is made like, with all that it sells and keeps, and with ids and counters.

    Every allocation is part of the plan, so one that was released is kept again by the new show.
    """

    show: Show
    tickets: tuple[Ticket, ...]
    capacities: tuple[Capacity, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    promo_codes: tuple[TicketPromoCode, ...] = ()
    sale_times: SaleTimes = SaleTimes.MOVE

    def moved(self, local: datetime, show: Show) -> datetime:
        """A time on the clock of the original, for the new show: naive."""
        if self.sale_times is SaleTimes.KEEP:
            return local
        return local.replace(fold=0) + (_start(show) - _start(self.show))

    def moved_sale(self, time: VenueTime | None, show: Show) -> VenueTime | None:
        """A sale time of the original, for the new show."""
        return VenueTime.showing(self.moved(time.local, show), show.timezone) if time else None

    def moved_moment(self, moment: datetime | None, show: Show) -> datetime | None:
        """A moment of the original, for the new show, on the venue's clock."""
        if moment is None or self.sale_times is SaleTimes.KEEP:
            return moment
        return instant_of(self.moved(show.local(moment).replace(tzinfo=None), show), show.zone)

    def for_show(self, show: Show, new_id: Callable[[], UUID]) -> NewShow:
        """The new show with all that the original sells, none of it sold. Raises InvalidRequest, Conflict."""
        times = {name: self.moved_sale(getattr(self.show, name), show) for name in NAMES_OF_SALE_TIMES}
        show = replace(show, on_sale_at=times["on_sale_at"], off_sale_at=times["off_sale_at"])
        show.ensure_sells_at_some_time()
        originals: list[Ticket | Capacity | Allocation] = [*self.tickets, *self.capacities, *self.allocations]
        ids = {each.id: new_id() for each in originals}
        return NewShow(
            show=show,
            tickets=tuple(self._ticket(ticket, show, ids) for ticket in self.tickets),
            capacities=tuple(self._capacity(capacity, show, ids) for capacity in self.capacities),
            allocations=tuple(self._allocation(allocation, show, ids) for allocation in self.allocations),
            promo_codes=tuple(self._promo_code(code, show, new_id(), ids) for code in self.promo_codes),
        )

    def _ticket(self, ticket: Ticket, show: Show, ids: Mapping[UUID, UUID]) -> Ticket:
        copy = replace(
            ticket,
            id=ids[ticket.id],
            show_id=show.id,
            inventory=Inventory(ticket.inventory.quantity),
            capacity_id=ids[ticket.capacity_id] if ticket.capacity_id else None,
            on_sale_at=self.moved_sale(ticket.on_sale_at, show),
            off_sale_at=self.moved_sale(ticket.off_sale_at, show),
        )
        show.ensure_can_sell(copy)
        return copy

    def _capacity(self, capacity: Capacity, show: Show, ids: Mapping[UUID, UUID]) -> Capacity:
        kept = sum(each.size for each in self.allocations if each.capacity_id == capacity.id)
        if kept > capacity.size:
            raise Conflict(f"The allocations of {capacity.name} together are larger than it is, and cannot be copied")
        return replace(capacity, id=ids[capacity.id], show_id=show.id, held=0, sold=0, allocated=kept)

    def _allocation(self, allocation: Allocation, show: Show, ids: Mapping[UUID, UUID]) -> Allocation:
        return replace(
            allocation,
            id=ids[allocation.id],
            capacity_id=ids[allocation.capacity_id],
            held=0,
            sold=0,
            release_at=self.moved_moment(allocation.release_at, show),
            released_at=None,
        )

    def _promo_code(self, code: TicketPromoCode, show: Show, new_id: UUID, ids: Mapping[UUID, UUID]) -> TicketPromoCode:
        """The code for the new show. ``ids`` are the new ids by those of the originals; a ticket type or an allocation
        that was deleted has none.
        """
        return replace(
            code,
            id=new_id,
            show_id=show.id,
            ticket_ids=None if code.ticket_ids is None else frozenset(ids.get(each, each) for each in code.ticket_ids),
            opens_ticket_ids=frozenset(ids.get(each, each) for each in code.opens_ticket_ids),
            allocation_id=ids.get(code.allocation_id, code.allocation_id) if code.allocation_id else None,
            uses=0,
            valid_from=self.moved_moment(code.valid_from, show),
            valid_until=self.moved_moment(code.valid_until, show),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What shows are made from: a production's defaults, with what they sell, or another show, the ``original``.

    ``doors`` and ``lasts`` are counted on the venue's clock, from the start.
    """

    fields: ShowFields
    doors: timedelta
    lasts: timedelta
    tickets: tuple[TicketDefault, ...] = ()
    capacities: tuple[CapacityDefault, ...] = ()
    original: Original | None = None

    @classmethod
    def of(cls, original: Original) -> Template:
        """A template with everything that the show has."""
        doors, start, end = (local.replace(fold=0) for local in original.show.venue_clock.times)
        return cls(
            fields=cast("ShowFields", {name: getattr(original.show, name) for name in _COPIED}),
            # Where the clock shows an hour twice, the times alone may seem to be out of order.
            doors=max(start - doors, timedelta()),
            lasts=max(end - start, timedelta()),
            original=original,
        )

    def show(
        self, start: Start, *, new_id: Callable[[], UUID], producer_id: UUID, **fields: Unpack[ShowFields]
    ) -> NewShow:
        """A new show, not published unless ``fields`` say so; they come before the template's.

        Raises InvalidRequest, also for a start that the clocks at the venue skip or show twice, and Conflict.
        """
        timezone = self.fields.get("timezone", "UTC")
        ensure_known(timezone)
        times = times_around(start, timezone, doors=self.doors, lasts=self.lasts)
        given: Any = {**self.fields, **times, **fields}
        show = Show.planned(id=new_id(), producer_id=producer_id, **given)
        if self.original:
            return self.original.for_show(show, new_id)
        capacities = tuple(default.capacity(id=new_id(), show_id=show.id) for default in self.capacities)
        by_name = {capacity.name: capacity.id for capacity in capacities}
        tickets = tuple(default.ticket(id=new_id(), show_id=show.id, capacities=by_name) for default in self.tickets)
        return NewShow(show=show, tickets=tickets, capacities=capacities)


@contextmanager
def blamed_on(place: str) -> Iterator[None]:
    """Errors about a part of a request name its place there: ``tickets[0].price``."""
    try:
        yield
    except InvalidRequest as error:
        raise InvalidRequest(str(error), field=f"{place}.{error.field}") from None


def _start(show: Show) -> datetime:
    return show.venue_clock.times[1].replace(fold=0)


def new_shows(
    template: Template,
    starts: Iterable[Start],
    existing: Iterable[Show],
    *,
    new_id: Callable[[], UUID],
    producer_id: UUID,
    **fields: Unpack[ShowFields],
) -> list[NewShow]:
    """A show at every start, soonest first.

    Raises InvalidRequest, and Conflict if one of the ``existing`` shows of the production starts then and was not
    cancelled: most likely the request came twice.
    """
    taken = {show.start_time for show in existing if not show.cancelled}
    made: dict[datetime, NewShow] = {}
    for start in starts:
        new = template.show(start, new_id=new_id, producer_id=producer_id, **fields)
        moment = new.show.start_time
        if moment in made:
            raise InvalidRequest(f"{start.field}: two shows would start at {_written(new.show)}", field=start.field)
        if moment in taken:
            raise Conflict(f"The production has a show that starts at {_written(new.show)}", field=start.field)
        made[moment] = new
    return [made[moment] for moment in sorted(made)]


def _written(show: Show) -> str:
    return show.start_there.isoformat(timespec="minutes")


def times_around(start: Start, timezone: str, *, doors: timedelta, lasts: timedelta) -> ShowFields:
    """The times of a show that starts then, aware: ``doors`` and ``lasts`` are distances on the venue's clock.

    Where the clock skips the doors or the end, or shows it twice, the distance is real time. Raises InvalidRequest.
    """
    if not FIRST_YEAR <= start.time.year <= LAST_YEAR:
        raise InvalidRequest(f"A show must lie between {FIRST_YEAR} and {LAST_YEAR}", field=start.field)
    zone = zone_of(timezone)
    local = local_time(start.time, zone, start.field)

    def away(distance: timedelta) -> datetime:
        there = local.replace(fold=0) + distance
        if is_ambiguous(there, zone):
            return (instant_of(local, zone) + distance).astimezone(zone)
        return there.replace(tzinfo=zone)

    return {"door_time": away(-doors), "start_time": local.replace(tzinfo=zone), "end_time": away(lasts)}
