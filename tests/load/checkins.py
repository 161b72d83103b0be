"""The waiting time at a door: codes as they are, and as scanners on other keyboard layouts type them.

``uv run python -m tests.load.checkins --tickets 600`` starts a server, gives that many tickets away, and checks them in
one after the other over one connection: by turns unchanged, as a US-set scanner types them into a German computer, with
letters mistaken for digits, and codes that are not a ticket. It prints one JSON object: the median and the slowest
twentieth of each kind, in milliseconds. Not part of the tests.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import tempfile
import time
from base64 import b32encode
from collections.abc import Callable, Mapping
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final
from urllib.parse import urlsplit

from tests.support.processes import Finished, run, running_command, until_ready
from tests.support.server import free_port

TICKETS_OF_AN_ORDER: Final = 10
_GERMAN: Final = str.maketrans("YZ", "ZY")
_MISTAKEN: Final = str.maketrans("OB", "08")

#: The text that the scanner sends for a ticket's code.
KINDS: Final[Mapping[str, Callable[[str], str]]] = {
    "as it is": lambda code: code,
    "German keyboard": lambda code: code.translate(_GERMAN),
    "mistaken letters": lambda code: code.translate(_MISTAKEN),
    "no ticket": lambda _: b32encode(secrets.token_bytes(15)).decode(),
}


class Api:
    """One connection to the producer API, kept open."""

    def __init__(self, url: str, token: str) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body)
        self._connection.request(method, f"/api/v1/producer{path}", content, self._headers)
        answer = self._connection.getresponse()
        read = json.loads(answer.read())
        if answer.status >= 400:
            raise SystemExit(f"{method} {path}: {answer.status} {read}")
        return read


def give_away(api: Api, tickets: int) -> tuple[str, list[str]]:
    """A new show, and the codes of that many tickets to it."""
    day = {
        name: f"2050-06-01T{hour}:00:00Z" for name, hour in (("door_time", 18), ("start_time", 19), ("end_time", 22))
    }
    show = api("POST", "/shows", {"title": "Check-ins", "timezone": "UTC", **day})["id"]
    ticket = api("POST", f"/shows/{show}/tickets", {"name": "Stalls", "price": "0.00", "quantity": tickets})["id"]
    order = {
        "payment": "comp",
        "customer": {"name": "Ada Lovelace", "email": "ada@example.org"},
        "tickets": [{"ticket_id": ticket, "quantity": TICKETS_OF_AN_ORDER}],
    }
    for _ in range(tickets // TICKETS_OF_AN_ORDER):
        api("POST", f"/shows/{show}/orders", order)
    codes: list[str] = []
    cursor = ""
    while True:
        page = api("GET", f"/shows/{show}/attendees?limit=100{cursor}")
        codes += [item["code"] for item in page["items"]]
        if not page["next_cursor"]:
            return show, codes
        cursor = f"&cursor={page['next_cursor']}"


def measure(api: Api, show: str, codes: list[str], kinds: list[str]) -> dict[str, dict[str, float]]:
    """Milliseconds by kind. The kinds take turns, so they all meet the same conditions."""
    taken: dict[str, list[float]] = {kind: [] for kind in kinds}
    results: dict[str, set[str]] = {kind: set() for kind in kinds}
    for number, code in enumerate(codes):
        kind = kinds[number % len(kinds)]
        body = {"code": KINDS[kind](code), "show_id": show, "device_id": "load"}
        started = time.perf_counter()
        answer = api("POST", "/checkin", body)
        taken[kind].append((time.perf_counter() - started) * 1000)
        results[kind].add(answer["result"])
    for kind, seen in results.items():
        if seen != {"unknown" if kind == "no ticket" else "admitted"}:
            raise SystemExit(f"{kind}: answered {sorted(seen)}")
    return {kind: {"p50": round(median(of), 2), "p95": round(quantiles(of, n=20)[-1], 2)} for kind, of in taken.items()}


async def measured(folder: Path, tickets: int, kinds: list[str]) -> dict[str, dict[str, float]]:
    """The kinds' figures at a separate server, without a worker."""
    place, port = ("--data-dir", str(folder)), str(free_port())
    async with running_command("serve", "--port", port, *place, environment={"LOG_LEVEL": "ERROR"}):
        await until_ready(f"http://127.0.0.1:{port}")
        names = ("--name", "Globe", "--email", "office@globe.example")
        producer = _last_word(await run("producer", "create", *names, *place))
        token = _last_word(
            await run("token", "create", "--producer", producer, "--scopes", "catalog,orders,checkin", *place)
        )
        api = Api(f"http://127.0.0.1:{port}", token)
        show, codes = await asyncio.to_thread(give_away, api, tickets)
        return await asyncio.to_thread(measure, api, show, codes, kinds)


def _last_word(finished: Finished) -> str:
    if finished.code:
        raise SystemExit(finished.err)
    return finished.out.split()[-1]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=600)
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measured(Path(folder) / "data", arguments.tickets, arguments.kinds))
    print(json.dumps(figures, indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
