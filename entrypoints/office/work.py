"""Work that goes on when its page is closed: exports, lists of manual orders, refunds of shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID

from babel.dates import format_timedelta
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Stream
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER

from application import formatting
from application.jobs.exports import FetchFile, StartExport
from application.jobs.look import GetJob, JobView, ListJobs, StopJob
from application.jobs.manual_orders import DraftManualOrders
from application.ports.jobs import JobCursor
from application.refunds.show_refunds import RefundShow
from domain.errors import Conflict, DomainError
from domain.jobs import JobKind, JobState
from domain.orders import OrderStatus, number_of
from domain.people import Member, Right
from domain.refunds import MAX_REASON_LENGTH
from entrypoints.export_files import FORMAT, STATUS, WHAT, Contents, FileFormat
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form, id_in
from entrypoints.office.notices import done
from entrypoints.office.rendering import OfficePages
from entrypoints.office.show_desk import ShowDesk, ShowDesks, refuse

WORK: Final = "/office/jobs"
JOBS_ON_A_PAGE: Final = 20
RESULTS_ON_A_PAGE: Final = 100
CONTENTS: Final = (
    (Contents.ORDERS.value, "Orders", "One row an order, with its amounts."),
    (Contents.ATTENDEES.value, "Attendees", "One row a ticket, with its name and code."),
)
FORMATS: Final = (
    (FileFormat.XLSX.value, "Spreadsheet (XLSX)", "For people: times on the venue's clock."),
    (FileFormat.CSV.value, "CSV", "For programs: UTF-8, decimal points, UTC."),
)
FEES: Final = (
    ("with", "With the fees", "Buyers get all that they paid. The platform gives its fees back."),
    ("without", "Without the fees", "Buyers get the price and the tax."),
)
LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {"what": "What", "format": "As", "status": "Orders that are", "fees": "Fees", "reason": "Reason", "sure": "Sure"}
)
_STATES: Final[Mapping[JobState, str]] = MappingProxyType(
    {
        JobState.DRAFT: "Not started",
        JobState.RUNNING: "Under way",
        JobState.DONE: "Done",
        JobState.FAILED: "Failed",
        JobState.STOPPED: "Stopped",
    }
)
_JUST_NOW: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class WorkLine:
    """A job in words: what it is, how far it is, and whether there is a file."""

    view: JobView
    has_file: bool
    now: datetime

    @property
    def is_of_interest(self) -> bool:
        """Whether there is something to do or to see: it goes on, is to be started, or has a file to fetch."""
        return self.view.state in (JobState.DRAFT, JobState.RUNNING) or self.has_file

    @property
    def started(self) -> str:
        """How long ago it was started, for instance "5 minutes ago"."""
        passed = self.now - self.view.job.created_at
        if passed < _JUST_NOW:
            return "just now"
        return format_timedelta(-passed, granularity="minute", add_direction=True, locale="en")

    @property
    def path(self) -> str:
        return f"{WORK}/{self.view.job.id}"

    @property
    def title(self) -> str:
        """What is done: "Export of orders", "Guest list guests.csv"."""
        job = self.view.job
        if job.kind is JobKind.EXPORT:
            return f"Export of {job.terms.get(WHAT, 'data')}"
        if job.kind is JobKind.MANUAL_ORDERS:
            return f"Guest list: {job.terms.get('source', '')}"
        return "Refund of all orders"

    @property
    def state(self) -> str:
        return _STATES[self.view.state]

    @property
    def words(self) -> str:
        """How far it is: "120 of 400 done, 3 failed"."""
        view, unit = self.view, _unit(self.view)
        if view.total is None:
            return f"{view.done:,} {unit} so far" if view.is_running else f"{view.done:,} {unit}"
        if view.state is JobState.DRAFT:
            wrong = f", {view.failed:,} cannot be placed" if view.failed else ""
            return f"{view.done:,} of {view.total:,} {unit} can be placed{wrong}"
        failed = f", {view.failed:,} failed" if view.failed else ""
        return f"{view.done:,} of {view.total:,} {unit} {_VERBS[view.job.kind]}{failed}"

    @property
    def money(self) -> str:
        """What went back, for a refund."""
        refund, currency = self.view.refund, self.view.currency
        return formatting.price(currency, refund.refunded_amount, "en-US") if refund else ""


_VERBS: Final[Mapping[JobKind, str]] = MappingProxyType(
    {JobKind.EXPORT: "written", JobKind.MANUAL_ORDERS: "placed", JobKind.SHOW_REFUND: "refunded"}
)


def _unit(view: JobView) -> str:
    return "rows" if view.job.kind is JobKind.EXPORT else "orders"


def line_of(view: JobView, pages: OfficePages) -> WorkLine:
    """The job in words."""
    return WorkLine(view, view.job.has_file(pages.now()), pages.now())


@get("/")
async def work_list(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_jobs: NamedDependency[ListJobs],
    show: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> Response[str]:
    """What was started, newest first."""
    show_id = id_in(show)
    found, more = await list_jobs(member.actor, show_id=show_id, after=_cursor(after), limit=JOBS_ON_A_PAGE)
    lines = [line_of(view, office_pages) for view in found]
    query = {"show": show} if show_id else {}
    context = {
        "lines": lines,
        "more": f"{WORK}?{urlencode({**query, 'after': _text(more)})}" if more else "",
        "is_first": not after,
        "is_running": any(view.is_running for view in found),
    }
    return office_pages.page(request, member, "office/work.html", context, active="work")


@get("/{job_id:uuid}")
async def work_page(
    request: Request[Any, Any, Any],
    job_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_job: NamedDependency[GetJob],
    all_lines: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> Response[str]:
    """One job: how far it is, who started it, its file, and what became of each line."""
    view = await get_job(member.actor, job_id)
    position = int(after) if after.isdecimal() and len(after) < 10 else None  # no list is longer
    results, more = await get_job.results(
        member.actor, job_id, is_ok=None if all_lines else False, after=position, limit=RESULTS_ON_A_PAGE
    )
    query = {"all_lines": "yes"} if all_lines else {}
    context = {
        "line": line_of(view, office_pages),
        "results": [(result, number_of(result.order_id) if result.order_id else "") for result in results],
        "failures": [(number_of(each.order_id), each.reason) for each in (view.refund.failures if view.refund else ())],
        "all_lines": bool(all_lines),
        "more": f"{WORK}/{job_id}?{urlencode({**query, 'after': more})}" if more is not None else "",
        "has_results": view.job.kind is JobKind.MANUAL_ORDERS,
        "is_running": view.is_running,
    }
    return office_pages.page(request, member, "office/job.html", context, active="work")


@get("/{job_id:uuid}/progress")
async def progress(
    job_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_job: NamedDependency[GetJob],
) -> Response[str]:
    """The bar alone, for a page that is open. When the job has ended, the page is to be opened again."""
    view = await get_job(member.actor, job_id)
    bar = office_pages.part("office/job_bar.html", {"line": line_of(view, office_pages)})
    return Response(bar, media_type="text/html", headers={"Cache-Control": "no-store"})


@post("/{job_id:uuid}/start")
async def start(
    job_id: FromPath[UUID], member: NamedDependency[Member], draft_manual_orders: NamedDependency[DraftManualOrders]
) -> Redirect:
    """Place the orders of a draft."""
    await draft_manual_orders.start(member.actor, job_id)
    return done(f"{WORK}/{job_id}", "work-started")


@post("/{job_id:uuid}/discard")
async def discard(
    job_id: FromPath[UUID], member: NamedDependency[Member], draft_manual_orders: NamedDependency[DraftManualOrders]
) -> Redirect:
    """Delete a draft."""
    try:
        await draft_manual_orders.discard(member.actor, job_id)
    except Conflict:
        return Redirect(f"{WORK}/{job_id}", status_code=HTTP_303_SEE_OTHER)
    return done(WORK, "list-discarded")


@post("/{job_id:uuid}/stop")
async def stop(job_id: FromPath[UUID], member: NamedDependency[Member], stop_job: NamedDependency[StopJob]) -> Redirect:
    """Stop a job. What it did stays."""
    await stop_job(member.actor, job_id)
    return done(f"{WORK}/{job_id}", "work-stopped")


@get("/{job_id:uuid}/file")
async def file(
    job_id: FromPath[UUID], member: NamedDependency[Member], fetch_file: NamedDependency[FetchFile]
) -> Stream:
    """The file of an export."""
    download = await fetch_file(member.actor, job_id)
    return Stream(
        download.pieces,
        status_code=HTTP_200_OK,
        media_type=download.file.media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(download.file.name)}",
            "Content-Length": str(download.file.size),
            "Cache-Control": "private, no-store",
        },
    )


@get("/{show_id:uuid}/exports")
async def exports_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    show_desks: NamedDependency[ShowDesks],
    list_jobs: NamedDependency[ListJobs],
) -> Response[str]:
    """The form of an export, and those that were started."""
    desk = await show_desks(request, member, show_id, "exports")
    form = Form.filled({WHAT: Contents.ORDERS, FORMAT: FileFormat.XLSX})
    return await _exports(desk, member, office_pages, list_jobs, form)


@post("/{show_id:uuid}/exports")
async def export(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    show_desks: NamedDependency[ShowDesks],
    list_jobs: NamedDependency[ListJobs],
    start_export: NamedDependency[StartExport],
) -> Response[Any]:
    """Start an export. A form that is sent twice starts one."""
    desk = await show_desks(request, member, show_id, "exports")
    form = await Form.read(request)
    terms = {name: form[name] for name in (WHAT, FORMAT, STATUS) if form[name]}
    try:
        job = await start_export(member.actor, show_id, terms, key=id_in(form["key"]))
    except DomainError as error:
        refuse(form, error)
        return await _exports(desk, member, office_pages, list_jobs, form)
    return done(f"{WORK}/{job.id}", "work-started")


async def _exports(
    desk: ShowDesk, member: Member, pages: OfficePages, list_jobs: ListJobs, form: Form
) -> Response[str]:
    found, _ = await list_jobs(member.actor, show_id=desk.show.id, limit=JOBS_ON_A_PAGE)
    context = {
        "labels": LABELS,
        "contents": CONTENTS,
        "formats": FORMATS,
        "statuses": [("", "in any state"), *((status.value, status.value.replace("_", " ")) for status in OrderStatus)],
        "lines": [line_of(view, pages) for view in found],
    }
    return desk.render("office/exports.html", context, form=form)


@get("/{show_id:uuid}/refund")
async def refund_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    show_desks: NamedDependency[ShowDesks],
    list_jobs: NamedDependency[ListJobs],
) -> Response[str]:
    """How far the refund of a cancelled show is, and the form that starts it or goes on with what failed."""
    desk = await show_desks(request, member, show_id, "refund")
    return await _refund(desk, member, office_pages, list_jobs, Form.filled({"fees": "with"}))


@post("/{show_id:uuid}/refund")
async def refund(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    show_desks: NamedDependency[ShowDesks],
    list_jobs: NamedDependency[ListJobs],
    refund_show: NamedDependency[RefundShow],
) -> Response[Any]:
    """Refund all orders of a cancelled show; again, what failed."""
    desk = await show_desks(request, member, show_id, "refund")
    form = await Form.read(request)
    fees = form.one_of("fees", [value for value, *_ in FEES])
    reason = form.text("reason", most=MAX_REASON_LENGTH)
    if not form.checked("sure"):
        form.wrong("sure", "Please tick this: money that went back cannot be taken again.")
    try:
        if form.is_good:
            await refund_show(member.actor, show_id, refund_fees=fees == "with", reason=reason)
            return done(desk.path("/refund"), "refund-started")
    except DomainError as error:
        refuse(form, error)
    return await _refund(desk, member, office_pages, list_jobs, form)


async def _refund(desk: ShowDesk, member: Member, pages: OfficePages, list_jobs: ListJobs, form: Form) -> Response[str]:
    found, _ = await list_jobs(member.actor, show_id=desk.show.id, limit=JOBS_ON_A_PAGE)
    view = next((each for each in found if each.job.kind is JobKind.SHOW_REFUND), None)
    context = {
        "labels": LABELS,
        "fees": FEES,
        "line": line_of(view, pages) if view else None,
        "failures": [
            (number_of(each.order_id), each.reason) for each in (view.refund.failures if view and view.refund else ())
        ],
        "is_running": view is not None and view.is_running and form.is_good,
    }
    return desk.render("office/refund_show.html", context, form=form)


def _text(cursor: JobCursor) -> str:
    return f"{cursor.created_at.isoformat()}|{cursor.job_id}"


def _cursor(text: str) -> JobCursor | None:
    moment, _, job_id = text.partition("|")
    found = id_in(job_id)
    try:
        return JobCursor(datetime.fromisoformat(moment), found) if found else None
    except ValueError:
        return None


router = office_router(WORK, work_list, work_page, progress, start, discard, stop, file, right=Right.ORDERS)
shows_router = office_router("/office/shows", exports_page, export, refund_page, refund, right=Right.ORDERS)
