"""The addresses of the office, as the application has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from uuid import uuid4

from domain.people import Right
from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.office.access import RIGHT
from entrypoints.settings import Settings


class Address(NamedTuple):
    """An operation of the office, and the right that it asks for."""

    method: str
    path: str
    right: Right | str | None

    @property
    def example(self) -> str:
        """The path with ids of nothing."""
        return re.sub(r"{[^}:]+(:\w+)?}", lambda found: str(uuid4()) if found[1] == ":uuid" else "x", self.path)


def addresses(settings: Settings) -> Iterator[Address]:
    """All operations of the office."""
    app = create_app(Container(settings=settings))
    for route in app.routes:
        if not route.path.startswith(("/office", "/assets/office")):
            continue
        for handler in getattr(route, "route_handlers", []):
            for method in handler.http_methods - {"OPTIONS", "HEAD"}:
                yield Address(method, route.path, handler.opt.get(RIGHT))
