"""Each invariant as a query for its violations: ``subject_id``, and ``detail`` for a person."""

from __future__ import annotations

from typing import Final

from adapters.postgres.takings_invariant import TAKINGS_OFF
from application.ports.webhooks import NOT_OURS
from domain.consistency import Invariant


def held(condition: str) -> str:
    """Ticket types ``t`` that meet the condition whose held count is not what orders hold."""
    return f"""
    SELECT t.id AS subject_id, format('held is %s, orders hold %s', t.held, coalesce(h.wanted, 0)) AS detail
    FROM tickets t LEFT JOIN (
        SELECT l.ticket_id, sum(l.quantity) AS wanted
        FROM orders o JOIN ticket_orders l ON l.order_id = o.id
        WHERE o.status IN ('pending', 'processing')
        GROUP BY l.ticket_id
    ) h ON h.ticket_id = t.id
    WHERE t.held <> coalesce(h.wanted, 0) AND {condition}
"""  # noqa: S608  # nothing in it comes from outside


def sold(condition: str, lines: str) -> str:
    """Ticket types ``t`` that meet the condition whose sold count is not that of their attendees.

    ``lines`` is a condition on the orders' lines ``l`` that all lines of these ticket types meet.
    """
    return f"""
    SELECT t.id AS subject_id, format('sold is %s, attendees have %s', t.sold, coalesce(s.taken, 0)) AS detail
    FROM tickets t LEFT JOIN (
        SELECT l.ticket_id, count(*) AS taken
        FROM ticket_attendees a JOIN ticket_orders l ON l.order_id = a.order_id AND l.line = a.line
        WHERE NOT a.restocked AND {lines}
        GROUP BY l.ticket_id
    ) s ON s.ticket_id = t.id
    WHERE t.sold <> coalesce(s.taken, 0) AND {condition}
"""  # noqa: S608  # nothing in it comes from outside


