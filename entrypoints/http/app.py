"""The ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.middleware import DefineMiddleware
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components

from entrypoints.container import Container, close
from entrypoints.door import pages as door
from entrypoints.http import (
    checkout,
    devices,
    health,
    lookup,
    metrics,
    orders,
    platform,
    producer,
    productions,
    shows,
    webhooks,
)
from entrypoints.http.access import BEARER, BEARER_SCHEME, BearerTokens, Holders
from entrypoints.http.context import (
    answer_counter,
    answer_with_request_id,
    count_answers,
    log_with_request_id,
    timed,
)
from entrypoints.http.dependencies import checkout_desk, dependencies, door_states, show_answers
from entrypoints.http.express import (
    MAX_BODY_BYTES,
    ExpressLanes,
    check_in_lane,
    checkout_lane,
    door_state_lane,
    event_lane,
    show_lane,
)
from entrypoints.http.head import allow_head
from entrypoints.http.known_parameters import EnsureKnown, remember_parameters
from entrypoints.http.openapi import OpenAPIOnDemand, schema_router
from entrypoints.http.producer.checkin import ScanDesk, StateDesk
from entrypoints.http.rate_limit import RATE_LIMITS, limit_errors
from entrypoints.injection import ApplicationRouter
from entrypoints.office.access import DOOR
from entrypoints.office.dependencies import create_door, create_office_pages, office_dependencies
from entrypoints.office.missing import handlers_of_missing_pages
from entrypoints.office.router import office
from entrypoints.time_zone_rules import warn_of_outdated_shows
from entrypoints.timekeeping import follow_clocks
from entrypoints.web import router as storefront
from entrypoints.web.csrf import FormTokens, csrf_config
from entrypoints.web.dependencies import create_pages, web_dependencies
from entrypoints.web.error_pages import handlers_for_browsers
from entrypoints.web.page_cache import PageCache, from_cache
from entrypoints.web.security import harden, headers_of_private_answers, headers_of_public_answers


def create_app(container: Container) -> Litestar:
    """API and pages over the container's use cases. The container is closed when the application stops."""

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        await container.follow_clocks()()
        following = asyncio.create_task(follow_clocks(container.follow_clocks()))
        looking = asyncio.create_task(warn_of_outdated_shows(container.check_timezones()))
        yield
        for background in (looking, following):
            background.cancel()
        await asyncio.gather(looking, following, return_exceptions=True)
        await close(container)

    holders = Holders(container.authenticate, container.authenticate_device)
    settings, pages, page_cache = container.settings(), create_pages(container), PageCache()
    office_pages = create_office_pages(container)
    handlers = handlers_of_missing_pages(office_pages, handlers_for_browsers(pages))
    origins = [origin.strip() for origin in settings.cors_origins.split(",") if origin.strip()]
    provided = {
        **dependencies(container),
        **web_dependencies(container, pages, page_cache),
        **office_dependencies(container, office_pages),
    }
    open_rooms = [shows.router, productions.router, checkout.router, lookup.router, devices.router, webhooks.router]
    pages_of_all = [health.router, storefront.router, door.router]
    if not settings.metrics_listen:
        pages_of_all.append(metrics.router)
    routers = [
        ApplicationRouter("/api/v1", open_rooms, provided, middleware=[EnsureKnown()]),
        ApplicationRouter(
            "/api/v1",
            [orders.router, platform.router, producer.router],
            provided,
            middleware=[DefineMiddleware(BearerTokens, holders=holders), EnsureKnown()],
        ),
        ApplicationRouter("/", pages_of_all, provided),
        office(office_pages, provided),
    ]
    public, private = headers_of_public_answers(settings), headers_of_private_answers(settings)
    count = answer_counter(container.metrics())
    app = ExpressLanes(
        count=count,
        lanes=[
            checkout_lane(checkout_desk(container), private),
            check_in_lane(ScanDesk(container.check_in, holders), private),
            door_state_lane(StateDesk(door_states(container), holders, container.clock), private),
            event_lane(container.handle_payment_event, private),
            show_lane(show_answers(container), public),
        ],
        route_handlers=routers,
        exception_handlers=handlers,
        state=State(
            {
                RATE_LIMITS: container.rate_limits(),
                webhooks.REFUSAL_LOG: webhooks.RefusalLog(),
                DOOR: create_door(container),
            }
        ),
        middleware=[
            timed,
            from_cache(page_cache),
            log_with_request_id,
            DefineMiddleware(FormTokens, config=csrf_config(settings), earlier=settings.earlier_keys),
        ],
        before_send=[
            limit_errors(handlers[HTTPException]),
            allow_head,
            answer_with_request_id,
            harden(settings),
            count_answers(count),
        ],
        lifespan=[lifespan],
        request_max_body_size=MAX_BODY_BYTES,
        cors_config=CORSConfig(allow_origins=origins) if origins else None,
        openapi_config=OpenAPIOnDemand(
            title="PiqueTickets",
            version="1.0.0",
            openapi_router=schema_router("/schema"),
            render_plugins=[JsonRenderPlugin(path="/")],
            use_handler_docstrings=True,
            components=Components(security_schemes={BEARER: BEARER_SCHEME}),
        ),
        logging_config=None,
    )
    remember_parameters(app)
    return app


def create_metrics_app(container: Container) -> Litestar:
    """Only the metrics, for a separate port beside ``create_app``'s, whose container it uses."""
    return Litestar(
        route_handlers=[ApplicationRouter("/", [metrics.router], dependencies(container))],
        openapi_config=None,
        logging_config=None,
    )
