"""What the pages about a show's tickets, places and codes share: the show itself, its frame, and where forms lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response

from application.catalog.allocations import ListAllocations
from application.catalog.capacities import ListCapacities
from application.catalog.shows import GetOwnShow
from application.ports.catalog import ShowDetails
from domain.capacity import Allocation, Capacity
from domain.catalog import Show
from domain.errors import DomainError, NotFound
from domain.people import Member
from entrypoints.office.forms import Form
from entrypoints.office.rendering import OfficePages
from entrypoints.office.show_frame import ShowFrame, show_path
from entrypoints.web.page_format import PageFormat

#: Lists of a show are short, and shown whole: at most 100 ticket types, 50 capacities, 200 allocations.
ALL: Final = 200


class ShowDesk:
    """The pages of one show for one member: rendering in its frame, and the way back."""

    def __init__(
        self,
        request: Request[Any, Any, Any],
        member: Member,
        desks: ShowDesks,
        details: ShowDetails,
        active: str,
    ) -> None:
        self._request = request
        self._member = member
        self._desks = desks
        self._pages = desks.pages
        self._active = active
        self.details = details

    async def capacities(self) -> list[Capacity]:
        """All capacities of the show, oldest first."""
        return (await self._desks.list_capacities(self._member.actor, self.show.id, after=None, limit=ALL))[0]

    async def allocations(self) -> list[Allocation]:
        """All allocations of the show, oldest first."""
        return (await self._desks.list_allocations(self._member.actor, self.show.id, after=None, limit=ALL))[0]

    @property
    def now(self) -> datetime:
        return self._pages.now()

    @property
    def show(self) -> Show:
        return self.details.show

    @property
    def words(self) -> PageFormat:
        """How amounts and times of the show are written."""
        producer = self.details.producer
        return PageFormat(self.show, producer.currency, producer.tax, fees=producer.fees)

    def path(self, page: str = "") -> str:
        return show_path(self.show.id, page)

    def render(
        self,
        template: str,
        context: Mapping[str, Any],
        *,
        form: Form | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response[str]:
        """A page in the show's frame; with a form, it has the form's status."""
        frame = ShowFrame.of(self._request, self._member, self.show, self._pages.now(), self._active)
        every = {"frame": frame, "words": self.words, "here": self.path(), "currency": self.words.currency.code}
        status = form.status if form else 200
        with_form = {"form": form} if form else {}
        return self._pages.page(
            self._request,
            self._member,
            template,
            {**every, **with_form, **context},
            active="shows",
            status_code=status,
            headers=headers,
        )

    def when(self, moment: datetime | None) -> str:
        """A moment on the venue's clock, with its year where it is another one; "" for none."""
        if moment is None:
            return ""
        return f"{self.words.time_of_sale(moment, self._pages.now())} {self.words.zone(moment)}"

    def local(self, name: str, moment: datetime | None) -> dict[str, object]:
        """The two fields of a form in which a moment is typed."""
        if moment is None:
            return {}
        there = self.show.local(moment)
        return {f"{name}_day": there.date(), f"{name}_clock": there.strftime("%H:%M")}


@dataclass(frozen=True, slots=True)
class ShowDesks:
    """Opens the desks of shows."""

    pages: OfficePages
    get_own_show: GetOwnShow
    list_capacities: ListCapacities
    list_allocations: ListAllocations

    async def __call__(self, request: Request[Any, Any, Any], member: Member, show_id: UUID, active: str) -> ShowDesk:
        """The desk of the member's show. Raises NotFound."""
        return ShowDesk(request, member, self, await self.get_own_show(member.actor, show_id), active)


def refuse(form: Form, error: DomainError, fields: Mapping[str, str] | None = None) -> None:
    """Note a refusal beside its field. Raises it where the thing itself does not exist."""
    if isinstance(error, NotFound):
        raise error
    form.refuse(error, fields)
