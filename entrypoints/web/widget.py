"""A show's tickets on the producer's own site.

    <script src="https://tickets.example/widget.js" data-show="SHOW_ID" async></script>

The script replaces itself with a frame in which the buyer chooses tickets and sees their price. The next step opens our
own page in the whole window. So nothing in the frame needs a cookie, which browsers keep from frames of other sites,
and the buyer sees in the address bar who takes their name and money.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from application.catalog.storefront import GetShow
from domain.policy import CheckoutPolicy
from entrypoints.injection import SharedRouter
from entrypoints.web.assets import STOREFRONT
from entrypoints.web.page_cache import CachedAnswer, PageCache, key_of
from entrypoints.web.rendering import Pages
from entrypoints.web.sale_view import SaleView
from entrypoints.web.selection import Selection
from entrypoints.web.show_pages import show_context

#: Other people's sites contain the script's address, so it stays the same; browsers get a new version within the hour.
_SCRIPT_CACHE = "public, max-age=3600"


@get("/widget.js", include_in_schema=False)
async def script(request: Request[Any, Any, Any]) -> ASGIResponse:
    """The script that the producer's site loads."""
    return STOREFRONT.files["widget.js"].to(
        request, cache_control=_SCRIPT_CACHE, **{"Cross-Origin-Resource-Policy": "cross-origin"}
    )


@get("/shows/{show_id:uuid}/widget", include_in_schema=False)
async def frame(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    get_show: NamedDependency[GetShow],
    pages: NamedDependency[Pages],
    page_cache: NamedDependency[PageCache],
    policy: NamedDependency[CheckoutPolicy],
) -> CachedAnswer:
    """Only the tickets. Only the producer's own sites may show it in a frame."""

    async def make() -> CachedAnswer:
        sale = SaleView.of(await get_show(show_id), policy, pages.now())
        return pages.public(
            "widget.html",
            show_context(sale, Selection()),
            good_for=sale.good_for,
            frame_ancestors=sale.display.producer.branding.widget_origins,
        )

    return await page_cache.get(key_of(request.scope), make)


router = SharedRouter("/", route_handlers=[script, frame])
