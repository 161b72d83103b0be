"""Engines for commands that get no DATABASE_URL or REDIS_URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.embedded import EmbeddedPostgres, EmbeddedRedis, EngineError
from entrypoints.setting_values import InvalidSettings


@contextmanager
def postgres(data_dir: Path) -> Iterator[str]:
    """Run PostgreSQL in a directory, and give its URL. Raises InvalidSettings if it cannot be started."""
    try:
        with EmbeddedPostgres(data_dir) as engine:
            yield engine.url
    except EngineError as error:
        raise InvalidSettings(str(error)) from error


@contextmanager
def redis(data_dir: Path) -> Iterator[str]:
    """Run Redis in a directory, and give its URL. Raises InvalidSettings if it cannot be started."""
    try:
        with EmbeddedRedis(data_dir) as engine:
            yield engine.url
    except EngineError as error:
        raise InvalidSettings(str(error)) from error
