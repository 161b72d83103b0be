"""NoteRepo and PersonalDataRepo in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.connection import Connection
from adapters.postgres.tables import order_notes, orders, outbox, refunds, scans, shows, ticket_attendees
from domain.customer import ERASED_EMAIL, ERASED_NAME, Customer
from domain.email_address import both_forms
from domain.notes import OrderNote
from domain.order_search import search_key
from domain.orders import SOLD, AttendeeStatus
from domain.tasks import PERSONAL_DETAILS

ORDERS_OF = (
    sa.select(orders.c.id)
    .join(shows, shows.c.id == orders.c.show_id)
    .where(
        sa.func.lower(orders.c.customer_email) == sa.any_(sa.bindparam("emails", type_=sa.ARRAY(sa.Text))),
        shows.c.producer_id == sa.bindparam("producer_id"),
    )
    .order_by(orders.c.id)
)

_HAS_TICKETS = sa.select(
    sa.exists().where(
        sa.func.lower(orders.c.customer_email) == sa.func.lower(sa.bindparam("email")),
        orders.c.show_id == sa.bindparam("show_id"),
        orders.c.status.in_(sorted(SOLD)),
        ticket_attendees.c.order_id == orders.c.id,
        ticket_attendees.c.status == AttendeeStatus.VALID,
    )
)

_IMPERSONAL_DETAILS = outbox.c.details.op("-")(sa.literal(list(PERSONAL_DETAILS), sa.ARRAY(sa.Text)))


class PostgresNoteRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, note: OrderNote) -> None:
        values = {column.name: getattr(note, column.name) for column in order_notes.columns}
        await self._connection.execute(sa.insert(order_notes).values(values))

    async def of_order(self, order_id: UUID) -> list[OrderNote]:
        query = sa.select(order_notes).where(order_notes.c.order_id == order_id)
        rows = await self._connection.execute(query.order_by(order_notes.c.written_at, order_notes.c.id))
        return [OrderNote(**row) for row in rows.mappings()]


class PostgresPersonalDataRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def orders_of(self, producer_id: UUID, email: str) -> list[UUID]:
        parameters = {"producer_id": producer_id, "emails": list(both_forms(email))}
        return list((await self._connection.scalars(ORDERS_OF, parameters)).all())

    async def has_tickets(self, show_id: UUID, email: str) -> bool:
        return bool(await self._connection.scalar(_HAS_TICKETS, {"show_id": show_id, "email": email}))

    async def scanners_of(self, order_ids: Collection[UUID]) -> list[str]:
        query = (
            sa.select(scans.c.device_id)
            .join(ticket_attendees, ticket_attendees.c.id == scans.c.attendee_id)
            .where(ticket_attendees.c.order_id.in_(order_ids), scans.c.device_id != "")
            .distinct()
        )
        return sorted((await self._connection.scalars(query)).all())

    async def erase(self, order_ids: Collection[UUID]) -> None:
        for statement in erasures(order_ids):
            await self._connection.execute(statement)


def erasures(order_ids: Collection[UUID]) -> Sequence[sa.Executable]:
    """The statements that erase the personal data of these locked orders."""
    ids = list(order_ids)
    return (
        sa.update(orders)
        .where(orders.c.id.in_(ids))
        .values(
            customer_name=ERASED_NAME,
            customer_email=ERASED_EMAIL,
            customer_phone=None,
            search_key=search_key(Customer(ERASED_NAME, ERASED_EMAIL)),
            checkout_url=None,
            last_payment_error=None,
            idempotency_key=None,
            request_fingerprint=None,
            names=None,
        ),
        sa.update(ticket_attendees).where(ticket_attendees.c.order_id.in_(ids)).values(name=ERASED_NAME),
        sa.update(refunds).where(refunds.c.order_id.in_(ids)).values(reason=""),
        # Mail servers often repeat the address that they refuse.
        sa.update(outbox).where(outbox.c.order_id.in_(ids)).values(last_error=None, details=_IMPERSONAL_DETAILS),
        sa.delete(order_notes).where(order_notes.c.order_id.in_(ids)),
    )
