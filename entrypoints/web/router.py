"""All pages."""

from __future__ import annotations

from litestar import Router

from entrypoints.web import assets, branding, checkout_pages, lookup_page, order_page, show_pages, widget
from entrypoints.web.page_cache import PageCache


def create_storefront(page_cache: PageCache) -> Router:
    """Every page and what belongs to it."""
    return Router(
        "/",
        route_handlers=[
            assets.asset,
            branding.router,
            show_pages.create_router(page_cache),
            checkout_pages.router,
            order_page.router,
            lookup_page.router,
            widget.router,
        ],
    )
