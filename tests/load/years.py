"""A house after years: what its tables, Redis and processes take, before and after retention.

``uv run python -m tests.load.years --shows 200 --orders 300000 --years 3`` makes the house's past by SQL: checkouts of
which three in ten were never paid, tickets, scans, tasks, Stripe's events, refunds, sign-ins, changes and jobs, spread
over the years. Then ``piquetickets retention`` runs while a buyer goes on buying, and another year is sold and cleaned
up. It prints one JSON object: sizes by table in MiB, how many rows retention ended, the longest purchase with and
without it, and the memory of Redis and of a server with its worker. Not part of the tests.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psutil
import psycopg
import redis

from adapters.postgres import schema
from demo.embedded import EmbeddedPostgres, EmbeddedRedis
from tests.load.bookkeeping import MIB, audit
from tests.load.migration import Buyer
from tests.support.processes import clean_environment, run, running_command, until_ready
from tests.support.server import free_port

#: The house erases buyers two years after their show, which shows what that takes.
KEPT: Final = {"KEEP_PERSONAL_DATA_DAYS": "730"}
COMMAND_SECONDS: Final = 1800
#: With this key in Redis, the day's retention is done (``adapters.redis.housekeeping``).
DAILY: Final = "daily_housekeeping"
_YEAR: Final = timedelta(days=365)

_HOUSE: Final = """
WITH producer AS (
    INSERT INTO producers (id, name, email, currency)
    VALUES (uuidv7(), 'Globe', 'office@globe.example', 'USD') RETURNING id
), financial AS (
    INSERT INTO producer_financials (producer_id, stripe_account_id, charges_enabled)
    SELECT id, 'acct_globe', true FROM producer
), person AS (
    INSERT INTO persons (id, email, address, name)
    VALUES (uuidv7(), 'kim@globe.example', 'kim@globe.example', 'Kim Park') RETURNING id
)
SELECT producer.id, person.id FROM producer, person
"""
_SHOW: Final = """
WITH show AS (
    INSERT INTO shows (id, producer_id, title, description, venue, door_time, start_time, end_time, timezone, locale,
        terms, published, cancelled)
    SELECT uuidv7(), %(producer)s, 'Twelfth Night', '', 'Globe', start - interval '30 minutes', start,
        start + interval '3 hours', 'Europe/Berlin', 'en-US', '', true, false
    FROM (SELECT now() - %(ago)s AS start) times RETURNING id
)
INSERT INTO tickets (id, show_id, name, description, price, is_donation_based, is_vip, quantity)
SELECT uuidv7(), id, 'Stalls', '', 2500, false, false, %(orders)s * 2 + 10 FROM show RETURNING id, show_id
"""
# Seven of ten checkouts are paid, one in fifty of these is refunded, and nine of ten tickets come to the door.
_PAST: Final = """
WITH moments AS (
    SELECT n, least(now() - %(ago)s - random() * interval '20 days', now() - interval '1 hour') AS at
    FROM generate_series(1, %(orders)s) n
), made AS (
    INSERT INTO orders (id, show_id, show_title, customer_name, customer_email, customer_phone, search_key, currency,
        subtotal, promo_code_discount, platform_fees, payment_processing_fees, total, amount_paid, status,
        is_manual_order, created_at, expires_at, completed_at, stripe_account_id, session_id, payment_intent_id,
        charge_id, refunded_amount, idempotency_key, request_fingerprint)
    SELECT uuidv7(at - now()), %(show)s, 'Twelfth Night', 'Zoë Øst', 'zoe' || n || '@example.org', '+15551234567',
        'zoe ost zoe' || n || '@example.org', 'USD', 5000, 0, 300, 184, 5484,
        CASE WHEN n %% 10 < 7 THEN 5484 ELSE 0 END,
        CASE WHEN n %% 10 >= 7 THEN 'expired' WHEN n %% 50 = 0 THEN 'refunded' ELSE 'completed' END,
        false, at, at + interval '30 minutes', CASE WHEN n %% 10 < 7 THEN at + interval '2 minutes' END, 'acct_globe',
        'cs_' || gen_random_uuid(), CASE WHEN n %% 10 < 7 THEN 'pi_' || gen_random_uuid() END,
        CASE WHEN n %% 10 < 7 THEN 'ch_' || gen_random_uuid() END, CASE WHEN n %% 50 = 0 THEN 5484 ELSE 0 END,
        gen_random_uuid()::text, sha256(n::text::bytea)
    FROM moments
    RETURNING id, status, created_at AS at, refunded_amount, session_id, completed_at IS NOT NULL AS is_paid
), lines AS (
    INSERT INTO ticket_orders (order_id, line, ticket_id, name, is_vip, quantity, price_per_ticket, unit_discount,
        donation_amount)
    SELECT id, 0, %(ticket)s, 'Stalls', false, 2, 2500, 0, 0 FROM made
), refunded AS (
    INSERT INTO refunds (id, order_id, sequence, amount, refund_fees, reason, created_at, status, made_at_stripe,
        stripe_refund_id)
    SELECT uuidv7(), id, 1, refunded_amount, true, 'Ill', at, 'succeeded', false, 're_' || id
    FROM made WHERE refunded_amount > 0
), tasks AS (
    INSERT INTO outbox (id, kind, order_id, due_at, relay_at, state, attempts, done_at)
    SELECT uuidv7(at - now()), kind, id, at, at, 'done', 1, at FROM made
    CROSS JOIN (VALUES ('confirmation_mail'), ('describe_transfer'), ('reminder_mail')) kinds (kind) WHERE is_paid
), events AS (
    INSERT INTO payment_events (id, type, object_id, livemode, received_at, handled_at)
    SELECT 'evt_' || gen_random_uuid(), type, session_id, true, at, at FROM made
    CROSS JOIN (VALUES ('checkout.session.completed'), ('charge.updated')) types (type) WHERE is_paid
), attendees AS (
    INSERT INTO ticket_attendees (id, order_id, line, name, code, status, restocked, checked_in_at)
    SELECT uuidv7(), id, 0, 'Zoë Øst', upper(substr(md5(random()::text || id || number), 1, 24)),
        CASE WHEN status = 'refunded' THEN 'void' ELSE 'valid' END, status = 'refunded',
        CASE WHEN status = 'completed' AND random() < 0.9 AND %(ago)s > interval '0' THEN now() - %(ago)s END
    FROM made CROSS JOIN generate_series(1, 2) number WHERE is_paid
    RETURNING id, code, checked_in_at
), scanned AS (
    INSERT INTO scans (show_id, id, attendee_id, code, device_id, offline, scanned_at, received_at, result)
    SELECT %(show)s, uuidv7(), id, code, 'North door', false, checked_in_at, checked_in_at, 'admitted'
    FROM attendees WHERE checked_in_at IS NOT NULL
)
INSERT INTO scans (show_id, id, attendee_id, code, device_id, offline, scanned_at, received_at, result)
SELECT %(show)s, uuidv7(), NULL, code, 'North door', true, checked_in_at, checked_in_at, 'already_admitted'
FROM attendees WHERE checked_in_at IS NOT NULL AND random() < 0.1
"""
_COUNT: Final = """
UPDATE tickets SET sold = (SELECT count(*) FROM ticket_attendees a JOIN ticket_orders l USING (order_id, line)
    WHERE l.ticket_id = tickets.id AND NOT a.restocked) WHERE id = %(ticket)s
