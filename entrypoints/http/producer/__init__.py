"""The producer API: everything under /producer, opened by a producer's bearer token."""

from __future__ import annotations

from litestar import Router

from entrypoints.http.producer import account, audit_log, branding, promo_codes, show_refunds, shows, tickets

router = Router(
    "/producer",
    route_handlers=[
        account.router,
        shows.router,
        tickets.router,
        promo_codes.router,
        show_refunds.router,
        audit_log.router,
        branding.router,
    ],
)
