"""What files have of orders and attendees is what their lists have, whatever people typed."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.order_lists import (
    AttendeeCursor,
    AttendeeFilter,
    ExportedAttendee,
    ExportedOrder,
    OrderCursor,
    OrderFilter,
    Presence,
    ShowsOf,
)
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.customer import Customer
from domain.orders import AttendeeStatus, ManualPayment, Order, OrderStatus, number_of, number_of_text
from tests.contracts.builders import NOW, Theatre, an_order, new_id, paid

NAMES = ("=HYPERLINK(1)", "Ada, Countess", '"Zoë"', "عبد الرحمن", "＝1", "@home")


def odd_order(theatre: Theatre, chance: random.Random) -> Order:
    order = an_order(
        theatre.producer,
        theatre.show,
        {theatre.stalls: chance.randint(1, 2), theatre.gallery: chance.randint(1, 2)},
        promo_code=chance.choice([None, theatre.promo_code]),
        customer=Customer(chance.choice(NAMES), "zoe@example.org", chance.choice([None, "+493012345678"])),
        now=NOW + timedelta(seconds=chance.randint(0, 3)),  # several at once
    )
    if chance.random() < 0.2:
        return order
    order = paid(order, tax=chance.choice([0, 333]))
    first, *others = order.attendees
    attendees = (replace(first, status=AttendeeStatus.VOID, name=chance.choice(NAMES)), *others)
    return replace(
        order,
        status=chance.choice([OrderStatus.COMPLETED, OrderStatus.PARTIALLY_REFUNDED]),
        attendees=tuple(replace(each, checked_in_at=chance.choice([None, NOW])) for each in attendees),
        manual_payment=chance.choice([None, ManualPayment.COMP]),
        refunded_amount=chance.choice([0, 1]),
        disputed=chance.random() < 0.3,
    )


@pytest.mark.parametrize("names_only", [False, True])
async def test_files_have_what_lists_have(unit_of_work: UnitOfWorkFactory, theatre: Theatre, names_only: bool) -> None:
    chance = random.Random(5)  # noqa: S311  # the same orders in every run
    async with unit_of_work() as uow:
        await uow.orders.add([odd_order(theatre, chance) for _ in range(12)])
        await uow.commit()
    text = "ada" if names_only else None
    filters = [
        OrderFilter(text=text, names_only=names_only),
        OrderFilter(status=OrderStatus.COMPLETED, text=text, names_only=names_only),
    ]
    async with unit_of_work() as uow:
        lists = uow.order_lists
        for of in (ShowsOf(theatre.producer.id, theatre.show.id), ShowsOf(theatre.producer.id)):
            for only in filters:
                orders = await lists.orders(of, only=only, after=None, limit=20)
                assert await lists.exported_orders(of, only=only, after=None, limit=20) == [
                    *map(ExportedOrder.of, orders)
                ]
                after = OrderCursor(orders[0].created_at, orders[0].id)
                rest = await lists.exported_orders(of, only=only, after=after, limit=2)
                assert rest == [*map(ExportedOrder.of, orders[1:3])]
            for seen in (
                AttendeeFilter(text=text, names_only=names_only),
                AttendeeFilter(presence=Presence.IN, text=text, names_only=names_only),
            ):
                people = await lists.attendees(of, only=seen, after=None, limit=99)
                found = await lists.exported_attendees(of, only=seen, after=None, limit=99)
                assert found == [*map(ExportedAttendee.of, people)]
                place = AttendeeCursor(people[0].created_at, people[0].order_id, people[0].id)
                assert await lists.exported_attendees(of, only=seen, after=place, limit=2) == found[1:3]


def test_a_number_is_that_of_the_id_in_its_text_form() -> None:
    for _ in range(50):
        order_id = new_id()
        assert number_of(order_id) == number_of_text(str(order_id)) == number_of_text(order_id.hex)
