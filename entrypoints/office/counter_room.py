"""What all pages of the counter share: who sells, the shows that they may sell, and the figures of a show."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from babel.dates import format_skeleton
from litestar import Request, Response

from application import formatting
from application.counter.screen import CounterScreen, ReadCounter
from application.counter.shifts import ReadShifts
from application.counter.till import Till
from application.ports.catalog import ShowDetails
from application.ports.show_overviews import HeadLine
from application.ports.today import Place
from application.printing.queue import ListPrinters, QueuePrint
from domain.catalog import Show
from domain.errors import DomainError
from domain.money import Currency
from domain.shift import MAX_SELLER_LENGTH, Shift
from domain.timezones import zone_of
from entrypoints.office.access import AtCounter, OfficeCookies
from entrypoints.office.counter_view import FEW, CounterView
from entrypoints.office.forms import Form, id_in
from entrypoints.office.kept import Kept, Pace
from entrypoints.office.rendering import OfficePages
from entrypoints.office.today_board import LivePart
from entrypoints.web.amounts import NumberStyle

#: How often a show's figures are read for open pages of the counter, and for how much of a process's time.
FIGURES: Final = Pace(every_seconds=1, share=0.02)


@dataclass(frozen=True, slots=True)
class Wording:
    """How amounts and times that are no show's are written: as where the producer plays next."""

    place: Place
    currency: Currency

    def price(self, minor: int) -> str:
        return formatting.price(self.currency, minor, self.place.locale)

    @property
    def numbers(self) -> NumberStyle:
        return NumberStyle(self.place.locale, self.currency)

    def moment(self, at: datetime) -> str:
        """A day and an hour: "Sat, 28 Nov 2026, 18:30"."""
        zone = zone_of(self.place.timezone)
        day = format_skeleton("yMMMEd", at.astimezone(zone), locale=formatting.english_of(self.place.locale))
        return f"{day}, {formatting.clock(at, zone, self.place.locale)}"


@dataclass(frozen=True, slots=True)
class CounterRoom:
    pages: OfficePages
    cookies: OfficeCookies
    read_counter: ReadCounter
    read_shifts: ReadShifts
    list_printers: ListPrinters
    queue_print: QueuePrint
    _figures: Kept[tuple[ShowDetails, HeadLine]] = field(default_factory=Kept)

    def till(self, at: AtCounter) -> Till:
        """Who sells: the device, or the person."""
        if at.member is not None:
            person = at.member.person
            name = " ".join(person.called.split())[:MAX_SELLER_LENGTH]
            return Till(person.id, name, at.actor, seller=name)
        assert at.till is not None  # noqa: S101  # one of the two
        return Till(at.till.id, at.till.name, at.actor)

    def page(
        self,
        request: Request[Any, Any, Any],
        at: AtCounter,
        template: str,
        context: Mapping[str, Any],
        *,
        status_code: int = 200,
    ) -> Response[str]:
        """A page of the counter, in the producer's frame."""
        return self.pages.counter_page(request, at, template, context, status_code=status_code)

    async def screen(self, at: AtCounter, show_id: UUID) -> CounterScreen:
        return await self.read_counter(self.till(at), show_id)

    async def printers(self, at: AtCounter, show_id: UUID) -> list[tuple[str, str]]:
        """What tickets are printed by: the browser itself (""), and the printers that print tickets of the show."""
        paired = await self.list_printers(at.actor, show_id=show_id)
        return [("", "The browser’s own printer"), *((str(each.id), each.name) for each in paired)]

    async def print(self, at: AtCounter, order_id: UUID, printer: str, *, job_id: UUID | None = None) -> bool:
        """Queue the order's tickets for a printer. False if it cannot print them: then the browser may."""
        printer_id = id_in(printer)
        if printer_id is None:
            return False
        try:
            await self.queue_print(at.actor, order_id, printer_id=printer_id, job_id=job_id)
        except DomainError:
            return False
        return True

    async def details(self, till: Till, show_id: UUID) -> ShowDetails:
        """Another show of the same till. Raises NotFound."""
        details, _ = await self.read_counter.line(till, show_id)
        return details

    async def tonight(self, at: AtCounter) -> list[Show]:
        """The shows of today that the till may sell, and that are neither over nor cancelled."""
        return await self.read_counter.tonight(self.till(at), now=self.pages.now())

    async def coming(self, at: AtCounter) -> list[Show]:
        """The next shows that the till may sell."""
        return await self.read_counter.coming(self.till(at), now=self.pages.now())

    async def live(self, at: AtCounter, show_id: UUID) -> LivePart:
        """The figures of a show. Who asks is looked at each time, the show once a second for all. Raises NotFound."""
        till = self.till(at)
        await self.read_counter.ensure_own(till, show_id)
        details, line = await self._figures.get(show_id, lambda: self.read_counter.line(till, show_id), FIGURES)
        view = CounterView(details, line, self.pages.now())
        text = self.pages.part("office/counter_live.html", {"view": view, "few": FEW})
        return LivePart(text, f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"')

    async def wording(self, at: AtCounter) -> Wording:
        place = await self.read_shifts.place(self.till(at), now=self.pages.now())
        return Wording(place, at.producer.currency)

    async def opening(self, at: AtCounter, shift: Shift | None, form: Form | None = None) -> dict[str, Any]:
        """What the form that opens a shift needs, and since when the open one is."""
        words = await self.wording(at)
        till = self.till(at)
        filled = form or Form.filled({"seller": till.seller})
        opened = words.moment(shift.opened_at) if shift else ""
        return {"opening": filled, "opened": opened, "currency_code": at.producer.currency.code}
