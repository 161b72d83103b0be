"""The scenarios. Figures are per second, milliseconds, megabytes or ratios, as their names say."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from statistics import median
from typing import Any, Final
from urllib.parse import urlsplit

from stripe import WebhookSignature

from tests.load.doors import Doors, check_in, quantile_ms, tickets_at, token_of
from tests.load.generator import Job, Outcome, http_request, run
from tests.load.history import write_history
from tests.load.house import WEBHOOK_SECRET, House, OnSale, Served, processors, python_module, running
from tests.load.offices import Offices, sign_in
from tests.load.yardstick import Yardstick
from tests.support.processes import command
from tests.support.server import free_port

BUYERS: Final = 100
#: Stripe allows 25 requests a second on an endpoint.
STRIPE_RATE: Final = 25
OK: Final = frozenset({200, 201})

_keys = count()


@dataclass(slots=True)
class Measured:
    """Figures by name, and the errors."""

    figures: dict[str, float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def note(self, outcome: Outcome) -> None:
        refused = {status: number for status, number in outcome.statuses.items() if status not in OK}
        if refused:
            self.faults.append(f"answers other than success: {refused}")


@dataclass(frozen=True, slots=True)
class Pace:
    """How long each measurement runs."""

    seconds: float
    warm_up_seconds: float = 1.0


def crowd(served: Served, on_sale: list[OnSale], pace: Pace, *, buyers: int = BUYERS, fastest: int = 12_000) -> Outcome:
    """Run a crowd in which each buyer checks out as soon as the last order is answered; each order is of one ticket,
    shows take turns.

    ``fastest`` orders a second are prepared for: enough that no request is ever sent twice.
    """
    key = f"load-{next(_keys)}"

    def orders(wanted: int, begin: int) -> list[bytes]:
        return [on_sale[n % len(on_sale)].checkout(n, key=key) for n in range(begin, begin + wanted)]

    warm_up = max(int(pace.warm_up_seconds * 1000), buyers)
    run(Job(port=served.port, buyers=buyers, requests=orders(warm_up, 0)))
    requests = orders(int(pace.seconds * fastest), warm_up)
    return run(Job(port=served.port, buyers=buyers, requests=requests, seconds=pace.seconds))


def between(measured: Callable[[], Outcome], other: Callable[[], Outcome]) -> tuple[Outcome, float]:
    """An outcome, and what another one achieves a second, as the mean of before and after: machines get slower while
    they are busy, and faster again.
    """
    before, outcome, after = other(), measured(), other()
    return outcome, (before.per_second + after.per_second) / 2


def hot_ticket(house: House, yardstick: Yardstick, pace: Pace) -> Measured:
    """Free orders of one ticket, and pgbench before and after on the same server."""
    measured = Measured()
    [hot] = house.put_on_sale(price=0)
    before = yardstick.orders_per_second("b", seconds=int(pace.seconds))
    with house.serving(processes=processors()) as served:
        outcome = crowd(served, [hot], pace)
        measured.note(outcome)
        locks, transactions = served.get("/metrics"), served.get("/metrics")
    after = yardstick.orders_per_second("b", seconds=int(pace.seconds))
    measured.figures = {
        "orders/s": outcome.per_second,
        "pgbench (b)/s": (before + after) / 2,
        "ratio": outcome.per_second / ((before + after) / 2),
        "p50 ms": outcome.quantile_ms(0.5),
        "p95 ms": outcome.quantile_ms(0.95),
        "p99 ms": outcome.quantile_ms(0.99),
        "p99/p50": outcome.quantile_ms(0.99) / outcome.quantile_ms(0.5),
        "lock wait p95 ms": histogram_quantile(locks, "piquetickets_lock_wait_seconds", 0.95) * 1000,
        "transaction p95 ms": histogram_quantile(transactions, "piquetickets_database_transaction_seconds", 0.95)
        * 1000,
        "generator µs/order": outcome.cpu_seconds / len(outcome.latencies) * 1e6,
    }
    return measured


def paid_orders(house: House, pace: Pace) -> Measured:
    """Holds of one ticket while the sandbox takes 25 calls a second, relative to free orders on the same processes."""
    measured = Measured()
    [free], [paid] = house.put_on_sale(price=0), house.put_on_sale(price=2500)
    with (
        sandbox(house, "--rate-per-second", str(STRIPE_RATE)) as stripe,
        house.serving(
            processes=processors(), STRIPE_API_BASE=stripe.url, STRIPE_RATE_PER_SECOND=str(STRIPE_RATE)
        ) as served,
    ):
        paid_outcome, free_per_second = between(
            lambda: crowd(served, [paid], pace), lambda: crowd(served, [free], pace)
        )
    measured.note(paid_outcome)
    measured.figures = {
        "holds/s": paid_outcome.per_second,
        "free orders/s": free_per_second,
        "ratio": paid_outcome.per_second / free_per_second,
    }
    return measured


def completions(house: House, yardstick: Yardstick, *, orders: int = 2000, warm_up: int = 500) -> Measured:
    """Paid webhooks of one hot show, relative to pgbench (b) before and after. Each is verified, Stripe's SDK fetches
    its session from the sandbox, and its order is completed with attendees and tasks, before it is answered. (The
    sandbox keeps 2,000 events.)
    """
    measured = Measured()
    [paid] = house.put_on_sale(price=2500)
    before = yardstick.orders_per_second("b", seconds=5)
    with (
        sandbox(house) as stripe,
        house.serving(processes=processors(), STRIPE_API_BASE=stripe.url, STRIPE_RATE_PER_SECOND="10000") as served,
    ):
        measured.note(_tell(served, _sell(served, stripe, paid, warm_up)))
        outcome = _tell(served, _sell(served, stripe, paid, orders))
    measured.note(outcome)
    measured.faults += house.not_completed(paid, warm_up + orders)
    after = yardstick.orders_per_second("b", seconds=5)
    measured.figures = {
        "completions/s": outcome.per_second,
        "pgbench (b)/s": (before + after) / 2,
        "ratio": outcome.per_second / ((before + after) / 2),
    }
    return measured


def _sell(served: Served, stripe: Served, paid: OnSale, orders: int) -> list[Mapping[str, object]]:
    """Place and pay ``orders`` orders. Returns the events that Stripe would send."""
    key = f"load-{next(_keys)}"
    requests = [paid.checkout(n, key=key) for n in range(orders)]
    placed = run(Job(port=served.port, buyers=20, requests=requests, keep_answers=True))
    pages = [urlsplit(json.loads(answer)["checkout_url"]) for answer in placed.answers.values()]
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    pay = [http_request("POST", page.path, b"outcome=paid", **form) for page in pages if page.port == stripe.port]
    run(Job(port=stripe.port, buyers=20, requests=pay))
    newest_first = json.loads(stripe.get("/_sandbox/events?type=checkout.session.completed"))["data"]
    told: list[Mapping[str, object]] = newest_first[: len(pay)]
    return told


def _tell(served: Served, events: Sequence[Mapping[str, object]]) -> Outcome:
    return run(Job(port=served.port, buyers=BUYERS, requests=[_webhook(event) for event in events]))


def _webhook(event: Mapping[str, object]) -> bytes:
    body = json.dumps(event).encode()
    signature = WebhookSignature.generate_signature_header(body.decode(), WEBHOOK_SECRET)
    return http_request("POST", "/api/v1/webhooks/stripe", body, Stripe_Signature=signature)


def fifty_shows(house: House, pace: Pace) -> Measured:
    """50 tickets of 50 shows, relative to one."""
    measured = Measured()
    [hot], fifty = house.put_on_sale(price=0), house.put_on_sale(price=0, count=50)
    with house.serving(processes=processors()) as served:
        many, one_per_second = between(lambda: crowd(served, fifty, pace), lambda: crowd(served, [hot], pace))
    measured.note(many)
    measured.figures = {
        "orders/s": many.per_second,
        "hot/s": one_per_second,
        "ratio": many.per_second / one_per_second,
    }
    return measured


def open_offices(house: House, pace: Pace, *, count: int = 50, rounds: int = 2) -> Measured:
    """Free orders of one ticket of a show tonight while offices of its producer are open on it, relative to none."""
    measured = Measured()
    tonight = datetime.now(UTC) + timedelta(hours=1)
    times: Any = {"door_time": tonight, "start_time": tonight, "end_time": tonight + timedelta(hours=3)}
    [hot] = house.put_on_sale(price=0, **times)
    secrets = asyncio.run(sign_in(house.database_url, hot.producer.id, count))
    asked: list[Offices] = []

    def with_offices() -> Outcome:
        with Offices(served.url, secrets) as offices:
            asked.append(offices)
            return crowd(served, [hot], pace)

    ratios, rates = [], []
    with house.serving(processes=processors()) as served:
        for _ in range(rounds):
            outcome, alone_per_second = between(with_offices, lambda: crowd(served, [hot], pace))
            measured.note(outcome)
            ratios.append(outcome.per_second / alone_per_second)
            rates.append(outcome.per_second)
    strange = sum((offices.statuses for offices in asked), Counter[int]()) - Counter({200: 10**9, 304: 10**9})
    if strange:
        measured.faults.append(f"answers to offices: {dict(strange)}")
    latencies = sorted(latency for offices in asked for latency in offices.latencies)
    measured.figures = {
        "orders/s": median(rates),
        "ratio": median(ratios),
        "answers to offices": float(len(latencies)),
        "office p95 ms": latencies[int(len(latencies) * 0.95)] * 1000,
    }
    return measured


def busy_doors(
    house: House, yardstick: Yardstick, pace: Pace, *, scans_per_second: float, count: int = 50, rounds: int = 2
) -> Measured:
    """Free orders of one ticket while 50 scanners let people in to another show of its producer, so many scans a second
    all together, relative to no scanners; and check-ins without a pause, relative to pgbench (b).
    """
    measured = Measured()
    [hot] = house.put_on_sale(price=0)
    secret = asyncio.run(token_of(house.database_url, hot.producer.id))
    outcomes: list[tuple[Outcome, Outcome, float, Doors]] = []
    paced = int(scans_per_second * (pace.seconds + pace.warm_up_seconds + 3) + count)
    at_once = int(pace.seconds * 1000)
    with house.serving(processes=processors()) as served:
        show, codes = tickets_at(served.url, secret, paced * rounds + at_once)
        waiting = iter(codes)
        for _ in range(rounds):
            alone = crowd(served, [hot], pace)
            of_one = scans_per_second / count
            with Doors(served.url, secret, show, waiting, count=count, scans_per_second=of_one, scans=paced) as doors:
                beside = crowd(served, [hot], pace)
            after = crowd(served, [hot], pace)
            measured.note(beside)
            outcomes.append((beside, alone, (alone.per_second + after.per_second) / 2, doors))
        before = yardstick.orders_per_second("b", seconds=int(pace.seconds))
        requests = [check_in(secret, show, code) for code in waiting]
        door = run(Job(port=served.port, buyers=count, requests=requests))
        measured.note(door)
        pgbench = (before + yardstick.orders_per_second("b", seconds=int(pace.seconds))) / 2
    scanned = [doors.outcome for _, _, _, doors in outcomes]
    for each in scanned:
        if set(each.results) != {"admitted"} or set(each.statuses) - {200, 304}:
            measured.faults.append(f"answers at the doors: {each.results}, {each.statuses}")
    measured.figures = {
        "orders/s": median(beside.per_second for beside, _, _, _ in outcomes),
        "ratio": median(beside.per_second / rate for beside, _, rate, _ in outcomes),
        "checkout p99 ms": median(beside.quantile_ms(0.99) for beside, _, _, _ in outcomes),
        "checkout p99 ms alone": median(alone.quantile_ms(0.99) for _, alone, _, _ in outcomes),
        "scans": float(sum(len(each.latencies) for each in scanned)),
        "check-in p50 ms": median(quantile_ms(each.latencies, 0.5) for each in scanned),
        "check-in p99 ms": median(quantile_ms(each.latencies, 0.99) for each in scanned),
        "scanners' processor time": sum(each.cpu_seconds for each in scanned) / len(scanned),
        "check-ins/s": door.per_second,
        "pgbench (b)/s": pgbench,
        "check-ins to pgbench": door.per_second / pgbench,
    }
    return measured


def shared_house(house: House, pace: Pace, *, kinds: int = 5) -> Measured:
    """Free orders of ``kinds`` ticket types that share one capacity, relative to one type with a quantity."""
    measured = Measured()
    [hot], shared = house.put_on_sale(price=0), house.put_house_on_sale(kinds=kinds)
    with house.serving(processes=processors()) as served:
        several, one_per_second = between(lambda: crowd(served, shared, pace), lambda: crowd(served, [hot], pace))
    measured.note(several)
    measured.figures = {
        "orders/s": several.per_second,
        "hot/s": one_per_second,
        "ratio": several.per_second / one_per_second,
        "p99 ms": several.quantile_ms(0.99),
    }
    return measured


def one_buyer(house: House, pace: Pace) -> Measured:
    """One buyer alone, relative to the same handler on the memory fakes."""
    measured = Measured()
    [hot] = house.put_on_sale(price=0)
    with house.serving(processes=processors()) as served:
        real = crowd(served, [hot], pace, buyers=1, fastest=2000)
    port = free_port()
    with running(
        python_module("tests.load.bare_app", "memory", "--port", str(port)), house.environment(), port
    ) as fake:
        shows = json.loads(fake.get("/api/v1/shows"))["items"]
        body = {
            "show_id": shows[0]["id"],
            "customer": {"name": "Ada Lovelace", "email": "ada@example.org"},
            "tickets": [{"ticket_id": shows[0]["tickets"][0]["id"], "quantity": 1}],
        }
        request = http_request("POST", "/api/v1/checkout", json.dumps(body).encode())
        # Few orders: the fake looks through all of them for each.
        bare = run(Job(port=port, buyers=1, requests=[request] * 500))
    for outcome in (real, bare):
        measured.note(outcome)
    measured.figures = {
        "p50 ms": real.quantile_ms(0.5),
        "p99 ms": real.quantile_ms(0.99),
        "without database p50 ms": bare.quantile_ms(0.5),
        "difference ms": real.quantile_ms(0.5) - bare.quantile_ms(0.5),
    }
    return measured


def show_pages(house: House, pace: Pace) -> Measured:
    """Reads of a show's page and of its JSON, relative to an empty Litestar handler served the same way."""
    measured = Measured()
    [hot] = house.put_on_sale(price=0)
    with house.serving(processes=1) as served:
        page = read(served, f"/shows/{hot.show.id}", pace)
        api = read(served, f"/api/v1/shows/{hot.show.id}", pace)
    port = free_port()
    with running(python_module("tests.load.bare_app", "empty", "--port", str(port)), house.environment(), port) as bare:
        empty = read(bare, "/empty", pace)
    for outcome in (page, api, empty):
        measured.note(outcome)
    measured.figures = {
        "pages/s": page.per_second,
        "JSON/s": api.per_second,
        "empty handler/s": empty.per_second,
        "ratio": page.per_second / empty.per_second,
        "JSON ratio": api.per_second / empty.per_second,
    }
    return measured


