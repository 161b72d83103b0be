"""OrderListRepo in PostgreSQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import RowMapping
from sqlalchemy.dialects.postgresql import BIT

from adapters.postgres.connection import Connection
from adapters.postgres.tables import (
    orders,
    outbox,
    scans,
    shows,
    ticket_attendees,
    ticket_claims,
    ticket_orders,
    tickets,
)
from application.ports.order_lists import (
    AttendeeCursor,
    AttendeeFilter,
    AttendeeSummary,
    ExportedAttendee,
    ExportedOrder,
    Hold,
    OrderCursor,
    OrderFilter,
    OrderSummary,
    PaidBy,
    Presence,
    ShowsOf,
    UndeliveredMail,
)
from domain.admission import ScanResult
from domain.customer import Customer
from domain.email_address import both_forms
from domain.money import currency
from domain.order_search import MisspeltWord, NumberPart, SearchTerm, names_key, number_tail
from domain.orders import AttendeeStatus, ManualPayment, OrderStatus, number_of
from domain.tasks import ORDER_MAILS, TaskState
from domain.ticket_code import CODE_LENGTH

_Time = orders.c.created_at.type
#: The text in which an order is searched. Until the migration has filled it in: name and address as they stand.
_KEY = sa.func.coalesce(orders.c.search_key, sa.func.lower(orders.c.customer_name + " " + orders.c.customer_email))
#: The address within that text, as it is folded. Folding may do more to one that is not ASCII.
_ADDRESS = sa.func.translate(sa.func.replace(sa.func.lower(orders.c.customer_email), "-", " "), "'`\"", "")
_NAMES_KEY = sa.func.replace(_KEY, sa.func.nullif(_ADDRESS, ""), "")
#: The other names of an order, for a search that looks at names alone.
_NAMES = sa.case(
    (
        sa.bindparam("with_names", type_=sa.Boolean),
        sa.func.array(
            sa.select(ticket_attendees.c.name)
            .where(ticket_attendees.c.order_id == orders.c.id)
            .correlate(orders)
            .scalar_subquery()
        ).op("||")(sa.func.coalesce(orders.c.names, sa.cast([], sa.ARRAY(sa.Text)))),
    )
).label("all_names")
_TICKETS = (
    sa.select(sa.func.sum(ticket_orders.c.quantity).label("tickets"))
    .where(ticket_orders.c.order_id == orders.c.id)
    .correlate(orders)
    .lateral("lines")
)
_ATTENDEES = (
    sa.select(
        sa.func.count().filter(ticket_attendees.c.status == AttendeeStatus.VALID).label("valid_tickets"),
        sa.func.count(ticket_attendees.c.checked_in_at).label("checked_in"),
    )
    .where(ticket_attendees.c.order_id == orders.c.id)
    .correlate(orders)
    .lateral("attendees")
)
_later = outbox.alias("later")
# A mail that was sent again later, and arrived, no longer counts as undelivered.
_IS_UNDELIVERED = (
    outbox.c.order_id == orders.c.id,
    outbox.c.kind.in_(sorted(ORDER_MAILS)),
    outbox.c.state != TaskState.DONE,
    outbox.c.last_error.is_not(None),
    ~sa.exists().where(
        _later.c.order_id == outbox.c.order_id,
        _later.c.kind == outbox.c.kind,
        _later.c.state == TaskState.DONE,
        _later.c.due_at > outbox.c.due_at,
    ),
)
_UNDELIVERED = (
    sa.select(
        sa.func.jsonb_agg(
            sa.func.jsonb_build_array(
                outbox.c.kind, outbox.c.state, outbox.c.sending_since.is_not(None), outbox.c.last_error
            )
        ).label("undelivered")
    )
    .where(*_IS_UNDELIVERED)
    .correlate(orders)
    .lateral("mails")
)
_SUMMARIES = (
    sa.select(
        orders,
        _TICKETS.c.tickets,
        _ATTENDEES.c.valid_tickets,
        _ATTENDEES.c.checked_in,
        _UNDELIVERED.c.undelivered,
        _NAMES,
    )
    .select_from(orders.join(_TICKETS, sa.true()).join(_ATTENDEES, sa.true()).join(_UNDELIVERED, sa.true()))
    .order_by(orders.c.created_at.desc(), orders.c.id.desc())
)
_exits = scans.alias("exits")


def _out_since(attendee: Any) -> sa.ColumnElement[Any]:
    """Since when a valid ticket is out. Exits and re-entries take turns, so it is out if the last exit is the later.
    ``attendee`` are columns that have those of ticket_attendees.
    """
    left = sa.func.max(_exits.c.scanned_at).filter(_exits.c.result == ScanResult.LEFT)
    back = sa.func.max(_exits.c.scanned_at).filter(_exits.c.result == ScanResult.READMITTED)
    since = (
        sa.select(sa.case((sa.or_(back.is_(None), left > back), left)))
        .where(
            _exits.c.attendee_id == attendee.id,
            _exits.c.result.in_([ScanResult.LEFT, ScanResult.READMITTED]),
            _exits.c.undone_at.is_(None),
        )
        .scalar_subquery()
    )
    was_in = sa.and_(attendee.status == AttendeeStatus.VALID, attendee.checked_in_at.is_not(None))
    return sa.case((was_in, since))


_ATTENDEE_LIST = (
    sa.select(
        ticket_attendees.c.id,
        ticket_attendees.c.name,
        ticket_orders.c.name.label("ticket_name"),
        ticket_orders.c.is_vip,
        ticket_attendees.c.code,
        ticket_attendees.c.status,
        ticket_attendees.c.checked_in_at,
        orders.c.id.label("order_id"),
        orders.c.customer_email,
        orders.c.created_at,
        orders.c.show_id,
        orders.c.show_title,
        orders.c.customer_name,
        _out_since(ticket_attendees.c).label("out_since"),
        _NAMES,
    )
    .join(ticket_attendees, ticket_attendees.c.order_id == orders.c.id)
    .join(
        ticket_orders,
        sa.and_(ticket_orders.c.order_id == orders.c.id, ticket_orders.c.line == ticket_attendees.c.line),
    )
    .order_by(orders.c.created_at, orders.c.id, ticket_attendees.c.id)
)
#: What a file has of an order, before its tickets are counted, by the names of ExportedOrder.
_EXPORTED_COLUMNS = (
    orders.c.id,
    orders.c.status,
    orders.c.manual_payment,
    orders.c.created_at,
    orders.c.completed_at,
    orders.c.customer_name.label("name"),
    orders.c.customer_email.label("email"),
    orders.c.customer_phone.label("phone"),
    orders.c.currency,
    orders.c.subtotal,
    orders.c.promo_code,
    orders.c.promo_code_discount,
    (orders.c.platform_fees + orders.c.payment_processing_fees).label("fees"),
    orders.c.total,
    orders.c.tax,
    orders.c.amount_paid,
    orders.c.refunded_amount,
    orders.c.disputed,
    orders.c.fees_included,
    orders.c.show_id,
    orders.c.show_title,
)
_EXPORTED_ATTENDEES = (
    sa.select(
        ticket_attendees.c.id,
        ticket_attendees.c.name,
        ticket_orders.c.name.label("ticket_name"),
        ticket_orders.c.is_vip,
        ticket_attendees.c.code,
        ticket_attendees.c.status,
        ticket_attendees.c.checked_in_at,
        orders.c.id.label("order_id"),
        orders.c.customer_email.label("email"),
        orders.c.created_at,
        orders.c.show_id,
        orders.c.show_title,
    )
    .join(ticket_attendees, ticket_attendees.c.order_id == orders.c.id)
    .join(
        ticket_orders,
        sa.and_(ticket_orders.c.order_id == orders.c.id, ticket_orders.c.line == ticket_attendees.c.line),
    )
    .order_by(orders.c.created_at, orders.c.id, ticket_attendees.c.id)
)


def _in_fields_order(fields: Sequence[str], columns: Mapping[str, sa.ColumnElement[Any]]) -> list[Any]:
    """The columns by the names of a tuple's fields; ids as text, which needs no object for each."""
    return [
        sa.cast(columns[name], sa.Text).label(name) if isinstance(columns[name].type, sa.Uuid) else columns[name]
        for name in fields
    ]


