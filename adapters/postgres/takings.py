"""What reports sum up, in SQL: the takings of ``domain.report``, from orders, and as they are kept.

Kept takings are sums by show, quarter of an hour, ticket type, payment, channel and promo code: a report reads them
instead of the orders. The days of every zone begin at a quarter of an hour, so one sum serves all calendars, whatever
rules come. Triggers write down, in the transaction of each change, which orders the sums lack (``takings_changes``);
workers add these (``adapters.postgres.takings_keeper``), and until then a report computes them.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.returns import returns
from adapters.postgres.tables import takings_changes, takings_shows

#: The sums of ``Takings`` that are amounts.
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
#: What takings are summed up by. The names of payments and channels are those of ``domain.report`` and
#: ``domain.sales_report``.
KEYS: Final = ("show_id", "at", "ticket_id", "payment", "channel", "promo_code")
#: Everything that is summed. ``lines`` counts the sold lines, and what went back of one at a moment: without any there
#: is no such group in a report.
COUNTED: Final = ("lines", "orders", "tickets", *FIGURES)
#: The sums of what went back.
RETURNED: Final = ("lines", "fees_returned", "refunds", "disputes")

SUMS: Final = ", ".join(f"coalesce(sum({name}), 0)::bigint AS {name}" for name in COUNTED)
_KEYS: Final = ", ".join(KEYS)
_OF_AN_ORDER: Final = """coalesce(o.manual_payment, 'online') AS payment,
               CASE WHEN o.exchanged_from IS NOT NULL THEN 'exchange' WHEN o.manual_payment IS NULL THEN 'web'
                    ELSE 'box_office' END AS channel,
               coalesce(o.promo_code, '') AS promo_code"""


def quarter(moment: str) -> str:
    """The beginning of the moment's quarter of an hour."""
    return f"date_bin('15 minutes', {moment}, TIMESTAMPTZ '2000-01-01 00:00:00+00')"


#: The square of this fits bigint.
_SMALL: Final = 3_000_000_000


def _share(amount: str) -> str:
    # As in domain.refunds.allocate: marks along the running sum make the shares add up to the whole exactly. Most lines
    # have all of their order's price, or none of it, and need no sums.
    # Products of such amounts fit bigint, whose division takes a tenth of numeric's time.
    small = f"{amount} * so_far / subtotal - {amount} * (so_far - weight) / subtotal"
    mark = f"div({amount}::numeric * so_far, subtotal)"
    before = f"div({amount}::numeric * (so_far - weight), subtotal)"
    return (
        f"CASE WHEN so_far IS NULL THEN CASE WHEN weight = 0 THEN 0 ELSE {amount} END"
        f" WHEN {amount} = 0 THEN 0"
        f" WHEN greatest({amount}, subtotal) <= {_SMALL} THEN {small}"
        f" ELSE ({mark} - {before})::bigint END"
    )


_LINE: Final = f"""o.id, o.show_id, o.completed_at AS at, l.ticket_id, {_OF_AN_ORDER}, l.line, l.quantity AS tickets,
               l.price_per_ticket * l.quantity AS gross,
               l.unit_discount * l.quantity AS discounts,
               l.donation_amount * l.quantity AS donations,
               o.platform_fees + o.payment_processing_fees AS fees, o.fees_included, o.tax, o.tax_mode, o.subtotal,
               (l.price_per_ticket - l.unit_discount) * l.quantity AS weight"""
#: Whether other lines have a part of the order's price, too.
_IS_PART: Final = "(l.price_per_ticket - l.unit_discount) * l.quantity BETWEEN 1 AND o.subtotal - 1"


def sales(condition: str) -> str:
    """Common table expressions that end in ``sales``: the takings of each line of the completed orders ``o`` that meet
    the condition, when they were completed.
    """
    lines = f"""SELECT {_LINE} FROM orders o JOIN ticket_orders l ON l.order_id = o.id
            WHERE o.completed_at IS NOT NULL AND {condition}"""  # noqa: S608  # constants of ours
    return f"""
    sold_lines AS (
        SELECT *, (sum(weight) OVER (PARTITION BY id ORDER BY line ROWS UNBOUNDED PRECEDING))::bigint AS so_far
        FROM ({lines} AND {_IS_PART}) parts
        UNION ALL
        SELECT *, NULL::bigint FROM ({lines} AND NOT {_IS_PART}) wholes
    ),
    sales AS (
        SELECT {_KEYS}, 1 AS lines, (line = 0)::int AS orders, tickets, gross, discounts, donations,
               {_share("fees")} AS fees,
               CASE WHEN fees_included THEN {_share("fees")} ELSE 0 END AS fees_included,
               0::bigint AS fees_returned,
               {_share("tax")} AS tax,
               CASE WHEN tax_mode = 'inclusive' THEN {_share("tax")} ELSE 0 END AS tax_included,
               0::bigint AS refunds, 0::bigint AS disputes
        FROM sold_lines
    )"""  # noqa: S608


#: ``back``: what went back of each line, after ``adapters.postgres.returns.returns``.
BACK: Final = f"""
    back AS (
        SELECT o.id AS order_id, o.show_id, o.at, o.ticket_id, {_OF_AN_ORDER}, 1 AS lines, o.fees_returned, o.refunds,
               o.disputes
        FROM went_back o
        WHERE (o.fees_returned, o.refunds, o.disputes) <> (0, 0, 0)
    )"""  # noqa: S608
