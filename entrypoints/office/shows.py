"""The list of shows, a show's overview, and its times and place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from adapters.system.ids import SystemIds
from application.catalog.productions import GetOwnProduction, ListProductions
from application.catalog.show_overviews import (
    Checklist,
    GetShowOverview,
    LookOverShows,
    ShowOverview,
    Step,
    StepState,
)
from application.catalog.shows import AddShow, ChangeShow, GetOwnShow, ListOwnShows
from application.checkin.door_state import ReadDoorState
from application.jobs.look import ListJobs
from application.ports.show_overviews import Places, ShowFilter, ShowRow, ShowTab
from domain.catalog import Producer, Show, ShowFields
from domain.errors import DomainError, NotFound
from domain.people import Member, Right
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form, id_in
from entrypoints.office.notices import done
from entrypoints.office.rendering import OfficePages
from entrypoints.office.show_chart import sale_chart
from entrypoints.office.show_form import FIELDS, SELLS_UNTIL, ShowForm, filled_form, new_form, read_show
from entrypoints.office.show_frame import ShowFrame, ShowHead, has_route, show_path
from entrypoints.office.work import line_of

SHOWS_ON_A_PAGE: Final = 25
#: The latest work on a show; the rest is a page away.
JOBS_ON_A_SHOWS_PAGE: Final = 3
#: As many runs as a field offers: the newest.
MAX_RUNS: Final = 100
#: Ids of what a form adds: they come with the form, so the same form that is sent twice adds one thing.
new_id: Final = SystemIds().new
_TABS: Final = ((ShowTab.UPCOMING, "Upcoming"), (ShowTab.DRAFTS, "Drafts"), (ShowTab.PAST, "Past"))


@dataclass(frozen=True, slots=True)
class ShowLine:
    """A show in the list."""

    head: ShowHead
    row: ShowRow

    @classmethod
    def of(cls, row: ShowRow, producer: Producer, pages: OfficePages) -> ShowLine:
        return cls(ShowHead.of_row(row, producer, pages.now()), row)

    @property
    def sold(self) -> str:
        """What is sold and left, in words."""
        return sold_words(self.row.places) if self.row.ticket_types else "No tickets yet"


def sold_words(places: Places) -> str:
    """What is sold and left: "120 of 500 sold, 4 held, 12 kept, 364 left"."""
    more = [(places.held, "held"), (places.allocated, "kept"), (places.left, "left")]
    parts = [f"{places.sold:,} of {places.size:,} sold", *(f"{count:,} {what}" for count, what in more if count)]
    return ", ".join(parts if places.left else [*parts, "none left"])


@get("/")
async def show_list(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    look_over_shows: NamedDependency[LookOverShows],
    tab: FromQuery[str] = ShowTab.UPCOMING.value,
    q: FromQuery[str] = "",
    page: FromQuery[str] = "1",
) -> Response[str]:
    """Shows to come, drafts or past ones, by words of their titles, 25 on a page."""
    shown = ShowTab(tab) if tab in list(ShowTab) else ShowTab.UPCOMING
    text = q.strip()[:100]
    number = int(page) if page.isdecimal() and len(page) < 6 else 1  # no list is longer
    found = await look_over_shows(
        member.actor, only=ShowFilter(tab=shown, text=text), page=number, size=SHOWS_ON_A_PAGE
    )

    def address(to: ShowTab, page: int = 1) -> str:
        query = {"tab": to.value, "q": text, "page": page if page > 1 else ""}
        given = urlencode({name: value for name, value in query.items() if value and value != "upcoming"})
        return f"/office/shows?{given}" if given else "/office/shows"

    context = {
        "lines": [ShowLine.of(row, member.producer, office_pages) for row in found.rows],
        "tabs": [(label, found.counts[each], address(each), each is shown) for each, label in _TABS],
        "tab": shown,
        "text": text,
        "page": found.page,
        "pages": found.pages,
        "before": address(shown, found.page - 1) if found.page > 1 else "",
        "after": address(shown, found.page + 1) if found.page < found.pages else "",
        "has_shows": any(found.counts.values()) or bool(text),
    }
    return office_pages.page(request, member, "office/shows.html", context, active="shows")


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step of the checklist: what is done or missing, and the link that leads there ("" if the role may not)."""

    state: StepState
    label: str
    words: str
    link: str
    link_words: str


