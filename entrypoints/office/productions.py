"""The producer's runs: the list, a run with its shows in months, and its texts, picture and defaults."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from application.catalog.branding import MAX_UPLOAD_BYTES, SetProductionImage
from application.catalog.productions import (
    AddProduction,
    ChangeProduction,
    DeleteProduction,
)
from application.catalog.show_overviews import ListRuns
from application.catalog.shows import ListOwnShows
from application.ports.show_overviews import ProductionRow, ShowRow, ShowTab
from domain.errors import Conflict, DomainError
from domain.people import Member, Right
from domain.production import ProductionFields
from domain.schedule import MAX_SHOWS_AT_ONCE
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form, id_in
from entrypoints.office.notices import done
from entrypoints.office.production_form import filled_form, form_context, read_production, refused_fields
from entrypoints.office.rendering import OfficePages
from entrypoints.office.run_desk import RUNS, RunDesk, RunDesks, run_path
from entrypoints.office.show_frame import ShowHead
from entrypoints.office.show_page import MAX_FORM_BYTES, read_picture, refuse_picture
from entrypoints.office.shows import new_id, refuse, sold_words
from entrypoints.office.venue_fields import venue_values
from entrypoints.web.amounts import NumberStyle
from entrypoints.web.month_view import Month, MonthView, month_links, months_of, months_on_page

RUNS_ON_A_PAGE: Final = 20
#: All shows of a run that its months are made of: twice as many as can be made at once.
MAX_SHOWS: Final = 2 * MAX_SHOWS_AT_ONCE
_FORM: Final = "office/run_form.html"
_TABS: Final = ((ShowTab.UPCOMING, "Upcoming"), (ShowTab.PAST, "Past"))


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in the list. ``next_show`` is None if none is to come."""

    row: ProductionRow
    next_show: ShowHead | None
    sold: str


@get("/")
async def run_list(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_runs: NamedDependency[ListRuns],
    after: FromQuery[UUID | None] = None,
) -> Response[str]:
    """The runs, newest first, with what is sold of their shows to come."""
    found, more = await list_runs(member.actor, after=after, limit=RUNS_ON_A_PAGE)
    now = office_pages.now()
    lines = [
        RunLine(
            row, ShowHead.of(row.next_show, member.producer, now) if row.next_show else None, sold_words(row.places)
        )
        for row in found
    ]
    context = {"lines": lines, "after": f"{RUNS}?after={more}" if more else "", "is_first": after is None}
    return office_pages.page(request, member, "office/runs.html", context, active="shows")


@dataclass(frozen=True, slots=True)
class RunSlot:
    """A show on its day."""

    head: ShowHead
    row: ShowRow

    @property
    def sold(self) -> str:
        places = self.row.places
        return f"{places.sold:,} of {places.size:,}" if self.row.ticket_types else "no tickets"

    @property
    def style(self) -> str:
        """The style of the storefront's months that it has."""
        styles = {"draft": "is-upcoming", "upcoming": "is-upcoming", "on-sale": "is-open", "cancelled": "is-off"}
        return styles.get(self.head.state, "is-gone")


@get("/{production_id:uuid}")
async def run_page(
    request: Request[Any, Any, Any],
    production_id: FromPath[UUID],
    member: NamedDependency[Member],
    run_desks: NamedDependency[RunDesks],
    tab: FromQuery[str] = ShowTab.UPCOMING.value,
    month: FromQuery[str] = "",
) -> Response[str]:
    """A run with its shows in months."""
    desk = await run_desks(request, member, production_id)
    shown = ShowTab.PAST if tab == ShowTab.PAST else ShowTab.UPCOMING
    found = await desk.shows(shown, limit=MAX_SHOWS)
    dates = [row.show for row in found.rows]
    first = Month.parse(month)
    here = months_on_page(dates, first or (Month.of(dates[0]) if dates and shown is ShowTab.PAST else None))
    context = {
        "tabs": [(label, found.counts[each], f"?tab={each}", each is shown) for each, label in _TABS],
        "tab": shown,
        "months": _months(found.rows, here, desk),
        "links": month_links(dates, here, desk.run),
        "is_published": any(row.show.published for row in found.rows),
        "has_shows": any(found.counts.values()),
        "has_drafts": shown is ShowTab.UPCOMING
        and any(not row.show.published and not row.show.cancelled for row in found.rows),
    }
    return desk.render("office/run.html", context)


def _months(rows: Sequence[ShowRow], here: Sequence[Month], desk: RunDesk) -> list[MonthView[RunSlot]]:
    slots: Mapping[date, list[RunSlot]] = defaultdict(list)
    for row in rows:
        slots[row.show.venue_clock.times[1].date()].append(RunSlot(desk.head_of_row(row), row))
    for of_day in slots.values():
        of_day.sort(key=lambda slot: slot.row.show.start_time)
    return months_of(slots, here, desk.run)


@get("/new")
async def new_page(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_own_shows: NamedDependency[ListOwnShows],
) -> Response[str]:
    """The form of a new run, with the place of the latest show."""
    latest, _ = await list_own_shows(member.actor, after=None, limit=1)
    values = venue_values(latest[0].show if latest else None)
    form = Form.filled({**values, "doors_minutes": 30, "duration_minutes": 120, "key": new_id()})
    return _new_page(request, member, office_pages, form)


def _new_page(request: Request[Any, Any, Any], member: Member, pages: OfficePages, form: Form) -> Response[str]:
    context = {**form_context(form, member.producer.currency), "production": None, "path": RUNS}
    return pages.page(request, member, _FORM, context, active="shows", status_code=form.status)


