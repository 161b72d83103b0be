"""The client of a request: the peer of the connection, or the client that a trusted proxy names."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any, Final, cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from entrypoints.http.client_network import is_private, plain_address

log = logging.getLogger(__name__)

#: A proxy that is not trusted sends the header with every request; the log mentions it this often.
WARN_EVERY_SECONDS: Final = 3600.0
_FORWARDED_FOR: Final = b"x-forwarded-for"
_PEER_KEY: Final = "peer"
_TRUSTED_KEY: Final = "peer_is_trusted"


@dataclass(frozen=True, slots=True)
class Peer:
    """The address at the other end of the connection: the client's own, or that of its last proxy."""

    address: str
    is_trusted: bool


class ForwardedClients:
    """ASGI middleware. ``trusted_proxies`` (addresses or networks, comma-separated) may name their client in
    X-Forwarded-For; the header is ignored from all others.

    ``scope["client"]`` is the client, with an IPv4 address as such, however it travelled.
    """

    def __init__(self, app: ASGIApp, *, trusted_proxies: str) -> None:
        self._app = app
        self._believing: Any = ProxyHeadersMiddleware(cast("Any", app), trusted_hosts=trusted_proxies or [])
        self._has_proxies = bool(trusted_proxies)
        self._next_warning = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client is None or scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        host, port = client
        if ":" in host:
            host = plain_address(host)
            scope["client"] = (host, port)
        cast("dict[str, Any]", scope)[_PEER_KEY] = host
        if self._has_proxies and host in self._believing.trusted_hosts:
            cast("dict[str, Any]", scope)[_TRUSTED_KEY] = True
            await self._believing(scope, receive, send)
            return
        if is_private(host) and time.monotonic() >= self._next_warning:
            self._warn_of(host, scope)
        await self._app(scope, receive, send)

    def trusts(self, host: str) -> bool:
        """Whether the host may name the client that it speaks for."""
        return self._has_proxies and host in self._believing.trusted_hosts

    def _warn_of(self, host: str, scope: Scope) -> None:
        if any(name == _FORWARDED_FOR for name, _ in scope["headers"]):
            self._next_warning = time.monotonic() + WARN_EVERY_SECONDS
            log.warning(
                "%s names its client in X-Forwarded-For, and is not trusted: all its buyers count as one. If it "
                "is your proxy, set TRUSTED_PROXIES to its address",
                host,
            )


def peer_of(scope: Scope) -> Peer:
    """The other end of the request's connection."""
    known = cast("dict[str, Any]", scope)
    return Peer(known.get(_PEER_KEY, "unknown"), is_trusted=known.get(_TRUSTED_KEY, False))
