"""Use cases: a producer looks over the shows and productions that there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from application.access.ownership import owned_show
from application.pages import page_of
from application.ports.catalog import ShowDetails
from application.ports.show_overviews import HeadLine, ProductionRow, ShowFilter, ShowRow, ShowTab
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.catalog import Ticket
from domain.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowPage:
    """One page of a list of shows. ``counts`` say how many the other lists have; pages are counted from 1."""

    rows: tuple[ShowRow, ...]
    counts: Mapping[ShowTab, int]
    page: int
    pages: int


class LookOverShows:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, actor: Actor, *, only: ShowFilter, page: int, size: int) -> ShowPage:
        """A page of the producer's shows with ``size`` of them, or the last page if there are not so many."""
        now = self._clock.now()
        async with self._unit_of_work(read_only=True) as uow:
            counts = await uow.show_overviews.counts(actor.producer_id, only=only, now=now)
            pages = max(-(-counts[only.tab] // size), 1)
            page = min(max(page, 1), pages)
            offset = (page - 1) * size
            rows = await uow.show_overviews.shows(actor.producer_id, only=only, now=now, offset=offset, limit=size)
        return ShowPage(rows=tuple(rows), counts=counts, page=page, pages=pages)


class ListRuns:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(
        self, actor: Actor, *, after: UUID | None, limit: int
    ) -> tuple[list[ProductionRow], UUID | None]:
        """A page of the producer's productions, newest first, and where the next page begins, if there is one."""
        async with self._unit_of_work(read_only=True) as uow:
            found = await uow.show_overviews.productions(
                actor.producer_id, now=self._clock.now(), after=after, limit=limit + 1
            )
        return page_of(found, limit, lambda last: last.production.id)


class Step(StrEnum):
    """What a show needs before it sells."""

    TICKETS = "tickets"
    TIMES = "times"
    PICTURE = "picture"
    PAYOUTS = "payouts"
    PUBLISH = "publish"


class StepState(StrEnum):
    """``optional``: it is not done, and the show sells without it."""

    DONE = "done"
    TO_DO = "to_do"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class Checklist:
    """What a show needs before it sells, step by step."""

    steps: Mapping[Step, StepState]

    @classmethod
    def of(cls, display: ShowDetails, now: datetime) -> Checklist:
        show = display.show
        costs_nothing = all(ticket.price == 0 and not ticket.is_donation_based for ticket in display.tickets)
        is_paid_out = display.producer.financial.charges_enabled
        can_be_bought = [ticket for ticket in display.tickets if _sells(ticket)]
        in_time = [ticket for ticket in can_be_bought if show.sale_of(ticket).ends > now]
        return cls(
            {
                Step.TICKETS: _needed(bool(can_be_bought)),
                Step.TIMES: _needed(show.sale.ends > now and bool(in_time or not can_be_bought)),
                Step.PICTURE: StepState.DONE if display.image else StepState.OPTIONAL,
                Step.PAYOUTS: StepState.DONE if is_paid_out or (costs_nothing and can_be_bought) else StepState.TO_DO,
                Step.PUBLISH: _needed(show.published),
            }
        )

    @property
    def is_done(self) -> bool:
        """Whether the show sells, or will when its sale begins."""
        return not any(state is StepState.TO_DO for state in self.steps.values())

    def lacks(self, *, but: Iterable[Step] = ()) -> list[Step]:
        """The steps that are to be done, without some."""
        return [step for step, state in self.steps.items() if state is StepState.TO_DO and step not in but]


def _needed(is_done: bool) -> StepState:
    return StepState.DONE if is_done else StepState.TO_DO


def _sells(ticket: Ticket) -> bool:
    """Whether there is any ticket of this type."""
    return ticket.capacity_id is not None or bool(ticket.inventory.quantity)


@dataclass(frozen=True, slots=True)
class ShowOverview:
    """A show with its head line, and with what it needs before it sells."""

    details: ShowDetails
    head_line: HeadLine
    checklist: Checklist
    now: datetime
    sold_by_day: Mapping[tuple[UUID, date], int]
    """How many tickets of each type were sold on each day, refunded ones included."""

    @property
    def is_over(self) -> bool:
        return self.details.show.end_time <= self.now

    @property
    def is_to_come(self) -> bool:
        """Whether it is neither over nor cancelled."""
        return self.details.show.takes_place_after(self.now)


class GetShowOverview:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, actor: Actor, show_id: UUID) -> ShowOverview:
        """The overview. Raises NotFound."""
        async with self._unit_of_work(read_only=True) as uow:
            await owned_show(uow, actor, show_id)
            details = await uow.show_details.details(show_id)
            head_lines = await uow.show_overviews.head_lines([show_id])
            sold_by_day = await uow.show_overviews.sold_by_day(details.show) if details else {}
        if details is None or show_id not in head_lines:
            raise NotFound("No such show")
        now = self._clock.now()
        return ShowOverview(details, head_lines[show_id], Checklist.of(details, now), now, sold_by_day)
