"""What went back of orders, and when, in SQL: the figures of ``domain.returns``, in shares of the orders' lines."""

from __future__ import annotations

from typing import Final

#: What the platform returns of its fees for a refund ``r`` of the order ``o``.
_FEE_SHARE: Final = """CASE WHEN r.refund_fees AND r.through_order_id IS NULL AND NOT o.is_manual_order
                 THEN coalesce(round((o.platform_fees + o.payment_processing_fees - o.credit_fees)::numeric * r.amount
                                     / nullif(o.amount_paid - o.credit, 0)), 0)
                 ELSE 0 END"""
_FAILED: Final = "r.status IN ('failed', 'canceled')"
#: Whether an order is one of ``touched``.
IS_TOUCHED: Final = "o.id IN (SELECT id FROM touched)"
_OWN_REFUND: Final = "(r.through_order_id IS NULL OR r.through_order_id = o.exchanged_from)"


def touched(window: str) -> str:
    """A common table expression: the ``id`` of each order of which money went back, or came back, at a moment ``at``
    that meets the condition.
    """
    in_window = "WHERE {at} IS NOT NULL AND " + window
    return f"""
    touched AS MATERIALIZED (
        SELECT order_id AS id FROM refunds {in_window.format(at="created_at")}
        UNION
        SELECT order_id FROM refunds {in_window.format(at="changed_at")} AND status IN ('failed', 'canceled')
        UNION
        SELECT through_order_id FROM refunds {in_window.format(at="created_at")} AND through_order_id IS NOT NULL
        UNION
        SELECT x.exchanged_from FROM order_exchanges x JOIN orders n ON n.id = x.order_id
        {in_window.format(at="n.completed_at")}
        UNION
        SELECT order_id FROM disputes {in_window.format(at="coalesce(lost_at, opened_at)")}
    )"""  # noqa: S608  # constants of ours


def returns(condition: str) -> str:
    """Common table expressions that end in ``went_back``: for each moment at which money of a completed order ``o``
    that meets the condition went back, the shares of its lines, as ``domain.report.dated_takings`` has them.
    """
    return f"""
    steps AS (
        SELECT o.id, r.created_at AS at, r.amount, {_FEE_SHARE} AS fee_shares, r.fees_moved, 0 AS disputes,
               0 AS dispute_fees
        FROM orders o JOIN refunds r ON r.order_id = o.id
        WHERE o.completed_at IS NOT NULL AND {condition} AND {_OWN_REFUND}
          AND (NOT {_FAILED} OR r.changed_at IS NOT NULL)
        UNION ALL
        SELECT o.id, r.changed_at, -r.amount, -{_FEE_SHARE}, -r.fees_moved, 0, 0
        FROM orders o JOIN refunds r ON r.order_id = o.id
        WHERE o.completed_at IS NOT NULL AND {condition} AND {_OWN_REFUND} AND {_FAILED} AND r.changed_at IS NOT NULL
        UNION ALL
        SELECT o.id, n.completed_at, n.credit, 0, n.credit_fees, 0, 0
        FROM orders o JOIN order_exchanges x ON x.exchanged_from = o.id JOIN orders n ON n.id = x.order_id
        WHERE o.completed_at IS NOT NULL AND {condition} AND n.completed_at IS NOT NULL AND n.credit > 0
        UNION ALL
        SELECT o.id, r.created_at, -r.amount, 0, -r.fees_moved, 0, 0
        FROM orders o JOIN refunds r ON r.through_order_id = o.id
        JOIN order_exchanges x ON x.order_id = r.order_id AND x.exchanged_from = o.id
        WHERE o.completed_at IS NOT NULL AND {condition}
        UNION ALL
        SELECT o.id, coalesce(d.lost_at, d.opened_at), 0, 0, 0, d.recovered, d.fees_returned
        FROM orders o JOIN disputes d ON d.order_id = o.id
        WHERE o.completed_at IS NOT NULL AND {condition} AND d.recovered + d.fees_returned > 0
    ),
    moments AS (
        SELECT id, at, sum(amount) AS amount, sum(fee_shares) AS fee_shares, sum(fees_moved) AS fees_moved,
               sum(disputes) AS disputes, sum(dispute_fees) AS dispute_fees
        FROM steps GROUP BY id, at
    ),
    so_far AS (
        SELECT m.id, m.at,
               least(sum(m.amount) OVER past, o.amount_paid) AS refunds,
               least(least(sum(m.fee_shares) OVER past, o.platform_fees + o.payment_processing_fees - o.credit_fees)
                     + sum(m.fees_moved + m.dispute_fees) OVER past,
                     o.platform_fees + o.payment_processing_fees) AS fees,
               sum(m.disputes) OVER past AS disputes
        FROM moments m JOIN orders o ON o.id = m.id
        WINDOW past AS (PARTITION BY m.id ORDER BY m.at)
    ),
    changes AS (
        SELECT id, at, refunds, fees, disputes, coalesce(lag(refunds) OVER past, 0) AS refunds_before,
               coalesce(lag(fees) OVER past, 0) AS fees_before, coalesce(lag(disputes) OVER past, 0) AS disputes_before
        FROM so_far
        WINDOW past AS (PARTITION BY id ORDER BY at)
    ),
    void_tickets AS (
        SELECT a.order_id, a.line, count(*) AS tickets
        FROM (SELECT DISTINCT id FROM moments) m JOIN ticket_attendees a ON a.order_id = m.id
        WHERE a.status = 'void'
        GROUP BY a.order_id, a.line
    ),
    weights AS (
        SELECT *, sum(weight) OVER so_far AS weight_so_far, sum(weight) OVER whole AS weight_whole,
               sum(void) OVER so_far AS void_so_far, sum(void) OVER whole AS void_whole
        FROM (
            SELECT l.order_id, l.line, l.ticket_id, (l.price_per_ticket - l.unit_discount) * l.quantity AS weight,
                   (l.price_per_ticket - l.unit_discount) * coalesce(v.tickets, 0) AS void
            FROM (SELECT DISTINCT id FROM moments) m
            JOIN ticket_orders l ON l.order_id = m.id
            LEFT JOIN void_tickets v ON v.order_id = l.order_id AND v.line = l.line
        ) of_lines
        WINDOW so_far AS (PARTITION BY order_id ORDER BY line), whole AS (PARTITION BY order_id)
    ),
    went_back AS (
        SELECT o.id, o.show_id, c.at, o.manual_payment, o.exchanged_from, o.promo_code, w.ticket_id,
               {_difference("c.fees", "weight")} AS fees_returned,
               {_difference("c.disputes", "weight")} AS disputes,
               CASE WHEN w.void_whole > 0 THEN {_difference("c.refunds", "void")}
                    ELSE {_difference("c.refunds", "weight")} END AS refunds
        FROM changes c JOIN orders o ON o.id = c.id JOIN weights w ON w.order_id = c.id
    )"""  # noqa: S608  # constants of ours


def _difference(amount: str, weight: str) -> str:
    return f"({_share(amount, weight)} - {_share(f'{amount}_before', weight)})::bigint"


def _share(amount: str, weight: str) -> str:
    # As in domain.refunds.allocate: marks along the running sum make the shares add up to the whole exactly.
    mark = f"div({amount} * w.{weight}_so_far, nullif(w.{weight}_whole, 0))"
    before = f"div({amount} * (w.{weight}_so_far - w.{weight}), nullif(w.{weight}_whole, 0))"
    return f"coalesce({mark} - {before}, 0)"