_CAPACITY = """
    SELECT id AS subject_id, format('held %s, sold %s of %s', held, sold, quantity) AS detail
    FROM tickets
    WHERE held < 0 OR sold < 0 OR held + sold > quantity
    UNION ALL
    SELECT id, format('held %s, sold %s, allocated %s of %s places', held, sold, allocated, size)
    FROM capacities
    WHERE least(held, sold, allocated) < 0 OR held + sold + allocated > size
    UNION ALL
    SELECT id, format('held %s, sold %s of %s allocated places', held, sold, size)
    FROM allocations
    WHERE least(held, sold) < 0 OR released_at IS NULL AND held + sold > size
"""
_PLACES = """
    SELECT c.id AS subject_id,
           format('held %s, sold %s, allocated %s; its ticket types have %s and %s, its allocations keep %s', c.held,
                  c.sold, c.allocated, coalesce(t.held, 0), coalesce(t.sold, 0), coalesce(a.kept, 0)) AS detail
    FROM capacities c
    LEFT JOIN (
        SELECT capacity_id, sum(held * places) AS held, sum(sold * places) AS sold FROM tickets GROUP BY capacity_id
    ) t ON t.capacity_id = c.id
    LEFT JOIN (
        SELECT capacity_id, sum(size - held - sold) AS kept FROM allocations WHERE released_at IS NULL
        GROUP BY capacity_id
    ) a ON a.capacity_id = c.id
    WHERE (c.held, c.sold, c.allocated) <> (coalesce(t.held, 0), coalesce(t.sold, 0), coalesce(a.kept, 0))
    UNION ALL
    SELECT t.id, format('is of show %s, its capacity of show %s', t.show_id, c.show_id)
    FROM tickets t JOIN capacities c ON c.id = t.capacity_id
    WHERE t.show_id <> c.show_id
"""
_ALLOCATIONS = """
    SELECT coalesce(a.id, l.allocation_id) AS subject_id,
           format('held %s, sold %s, orders have %s and %s', a.held, a.sold, coalesce(l.held, 0), coalesce(l.sold, 0))
               AS detail
    FROM allocations a FULL JOIN (
        SELECT l.allocation_id,
               sum(CASE WHEN o.status IN ('pending', 'processing') THEN l.quantity * t.places ELSE 0 END) AS held,
               sum(coalesce(s.taken, 0) * t.places) AS sold,
               count(*) FILTER (WHERE t.capacity_id IS DISTINCT FROM x.capacity_id) AS strange
        FROM ticket_orders l
        JOIN orders o ON o.id = l.order_id
        JOIN tickets t ON t.id = l.ticket_id
        LEFT JOIN allocations x ON x.id = l.allocation_id
        LEFT JOIN LATERAL (
            SELECT count(*) AS taken FROM ticket_attendees
            WHERE order_id = l.order_id AND line = l.line AND NOT restocked
        ) s ON true
        WHERE l.allocation_id IS NOT NULL
        GROUP BY l.allocation_id
    ) l ON l.allocation_id = a.id
    WHERE a.id IS NULL OR l.strange > 0 OR (a.held, a.sold) <> (coalesce(l.held, 0), coalesce(l.sold, 0))
"""
# The lines of an order have the tickets that it holds, its attendees those that it has bought.
_PRODUCTIONS = """
    SELECT s.id AS subject_id, format('of producer %s, its production of %s', s.producer_id, p.producer_id) AS detail
    FROM shows s JOIN productions p ON p.id = s.production_id
    WHERE s.producer_id <> p.producer_id
"""
_PROMO_USES = """
    SELECT p.id AS subject_id, format('uses is %s, %s use %s', p.uses, p.counts, coalesce(u.uses, 0)) AS detail
    FROM ticket_promo_codes p LEFT JOIN LATERAL (
        SELECT CASE p.counts WHEN 'orders' THEN count(*) ELSE sum(CASE
            WHEN o.completed_at IS NULL THEN (
                SELECT coalesce(sum(l.quantity), 0) FROM ticket_orders l WHERE l.order_id = o.id AND l.uses_promo_code
            ) ELSE (
                SELECT count(*)
                FROM ticket_attendees a JOIN ticket_orders l ON l.order_id = a.order_id AND l.line = a.line
                WHERE a.order_id = o.id AND NOT a.restocked AND l.uses_promo_code
            ) END
        ) END AS uses
        FROM orders o
        WHERE o.promo_code_id = p.id AND (o.status IN ('pending', 'processing') OR (
            o.completed_at IS NOT NULL
            AND EXISTS (SELECT FROM ticket_attendees a WHERE a.order_id = o.id AND NOT a.restocked)
        ))
    ) u ON true
    WHERE p.uses <> coalesce(u.uses, 0)
"""
_ATTENDEES = """
    SELECT o.id AS subject_id,
           format('line %s is %s tickets, %s attendees, order %s', l.line, l.quantity, coalesce(a.n, 0), o.status)
               AS detail
    FROM ticket_orders l
    JOIN orders o ON o.id = l.order_id
    LEFT JOIN (SELECT order_id, line, count(*) AS n FROM ticket_attendees GROUP BY order_id, line) a
        ON a.order_id = l.order_id AND a.line = l.line
    WHERE coalesce(a.n, 0) <> CASE WHEN o.completed_at IS NULL THEN 0 ELSE l.quantity END
"""
_ORDER_TOTALS = """
    SELECT o.id AS subject_id,
           format('subtotal %s, lines %s; discount %s, lines %s', o.subtotal, coalesce(l.price, 0),
                  o.promo_code_discount, coalesce(l.discount, 0)) AS detail
    FROM orders o LEFT JOIN (
        SELECT order_id, sum((price_per_ticket - unit_discount) * quantity) AS price,
               sum(unit_discount * quantity) AS discount
        FROM ticket_orders GROUP BY order_id
    ) l ON l.order_id = o.id
    WHERE o.subtotal <> coalesce(l.price, 0) OR o.promo_code_discount <> coalesce(l.discount, 0)
       OR o.total <> o.subtotal + CASE WHEN o.fees_included THEN 0 ELSE o.platform_fees + o.payment_processing_fees END
       OR o.fees_included AND o.platform_fees + o.payment_processing_fees > o.total
"""


def paid_once(condition: str) -> str:
    """Orders that meet the condition and were not paid once and in full, or were paid though they are none."""
    return f"""
    SELECT id AS subject_id,
           format('%s, costs %s and %s tax, paid %s by %s', status, total, tax, amount_paid,
                  coalesce(payment_intent_id, manual_payment, 'nobody')) AS detail
    FROM orders
    WHERE {condition} AND CASE
        WHEN completed_at IS NULL
            THEN status IN ('completed', 'partially_refunded') OR (amount_paid <> 0 AND status <> 'refunded')
        WHEN is_manual_order OR total = 0
            THEN amount_paid <> total OR payment_intent_id IS NOT NULL
        ELSE amount_paid <> total + CASE WHEN tax_mode = 'inclusive' THEN 0 ELSE tax END
            OR (payment_intent_id IS NULL) <> (amount_paid = credit)
    END
    UNION ALL
    SELECT unnest(array_agg(id)), format('%s orders were paid by %s', count(*), payment_intent_id)
    FROM orders
    WHERE {condition} AND payment_intent_id IS NOT NULL
    GROUP BY payment_intent_id
    HAVING count(*) > 1
"""  # noqa: S608  # nothing in it comes from outside


