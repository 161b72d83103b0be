"""Whether the takings that are kept are those of the orders, as a query (``piquetickets audit``).

A sum is right if it is that of all sales that it does not lack, and of what it has of refunds. What it has of these is
right if the orders say the same that did not change since.
"""

from __future__ import annotations

from typing import Final

from adapters.postgres.returns import returns
from adapters.postgres.takings import (
    BACK,
    COUNTED,
    KEYS,
    RETURNED,
    RETURNED_AS_TAKINGS,
    SUMS,
    admitted,
    quarter,
    sales,
)

_IS_KEPT: Final = "show_id IN (SELECT show_id FROM takings_shows)"
_LACKED: Final = "ANY(ARRAY(SELECT unnest({kind}) FROM takings_changes))"
_SUMMED: Final = f"o.{_IS_KEPT} AND NOT o.id = {_LACKED.format(kind='sold')}"
_UNCHANGED: Final = f"o.{_IS_KEPT} AND NOT o.id = {_LACKED.format(kind='changed')}"
_COLUMNS: Final = ", ".join((*KEYS, *COUNTED))
_COLUMNS_RETURNED: Final = ", ".join(("order_id", *KEYS, *RETURNED))
_SUMS_RETURNED: Final = ", ".join(f"sum({name})::bigint AS {name}" for name in RETURNED)
_ADMITTED: Final = admitted(
    "(SELECT unnest(came) FROM takings_changes)", "(SELECT unnest(undone) FROM takings_changes)"
)


def _differing(ours: str, theirs: str, columns: str) -> str:
    return f"""(SELECT {columns} FROM {ours} EXCEPT ALL SELECT {columns} FROM {theirs})
        UNION ALL (SELECT {columns} FROM {theirs} EXCEPT ALL SELECT {columns} FROM {ours})"""  # noqa: S608


#: The groups that are off; the subject is the show.
TAKINGS_OFF: Final = f"""
    WITH {sales(_SUMMED)}, {returns(_UNCHANGED)}, {BACK}, right_sums AS MATERIALIZED (
        SELECT show_id, {quarter("at")} AS at, ticket_id, payment, channel, promo_code, {SUMS}
        FROM (
            SELECT {_COLUMNS} FROM sales
            UNION ALL
            {RETURNED_AS_TAKINGS.format(sign="")} FROM takings_returned WHERE {_IS_KEPT}
        ) moved
        GROUP BY 1, 2, 3, 4, 5, 6
        HAVING sum(lines) <> 0
    ), sums AS MATERIALIZED (
        SELECT {_COLUMNS} FROM takings WHERE lines <> 0 AND {_IS_KEPT}
    ), right_returned AS MATERIALIZED (
        SELECT order_id, show_id, {quarter("at")} AS at, ticket_id, payment, channel, promo_code, {_SUMS_RETURNED}
        FROM back
        GROUP BY 1, 2, 3, 4, 5, 6, 7
    ), returned AS MATERIALIZED (
        SELECT {_COLUMNS_RETURNED} FROM takings_returned
        WHERE {_IS_KEPT} AND NOT order_id = {_LACKED.format(kind="changed")}
    ), right_admitted AS (
        SELECT t.id AS ticket_id, t.show_id, coalesce(a.admitted, 0) - coalesce(c.admitted, 0) AS admitted
        FROM tickets t
        LEFT JOIN (
            SELECT l.ticket_id, count(*) AS admitted
            FROM ticket_attendees a JOIN ticket_orders l ON l.order_id = a.order_id AND l.line = a.line
            WHERE a.checked_in_at IS NOT NULL
            GROUP BY l.ticket_id
        ) a ON a.ticket_id = t.id
        LEFT JOIN ({_ADMITTED}) c ON c.ticket_id = t.id
        WHERE t.{_IS_KEPT}
    )
    SELECT show_id AS subject_id, format('its sums of %s, %s, %s', to_char(at, 'YYYY-MM-DD HH24:MI'), payment, channel)
        AS detail
    FROM ({_differing("sums", "right_sums", _COLUMNS)}) off
    UNION ALL
    SELECT show_id, format('what its sums have of the refunds of order %s', order_id)
    FROM ({_differing("returned", "right_returned", _COLUMNS_RETURNED)}) off
    UNION ALL
    SELECT r.show_id, format('%s are counted as checked in, %s are', coalesce(k.admitted, 0), r.admitted)
    FROM right_admitted r LEFT JOIN takings_admitted k USING (ticket_id)
    WHERE coalesce(k.admitted, 0) <> r.admitted
"""  # noqa: S608  # constants of ours
