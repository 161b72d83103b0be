"""Facts about a database that an operator needs before it is used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import IS_POOLED, TIME_OUTS
from adapters.postgres.tables import producer_financials, producers, shows, tickets
from domain.tax import TaxMode

_FACTS = sa.text(
    """
    SELECT current_setting('server_version') AS version,
           clock_timestamp() AS clock,
           pg_is_in_recovery() AS is_standby,
           current_setting('transaction_read_only')::boolean AS is_read_only,
           current_setting('statement_timeout') = '0' AS is_patient,
           (SELECT count(*) FROM pg_stat_activity
            WHERE wait_event = 'SyncRep' AND query_start < clock_timestamp() - interval '2 seconds') AS waiting_commits
    """
)
_ACCOUNTS = (
    sa.select(producers.c.name, producer_financials.c.stripe_account_id, producers.c.tax)
    .join(producer_financials)
    .where(producer_financials.c.stripe_account_id.is_not(None))
    .order_by(producers.c.name)
)

_WITHOUT_ADDRESS = (
    sa.select(shows.c.title)
    .join(producers, producers.c.id == shows.c.producer_id)
    .join(producer_financials, producer_financials.c.producer_id == producers.c.id)
    .where(
        shows.c.published,
        sa.not_(shows.c.cancelled),
        shows.c.start_time > sa.func.now(),
        shows.c.venue_address.is_(None),
        producers.c.tax != TaxMode.OFF.value,
        producer_financials.c.stripe_account_id.is_not(None),
        sa.exists().where(tickets.c.show_id == shows.c.id, tickets.c.price > 0),
    )
    .order_by(shows.c.start_time, shows.c.id)
    .limit(10)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFacts:
    """Facts about the server. ``clock`` is its time. ``is_pooled``: a pooler lends us sessions. ``has_time_outs``:
    statements end after some time even though we did not set that in the session. ``waiting_commits``: commits of ours
    that have waited for a synchronous standby for seconds.
    """

    version: str
    clock: datetime
    is_standby: bool
    is_read_only: bool
    is_encrypted: bool
    is_pooled: bool
    has_time_outs: bool
    waiting_commits: int = 0


async def facts_of(engine: AsyncEngine) -> DatabaseFacts:
    """The facts of the database. Raises sqlalchemy.exc.SQLAlchemyError."""
    async with engine.connect() as connection:
        raw = await connection.get_raw_connection()
        driver, is_pooled = raw.driver_connection, bool(raw.info.get(IS_POOLED))
        facts = (await connection.execute(_FACTS)).one()
    return DatabaseFacts(
        version=str(facts.version).split()[0],
        clock=facts.clock,
        is_standby=facts.is_standby,
        is_read_only=facts.is_read_only,
        is_encrypted=driver is not None and bool(driver.pgconn.ssl_in_use),
        is_pooled=is_pooled,
        has_time_outs=not facts.is_patient,
        waiting_commits=facts.waiting_commits,
    )


def role_time_outs() -> str:
    """The SQL that gives our role the time-outs, which works through any pooler."""
    return " ".join(f"ALTER ROLE … SET {name} = '{value}';" for name, value in TIME_OUTS.items())


class ConnectedAccount(NamedTuple):
    """A producer that has a Stripe account."""

    producer_name: str
    account_id: str
    tax: TaxMode


async def connected_accounts(engine: AsyncEngine) -> list[ConnectedAccount]:
    """Every producer with a Stripe account, by name. Raises sqlalchemy.exc.SQLAlchemyError."""
    async with engine.connect() as connection:
        found = await connection.execute(_ACCOUNTS)
        return [ConnectedAccount(name, account, TaxMode(tax)) for name, account, tax in found]


async def shows_without_address(engine: AsyncEngine) -> list[str]:
    """Titles of published upcoming shows, at most ten, that are taxed but have no address to compute the tax by.

    Raises sqlalchemy.exc.SQLAlchemyError.
    """
    async with engine.connect() as connection:
        return [str(title) for title in await connection.scalars(_WITHOUT_ADDRESS)]
