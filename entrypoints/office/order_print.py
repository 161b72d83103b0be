"""The page of the office where an order's tickets are printed: on a paired printer, from a file, or by the browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.status_codes import HTTP_404_NOT_FOUND

from application.orders.details import GetOrder
from application.orders.history import OrderHistory, ReadOrderHistory
from application.printing.queue import ListPrinters, ListPrintJobs, QueuePrint
from application.printing.slips import PrintSlips
from domain.errors import DomainError, NotFound
from domain.people import Member, Right
from domain.printing import Medium, PrintJobState
from entrypoints.office.access import office_router
from entrypoints.office.counter_view import slips_of
from entrypoints.office.forms import Form, id_in, ids_in
from entrypoints.office.order import gone_to, order_context
from entrypoints.office.orders import PATH
from entrypoints.office.rendering import OfficePages

MEDIA: Final[Mapping[Medium, str]] = {
    Medium.RECEIPT_80: "Receipt paper, 80 mm (ESC/POS)",
    Medium.RECEIPT_58: "Receipt paper, 58 mm (ESC/POS)",
    Medium.STOCK_200: "Ticket stock, 5.5 by 2 inches, 200 dots an inch (BOCA’s FGL)",
    Medium.STOCK_300: "Ticket stock, 5.5 by 2 inches, 300 dots an inch (BOCA’s FGL)",
}
STATES: Final[Mapping[PrintJobState, str]] = {
    PrintJobState.WAITING: "Waits for the printer",
    PrintJobState.PRINTING: "The printer has it",
    PrintJobState.PRINTED: "Printed",
    PrintJobState.EXPIRED: "Not printed",
}
#: Jobs on the page.
_JOBS: Final = 10


@get("/{order_id:uuid}/print")
async def print_page(
    request: Request[Any, Any, Any],
    order_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    read_order_history: NamedDependency[ReadOrderHistory],
    list_printers: NamedDependency[ListPrinters],
    list_print_jobs: NamedDependency[ListPrintJobs],
    get_order: NamedDependency[GetOrder],
) -> Response[str]:
    """The paired printers, files, the slips for the browser's own print, and what became of earlier jobs."""
    history = await read_order_history(member.actor, order_id)
    everyone = [str(each.id) for each in history.order.attendees if each.is_valid]
    parts = await _parts(member, history, list_printers, list_print_jobs, get_order)
    return _page(request, member, office_pages, history, parts, Form({"a": everyone}))


@post("/{order_id:uuid}/print")
async def print_on_printer(
    request: Request[Any, Any, Any],
    order_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    read_order_history: NamedDependency[ReadOrderHistory],
    list_printers: NamedDependency[ListPrinters],
    list_print_jobs: NamedDependency[ListPrintJobs],
    get_order: NamedDependency[GetOrder],
    queue_print: NamedDependency[QueuePrint],
) -> Response[Any]:
    """Puts the chosen tickets into the printer's queue; once for a form that is sent twice."""
    form = await Form.read(request)
    history = await read_order_history(member.actor, order_id)
    chosen = ids_in(form.all("a"))
    printer_id = id_in(form["printer"])
    if not chosen:
        form.wrong("a", "Please choose whose tickets are printed.")
    if printer_id is None:
        form.wrong("printer", "Please choose a printer.")
    elif form.is_good:
        try:
            await queue_print(
                member.actor,
                order_id,
                printer_id=printer_id,
                attendee_ids=chosen,
                with_order_slip=form.checked("with_order_slip"),
                job_id=id_in(form["key"]),
            )
            return gone_to(order_id, "printing")
        except DomainError as refusal:
            form.refuse(refusal)
            form.status = HTTP_404_NOT_FOUND if isinstance(refusal, NotFound) else form.status
    parts = await _parts(member, history, list_printers, list_print_jobs, get_order)
    return _page(request, member, office_pages, history, parts, form)


@get("/{order_id:uuid}/slips/{medium:str}")
async def slips_file(
    order_id: FromPath[UUID],
    medium: FromPath[str],
    member: NamedDependency[Member],
    print_slips: NamedDependency[PrintSlips],
) -> Response[bytes]:
    """The order's valid tickets as a file for a printer."""
    if medium not in {each.value for each in Medium}:
        raise NotFound("No such medium")
    file = await print_slips(member.actor, order_id, Medium(medium))
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "Cache-Control": "private, no-store"}
    return Response(file.content, media_type="application/octet-stream", headers=headers)


async def _parts(
    member: Member,
    history: OrderHistory,
    list_printers: ListPrinters,
    list_print_jobs: ListPrintJobs,
    get_order: GetOrder,
) -> dict[str, Any]:
    """What is read for the page, besides the order's life."""
    order = history.order
    found = await get_order(order.id)
    printers = await list_printers(member.actor, show_id=order.show_id)
    names = {printer.id: printer.name for printer in printers}
    jobs = await list_print_jobs(member.actor, order.id)
    return {
        "printers": [(str(id_), name) for id_, name in names.items()],
        "jobs": [(job, STATES[job.state], names.get(job.printer_id, "a printer")) for job in jobs[:_JOBS]],
        "slips": slips_of(found.order, found.display) if found.order.success else [],
    }


def _page(
    request: Request[Any, Any, Any],
    member: Member,
    office_pages: OfficePages,
    history: OrderHistory,
    parts: Mapping[str, Any],
    form: Form,
) -> Response[str]:
    context = {
        **order_context(history, member),
        **parts,
        "form": form,
        "media": [(medium.value, words) for medium, words in MEDIA.items()],
        "choosable": [attendee for attendee in history.order.attendees if attendee.is_valid],
    }
    return office_pages.page(
        request, member, "office/order_print.html", context, active="orders", status_code=form.status
    )


routers = (office_router(PATH, print_page, print_on_printer, slips_file, right=Right.ORDERS),)
