"""The chart of a show's sale: what is sold of each ticket type so many days before the show."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from application.catalog.show_overviews import ShowOverview
from entrypoints.office.charts import Chart, Series, Shape
from entrypoints.office.scales import Count, Countdown

#: A chart has so many days at most, and begins with what was sold until then.
MOST_DAYS: Final = 60
_A_DAY: Final = timedelta(days=1)


def sale_chart(found: ShowOverview) -> Chart | None:
    """The chart, up to today; None if nothing was sold yet."""
    show, sold = found.details.show, found.sold_by_day
    if not sold:
        return None
    plays, today = show.start_there.date(), show.local(found.now).date()
    last = max(min(today, plays), *(day for _, day in sold))
    first = max(min(day for _, day in sold), last - MOST_DAYS * _A_DAY)
    span = [first + number * _A_DAY for number in range((last - first).days + 1)]
    return Chart(
        title="Tickets sold so far, by days to go",
        axis=Countdown((plays - first).days, (plays - last).days, show.locale),
        unit=Count("Tickets", show.locale),
        series=[
            Series(ticket.name, [_so_far(sold, ticket.id, day) for day in span]) for ticket in found.details.tickets
        ],
        shape=Shape.STEPS,
        has_total=False,
    )


def _so_far(sold: Mapping[tuple[UUID, date], int], ticket_id: UUID, day: date) -> int:
    return sum(count for (of, on), count in sold.items() if of == ticket_id and on <= day)
