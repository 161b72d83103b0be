"""Renews adapters/icalendar/changed_zones.py: ``python -m tests.support.changed_zones DIRECTORY``.

DIRECTORY holds an older package, as from ``pip download --no-deps tzdata==2023.3`` and ``python -m zipfile -e``.
Prints the names of the zones that differ.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from domain.timezones import NAMES, zone_of

#: Shows are planned some years ahead at most. Half a day is shorter than any zone keeps an offset.
FIRST: Final = datetime(2026, 1, 1, tzinfo=UTC)
YEARS: Final = 8
STEP: Final = timedelta(hours=12)


def changed_since(directory: Path) -> list[str]:
    """The zones whose offsets differ from those by the rules in ``directory``, and those that are missing there."""
    return [name for name in sorted(NAMES) if _differs(directory / "tzdata" / "zoneinfo" / name, name)]


def _differs(file: Path, name: str) -> bool:
    if not file.is_file():
        return True
    if file.read_bytes() == files("tzdata").joinpath("zoneinfo", name).read_bytes():
        return False
    with file.open("rb") as rules:
        before, now = ZoneInfo.from_file(rules, key=name), zone_of(name)
    moments = (FIRST + count * STEP for count in range(YEARS * 365 * 2))
    return any(each.astimezone(before).utcoffset() != each.astimezone(now).utcoffset() for each in moments)


if __name__ == "__main__":
    print("\n".join(changed_since(Path(sys.argv[1]))))  # noqa: T201  # a program for people
