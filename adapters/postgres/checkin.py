"""CheckInRepo in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.bulk import insert_of, rows_json, update_of
from adapters.postgres.connection import Connection, Row, Rows, compiled, uuids
from adapters.postgres.devices import DEVICES_WITH_HASHES, device_of
from adapters.postgres.rows import show_of
from adapters.postgres.tables import IN_CONFLICT, orders, replaced_codes, scans, shows, ticket_attendees, ticket_orders
from adapters.postgres.tokens import TOKENS_WITH_HASHES, token_of
from application.ports.checkin import (
    DoorFigures,
    IssuedTicket,
    ListedType,
    Listing,
    LockedParties,
    ScanCursor,
    ScanFacts,
    Tally,
    TypeAtDoor,
)
from domain.admission import Direction, PartyAtDoor, Scan, ScanResult
from domain.orders import AttendeeStatus, ReplacedCode, TicketAttendee

_LINE_OF_ATTENDEE = sa.and_(
    ticket_orders.c.order_id == ticket_attendees.c.order_id, ticket_orders.c.line == ticket_attendees.c.line
)
_CODES = sa.bindparam("codes", type_=sa.ARRAY(sa.Text))


def _ticket(code: sa.ColumnElement[str], replaced_at: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return sa.select(
        code,
        ticket_attendees.c.id.label("attendee_id"),
        orders.c.id.label("order_id"),
        orders.c.show_id,
        shows.c.producer_id,
        sa.func.coalesce(orders.c.completed_at, orders.c.created_at).label("sold_at"),
        replaced_at.label("replaced_at"),
    )


_PRESENT = (
    _ticket(ticket_attendees.c.code, sa.cast(sa.null(), replaced_codes.c.replaced_at.type))
    .select_from(ticket_attendees)
    .join(orders, orders.c.id == ticket_attendees.c.order_id)
    .join(shows, shows.c.id == orders.c.show_id)
)
_TICKETS = compiled(_PRESENT.where(ticket_attendees.c.code == sa.any_(_CODES)))
_TICKETS_OF = compiled(
    _PRESENT.where(ticket_attendees.c.id == sa.any_(sa.bindparam("attendees", type_=sa.ARRAY(sa.Uuid))))
)
_TICKETS_AND_REPLACED = compiled(
    _PRESENT.where(ticket_attendees.c.code == sa.any_(_CODES)).union_all(
        _ticket(replaced_codes.c.code, replaced_codes.c.replaced_at)
        .select_from(replaced_codes)
        .join(ticket_attendees, ticket_attendees.c.id == replaced_codes.c.attendee_id)
        .join(orders, orders.c.id == ticket_attendees.c.order_id)
        .join(shows, shows.c.id == orders.c.show_id)
        .where(replaced_codes.c.code == sa.any_(_CODES))
    )
)
# One text for all: 20,000 rows would keep the process busy. The lines are those of ListedTicket.as_line. A ticket's
# exits and re-entries take turns, so it is out if the last exit is the later one.
_LISTING = """
    SELECT statement_timestamp() AS began_at, clock_timestamp() AS read_at,
           string_agg(line, E'\\n' ORDER BY id) AS lines
    FROM (
        SELECT a.id, json_build_array(
            a.id, a.code, a.name, l.name, l.is_vip, a.status, a.checked_in_at, l.ticket_id, a.order_id, s.device_id,
            CASE WHEN p.left_at > coalesce(p.back_at, '-infinity') THEN p.left_at END, n.note
        )::text AS line
        FROM orders o
        JOIN ticket_attendees a ON a.order_id = o.id
        JOIN ticket_orders l ON l.order_id = a.order_id AND l.line = a.line
        LEFT JOIN scans s ON s.show_id = o.show_id AND s.attendee_id = a.id AND s.result = 'admitted'
                          AND s.undone_at IS NULL
        LEFT JOIN (
            SELECT attendee_id, max(scanned_at) FILTER (WHERE result = 'left') AS left_at,
                   max(scanned_at) FILTER (WHERE result = 'readmitted') AS back_at
            FROM scans
            WHERE show_id = %(show_id)s AND result IN ('left', 'readmitted') AND undone_at IS NULL
            GROUP BY attendee_id
        ) p ON p.attendee_id = a.id
        LEFT JOIN (
            SELECT d.order_id, string_agg(d.text, E'\\n' ORDER BY d.written_at, d.id) AS note
            FROM order_notes d JOIN orders w ON w.id = d.order_id
            WHERE w.show_id = %(show_id)s AND d.for_door
            GROUP BY d.order_id
        ) n ON n.order_id = o.id
        WHERE o.show_id = %(show_id)s AND (%(orders)s::uuid[] IS NULL OR o.id = ANY (%(orders)s::uuid[]))
    ) listed
