"""``uv run python -m tests.load``: measures everything and prints one table.

All figures of a run come from one machine that generator, server processes and engines share. The quick way to a
number is ``--only hot --runs 1 --seconds 3``; ``--json FILE`` keeps everything, for comparing two commits.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from tests.load import scenarios
from tests.load.house import House, processors
from tests.load.scenarios import Measured, Pace
from tests.load.yardstick import WAYS, Yardstick

Scenario = Callable[[House, Yardstick, Pace], Measured]

SCENARIOS: Mapping[str, tuple[str, Scenario]] = {
    "hot": ("One hot ticket, free orders, 100 buyers", scenarios.hot_ticket),
    "paid": ("The same, paid: holds, Stripe at 25/s", lambda house, _, pace: scenarios.paid_orders(house, pace)),
    "fifty": ("50 tickets of 50 shows, 100 buyers", lambda house, _, pace: scenarios.fifty_shows(house, pace)),
    "house": (
        "Five ticket types in one house, 100 buyers",
        lambda house, _, pace: scenarios.shared_house(house, pace),
    ),
    "office": (
        "One hot ticket of tonight, 100 buyers, 50 offices open on it",
        lambda house, _, pace: scenarios.open_offices(house, pace),
    ),
    "doors": (
        "One hot ticket, 100 buyers, while 50 scanners scan four tickets a second together",
        lambda house, yardstick, pace: scenarios.busy_doors(house, yardstick, pace, scans_per_second=4),
    ),
    "rush": (
        "The same, while each of them scans four tickets a second",
        lambda house, yardstick, pace: scenarios.busy_doors(house, yardstick, pace, scans_per_second=200),
    ),
    "completions": (
        "Paid webhooks of one hot show",
        lambda house, yardstick, _: scenarios.completions(house, yardstick),
    ),
    "one": ("One buyer alone", lambda house, _, pace: scenarios.one_buyer(house, pace)),
    "pages": ("Show page reads, 100 readers", lambda house, _, pace: scenarios.show_pages(house, pace)),
    "capacity": (
        "The largest crowd that is served without a refusal",
        lambda house, _, pace: scenarios.capacity(house, pace, [100, 200, 400, 800, 1600]),
    ),
    "memory": ("Memory over 10,000 orders", lambda house, _, __: scenarios.memory_growth(house)),
    "history": (
        "Orders already in the database",
        lambda house, _, pace: scenarios.with_history(house, pace, [100_000, 1_000_000]),
    ),
}

#: The targets: figure, at least or at most, bound.
TARGETS: Mapping[str, tuple[tuple[str, str, float], ...]] = {
    "hot": (("ratio", ">=", 1.0), ("p99/p50", "<=", 4)),
    "paid": (("ratio", ">=", 0.7),),
    "fifty": (("ratio", ">=", 0.7),),
    "house": (("ratio", ">=", 0.9),),
    "office": (("ratio", ">=", 0.95),),
    "doors": (("ratio", ">=", 0.9),),
    "completions": (("ratio", ">=", 0.4),),
    "one": (("difference ms", "<=", 6),),
    "pages": (("ratio", ">=", 0.7),),
    "capacity": (("buyers at once", ">=", 100),),
    "memory": (("growth MB", "<=", 10),),
    "history": (("ratio at 100,000", ">=", 0.9), ("ratio at 1,000,000", ">=", 0.9)),
}
#: Scenarios that take too long, or influence each other too much, to be repeated.
ONCE = frozenset({"memory", "history", "capacity"})


def measure(name: str, house: House, yardstick: Yardstick, pace: Pace, runs: int) -> dict[str, Any]:
    """A scenario, run ``runs`` times: each figure's median and range, and the errors of any run."""
    _, scenario = SCENARIOS[name]
    measured = [scenario(house, yardstick, pace) for _ in range(1 if name in ONCE else runs)]
    faults = [fault for each in measured for fault in each.faults] + house.audit()
    figures = {
        figure: {
            "median": median(values := [each.figures[figure] for each in measured]),
            "min": min(values),
            "max": max(values),
        }
        for figure in measured[0].figures
    }
    return {"figures": figures, "faults": faults}


def table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """A line for each figure: median, range, and its target where it has one."""
    lines = []
    for name, result in results.items():
        lines.append(SCENARIOS[name][0] if name in SCENARIOS else name)
        targets = {figure: (kind, bound) for figure, kind, bound in TARGETS.get(name, ())}
        for figure, values in result["figures"].items():
            verdict = ""
            if figure in targets:
                kind, bound = targets[figure]
                reached = values["median"] >= bound if kind == ">=" else values["median"] <= bound
                verdict = f"{kind} {bound:g}: {'reached' if reached else 'NOT REACHED'}"
            spread = f"{_number(values['min'])} – {_number(values['max'])}" if values["min"] != values["max"] else ""
            lines.append(f"  {figure:<26} {_number(values['median']):>10}   {spread:<20} {verdict}".rstrip())
        lines += [f"  WRONG: {fault}" for fault in result["faults"]]
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


def _commit() -> str:
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or "unknown"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--runs", type=int, default=3, help="how often each is measured; the median counts")
    parser.add_argument("--seconds", type=float, default=5, help="how long each crowd buys")
    parser.add_argument("--json", type=Path, help="write everything here, too")
    asked = parser.parse_args()
    pace = Pace(seconds=asked.seconds)
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="piquetickets-load-") as directory, House(Path(directory)) as house:
        yardstick = Yardstick(house.postgres)
        yard = {way: yardstick.orders_per_second(way, seconds=int(asked.seconds)) for way in WAYS}
        results["pgbench on this machine, orders/s"] = {
            "figures": {f"({way})": {"median": value, "min": value, "max": value} for way, value in yard.items()},
            "faults": [],
        }
        for name in asked.only:
            results[name] = measure(name, house, yardstick, pace, asked.runs)
            sys.stderr.write(table({name: results[name]}) + "\n")
    sys.stdout.write(table(results) + "\n")
    if asked.json:
        machine = {"processors": processors(), "python": platform.python_version(), "system": platform.platform()}
        asked.json.write_text(json.dumps({"commit": _commit(), "machine": machine, "results": results}, indent=1))
    if any(result["faults"] for result in results.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
