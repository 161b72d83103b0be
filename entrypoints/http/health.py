"""Whether the process is alive, and whether it can work."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.openapi.datastructures import ResponseSpec
from litestar.status_codes import HTTP_200_OK, HTTP_503_SERVICE_UNAVAILABLE

from application.operations.readiness import CheckReadiness
from entrypoints.http.proxies import peer_of
from entrypoints.injection import SharedRouter
from entrypoints.probes import PROBE_HEADER, Probes


class HealthOut(msgspec.Struct):
    status: str


class ReadinessOut(msgspec.Struct):
    """``ok`` or ``unavailable`` each. Without Redis checkouts go on; without the database nothing does."""

    status: str
    database: str
    redis: str


@get("/live", summary="Is the process alive?", operation_id="health_live")
async def live() -> HealthOut:
    """A process that is dead, or hangs, gives no answer."""
    return HealthOut("ok")


@get(
    "/ready",
    summary="Can the process work?",
    operation_id="health_ready",
    responses={
        HTTP_503_SERVICE_UNAVAILABLE: ResponseSpec(
            ReadinessOut, generate_examples=False, description="Without the database nothing works"
        )
    },
)
async def ready(check_readiness: NamedDependency[CheckReadiness]) -> Response[ReadinessOut]:
    """Checks the database, and Redis: without Redis checkouts go on."""
    database, redis = await check_readiness()
    body = ReadinessOut(status=_word(database), database=_word(database), redis=_word(redis))
    return Response(body, status_code=HTTP_200_OK if database else HTTP_503_SERVICE_UNAVAILABLE)


class SeenOut(msgspec.Struct):
    """How the server sees the client. ``peer`` is the other end of the connection: ``client`` itself, or a proxy."""

    client: str
    peer: str
    peer_is_trusted: bool
    forwarded_for: bool


@get("/client", include_in_schema=False)
async def seen(request: Request[Any, Any, Any], probes: NamedDependency[Probes]) -> SeenOut:
    """For ``piquetickets doctor`` alone. For all others it does not exist."""
    if not probes.is_genuine(request.headers.get(PROBE_HEADER, "")):
        raise NotFoundException
    peer = peer_of(request.scope)
    return SeenOut(
        client=request.client.host if request.client else "unknown",
        peer=peer.address,
        peer_is_trusted=peer.is_trusted,
        forwarded_for="X-Forwarded-For" in request.headers,
    )


def _word(available: bool) -> str:
    return "ok" if available else "unavailable"


router = SharedRouter("/health", route_handlers=[live, ready, seen], tags=["Health"])