def read(served: Served, path: str, pace: Pace) -> Outcome:
    """Read the same page with all buyers, compressed as for every browser."""
    request = [http_request("GET", path, Accept_Encoding="gzip, deflate, br")]
    run(Job(port=served.port, buyers=BUYERS, requests=request, seconds=pace.warm_up_seconds))
    return run(Job(port=served.port, buyers=BUYERS, requests=request, seconds=pace.seconds))


def memory_growth(house: House, *, orders: int = 10_000) -> Measured:
    """The growth of the server processes' unshared memory after that many more orders."""
    measured = Measured()
    [hot] = house.put_on_sale(price=0)
    with house.serving(processes=processors()) as served:
        key = f"load-{next(_keys)}"
        requests = [hot.checkout(n, key=key) for n in range(3 * orders)]
        run(Job(port=served.port, buyers=BUYERS, requests=requests[: 2 * orders]))
        before = served.memory_bytes()
        measured.note(run(Job(port=served.port, buyers=BUYERS, requests=requests[2 * orders :])))
        growth = served.memory_bytes() - before
    measured.figures = {"growth MB": growth / 1e6, "before MB": before / 1e6}
    return measured


def with_history(house: House, pace: Pace, sizes: list[int]) -> Measured:
    """Orders a second with many orders already in the database, relative to nearly none; medians of three crowds."""
    measured = Measured()
    [hot], [old] = house.put_on_sale(price=0), house.put_on_sale(price=0)
    with house.serving(processes=processors()) as served:

        def orders_per_second() -> float:
            outcomes = [crowd(served, [hot], pace) for _ in range(3)]
            for outcome in outcomes:
                measured.note(outcome)
            return median(outcome.per_second for outcome in outcomes)

        measured.figures["orders/s"] = empty = orders_per_second()
        written = 0
        for size in sizes:
            write_history(house.database_url, old, begin=written, end=size)
            written = size
            measured.figures[f"orders/s at {size:,}"] = loaded = orders_per_second()
            measured.figures[f"ratio at {size:,}"] = loaded / empty
    return measured


