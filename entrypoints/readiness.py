"""Asking the engines whether they can be worked with: both must take what we write."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

_TIMEOUT_SECONDS = 2
#: A standby answers every question, and takes no order.
_IS_READ_ONLY = sa.text("SELECT current_setting('transaction_read_only')::boolean")
_PROBE_KEY = "readiness_probe"


class Readiness:
    def __init__(self, engine: AsyncEngine, redis: Redis) -> None:
        self._engine = engine
        self._redis = redis

    async def database(self) -> bool:
        """Whether the database answers in time, and may be written to."""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS), self._engine.connect() as connection:
                return not await connection.scalar(_IS_READ_ONLY)
        except (SQLAlchemyError, OSError, TimeoutError):
            return False

    async def redis(self) -> bool:
        """Whether Redis takes a key in time: a replica does not, nor does one that is full or still loading."""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await self._redis.set(_PROBE_KEY, "asked", ex=_TIMEOUT_SECONDS)
        except (RedisError, OSError, TimeoutError):
            return False
        return True
