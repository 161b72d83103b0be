"""The list of attendees of the office, over one show or all, and as a file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.response import Stream
from litestar.status_codes import HTTP_200_OK, HTTP_404_NOT_FOUND

from application.catalog.allocations import ListAllocations
from application.orders.lists import Export, ListAttendees, Searched, ShowChoices
from application.ports.order_lists import AttendeeCursor, ExportedAttendee
from application.printing.queue import ListPrinters
from application.printing.selected import PrintSelected, QueuedTickets, QueueSelected
from application.printing.slips import PrintedFile
from domain.capacity import Allocation
from domain.errors import DomainError, InvalidRequest, NotFound
from domain.people import Member, Right
from domain.printing import Medium
from entrypoints.http.csv_stream import csv_stream
from entrypoints.http.paging import decode_cursor, encode_cursor
from entrypoints.http.producer.order_rows import ATTENDEE_COLUMNS, attendee_row
from entrypoints.http.tables import Table
from entrypoints.http.xlsx_file import xlsx_stream
from entrypoints.office.access import inner_path, office_router
from entrypoints.office.forms import Form, id_in, ids_in
from entrypoints.office.order_filters import ListQuery, labels, query_form
from entrypoints.office.order_print import MEDIA
from entrypoints.office.order_words import PRESENCES
from entrypoints.office.orders import SHOW_COLUMNS, file_links, show_options
from entrypoints.office.rendering import OfficePages
from entrypoints.web.page_format import PageFormat

PATH: Final = "/office/attendees"
#: Attendees on a page.
PAGE: Final = 50
#: What chosen tickets are printed on, beside the media: a file for people, or a paired printer with its id.
PDF: Final = "pdf"
_PRINTER: Final = "printer-"
#: Allocations of a show that can be chosen.
MOST_ALLOCATIONS: Final = 100


@get("/")
async def attendees(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_attendees: NamedDependency[ListAttendees],
    list_allocations: NamedDependency[ListAllocations],
    show_choices: NamedDependency[ShowChoices],
    list_printers: NamedDependency[ListPrinters],
) -> Response[str]:
    """The people who are looked for, in the order in which they got their tickets."""
    query, shows = ListQuery(query_form(request)), await show_choices(member.actor)
    sees_all = member.may(Right.ORDERS)
    found = await list_attendees.search(
        member.actor,
        query.show_id,
        only=query.attendees(names_only=not sees_all),
        after=_decoded(query.cursor) if query.cursor else None,
        limit=PAGE,
        searched=query.searched,
    )
    following = _encoded(found.next) if found.next else None
    allocations = await _allocations(list_allocations, member, query.show_id)
    names = await list_attendees.ticket_names(member.actor, query.show_id)
    currency = member.producer.currency
    context = {
        "query": query,
        "form": query.form,
        "found": found,
        "sees_all": sees_all,
        "may_check_in": member.may(Right.CHECKIN),
        "rows": [(each, PageFormat(found.shows[each.show_id], currency)) for each in found.items],
        "next_page": query.link(PATH, after=following, **{"as": found.searched.value}) if following else "",
        "first_page": query.link(PATH, after=None) if query.cursor else "",
        "files": file_links(query, PATH, found.searched),
        "show_options": show_options(shows, member),
        "type_options": [("", "All"), *((name, name) for name in names)],
        "presence_options": labels(PRESENCES),
        "allocation_options": [("", "All"), *((str(each.id), each.name) for each in allocations)],
        "presences": PRESENCES,
        "here": query.link(PATH),
        "outputs": await outputs(member, list_printers) if sees_all else [],
    }
    return office_pages.page(request, member, "office/attendees.html", context, active="attendees")


async def outputs(member: Member, list_printers: ListPrinters) -> list[tuple[str, str]]:
    """What chosen tickets can be printed on: value and words of each."""
    printers = await list_printers(member.actor)
    return [
        (PDF, "PDF"),
        *((f"{_PRINTER}{each.id}", f"Printer {each.name}") for each in printers),
        *((medium.value, f"File: {words}") for medium, words in MEDIA.items()),
    ]


@post("/print")
async def print_chosen(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_printers: NamedDependency[ListPrinters],
    print_selected: NamedDependency[PrintSelected],
    queue_selected: NamedDependency[QueueSelected],
) -> Response[Any]:
    """The tickets of those who were ticked, or of the whole page: as a file, or on a printer, there once for a form
    that is sent twice.
    """
    form = await Form.read(request)
    ids = ids_in(form["page"].split() if form["act"] == "page" else form.all("a"))
    output, known = form["output"], dict(await outputs(member, list_printers))
    if not ids:
        form.wrong("", "Please tick whose tickets are printed.")
    elif output not in known:
        form.wrong("", "Please choose what they are printed on.")
    else:
        try:
            if output.startswith(_PRINTER):
                queued = await queue_selected(
                    member.actor,
                    ids,
                    printer_id=UUID(output.removeprefix(_PRINTER)),
                    request_id=id_in(form["key"]),
                )
                told = {"words": _queued_words(queued, known[output]), "back": inner_path(form["next"]) or PATH}
                return office_pages.page(request, member, "office/printed.html", told, active="attendees")
            if output == PDF:
                return _file(await print_selected.as_pdf(member.actor, ids), "application/pdf")
            return _file(await print_selected.as_slips(member.actor, ids, Medium(output)), "application/octet-stream")
        except NotFound:
            form.wrong("", "One of these tickets does not exist any more: please open the list again.")
            form.status = HTTP_404_NOT_FOUND
        except DomainError as error:
            form.refuse(error)
    context = {"words": "", "form": form, "back": inner_path(form["next"]) or PATH}
    return office_pages.page(
        request, member, "office/printed.html", context, active="attendees", status_code=form.status
    )


def _queued_words(queued: QueuedTickets, printer: str) -> str:
    tickets = "1 ticket waits" if queued.tickets == 1 else f"{queued.tickets} tickets wait"
    return f"{tickets} for {printer}. The pages of their orders say what became of them."


def _file(file: PrintedFile, media_type: str) -> Response[bytes]:
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "Cache-Control": "private, no-store"}
    return Response(file.content, media_type=media_type, headers=headers, status_code=HTTP_200_OK)


async def _allocations(list_allocations: ListAllocations, member: Member, show_id: UUID | None) -> list[Allocation]:
    if show_id is None:
        return []
    found, _ = await list_allocations(member.actor, show_id, after=None, limit=MOST_ALLOCATIONS)
    return found


@get(f"{PATH}.csv")
async def as_csv(
    request: Request[Any, Any, Any], member: NamedDependency[Member], list_attendees: NamedDependency[ListAttendees]
) -> Stream:
    """The same people for programs."""
    return csv_stream(await _table(request, member, list_attendees))


@get(f"{PATH}.xlsx")
async def as_xlsx(
    request: Request[Any, Any, Any], member: NamedDependency[Member], list_attendees: NamedDependency[ListAttendees]
) -> Stream:
    """The same people for spreadsheets."""
    return xlsx_stream(await _table(request, member, list_attendees))


async def _table(request: Request[Any, Any, Any], member: Member, list_attendees: ListAttendees) -> Table:
    query = ListQuery(query_form(request))
    export = await list_attendees.export(
        member.actor,
        query.show_id,
        only=query.attendees(names_only=False),
        searched=query.searched or Searched.WORDS,
    )
    return _of_one_show(export) if query.show_id else _of_all_shows(export)


def _of_one_show(export: Export[ExportedAttendee]) -> Table:
    return Table(
        filename=f"attendees-{export.show.id}",
        title="Attendees",
        columns=ATTENDEE_COLUMNS,
        rows=(attendee_row(attendee) async for attendee in export.items),
        places=export.currency.places,
        timezone=export.show.zone,
    )


def _of_all_shows(export: Export[ExportedAttendee]) -> Table:
    return replace(
        _of_one_show(export),
        filename="attendees",
        columns=(*ATTENDEE_COLUMNS, *SHOW_COLUMNS),
        rows=((*attendee_row(each), str(each.show_id), each.show_title) async for each in export.items),
    )


def _encoded(cursor: AttendeeCursor) -> str:
    return f"{encode_cursor(cursor.created_at, cursor.order_id)}.{cursor.attendee_id.hex}"


def _decoded(text: str) -> AttendeeCursor:
    order, _, attendee = text.rpartition(".")
    try:
        attendee_id = UUID(hex=attendee)
    except ValueError:
        raise InvalidRequest("This page of the list does not exist", field="after") from None
    return AttendeeCursor(*decode_cursor(order), attendee_id)


routers = (
    office_router(PATH, attendees, right=Right.VIEW),
    office_router("/", as_csv, as_xlsx, right=Right.ORDERS),
    office_router(PATH, print_chosen, right=Right.ORDERS),
)