"""
_OFFICE: Final = (
    """
    INSERT INTO audit_log (id, at, producer_id, actor, action, subject_id, show_id, before, after)
    SELECT uuidv7(), now() - %(ago)s, %(producer)s, 'Kim Park', 'show.changed', %(show)s, %(show)s,
        '{"title": "Twelfth Night"}', '{"title": "Twelfth Night, or What You Will"}' FROM generate_series(1, 50)
    """,
    """
    INSERT INTO office_sessions (id, person_id, secret_hash, created_at, last_seen_at, device, signed_in_by)
    SELECT uuidv7(), %(person)s, sha256(gen_random_uuid()::text::bytea), now() - %(ago)s, now() - %(ago)s,
        'Firefox on Linux', 'link' FROM generate_series(1, 20)
    """,
    """
    INSERT INTO sign_in_links (id, person_id, at_once, created_at, expires_at)
    SELECT uuidv7(), %(person)s, false, now() - %(ago)s, now() - %(ago)s FROM generate_series(1, 20)
    """,
    """
    INSERT INTO jobs (id, producer_id, show_id, kind, actor, scopes, created_at, terms, state, done, failed, note)
    SELECT uuidv7(), %(producer)s, %(show)s, 'export', 'Kim Park', '{}', now() - %(ago)s, '{}', 'done', 1, 0, ''
    FROM generate_series(1, 5)
    """,
)
_SIZES: Final = """
SELECT relname, pg_total_relation_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_total_relation_size(oid) > 1048576
"""


class House:
    """A house with a past. ``ids`` are what a buyer buys."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self.ids: dict[str, Any] = {}
        with psycopg.connect(database_url, autocommit=True) as connection:
            self._producer, self._person = connection.execute(_HOUSE).fetchone() or (UUID(int=0), UUID(int=0))

    def live(self, shows: int, orders: int, *, begin: timedelta, end: timedelta) -> None:
        """Sell that many orders of that many shows, between ``begin`` and ``end`` ago."""
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            for number in range(shows):
                terms: dict[str, Any] = {"producer": self._producer, "person": self._person, "orders": orders // shows}
                terms["ago"] = begin - (begin - end) * number / shows
                terms["ticket"], terms["show"] = connection.execute(_SHOW, terms).fetchone() or (None, None)
                for statement in (_PAST, _COUNT, *_OFFICE):
                    connection.execute(statement, terms)
                self.ids = {"show": terms["show"], "ticket": terms["ticket"]}
            connection.execute("VACUUM ANALYZE")

    def sizes(self) -> dict[str, float]:
        """MiB of each table with its indexes, the largest first, and of the whole database."""
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            connection.execute("VACUUM")
            sizes = {name: size / MIB for name, size in connection.execute(_SIZES)}
            (whole,) = connection.execute("SELECT pg_database_size(current_database())").fetchone() or (0,)
        tables = dict(sorted(sizes.items(), key=lambda item: -item[1]))
        return {name: round(size, 1) for name, size in {"whole": whole / MIB, **tables}.items()}

    def buyer(self) -> Buyer:
        buyer = Buyer(self._database_url, self.ids)
        buyer.start()
        return buyer


def _longest_ms(buyer: Buyer) -> dict[str, float]:
    buyer.stopped.set()
    buyer.join()
    waits = sorted(buyer.waits)
    return {
        "purchases": len(waits),
        "median_ms": round(waits[len(waits) // 2] * 1000, 1),
        "p99_ms": round(waits[len(waits) * 99 // 100] * 1000, 1),
        "longest_ms": round(waits[-1] * 1000, 1),
    }


def _say(what: str) -> None:
    print(f"{time.strftime('%X')} {what}", file=sys.stderr, flush=True)  # noqa: T201


async def _command(environment: dict[str, str], *arguments: str) -> str:
    _say(" ".join(arguments))
    finished = await run(*arguments, environment=environment, seconds=COMMAND_SECONDS)
    assert finished.code == 0, finished.err
    return finished.out


async def _memory(environment: dict[str, str], redis_url: str) -> dict[str, float]:
    """MiB of Redis, and of a server with its worker, when they have been idle for some seconds."""
    port = free_port()
    serving = {**environment, "PUBLIC_URL": f"http://127.0.0.1:{port}", "LOG_LEVEL": "ERROR"}
    with redis.Redis.from_url(redis_url) as client:
        client.set(DAILY, "done")  # the worker must not delete what is measured
    async with running_command("serve", "--with-worker", "--port", str(port), environment=serving) as process:
        await until_ready(f"http://127.0.0.1:{port}")
        await asyncio.sleep(5)
        root = psutil.Process(process.pid)
        resident = sum(each.memory_info().rss for each in (root, *root.children(recursive=True)))
    with redis.Redis.from_url(redis_url) as client:
        used = int(client.info("memory")["used_memory"])
    return {"redis": round(used / MIB, 1), "server_and_worker": round(resident / MIB, 1)}


async def _retention(house: House, environment: dict[str, str]) -> dict[str, object]:
    idle, quiet = house.buyer(), threading.Event()
    quiet.wait(10)
    without = _longest_ms(idle)
    buyer, began = house.buyer(), time.monotonic()
    deleted = json.loads(await _command(environment, "retention", "--json"))
    seconds = round(time.monotonic() - began, 1)
    return {
        "seconds": seconds,
        "ended": {what: count for what, count in deleted.items() if count and what != "dry_run"},
        "purchases_without": without,
        "purchases_during": _longest_ms(buyer),
    }


async def measure(shows: int, orders: int, years: int, directory: Path) -> dict[str, object]:
    with EmbeddedPostgres(directory) as postgres, EmbeddedRedis(directory) as engine:
        schema.upgrade(postgres.url)
        house = House(postgres.url)
        environment = clean_environment(DATABASE_URL=postgres.url, REDIS_URL=engine.url, **KEPT)
        _say(f"selling {orders} orders")
        house.live(shows, orders, begin=years * _YEAR, end=-timedelta(days=20))
        await _command(environment, "recount")
        _say("measuring")
        found: dict[str, object] = {}

        def note(what: str, measured: object) -> None:
            found[what] = measured
            _say(f"{what}: {json.dumps(measured)}")

        note("before", house.sizes())
        note("memory_before", await _memory(environment, engine.url))
        note("retention", await _retention(house, environment))
        note("after", house.sizes())
        note("memory_after", await _memory(environment, engine.url))
        # The house sells another year: it takes the room that retention left.
        house.live(shows // years, orders // years, begin=_YEAR, end=timedelta())
        await _command(environment, "recount")
        note("with_another_year", house.sizes())
        await _command(environment, "retention")
        note("another_year_after_retention", house.sizes())
        found["audit"] = await audit(environment)
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shows", type=int, default=200)
    parser.add_argument("--orders", type=int, default=300_000)
    parser.add_argument("--years", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        found = asyncio.run(measure(arguments.shows, arguments.orders, arguments.years, Path(directory)))
        print(json.dumps(found, indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
