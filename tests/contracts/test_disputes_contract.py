"""The DisputeRepo port: disputes of orders' payments, and their status."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.disputes import Dispute, DisputeStatus
from domain.orders import Order
from tests.contracts.builders import Theatre
from tests.support.disputes import OPENED_AT, dispute_of


async def store(unit_of_work: UnitOfWorkFactory, *orders: Order, disputes: tuple[Dispute, ...] = ()) -> None:
    async with unit_of_work() as uow:
        await uow.orders.add(orders)
        for dispute in disputes:
            await uow.disputes.save(dispute)
        await uow.commit()


async def stored(unit_of_work: UnitOfWorkFactory, order: Order) -> list[Dispute]:
    async with unit_of_work() as uow:
        return await uow.disputes.of_order(order.id)


async def test_a_dispute_comes_back_to_the_last_field(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = theatre.order()
    dispute = dispute_of(
        order, status=DisputeStatus.LOST, recovered=50_00, fees_returned=4_84, reversal_id="trr_1", reason="general"
    )
    await store(unit_of_work, order, disputes=(dispute,))
    assert await stored(unit_of_work, order) == [dispute]


async def test_how_a_dispute_stands_is_written_over_what_it_was(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    order = theatre.order()
    dispute = dispute_of(order, evidence_due_by=None)
    for status in DisputeStatus:
        changed = replace(dispute, status=status)
        await store(unit_of_work, *([] if await stored(unit_of_work, order) else [order]), disputes=(changed,))
        assert await stored(unit_of_work, order) == [changed]


async def test_an_order_has_only_disputes_of_its_own_oldest_first(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    order, other = theatre.order(), theatre.order()
    late = dispute_of(order, opened_at=OPENED_AT + timedelta(days=1))
    early = dispute_of(order)
    await store(unit_of_work, order, other, disputes=(late, dispute_of(other), early))
    assert await stored(unit_of_work, order) == [early, late]


async def test_disputes_of_several_orders_are_read_together(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order, other, undisputed = theatre.order(), theatre.order(), theatre.order()
    late, early = dispute_of(order, opened_at=OPENED_AT + timedelta(days=1)), dispute_of(order)
    elsewhere = dispute_of(other)
    await store(unit_of_work, order, other, undisputed, disputes=(late, elsewhere, early))
    async with unit_of_work(read_only=True) as uow:
        found = await uow.disputes.of_orders([undisputed.id, other.id, order.id])
        assert await uow.disputes.of_orders([]) == {}
    assert found == {order.id: [early, late], other.id: [elsewhere]}
