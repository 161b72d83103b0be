"""The office of a producer with 300 shows and many thousand orders, with very long and right-to-left names: no page is
too wide on a phone or a desk, and none is heavy.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from domain.catalog import Producer
from domain.orders import OrderStatus
from domain.people import Role
from domain.production import Production
from tests.browser.conftest import Buyers
from tests.browser.office import sign_in
from tests.browser.test_accessibility import _LOADED, _TOO_WIDE, KIB
from tests.support.box_office import BoxOffice
from tests.support.database import connected
from tests.support.factories import order, producer, promo_code, show, ticket
from tests.support.server import Service

SHOWS: Final = 300
#: Made by the database out of one. A hundred thousand take it some seconds longer, and make no page longer.
#: A tenth of them are holds, which the worker has no reason to look at before the tests are over.
ORDERS: Final = 5_000
LONG: Final = "Donaudampfschifffahrtsgesellschaftskapitänsmützenschirm"
ARABIC: Final = "عبد الرحمن بن عبد العزيز آل سعود"
_COPY: Final = """
    WITH copies AS (
        SELECT o AS source, g, gen_random_uuid() AS new_id,
               (ARRAY['Ada Lovelace', %(long)s, %(arabic)s, 'Maria Meyer'])[1 + g %% 4] AS name
        FROM orders o, generate_series(1, %(count)s) g WHERE o.id = %(id)s
    ), made AS (
        INSERT INTO orders SELECT (jsonb_populate_record(source, jsonb_build_object(
            'id', new_id, 'payment_intent_id', NULL, 'idempotency_key', NULL,
            'customer_name', name, 'customer_email', 'buyer' || g || '@example.org',
            'search_key', lower(name) || ' buyer' || g || '@example.org',
            'created_at',
            CASE WHEN g %% 10 = 0 THEN now() ELSE (source).created_at - g * interval '1 minute' END,
            'status', CASE WHEN g %% 10 = 0 THEN 'pending' ELSE (source).status END,
            'expires_at', CASE WHEN g %% 10 = 0 THEN now() + interval '3 hours' END,
            'session_id', CASE WHEN g %% 10 = 0 THEN 'cs_test_' || new_id END,
            'checked_at', now() + interval '3 hours',
            'completed_at',
            CASE WHEN g %% 10 > 0 THEN (source).completed_at - g * interval '1 minute' END))).*
        FROM copies RETURNING id
    ), lines AS (
        INSERT INTO ticket_orders SELECT (jsonb_populate_record(l, jsonb_build_object('order_id', new_id))).*
        FROM copies JOIN ticket_orders l ON l.order_id = %(id)s RETURNING order_id
    )
    INSERT INTO ticket_attendees SELECT (jsonb_populate_record(a, jsonb_build_object(
        'id', gen_random_uuid(), 'order_id', new_id, 'name', copies.name,
        'code', upper(substr(md5(a.id::text || g), 1, 24))))).*
    FROM copies JOIN ticket_attendees a ON a.order_id = %(id)s
"""


@pytest.fixture
async def house(box_office: BoxOffice, database_url: str) -> tuple[Producer, list[str]]:
    """The producer, and the addresses of its pages."""
    by = producer()
    run = Production.planned(id=show().id, producer_id=by.id, title=f"{LONG} {ARABIC}", description="A play. " * 99)
    first = await box_office.put_on_sale(
        ticket(name=LONG, price=25_00, quantity=200_000),
        by=by,
        title=LONG,
        venue=ARABIC,
        promo_codes=[promo_code(code="W" * 30)],
    )
    start = datetime(2050, 1, 1, 19, tzinfo=UTC)
    others = [
        show(
            by=by,
            title=(LONG, ARABIC, "W" * 120)[number % 3],
            production_id=run.id,
            door_time=start + timedelta(days=number),
            start_time=start + timedelta(days=number),
            end_time=start + timedelta(days=number, hours=2),
        )
        for number in range(SHOWS - 1)
    ]
    one = order((first.tickets[0], 2), by=by, status=OrderStatus.COMPLETED)
    async with box_office.unit_of_work() as uow:
        await uow.productions.add(run)
        await uow.shows.add(*others)
        await uow.orders.add([one])
        await uow.commit()
    async with connected(database_url) as connection:
        await connection.execute(_COPY, {"id": one.id, "count": ORDERS, "long": LONG, "arabic": ARABIC})
    here = f"/office/shows/{first.id}"
    pages = [
        "/office",
        "/office/shows",
        "/office/shows?page=3",
        *(f"{here}{page}" for page in ("", "/edit", "/page", "/tickets", "/codes", "/sell", "/guests", "/cancel")),
        "/office/productions",
        *(f"/office/productions/{run.id}{page}" for page in ("", "/edit", "/change", "/allocation", "/shows/new")),
        "/office/orders",
        "/office/orders?q=meier",
        f"/office/orders?show={first.id}",
        f"/office/orders/{one.id}",
        f"/office/orders/{one.id}/refund",
        "/office/attendees",
        "/office/reports?first_day=&last_day=",
        f"/office/holds/{first.id}",
        "/office/counter",
        "/office/branding",
        "/office/jobs",
        "/office/devices",
        "/office/account",
        "/office/team",
        "/office/log",
        "/office/me",
        "/office/nothing",
    ]
    return by, pages


async def test_no_page_is_too_wide_or_heavy(
    buyers: Buyers, service: Service, house: tuple[Producer, list[str]], record_property: Callable[[str, object], None]
) -> None:
    by, pages = house
    window = await buyers(reduced_motion="reduce")
    await sign_in(window, service, by, Role.OWNER, name=f"{LONG} {ARABIC}"[:100])
    troubles: dict[str, list[str]] = {}
    for path in pages:
        began = time.perf_counter()
        await window.open(path)
        seconds = time.perf_counter() - began
        weight = sum(each["weight"] for each in await window.page.evaluate(_LOADED))
        record_property(path, f"{weight / KIB:.0f} KiB, {seconds:.2f} s")
        found = [] if weight < 100 * KIB else [f"{weight / KIB:.0f} KiB"]
        for width in (360, 1280):
            await window.page.set_viewport_size({"width": width, "height": 800})
            if (too_wide := await window.page.evaluate(_TOO_WIDE)) > 0:
                found.append(f"too wide by {too_wide} at {width}")
        if found:
            troubles[path] = found
    assert troubles == {}
