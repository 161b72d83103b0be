"""Retention in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from adapters.memory.personal_data import erase
from adapters.memory.tables import Tables
from adapters.memory.unit_of_work import MemoryDatabase
from application.ports.retention import Disposable
from domain.admission import ScanResult
from domain.customer import ERASED_EMAIL, ERASED_NAME
from domain.disputes import UNDECIDED
from domain.orders import Order, OrderStatus
from domain.refunds import FAILED_STATUSES, RefundStatus
from domain.tasks import OutboxTask, TaskKind, TaskState

_UNPAID = {OrderStatus.EXPIRED, OrderStatus.PAYMENT_FAILED, OrderStatus.CANCELLED}


class MemoryRetention:
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def count(self, what: Disposable, *, before: datetime) -> int:
        async with self._database() as uow:
            return len(_old(uow.tables, what, before)[1])

    async def delete(self, what: Disposable, *, before: datetime) -> AsyncIterator[int]:
        async with self._database() as uow:
            table, old = _old(uow.tables, what, before)
            if what is Disposable.PERSONAL_DATA:
                _erase(uow.tables, old)
            else:
                for key in old:
                    del table[key]
            if what is Disposable.UNPAID_ORDERS:
                outbox = uow.tables.outbox
                for task_id in [task.id for task in outbox.values() if task.order_id in old]:
                    del outbox[task_id]
            if what is Disposable.JOBS:
                for of_jobs in (uow.tables.job_contents, uow.tables.job_results, uow.tables.job_pieces):
                    _forget_of_jobs(of_jobs, old)
            await uow.commit()
        yield len(old)


def _old(tables: Tables, what: Disposable, before: datetime) -> tuple[dict[Any, Any], set[Any]]:
    """The table, and the keys of its rows that are old enough."""
    match what:
        case Disposable.TASKS:
            done = (task for task in tables.outbox.values() if task.state is TaskState.DONE)
            return tables.outbox, {task.id for task in done if task.due_at < before}
        case Disposable.EVENTS:
            fine = {key: each for key, each in tables.inbox.items() if not each.last_error}
            return tables.inbox, {key for key, each in fine.items() if each.handled_at and each.handled_at < before}
        case Disposable.UNPAID_ORDERS:
            needed = _needed_orders(tables)
            orders = [order for order in tables.orders.values() if order.id not in needed]
            return tables.orders, {order.id for order in orders if _was_never_paid(order, before)}
        case Disposable.PERSONAL_DATA:
            return tables.orders, {order.id for order in tables.orders.values() if _is_long_past(tables, order, before)}
        case Disposable.SCANS:
            scans = {key: scan for key, scan in tables.scans.items() if scan.received_at < before}
            return tables.scans, {
                key for key, scan in scans.items() if scan.result is not ScanResult.ADMITTED or scan.undone_at
            }
        case Disposable.AUDIT_LOG:
            return tables.audit, {entry.id for entry in tables.audit.values() if entry.at < before}
        case Disposable.JOBS:
            return tables.jobs, {job.id for job in tables.jobs.values() if job.created_at < before}
        case Disposable.PRINT_JOBS:
            print_jobs = tables.print_jobs
            return print_jobs, {job.id for job in print_jobs.values() if job.asked_at < before}
    return _old_of_people(tables, what, before)


def _old_of_people(tables: Tables, what: Disposable, before: datetime) -> tuple[dict[Any, Any], set[Any]]:
    match what:
        case Disposable.OFFICE_SESSIONS:
            sessions = tables.office_sessions
            return sessions, {each.id for each in sessions.values() if each.last_seen_at < before}
        case Disposable.SIGN_IN_LINKS:
            links = tables.sign_in_links
            return links, {each.id for each in links.values() if each.expires_at < before}
        case Disposable.PASSKEY_CHALLENGES:
            challenges = tables.passkey_challenges
            return challenges, {each.id for each in challenges.values() if each.expires_at < before}
        case Disposable.PAIRINGS:
            pairings = tables.pairings
            return pairings, {each.id for each in pairings.values() if each.created_at < before}
        case Disposable.DEVICES:
            devices = tables.devices.values()
            return tables.devices, {each.id for each in devices if each.revoked_at and each.revoked_at < before}
    return tables.invitations, {each.id for each in tables.invitations.values() if each.sent_at < before}


def _erase(tables: Tables, order_ids: set[UUID]) -> None:
    erase(tables, order_ids)
    for order in [tables.orders[order_id] for order_id in order_ids]:
        if order.charge_id:
            due_at = max(order.created_at, order.completed_at or order.created_at)
            task = OutboxTask(id=uuid4(), kind=TaskKind.DESCRIBE_TRANSFER, order_id=order.id, due_at=due_at)
            tables.outbox[task.id] = task


def _is_long_past(tables: Tables, order: Order, before: datetime) -> bool:
    """Whether the order's buyer is to become anonymous."""
    is_person = (order.customer.name, order.customer.email) != (ERASED_NAME, ERASED_EMAIL)
    if not is_person or order.holds_tickets or tables.shows[order.show_id].end_time >= before:
        return False
    refunds = (refund for refund in tables.refunds.values() if refund.order_id == order.id)
    disputes = (dispute for dispute in tables.disputes.values() if dispute.order_id == order.id)
    tasks = (task for task in tables.outbox.values() if task.order_id == order.id)
    return not (
        any(refund.status not in FAILED_STATUSES | {RefundStatus.SUCCEEDED} for refund in refunds)
        or any(dispute.status in UNDECIDED for dispute in disputes)
        or any(task.state is not TaskState.DONE for task in tasks)
    )


def _forget_of_jobs(table: dict[Any, Any], job_ids: set[Any]) -> None:
    for key in list(table):
        if (key[0] if isinstance(key, tuple) else key) in job_ids:
            del table[key]


def _needed_orders(tables: Tables) -> set[Any]:
    return {
        *(task.order_id for task in tables.outbox.values() if task.state is not TaskState.DONE),
        *(refund.order_id for refund in tables.refunds.values()),
        *(payment.order_id for payment in tables.duplicate_payments.values()),
        *(note.order_id for note in tables.notes.values()),
        *tables.refund_refusals,
    }


def _was_never_paid(order: Order, before: datetime) -> bool:
    is_old = order.created_at < before and (order.expires_at is None or order.expires_at < before)
    has_money = order.amount_paid or order.charge_id or order.disputed or order.attendees
    return is_old and order.status in _UNPAID and order.completed_at is None and not has_money
