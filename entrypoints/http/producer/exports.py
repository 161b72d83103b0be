"""A show's orders and attendees as files: CSV for programs, XLSX for people."""

from __future__ import annotations

from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from application.orders.lists import Export, ListAttendees, ListOrders
from application.ports.order_lists import ExportedAttendee, ExportedOrder
from domain.access import Actor, Scope
from entrypoints.http.access import guarded_router
from entrypoints.http.csv_stream import csv_stream
from entrypoints.http.producer.order_rows import ATTENDEE_COLUMNS, ORDER_COLUMNS, attendee_row, order_row
from entrypoints.http.producer.orders import WithEmail, WithStatus, WithText, filter_of
from entrypoints.http.tables import Table
from entrypoints.http.xlsx_file import XLSX, xlsx_stream


@get("/orders.csv", media_type="text/csv", summary="Export a show's orders as CSV", operation_id="export_orders")
async def orders_csv(
    show_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    list_orders: NamedDependency[ListOrders],
    status: WithStatus = None,
    email: WithEmail = None,
    text: WithText = None,
) -> Stream:
    """For programs: newest first, with the same filters as the list. Moments are in UTC; columns that end in ``_local``
    have the venue's date and time. Text that a spreadsheet would read as a formula has a ' in front of it.
    """
    return csv_stream(orders_table(await list_orders.export(actor, show_id, only=filter_of(status, email, text))))


@get(
    "/orders.xlsx",
    media_type=XLSX,
    summary="Export a show's orders as a spreadsheet",
    operation_id="export_orders_spreadsheet",
)
async def orders_xlsx(
    show_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    list_orders: NamedDependency[ListOrders],
    status: WithStatus = None,
    email: WithEmail = None,
    text: WithText = None,
) -> Stream:
    """For people: newest first, with the same filters as the list.

    Amounts are numbers, times the venue's, codes and phone numbers text.
    """
    return xlsx_stream(orders_table(await list_orders.export(actor, show_id, only=filter_of(status, email, text))))


@get(
    "/attendees.csv",
    media_type="text/csv",
    summary="Export a show's attendees as CSV",
    operation_id="export_attendees",
)
async def attendees_csv(
    show_id: FromPath[UUID], actor: NamedDependency[Actor], list_attendees: NamedDependency[ListAttendees]
) -> Stream:
    """For programs: in the order in which they got their tickets.

    Text that a spreadsheet would read as a formula has a ' in front of it.
    """
    return csv_stream(attendees_table(await list_attendees.export(actor, show_id)))


@get(
    "/attendees.xlsx",
    media_type=XLSX,
    summary="Export a show's attendees as a spreadsheet",
    operation_id="export_attendees_spreadsheet",
)
async def attendees_xlsx(
    show_id: FromPath[UUID], actor: NamedDependency[Actor], list_attendees: NamedDependency[ListAttendees]
) -> Stream:
    """For people: in the order in which they got their tickets. Times are the venue's, codes are text."""
    return xlsx_stream(attendees_table(await list_attendees.export(actor, show_id)))


def orders_table(export: Export[ExportedOrder]) -> Table:
    """A show's orders."""
    return Table(
        filename=f"orders-{export.show.id}",
        title="Orders",
        columns=ORDER_COLUMNS,
        rows=(order_row(order) async for order in export.items),
        places=export.currency.places,
        timezone=export.show.zone,
    )


def attendees_table(export: Export[ExportedAttendee]) -> Table:
    """A show's attendees."""
    return Table(
        filename=f"attendees-{export.show.id}",
        title="Attendees",
        columns=ATTENDEE_COLUMNS,
        rows=(attendee_row(attendee) async for attendee in export.items),
        places=export.currency.places,
        timezone=export.show.zone,
    )


router = guarded_router(
    "/shows/{show_id:uuid}",
    orders_csv,
    orders_xlsx,
    attendees_csv,
    attendees_xlsx,
    scopes=[Scope.ORDERS],
    tags=["Producer: orders"],
)
