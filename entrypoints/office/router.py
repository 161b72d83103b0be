"""All pages of the office."""

from __future__ import annotations

from litestar import Router

from entrypoints.office import assets, sign_in, today
from entrypoints.office.errors import office_handlers
from entrypoints.office.rendering import OfficePages


def office(pages: OfficePages) -> Router:
    """The office, with its error pages."""
    return Router(
        "/",
        route_handlers=[
            assets.router,
            *sign_in.routers,
            today.router,
        ],
        exception_handlers=office_handlers(pages),
    )