_STEP_WORDS: Final[Mapping[Step, tuple[str, str, str, str]]] = {
    # label, what it means done, what it means missing, words of the link
    Step.TICKETS: ("Tickets", "There is something to sell.", "Nothing can be bought yet.", "Add tickets"),
    Step.TIMES: ("Times", "There is time to sell.", "The sale is over: nothing can be bought any more.", "Set times"),
    Step.PICTURE: ("Picture", "The page has a picture.", "The page has no picture. It sells without one.", "Add one"),
    Step.PAYOUTS: (
        "Payouts",
        "Money can be taken and paid out.",
        "What costs money cannot be sold before Stripe may pay you out.",
        "Set up payouts",
    ),
    Step.PUBLISH: ("Published", "Buyers can see the show.", "Buyers cannot see the show yet.", "Publish"),
}


def step_lines(request: Request[Any, Any, Any], member: Member, show: Show, checklist: Checklist) -> list[StepLine]:
    """The checklist for people, each step with the link that mends it."""
    places = {
        Step.TICKETS: (show_path(show.id, "/tickets"), "/office/shows/{show_id:uuid}/tickets", Right.CATALOG),
        Step.TIMES: (show_path(show.id, "/edit"), "/office/shows/{show_id:uuid}/edit", Right.CATALOG),
        Step.PICTURE: (show_path(show.id, "/page"), "/office/shows/{show_id:uuid}/page", Right.CATALOG),
        Step.PAYOUTS: ("/office/account", "/office/account", Right.ACCOUNT),
        Step.PUBLISH: ("#publish", "", Right.CATALOG),
    }
    lines = []
    for step, state in checklist.steps.items():
        label, done, missing, words = _STEP_WORDS[step]
        path, route, right = places[step]
        leads = state is not StepState.DONE and member.may(right) and (not route or has_route(request.app, route))
        lines.append(StepLine(state, label, done if state is StepState.DONE else missing, path if leads else "", words))
    return lines


@get("/{show_id:uuid}")
async def overview(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_show_overview: NamedDependency[GetShowOverview],
    list_jobs: NamedDependency[ListJobs],
    read_door_state: NamedDependency[ReadDoorState],
) -> Response[str]:
    """How a show stands, what it needs before it sells, and the work on it that goes on."""
    found = await get_show_overview(member.actor, show_id)
    door = await read_door_state(member.actor, show_id) if found.details.show.re_entry else None
    jobs, _ = await list_jobs(member.actor, show_id=show_id, limit=JOBS_ON_A_SHOWS_PAGE)
    context = {
        **overview_context(request, member, found),
        "work": [line for view in jobs if (line := line_of(view, office_pages)).is_of_interest],
        "out": door.out if door else None,
    }
    return office_pages.page(request, member, "office/show.html", context, active="shows")


def overview_context(request: Request[Any, Any, Any], member: Member, found: ShowOverview) -> dict[str, Any]:
    """The template values of a show's overview."""
    show, line = found.details.show, found.head_line
    return {
        "frame": ShowFrame.of(request, member, show, found.now, "overview"),
        "details": found.details,
        "places": line.places,
        "line": line,
        "sold": sold_words(line.places),
        "steps": step_lines(request, member, show, found.checklist) if found.is_to_come else [],
        "lacks": [_STEP_WORDS[step][0].lower() for step in found.checklist.lacks(but=[Step.PUBLISH])],
        "is_set_up": found.checklist.is_done,
        "is_to_come": found.is_to_come,
        "is_over": found.is_over,
        "chart": sale_chart(found),
        "shows_holds": member.may(Right.ORDERS) and has_route(request.app, "/office/holds/{show_id:uuid}"),
        "has_refunds": has_route(request.app, "/office/shows/{show_id:uuid}/refund"),
    }


@get("/new")
async def new_page(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_own_shows: NamedDependency[ListOwnShows],
    list_productions: NamedDependency[ListProductions],
    get_own_production: NamedDependency[GetOwnProduction],
    run: FromQuery[UUID | None] = None,
) -> Response[str]:
    """The form of a new show, with the place and the hours of the latest one."""
    latest, _ = await list_own_shows(member.actor, production_id=run, after=None, limit=1)
    production = (await get_own_production(member.actor, run)).production if run else None
    read = new_form(latest[0].show if latest else None, production)
    read.form.typed = {**read.form.typed, "key": [str(new_id())], "start_day": [""]}
    context = {**read.context(), "runs": await run_choices(member, list_productions)}
    return office_pages.page(request, member, "office/show_new.html", context, active="shows")


async def run_choices(member: Member, list_productions: ListProductions) -> list[tuple[str, str]]:
    """The producer's newest runs, for a field that chooses one or none."""
    found, _ = await list_productions(member.actor, after=None, limit=MAX_RUNS)
    return [
        ("", "None: a show that stands alone"),
        *((str(each.production.id), each.production.title) for each in found),
    ]


