"""The schema enforces the domain's promises, even against SQL by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.tables import (
    access_tokens,
    orders,
    outbox,
    producer_financials,
    producers,
    shows,
    ticket_attendees,
    ticket_orders,
    ticket_promo_codes,
    tickets,
)
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.orders import Order
from tests.contracts.builders import Theatre, a_task, a_token, issue


@pytest.fixture
async def order(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> Order:
    """A stored order of two stalls with attendees and a task, and a token of its producer."""
    order = theatre.order(2, with_promo_code=True).with_attendees(issue)
    async with unit_of_work() as uow:
        await uow.orders.add([order])
        await uow.outbox.add([a_task(order)])
        await uow.tokens.add(a_token(theatre.producer))
        await uow.commit()
    return order


async def violated_by(engine: AsyncEngine, statement: sa.Executable) -> str | None:
    """The constraint that a statement violates; none of it is committed."""
    with pytest.raises(IntegrityError) as refusal:
        async with engine.connect() as connection:
            await connection.execute(statement)
    cause = refusal.value.orig
    assert isinstance(cause, psycopg.Error)
    return cause.diag.constraint_name


def change(table: sa.Table, key: sa.Column[Any], value: UUID, changes: Mapping[str, Any]) -> sa.Update:
    return sa.update(table).where(key == value).values({k: sa.text(v) for k, v in changes.items()})


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"held": "quantity + 1"}, "tickets_remaining_check"),
        ({"sold": "quantity + 1"}, "tickets_remaining_check"),
        ({"held": "6", "sold": "5"}, "tickets_remaining_check"),
        ({"held": "5", "quantity": "4"}, "tickets_remaining_check"),
        ({"held": "-1"}, "tickets_held_check"),
        ({"sold": "-1"}, "tickets_sold_check"),
        ({"price": "-1"}, "tickets_price_check"),
    ],
)
async def test_a_ticket_whose_counters_do_not_add_up_is_refused(
    engine: AsyncEngine, theatre: Theatre, changes: Mapping[str, str], constraint: str
) -> None:
    assert await violated_by(engine, change(tickets, tickets.c.id, theatre.stalls.id, changes)) == constraint


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"uses": "-1"}, "ticket_promo_codes_uses_check"),
        ({"discount": "1.0001"}, "ticket_promo_codes_discount_check"),
        ({"discount": "-0.0001"}, "ticket_promo_codes_discount_check"),
        ({"code": "'lower'"}, "ticket_promo_codes_code_check"),
    ],
)
async def test_a_promo_code_that_makes_no_sense_is_refused(
    engine: AsyncEngine, theatre: Theatre, changes: Mapping[str, str], constraint: str
) -> None:
    statement = change(ticket_promo_codes, ticket_promo_codes.c.id, theatre.promo_code.id, changes)

    assert await violated_by(engine, statement) == constraint


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"total": "total + 1"}, "orders_total_check"),
        ({"subtotal": "subtotal - 1"}, "orders_total_check"),
        ({"fees_included": "true"}, "orders_total_check"),
        ({"fees_included": "true", "total": "subtotal", "platform_fees": "subtotal + 1"}, "orders_total_check"),
        ({"platform_fees": "-1", "total": "total - platform_fees - 1"}, "orders_amounts_check"),
        ({"tax": "-1"}, "orders_amounts_check"),
        ({"promo_code_discount": "-1"}, "orders_amounts_check"),
        ({"refunded_amount": "total + tax + 1"}, "orders_refunded_amount_check"),
        ({"refunded_amount": "-1"}, "orders_refunded_amount_check"),
        ({"status": "'lost'"}, "orders_status_check"),
        ({"expires_at": "NULL"}, "orders_hold_check"),
    ],
)
async def test_an_order_whose_amounts_or_status_make_no_sense_is_refused(
    engine: AsyncEngine, order: Order, changes: Mapping[str, str], constraint: str
) -> None:
    assert await violated_by(engine, change(orders, orders.c.id, order.id, changes)) == constraint


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"quantity": "0"}, "ticket_orders_quantity_check"),
        ({"unit_discount": "price_per_ticket + 1"}, "ticket_orders_unit_discount_check"),
        ({"unit_discount": "-1"}, "ticket_orders_unit_discount_check"),
    ],
)
async def test_a_line_that_makes_no_sense_is_refused(
    engine: AsyncEngine, order: Order, changes: Mapping[str, str], constraint: str
) -> None:
    assert await violated_by(engine, change(ticket_orders, ticket_orders.c.order_id, order.id, changes)) == constraint


@pytest.mark.parametrize(
    ("table", "changes", "constraint"),
    [
        (ticket_attendees, {"status": "'asleep'"}, "ticket_attendees_status_check"),
        (outbox, {"state": "'lost'"}, "outbox_state_check"),
    ],
)
async def test_a_state_that_nobody_knows_is_refused(
    engine: AsyncEngine, order: Order, table: sa.Table, changes: Mapping[str, str], constraint: str
) -> None:
    assert await violated_by(engine, change(table, table.c.order_id, order.id, changes)) == constraint


async def test_a_task_about_nothing_or_about_two_things_is_refused(
    engine: AsyncEngine, order: Order, theatre: Theatre
) -> None:
    for changes in ({"order_id": "NULL"}, {"producer_id": f"'{theatre.producer.id}'"}):
        statement = change(outbox, outbox.c.order_id, order.id, changes)
        assert await violated_by(engine, statement) == "outbox_subject_check"


async def test_a_task_about_a_producer_who_is_not_there_is_refused(engine: AsyncEngine, order: Order) -> None:
    statement = change(outbox, outbox.c.order_id, order.id, {"order_id": "NULL", "producer_id": f"'{uuid4()}'"})
    assert await violated_by(engine, statement) == "outbox_producer_id_fkey"


async def test_a_show_that_ends_before_it_starts_is_refused(engine: AsyncEngine, theatre: Theatre) -> None:
    statement = change(shows, shows.c.id, theatre.show.id, {"end_time": "door_time"})

    assert await violated_by(engine, statement) == "shows_times_check"


async def test_a_producers_token_for_the_platform_is_refused(
    engine: AsyncEngine, order: Order, theatre: Theatre
) -> None:
    statement = change(access_tokens, access_tokens.c.producer_id, theatre.producer.id, {"scopes": "ARRAY['platform']"})

    assert await violated_by(engine, statement) == "access_tokens_owner_check"


async def test_what_others_hang_on_is_not_deleted(engine: AsyncEngine, order: Order, theatre: Theatre) -> None:
    # If several tables refer to a row, any of them may object first.
    kept_by = {
        sa.delete(ticket_orders).where(ticket_orders.c.order_id == order.id): {"ticket_attendees_order_id_line_fkey"},
        sa.delete(orders).where(orders.c.id == order.id): {"ticket_orders_order_id_fkey", "outbox_order_id_fkey"},
        sa.delete(tickets).where(tickets.c.id == theatre.stalls.id): {"ticket_orders_ticket_id_fkey"},
        sa.delete(ticket_promo_codes).where(ticket_promo_codes.c.id == theatre.promo_code.id): {
            "orders_promo_code_id_fkey"
        },
        sa.delete(shows).where(shows.c.id == theatre.show.id): {
            "tickets_show_id_fkey",
            "orders_show_id_fkey",
            "ticket_promo_codes_show_id_fkey",
        },
        sa.delete(producers).where(producers.c.id == theatre.producer.id): {
            "shows_producer_id_fkey",
            "producer_financials_producer_id_fkey",
            "access_tokens_producer_id_fkey",
        },
    }

    for statement, constraints in kept_by.items():
        assert await violated_by(engine, statement) in constraints


@pytest.mark.parametrize(
    ("table", "column", "constraint"),
    [
        (tickets, "show_id", "tickets_show_id_fkey"),
        (ticket_promo_codes, "show_id", "ticket_promo_codes_show_id_fkey"),
    ],
)
async def test_orphans_of_a_show_are_refused(
    engine: AsyncEngine, theatre: Theatre, table: sa.Table, column: str, constraint: str
) -> None:
    statement = sa.update(table).where(table.c[column] == theatre.show.id).values({column: uuid4()})

    assert await violated_by(engine, statement) == constraint


@pytest.mark.parametrize(
    ("table", "column", "constraint"),
    [
        (orders, "show_id", "orders_show_id_fkey"),
        (orders, "promo_code_id", "orders_promo_code_id_fkey"),
        (ticket_orders, "ticket_id", "ticket_orders_ticket_id_fkey"),
        (ticket_attendees, "order_id", "ticket_attendees_order_id_line_fkey"),
        (outbox, "order_id", "outbox_order_id_fkey"),
    ],
)
async def test_orphans_of_an_order_are_refused(
    engine: AsyncEngine, order: Order, table: sa.Table, column: str, constraint: str
) -> None:
    key = table.c.id if table is orders else table.c.order_id
    statement = sa.update(table).where(key == order.id).values({column: uuid4()})

    assert await violated_by(engine, statement) == constraint


async def test_a_producer_without_financials_is_not_left_behind(engine: AsyncEngine, theatre: Theatre) -> None:
    statement = (
        sa.update(producer_financials)
        .where(producer_financials.c.producer_id == theatre.producer.id)
        .values(producer_id=uuid4())
    )

    assert await violated_by(engine, statement) == "producer_financials_producer_id_fkey"


async def test_a_code_admits_one_person(unit_of_work: UnitOfWorkFactory, order: Order, theatre: Theatre) -> None:
    taken = order.attendees[0].code
    impostor = theatre.order(1).with_attendees(lambda show_id: (issue(show_id)[0], taken))

    async def let_in_twice() -> None:
        async with unit_of_work() as uow:
            await uow.orders.add([impostor])
            await uow.commit()

    with pytest.raises(psycopg.IntegrityError, match="ticket_attendees_code_key"):
        await let_in_twice()


async def test_one_session_pays_for_one_order(unit_of_work: UnitOfWorkFactory, order: Order, theatre: Theatre) -> None:
    other, session_id = theatre.order(1), f"cs_{uuid4()}"

    async def share_it() -> None:
        async with unit_of_work() as uow:
            await uow.orders.add([other])
            for order_id in (order.id, other.id):
                await uow.orders.attach_session(order_id, session_id=session_id, checkout_url=None)

    with pytest.raises(IntegrityError, match="orders_session_id_key"):
        await share_it()
