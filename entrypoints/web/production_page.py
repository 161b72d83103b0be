"""A production's page: what is played, and its shows in months. It is the same for all buyers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from application.catalog.storefront import GetRun
from application.links import Links
from application.structured_data import event_series
from domain.catalog import Show
from domain.errors import InvalidRequest
from domain.policy import CheckoutPolicy
from entrypoints.injection import SharedRouter
from entrypoints.web.month_view import Month, month_links, month_views, months_on_page
from entrypoints.web.page_cache import CachedAnswer, PageCache
from entrypoints.web.page_format import common_price_note, has_prices
from entrypoints.web.rendering import Pages
from entrypoints.web.sale_view import SaleView

#: A description up to this length stands above the dates; of a longer one, its beginning does.
SHORT: Final = 500


@get("/productions/{production_id:uuid}", include_in_schema=False)
async def production_page(
    request: Request[Any, Any, Any],
    production_id: FromPath[UUID],
    get_run: NamedDependency[GetRun],
    pages: NamedDependency[Pages],
    page_cache: NamedDependency[PageCache],
    policy: NamedDependency[CheckoutPolicy],
    links: NamedDependency[Links],
    month: FromQuery[str | None] = None,
) -> CachedAnswer:
    """A production with its shows from ``month`` on (2027-06), or from the next one's month on."""
    first = _parsed(month) if month else None

    async def make() -> CachedAnswer:
        def choose(dates: Sequence[Show]) -> list[Show]:
            here = months_on_page(dates, first)
            return [show for show in dates if Month.of(show) in here]

        run = await get_run(production_id, choose)
        here, now = months_on_page(run.dates, first), pages.now()
        sales = [SaleView.of(display, policy, now) for display in run.shows]
        context = {
            "production": run.production,
            "producer": run.producer,
            "is_short": len(run.production.description) <= SHORT,
            "months": month_views(sales, here, run.production),
            "links": month_links(run.dates, here, run.production),
            "price_note": common_price_note(sale.words for sale in sales if has_prices(sale.display.tickets)),
            "structured": event_series(run.production, run.producer, run.shows, links),
        }
        good_for = min((sale.good_for for sale in sales if sale.good_for), default=None)
        return pages.public("production.html", context, good_for=good_for)

    query = f"month={first}" if first else ""
    return await page_cache.get(f"{request.scope['path']}?{query}", make)


def _parsed(text: str) -> Month:
    """Raises InvalidRequest."""
    month = Month.parse(text)
    if month is None:
        raise InvalidRequest("month is written as 2027-06", field="month")
    return month


router = SharedRouter("/", route_handlers=[production_page])
