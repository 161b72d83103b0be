"""The producer API: everything under /producer, opened by a producer's bearer token."""

from __future__ import annotations

from entrypoints.http.producer import (
    account,
    audit_log,
    branding,
    capacities,
    checkin,
    device,
    exports,
    holds,
    many_orders,
    order_actions,
    orders,
    personal_data,
    printing,
    productions,
    promo_codes,
    report,
    sales_report,
    show_refunds,
    shows,
    tickets,
)
from entrypoints.injection import SharedRouter

router = SharedRouter(
    "/producer",
    route_handlers=[
        account.router,
        productions.router,
        shows.router,
        tickets.router,
        capacities.router,
        capacities.reading_router,
        promo_codes.router,
        orders.router,
        many_orders.router,
        exports.router,
        order_actions.router,
        holds.router,
        show_refunds.router,
        checkin.router,
        device.router,
        report.router,
        sales_report.router,
        personal_data.router,
        printing.router,
        printing.printers_router,
        audit_log.router,
        branding.router,
    ],
)
