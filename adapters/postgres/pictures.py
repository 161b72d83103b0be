"""PictureRepo in PostgreSQL."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from adapters.postgres.connection import Connection
from adapters.postgres.tables import pictures, producers, productions, shows
from domain.branding import Picture


class PostgresPictureRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, picture: Picture, content: bytes) -> None:
        insert = postgresql.insert(pictures).values(name=picture.name, content=content)
        # Write it even if it exists: that locks the row, so a concurrent clean-up cannot find it unused.
        await self._connection.execute(
            insert.on_conflict_do_update(index_elements=[pictures.c.name], set_={"content": insert.excluded.content})
        )

    async def content(self, picture: Picture) -> bytes | None:
        query = sa.select(pictures.c.content).where(pictures.c.name == picture.name)
        return (await self._connection.execute(query)).scalar_one_or_none()

    async def remove_unused(self, picture: Picture) -> None:
        # Lock first, then search in a separate statement, which sees uses that were committed in between.
        locked = sa.select(pictures.c.name).where(pictures.c.name == picture.name).with_for_update()
        await self._connection.execute(locked)
        await self._connection.execute(
            sa.delete(pictures).where(
                pictures.c.name == picture.name,
                ~sa.exists().where(shows.c.image == picture.name),
                ~sa.exists().where(productions.c.image == picture.name),
                ~sa.exists().where(producers.c.logo == picture.name),
            )
        )
