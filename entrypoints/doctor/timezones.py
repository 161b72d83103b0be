"""Whether shows are at the moments that today's rules of their time zones give."""

from __future__ import annotations

from entrypoints.container import Container
from entrypoints.doctor.findings import Examination, Finding

#: The number of shows that are named; the command lists all of them.
_NAMED = 5


def of_time_zones(container: Container) -> list[Examination]:
    async def time_zones() -> Finding:
        found = await container.check_timezones()()
        rules = f"rules {found.rules} of the package tzdata"
        if found.outdated:
            titles = ", ".join(f"{each.stored.title} ({each.stored.id})" for each in found.outdated[:_NAMED])
            words = f"{rules}: {len(found.outdated)} of {found.shows} shows were planned by others: {titles}"
            return Finding("time zones", words, "look at `piquetickets timezones check`, then run `timezones apply`")
        if found.unknown:
            names = ", ".join(f"{show.timezone} of {show.title} ({show.id})" for show in found.unknown[:_NAMED])
            fix = "give these shows a time zone of the IANA database, such as Europe/Paris"
            return Finding("time zones", f"{rules}: not one of its names: {names}", fix)
        return Finding("time zones", f"{rules}, which all {found.shows} upcoming shows follow")

    return [Examination("time zones", time_zones, "start the database, or correct DATABASE_URL")]
