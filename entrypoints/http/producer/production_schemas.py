"""Request and answer bodies about productions and their shows. A PATCH changes only the fields that are given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.catalog.productions import OwnProduction, PricedDefault
from application.catalog.runs import RunPlan
from application.catalog.shows import ChangedShow
from application.links import Links
from domain.catalog import Show, ShowFields
from domain.errors import InvalidRequest
from domain.production import CapacityDefault, DefaultFields, NewShow, ProductionFields, SaleTimes, TicketDefault
from domain.run_allocation import PlannedAllocation, RunAllocation
from domain.run_change import RunChange, RunScope, TimesOfDay
from domain.sale_period import SellsUntil
from domain.schedule import Frequency, Rule, Start, Weekday, starts_on
from domain.venue_clock import VenueTime as VenueClockTime
from entrypoints.http.producer.schemas import Price, VenueAddressIn, VenueTime, given
from entrypoints.http.schemas import Amount, VenueAddressOut

ClockTime = Annotated[
    str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="On the venue's clock", examples=["19:30"])
]
Minutes = Annotated[int, Meta(examples=[30])]


class _In(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Base of all request bodies."""


class CapacityDefaultIn(_In):
    """A capacity that new shows get: places that ticket types share."""

    name: str
    size: int


class TicketDefaultIn(_In):
    """A ticket type that new shows get. ``price`` of a donation ticket is its least donation.

    ``capacity`` is the name of one of the production's capacities; a ticket type with one takes ``places`` of it with
    each ticket, and needs no ``quantity``.
    """

    name: str
    price: Price
    quantity: int | None = None
    capacity: str | None = None
    places: int = 1
    description: str = ""
    is_donation_based: bool = False
    is_vip: bool = False
    hidden: bool = False

    def to_default(self) -> PricedDefault:
        return PricedDefault(self.price, self.quantity, given(self, DefaultFields))


class ProductionIn(_In):
    """New shows open their doors ``doors_minutes`` before they start, and end ``duration_minutes`` after."""

    title: str
    description: str = ""
    venue: str = ""
    venue_address: VenueAddressIn | None = None
    timezone: str = "UTC"
    locale: str = "en-US"
    terms: str = ""
    doors_minutes: Minutes = 30
    duration_minutes: Minutes = 120
    tickets: list[TicketDefaultIn] = []
    capacities: list[CapacityDefaultIn] = []


class ProductionChangesIn(_In):
    """The production's shows follow ``description`` unless they have their own. All else is for new shows alone; the
    shows that are there are changed by PATCH of the production's shows.
    """

    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    venue: str | UnsetType = UNSET
    venue_address: VenueAddressIn | UnsetType | None = UNSET
    timezone: str | UnsetType = UNSET
    locale: str | UnsetType = UNSET
    terms: str | UnsetType = UNSET
    doors_minutes: Minutes | UnsetType = UNSET
    duration_minutes: Minutes | UnsetType = UNSET
    tickets: list[TicketDefaultIn] | UnsetType = UNSET
    capacities: list[CapacityDefaultIn] | UnsetType = UNSET


def production_fields(body: ProductionIn | ProductionChangesIn) -> ProductionFields:
    """The fields of a production that the request has, without its ticket types. Raises InvalidRequest."""
    fields = given(body, ProductionFields)
    fields.pop("tickets", None)  # their prices need the producer's currency
    if body.capacities is not UNSET:
        fields["capacities"] = tuple(CapacityDefault(name=each.name, size=each.size) for each in body.capacities)
    if isinstance(body.venue_address, VenueAddressIn):
        fields["venue_address"] = body.venue_address.to_address()
    return fields


class CapacityDefaultOut(msgspec.Struct, kw_only=True):
    name: str
    size: int


class TicketDefaultOut(msgspec.Struct, kw_only=True):
    name: str
    description: str
    price: Amount
    quantity: int | None
    capacity: str | None
    places: int
    is_donation_based: bool
    is_vip: bool
    hidden: bool


