"""A database that has already sold many tickets."""

from __future__ import annotations

import psycopg

from tests.load.house import OnSale

_ORDERS = """
WITH placed AS (
    INSERT INTO orders (id, show_id, show_title, customer_name, customer_email, currency, subtotal, promo_code_discount,
                        platform_fees, payment_processing_fees, total, amount_paid, status, is_manual_order, created_at,
                        completed_at, session_id, idempotency_key)
    SELECT gen_random_uuid(), %(show_id)s, %(title)s, 'Grace Hopper', 'past-' || n || '@example.org', 'USD', 0, 0,
           0, 0, 0, 0, 'completed', false, now() - interval '1 day', now() - interval '1 day',
           'FREE-past-' || n, 'past-' || n
    FROM generate_series(%(begin)s + 1, %(end)s) AS n
    RETURNING id
), lines AS (
    INSERT INTO ticket_orders (order_id, line, ticket_id, name, is_vip, quantity, price_per_ticket, unit_discount,
                               donation_amount)
    SELECT id, 0, %(ticket_id)s, 'Stalls', false, 1, 0, 0, 0 FROM placed
), tasks AS (
    INSERT INTO outbox (id, kind, order_id, due_at, relay_at, state, attempts)
    SELECT gen_random_uuid(), 'confirmation_mail', id, now() - interval '1 day', now() - interval '1 day', 'done', 1
    FROM placed
)
INSERT INTO ticket_attendees (id, order_id, line, name, code, status)
SELECT gen_random_uuid(), id, 0, 'Grace Hopper', replace(id::text, '-', ''), 'valid' FROM placed
"""
_AT_A_TIME = 100_000


def write_history(database_url: str, on_sale: OnSale, *, begin: int, end: int) -> None:
    """Completed free orders number ``begin`` + 1 to ``end`` of a show, each with its line, attendee and done task."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        for first in range(begin, end, _AT_A_TIME):
            parameters = {
                "show_id": on_sale.show.id,
                "title": on_sale.show.title,
                "ticket_id": on_sale.ticket.id,
                "begin": first,
                "end": min(first + _AT_A_TIME, end),
            }
            connection.execute(_ORDERS, parameters)
        connection.execute("UPDATE tickets SET sold = %s WHERE id = %s", [end, on_sale.ticket.id])
        connection.execute("VACUUM ANALYZE orders, ticket_orders, ticket_attendees, outbox, tickets")
        connection.execute("CHECKPOINT")