RETURNED_AS_TAKINGS: Final = f"""SELECT {_KEYS}, {{sign}}lines AS lines, 0 AS orders, 0 AS tickets, 0 AS gross,
               0 AS discounts, 0 AS donations, 0 AS fees, 0 AS fees_included, {{sign}}fees_returned AS fees_returned,
               0 AS tax, 0 AS tax_included, {{sign}}refunds AS refunds, {{sign}}disputes AS disputes"""


def moved(condition: str, *, changed: str | None = None, before: str = "") -> str:
    """Common table expressions that end in ``moved``: all takings, sold and gone back, of the completed orders ``o``
    that meet the condition. What went back is of the orders that meet ``changed``; ``before`` stands before its parts.
    """
    return f"""{sales(condition)}, {before} {returns(changed or condition)}, {BACK}, moved AS (
        SELECT {_KEYS}, {", ".join(COUNTED)} FROM sales
        UNION ALL
        {RETURNED_AS_TAKINGS.format(sign="")} FROM back
    )"""  # noqa: S608


def kept(window: str = "true") -> str:
    """The takings that are kept of the shows ``:kept``, and those that the sums lack, from ``Unsummed``."""
    types = {
        "show_id": "uuid",
        "at": "timestamptz",
        "ticket_id": "uuid",
        "payment": "text",
        "channel": "text",
        "promo_code": "text",
    }
    columns = ", ".join(f"{name} {types.get(name, 'bigint')}" for name in (*KEYS, *COUNTED))
    names = ", ".join((*KEYS, *COUNTED))
    return f"""SELECT {names} FROM takings WHERE show_id = ANY(:kept) AND {window}
        UNION ALL
        SELECT {names} FROM jsonb_to_recordset(CAST(:unsummed AS jsonb)) AS unsummed ({columns}) WHERE {window}"""  # noqa: S608


_CHANGES: Final = sa.select(takings_changes)
_KEPT_SHOWS: Final = sa.select(takings_shows.c.show_id).where(
    takings_shows.c.show_id == sa.any_(sa.bindparam("show_ids", type_=sa.ARRAY(sa.Uuid)))
)
_OF_KEPT: Final = "o.show_id = ANY(:kept)"
_UNSUMMED: Final = sa.text(
    f"""
    WITH {moved(f"{_OF_KEPT} AND o.id = ANY(:sold)", changed=f"{_OF_KEPT} AND o.id = ANY(:changed)")}, all_moved AS (
        SELECT {_KEYS}, {", ".join(COUNTED)} FROM moved
        UNION ALL
        {RETURNED_AS_TAKINGS.format(sign="-")} FROM takings_returned
        WHERE show_id = ANY(:kept) AND order_id = ANY(:changed)
    ), grouped AS (
        SELECT show_id, {quarter("at")} AS at, ticket_id, payment, channel, promo_code, {SUMS}
        FROM all_moved
        GROUP BY 1, 2, 3, 4, 5, 6
    )
    SELECT coalesce(jsonb_agg(grouped), '[]')::text FROM grouped
    """  # noqa: S608
)


def admitted(came: str, undone: str) -> str:
    """How many more attendees of each ticket type are checked in, after those of two sets of ids came, and after the
    check-in of others was undone.
    """
    return f"""
    SELECT l.ticket_id, sum(step)::bigint AS admitted
    FROM (SELECT id, 1 AS step FROM {came} came (id) UNION ALL SELECT id, -1 FROM {undone} undone (id)) steps
    JOIN ticket_attendees a ON a.id = steps.id
    JOIN ticket_orders l ON l.order_id = a.order_id AND l.line = a.line
    GROUP BY l.ticket_id"""  # noqa: S608  # constants of ours


#: The same of changes that were read.
ADMITTED: Final = admitted("unnest(CAST(:came AS uuid[]))", "unnest(CAST(:undone AS uuid[]))")

#: Orders and attendees that the sums lack, by what happened to them.
Changes = dict[str, list[UUID]]
KINDS: Final = ("sold", "changed", "came", "undone")


def changes_of(rows: Any) -> Changes:
    """The rows of ``takings_changes``, put together."""
    found: Changes = {kind: [] for kind in KINDS}
    for row in rows:
        for kind in KINDS:
            found[kind] += getattr(row, kind) or ()
    # A sale and an admission are written down once each; an order may change often.
    found["changed"] = list(dict.fromkeys(found["changed"]))
    return found


async def unsummed_changes(connection: AsyncConnection) -> Changes:
    """What the sums lack, at the moment of the connection's snapshot."""
    return changes_of(await connection.execute(_CHANGES))


async def kept_of(connection: AsyncConnection, show_ids: list[UUID]) -> list[UUID]:
    """Those of the shows whose takings are kept."""
    return list((await connection.scalars(_KEPT_SHOWS, {"show_ids": show_ids})).all())


async def unsummed(connection: AsyncConnection, shows: list[UUID], changes: Changes) -> str:
    """The takings that the sums of kept shows lack, as ``kept`` takes them."""
    if not shows or not (changes["sold"] or changes["changed"]):
        return "[]"
    asked = {"kept": shows, "sold": changes["sold"], "changed": changes["changed"]}
    return str(await connection.scalar(_UNSUMMED, asked))