def refunds(condition: str) -> str:
    """Orders ``o`` that meet the condition whose refunded amount is not that of their refunds."""
    return f"""
    SELECT o.id AS subject_id,
           format('refunded_amount is %s, refunds add up to %s, paid were %s', o.refunded_amount,
                  coalesce(r.amount, 0), o.amount_paid) AS detail
    FROM orders o LEFT JOIN (
        SELECT order_id, sum(amount) AS amount
        FROM refunds WHERE status NOT IN ('failed', 'canceled')
        GROUP BY order_id
    ) r ON r.order_id = o.id
    WHERE o.refunded_amount <> least(coalesce(r.amount, 0), o.amount_paid) AND {condition}
"""  # noqa: S608  # nothing in it comes from outside


# Moved out of the earlier order, or back to it.
_EXCHANGES = """
    SELECT o.id AS subject_id,
           format('%s of order %s count as paid, its books have %s', o.credit, o.exchanged_from, coalesce(r.amount, 0))
               AS detail
    FROM orders o LEFT JOIN LATERAL (
        SELECT sum(amount) AS amount FROM refunds
        WHERE (order_id = o.exchanged_from AND through_order_id = o.id
               OR order_id = o.id AND through_order_id = o.exchanged_from)
          AND status NOT IN ('failed', 'canceled')
    ) r ON true
    WHERE o.exchanged_from IS NOT NULL
      AND coalesce(r.amount, 0) <> CASE WHEN o.completed_at IS NULL THEN 0 ELSE o.credit END
"""
# What banks have taken of an order for good, and whether one has the money without having decided: ``d``.
_DISPUTED = """
    LEFT JOIN LATERAL (
        SELECT coalesce(sum(lost) FILTER (WHERE status IN ('lost', 'appeal_needs_response', 'appeal_under_review')), 0)
                   AS taken,
               coalesce(bool_or(status IN ('needs_response', 'under_review')), false)
                   OR o.disputed AND count(*) = 0 AS contested
        FROM disputes WHERE order_id = o.id
    ) d ON true
"""


# Owed: at least the price of void tickets; for an order without tickets all of it; and a refund that voided no ticket,
# such as one by hand, unless something went back since.
def lost_refunds(condition: str) -> str:
    """Orders ``o`` that meet the condition whose buyers are owed money because a refund failed for good."""
    return f"""
    SELECT o.id AS subject_id,
           format('refund %s of %s is %s: %s', lost.sequence, lost.amount, lost.status,
                  coalesce(lost.failure_reason, 'no reason given')) AS detail
    FROM (
        SELECT DISTINCT ON (order_id) * FROM refunds
        WHERE status IN ('failed', 'canceled') ORDER BY order_id, sequence DESC
    ) lost
    JOIN orders o ON o.id = lost.order_id
    {_DISPUTED}
    LEFT JOIN LATERAL (
        SELECT sum(l.price_per_ticket - l.unit_discount) AS void
        FROM ticket_attendees a JOIN ticket_orders l ON l.order_id = a.order_id AND l.line = a.line
        WHERE a.order_id = o.id AND a.status = 'void'
    ) worth ON true
    WHERE {condition} AND NOT d.contested AND (
        o.refunded_amount + d.taken < CASE
            WHEN o.completed_at IS NULL THEN o.amount_paid ELSE least(coalesce(worth.void, 0), o.amount_paid)
        END
        OR (lost.made_at_stripe OR worth.void IS NULL) AND o.refunded_amount + d.taken < o.amount_paid AND NOT EXISTS (
            SELECT FROM refunds later
            WHERE later.order_id = lost.order_id AND later.sequence > lost.sequence
              AND later.status NOT IN ('failed', 'canceled')
        )
    )
"""  # noqa: S608  # nothing in it comes from outside


def cancelled_shows(condition: str) -> str:
    """Orders ``o`` of cancelled shows ``s`` that meet the condition whose buyers do not have their money back."""
    return f"""
    SELECT o.id AS subject_id,
           format('paid were %s, %s went back and banks took %s', o.amount_paid, o.refunded_amount, d.taken) AS detail
    FROM orders o
    JOIN shows s ON s.id = o.show_id AND s.cancelled
    {_DISPUTED}
    WHERE {condition} AND o.status IN ('completed', 'partially_refunded') AND NOT d.contested
      AND o.refunded_amount + d.taken < o.amount_paid
      AND EXISTS (SELECT FROM ticket_attendees a WHERE a.order_id = o.id AND a.status = 'valid')
"""  # noqa: S608  # nothing in it comes from outside


