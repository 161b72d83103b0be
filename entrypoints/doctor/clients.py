"""Whether the server can tell its buyers apart: limits apply to their addresses."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from entrypoints.container import Container
from entrypoints.doctor.findings import Finding
from entrypoints.http.client_network import is_private
from entrypoints.probes import PROBE_HEADER

_WHAT: Final = "public url"
#: An address of no host (RFC 5737): a server that sees us under it trusts a forged header.
_SPOOFED: Final = "203.0.113.9"


async def examine_clients(container: Container) -> Finding | None:
    """Ask PUBLIC_URL how it sees us. None if that is correct."""
    url = container.settings().public_url
    seen = await _ask(container)
    if seen is None:
        fix = "restart `serve` with the same SECRET_KEY as here, or point PUBLIC_URL to it"
        return Finding(_WHAT, f"{url} does not say how it sees us", fix)
    client, peer = seen["client"], seen["peer"]
    if seen["forwarded_for"] and not seen["peer_is_trusted"]:
        words = f"all buyers count as {peer}, which is not trusted to name its clients"
        return Finding(_WHAT, words, f"set TRUSTED_PROXIES to {peer}")
    if urlsplit(url).scheme == "https" and not seen["forwarded_for"]:
        words = f"all buyers count as {peer}: the proxy that speaks TLS for us does not name its clients"
        return Finding(_WHAT, words, f"let the proxy set X-Forwarded-For, and TRUSTED_PROXIES to {peer}")
    if not is_private(client) and await _believes_anyone(container):
        words = "any client may claim any address, and so has no limit"
        return Finding(_WHAT, words, "set TRUSTED_PROXIES to only the addresses of your proxies")
    return None


async def _believes_anyone(container: Container) -> bool:
    seen = await _ask(container, {"X-Forwarded-For": _SPOOFED})
    return seen is not None and seen["client"] == _SPOOFED


async def _ask(container: Container, headers: dict[str, str] | None = None) -> dict[str, Any] | None:
    probe = container.probes().sign()
    async with (
        aiohttp.ClientSession() as client,
        client.get(
            f"{container.settings().public_url}/health/client", headers={PROBE_HEADER: probe, **(headers or {})}
        ) as answer,
    ):
        found: dict[str, Any] | None = await answer.json() if answer.ok else None
        return found
