"""The API described for people: what all requests have in common, each operation with an example, each error.

Readable without scripts. With them a request can be sent from its page, to this installation, with a token that the
reader types. The machine's description is ``/schema``.
"""

from __future__ import annotations

import re
from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath
from markupsafe import Markup, escape

from domain.access import Scope
from domain.errors import NotFound
from entrypoints.injection import SharedRouter
from entrypoints.web.api_reference import ApiReference
from entrypoints.web.page_cache import CachedAnswer, PageCache, key_of
from entrypoints.web.rendering import Pages

_CODE: Final = re.compile(r"``(.+?)``", re.DOTALL)
#: What a token with the scope is for, in the order of the page.
SCOPES: Final = {
    Scope.CATALOG: "shows, tickets, capacities, allocations, promo codes, texts and pictures",
    Scope.ORDERS: "orders, refunds, exchanges, holds, reports and buyers’ data",
    Scope.CHECKIN: "the door",
    Scope.ACCOUNT: "the account, also where the money goes",
    Scope.PRINT: "print jobs: only a paired printer has it",
    Scope.PLATFORM: "registering producers and giving them tokens; it belongs to the operator",
}


def marked(text: str) -> Markup:
    """The text, with what stands in double backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  # escaped before


def breakable(path: str) -> Markup:
    """The name, which may be broken behind its dots and underscores."""
    return Markup(re.sub(r"([._/])", r"\1<wbr>", str(escape(path))))  # noqa: S704  # escaped before


def read_reference(request: Request[Any, Any, Any]) -> ApiReference:
    """Dependency ``reference``: the description of this application, read once."""
    return ApiReference(request.app.openapi_schema.to_schema())


@get("/developers", include_in_schema=False)
async def overview(
    request: Request[Any, Any, Any],
    pages: NamedDependency[Pages],
    page_cache: NamedDependency[PageCache],
    reference: NamedDependency[ApiReference],
) -> CachedAnswer:
    """What all requests have in common, and the list of operations."""

    async def make() -> CachedAnswer:
        return _page(pages, "developers/overview.html", {"reference": reference, "scopes": SCOPES})

    return await page_cache.get(key_of(request.scope), make)


@get("/developers/errors", include_in_schema=False)
async def errors(
    request: Request[Any, Any, Any],
    pages: NamedDependency[Pages],
    page_cache: NamedDependency[PageCache],
    reference: NamedDependency[ApiReference],
) -> CachedAnswer:
    """Every error with its status and an example of its message."""

    async def make() -> CachedAnswer:
        return _page(pages, "developers/errors.html", {"reference": reference})

    return await page_cache.get(key_of(request.scope), make)


@get("/developers/{operation_id:str}", include_in_schema=False)
async def operation(
    request: Request[Any, Any, Any],
    operation_id: FromPath[str],
    pages: NamedDependency[Pages],
    page_cache: NamedDependency[PageCache],
    reference: NamedDependency[ApiReference],
) -> CachedAnswer:
    """One operation. Raises NotFound for an id that no operation has."""
    found = reference.operations.get(operation_id)
    if found is None:
        raise NotFound("No such operation")

    async def make() -> CachedAnswer:
        context = {"reference": reference, "operation": found, "section": reference.section_of(found)}
        return _page(pages, "developers/operation.html", context)

    return await page_cache.get(key_of(request.scope), make)


def _page(pages: Pages, template: str, context: dict[str, Any]) -> CachedAnswer:
    return pages.public(template, {"marked": marked, "breakable": breakable, "producer": None, **context})


router = SharedRouter(
    "/",
    route_handlers=[overview, errors, operation],
    dependencies={"reference": Provide(read_reference, sync_to_thread=True, use_cache=True)},
)
