"""What an operator wants to know of a database before it is used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.tables import producer_financials, producers

_FACTS = sa.select(sa.func.current_setting("server_version"), sa.func.clock_timestamp())
_ACCOUNTS = (
    sa.select(producers.c.name, producer_financials.c.stripe_account_id)
    .join(producer_financials)
    .where(producer_financials.c.stripe_account_id.is_not(None))
    .order_by(producers.c.name)
)


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """``clock`` is what the server's clock said."""

    version: str
    clock: datetime


async def facts_of(engine: AsyncEngine) -> DatabaseFacts:
    """Raises sqlalchemy.exc.SQLAlchemyError."""
    async with engine.connect() as connection:
        version, clock = (await connection.execute(_FACTS)).one()
    return DatabaseFacts(version=str(version).split()[0], clock=clock)


async def connected_accounts(engine: AsyncEngine) -> list[tuple[str, str]]:
    """Name and Stripe account of every producer that has one. Raises sqlalchemy.exc.SQLAlchemyError."""
    async with engine.connect() as connection:
        return [(name, account) for name, account in await connection.execute(_ACCOUNTS)]
