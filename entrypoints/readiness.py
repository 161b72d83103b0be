"""Asking the engines whether they answer."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

_TIMEOUT_SECONDS = 2


class Readiness:
    def __init__(self, engine: AsyncEngine, redis: Redis) -> None:
        self._engine = engine
        self._redis = redis

    async def database(self) -> bool:
        """Whether the database answers a query in time."""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS), self._engine.connect() as connection:
                await connection.execute(sa.select(1))
        except (SQLAlchemyError, OSError, TimeoutError):
            return False
        return True

    async def redis(self) -> bool:
        """Whether Redis answers a ping in time."""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await self._redis.ping()
        except (RedisError, OSError, TimeoutError):
            return False
        return True
