"""What the pages about a run share: the run itself, its shows to choose from, and where forms lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response

from application.catalog.productions import GetOwnProduction, OwnProduction
from application.catalog.show_overviews import LookOverShows, ShowPage
from application.ports.show_overviews import ShowFilter, ShowRow, ShowTab
from domain.catalog import Show
from domain.people import Member
from domain.production import Production
from entrypoints.office.forms import Form
from entrypoints.office.rendering import OfficePages
from entrypoints.office.show_frame import ShowHead

#: The address of the list of runs.
RUNS: Final = "/office/productions"
#: Shows that a form offers one by one: as templates, or to be changed.
MAX_CHOICES: Final = 100


def run_path(production_id: UUID, page: str = "") -> str:
    """The address of a run's page."""
    return f"{RUNS}/{production_id}{page}"


@dataclass(frozen=True, slots=True)
class RunChoice:
    """A show of the run that a form offers."""

    row: ShowRow
    words: str

    @property
    def value(self) -> str:
        return str(self.row.show.id)


class RunDesk:
    """The pages of one run for one member: rendering, and the way back."""

    def __init__(self, request: Request[Any, Any, Any], member: Member, desks: RunDesks, own: OwnProduction) -> None:
        self._request = request
        self._member = member
        self._desks = desks
        self.own = own

    @property
    def run(self) -> Production:
        return self.own.production

    @property
    def now(self) -> datetime:
        return self._desks.pages.now()

    def path(self, page: str = "") -> str:
        return run_path(self.run.id, page)

    def head(self, show: Show) -> ShowHead:
        """How the show is named in a line."""
        return ShowHead.of(show, self._member.producer, self.now)

    def head_of_row(self, row: ShowRow) -> ShowHead:
        """How a show of a list is named, with whether anything is left to sell."""
        return ShowHead.of_row(row, self._member.producer, self.now)

    async def shows(self, tab: ShowTab, *, limit: int) -> ShowPage:
        """The run's shows that are to come, or past."""
        only = ShowFilter(tab=tab, production_id=self.run.id)
        return await self._desks.look_over_shows(self._member.actor, only=only, page=1, size=limit)

    async def choices(self, *tabs: ShowTab) -> list[RunChoice]:
        """The run's shows as a form offers them, tab after tab."""
        rows = [row for tab in tabs for row in (await self.shows(tab, limit=MAX_CHOICES)).rows]
        return [RunChoice(row, _when(self.head(row.show))) for row in rows[:MAX_CHOICES]]

    async def changeable(self) -> list[RunChoice]:
        """The shows to come that are not cancelled."""
        return [each for each in await self.choices(ShowTab.UPCOMING) if not each.row.show.cancelled]

    def render(self, template: str, context: Mapping[str, Any], *, form: Form | None = None) -> Response[str]:
        """A page about the run; with a form, it has the form's status."""
        every = {"production": self.run, "path": self.path()}
        with_form = {"form": form} if form else {}
        return self._desks.pages.page(
            self._request,
            self._member,
            template,
            {**every, **with_form, **context},
            active="shows",
            status_code=form.status if form else 200,
        )


@dataclass(frozen=True, slots=True)
class RunDesks:
    """Opens the desks of runs."""

    pages: OfficePages
    get_own_production: GetOwnProduction
    look_over_shows: LookOverShows

    async def __call__(self, request: Request[Any, Any, Any], member: Member, production_id: UUID) -> RunDesk:
        """The desk of the member's run. Raises NotFound."""
        return RunDesk(request, member, self, await self.get_own_production(member.actor, production_id))


def _when(head: ShowHead) -> str:
    return f"{head.words.days()}, {head.words.clock(head.show.start_there)}"
