"""The API's OpenAPI description, made without starting the API."""

from __future__ import annotations

from functools import cache
from typing import Any

from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.settings import Settings

Json = dict[str, Any]


@cache
def api_schema() -> Json:
    """The answer to GET /schema. No engine is needed."""
    settings = Settings.from_environment({"DATABASE_URL": "postgresql://nobody", "REDIS_URL": "redis://nobody"})
    return create_app(Container(settings=settings)).openapi_schema.to_schema()


def operations() -> list[tuple[str, str]]:
    """Method and path of every operation of the API."""
    return [(method.upper(), path) for path, item in api_schema()["paths"].items() for method in item]


def operation(method: str, path: str) -> Json:
    found = api_schema()["paths"][path][method.lower()]
    assert isinstance(found, dict)
    return found
