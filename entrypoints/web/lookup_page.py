"""The page where a buyer who lost the mail asks for the links to their orders."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER, HTTP_400_BAD_REQUEST

from application.notifications.order_links import LookUpOrders
from domain.customer import parse_email
from domain.errors import InvalidEmail
from entrypoints.http.rate_limit import limit_lookups
from entrypoints.injection import SharedRouter
from entrypoints.web.csrf import csrf_token
from entrypoints.web.page_format import error_text
from entrypoints.web.rendering import Pages


@get("/orders", include_in_schema=False)
async def lookup_page(
    request: Request[Any, Any, Any], pages: NamedDependency[Pages], sent: FromQuery[bool] = False
) -> Response[str]:
    """The form; with ``sent`` what happens next, which is the same whether or not there are orders."""
    return pages.page("lookup.html", _context(request, sent=sent))


@post("/orders", before_request=limit_lookups, include_in_schema=False)
async def look_up(
    request: Request[Any, Any, Any], pages: NamedDependency[Pages], look_up_orders: NamedDependency[LookUpOrders]
) -> Response[Any]:
    """Mails the links; the answer never reveals whether the address has orders."""
    typed = str((await request.form()).get("email", ""))
    try:
        email = parse_email(typed)
    except InvalidEmail as error:
        context = _context(request, typed, {"email": error_text(error)})
        return pages.page("lookup.html", context, status_code=HTTP_400_BAD_REQUEST)
    await look_up_orders(email)
    return Redirect("/orders?sent=true", status_code=HTTP_303_SEE_OTHER)


def _context(
    request: Request[Any, Any, Any], email: str = "", errors: dict[str, str] | None = None, *, sent: bool = False
) -> dict[str, Any]:
    return {
        "producer": None,
        "csrf_token": csrf_token(request),
        "form": {"email": email, "errors": errors or {}},
        "sent": sent,
    }


router = SharedRouter("/", route_handlers=[lookup_page, look_up])
