"""The RefundRepo port: refunds of orders, and their status."""

from __future__ import annotations

from dataclasses import replace

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.orders import Order
from domain.refunds import Refund, RefundStatus
from tests.contracts.builders import Theatre, a_refund, new_id


@pytest.fixture
async def order(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> Order:
    return await store_order(unit_of_work, theatre)


async def store_order(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> Order:
    order = theatre.order()
    async with unit_of_work() as uow:
        await uow.orders.add([order])
        await uow.commit()
    return order


async def add(unit_of_work: UnitOfWorkFactory, *refunds: Refund) -> None:
    async with unit_of_work() as uow:
        for refund in refunds:
            await uow.refunds.add(refund)
        await uow.commit()


async def save(unit_of_work: UnitOfWorkFactory, refund: Refund) -> None:
    async with unit_of_work() as uow:
        await uow.refunds.save(refund)
        await uow.commit()


async def stored(unit_of_work: UnitOfWorkFactory, order: Order) -> list[Refund]:
    async with unit_of_work() as uow:
        return await uow.refunds.of_order(order.id)


async def test_a_new_refund_comes_back_to_the_last_field(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    refund = a_refund(order)

    await add(unit_of_work, refund)

    assert await stored(unit_of_work, order) == [refund]


async def test_a_refund_made_at_stripe_comes_back_to_the_last_field(
    unit_of_work: UnitOfWorkFactory, order: Order
) -> None:
    refund = replace(
        a_refund(order),
        status=RefundStatus.FAILED,
        refund_fees=False,
        provider_refund_id="re_dashboard",
        failure_reason="lost_or_stolen_card",
        made_by_provider=True,
    )

    await add(unit_of_work, refund)

    assert await stored(unit_of_work, order) == [refund]


async def test_refunds_come_in_the_order_of_their_sequence(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    third, first, second = (a_refund(order, sequence=sequence) for sequence in (3, 1, 2))

    await add(unit_of_work, third, first, second)

    assert await stored(unit_of_work, order) == [first, second, third]


async def test_an_order_has_only_refunds_of_its_own(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order
) -> None:
    other = await store_order(unit_of_work, theatre)
    await add(unit_of_work, a_refund(order))

    assert await stored(unit_of_work, other) == []


async def test_an_order_that_does_not_exist_has_no_refunds(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    assert await stored(unit_of_work, replace(theatre.order(), id=new_id())) == []


@pytest.mark.parametrize("status", RefundStatus)
async def test_what_stripe_says_is_saved(unit_of_work: UnitOfWorkFactory, order: Order, status: RefundStatus) -> None:
    refund, other = a_refund(order), a_refund(order, sequence=2)
    await add(unit_of_work, refund, other)

    followed = refund.with_status(status, "re_1", "declined")
    await save(unit_of_work, followed)

    assert await stored(unit_of_work, order) == [followed, other]


async def test_a_reason_that_is_gone_is_forgotten(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    refund = a_refund(order).refused("declined")
    await add(unit_of_work, refund)

    await save(unit_of_work, refund.with_status(RefundStatus.SUCCEEDED, "re_1", None))

    (found,) = await stored(unit_of_work, order)
    assert (found.status, found.failure_reason) == (RefundStatus.SUCCEEDED, None)


async def test_a_refund_that_was_not_committed_is_none(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    async with unit_of_work() as uow:
        await uow.refunds.add(a_refund(order))

    assert await stored(unit_of_work, order) == []


async def test_how_refunds_at_stripe_stand_is_known_by_their_ids(unit_of_work: UnitOfWorkFactory, order: Order) -> None:
    name = f"re_{new_id().hex}"
    await add(unit_of_work, replace(a_refund(order), status=RefundStatus.PENDING, provider_refund_id=name))

    async with unit_of_work() as uow:
        assert await uow.refunds.statuses([name, "re_unknown"]) == {name: RefundStatus.PENDING}
        assert await uow.refunds.statuses([]) == {}


async def test_refunds_of_several_orders_are_read_together(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, order: Order
) -> None:
    other, unrefunded = await store_order(unit_of_work, theatre), await store_order(unit_of_work, theatre)
    second, first, elsewhere = a_refund(order, sequence=2), a_refund(order), a_refund(other)
    await add(unit_of_work, second, elsewhere, first)

    async with unit_of_work(read_only=True) as uow:
        found = await uow.refunds.of_orders([unrefunded.id, other.id, order.id])
        assert await uow.refunds.of_orders([]) == {}
    assert found == {order.id: [first, second], other.id: [elsewhere]}
