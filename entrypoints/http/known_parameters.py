"""Refusing unknown parts of an API request: query parameters and bodies that no handler reads.

A typo must not be ignored: ``?stauts=refunded`` would export everything. Unknown fields of bodies are refused where
bodies are decoded. Pages are not the API, and ignore what other people's campaigns append to their addresses; so do the
few files and redirects of the API that a mail or a payment page links to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Litestar, Request
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from domain.errors import InvalidRequest

#: In a handler's ``opt``: the handler reads the body itself.
READS_BODY: Final = "reads_body"
#: In a handler's ``opt``: other parties store its address, and may have appended something.
ANY_PARAMETER: Final = "any_parameter"

_KNOWN: Final = "known_query_parameters"
#: Parameters that analytics and mail services append to every link: Google's, Meta's, Microsoft's, HubSpot's and
#: Mailchimp's.
_TRACKING: Final = (
    "utm_",
    "fbclid",
    "gclid",
    "gbraid",
    "wbraid",
    "msclkid",
    "mc_cid",
    "mc_eid",
    "_hsenc",
    "_hsmi",
    "_ga",
)


def remember_parameters(app: Litestar) -> None:
    """Note the query parameters that each operation reads."""
    known: dict[str, frozenset[str]] = {}
    for route in app.routes:
        for handler, model in route.route_handler_map.values() if isinstance(route, HTTPRoute) else ():
            if handler.operation_id:
                known[str(handler.operation_id)] = frozenset(each.field_alias for each in model.expected_query_params)
    app.state[_KNOWN] = known


class EnsureKnown(ASGIMiddleware):
    """Raises InvalidRequest for a query parameter or a body that the operation does not have.

    It is no guard: for each guard, Litestar copies the route's handler at every request.
    """

    scopes = (ScopeType.HTTP,)

    @override
    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        handler = scope["route_handler"]
        if isinstance(handler, HTTPRouteHandler):
            if scope["query_string"] and ANY_PARAMETER not in handler.opt:
                _ensure_known_parameters(Request(scope), handler)
            reads_body = READS_BODY in handler.opt or "data" in handler.parsed_fn_signature.parameters
            if not reads_body and _may_have_body(request := Request[Any, Any, Any](scope, receive)):
                await _ensure_no_body(request)
        await next_app(scope, receive, send)


def _ensure_known_parameters(connection: Request[Any, Any, Any], handler: HTTPRouteHandler) -> None:
    operations: Mapping[str, frozenset[str]] = connection.app.state[_KNOWN]
    known = operations[str(handler.operation_id)]
    is_read = handler.http_methods == {"GET"}
    for name in connection.query_params:
        if name not in known and not (is_read and name.startswith(_TRACKING)):
            raise InvalidRequest(f"Unknown query parameter {name!r}"[:200], field=name[:100])


def _may_have_body(connection: Request[Any, Any, Any]) -> bool:
    headers = connection.headers
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


async def _ensure_no_body(connection: Request[Any, Any, Any]) -> None:
    """Raises InvalidRequest for a body, except an object without fields: many clients send one with every POST."""
    body = (await connection.body()).strip()
    if body and msgspec.json.decode(body) != {}:
        raise InvalidRequest("This request takes no body")
