"""A theatre on an evening: a show tonight that has sold and lets people in, and shows that need their people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from domain.admission import Scan, ScanResult
from domain.catalog import Producer, Show, Ticket
from domain.inventory import Inventory
from domain.orders import Order, OrderStatus
from domain.tasks import OutboxTask, TaskKind, TaskState
from entrypoints.container import Container
from tests.support import factories

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Tonight:
    """The show of tonight has 100 places, of which 60 are sold; 12 of 60 people are inside."""

    producer: Producer
    show: Show
    ticket: Ticket
    orders: tuple[Order, ...]
    bare: Show
    dead: OutboxTask


async def open_tonight(
    container: Container, producer: Producer, *, title: str = "Hamlet", tickets_an_order: int = 2
) -> Tonight:
    """Store it all. The producer is stored if it is not."""
    now = datetime.now(UTC).replace(microsecond=0)
    show = _show(producer, title, now + HOUR / 2)
    bare = _show(producer, "Lear", now + 3 * DAY)
    stalls = replace(factories.ticket(of=show, price=25_00), inventory=Inventory(100, 0, 60))
    orders = tuple(
        _sold(producer, stalls, tickets_an_order, now - index * 7 * HOUR) for index in range(60 // tickets_an_order)
    )
    orders, scans = _let_in(orders, 12, now)
    dead = OutboxTask(
        id=uuid4(),
        kind=TaskKind.CONFIRMATION_MAIL,
        order_id=orders[0].id,
        due_at=now,
        state=TaskState.DEAD,
        last_error="MailRefused: 550 no such user",
    )
    later = [_show(producer, name, now + days * DAY) for name, days in (("Macbeth", 9), ("The Tempest", 40))]
    async with container.storage()() as uow:
        if await uow.producers.get(producer.id) is None:
            await uow.producers.add(producer)
        await uow.shows.add(show, bare, *later)
        await uow.tickets.add(stalls, *(factories.ticket(of=each, price=25_00, quantity=80) for each in later))
        await uow.orders.add(orders)
        await uow.check_ins.add(scans)
        await uow.outbox.add([dead])
        await uow.commit()
    return Tonight(producer, show, stalls, orders, bare, dead)


def _show(producer: Producer, title: str, start: datetime) -> Show:
    return factories.show(
        by=producer,
        title=title,
        venue="The Globe, London",
        door_time=start - HOUR,
        start_time=start,
        end_time=start + 3 * HOUR,
    )


def _sold(producer: Producer, ticket: Ticket, quantity: int, at: datetime) -> Order:
    order = factories.order((ticket, quantity), by=producer, status=OrderStatus.COMPLETED)
    return replace(
        order,
        created_at=at,
        completed_at=at,
        amount_paid=order.quote.total,
        payment_intent_id=f"pi_{order.id.hex}",
        show_title="Hamlet",
    )


def _let_in(orders: tuple[Order, ...], count: int, now: datetime) -> tuple[tuple[Order, ...], list[Scan]]:
    inside: list[Order] = []
    scans: list[Scan] = []
    for order in orders:
        for attendee in order.attendees:
            if len(scans) < count:
                order = order.checked_in(attendee.id, now)  # noqa: PLW2901
                scans.append(
                    Scan(
                        id=uuid4(),
                        show_id=order.show_id,
                        attendee_id=attendee.id,
                        code=attendee.code,
                        device_id="door",
                        offline=False,
                        scanned_at=now,
                        received_at=now,
                        result=ScanResult.ADMITTED,
                    )
                )
        inside.append(order)
    return tuple(inside), scans
