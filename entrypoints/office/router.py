"""All pages of the office."""

from __future__ import annotations

from litestar import Router

from entrypoints.office import (
    account,
    assets,
    attendees,
    branding,
    codes,
    devices,
    digest_page,
    guests,
    invitation,
    log,
    me,
    order,
    order_exchange,
    order_refund,
    orders,
    pair,
    passkeys,
    places,
    privacy,
    productions,
    reports,
    run_shows,
    sell,
    show_cancel,
    show_page,
    shows,
    sign_in,
    team,
    tickets,
    today,
    tokens,
    work,
)
from entrypoints.office.errors import office_handlers
from entrypoints.office.rendering import OfficePages


def office(pages: OfficePages) -> Router:
    """The office, with its error pages."""
    return Router(
        "/",
        route_handlers=[
            assets.router,
            *sign_in.routers,
            passkeys.router,
            invitation.router,
            me.router,
            team.router,
            log.router,
            today.router,
            shows.router,
            shows.changing_router,
            show_page.router,
            show_cancel.router,
            reports.router,
            productions.router,
            productions.changing_router,
            run_shows.router,
            *orders.routers,
            *order.routers,
            *order_refund.routers,
            *order_exchange.routers,
            *privacy.routers,
            *attendees.routers,
            digest_page.router,
            account.router,
            branding.router,
            tokens.router,
            devices.router,
            pair.router,
            tickets.router,
            places.router,
            codes.router,
            sell.router,
            guests.router,
            work.router,
            work.shows_router,
        ],
        exception_handlers=office_handlers(pages),
    )
