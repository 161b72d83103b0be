"""Time zones whose rules changed lately; many phones and computers still use the old ones.

Source: the packages tzdata 2023.3 and 2026.6 from PyPI, which are the releases 2023c (28 March 2023) and 2026f of the
IANA time zone database. The list has the zones whose offsets differ between the two from 2026 to 2033, and those that
2023c lacks. Devices get new rules with updates of their system: three years cover nearly all in use.

To renew it after a new release, unpack a tzdata that is three years old and run ``python -m tests.support.changed_zones
DIRECTORY``; a test says when.
"""

from __future__ import annotations

from typing import Final

#: The newest release that the list covers.
CHECKED_UP_TO: Final = "2026f"
CHANGED_LATELY: Final = frozenset(
    {
        "Africa/Casablanca",
        "Africa/El_Aaiun",
        "America/Asuncion",
        "America/Coyhaique",
        "America/Edmonton",
        "America/Havana",
        "America/Inuvik",
        "America/Rainy_River",
        "America/Scoresbysund",
        "America/Vancouver",
        "America/Winnipeg",
        "America/Yellowknife",
        "Antarctica/Casey",
        "Antarctica/Vostok",
        "Asia/Almaty",
        "Asia/Qostanay",
        "Canada/Central",
        "Canada/Mountain",
        "Canada/Pacific",
        "Cuba",
        "Europe/Chisinau",
        "Europe/Tiraspol",
    }
)
