"""SalesReader in PostgreSQL: sums that the database makes, of one moment, for any number of orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.report import MEMORY, takings_of
from adapters.postgres.returns import IS_TOUCHED, touched
from adapters.postgres.rows import venue_clock_of
from adapters.postgres.snapshot import snapshot
from adapters.postgres.tables import producers, shows
from adapters.postgres.takings import (
    COUNTED,
    KEYS,
    SUMS,
    Changes,
    kept,
    kept_of,
    moved,
    unsummed,
    unsummed_changes,
)
from domain import money
from domain.report import Takings
from domain.sales_report import Channel, ReportedShow, SalesCell, SalesFilter, SalesReport
from domain.timezones import days, zone_of

#: No zone is further from UTC, on either side.
_MARGIN: Final = timedelta(days=2)
#: Orders are from these years.
_EARLIEST: Final = date(1970, 1, 1)
_LATEST: Final = date(9000, 1, 1)
_ROWS: Final = 500

_OF_COMPUTED: Final = "o.show_id = ANY(:computed)"
_IN_WINDOW: Final = "{at} >= :begin AND {at} < :end"
_COMPUTED: Final = moved(
    f"{_OF_COMPUTED} AND {_IN_WINDOW.format(at='o.completed_at')}",
    changed=f"{_OF_COMPUTED} AND {IS_TOUCHED}",
    before=f"{touched(_IN_WINDOW)},",
)
_COLUMNS: Final = ", ".join((*KEYS, *COUNTED))
_KEPT: Final = kept(_IN_WINDOW.format(at="at"))


def _all_takings(*, computed: bool) -> str:
    """``all_takings``: what is kept, and what is computed from the orders of shows that are not counted yet."""
    if not computed:
        return f"all_takings AS ({_KEPT})"
    return f"""{_COMPUTED}, all_takings AS (
        {_KEPT}
        UNION ALL
        SELECT {_COLUMNS} FROM moved WHERE {_IN_WINDOW.format(at="at")}
    )"""  # noqa: S608  # nothing in it comes from outside


def _dated(*, computed: bool) -> str:
    return f"""
    WITH {_all_takings(computed=computed)}, dated AS (
        SELECT s.*, t.name AS ticket, promo_code AS code,
               (CAST(:days AS date[]))[width_bucket(s.at, CAST(:begins AS timestamptz[]))] AS day
        FROM all_takings s JOIN tickets t ON t.id = s.ticket_id
    )
