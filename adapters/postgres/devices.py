"""DeviceRepo and PairingRepo in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from adapters.postgres.connection import Connection, Row, compiled
from adapters.postgres.rows import Values
from adapters.postgres.tables import devices, pairings
from domain.devices import Device, DeviceKind, DeviceNameTaken, Pairing

#: Every request of a device runs this.
_WITH_HASH = compiled(sa.select(devices).where(devices.c.secret_hash == sa.bindparam("hash", type_=sa.LargeBinary)))

#: As ``_WITH_HASH``, for many scans at once.
DEVICES_WITH_HASHES = compiled(
    sa.select(devices).where(devices.c.secret_hash == sa.any_(sa.bindparam("hashes", type_=sa.ARRAY(sa.LargeBinary))))
)


class PostgresDeviceRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, device: Device) -> None:
        # Of two at once the second waits for the first one's transaction, and adds nothing if that is committed.
        added = await self._connection.execute(
            insert(devices)
            .values(_values(device, devices))
            .on_conflict_do_nothing(
                index_elements=[devices.c.producer_id, sa.text("lower(name)")],
                index_where=devices.c.revoked_at.is_(None),
            )
            .returning(devices.c.id)
        )
        if added.one_or_none() is None:
            raise DeviceNameTaken(device.name)

    async def get(self, device_id: UUID) -> Device | None:
        query = sa.select(devices).where(devices.c.id == device_id)
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return device_of(row) if row else None

    async def with_hash(self, secret_hash: bytes) -> Device | None:
        [rows] = await self._connection.fetch((_WITH_HASH, {"hash": secret_hash}))
        return device_of(rows[0]) if rows else None

    async def of_producer(self, producer_id: UUID) -> list[Device]:
        found = await self._connection.execute(
            sa.select(devices).where(devices.c.producer_id == producer_id).order_by(devices.c.paired_at, devices.c.id)
        )
        return [device_of(row) for row in found.mappings()]

    async def seen(self, device_id: UUID, *, now: datetime) -> None:
        await self._change(device_id, last_seen_at=now)

    async def rename(self, device_id: UUID, name: str) -> None:
        try:
            await self._change(device_id, name=name)
        except IntegrityError as error:
            raise DeviceNameTaken(name) from error

    async def _change(self, device_id: UUID, **values: object) -> None:
        await self._connection.execute(sa.update(devices).where(devices.c.id == device_id).values(**values))

    async def revoke(self, device_id: UUID, *, now: datetime) -> bool:
        revoked = await self._connection.execute(
            sa.update(devices).where(devices.c.id == device_id, devices.c.revoked_at.is_(None)).values(revoked_at=now)
        )
        return revoked.rowcount > 0


class PostgresPairingRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def put(self, pairing: Pairing) -> None:
        values = _values(pairing, pairings)
        statement = insert(pairings).values(values)
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))

    async def get(self, pairing_id: UUID) -> Pairing | None:
        return await self._one(sa.select(pairings).where(pairings.c.id == pairing_id))

    async def waiting(self, producer_id: UUID, *, since: datetime) -> list[Pairing]:
        found = await self._connection.execute(
            sa.select(pairings)
            .where(pairings.c.producer_id == producer_id, pairings.c.created_at > since, pairings.c.device_id.is_(None))
            .order_by(pairings.c.created_at, pairings.c.id)
        )
        return [_pairing_of(row) for row in found.mappings()]

    async def remove(self, pairing_id: UUID) -> bool:
        removed = await self._connection.execute(
            sa.delete(pairings).where(pairings.c.id == pairing_id, pairings.c.device_id.is_(None))
        )
        return removed.rowcount > 0

    async def with_code(self, code_hash: bytes) -> Pairing | None:
        return await self._one(sa.select(pairings).where(pairings.c.code_hash == code_hash).with_for_update())

    async def _one(self, query: sa.Select[tuple[object, ...]]) -> Pairing | None:
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return _pairing_of(row) if row else None


def device_of(row: Row) -> Device:
    """The device of a row."""
    return Device(**_read(row))


def _pairing_of(row: Row) -> Pairing:
    return Pairing(**_read(row))


def _read(row: Row) -> Values:
    return {**row, "kind": DeviceKind(row["kind"]), "show_ids": frozenset(row["show_ids"])}


def _values(thing: Device | Pairing, table: sa.Table) -> Values:
    values = {column.name: getattr(thing, column.name) for column in table.columns}
    return {**values, "show_ids": sorted(thing.show_ids)}