"""
_TYPES = "SELECT id, name, is_vip FROM tickets WHERE show_id = %(show_id)s ORDER BY price, id"
_PASSED = "undone_at IS NULL AND result IN ('admitted', 'readmitted', 'left')"
_TYPES_AT_DOOR = """
    SELECT t.id, t.name, coalesce(came.expected, 0) AS expected, coalesce(came.admitted, 0) AS admitted,
           coalesce(away.n, 0) AS out
    FROM tickets t
    LEFT JOIN (
        SELECT l.ticket_id, count(*) AS expected, count(a.checked_in_at) AS admitted
        FROM orders o
        JOIN ticket_attendees a ON a.order_id = o.id
        JOIN ticket_orders l ON l.order_id = a.order_id AND l.line = a.line
        WHERE o.show_id = %(show_id)s AND a.status = 'valid'
        GROUP BY l.ticket_id
    ) came ON came.ticket_id = t.id
    LEFT JOIN (
        SELECT l.ticket_id, count(*) FILTER (WHERE s.result = 'left')
                            - count(*) FILTER (WHERE s.result = 'readmitted') AS n
        FROM scans s
        JOIN ticket_attendees a ON a.id = s.attendee_id
        JOIN ticket_orders l ON l.order_id = a.order_id AND l.line = a.line
        WHERE s.show_id = %(show_id)s AND s.result IN ('left', 'readmitted') AND s.undone_at IS NULL
          AND a.status = 'valid'
        GROUP BY l.ticket_id
    ) away ON away.ticket_id = t.id
    WHERE t.show_id = %(show_id)s
    ORDER BY t.price, t.id
"""
_TALLIES = f"""
    SELECT date_trunc('minute', scanned_at) AS minute, device_id, result, count(*) AS count, max(scanned_at) AS last_at
    FROM scans WHERE show_id = %(show_id)s AND {_PASSED}
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""  # noqa: S608  # a constant of ours
_CONFLICTS = f"SELECT count(*) AS n FROM scans WHERE show_id = %(show_id)s AND {IN_CONFLICT}"  # noqa: S608  # same
# Written out as in the partial indexes, so the planner can use them.
_COUNTS = sa.text("result = 'admitted' AND undone_at IS NULL")
_ADMISSIONS = compiled(
    sa.select(scans).where(_COUNTS, scans.c.attendee_id == sa.any_(sa.bindparam("attendees", type_=sa.ARRAY(sa.Uuid))))
)
_IDS = sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))
_SHOWS = compiled(sa.select(shows).where(shows.c.id == sa.any_(_IDS)))
_PARTIES = sa.select(orders.c.id, orders.c.show_id).where(orders.c.id == sa.any_(_IDS)).order_by(orders.c.id)
# As orders are locked elsewhere, so a mail that is written to all buyers delays no scan.
_LOCK_PARTIES = compiled(_PARTIES.with_for_update(key_share=True))
_LOCK_FREE_PARTIES = compiled(_PARTIES.with_for_update(skip_locked=True, key_share=True))
_ATTENDEES_OF_PARTIES = compiled(
    sa.select(
        ticket_attendees,
        ticket_orders.c.ticket_id,
        ticket_orders.c.name.label("ticket_name"),
        ticket_orders.c.is_vip,
    )
    .join(ticket_orders, _LINE_OF_ATTENDEE)
    .where(ticket_attendees.c.order_id == sa.any_(_IDS))
    .order_by(ticket_attendees.c.order_id, ticket_attendees.c.line, ticket_attendees.c.id)
)
_IN_ORDER_OF_RECEIPT = sa.select(scans).order_by(scans.c.received_at, scans.c.id)
_SCANS_OF = compiled(_IN_ORDER_OF_RECEIPT.where(scans.c.attendee_id == sa.any_(_IDS)))
_SCANS = compiled(
    sa.select(scans).where(
        scans.c.show_id == sa.any_(sa.bindparam("show_ids", type_=sa.ARRAY(sa.Uuid))), scans.c.id == sa.any_(_IDS)
    )
)
_MOVE = update_of(ticket_attendees, ["checked_in_at"], "attendees")
_ADD = f"{insert_of(scans, 'scans')} ON CONFLICT (show_id, id) DO NOTHING"
_IN_CONFLICT = sa.text(IN_CONFLICT)

