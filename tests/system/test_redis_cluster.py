"""Redis as a cluster: locks of several tickets need one server, so it is refused where it would do harm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from adapters.redis.inspection import leads_to_cluster
from demo.embedded import EmbeddedRedis
from entrypoints.cli.engines import environment_of
from entrypoints.container import Container, close
from entrypoints.doctor.engines import of_engines
from entrypoints.settings import Settings
from tests.support.processes import run
from tests.support.server import free_port


@pytest.fixture
def cluster_url(tmp_path: Path) -> Iterator[str]:
    with EmbeddedRedis(
        tmp_path, durable=False, settings={"cluster-enabled": "yes", "cluster-port": str(free_port())}
    ) as engine:
        yield engine.url


@pytest.mark.parametrize("name", ["serve", "worker", "sweep"])
async def test_nothing_starts_on_a_cluster(name: str, settings: Settings, cluster_url: str) -> None:
    ended = await run(name, environment=environment_of(msgspec.structs.replace(settings, redis_url=cluster_url)))
    assert ended.code == 2
    assert "REDIS_URL: leads to a cluster" in ended.err
    assert len(ended.err.splitlines()) == 1


async def test_doctor_and_readiness_name_a_cluster(settings: Settings, cluster_url: str) -> None:
    container = Container(settings=msgspec.structs.replace(settings, redis_url=cluster_url))
    try:
        found = {finding.what: finding for finding in [await look() for look in of_engines(container)]}
        assert not (await container.check_readiness()()).redis
    finally:
        await close(container)
    assert "a node of a cluster" in found["redis"].words
    assert "stands alone" in (found["redis"].fix or "")


def test_a_server_that_stands_alone_or_is_away_is_no_cluster(redis_url: str, closed_port: int) -> None:
    assert not leads_to_cluster(redis_url)
    assert not leads_to_cluster(f"redis://127.0.0.1:{closed_port}/0")
