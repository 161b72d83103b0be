"""Compares what slipcover measured with what must be covered: lines and branches together, in per cent."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import slipcover

#: What, at least how much of it, and its files.
GATES: Final = (
    (
        "checkout use cases and handlers",
        95,
        (
            "application/checkout/checkout.py",
            "application/checkout/place_orders.py",
            "application/checkout/quote.py",
            "application/checkout/ticket_locks.py",
            "application/concurrency/group_commit.py",
            "application/payments/completion.py",
            "application/payments/order_payments.py",
            "application/payments/release.py",
            "entrypoints/http/*",
            "entrypoints/server/*",
        ),
    ),
    (
        "validation",
        100,
        ("domain/cart.py", "domain/customer.py", "domain/money.py", "domain/pricing.py", "domain/promotions.py"),
    ),
    ("models", 85, ("domain/*", "adapters/postgres/*")),
    ("overall", 90, ("*",)),
)


def summary_of(files: Mapping[str, Any]) -> dict[str, float]:
    """What slipcover sums up, of some of its files only."""
    counts = ("covered_lines", "covered_branches", "missing_lines", "missing_branches")
    summary: dict[str, float] = {count: sum(found["summary"][count] for found in files.values()) for count in counts}
    ran = summary["covered_lines"] + summary["covered_branches"]
    return summary | {"percent_covered": 100 * ran / sum(summary.values())}


def main(measured: Path) -> int:
    """Report each gate with its files that miss something. 1 if a gate is not reached."""
    coverage: dict[str, Any] = json.loads(measured.read_text())
    failed = False
    for what, least, patterns in GATES:
        files = {
            name: found
            for name, found in coverage["files"].items()
            if any(fnmatch(name, pattern) for pattern in patterns)
        }
        summary = summary_of(files)
        is_reached = summary["percent_covered"] >= least
        sys.stdout.write(f"-- {what}: {summary['percent_covered']:.2f} %, at least {least} %\n")
        if what != "overall" or not is_reached:
            slipcover.print_coverage(
                {**coverage, "files": files, "summary": summary}, outfile=sys.stdout, skip_covered=True
            )
        failed |= not is_reached
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
