"""ReportReader in PostgreSQL: the figures of ``domain.report``, in whole minor units, for shows of any size."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.returns import MOVED, returns
from adapters.postgres.rows import capacity_of, ticket_of
from adapters.postgres.snapshot import snapshot
from adapters.postgres.tables import capacities, orders, producers, ticket_attendees, ticket_orders, tickets
from domain import money
from domain.catalog import Show
from domain.report import ShowReport, Takings, ticket_report
from domain.timezones import days


def _share(amount: str, weight: str) -> str:
    # As in domain.refunds.allocate: marks along the running sum make the shares add up to the whole exactly.
    mark = f"div({amount} * {weight}_so_far, nullif({weight}_whole, 0))"
    before = f"div({amount} * ({weight}_so_far - {weight}), nullif({weight}_whole, 0))"
    # Most lines have all of their order's price, or none of it, and need no sums (they are not in ``divided``).
    return (
        f"CASE WHEN weight_whole IS NULL THEN CASE WHEN weight = 0 THEN 0 ELSE {amount} END"
        f" ELSE coalesce({mark} - {before}, 0)::bigint END"
    )


#: A line of an order ``o``, with the order's amounts, and its price as the ``weight`` of its share.
_LINE: Final = """o.id, o.show_id, o.completed_at, o.tax, o.refunded_amount, o.manual_payment, o.tax_mode,
               o.fees_included, o.exchanged_from, o.promo_code,
               o.platform_fees + o.payment_processing_fees AS fees,
               least(coalesce(r.fees, 0) + coalesce(x.fees, 0), o.platform_fees + o.payment_processing_fees)
                   AS fees_returned,
               coalesce(x.recovered, 0) AS disputes,
               l.line, l.ticket_id, l.quantity,
               l.price_per_ticket * l.quantity AS gross,
               l.unit_discount * l.quantity AS discounts,
               l.donation_amount * l.quantity AS donations,
               (l.price_per_ticket - l.unit_discount) * l.quantity AS weight"""
_LINES_OF_ORDERS: Final = """orders o
            JOIN ticket_orders l ON l.order_id = o.id
            LEFT JOIN returned r ON r.order_id = o.id
            LEFT JOIN losses x ON x.order_id = o.id"""
#: Whether other lines have a part of the order's price, too.
_IS_PART: Final = "(l.price_per_ticket - l.unit_discount) * l.quantity BETWEEN 1 AND o.subtotal - 1"


def shares(condition: str) -> str:
    """Common table expressions that end in ``shares``: each line of the completed orders ``o`` that meet the condition,
    with its share of its order's amounts. Each whole amount stands beside its share.
    """
    return f"""
    returned AS (
        SELECT r.order_id,
               least(coalesce(sum(round((o.platform_fees + o.payment_processing_fees - o.credit_fees)::numeric
                                        * r.amount / nullif(o.amount_paid - o.credit, 0)))
                                  FILTER (WHERE r.refund_fees AND r.through_order_id IS NULL), 0),
                     min(o.platform_fees + o.payment_processing_fees - o.credit_fees)) + sum(r.fees_moved) AS fees
        FROM orders o JOIN refunds r ON r.order_id = o.id
        WHERE o.completed_at IS NOT NULL AND o.refunded_amount > 0 AND NOT o.is_manual_order AND {condition}
          AND r.status NOT IN ('failed', 'canceled')
        GROUP BY r.order_id
    ),
    losses AS (
        SELECT d.order_id, sum(d.recovered) AS recovered, sum(d.fees_returned) AS fees
        FROM orders o JOIN disputes d ON d.order_id = o.id
        WHERE o.completed_at IS NOT NULL AND {condition}
        GROUP BY d.order_id
    ),
    voided AS (
        SELECT a.order_id, a.line, count(*) AS tickets
        FROM orders o JOIN ticket_attendees a ON a.order_id = o.id
        WHERE o.completed_at IS NOT NULL AND o.refunded_amount > 0 AND {condition} AND a.status = 'void'
        GROUP BY a.order_id, a.line
    ),
    divided AS (
        SELECT *, sum(weight) OVER so_far AS weight_so_far, sum(weight) OVER whole AS weight_whole,
               sum(void) OVER so_far AS void_so_far, sum(void) OVER whole AS void_whole
        FROM (
            SELECT {_LINE}, (l.price_per_ticket - l.unit_discount) * coalesce(v.tickets, 0) AS void
            FROM {_LINES_OF_ORDERS}
            LEFT JOIN voided v ON v.order_id = l.order_id AND v.line = l.line
            WHERE o.completed_at IS NOT NULL AND {condition} AND {_IS_PART}
        ) parts
        WINDOW so_far AS (PARTITION BY id ORDER BY line), whole AS (PARTITION BY id)
    ),
    lines AS (
        SELECT * FROM divided
        UNION ALL
        SELECT {_LINE}, NULL, NULL, NULL, NULL, NULL
        FROM {_LINES_OF_ORDERS}
        WHERE o.completed_at IS NOT NULL AND {condition} AND NOT {_IS_PART}
    ),
    shares AS (
        SELECT id, show_id, completed_at, manual_payment, exchanged_from, promo_code, line, ticket_id, quantity, gross,
               discounts, donations,
               {_share("fees", "weight")} AS fees, fees AS fees_whole,
               CASE WHEN fees_included THEN {_share("fees", "weight")} ELSE 0 END AS fees_included,
               {_share("fees_returned", "weight")} AS fees_returned, fees_returned AS fees_returned_whole,
               {_share("tax", "weight")} AS tax, tax AS tax_whole,
               CASE WHEN tax_mode = 'inclusive' THEN {_share("tax", "weight")} ELSE 0 END AS tax_included,
               {_share("disputes", "weight")} AS disputes, disputes AS disputes_whole,
               CASE WHEN void_whole > 0 THEN {_share("refunded_amount", "void")}
                    ELSE {_share("refunded_amount", "weight")} END AS refunds, refunded_amount AS refunds_whole
        FROM lines
    )"""  # noqa: S608  # nothing in it comes from outside


#: The sums of ``Takings`` that ``shares`` has.
FIGURES: Final = (
    "gross",
    "discounts",
    "donations",
    "fees",
    "fees_included",
    "fees_returned",
    "tax",
    "tax_included",
    "refunds",
    "disputes",
)
_SUMS = ", ".join(f"coalesce(sum({name}), 0)::bigint AS {name}" for name in FIGURES)
# "online" is domain.report.ONLINE.
_TAKINGS = sa.text(
    f"""
    WITH {shares("o.show_id = :show_id")}, {returns("o.show_id = :show_id")}, {MOVED}, dated AS (
        SELECT *, (CAST(:days AS date[]))[width_bucket(at, CAST(:begins AS timestamptz[]))] AS day,
               coalesce(manual_payment, 'online') AS payment
        FROM moved
    )
    SELECT ticket_id, day, payment, count(*) FILTER (WHERE line = 0) AS orders,
           coalesce(sum(quantity), 0)::bigint AS tickets, {_SUMS}
    FROM dated
    GROUP BY GROUPING SETS ((ticket_id), (day), (payment), ())
    ORDER BY day, payment
    """  # noqa: S608
)
#: The first and the last moment that the report's days must cover.
_SPAN = sa.text(
    f"""
    WITH {returns("o.show_id = :show_id")}
    SELECT min(at), max(at) FROM (
        SELECT completed_at AS at FROM orders WHERE show_id = :show_id AND completed_at IS NOT NULL
        UNION ALL
        SELECT at FROM moments
    ) moved
    """  # noqa: S608  # nothing in it comes from outside
)
_TICKETS = (
    sa.select(tickets).where(tickets.c.show_id == sa.bindparam("show_id")).order_by(tickets.c.price, tickets.c.id)
)
_CAPACITIES = sa.select(capacities).where(capacities.c.show_id == sa.bindparam("show_id")).order_by(capacities.c.id)
_CHECKED_IN = (
    sa.select(ticket_orders.c.ticket_id, sa.func.count().label("checked_in"))
    .join(
        ticket_attendees,
        sa.and_(
            ticket_attendees.c.order_id == ticket_orders.c.order_id, ticket_attendees.c.line == ticket_orders.c.line
        ),
    )
    .join(orders, orders.c.id == ticket_orders.c.order_id)
    .where(orders.c.show_id == sa.bindparam("show_id"), ticket_attendees.c.checked_in_at.is_not(None))
    .group_by(ticket_orders.c.ticket_id)
)
#: Joins of very many orders go less often through the disk; the server's own setting is for short statements. One
#: connection needs it, for seconds.
MEMORY: Final = sa.text("SELECT set_config('work_mem', '64MB', true)")
_CURRENCY = sa.select(producers.c.currency).where(producers.c.id == sa.bindparam("producer_id"))


class PostgresReportReader:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def report(self, show: Show) -> ShowReport:
        async with snapshot(self._engine) as connection:
            await connection.execute(MEMORY)
            return await _read(connection, show)


async def _read(connection: AsyncConnection, show: Show) -> ShowReport:
    """The show's report, from a connection with one snapshot."""
    this_show = {"show_id": show.id}
    code = await connection.scalar(_CURRENCY, {"producer_id": show.producer_id})
    on_sale = [ticket_of(row) for row in (await connection.execute(_TICKETS, this_show)).mappings()]
    shared = [capacity_of(row) for row in (await connection.execute(_CAPACITIES, this_show)).mappings()]
    checked_in = {row.ticket_id: row.checked_in for row in await connection.execute(_CHECKED_IN, this_show)}
    groups = (await connection.execute(_TAKINGS, this_show | await _calendar(connection, show))).mappings().all()
    by_ticket = {row["ticket_id"]: takings_of(row, orders=0) for row in groups if row["ticket_id"]}
    return ShowReport(
        currency=money.currency(str(code)),
        tickets=tuple(
            ticket_report(
                ticket,
                shared,
                checked_in=checked_in.get(ticket.id, 0),
                takings=by_ticket.get(ticket.id, Takings()),
            )
            for ticket in on_sale
        ),
        capacities=tuple(shared),
        by_day={row["day"]: takings_of(row) for row in groups if row["day"]},
        by_payment={row["payment"]: takings_of(row) for row in groups if row["payment"]},
        total=next(takings_of(row) for row in groups if not (row["ticket_id"] or row["day"] or row["payment"])),
    )


async def _calendar(connection: AsyncConnection, show: Show) -> dict[str, list[Any]]:
    """The days on which money moved, on the venue's calendar, and the moments at which they begin.

    They are computed in Python: the database's own time zone rules are of another release, and it reads some names as
    abbreviations.
    """
    first, last = (await connection.execute(_SPAN, {"show_id": show.id})).one()
    calendar = days(show.zone, first, last) if first else []
    return {"begins": [begin for begin, _ in calendar], "days": [day for _, day in calendar]}


def takings_of(row: RowMapping, **overrides: Any) -> Takings:
    """The takings of a row of sums; ``overrides`` replace some of them."""
    names = ("orders", "tickets", *FIGURES)
    return Takings(**{**{name: row[name] for name in names}, **overrides})
