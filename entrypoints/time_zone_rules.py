"""The start-up check of time zone rules."""

from __future__ import annotations

import logging

from application.catalog.timezones import CheckTimezones

log = logging.getLogger(__name__)


async def warn_of_outdated_shows(check_timezones: CheckTimezones) -> None:
    """Log a warning if shows were planned by other rules than those in force. Raises nothing: sales go on."""
    try:
        found = await check_timezones()
    except Exception as error:  # noqa: BLE001  # a database that is away, or not migrated yet, stops no process
        log.warning("Could not check whether shows follow the time zone rules: %s", error)
        return
    if found.outdated:
        log.warning(
            "%d of %d upcoming shows are at other moments by the time zone rules %s, such as %s (%s). See "
            "`piquetickets timezones check`, and fix them with `piquetickets timezones apply`",
            len(found.outdated),
            found.shows,
            found.rules,
            found.outdated[0].stored.title,
            found.outdated[0].stored.id,
        )
