"""Facts about a Redis that an operator needs before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from adapters.redis.client import CONNECTION, TIMEOUT_SECONDS

_PROBE_KEY: Final = "doctor_probe"
_PROBE_SECONDS: Final = 10
#: The value of INFO's ``redis_mode`` for a cluster.
_CLUSTER: Final = "cluster"
_REPLICA: Final = ("slave", "replica")


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisFacts:
    """Facts about the server. ``refusal`` is its error when a key is written; None if it accepts one."""

    version: str
    is_replica: bool
    is_cluster: bool
    refusal: str | None


async def facts_of(redis: Redis) -> RedisFacts:
    """The facts of the server. Leaves a key behind for some seconds. Raises RedisError."""
    server, replication = await redis.info("server"), await redis.info("replication")
    try:
        await redis.set(_PROBE_KEY, "asked", ex=_PROBE_SECONDS)
        refusal = None
    except RedisError as error:
        refusal = str(error)
    return RedisFacts(
        version=str(server.get("valkey_version") or server.get("redis_version")),
        is_replica=replication.get("role") in _REPLICA,
        is_cluster=_is_cluster(server),
        refusal=refusal,
    )


def leads_to_cluster(redis_url: str) -> bool:
    """Whether the server is a node of a cluster; also False if no server answers now."""
    try:
        with SyncRedis.from_url(
            redis_url,
            **CONNECTION,
            socket_connect_timeout=TIMEOUT_SECONDS,
            socket_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        ) as redis:
            return _is_cluster(redis.info("server"))
    except (RedisError, OSError):
        return False


def is_encrypted(redis_url: str) -> bool:
    """Whether the connection uses TLS."""
    return urlsplit(redis_url).scheme == "rediss"


def _is_cluster(server: Mapping[str, Any]) -> bool:
    return _CLUSTER in {server.get("redis_mode"), server.get("server_mode")}
