"""ReadinessCheck of PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

_TIMEOUT_SECONDS: Final = 2
#: A standby answers every question, and takes no order.
_IS_READ_ONLY: Final = sa.text("SELECT current_setting('transaction_read_only')::boolean")


class PostgresReadiness:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def __call__(self) -> bool:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS), self._engine.connect() as connection:
                return not await connection.scalar(_IS_READ_ONLY)
        except (SQLAlchemyError, OSError, TimeoutError):
            return False