_DISPUTES = """
    SELECT o.id AS subject_id, format('flagged %s, dispute %s is %s', o.disputed, x.id, x.status) AS detail
    FROM disputes x JOIN orders o ON o.id = x.order_id
    WHERE o.disputed <> EXISTS (
        SELECT FROM disputes y WHERE y.order_id = o.id
          AND y.status NOT IN ('warning_needs_response', 'warning_under_review', 'warning_closed', 'prevented', 'won')
    )
    UNION ALL
    SELECT order_id, format('dispute %s is %s, and %s were taken from the producer', id, status, recovered)
    FROM disputes
    WHERE reversal_id IS NOT NULL AND status NOT IN ('lost', 'appeal_needs_response', 'appeal_under_review')
"""
_DUPLICATE_PAYMENTS = """
    SELECT order_id AS subject_id,
           format('paid again by %s: %s of %s %s went back, banks took %s, %s%s%s', payment_intent_id, returned, amount,
                  currency, taken, status, ': ' || failure_reason, CASE WHEN contested THEN ', disputed' END) AS detail
    FROM duplicate_payments
    WHERE status <> 'succeeded'
"""
_VOID_TICKETS = """
    SELECT o.id AS subject_id, format('%s, with %s valid and %s void tickets', o.status, a.valid, a.void) AS detail
    FROM orders o JOIN (
        SELECT order_id, count(*) FILTER (WHERE status = 'valid') AS valid,
               count(*) FILTER (WHERE status = 'void') AS void
        FROM ticket_attendees GROUP BY order_id
    ) a ON a.order_id = o.id
    WHERE NOT o.disputed AND NOT EXISTS (SELECT FROM disputes d WHERE d.order_id = o.id) AND CASE o.status
        WHEN 'completed' THEN a.void > 0
        WHEN 'partially_refunded' THEN a.void = 0 OR a.valid = 0
        WHEN 'refunded' THEN a.valid > 0
        ELSE false
    END
"""
_OVERDUE_HOLDS = """
    SELECT id AS subject_id, format('was to end at %s', expires_at) AS detail
    FROM orders
    WHERE status IN ('pending', 'processing') AND status = 'pending' AND expires_at < :overdue_since
"""
_EVENTS = f"""
    SELECT md5(id)::uuid AS subject_id,
           format('event %s (%s of %s) of %s failed: %s', id, type, object_id, received_at, last_error) AS detail
    FROM payment_events
    WHERE handled_at IS NULL AND coalesce(last_error, '') NOT LIKE '{NOT_OURS}%'
"""  # noqa: S608  # a constant of ours
_SUBJECT = "coalesce('order ' || order_id, 'producer ' || producer_id)"
_TASKS = f"""
    SELECT id AS subject_id,
           format('%s of %s: %s after %s tries: %s', kind, {_SUBJECT}, state, attempts, coalesce(last_error, '-'))
               AS detail
    FROM outbox
    WHERE state = 'dead'
    UNION ALL
    SELECT id, format('%s of %s: %s', kind, {_SUBJECT}, coalesce(last_error, 'perhaps sent'))
    FROM outbox
    WHERE state = 'pending' AND sending_since IS NOT NULL AND coalesce(claimed_until <= :now, true)
"""  # noqa: S608  # a constant of ours
# One finding for each kind: its oldest task, and how many wait.
_BACKLOG = """
    SELECT (array_agg(id ORDER BY due_at, id))[1] AS subject_id,
           format('%s of %s are due, the oldest since %s', count(*), kind, min(due_at)) AS detail
    FROM outbox
    WHERE state = 'pending' AND due_at <= :now AND coalesce(claimed_until <= :now, true)
    GROUP BY kind
    HAVING min(due_at) < :behind_since
"""
_ADMISSIONS = """
    SELECT coalesce(a.id, s.attendee_id) AS subject_id,
           format('checked in at %s, let in at %s', a.checked_in_at, s.scanned_at) AS detail
    FROM (SELECT id, checked_in_at FROM ticket_attendees WHERE checked_in_at IS NOT NULL) a
    FULL JOIN (SELECT attendee_id, scanned_at FROM scans WHERE result = 'admitted' AND undone_at IS NULL) s
        ON s.attendee_id = a.id
    WHERE a.checked_in_at IS DISTINCT FROM s.scanned_at
"""
_CODES = """
    SELECT a.id AS subject_id, format('its code was replaced at %s', r.replaced_at) AS detail
    FROM replaced_codes r JOIN ticket_attendees a ON a.code = r.code
"""
_SHIFTS = """
    SELECT c.order_id AS subject_id,
           format('the sale has %s by %s, its order %s by %s', c.amount, c.payment, o.amount_paid, o.manual_payment)
               AS detail
    FROM counter_sales c JOIN orders o ON o.id = c.order_id JOIN shifts s ON s.id = c.shift_id
    WHERE c.amount <> o.amount_paid
       OR c.rounding <> CASE WHEN c.payment = 'cash' AND s.cash_rounding > 0
                             THEN (2 * c.amount + s.cash_rounding) / (2 * s.cash_rounding) * s.cash_rounding - c.amount
                             ELSE 0 END
       OR o.manual_payment IS DISTINCT FROM CASE c.payment WHEN 'card' THEN 'other' ELSE c.payment END
       OR c.undone_at IS NULL AND c.given_back <> 0
       OR c.undone_at IS NOT NULL AND (o.status <> 'refunded' OR c.given_back > o.refunded_amount)
    UNION ALL
    SELECT s.id, format('expected %s, its sales make %s in cash, %s by card, %s otherwise', s.expected,
                        s.opening_cash + coalesce(c.cash, 0) + coalesce(m.moved, 0), coalesce(c.card, 0),
                        coalesce(c.other, 0))
    FROM shifts s LEFT JOIN (
        SELECT shift_id,
               sum(amount + rounding - given_back - back_rounding) FILTER (WHERE payment = 'cash') AS cash,
               sum(amount - given_back) FILTER (WHERE payment = 'card') AS card,
               sum(amount - given_back) FILTER (WHERE payment = 'other') AS other
        FROM counter_sales GROUP BY shift_id
    ) c ON c.shift_id = s.id
    LEFT JOIN (SELECT shift_id, sum(amount) AS moved FROM cash_movements GROUP BY shift_id) m ON m.shift_id = s.id
    WHERE s.closed_at IS NOT NULL AND (
        CAST(s.expected ->> 'cash' AS bigint), CAST(s.expected ->> 'card' AS bigint),
        CAST(s.expected ->> 'other' AS bigint)
    ) IS DISTINCT FROM (s.opening_cash + coalesce(c.cash, 0) + coalesce(m.moved, 0), coalesce(c.card, 0),
                        coalesce(c.other, 0))
"""
# Shares along a running sum of prices add up by themselves where there is a price, and lines add up to the subtotal
# (_ORDER_TOTALS). TAKINGS computes the shares of every line.
_REPORT = """
    SELECT o.id AS subject_id,
           format('no line has a price to share fees of %s, tax of %s and refunds of %s by',
                  o.platform_fees + o.payment_processing_fees, o.tax, o.refunded_amount) AS detail
    FROM orders o
    WHERE o.completed_at IS NOT NULL AND o.subtotal = 0
      AND (o.platform_fees + o.payment_processing_fees, o.tax, o.refunded_amount) <> (0, 0, 0)
"""

