"""The DuplicatePaymentRepo port: second payments."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.duplicate_payments import DuplicatePayment
from domain.refunds import RefundStatus
from tests.contracts.builders import NOW, Theatre, new_id


@pytest.fixture
async def payment(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> DuplicatePayment:
    """A duplicate payment of a stored order. It is not stored itself."""
    order = theatre.order()
    async with unit_of_work() as uow:
        await uow.orders.add([order])
        await uow.commit()
    return DuplicatePayment(
        payment_intent_id=f"pi_{new_id().hex}", order_id=order.id, amount=54_84, currency="USD", received_at=NOW
    )


async def add(unit_of_work: UnitOfWorkFactory, *payments: DuplicatePayment) -> list[DuplicatePayment]:
    async with unit_of_work() as uow:
        added = await uow.duplicate_payments.add(payments)
        await uow.commit()
    return added


async def stored(unit_of_work: UnitOfWorkFactory, payment: DuplicatePayment) -> DuplicatePayment | None:
    async with unit_of_work() as uow:
        found = await uow.duplicate_payments.get(payment.payment_intent_id)
        assert await uow.duplicate_payments.lock(payment.payment_intent_id) == found
    return found


async def test_payment_comes_back_to_the_last_field(unit_of_work: UnitOfWorkFactory, payment: DuplicatePayment) -> None:
    full = replace(
        payment,
        status=RefundStatus.FAILED,
        returned=5_00,
        returns_lost=2,
        refusals=1,
        failure_reason="closed",
        taken=4_00,
        recovered=3_00,
        contested=True,
    )

    assert await add(unit_of_work, full) == [full]

    assert await stored(unit_of_work, payment) == full


async def test_payment_that_is_known_is_not_added_again(
    unit_of_work: UnitOfWorkFactory, payment: DuplicatePayment
) -> None:
    other = replace(payment, payment_intent_id=f"{payment.payment_intent_id}_other")
    await add(unit_of_work, payment)

    assert await add(unit_of_work, replace(payment, amount=1), other) == [other]

    assert await stored(unit_of_work, payment) == payment
    assert await add(unit_of_work) == []


async def test_how_a_payment_stands_is_written_down(unit_of_work: UnitOfWorkFactory, payment: DuplicatePayment) -> None:
    await add(unit_of_work, payment)
    returned = payment.with_status([(RefundStatus.SUCCEEDED, 54_84, None)])
    async with unit_of_work() as uow:
        await uow.duplicate_payments.save(returned)
        await uow.commit()

    assert await stored(unit_of_work, payment) == returned


async def test_payments_are_known_by_their_ids(unit_of_work: UnitOfWorkFactory, payment: DuplicatePayment) -> None:
    await add(unit_of_work, payment)

    async with unit_of_work() as uow:
        known = await uow.duplicate_payments.known([payment.payment_intent_id, "pi_unknown"])
        assert known == {payment.payment_intent_id}
        assert await uow.duplicate_payments.known([]) == frozenset()
        assert await uow.duplicate_payments.get("pi_unknown") is None
        assert await uow.duplicate_payments.lock("pi_unknown") is None


async def test_payments_of_an_order_are_read_oldest_first(
    unit_of_work: UnitOfWorkFactory, payment: DuplicatePayment
) -> None:
    later = replace(payment, payment_intent_id="pi_later", received_at=NOW + timedelta(minutes=1))
    await add(unit_of_work, later, payment)
    async with unit_of_work() as uow:
        assert await uow.duplicate_payments.of_order(payment.order_id) == [payment, later]
        assert await uow.duplicate_payments.of_order(new_id()) == []