def _exported_orders(chosen: sa.Subquery) -> sa.Select[Any]:
    lines = (
        sa.select(sa.func.sum(ticket_orders.c.quantity).label("tickets"))
        .where(ticket_orders.c.order_id == chosen.c.id)
        .lateral("lines")
    )
    people = (
        sa.select(
            sa.func.count().filter(ticket_attendees.c.status == AttendeeStatus.VALID).label("valid_tickets"),
            sa.func.count(ticket_attendees.c.checked_in_at).label("checked_in"),
        )
        .where(ticket_attendees.c.order_id == chosen.c.id)
        .lateral("people")
    )
    columns = {**dict(chosen.c), **dict(lines.c), **dict(people.c)}
    return (
        sa.select(*_in_fields_order(ExportedOrder._fields, columns))
        .select_from(chosen.join(lines, sa.true()).join(people, sa.true()))
        .order_by(chosen.c.created_at.desc(), chosen.c.id.desc())
    )


def _exported_attendees(page: sa.Subquery) -> sa.Select[Any]:
    columns = {**dict(page.c), "out_since": _out_since(page.c).label("out_since")}
    return sa.select(*_in_fields_order(ExportedAttendee._fields, columns)).order_by(
        page.c.created_at, page.c.order_id, page.c.id
    )


