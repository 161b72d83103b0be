"""Engines of both kinds, each in a separate directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.embedded import EmbeddedPostgres, EmbeddedRedis
from demo.embedded.engine import EmbeddedEngine


@pytest.fixture(params=[EmbeddedPostgres, EmbeddedRedis])
def engine_type(request: pytest.FixtureRequest) -> type[EmbeddedEngine]:
    engine_type: type[EmbeddedEngine] = request.param
    return engine_type


@pytest.fixture
def engine(engine_type: type[EmbeddedEngine], tmp_path: Path) -> Iterator[EmbeddedEngine]:
    """An engine of either kind, not started yet."""
    engine = engine_type(tmp_path, durable=False)
    yield engine
    engine.stop()


@pytest.fixture
def quick_engine(tmp_path: Path) -> Iterator[EmbeddedEngine]:
    """An engine not started yet, for tests that work with either kind: the one that starts faster."""
    engine = EmbeddedRedis(tmp_path, durable=False)
    yield engine
    engine.stop()
