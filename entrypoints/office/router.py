"""All pages of the office."""

from __future__ import annotations

from collections.abc import Mapping

from litestar import Router
from litestar.di import Provide

from entrypoints.injection import ApplicationRouter
from entrypoints.office import (
    account,
    assets,
    attendees,
    branding,
    codes,
    counter,
    counter_cash,
    counter_shifts,
    devices,
    digest_page,
    guests,
    invitation,
    log,
    me,
    order,
    order_exchange,
    order_print,
    order_refund,
    orders,
    pair,
    passkeys,
    places,
    privacy,
    productions,
    reports,
    run_places,
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


def office(pages: OfficePages, provided: Mapping[str, Provide]) -> Router:
    """The office, with its error pages."""
    return ApplicationRouter(
        "/",
        [
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
            run_places.router,
            run_shows.router,
            *orders.routers,
            *order.routers,
            *order_refund.routers,
            *order_exchange.routers,
            *order_print.routers,
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
            counter.router,
            counter_shifts.router,
            counter_cash.router,
            work.router,
            work.shows_router,
        ],
        provided,
        exception_handlers=office_handlers(pages),
    )