@post("/new")
async def add(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    add_show: NamedDependency[AddShow],
    list_productions: NamedDependency[ListProductions],
) -> Response[Any]:
    """Adds a show as a draft."""
    read = ShowForm(await Form.read(request))
    fields = _read_all(read)
    if read.form.is_good:
        try:
            added = await add_show(member.actor, fields, show_id=id_in(read.form["key"]))
        except DomainError as error:
            refuse(read.form, error)
        else:
            return done(show_path(added.show.id), "show-added")
    context = {**read.context(), "runs": await run_choices(member, list_productions)}
    return office_pages.page(
        request, member, "office/show_new.html", context, active="shows", status_code=read.form.status
    )


@get("/{show_id:uuid}/edit")
async def edit_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_own_show: NamedDependency[GetOwnShow],
    list_productions: NamedDependency[ListProductions],
) -> Response[str]:
    """The form of a show's times and place."""
    show = (await get_own_show(member.actor, show_id)).show
    return await _edit(request, member, office_pages, show, filled_form(show), list_productions)


async def _edit(
    request: Request[Any, Any, Any],
    member: Member,
    pages: OfficePages,
    show: Show,
    read: ShowForm,
    list_productions: ListProductions,
) -> Response[str]:
    context = {
        "frame": ShowFrame.of(request, member, show, pages.now(), "edit"),
        **read.context(),
        "runs": await run_choices(member, list_productions),
    }
    return pages.page(request, member, "office/show_edit.html", context, active="shows", status_code=read.form.status)


@post("/{show_id:uuid}/edit")
async def edit(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_own_show: NamedDependency[GetOwnShow],
    change_show: NamedDependency[ChangeShow],
    list_productions: NamedDependency[ListProductions],
) -> Response[Any]:
    """Changes a show. Where buyers get a mail of it, the page says so first, and asks."""
    show = (await get_own_show(member.actor, show_id)).show
    read = ShowForm(await Form.read(request))
    runs = dict(await run_choices(member, list_productions))
    read.form.refuse_if_changed(filled_form(show).form, {**runs, **dict(SELLS_UNTIL)})
    fields = _read_all(read, show)
    if read.form.is_good:
        try:
            preview = await change_show.preview(member.actor, show_id, fields)
            if not preview.mails or read.form.checked("mails"):
                await change_show(member.actor, show_id, fields)
                return done(show_path(show_id), "show-moved" if preview.mails else "show-changed")
        except DomainError as error:
            refuse(read.form, error)
        else:
            context = {
                "frame": ShowFrame.of(request, member, show, office_pages.now(), "edit"),
                "form": read.form,
                "mails": preview.mails,
                "before": ShowHead.of(preview.before, member.producer, office_pages.now()),
                "after": ShowHead.of(preview.after, member.producer, office_pages.now()),
            }
            return office_pages.page(request, member, "office/show_move.html", context, active="shows")
    return await _edit(request, member, office_pages, show, read, list_productions)


@post("/{show_id:uuid}/publish")
async def publish(
    show_id: FromPath[UUID], member: NamedDependency[Member], change_show: NamedDependency[ChangeShow]
) -> Response[Any]:
    """Publishes a show: buyers see it at once."""
    return await _set_published(member, show_id, change_show, published=True)


@post("/{show_id:uuid}/unpublish")
async def unpublish(
    show_id: FromPath[UUID], member: NamedDependency[Member], change_show: NamedDependency[ChangeShow]
) -> Response[Any]:
    """Takes a show off the pages for buyers; what was sold stays sold."""
    return await _set_published(member, show_id, change_show, published=False)


async def _set_published(member: Member, show_id: UUID, change_show: ChangeShow, *, published: bool) -> Response[Any]:
    try:
        await change_show(member.actor, show_id, ShowFields(published=published))
    except NotFound:
        raise
    except DomainError:
        return done(show_path(show_id), "show-refused")
    return done(show_path(show_id), "show-published" if published else "show-unpublished")


def _read_all(read: ShowForm, was: Show | None = None) -> ShowFields:
    fields = read_show(read, was)
    if "production_id" in read.form.typed:
        chosen = read.form["production_id"]
        fields["production_id"] = id_in(chosen)
        if chosen and fields["production_id"] is None:
            read.form.wrong("production_id", "Please choose one of these.")
    return fields


def refuse(form: Form, error: DomainError) -> None:
    """Note a refusal beside its field. Raises it if it is about something that does not exist."""
    if isinstance(error, NotFound) and "production" not in str(error):
        raise error
    form.refuse(error, FIELDS)


router = office_router("/office/shows", show_list, overview, right=Right.VIEW)
changing_router = office_router(
    "/office/shows", new_page, add, edit_page, edit, publish, unpublish, right=Right.CATALOG
)
