"""Metrics on a separate port: their reader does not need the public one, and the public one does not serve them."""

from __future__ import annotations

import aiohttp
import msgspec

from entrypoints.cli.engines import environment_of
from entrypoints.settings import Settings
from tests.support.processes import run, running_command, until_ready
from tests.support.server import free_port


async def test_metrics_have_a_port_of_their_own_in_every_process(settings: Settings) -> None:
    port, metrics = free_port(), free_port()
    url, metrics_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{metrics}"
    environment = environment_of(
        msgspec.structs.replace(settings, public_url=url, metrics_listen=f"127.0.0.1:{metrics}", log_level="ERROR")
    )
    async with running_command("serve", "--port", str(port), "--workers", "2", environment=environment):
        await until_ready(url)
        async with aiohttp.ClientSession() as client:
            async with client.get(f"{metrics_url}/metrics") as answer:
                assert answer.status == 200
                assert "piquetickets_database_up 1.0" in await answer.text()
            for path in ("/metrics", "/api/v1/metrics"):
                async with client.get(f"{url}{path}") as answer:
                    assert answer.status == 404
            for path in ("/api/v1/shows", "/schema", "/health/ready", "/"):
                async with client.get(f"{metrics_url}{path}") as answer:
                    assert answer.status == 404
        taken = await run("serve", "--port", str(free_port()), environment=environment)
    assert taken.code == 2
    assert f"port {metrics}" in taken.err
    assert len(taken.err.splitlines()) == 1