_PRESENCE = {
    Presence.VOID: ticket_attendees.c.status == AttendeeStatus.VOID,
    Presence.IN: sa.and_(
        ticket_attendees.c.status == AttendeeStatus.VALID,
        ticket_attendees.c.checked_in_at.is_not(None),
        _out_since(ticket_attendees.c).is_(None),
    ),
    Presence.OUT: _out_since(ticket_attendees.c).is_not(None),
    Presence.NOT_IN: sa.and_(
        ticket_attendees.c.status == AttendeeStatus.VALID, ticket_attendees.c.checked_in_at.is_(None)
    ),
}
# The status is written as in the partial index of the few orders that hold tickets.
_HOLDS = (
    sa.select(
        orders.c.id,
        orders.c.status,
        orders.c.customer_email,
        ticket_claims.c.key,
        _TICKETS.c.tickets,
        orders.c.created_at,
        orders.c.expires_at,
    )
    .select_from(
        orders.join(_TICKETS, sa.true()).outerjoin(
            ticket_claims, sa.and_(ticket_claims.c.order_id == orders.c.id, ticket_claims.c.is_network)
        )
    )
    .where(sa.text("status IN ('pending', 'processing')"), orders.c.expires_at.is_not(None))
    .order_by(orders.c.expires_at, orders.c.id)
)


Row = TypeVar("Row")
Cursor = TypeVar("Cursor")


class PostgresOrderListRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def orders(
        self, of: ShowsOf, *, only: OrderFilter, after: OrderCursor | None, limit: int
    ) -> list[OrderSummary]:
        async def read(after: OrderCursor | None) -> Sequence[RowMapping]:
            return await self._order_rows(of, only, after, limit)

        def place(row: RowMapping) -> OrderCursor:
            return OrderCursor(row["created_at"], row["id"])

        return [_order_of(row) for row in await _matching(read, place, only, after=after, limit=limit)]

    async def _order_rows(
        self, of: ShowsOf, only: OrderFilter, after: OrderCursor | None, limit: int
    ) -> Sequence[RowMapping]:
        chosen = self._chosen_orders(of, only, after, limit, (orders.c.id, orders.c.created_at))
        query = _SUMMARIES.where(orders.c.id.in_(sa.select(chosen.subquery("chosen").c.id)))
        return (await self._connection.execute(query, {"with_names": only.names_only})).mappings().all()

    def _chosen_orders(
        self,
        of: ShowsOf,
        only: OrderFilter,
        after: OrderCursor | None,
        limit: int,
        columns: Sequence[sa.ColumnElement[Any]],
    ) -> sa.Select[Any]:
        """These columns of a page's orders, newest first."""
        conditions = [*_conditions(only), *map(_finder(only), only.terms)]
        is_unfiltered = not conditions
        if after is not None:
            last = sa.tuple_(sa.literal(after.created_at, _Time), sa.literal(after.order_id))
            conditions.append(sa.tuple_(orders.c.created_at, orders.c.id) < last)
        newest_first = (orders.c.created_at.desc(), orders.c.id.desc())
        chosen = sa.select(*columns).where(*conditions).order_by(*newest_first).limit(limit)
        if of.show_id is None and is_unfiltered:
            return _of_each_show(chosen, of.producer_id).order_by(sa.text("created_at DESC, id DESC")).limit(limit)
        return chosen.join(shows, shows.c.id == orders.c.show_id).where(*_is_of(of))

    async def attendees(
        self, of: ShowsOf, *, only: AttendeeFilter, after: AttendeeCursor | None, limit: int
    ) -> list[AttendeeSummary]:
        async def read(after: AttendeeCursor | None) -> Sequence[RowMapping]:
            return await self._attendee_rows(of, only, after, limit)

        def place(row: RowMapping) -> AttendeeCursor:
            return AttendeeCursor(row["created_at"], row["order_id"], row["id"])

        return [_attendee_of(row) for row in await _matching(read, place, only, after=after, limit=limit)]

    async def _attendee_rows(
        self, of: ShowsOf, only: AttendeeFilter, after: AttendeeCursor | None, limit: int
    ) -> Sequence[RowMapping]:
        query = self._attendee_page(of, only, after, limit, _ATTENDEE_LIST)
        return (await self._connection.execute(query, {"with_names": only.names_only})).mappings().all()

    def _attendee_page(
        self,
        of: ShowsOf,
        only: AttendeeFilter,
        after: AttendeeCursor | None,
        limit: int,
        listed: sa.Select[Any],
    ) -> sa.Select[Any]:
        """A page of the attendees that are ``listed``."""
        conditions = [*_attendee_conditions(only), *map(_finder(only), only.terms)]
        query = listed.where(*conditions).limit(limit)
        if after is not None:
            key = sa.tuple_(orders.c.created_at, orders.c.id)
            moment, order_id = sa.literal(after.created_at, _Time), sa.literal(after.order_id)
            whole_key = sa.tuple_(orders.c.created_at, orders.c.id, ticket_attendees.c.id)
            query = query.where(
                key >= sa.tuple_(moment, order_id),  # lets the index of orders be used
                whole_key > sa.tuple_(moment, order_id, sa.literal(after.attendee_id)),
            )
        if of.show_id is None and not conditions:
            return _of_each_show(query, of.producer_id).order_by(sa.text("created_at, order_id, id")).limit(limit)
        return query.join(shows, shows.c.id == orders.c.show_id).where(*_is_of(of))

    async def exported_orders(
        self, of: ShowsOf, *, only: OrderFilter, after: OrderCursor | None, limit: int
    ) -> list[ExportedOrder]:
        if only.names_only:
            return [ExportedOrder.of(each) for each in await self.orders(of, only=only, after=after, limit=limit)]
        chosen = self._chosen_orders(of, only, after, limit, _EXPORTED_COLUMNS).subquery("chosen")
        rows = await self._connection.execute(_exported_orders(chosen))
        return [ExportedOrder._make(row) for row in rows]

    async def exported_attendees(
        self, of: ShowsOf, *, only: AttendeeFilter, after: AttendeeCursor | None, limit: int
    ) -> list[ExportedAttendee]:
        if only.names_only:
            return [ExportedAttendee.of(each) for each in await self.attendees(of, only=only, after=after, limit=limit)]
        page = self._attendee_page(of, only, after, limit, _EXPORTED_ATTENDEES)
        rows = await self._connection.execute(_exported_attendees(page.subquery("page")))
        return [ExportedAttendee._make(row) for row in rows]

    async def words_like(self, of: ShowsOf, word: MisspeltWord) -> set[str]:
        words = sa.func.string_to_table(_KEY, " ").table_valued("word").render_derived("words").lateral()
        column = words.c.word
        query = (
            sa.select(column)
            .distinct()
            .select_from(orders.join(shows, shows.c.id == orders.c.show_id).join(words, sa.true()))
            .where(
                *_is_of(of),
                sa.func.length(column).between(word.shortest, word.longest),
                sa.or_(sa.func.left(column, 1) == word.first_letter, sa.func.right(column, 2) == word.last_letters),
                column.contains("@") if word.is_address else ~column.contains("@"),
            )
        )
        return set((await self._connection.scalars(query)).all())

    async def with_number(self, producer_id: UUID, number: str, *, limit: int) -> list[UUID]:
        tail = number_tail(number)
        if tail is None:
            return []
        query = (
            sa.select(orders.c.id)
            .join(shows, shows.c.id == orders.c.show_id)
            .where(shows.c.producer_id == producer_id, _ends_with(tail))
            .order_by(orders.c.id)
            .limit(limit)
        )
        return list((await self._connection.scalars(query)).all())

    async def ticket_names(self, of: ShowsOf) -> list[str]:
        query = sa.select(tickets.c.name).distinct().join(shows, shows.c.id == tickets.c.show_id).where(*_is_of(of))
        return sorted((await self._connection.scalars(query)).all())

    async def holds(self, show_id: UUID, *, limit: int) -> list[Hold]:
        rows = await self._connection.execute(_HOLDS.where(orders.c.show_id == show_id).limit(limit))
        return [
            Hold(
                order_id=row.id,
                status=OrderStatus(row.status),
                email=row.customer_email,
                network=row.key,
                tickets=row.tickets,
                created_at=row.created_at,
                expires_at=row.expires_at,
            )
            for row in rows
        ]

    async def sizes(self, show_id: UUID) -> tuple[int, int]:
        of_show = sa.select(sa.func.count()).where(orders.c.show_id == show_id)
        people = of_show.select_from(orders.join(ticket_attendees, ticket_attendees.c.order_id == orders.c.id))
        counts = sa.select(
            of_show.select_from(orders).scalar_subquery().label("orders"), people.scalar_subquery().label("attendees")
        )
        row = (await self._connection.execute(counts)).mappings().one()
        return row["orders"], row["attendees"]