BROKEN: Final = {
    Invariant.HELD: held("true"),
    Invariant.SOLD: sold("true", "true"),
    Invariant.CAPACITY: _CAPACITY,
    Invariant.PLACES: _PLACES,
    Invariant.ALLOCATIONS: _ALLOCATIONS,
    Invariant.PRODUCTIONS: _PRODUCTIONS,
    Invariant.PROMO_USES: _PROMO_USES,
    Invariant.ATTENDEES: _ATTENDEES,
    Invariant.ORDER_TOTALS: _ORDER_TOTALS,
    Invariant.PAID_ONCE: paid_once("true"),
    Invariant.REFUNDS: refunds("true"),
    Invariant.EXCHANGES: _EXCHANGES,
    Invariant.LOST_REFUNDS: lost_refunds("true"),
    Invariant.DUPLICATE_PAYMENTS: _DUPLICATE_PAYMENTS,
    Invariant.CANCELLED_SHOWS: cancelled_shows("true"),
    Invariant.DISPUTES: _DISPUTES,
    Invariant.VOID_TICKETS: _VOID_TICKETS,
    Invariant.OVERDUE_HOLDS: _OVERDUE_HOLDS,
    Invariant.EVENTS: _EVENTS,
    Invariant.TASKS: _TASKS,
    Invariant.BACKLOG: _BACKLOG,
    Invariant.ADMISSIONS: _ADMISSIONS,
    Invariant.CODES: _CODES,
    Invariant.SHIFTS: _SHIFTS,
    Invariant.REPORT: _REPORT,
    Invariant.TAKINGS: TAKINGS_OFF,
}
