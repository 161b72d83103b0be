"""TaxLocations in PostgreSQL, each call in a separate transaction."""

from __future__ import annotations

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.errors import translated
from adapters.postgres.tables import tax_locations

_FINGERPRINT: sa.BindParameter[str] = sa.bindparam("of")
_FIND = sa.select(tax_locations.c.location_id).where(tax_locations.c.fingerprint == _FINGERPRINT)
_INSERT = insert(tax_locations)
_REMEMBER = _INSERT.on_conflict_do_update(
    index_elements=[tax_locations.c.fingerprint], set_={"location_id": _INSERT.excluded.location_id}
)
_FORGET = sa.delete(tax_locations).where(tax_locations.c.fingerprint == _FINGERPRINT)


class PostgresTaxLocations:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(self, fingerprint: str) -> str | None:
        found = await self._run(_FIND, of=fingerprint)
        return str(found) if found is not None else None

    async def remember(self, fingerprint: str, location_id: str) -> None:
        await self._run(_REMEMBER, fingerprint=fingerprint, location_id=location_id)

    async def forget(self, fingerprint: str) -> None:
        await self._run(_FORGET, of=fingerprint)

    async def _run(self, statement: sa.Executable, **parameters: str) -> object:
        try:
            async with self._engine.begin() as connection:
                result = await connection.execute(statement, parameters)
                return result.scalar() if result.returns_rows else None
        except (SQLAlchemyError, psycopg.Error, OSError) as error:
            raise translated(error) from error