def _is_of(of: ShowsOf) -> list[sa.ColumnElement[bool]]:
    one = [] if of.show_id is None else [shows.c.id == of.show_id]
    return [shows.c.producer_id == of.producer_id, *one]


def _of_each_show(page: sa.Select[Any], producer_id: UUID) -> sa.Select[Any]:
    """The page of each of the producer's shows, from which the page of all of them is chosen: so it takes the index of
    each show, and not all orders of the producer, or of the installation. Where a filter would pass over most orders,
    reading all of them once is faster.
    """
    of_show = page.where(orders.c.show_id == shows.c.id).correlate(shows).lateral("of_show")
    return sa.select(of_show).select_from(shows.join(of_show, sa.true())).where(shows.c.producer_id == producer_id)


async def _matching(
    read: Callable[[Cursor | None], Awaitable[Sequence[RowMapping]]],
    place: Callable[[RowMapping], Cursor],
    only: OrderFilter | AttendeeFilter,
    *,
    after: Cursor | None,
    limit: int,
) -> list[RowMapping]:
    """A page of rows. Where names alone are searched, SQL may find a word in an address that is not ASCII: those rows
    are left out here, and further ones are read in their place.
    """
    found: list[RowMapping] = []
    while len(found) < limit:
        rows = await read(after)
        found += rows if not only.names_only else (row for row in rows if _has_by_name(row, only.terms))
        if not only.names_only or len(rows) < limit:
            break
        after = place(rows[-1])
    return found[:limit]


def _has_by_name(row: RowMapping, terms: Sequence[SearchTerm]) -> bool:
    key = names_key(row["customer_name"], [name for name in row["all_names"] if name])
    order_id = row["order_id"] if "order_id" in row else row["id"]
    return all(term.is_in(key, None, order_id) for term in terms)


