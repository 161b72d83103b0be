"""Printing: slips as files, jobs for paired printers, and what a printer's program asks."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from application.printing.queue import (
    ListPrintJobs,
    PrintJobSlip,
    PrintTestSlip,
    QueuePrint,
    ReportPrintJob,
    TakePrintJob,
)
from application.printing.selected import QueueSelected
from application.printing.slips import PrintSlips
from domain.access import Actor, Scope
from domain.printing import Medium
from entrypoints.http.access import guarded_router
from entrypoints.http.openapi import answers
from entrypoints.http.producer.print_schemas import (
    POLL_SECONDS,
    NextPrintJobOut,
    PrintIn,
    PrintJobListOut,
    PrintJobOut,
    PrintProblemIn,
    PrintSelectedIn,
    TakenJobOut,
)
from entrypoints.http.strict_json import StrictJson

#: What a printer is sent as it is.
COMMANDS: Final = "application/octet-stream"
_PRIVATE: Final = {"Cache-Control": "private, no-store"}


@post(
    "/orders/{order_id:uuid}/print-jobs",
    dto=StrictJson[PrintIn],
    return_dto=None,
    summary="Print tickets on a paired printer",
    operation_id="print_order",
    responses=answers("not_found", "conflict"),
)
async def ask(
    order_id: FromPath[UUID],
    data: JSONBody[PrintIn],
    actor: NamedDependency[Actor],
    queue_print: NamedDependency[QueuePrint],
) -> PrintJobOut:
    """Prints the tickets that are valid at that moment, a slip each. A ticket admits once,
    however often it is printed.
    """
    job = await queue_print(
        actor,
        order_id,
        printer_id=data.printer_id,
        attendee_ids=data.attendee_ids,
        with_order_slip=data.with_order_slip,
    )
    return PrintJobOut.of(job)


@get("/orders/{order_id:uuid}/print-jobs", summary="List an order's print jobs", operation_id="list_print_jobs")
async def list_jobs(
    order_id: FromPath[UUID], actor: NamedDependency[Actor], list_print_jobs: NamedDependency[ListPrintJobs]
) -> PrintJobListOut:
    """Newest first. Jobs are kept for 30 days."""
    return PrintJobListOut([PrintJobOut.of(job) for job in await list_print_jobs(actor, order_id)])


@get(
    "/orders/{order_id:uuid}/slips",
    media_type=COMMANDS,
    summary="Get an order's tickets for a printer",
    operation_id="get_slips",
    responses=answers("conflict"),
)
async def slips(
    order_id: FromPath[UUID],
    medium: FromQuery[Medium],
    actor: NamedDependency[Actor],
    print_slips: NamedDependency[PrintSlips],
    with_order_slip: Annotated[bool, QueryParameter(description="With a slip about the whole order in front.")] = False,
) -> Response[bytes]:
    """A file that a printer is sent as it is: ESC/POS for receipt paper, FGL for ticket stock. Each valid ticket is a
    slip, cut off.
    """
    file = await print_slips(actor, order_id, medium, with_order_slip=with_order_slip)
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', **_PRIVATE}
    return Response(file.content, media_type=COMMANDS, headers=headers)


@post("/print-jobs/next", status_code=HTTP_200_OK, summary="Take the next print job", operation_id="take_print_job")
async def take(actor: NamedDependency[Actor], take_print_job: NamedDependency[TakePrintJob]) -> NextPrintJobOut:
    """The oldest job of the printer that asks. A printer that asks again before it has reported gets the same job
    again, so an answer that was lost loses no job. Only a paired printer has jobs: 404 for all others.
    """
    taken = await take_print_job(actor)
    return NextPrintJobOut(TakenJobOut.of(taken) if taken else None, POLL_SECONDS)


@get(
    "/print-jobs/{job_id:uuid}/slips/{slip:str}",
    media_type=COMMANDS,
    summary="Get a slip of a print job",
    operation_id="get_print_job_slip",
    responses=answers("conflict"),
)
async def slip(
    job_id: FromPath[UUID],
    slip: FromPath[str],
    medium: FromQuery[Medium],
    actor: NamedDependency[Actor],
    print_job_slip: NamedDependency[PrintJobSlip],
) -> Response[bytes]:
    """What the printer is sent for it. 404 for a ticket that became void since: the printer goes on with the next slip.
    409 says that the job is over.
    """
    content = await print_job_slip(actor, job_id, slip, medium)
    return Response(content, media_type=COMMANDS, headers=_PRIVATE)


@get(
    "/print-jobs/test-slip",
    media_type=COMMANDS,
    summary="Get a test page for a printer",
    operation_id="get_test_slip",
)
async def test_slip(
    medium: FromQuery[Medium], actor: NamedDependency[Actor], print_test_slip: NamedDependency[PrintTestSlip]
) -> Response[bytes]:
    """A ticket that admits no one, with letters of several scripts."""
    return Response(await print_test_slip(actor, medium), media_type=COMMANDS, headers=_PRIVATE)


@post(
    "/print-jobs/{job_id:uuid}/printed",
    status_code=HTTP_200_OK,
    summary="Report that a job was printed",
    operation_id="report_printed",
    responses=answers("not_found"),
)
async def printed(
    job_id: FromPath[UUID], actor: NamedDependency[Actor], report_print_job: NamedDependency[ReportPrintJob]
) -> PrintJobOut:
    """Safe to repeat, and true however late it comes."""
    return PrintJobOut.of(await report_print_job.printed(actor, job_id))


@post(
    "/print-jobs/{job_id:uuid}/failed",
    status_code=HTTP_200_OK,
    dto=StrictJson[PrintProblemIn],
    return_dto=None,
    summary="Report that a job cannot be printed now",
    operation_id="report_print_problem",
    responses=answers("not_found"),
)
async def failed(
    job_id: FromPath[UUID],
    data: JSONBody[PrintProblemIn],
    actor: NamedDependency[Actor],
    report_print_job: NamedDependency[ReportPrintJob],
) -> PrintJobOut:
    """The job waits again until it expires, and the office shows the problem."""
    return PrintJobOut.of(await report_print_job.failed(actor, job_id, data.problem))


@post(
    "/print-jobs",
    dto=StrictJson[PrintSelectedIn],
    return_dto=None,
    summary="Print tickets of several orders",
    operation_id="print_selected",
    responses=answers("not_found", "conflict"),
)
async def ask_selected(
    data: JSONBody[PrintSelectedIn],
    actor: NamedDependency[Actor],
    queue_selected: NamedDependency[QueueSelected],
) -> PrintJobListOut:
    """The tickets of these attendees on a paired printer, a job for each order: all of them, or none. Tickets that are
    void are left out. A request with the same ``request_id`` prints nothing more.
    """
    queued = await queue_selected(actor, data.attendee_ids, printer_id=data.printer_id, request_id=data.request_id)
    return PrintJobListOut([PrintJobOut.of(job) for job in queued.jobs])


router = guarded_router("/", ask, ask_selected, list_jobs, slips, scopes=[Scope.ORDERS], tags=["Producer: printing"])
printers_router = guarded_router(
    "/", take, test_slip, slip, printed, failed, scopes=[Scope.PRINT], tags=["Producer: printing"]
)
