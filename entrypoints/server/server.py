"""One server process: uvicorn on a socket that several processes may share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from litestar.types import ASGIApp
from typing_extensions import override

from entrypoints.http.proxies import ForwardedClients
from entrypoints.server.connections import ConnectionLimits
from entrypoints.server.protocol import BoundedConfig, BoundedHttpProtocol

#: Connections that wait to be accepted: a crowd that comes within one busy moment.
BACKLOG: Final = 4096
#: A process that is asked to stop finishes its work within this time.
STOP_SECONDS: Final = 15
#: An idle connection is kept this long; longer than proxies keep theirs, so the proxies close them.
KEEP_ALIVE_SECONDS: Final = 75


class Server(uvicorn.Server):
    """A server that leaves signals to its caller: set ``should_exit`` to stop."""

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def create_server(app: ASGIApp, *, trusted_proxies: str = "", limits: ConnectionLimits | None = None) -> Server:
    """A server for ``serve(sockets=[…])``. ``trusted_proxies`` (addresses or networks, comma-separated) may name their
    client in X-Forwarded-For; the header is ignored from all others.
    """
    clients = ForwardedClients(app, trusted_proxies=trusted_proxies)
    return Server(
        BoundedConfig(
            clients,
            limits=limits or ConnectionLimits(),
            trusts=clients.trusts,
            http=BoundedHttpProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
    )
