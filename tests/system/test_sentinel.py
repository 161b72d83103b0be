"""Redis Sentinel promotes the other Redis and moves the service address (docs/operations.md#sentinel-for-redis)."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

from adapters.redis.client import create_redis
from demo.embedded import wheels
from tests.support.namespaces import needs_namespaces
from tests.support.network import Network, network_of
from tests.support.two_servers import SENTINEL, Lines, RedisHost, until

pytestmark = [
    needs_namespaces,
    pytest.mark.skipif(shutil.which("arping") is None, reason="needs Debian's package iputils-arping"),
]

MOVED_SECONDS = 60
PORT = 26379


def start_sentinel(network: Network, name: str, folder: Path, lines: Lines, stack: ExitStack) -> None:
    """Start a Sentinel on a host, and wait until it knows the other two, and the replica."""
    program, settings = folder / "move-address", folder / "sentinel.conf"
    program.write_text(lines.block("#!/bin/sh").replace("192.0.2.10", network.service_address))
    program.chmod(0o755)
    settings.write_text(lines.block("sentinel monitor").replace("/etc/redis/move-address", str(program)))
    process = subprocess.Popen(
        [*network[name].command, str(wheels.valkey_server()), str(settings), "--sentinel"],
        stdout=(stack.enter_context((folder / "log").open("wb"))),
    )
    stack.callback(process.wait)
    stack.callback(process.kill)


def knows_all(network: Network, name: str) -> bool:
    with Redis(host=network[name].address, port=PORT, socket_timeout=3) as sentinel:
        state = sentinel.sentinel_master("piquetickets")
    return bool((state["num-other-sentinels"], state["num-slaves"]) == (2, 1))


def addresses(network: Network, name: str) -> str:
    return network[name].run("ip", "-4", "-brief", "address", "show", "dev", "eth0")


async def until_it_takes_keys(redis: AsyncRedis) -> None:
    async with asyncio.timeout(MOVED_SECONDS):
        while True:
            try:
                await redis.set("key", "value")
            except (RedisError, OSError):
                await asyncio.sleep(0.1)
            else:
                return


async def test_sentinel_moves_the_address_to_the_other_redis(tmp_path: Path) -> None:
    lines, of_sentinel = Lines({}), Lines({}, SENTINEL)
    with ExitStack() as stack:
        network = stack.enter_context(network_of("redis1", "redis2", "app1", service="redis"))
        folders = {name: tmp_path / name for name in network.hosts}
        for folder in folders.values():
            folder.mkdir()
        first, second = (RedisHost(network[name], folders[name], lines, stack) for name in ("redis1", "redis2"))
        first.start()
        network["redis1"].take_address(network.service_address)
        second.start(extra=lines.block("replicaof redis1"))
        for name in network.hosts:
            start_sentinel(network, name, folders[name], of_sentinel, stack)
        for name in network.hosts:
            await asyncio.to_thread(until, partial(knows_all, network, name))
        redis = create_redis(f"redis://:secret@{network.service_address}:6379/0")
        await redis.set("key", "value")

        begun = time.monotonic()
        network["redis1"].vanish()
        await until_it_takes_keys(redis)
        print(f"it took keys again after {time.monotonic() - begun:.1f} s")  # noqa: T201
        assert network.service_address in addresses(network, "redis2")

        network["redis1"].come_back()
        await asyncio.to_thread(until, lambda: "'role': 'slave'" in str(first.say("INFO replication")))
        await asyncio.to_thread(until, lambda: network.service_address not in addresses(network, "redis1"))
        await until_it_takes_keys(redis)
        await redis.aclose()
    assert not of_sentinel.unused