#: The columns that may change after a scan is stored.
_CHANGING = ("result", "device_id", "offline", "scanned_at", "received_at", "undone_at")


class PostgresCheckInRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def tickets(self, codes: Collection[str], *, replaced: bool = False) -> Mapping[str, IssuedTicket]:
        query = _TICKETS_AND_REPLACED if replaced else _TICKETS
        [rows] = await self._connection.fetch((query, {"codes": list(codes)}))
        return {row["code"]: IssuedTicket(**row) for row in rows}

    async def tickets_of(self, attendee_ids: Collection[UUID]) -> Mapping[UUID, IssuedTicket]:
        [rows] = await self._connection.fetch((_TICKETS_OF, {"attendees": list(attendee_ids)}))
        return {row["attendee_id"]: IssuedTicket(**row) for row in rows}

    async def facts(
        self,
        *,
        token_hashes: Collection[bytes],
        device_hashes: Collection[bytes],
        show_ids: Collection[UUID],
        codes: Collection[str],
    ) -> ScanFacts:
        tokens, devices, on, tickets = await self._connection.fetch(
            (TOKENS_WITH_HASHES, {"hashes": list(token_hashes)}) if token_hashes else None,
            (DEVICES_WITH_HASHES, {"hashes": list(device_hashes)}) if device_hashes else None,
            (_SHOWS, {"ids": uuids(show_ids)}) if show_ids else None,
            (_TICKETS, {"codes": list(codes)}) if codes else None,
        )
        return ScanFacts(
            tokens={row["secret_hash"]: token_of(row) for row in tokens},
            devices={row["secret_hash"]: device_of(row) for row in devices},
            shows={row["id"]: show_of(row) for row in on},
            tickets={row["code"]: IssuedTicket(**row) for row in tickets},
        )

    async def lock(
        self,
        order_ids: Collection[UUID],
        attendee_ids: Collection[UUID],
        scan_ids: Collection[tuple[UUID, UUID]] = (),
        *,
        pass_over: bool = False,
    ) -> LockedParties:
        these_orders = {"ids": uuids(order_ids)}
        these_scans = {
            "show_ids": uuids({show_id for show_id, _ in scan_ids}),
            "ids": uuids(id_ for _, id_ in scan_ids),
        }
        locked, attendees, of_tickets, known = await self._connection.fetch(
            (_LOCK_FREE_PARTIES if pass_over else _LOCK_PARTIES, these_orders),
            (_ATTENDEES_OF_PARTIES, these_orders),
            (_SCANS_OF, {"ids": uuids(attendee_ids)}),
            (_SCANS, these_scans) if scan_ids else None,
            lock=pass_over,  # those who wait for a locked order wait longer
        )
        return LockedParties(
            _parties_of(locked, attendees),
            [_scan_of(row) for row in of_tickets],
            [_scan_of(row) for row in known if (row["show_id"], row["id"]) in scan_ids],
        )

    async def listing(self, show_id: UUID, order_ids: Collection[UUID] | None = None) -> Listing:
        orders = None if order_ids is None else list(order_ids)
        types, [row] = await self._connection.fetch(
            (_TYPES, {"show_id": show_id}), (_LISTING, {"show_id": show_id, "orders": orders})
        )
        lines = row["lines"].split("\n") if row["lines"] else []
        return Listing([ListedType(**each) for each in types], lines, row["began_at"], row["read_at"])

    async def figures(self, show_id: UUID) -> DoorFigures:
        parameters = {"show_id": show_id}
        types, tallies, [conflicts] = await self._connection.fetch(
            (_TYPES_AT_DOOR, parameters), (_TALLIES, parameters), (_CONFLICTS, parameters)
        )
        return DoorFigures(
            [TypeAtDoor(**row) for row in types],
            [Tally(**{**row, "result": ScanResult(row["result"])}) for row in tallies],
            conflicts["n"],
        )

    async def replaced_codes(self, show_id: UUID) -> list[ReplacedCode]:
        query = (
            sa.select(replaced_codes)
            .join(ticket_attendees, ticket_attendees.c.id == replaced_codes.c.attendee_id)
            .join(orders, orders.c.id == ticket_attendees.c.order_id)
            .where(orders.c.show_id == show_id)
            .order_by(replaced_codes.c.replaced_at, replaced_codes.c.code)
        )
        return [ReplacedCode(**row) for row in (await self._connection.execute(query)).mappings()]

    async def shows_on(self, producer_id: UUID, *, at: datetime, until: datetime) -> set[UUID]:
        query = sa.select(shows.c.id).where(
            shows.c.producer_id == producer_id,
            shows.c.door_time <= until,
            shows.c.end_time > at,
            sa.not_(shows.c.cancelled),
        )
        return set((await self._connection.scalars(query)).all())

    async def scans(self, show_id: UUID, scan_ids: Collection[UUID]) -> Mapping[UUID, Scan]:
        found = await self._select(scans.c.show_id == show_id, scans.c.id.in_(scan_ids))
        return {scan.id: scan for scan in found}

    async def scans_of(self, attendee_ids: Collection[UUID]) -> list[Scan]:
        return await self._select(scans.c.attendee_id.in_(attendee_ids))

    async def admissions(self, attendee_ids: Collection[UUID]) -> Mapping[UUID, Scan]:
        [rows] = await self._connection.fetch((_ADMISSIONS, {"attendees": list(attendee_ids)}))
        return {row["attendee_id"]: _scan_of(row) for row in rows}

    async def add(self, new: Sequence[Scan]) -> None:
        if new:
            self._connection.write(_ADD, {"scans": rows_json(_values(scan) for scan in new)})

    async def save(self, scan: Scan) -> None:
        values = {name: getattr(scan, name) for name in _CHANGING}
        await self._connection.execute(
            sa.update(scans).where(scans.c.show_id == scan.show_id, scans.c.id == scan.id).values(values)
        )

    async def move(self, attendees: Sequence[TicketAttendee]) -> None:
        if attendees:
            rows = rows_json({"id": each.id, "checked_in_at": each.checked_in_at} for each in attendees)
            self._connection.write(_MOVE, {"attendees": rows})

    async def undo(self, attendee_id: UUID, *, now: datetime) -> None:
        await self._connection.execute(
            sa.update(scans)
            .where(scans.c.attendee_id == attendee_id, scans.c.undone_at.is_(None))
            .values(undone_at=now)
        )

    async def conflicts(self, show_id: UUID, *, after: ScanCursor | None, limit: int) -> list[Scan]:
        key = sa.tuple_(scans.c.received_at, scans.c.id)
        conditions: list[Any] = [scans.c.show_id == show_id, _IN_CONFLICT]
        if after is not None:
            last = sa.literal(after.received_at, scans.c.received_at.type)
            conditions.append(key > sa.tuple_(last, sa.literal(after.scan_id)))
        return await self._select(*conditions, limit=limit)

    async def _select(self, *conditions: Any, limit: int | None = None) -> list[Scan]:
        query = sa.select(scans).where(*conditions).order_by(scans.c.received_at, scans.c.id).limit(limit)
        rows = (await self._connection.execute(query)).mappings()
        return [_scan_of(row) for row in rows]


def _scan_of(row: Row) -> Scan:
    return Scan(**{**row, "result": ScanResult(row["result"]), "direction": Direction(row["direction"])})


def _parties_of(locked: Rows, attendees: Rows) -> dict[UUID, PartyAtDoor]:
    of_order: dict[UUID, list[TicketAttendee]] = {row["id"]: [] for row in locked}
    for row in attendees:
        order_id = row.pop("order_id")
        if order_id in of_order:
            of_order[order_id].append(TicketAttendee(**{**row, "status": AttendeeStatus(row["status"])}))
    return {row["id"]: PartyAtDoor(row["id"], row["show_id"], tuple(of_order[row["id"]])) for row in locked}


def _values(scan: Scan) -> dict[str, Any]:
    return {column.name: getattr(scan, column.name) for column in scans.columns}