"""  # noqa: S608


_IN_PERIOD = "day BETWEEN coalesce(CAST(:first AS date), day) AND coalesce(CAST(:last AS date), day)"
_KEYS: Final = ("show_id", "ticket", "day", "payment", "channel", "code")
# Each statement twice: without shows whose takings are computed, and with some (True).
_REPORT: Final = {
    computed: sa.text(
        f"""
        {_dated(computed=computed)}
        SELECT grouping({", ".join(_KEYS)}) AS level, {", ".join(_KEYS)}, {SUMS}
        FROM dated WHERE {_IN_PERIOD}
        GROUP BY GROUPING SETS ({", ".join(f"({key})" for key in _KEYS)}, ())
        HAVING sum(lines) > 0
        """  # noqa: S608
    )
    for computed in (False, True)
}
#: What ``grouping`` says of the rows of each key: a bit for each one that is not theirs.
_LEVELS: Final = {(1 << len(_KEYS)) - 1 - (1 << place): key for place, key in enumerate(reversed(_KEYS))}
_CELLS: Final = {
    computed: sa.text(
        f"""
        {_dated(computed=computed)}
        SELECT {", ".join(_KEYS)}, {SUMS}
        FROM dated WHERE {_IN_PERIOD}
        GROUP BY {", ".join(_KEYS)}
        HAVING sum(lines) > 0
        ORDER BY day, array_position(CAST(:show_ids AS uuid[]), show_id), ticket COLLATE "C", payment COLLATE "C",
                 channel COLLATE "C", code COLLATE "C"
        """  # noqa: S608
    )
    for computed in (False, True)
}
_SPAN: Final = {
    computed: sa.text(f"WITH {_all_takings(computed=computed)} SELECT min(at), max(at) FROM all_takings")  # noqa: S608
    for computed in (False, True)
}
_CURRENCY = sa.select(producers.c.currency).where(producers.c.id == sa.bindparam("producer_id"))


class PostgresSalesReader:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def report(self, producer_id: UUID, only: SalesFilter) -> SalesReport:
        sums = _Sums()
        async with snapshot(self._engine) as connection:
            await connection.execute(MEMORY)
            code = await connection.scalar(_CURRENCY, {"producer_id": producer_id})
            reported = await _shows(connection, producer_id, only)
            changes = await unsummed_changes(connection)
            for zone, of_zone in _by_zone(reported).items():
                asked = await _asked(connection, zone, of_zone, only, changes)
                if asked:
                    for row in (await connection.execute(_REPORT[bool(asked["computed"])], asked)).mappings():
                        sums.add(row)
        return sums.report(money.currency(str(code)), reported)

    async def cells(self, producer_id: UUID, only: SalesFilter) -> AsyncGenerator[tuple[SalesCell, Takings], None]:
        async with snapshot(self._engine) as connection:
            await connection.execute(MEMORY)
            reported = await _shows(connection, producer_id, only)
            by_id = {show.id: show for show in reported}
            changes = await unsummed_changes(connection)
            for zone, of_zone in _by_zone(reported).items():
                asked = await _asked(connection, zone, of_zone, only, changes)
                if not asked:
                    continue
                rows = await connection.stream(
                    _CELLS[bool(asked["computed"])], asked, execution_options={"yield_per": _ROWS}
                )
                async for row in rows.mappings():
                    yield _cell_of(row, by_id), takings_of(row)


@dataclass(frozen=True, slots=True)
class _Sums:
    """The rows of ``_REPORT``, of several zones, added up."""

    by: dict[str, dict[Any, Takings]]
    total: list[Takings]

    def __init__(self) -> None:
        object.__setattr__(self, "by", {key: defaultdict(Takings) for key in _KEYS})
        object.__setattr__(self, "total", [Takings()])

    def add(self, row: RowMapping) -> None:
        key = _LEVELS.get(row["level"])
        if key is None:
            self.total[0] += takings_of(row)
        else:
            self.by[key][row[key]] += takings_of(row, **({"orders": 0} if key == "ticket" else {}))

    def report(self, currency: money.Currency, reported: Iterable[ReportedShow]) -> SalesReport:
        return SalesReport(
            currency=currency,
            by_show={show: self.by["show_id"][show.id] for show in reported if show.id in self.by["show_id"]},
            by_ticket=_sorted(self.by["ticket"]),
            by_day=_sorted(self.by["day"]),
            by_payment=_sorted(self.by["payment"]),
            by_channel={Channel(name): takings for name, takings in _sorted(self.by["channel"]).items()},
            by_promo_code=_sorted(self.by["code"]),
            total=self.total[0],
        )


async def _shows(connection: AsyncConnection, producer_id: UUID, only: SalesFilter) -> list[ReportedShow]:
    """The shows that the report is about, in the order of their starts."""
    wanted = [shows.c.producer_id == producer_id]
    if only.show_id is not None:
        wanted.append(shows.c.id == only.show_id)
    if only.production_id is not None:
        wanted.append(shows.c.production_id == only.production_id)
    rows = await connection.execute(sa.select(shows).where(*wanted))
    found = [
        ReportedShow.of(row["id"], row["title"], venue_clock_of(row), zone_of(row["timezone"]))
        for row in rows.mappings()
    ]
    return sorted(found, key=lambda show: (show.start, show.id))


def _by_zone(reported: Iterable[ReportedShow]) -> dict[str, list[ReportedShow]]:
    """The shows by the zones of their venues: each zone has its own calendar."""
    by_zone: dict[str, list[ReportedShow]] = defaultdict(list)
    for show in reported:
        by_zone[show.timezone].append(show)
    return {zone: by_zone[zone] for zone in sorted(by_zone)}


async def _asked(
    connection: AsyncConnection, zone: str, of_zone: Iterable[ReportedShow], only: SalesFilter, changes: Changes
) -> dict[str, Any]:
    """The parameters of a query about shows in one zone; empty if they have no orders.

    The calendar is computed in Python: the database's own time zone rules are of another release. So a little more than
    the period is read, and what is not of its days is left out.
    """
    first, last = max(only.first or _EARLIEST, _EARLIEST), min(only.last or _LATEST, _LATEST)
    show_ids = [show.id for show in of_zone]
    kept_shows = await kept_of(connection, show_ids)
    asked: dict[str, Any] = {
        "show_ids": show_ids,
        "kept": kept_shows,
        "computed": list(set(show_ids) - set(kept_shows)),
        "unsummed": await unsummed(connection, kept_shows, changes),
        "begin": datetime.combine(first, time(), UTC) - _MARGIN,
        "end": datetime.combine(last, time(), UTC) + _MARGIN,
    }
    begin, end = (await connection.execute(_SPAN[bool(asked["computed"])], asked)).one()
    if begin is None:
        return {}
    calendar = days(zone_of(zone), begin, end)
    return {
        **asked,
        "first": only.first,
        "last": only.last,
        "begins": [begin for begin, _ in calendar],
        "days": [day for _, day in calendar],
    }


def _sorted(figures: Mapping[Any, Takings]) -> dict[Any, Takings]:
    return {key: figures[key] for key in sorted(figures, key=str)}


def _cell_of(row: RowMapping, by_id: Mapping[UUID, ReportedShow]) -> SalesCell:
    return SalesCell(
        day=row["day"],
        show=by_id[row["show_id"]],
        ticket=row["ticket"],
        payment=row["payment"],
        channel=Channel(row["channel"]),
        promo_code=row["code"],
    )