def _conditions(only: OrderFilter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if only.status is not None:
        conditions.append(orders.c.status == only.status)
    if only.email is not None:
        conditions.append(sa.func.lower(orders.c.customer_email).in_(both_forms(only.email)))
    if only.undelivered:
        conditions.append(sa.exists().where(*_IS_UNDELIVERED).correlate(orders))
    if only.disputed:
        conditions.append(orders.c.disputed)
    if only.paid_by is not None:
        conditions.append(_is_paid_by(only.paid_by))
    if only.placed_from is not None:
        conditions.append(orders.c.created_at >= only.placed_from)
    if only.placed_until is not None:
        conditions.append(orders.c.created_at < only.placed_until)
    return conditions


def _is_paid_by(way: PaidBy) -> sa.ColumnElement[bool]:
    if way in (PaidBy.ONLINE, PaidBy.FREE):
        costs = orders.c.total > 0 if way is PaidBy.ONLINE else orders.c.total == 0
        return sa.and_(orders.c.manual_payment.is_(None), costs)
    return orders.c.manual_payment == way


def _attendee_conditions(only: AttendeeFilter) -> list[sa.ColumnElement[bool]]:
    wanted = (
        (ticket_orders.c.name, only.ticket_name),
        (orders.c.promo_code, only.promo_code),
        (ticket_orders.c.allocation_id, only.allocation_id),
    )
    conditions: list[sa.ColumnElement[bool]] = [column == value for column, value in wanted if value is not None]
    return conditions if only.presence is None else [*conditions, _PRESENCE[only.presence]]


def _finder(only: OrderFilter | AttendeeFilter) -> Callable[[SearchTerm], sa.ColumnElement[bool]]:
    key = _NAMES_KEY if only.names_only else _KEY
    return lambda term: _has(term, key)


def _has(term: SearchTerm, key: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    conditions: list[sa.ColumnElement[bool]] = [
        *(key.contains(spelling, autoescape=True) for spelling in term.spellings),
        *(orders.c.customer_phone.contains(digits, autoescape=True) for digits in term.phones),
    ]
    if term.number_tail is not None:
        conditions.append(_ends_with(term.number_tail))
    conditions += [_has_part(part) for part in term.number_parts]
    if term.code_tail is not None:
        conditions.append(orders.c.id.in_(_orders_with_code(term.code_tail)))
    return sa.or_(*conditions) if conditions else sa.false()


def _ends_with(number_tail: bytes) -> sa.ColumnElement[bool]:
    return sa.func.substring(sa.func.uuid_send(orders.c.id), 12) == number_tail


def _has_part(part: NumberPart) -> sa.ColumnElement[bool]:
    tail = sa.func.encode(sa.func.substring(sa.func.uuid_send(orders.c.id), 12), "hex")
    number = sa.cast(sa.cast(sa.literal("x").op("||")(tail), BIT(40)), sa.BigInteger)
    return number.op("&")(sa.literal(part.mask, sa.BigInteger)) == sa.literal(part.bits, sa.BigInteger)


def _orders_with_code(tail: str) -> sa.Select[Any]:
    code = ticket_attendees.c.code
    is_whole = len(tail) == CODE_LENGTH
    return sa.select(ticket_attendees.c.order_id).where(code == tail if is_whole else code.endswith(tail))


def _order_of(row: RowMapping) -> OrderSummary:
    return OrderSummary(
        id=row["id"],
        number=number_of(row["id"]),
        status=OrderStatus(row["status"]),
        customer=Customer(row["customer_name"], row["customer_email"], row["customer_phone"]),
        currency=currency(row["currency"]),
        fees=row["platform_fees"] + row["payment_processing_fees"],
        fees_included=row["fees_included"],
        manual_payment=ManualPayment(row["manual_payment"]) if row["manual_payment"] else None,
        undelivered=tuple(
            UndeliveredMail.of(kind, state, in_doubt=in_doubt, error=error)
            for kind, state, in_doubt, error in sorted(row["undelivered"] or ())
        ),
        **{name: row[name] for name in _SAME_IN_BOTH},
    )


_SAME_IN_BOTH = (
    "subtotal",
    "promo_code",
    "promo_code_discount",
    "total",
    "tax",
    "amount_paid",
    "refunded_amount",
    "disputed",
    "tickets",
    "valid_tickets",
    "checked_in",
    "created_at",
    "completed_at",
    "show_id",
    "show_title",
)


_NOT_IN_SUMMARY = {"customer_name", "all_names"}


def _attendee_of(row: RowMapping) -> AttendeeSummary:
    facts: dict[str, Any] = {name: value for name, value in row.items() if name not in _NOT_IN_SUMMARY}
    return AttendeeSummary(
        order_number=number_of(row["order_id"]), **{**facts, "status": AttendeeStatus(row["status"])}
    )