def capacity(house: House, pace: Pace, crowds: list[int]) -> Measured:
    """The largest crowd on one hot ticket that is served completely, and its p99."""
    measured = Measured()
    [hot] = house.put_on_sale(price=0)
    with house.serving(processes=processors()) as served:
        for buyers in crowds:
            outcome = crowd(served, [hot], pace, buyers=buyers)
            if any(status not in OK for status in outcome.statuses):
                break
            measured.figures["buyers at once"] = buyers
            measured.figures["p99 ms"] = outcome.quantile_ms(0.99)
    return measured


@contextmanager
def sandbox(house: House, *options: str) -> Iterator[Served]:
    """``piquetickets sandbox stripe``, which sends no webhooks automatically."""
    port = free_port()
    arguments = command("sandbox", "stripe", "--port", str(port), "--webhook-secret", WEBHOOK_SECRET, *options)
    with running(arguments, house.environment(), port, answers_at="/_sandbox") as served:
        yield served


def histogram_quantile(exposition: bytes, name: str, share: float) -> float:
    """The upper bound of the bucket that ``share`` of all observations are within: "at most this many seconds"."""
    buckets: dict[float, float] = {}
    for bound, value in re.findall(
        rf'^{name}_bucket{{[^}}]*le="([^"]+)"[^}}]*}} (\S+)$', exposition.decode(), re.MULTILINE
    ):
        buckets[float(bound)] = buckets.get(float(bound), 0) + float(value)
    total = max(buckets.values(), default=0)
    return next((bound for bound in sorted(buckets) if buckets[bound] >= share * total), float("inf"))
