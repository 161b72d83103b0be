"""What handlers ask for by their parameters' names, and how Litestar gives it to them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from litestar import Router
from litestar.di import Provide


class Given(Provide):
    """A dependency that is made once, by a function without parameters.

    It equals only itself. For every handler Litestar compares each dependency with all others, to find one under two
    names. There are two hundred of each, and no function is under two names here.
    """

    __hash__ = object.__hash__

    def __init__(self, make: Callable[[], Any]) -> None:
        super().__init__(make, sync_to_thread=False, use_cache=True)

    __eq__ = object.__eq__  # in C: a function of our own would take longer than the comparison


def asked_for(dependencies: Mapping[str, Provide], handlers: Iterable[Any]) -> dict[str, Provide]:
    """The dependencies that a handler has a parameter for. Each one more makes the start of every process longer."""
    names = frozenset(name for handler in handlers for name in _parameters(handler))
    return {name: dependency for name, dependency in dependencies.items() if name in names}


def _parameters(handler: Any) -> Iterator[str]:
    if not isinstance(handler, Router):
        yield from inspect.signature(handler.fn).parameters
        return
    for route in handler.routes:
        for each in getattr(route, "route_handlers", ()):
            yield from _parameters(each)