class OwnProductionOut(msgspec.Struct, kw_only=True):
    """A production as its producer sees it. ``tickets`` and ``capacities`` are what new shows get."""

    id: UUID
    title: str
    description: str
    image_url: str | None
    venue: str
    venue_address: VenueAddressOut | None
    timezone: str
    locale: str
    terms: str
    currency: str
    doors_minutes: int
    duration_minutes: int
    tickets: list[TicketDefaultOut]
    capacities: list[CapacityDefaultOut]
    url: Annotated[str, Meta(description="The page for buyers. It is there once a show is published.")]

    @classmethod
    def of(cls, own: OwnProduction, links: Links) -> OwnProductionOut:
        production, currency = own.production, own.currency

        def default(ticket: TicketDefault) -> TicketDefaultOut:
            return TicketDefaultOut(
                name=ticket.name,
                description=ticket.description,
                price=currency.format(ticket.price),
                quantity=ticket.quantity,
                capacity=ticket.capacity,
                places=ticket.places,
                is_donation_based=ticket.is_donation_based,
                is_vip=ticket.is_vip,
                hidden=ticket.hidden,
            )

        return cls(
            id=production.id,
            title=production.title,
            description=production.description,
            image_url=links.picture(production.image) if production.image else None,
            venue=production.venue,
            venue_address=VenueAddressOut.of(production.venue_address) if production.venue_address else None,
            timezone=production.timezone,
            locale=production.locale,
            terms=production.terms,
            currency=currency.code,
            doors_minutes=production.doors_minutes,
            duration_minutes=production.duration_minutes,
            tickets=[default(ticket) for ticket in production.tickets],
            capacities=[CapacityDefaultOut(name=each.name, size=each.size) for each in production.capacities],
            url=links.production_page(production.id),
        )


class OwnProductionListOut(msgspec.Struct):
    items: list[OwnProductionOut]
    next_cursor: str | None


class RuleIn(_In):
    """Days from ``from`` on, at every one of ``times``, as calendars have it (RFC 5545).

    The rule ends after the day ``until``, or with its ``count``-th show; give one of them. Without ``weekdays`` and
    ``month_days`` it is the weekday, or for a monthly rule the day of the month, of ``from``. A month without that day
    is left out: a rule for the 31st gives seven shows a year; -1 is the last day. ``weeks`` choose among the
    ``weekdays`` of a month: 1 the first, -1 the last. ``exceptions`` are days (2050-06-05) or times of one show
    (2050-06-05T15:00:00), and are left out of what was counted; ``additional`` shows come on top.
    """

    from_: date = msgspec.field(name="from")
    times: list[ClockTime]
    until: date | None = None
    count: int | None = None
    frequency: Frequency = Frequency.WEEKLY
    interval: int = 1
    weekdays: list[Weekday] = []
    weeks: list[int] = []
    month_days: list[int] = []
    exceptions: list[Annotated[str, Meta(examples=["2050-06-05", "2050-06-05T15:00:00"])]] = []
    additional: list[VenueTime] = []

    def to_starts(self) -> list[Start]:
        """When the shows start. Raises InvalidRequest."""
        return Rule(
            first=self.from_,
            times=tuple(time.fromisoformat(each) for each in self.times),
            until=self.until,
            count=self.count,
            frequency=self.frequency,
            interval=self.interval,
            weekdays=tuple(self.weekdays),
            weeks=tuple(self.weeks),
            month_days=tuple(self.month_days),
            exceptions=tuple(_exception(text, index) for index, text in enumerate(self.exceptions)),
            additional=tuple(self.additional),
        ).starts()


def _exception(text: str, index: int) -> date:
    """A day, or a time on the venue's clock. Raises InvalidRequest."""
    try:
        return msgspec.convert(text, date)
    except msgspec.ValidationError:
        pass
    try:
        found = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        found = None
    if found is None or found.tzinfo is not None:
        raise InvalidRequest(
            "exceptions are days, as 2050-06-05, or times on the venue's clock, as 2050-06-05T15:00:00",
            field=f"rule.exceptions[{index}]",
        )
    return found


class NewShowsIn(_In):
    """One show at each of ``dates``, or by a ``rule``; give one of them, for at most 400 shows.

    The shows are like the show ``template_show_id``, with its ticket types and, with ``promo_codes``, its promo codes;
    without it they have what the production has. ``sale_times`` that ``move`` are as far from the new show as they are
    from the template; ``keep`` is for a run that goes on sale on one morning. With ``dry_run`` none is added.
    """

    dates: list[VenueTime] | None = None
    rule: RuleIn | None = None
    template_show_id: UUID | None = None
    promo_codes: bool = False
    sale_times: SaleTimes = SaleTimes.MOVE
    published: bool = False
    dry_run: bool = False

    def to_plan(self) -> RunPlan:
        """The plan. Raises InvalidRequest."""
        if (self.dates is None) == (self.rule is None):
            raise InvalidRequest("Give either dates or a rule", field="dates")
        return RunPlan(
            starts=self.rule.to_starts() if self.rule else starts_on(self.dates or ()),
            template_show_id=self.template_show_id,
            promo_codes=self.promo_codes,
            sale_times=self.sale_times,
            fields={"published": self.published},
        )


