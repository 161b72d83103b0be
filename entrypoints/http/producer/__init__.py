"""The producer API: everything under /producer, opened by a producer's bearer token."""

from __future__ import annotations

from litestar import Router

from entrypoints.http.producer import (
    account,
    audit_log,
    branding,
    door,
    exports,
    holds,
    order_care,
    orders,
    privacy,
    promo_codes,
    reports,
    show_refunds,
    shows,
    tickets,
)

router = Router(
    "/producer",
    route_handlers=[
        account.router,
        shows.router,
        tickets.router,
        promo_codes.router,
        orders.router,
        exports.router,
        order_care.router,
        holds.router,
        show_refunds.router,
        door.router,
        reports.router,
        privacy.router,
        audit_log.router,
        branding.router,
    ],
)
