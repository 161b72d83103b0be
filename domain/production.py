"""A production: a play, a course or a tour, whose performances are shows.

It has the texts and the picture that its shows share, and the defaults that its next shows are made with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any, Final, TypedDict, Unpack, cast
from uuid import UUID

from domain.branding import Picture
from domain.catalog import FIRST_YEAR, LAST_YEAR, MAX_TICKET_TYPES, Show, ShowFields, Ticket
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
from domain.venue_clock import NAMES_OF_TIMES

#: The longest that a show may last, and its doors may open before it, by a production's defaults: two weeks.
MAX_MINUTES: Final = 14 * 24 * 60
_A_DAY: Final = timedelta(days=1)
#: What a copy of a show has in common with it.
_COPIED: Final = frozenset(ShowFields.__annotations__) - {*NAMES_OF_TIMES, "published", "cancelled"}


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
    image: Picture | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDefault:
    """A ticket type that new shows of a production get. ``price`` is in minor units."""

    name: str
    price: int
    quantity: int
    description: str = ""
    is_donation_based: bool = False
    is_vip: bool = False

    def ticket(self, *, id: UUID, show_id: UUID) -> Ticket:  # noqa: A002
        """A ticket type of a show. Raises InvalidRequest."""
        return Ticket(
            id=id,
            show_id=show_id,
            name=self.name,
            description=self.description,
            price=self.price,
            is_donation_based=self.is_donation_based,
            is_vip=self.is_vip,
            inventory=Inventory(self.quantity),
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
        if len(self.tickets) > MAX_TICKET_TYPES:
            raise InvalidRequest(f"A show has at most {MAX_TICKET_TYPES} ticket types", field="tickets")
        for index, default in enumerate(self.tickets):
            try:
                default.ticket(id=self.id, show_id=self.id)
            except InvalidRequest as error:
                raise InvalidRequest(str(error), field=f"tickets[{index}].{error.field}") from None

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
            tickets=tuple(
                default.ticket(id=UUID(int=index), show_id=self.id) for index, default in enumerate(self.tickets)
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewShow:
    """A show that was made from a template, with all that it sells."""

    show: Show
    tickets: tuple[Ticket, ...]
    promo_codes: tuple[TicketPromoCode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What shows are made from: a production's defaults, or a show. ``doors`` and ``lasts`` are counted on the venue's
    clock, from the start.

    The originals of ``tickets`` and ``promo_codes`` keep their ids and counters. ``start`` is when the show that they
    belong to starts on its clock.
    """

    fields: ShowFields
    doors: timedelta
    lasts: timedelta
    tickets: tuple[Ticket, ...] = ()
    promo_codes: tuple[TicketPromoCode, ...] = ()
    start: datetime | None = None

    @classmethod
    def of_show(cls, show: Show, tickets: Iterable[Ticket], promo_codes: Iterable[TicketPromoCode] = ()) -> Template:
        """A template with everything that the show has."""
        doors, start, end = (local.replace(fold=0) for local in show.venue_clock.times)
        return cls(
            fields=cast("ShowFields", {name: getattr(show, name) for name in _COPIED}),
            # Where the clock shows an hour twice, the times alone may seem to be out of order.
            doors=max(start - doors, timedelta()),
            lasts=max(end - start, timedelta()),
            tickets=tuple(tickets),
            promo_codes=tuple(promo_codes),
            start=start,
        )

    def show(
        self, start: Start, *, new_id: Callable[[], UUID], producer_id: UUID, **fields: Unpack[ShowFields]
    ) -> NewShow:
        """A new show, not published unless ``fields`` say so; they come before the template's.

        Raises InvalidRequest, also for a start that the clocks at the venue skip or show twice.
        """
        timezone = fields.get("timezone", self.fields.get("timezone", "UTC"))
        ensure_known(timezone)
        times = times_around(start, timezone, doors=self.doors, lasts=self.lasts)
        given: Any = {**self.fields, **times, **fields}
        show = Show.planned(id=new_id(), producer_id=producer_id, **given)
        ids = {ticket.id: new_id() for ticket in self.tickets}
        return NewShow(
            show=show,
            tickets=tuple(self._ticket(ticket, show, ids) for ticket in self.tickets),
            promo_codes=tuple(self._promo_code(code, show, new_id(), ids) for code in self.promo_codes),
        )

    def _ticket(self, ticket: Ticket, show: Show, ids: Mapping[UUID, UUID]) -> Ticket:
        return replace(ticket, id=ids[ticket.id], show_id=show.id, inventory=Inventory(ticket.inventory.quantity))

    def _promo_code(self, code: TicketPromoCode, show: Show, new_id: UUID, ids: Mapping[UUID, UUID]) -> TicketPromoCode:
        """The code for the new show. ``ids`` are the new ids of its ticket types, by those of the originals."""
        return replace(
            code,
            id=new_id,
            show_id=show.id,
            ticket_ids=None if code.ticket_ids is None else frozenset(ids[each] for each in code.ticket_ids),
            opens_ticket_ids=frozenset(ids[each] for each in code.opens_ticket_ids),
            uses=0,
            valid_from=self._shifted(code.valid_from, show),
            valid_until=self._shifted(code.valid_until, show),
        )

    def _shifted(self, moment: datetime | None, show: Show) -> datetime | None:
        """The moment as far from the new show, on the venue's clock, as it is from the original."""
        if moment is None or self.start is None:
            return moment
        there = show.local(moment).replace(tzinfo=None, fold=0)
        return instant_of(there + (show.venue_clock.times[1].replace(fold=0) - self.start), show.zone)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TimesOfDay:
    """New hours on the venue's clock for shows that keep their days. Doors and end keep their distance from the start
    unless they are given.
    """

    door_time: time | None = None
    start_time: time | None = None
    end_time: time | None = None

    def of(self, show: Show) -> ShowFields:
        """The times of the show that change. Raises InvalidRequest for a start that its day does not have."""
        doors, before, end = (local.replace(fold=0) for local in show.venue_clock.times)
        start, times = before, ShowFields()
        if self.start_time is not None:
            start = datetime.combine(before.date(), self.start_time)
            kept = Template.of_show(show, ())
            times = times_around(Start(start, "start_time"), show.timezone, doors=kept.doors, lasts=kept.lasts)
        if self.door_time is not None:
            times["door_time"] = self._doors(start, doors, before)
        if self.end_time is not None:
            times["end_time"] = self._end(start, end, before)
        return times

    def _doors(self, start: datetime, doors: datetime, before: datetime) -> datetime:
        """The last such time before the start, or on the day of the doors if that is more than a day before."""
        assert self.door_time is not None  # noqa: S101  # the caller has looked
        if before - doors > _A_DAY:
            return datetime.combine(doors.date(), self.door_time)
        same_day = datetime.combine(start.date(), self.door_time)
        return same_day if same_day <= start else same_day - _A_DAY

    def _end(self, start: datetime, end: datetime, before: datetime) -> datetime:
        """The next such time after the start, or on the last day of a show of several days."""
        assert self.end_time is not None  # noqa: S101  # the caller has looked
        if end - before > _A_DAY:
            return datetime.combine(end.date(), self.end_time)
        same_day = datetime.combine(start.date(), self.end_time)
        return same_day if same_day >= start else same_day + _A_DAY
