"""All pages."""

from __future__ import annotations

from entrypoints.injection import SharedRouter
from entrypoints.web import (
    assets,
    branding,
    checkout_pages,
    developer_pages,
    exchange_page,
    lookup_page,
    order_page,
    production_page,
    show_pages,
    widget,
)

router = SharedRouter(
    "/",
    route_handlers=[
        assets.asset,
        branding.router,
        show_pages.router,
        production_page.router,
        checkout_pages.router,
        order_page.router,
        exchange_page.router,
        lookup_page.router,
        widget.router,
        developer_pages.router,
    ],
)