class NewShowOut(msgspec.Struct, kw_only=True):
    """``id`` is null where the show was not added."""

    id: UUID | None
    title: str
    door_time: datetime
    start_time: datetime
    end_time: datetime
    on_sale_at: datetime | None
    off_sale_at: datetime | None


class NewShowsOut(msgspec.Struct, kw_only=True):
    """The shows, soonest first, and the names of the ticket types that each of them has."""

    dry_run: bool
    count: int
    tickets: list[str]
    shows: list[NewShowOut]

    @classmethod
    def of(cls, made: Sequence[NewShow], *, dry_run: bool) -> NewShowsOut:
        return cls(
            dry_run=dry_run,
            count=len(made),
            tickets=[ticket.name for ticket in made[0].tickets] if made else [],
            shows=[
                NewShowOut(
                    id=None if dry_run else new.show.id,
                    title=new.show.title,
                    door_time=new.show.door_there,
                    start_time=new.show.start_there,
                    end_time=new.show.end_there,
                    on_sale_at=_there(new.show.on_sale_at, new.show),
                    off_sale_at=_there(new.show.off_sale_at, new.show),
                )
                for new in made
            ],
        )


def _there(time: VenueClockTime | None, show: Show) -> datetime | None:
    return time.there(show.timezone) if time else None


class CopyShowIn(_In):
    """When the copy takes place, and what is different there. Doors and end keep their distance from the start unless
    they are given. ``sale_times`` and the validity of promo codes ``move`` along, or stay the same (``keep``).
    """

    start_time: VenueTime
    door_time: VenueTime | UnsetType = UNSET
    end_time: VenueTime | UnsetType = UNSET
    title: str | UnsetType = UNSET
    promo_codes: bool = False
    sale_times: SaleTimes = SaleTimes.MOVE
    published: bool = False

    def to_fields(self) -> ShowFields:
        """What the copy has instead of what the show has."""
        fields = given(self, ShowFields)
        del fields["start_time"]
        return fields


class RunChangesIn(_In):
    """The changes of a show that several can have in common. Times of day are the venue's clock; shows keep their days.

    ``start_time`` alone moves doors and end along. ``on_sale_at`` and ``off_sale_at`` are the same moments for all of
    them: a run may go on sale on one morning.
    """

    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    venue: str | UnsetType = UNSET
    venue_address: VenueAddressIn | UnsetType | None = UNSET
    locale: str | UnsetType = UNSET
    terms: str | UnsetType = UNSET
    published: bool | UnsetType = UNSET
    cancelled: bool | UnsetType = UNSET
    on_sale_at: VenueTime | UnsetType | None = UNSET
    off_sale_at: VenueTime | UnsetType | None = UNSET
    sells_until: SellsUntil | UnsetType = UNSET
    renames_until_hours: int | UnsetType | None = UNSET
    exchanges_until_hours: int | UnsetType | None = UNSET
    re_entry: bool | UnsetType = UNSET
    offline_new_codes: bool | UnsetType = UNSET
    door_time: ClockTime | UnsetType = UNSET
    start_time: ClockTime | UnsetType = UNSET
    end_time: ClockTime | UnsetType = UNSET

    def to_times(self) -> TimesOfDay:
        named = {name: getattr(self, name) for name in ("door_time", "start_time", "end_time")}
        return TimesOfDay(**{name: time.fromisoformat(text) for name, text in named.items() if text is not UNSET})

    def to_fields(self) -> ShowFields:
        """The fields beside the times. Raises InvalidRequest."""
        fields = given(self, ShowFields)
        fields.pop("door_time", None)
        fields.pop("start_time", None)
        fields.pop("end_time", None)
        if isinstance(self.venue_address, VenueAddressIn):
            fields["venue_address"] = self.venue_address.to_address()
        return fields


