"""What handlers ask for by their parameters' names, and how Litestar gives it to them.

An application is made of routers that exist once, and of dependencies that it makes itself. Litestar would copy the
routers at every level down to the last example in their documentation, and would resolve each of two hundred
dependencies for each of six hundred handlers. A server process starts twice as fast without, and so does each of the
hundred services of the tests.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from functools import cache
from typing import Any, Self

from litestar import Router
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.routes import BaseRoute, HTTPRoute


class Given(Provide):
    """A dependency that is made once, by a function without parameters."""

    def __init__(self, make: Callable[[], Any]) -> None:
        super().__init__(make, sync_to_thread=False, use_cache=True)


class SharedRouter(Router):
    """A router whose copies share what no application changes: functions, their signatures, documentation."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        copies: dict[int, Any] = {}
        twin: Self = _layer(self, copies)
        twin.owner = None
        twin.routes = [_route(route, copies) for route in self.routes]
        return twin


def _layer(router: Any, copies: dict[int, Any]) -> Any:
    """The copy of a router that is around a handler, with those around it."""
    if id(router) not in copies:
        copies[id(router)] = twin = copy(router)
        # A dependency remembers its value, for one application.
        twin.dependencies = {name: copy(provide) for name, provide in router.dependencies.items()}
        twin.owner = None if router.owner is None else _layer(router.owner, copies)
    return copies[id(router)]


def _route(route: BaseRoute, copies: dict[int, Any]) -> Any:
    if not isinstance(route, HTTPRoute):
        raise TypeError(f"{route.path} is no route of HTTP")
    twin = copy(route)
    twin.route_handlers = [_handler(each, copies) for each in route.route_handlers]
    twin.route_handler_map = {}
    return twin


def _handler(handler: HTTPRouteHandler, copies: dict[int, Any]) -> HTTPRouteHandler:
    if id(handler) not in copies:
        # The original remembers its signature for all copies. What else a handler remembers, Litestar makes anew for
        # each application, but for this mapping, which it fills.
        _ = handler.parsed_fn_signature
        copies[id(handler)] = twin = copy(handler)
        twin._response_handler_mapping = copy(handler._response_handler_mapping)  # noqa: SLF001  # Litestar's slot
        twin.owner = _layer(handler.owner, copies)
    found: HTTPRouteHandler = copies[id(handler)]
    return found


class ApplicationRouter(Router):
    """A router of one application, in which each handler has the dependencies that it asks for, and no others."""

    def __init__(self, path: str, routers: Sequence[Router], provided: Mapping[str, Provide], **options: Any) -> None:
        super().__init__(path, route_handlers=routers, **options)
        for handler in self._handlers():
            handler.dependencies = {**(handler.dependencies or {}), **_asked_for(handler, provided)}

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Itself, since no other application has it."""
        return self

    def _handlers(self) -> Iterator[HTTPRouteHandler]:
        for route in self.routes:
            yield from getattr(route, "route_handlers", ())


def _asked_for(handler: HTTPRouteHandler, provided: Mapping[str, Provide]) -> dict[str, Provide]:
    """What the handler has a parameter for, or a dependency of the routers around it has."""
    around: dict[str, Any] = {}
    for layer in handler.ownership_layers:
        around |= layer.dependencies or {}
    names = {*handler.parsed_fn_signature.parameters}.union(*(_parameters(each.dependency) for each in around.values()))
    return {name: provided[name] for name in names if name in provided and name not in around}


@cache
def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)
