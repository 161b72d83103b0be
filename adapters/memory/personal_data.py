"""NoteRepo and PersonalDataRepo in memory."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from adapters.memory.tables import Tables
from domain.customer import ERASED_EMAIL, ERASED_NAME, Customer
from domain.email_address import both_forms
from domain.notes import OrderNote
from domain.orders import Order
from domain.tasks import PERSONAL_DETAILS, OutboxTask


class MemoryNoteRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, note: OrderNote) -> None:
        self._tables.notes[note.id] = note

    async def of_order(self, order_id: UUID) -> list[OrderNote]:
        found = [note for note in self._tables.notes.values() if note.order_id == order_id]
        return sorted(found, key=lambda note: (note.written_at, note.id))


class MemoryPersonalDataRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def orders_of(self, producer_id: UUID, email: str) -> list[UUID]:
        shows = {show.id for show in self._tables.shows.values() if show.producer_id == producer_id}
        found = [o for o in self._tables.orders.values() if o.customer.email.lower() in both_forms(email)]
        return sorted(order.id for order in found if order.show_id in shows)

    async def has_tickets(self, show_id: UUID, email: str) -> bool:
        found = [o for o in self._tables.orders.values() if o.customer.email.lower() == email.lower()]
        return any(order.success for order in found if order.show_id == show_id)

    async def scanners_of(self, order_ids: Collection[UUID]) -> list[str]:
        attendees = {attendee.id for id_ in order_ids for attendee in self._tables.orders[id_].attendees}
        scans = self._tables.scans.values()
        return sorted({scan.device_id for scan in scans if scan.attendee_id in attendees and scan.device_id})

    async def erase(self, order_ids: Collection[UUID]) -> None:
        erase(self._tables, order_ids)


def erase(tables: Tables, order_ids: Collection[UUID]) -> None:
    ids = set(order_ids)
    tables.orders.update({id_: _erased(tables.orders[id_]) for id_ in ids})
    tables.refunds.update({r.id: replace(r, reason="") for r in tables.refunds.values() if r.order_id in ids})
    tables.outbox.update({t.id: _impersonal(t) for t in tables.outbox.values() if t.order_id in ids})
    for note in [note for note in tables.notes.values() if note.order_id in ids]:
        del tables.notes[note.id]


def _impersonal(task: OutboxTask) -> OutboxTask:
    details = {name: value for name, value in task.details.items() if name not in PERSONAL_DETAILS}
    return replace(task, last_error=None, details=details)


def _erased(order: Order) -> Order:
    return replace(
        order,
        customer=Customer(ERASED_NAME, ERASED_EMAIL),
        checkout_url=None,
        last_payment_error=None,
        idempotency=None,
        names=(),
        attendees=tuple(replace(attendee, name=ERASED_NAME) for attendee in order.attendees),
    )
