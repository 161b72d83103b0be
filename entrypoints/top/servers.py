"""What servers' /metrics say of the time between two readings: requests, their waits, checkouts by outcome."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

PATIENCE_SECONDS: Final = 2.0
_CHECKOUT_ROUTES: Final = ("/api/v1/checkout", "/shows/{show_id}/checkout")
_TAKEN: Final = ("held", "sold", "repeated")

_Sample = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Counts:
    """One reading of all servers, added up. ``away`` are the addresses that did not answer."""

    at: float
    samples: Mapping[_Sample, float] = field(default_factory=dict)
    away: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """The servers between two readings. Rates are per second, waits in seconds: None where no one checked out."""

    answering: int
    away: tuple[str, ...]
    requests: float
    failed: float
    taken: float
    refused: float
    wait_p50: float | None
    wait_p95: float | None
    wait_p99: float | None


async def read_counts(client: aiohttp.ClientSession, addresses: Sequence[str]) -> Counts:
    """Ask all servers at once. Never raises."""
    answers = await asyncio.gather(*(_samples(client, address) for address in addresses))
    added: dict[_Sample, float] = {}
    for samples in answers:
        for sample, value in (samples or {}).items():
            added[sample] = added.get(sample, 0) + value
    away = tuple(address for address, samples in zip(addresses, answers, strict=True) if samples is None)
    return Counts(time.monotonic(), added, away)


async def _samples(client: aiohttp.ClientSession, address: str) -> dict[_Sample, float] | None:
    try:
        async with client.get(address, timeout=aiohttp.ClientTimeout(PATIENCE_SECONDS)) as answer:
            answer.raise_for_status()
            families = list(text_string_to_metric_families(await answer.text()))
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def between(before: Counts, after: Counts, *, addresses: int) -> Servers:
    """What happened from one reading to the next. A server that started again counts from zero."""
    seconds = max(after.at - before.at, 1e-9)
    grown = {sample: value - before.samples.get(sample, 0) for sample, value in after.samples.items()}
    grown = {sample: value if value >= 0 else after.samples[sample] for sample, value in grown.items()}
    checkouts = _by(grown, "piquetickets_checkouts_total", "outcome")
    requests = _by(grown, "piquetickets_http_requests_total", "status")
    waits = _waits(grown)
    return Servers(
        answering=addresses - len(after.away),
        away=after.away,
        requests=sum(requests.values()) / seconds,
        failed=sum(count for status, count in requests.items() if status.startswith("5")) / seconds,
        taken=sum(checkouts.get(outcome, 0) for outcome in _TAKEN) / seconds,
        refused=sum(count for outcome, count in checkouts.items() if outcome not in _TAKEN) / seconds,
        wait_p50=quantile(waits, 0.5),
        wait_p95=quantile(waits, 0.95),
        wait_p99=quantile(waits, 0.99),
    )


def quantile(buckets: Sequence[tuple[float, float]], share: float) -> float | None:
    """The quantile of cumulative buckets (upper bound, count), as Prometheus estimates it; None without a count.

    Beyond the last finite bound it is that bound.
    """
    if not buckets or buckets[-1][1] <= 0:
        return None
    rank = share * buckets[-1][1]
    for (low, below), (high, upto) in pairwise([(0.0, 0.0), *buckets]):
        if upto >= rank and upto > below:
            return low if math.isinf(high) else low + (high - low) * (rank - below) / (upto - below)
    return buckets[-1][0]


def _by(grown: Mapping[_Sample, float], name: str, label: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for (each, labels), value in grown.items():
        if each == name:
            key = dict(labels)[label]
            found[key] = found.get(key, 0) + value
    return found


def _waits(grown: Mapping[_Sample, float]) -> list[tuple[float, float]]:
    """The buckets of all checkouts' waits."""
    found: dict[float, float] = {}
    for labels, value in _of_checkouts(grown):
        bound = float(labels["le"])
        found[bound] = found.get(bound, 0) + value
    return sorted(found.items())


def _of_checkouts(grown: Mapping[_Sample, float]) -> Iterable[tuple[dict[str, str], float]]:
    for (name, listed), value in grown.items():
        if name == "piquetickets_http_request_seconds_bucket":
            labels = dict(listed)
            if labels["method"] == "POST" and labels["route"] in _CHECKOUT_ROUTES:
                yield labels, value