class RunChangeIn(_In):
    """``scope`` is ``this`` (one of ``show_ids``), ``these`` (some), or ``to_come``: all shows that are neither over
    nor cancelled, of these, if given, only from the day ``since`` on, and only those ``starting_at`` an hour: evenings,
    not matinees. All of them are changed, or none. With ``dry_run`` none is.
    """

    scope: RunScope
    changes: RunChangesIn
    show_ids: list[UUID] = []
    since: date | None = None
    starting_at: ClockTime | None = None
    dry_run: bool = False

    def to_change(self) -> RunChange:
        """The change. Raises InvalidRequest."""
        return RunChange(
            scope=self.scope,
            show_ids=frozenset(self.show_ids),
            since=self.since,
            starting_at=time.fromisoformat(self.starting_at) if self.starting_at else None,
            fields=self.changes.to_fields(),
            times=self.changes.to_times(),
        )


class RunAllocationIn(_In):
    """Takes places off public sale in several shows: ``name`` and ``size`` of each allocation, and the name of the
    ``capacity`` that each show has. ``release_hours`` before its start they go on public sale (null: by hand). The
    shows are chosen as for a change of several shows. A show with an allocation of that name keeps it as it is.
    """

    scope: RunScope
    name: str
    capacity: str
    size: Annotated[int, Meta(examples=[4])]
    release_hours: Annotated[int, Meta(examples=[2])] | None = None
    show_ids: list[UUID] = []
    since: date | None = None
    starting_at: ClockTime | None = None
    dry_run: bool = False

    def to_allocation(self) -> RunAllocation:
        """What is wanted. Raises InvalidRequest."""
        return RunAllocation(
            scope=self.scope,
            show_ids=frozenset(self.show_ids),
            since=self.since,
            starting_at=time.fromisoformat(self.starting_at) if self.starting_at else None,
            name=self.name,
            capacity=self.capacity,
            size=self.size,
            release_hours=self.release_hours,
        )


class PlannedAllocationOut(msgspec.Struct, kw_only=True):
    """What a show gets. ``allocation_id`` is null before it is made; ``was_there``: the show had one of that name, and
    keeps it as it is. ``remaining`` places are left to the public afterwards. ``refusal`` says why a show cannot have
    it; null if it can.
    """

    show_id: UUID
    start_time: datetime
    allocation_id: UUID | None
    was_there: bool
    remaining: int
    release_at: datetime | None
    refusal: str | None


class RunAllocationOut(msgspec.Struct, kw_only=True):
    """The shows that were meant, soonest first, and how many of them get a new allocation."""

    dry_run: bool
    count: int
    added: int
    shows: list[PlannedAllocationOut]

    @classmethod
    def of(cls, planned: Sequence[PlannedAllocation], *, dry_run: bool) -> RunAllocationOut:
        return cls(
            dry_run=dry_run,
            count=len(planned),
            added=sum(each.is_new for each in planned),
            shows=[
                PlannedAllocationOut(
                    show_id=each.show.id,
                    start_time=each.show.start_there,
                    allocation_id=each.allocation.id if each.allocation and not (dry_run and each.is_new) else None,
                    was_there=each.was_there,
                    remaining=each.left,
                    release_at=each.allocation.release_at if each.allocation else None,
                    refusal=str(each.refusal) if each.refusal else None,
                )
                for each in planned
            ],
        )


class ShowTimesOut(msgspec.Struct, kw_only=True):
    door_time: datetime
    start_time: datetime
    end_time: datetime

    @classmethod
    def of(cls, show: Show) -> ShowTimesOut:
        return cls(door_time=show.door_there, start_time=show.start_there, end_time=show.end_there)


class ChangedShowOut(msgspec.Struct, kw_only=True):
    """``mails`` is how many buyers of the show get a mail, one for each order."""

    id: UUID
    title: str
    changed: bool
    before: ShowTimesOut
    after: ShowTimesOut
    mails: int


class RunChangeOut(msgspec.Struct, kw_only=True):
    """The shows that the change is for, soonest first, and how many mails all of their buyers get."""

    dry_run: bool
    count: int
    changed: int
    mails: int
    shows: list[ChangedShowOut]

    @classmethod
    def of(cls, results: Sequence[ChangedShow], *, dry_run: bool) -> RunChangeOut:
        shows = [
            ChangedShowOut(
                id=each.after.id,
                title=each.after.title,
                changed=each.after != each.before,
                before=ShowTimesOut.of(each.before),
                after=ShowTimesOut.of(each.after),
                mails=each.mails,
            )
            for each in results
        ]
        return cls(
            dry_run=dry_run,
            count=len(shows),
            changed=sum(show.changed for show in shows),
            mails=sum(show.mails for show in shows),
            shows=shows,
        )
