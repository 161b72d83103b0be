"""GET /shows/{id}/report: the report of a show."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from application.orders.report import ReportShow
from domain.access import Actor, Scope
from domain.catalog import Show
from domain.money import Currency
from domain.report import ShowReport, Takings, TicketReport
from entrypoints.http.access import guarded_router
from entrypoints.http.producer.capacity_schemas import CapacityOut
from entrypoints.http.schemas import Amount


class TakingsOut(msgspec.Struct, kw_only=True):
    """Sums over the orders that were ever completed: paid, free or manual, refunded later or not.

    ``gross``: tickets before discount; ``donations``: the part of it for donation tickets; ``discounts``: by promo
    codes. ``fees``: what platform and processing cost; ``fees_included``: the part of them that was within the prices
    and not paid on top; ``fees_returned``: what the platform gave back of them with refunds and lost disputes. ``tax``:
    what Stripe charged; the producer owes it. ``tax_included``: the part of it that was within prices and fees, and not
    on top. ``paid`` = gross - discounts + fees - fees_included + tax - tax_included. ``refunds``: what buyers got back
    or will get. ``disputes``: what lost disputes took back. ``net`` = paid - refunds - disputes - (fees -
    fees_returned): what the producer keeps, tax included. Money that came too late for the tickets and went straight
    back is not counted.
    """

    gross: Amount
    discounts: Amount
    donations: Amount
    fees: Amount
    fees_included: Amount
    fees_returned: Amount
    tax: Amount
    tax_included: Amount
    paid: Amount
    refunds: Amount
    disputes: Amount
    net: Amount


def takings_out(takings: Takings, currency: Currency) -> dict[str, str]:
    """The fields of ``TakingsOut``."""
    return {name: currency.format(getattr(takings, name)) for name in TakingsOut.__struct_fields__}


class TicketReportOut(TakingsOut, kw_only=True):
    """``sold`` counts tickets that admit, and refunded ones whose place was not put on sale again; ``remaining`` are
    those that the public can buy now. ``quantity`` is null where only a capacity limits the ticket type. Fees, tax and
    refunds of an order are allocated to its tickets by price.
    """

    ticket_id: UUID
    name: str
    price: Amount
    quantity: int | None
    held: int
    sold: int
    remaining: int
    checked_in: int

    @classmethod
    def of(cls, ticket: TicketReport, currency: Currency) -> TicketReportOut:
        inventory = ticket.inventory
        return cls(
            ticket_id=ticket.ticket_id,
            name=ticket.name,
            price=currency.format(ticket.price),
            quantity=inventory.quantity,
            held=inventory.held,
            sold=inventory.sold,
            remaining=ticket.remaining,
            checked_in=ticket.checked_in,
            **takings_out(ticket.takings, currency),
        )


class TotalOut(TakingsOut, kw_only=True):
    """All tickets together, and how many orders were completed. ``quantity`` and ``remaining`` count the places of a
    capacity once, in place of the tickets that share them.
    """

    orders: int
    quantity: int
    held: int
    sold: int
    remaining: int
    checked_in: int


class DayOut(TakingsOut, kw_only=True):
    """What moved on this day of the venue's calendar: orders that were completed, and money that went back, of whatever
    order. A day with refunds alone has a ``net`` below zero.
    """

    date: date
    orders: int
    tickets: int


class PaymentOut(TakingsOut, kw_only=True):
    """``payment``: online, or how manual orders were paid: cash, comp, other."""

    payment: str
    orders: int
    tickets: int


class ReportOut(msgspec.Struct, kw_only=True):
    """Figures of one moment. ``tickets``, ``by_day`` and ``by_payment`` each add up to ``total``, to the cent.
    ``capacities`` are the places that ticket types share.
    """

    show_id: UUID
    currency: str
    timezone: str
    total: TotalOut
    tickets: list[TicketReportOut]
    capacities: list[CapacityOut]
    by_day: list[DayOut]
    by_payment: list[PaymentOut]

    @classmethod
    def of(cls, show: Show, report: ShowReport) -> ReportOut:
        currency, tickets = report.currency, report.tickets
        return cls(
            show_id=show.id,
            currency=currency.code,
            timezone=show.timezone,
            total=TotalOut(
                orders=report.total.orders,
                quantity=report.quantity,
                held=sum(ticket.inventory.held for ticket in tickets),
                sold=sum(ticket.inventory.sold for ticket in tickets),
                remaining=report.remaining,
                checked_in=sum(ticket.checked_in for ticket in tickets),
                **takings_out(report.total, currency),
            ),
            tickets=[TicketReportOut.of(ticket, currency) for ticket in tickets],
            capacities=[CapacityOut.of(capacity) for capacity in report.capacities],
            by_day=[
                DayOut(date=day, orders=of.orders, tickets=of.tickets, **takings_out(of, currency))
                for day, of in report.by_day.items()
            ],
            by_payment=[
                PaymentOut(payment=payment, orders=of.orders, tickets=of.tickets, **takings_out(of, currency))
                for payment, of in report.by_payment.items()
            ],
        )


@get("/report", summary="Get a show's report", operation_id="get_report")
async def read(
    show_id: FromPath[UUID], actor: NamedDependency[Actor], report_show: NamedDependency[ReportShow]
) -> ReportOut:
    """By ticket, by day, by kind of payment, and in total."""
    return ReportOut.of(*await report_show(actor, show_id))


router = guarded_router("/shows/{show_id:uuid}", read, scopes=[Scope.ORDERS], tags=["Producer: orders"])
