"""How cost grows: with orders in the database, buyers at once, processes, and shows on sale at once.

``uv run python -m tests.load.growth`` measures all four and draws a chart of each into ``docs/growth``; ``--only``
measures some of them. What was measured is kept beside the charts (``growth.json``), so a part can be measured again
alone. Free orders over HTTP; crowd, service and engines share one machine. Not part of the tests.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Final

from tests.load.charts import Curve, chart
from tests.load.generator import Outcome
from tests.load.history import write_history
from tests.load.house import House, OnSale, Served, processors
from tests.load.scenarios import OK, Pace, crowd

FOLDER: Final = Path(__file__).parents[2] / "docs/growth"
BUYERS: Final = 100
Points = list[tuple[int, "Point"]]


@dataclass(frozen=True, slots=True)
class Point:
    """Medians: orders a second, and the time of the answers in milliseconds."""

    per_second: float
    p50_ms: float
    p99_ms: float

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> Point:
        """Raises RuntimeError if an order was refused."""
        for outcome in outcomes:
            if refused := {status: n for status, n in outcome.statuses.items() if status not in OK}:
                raise RuntimeError(f"answers other than success: {refused}")
        return cls(
            per_second=round(median(outcome.per_second for outcome in outcomes)),
            p50_ms=round(median(outcome.quantile_ms(0.5) for outcome in outcomes), 1),
            p99_ms=round(median(outcome.quantile_ms(0.99) for outcome in outcomes), 1),
        )


@dataclass(frozen=True, slots=True)
class Growth:
    """A measurement: ``title`` and ``unit`` stand on its chart, and it goes through these ``sizes``."""

    title: str
    unit: str
    sizes: tuple[int, ...]
    points: Callable[[House, Pace, Sequence[int], int], Iterator[tuple[int, Point]]]


def _crowds(served: Served, on_sale: list[OnSale], pace: Pace, runs: int, buyers: int = BUYERS) -> Point:
    return Point.of([crowd(served, on_sale, pace, buyers=buyers) for _ in range(runs)])


def by_orders(house: House, pace: Pace, sizes: Sequence[int], runs: int) -> Iterator[tuple[int, Point]]:
    """Orders that another show sold before."""
    [hot], [old] = house.put_on_sale(price=0), house.put_on_sale(price=0)
    written = 0
    with house.serving(processes=processors()) as served:
        for size in sizes:
            write_history(house.database_url, old, begin=written, end=size)
            written = size
            yield size, _crowds(served, [hot], pace, runs)


def by_buyers(house: House, pace: Pace, sizes: Sequence[int], runs: int) -> Iterator[tuple[int, Point]]:
    """Buyers who each wait for the answer to one order before they send the next."""
    [hot] = house.put_on_sale(price=0)
    with house.serving(processes=processors()) as served:
        for size in sizes:
            yield size, _crowds(served, [hot], pace, runs, buyers=size)


def by_processes(house: House, pace: Pace, sizes: Sequence[int], runs: int) -> Iterator[tuple[int, Point]]:
    """Processes that serve, whatever the machine has."""
    for size in sizes:
        [hot] = house.put_on_sale(price=0)
        with house.serving(processes=size) as served:
            yield size, _crowds(served, [hot], pace, runs)


def by_shows(house: House, pace: Pace, sizes: Sequence[int], runs: int) -> Iterator[tuple[int, Point]]:
    """Shows whose buyers come at once, in turns."""
    shows = house.put_on_sale(price=0, count=max(sizes))
    with house.serving(processes=processors()) as served:
        for size in sizes:
            yield size, _crowds(served, shows[:size], pace, runs)


GROWTHS: Final[Mapping[str, Growth]] = {
    "orders": Growth(
        "With the orders in the database", "orders sold before", (1_000, 10_000, 100_000, 1_000_000), by_orders
    ),
    "buyers": Growth("With the crowd", "buyers at once", (1, 3, 10, 30, 100, 300), by_buyers),
    "processes": Growth("With the processes", "processes that serve", (1, 2, 3, 4), by_processes),
    "shows": Growth("With the shows", "shows on sale at once", (1, 5, 20, 50, 100, 200, 500), by_shows),
}


def draw(name: str, points: Points, folder: Path) -> None:
    """The chart of what was measured."""
    growth = GROWTHS[name]
    curves = [
        Curve("orders a second", [(size, point.per_second) for size, point in points]),
        Curve("p50, ms", [(size, point.p50_ms) for size, point in points]),
        Curve("p99, ms", [(size, point.p99_ms) for size, point in points]),
    ]
    (folder / f"{name}.svg").write_text(chart(growth.title, growth.unit, curves), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=GROWTHS, default=list(GROWTHS))
    parser.add_argument("--runs", type=int, default=3, help="crowds at each size; the median counts")
    parser.add_argument("--seconds", type=float, default=3, help="how long each crowd buys")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    kept = asked.folder / "growth.json"
    figures: dict[str, dict[str, object]] = json.loads(kept.read_text()) if kept.exists() else {}
    for name in asked.only:
        growth, points = GROWTHS[name], []
        with tempfile.TemporaryDirectory(prefix="piquetickets-load-") as directory, House(Path(directory)) as house:
            for size, point in growth.points(house, Pace(seconds=asked.seconds), growth.sizes, asked.runs):
                points.append((size, point))
                print(f"{name:<10} {size:>9,} {point.per_second:>7,.0f}/s  {point.p50_ms} ms  {point.p99_ms} ms")  # noqa: T201
            if faults := house.audit():
                raise RuntimeError(f"the audit found: {faults}")
        figures[name] = {str(size): asdict(point) for size, point in points}
        kept.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        draw(name, points, asked.folder)


if __name__ == "__main__":
    main()
