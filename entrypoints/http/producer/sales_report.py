"""GET /report: the report of many shows, and its rows as files."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from application.orders.report import ReportSales
from domain.access import Actor, Scope
from domain.report import Takings
from domain.sales_report import Channel, ReportedShow, SalesFilter, SalesReport
from entrypoints.http.access import guarded_router
from entrypoints.http.csv_stream import csv_stream
from entrypoints.http.openapi import answers
from entrypoints.http.producer.report import DayOut, PaymentOut, TakingsOut, takings_out
from entrypoints.http.sales_tables import SalesTables
from entrypoints.http.xlsx_file import XLSX, xlsx_stream

OfShow = Annotated[UUID | None, QueryParameter(description="Only this show.")]
OfProduction = Annotated[UUID | None, QueryParameter(description="Only the shows of this production.")]
FirstDay = Annotated[
    date | None,
    QueryParameter(
        description="Only orders completed, and money that went back, on this day or later, on the venue's calendar."
    ),
]
LastDay = Annotated[date | None, QueryParameter(description="The same, on this day or earlier.")]


class SoldOut(TakingsOut, kw_only=True):
    """Sums over all orders of the report."""

    orders: int
    tickets: int


class SoldShowOut(TakingsOut, kw_only=True):
    """A show of which something was sold or went back. ``start_time`` has the offset of its venue's clock."""

    show_id: UUID
    title: str
    start_time: datetime
    timezone: str
    orders: int
    tickets: int


class SoldTicketOut(TakingsOut, kw_only=True):
    """All ticket types of this name. Fees, tax and refunds of an order are allocated to its tickets by price."""

    name: str
    tickets: int


class ChannelOut(TakingsOut, kw_only=True):
    """``web``: a buyer's own order, on a page or by the API. ``box_office``: a manual order. ``exchange``: an order
    whose tickets replace those of an earlier one.
    """

    channel: Channel
    orders: int
    tickets: int


class CodeOut(TakingsOut, kw_only=True):
    """Orders with this promo code; null: without one."""

    promo_code: str | None
    orders: int
    tickets: int


class SalesReportOut(msgspec.Struct, kw_only=True):
    """Figures of one moment. Each breakdown adds up to ``total``, to the cent; the reports of shows, or of days, add up
    to the report of all. Days are those of each venue's calendar.
    """

    currency: str
    first_day: date | None
    last_day: date | None
    total: SoldOut
    shows: list[SoldShowOut]
    tickets: list[SoldTicketOut]
    by_day: list[DayOut]
    by_payment: list[PaymentOut]
    by_channel: list[ChannelOut]
    by_promo_code: list[CodeOut]

    @classmethod
    def of(cls, report: SalesReport, only: SalesFilter) -> SalesReportOut:
        def figures(takings: Takings) -> dict[str, Any]:
            counts = {"orders": takings.orders, "tickets": takings.tickets}
            return {**counts, **takings_out(takings, report.currency)}

        return cls(
            currency=report.currency.code,
            first_day=only.first,
            last_day=only.last,
            total=SoldOut(**figures(report.total)),
            shows=[SoldShowOut(**_show(show), **figures(each)) for show, each in report.by_show.items()],
            tickets=[
                SoldTicketOut(name=name, tickets=each.tickets, **takings_out(each, report.currency))
                for name, each in report.by_ticket.items()
            ],
            by_day=[DayOut(date=day, **figures(each)) for day, each in report.by_day.items()],
            by_payment=[PaymentOut(payment=payment, **figures(each)) for payment, each in report.by_payment.items()],
            by_channel=[ChannelOut(channel=channel, **figures(each)) for channel, each in report.by_channel.items()],
            by_promo_code=[
                CodeOut(promo_code=code or None, **figures(each)) for code, each in report.by_promo_code.items()
            ],
        )


def _show(show: ReportedShow) -> dict[str, Any]:
    return {"show_id": show.id, "title": show.title, "start_time": show.start, "timezone": show.timezone}


@get(
    "/report",
    summary="Get a report of many shows",
    operation_id="get_sales_report",
    responses=answers("not_found"),
)
async def read(
    actor: NamedDependency[Actor],
    report_sales: NamedDependency[ReportSales],
    show_id: OfShow = None,
    production_id: OfProduction = None,
    first_day: FirstDay = None,
    last_day: LastDay = None,
) -> SalesReportOut:
    """Of all shows, of a production, of one show, or of a period: by show, ticket type, day, kind of payment, channel
    and promo code, and in total.
    """
    only = SalesFilter(show_id=show_id, production_id=production_id, first=first_day, last=last_day)
    return SalesReportOut.of(await report_sales(actor, only), only)


@get(
    "/report.csv",
    media_type="text/csv",
    summary="Export a report as CSV",
    operation_id="export_sales_report",
    responses=answers("not_found"),
)
async def read_csv(
    actor: NamedDependency[Actor],
    report_sales: NamedDependency[ReportSales],
    show_id: OfShow = None,
    production_id: OfProduction = None,
    first_day: FirstDay = None,
    last_day: LastDay = None,
) -> Stream:
    """For programs: a row for all that has its day, show, ticket type, payment, channel and promo code in common. Every
    column of figures adds up to the report's total; an order with several ticket types is counted in one of its rows.
    """
    only = SalesFilter(show_id=show_id, production_id=production_id, first=first_day, last=last_day)
    tables = SalesTables(await report_sales.export(actor, only), filename="report")
    return csv_stream(tables.rows(), is_one_read=True)


@get(
    "/report.xlsx",
    media_type=XLSX,
    summary="Export a report as a spreadsheet",
    operation_id="export_sales_report_spreadsheet",
    responses=answers("not_found"),
)
async def read_xlsx(
    actor: NamedDependency[Actor],
    report_sales: NamedDependency[ReportSales],
    show_id: OfShow = None,
    production_id: OfProduction = None,
    first_day: FirstDay = None,
    last_day: LastDay = None,
) -> Stream:
    """For people: a sheet for each breakdown of the report, and one with the rows of the CSV."""
    only = SalesFilter(show_id=show_id, production_id=production_id, first=first_day, last=last_day)
    tables = SalesTables(await report_sales.export(actor, only), filename="report")
    return xlsx_stream(tables.rows(), sums=tables.sums())


router = guarded_router("/", read, read_csv, read_xlsx, scopes=[Scope.ORDERS], tags=["Producer: orders"])