@post("/new")
async def add(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    add_production: NamedDependency[AddProduction],
) -> Response[Any]:
    """Adds a run, without shows."""
    form = await Form.read(request)
    if form.checked("more"):
        return _new_page(request, member, office_pages, form)
    fields, tickets = read_production(form, member.producer.currency)
    if form.is_good:
        try:
            added = await add_production(member.actor, fields, tickets, production_id=id_in(form["key"]))
            return done(run_path(added.production.id), "run-added")
        except DomainError as error:
            form.refuse(error, refused_fields(form, error.field or ""))
    return _new_page(request, member, office_pages, form)


@get("/{production_id:uuid}/edit")
async def edit_page(
    request: Request[Any, Any, Any],
    production_id: FromPath[UUID],
    member: NamedDependency[Member],
    run_desks: NamedDependency[RunDesks],
) -> Response[str]:
    """The form of what new shows of the run get."""
    desk = await run_desks(request, member, production_id)
    return _edit_page(desk, _filled(desk))


def _filled(desk: RunDesk) -> Form:
    return filled_form(desk.run, NumberStyle(desk.run.locale, desk.own.currency))


def _edit_page(desk: RunDesk, form: Form) -> Response[str]:
    return desk.render(_FORM, form_context(form, desk.own.currency), form=form)


@post("/{production_id:uuid}/edit")
async def edit(
    request: Request[Any, Any, Any],
    production_id: FromPath[UUID],
    member: NamedDependency[Member],
    run_desks: NamedDependency[RunDesks],
    change_production: NamedDependency[ChangeProduction],
) -> Response[Any]:
    """Changes what new shows of the run get; those that are there stay as they are."""
    desk = await run_desks(request, member, production_id)
    form = await Form.read(request)
    if form.checked("more"):
        return _edit_page(desk, form)
    form.refuse_if_changed(_filled(desk))
    fields, tickets = read_production(form, desk.own.currency)
    if form.is_good:
        try:
            await change_production(member.actor, production_id, fields, tickets)
            return done(desk.path(), "run-changed")
        except DomainError as error:
            form.refuse(error, refused_fields(form, error.field or ""))
    return _edit_page(desk, form)


@get("/{production_id:uuid}/page")
async def texts_page(
    request: Request[Any, Any, Any],
    production_id: FromPath[UUID],
    member: NamedDependency[Member],
    run_desks: NamedDependency[RunDesks],
) -> Response[str]:
    """The forms of the run's description and picture."""
    desk = await run_desks(request, member, production_id)
    return _texts(desk, Form.filled({"description": desk.run.description}))


def _texts(desk: RunDesk, form: Form) -> Response[str]:
    form.typed = {"description": [desk.run.description], **form.typed}
    context = {
        "labels": {"description": "Description", "picture": "Picture"},
        "most_megabytes": MAX_UPLOAD_BYTES // 1024**2,
    }
    return desk.render("office/run_page.html", context, form=form)


@post("/{production_id:uuid}/page")
async def write(
    request: Request[Any, Any, Any],
    production_id: FromPath[UUID],
    member: NamedDependency[Member],
    run_desks: NamedDependency[RunDesks],
    change_production: NamedDependency[ChangeProduction],
) -> Response[Any]:
    """Writes the description, which shows without one of their own have at once."""
    desk = await run_desks(request, member, production_id)
    form = await Form.read(request)
    form.refuse_if_changed(Form.filled({"description": desk.run.description}))
    description = form.text("description")
    if form.is_good:
        try:
            await change_production(member.actor, production_id, ProductionFields(description=description))
            return done(desk.path("/page"), "page-changed")
        except DomainError as error:
            refuse(form, error)
    return _texts(desk, form)


@post("/{production_id:uuid}/picture", request_max_body_size=MAX_FORM_BYTES)
async def picture(
    request: Request[Any, Any, Any],
    production_id: FromPath[UUID],
    member: NamedDependency[Member],
    run_desks: NamedDependency[RunDesks],
    set_production_image: NamedDependency[SetProductionImage],
) -> Response[Any]:
    """Puts a picture on the run's page, or takes it away."""
    desk = await run_desks(request, member, production_id)
    form = await Form.read(request)
    upload = await read_picture(form)
    if form.is_good:
        try:
            await set_production_image(member.actor, production_id, upload)
            return done(desk.path("/page"), "picture-changed" if upload else "picture-removed")
        except DomainError as error:
            refuse_picture(form, error)
    return _texts(desk, form)


@get("/{production_id:uuid}/delete")
async def delete_page(
    request: Request[Any, Any, Any],
    production_id: FromPath[UUID],
    member: NamedDependency[Member],
    run_desks: NamedDependency[RunDesks],
) -> Response[str]:
    """Asks before a run is deleted."""
    desk = await run_desks(request, member, production_id)
    return _deletion(desk, Form())


def _deletion(desk: RunDesk, form: Form) -> Response[str]:
    return desk.render("office/run_delete.html", {}, form=form)


@post("/{production_id:uuid}/delete")
async def delete(
    request: Request[Any, Any, Any],
    production_id: FromPath[UUID],
    member: NamedDependency[Member],
    run_desks: NamedDependency[RunDesks],
    delete_production: NamedDependency[DeleteProduction],
) -> Response[Any]:
    """Deletes a run without shows."""
    form = await Form.read(request)
    try:
        await delete_production(member.actor, production_id)
    except Conflict as error:
        form.refuse(error)
        return _deletion(await run_desks(request, member, production_id), form)
    return done(RUNS, "run-deleted")


router = office_router(RUNS, run_list, run_page, right=Right.VIEW)
changing_router = office_router(
    RUNS,
    new_page,
    add,
    edit_page,
    edit,
    texts_page,
    write,
    picture,
    delete_page,
    delete,
    right=Right.CATALOG,
)
