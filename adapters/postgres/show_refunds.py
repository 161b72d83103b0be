"""ShowRefundRepo in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.connection import Connection, Row
from adapters.postgres.tables import (
    disputes,
    orders,
    refunds,
    show_refund_refusals,
    show_refunds,
    shows,
    ticket_attendees,
    ticket_orders,
)
from application.ports.show_refunds import NOTHING, AtStake, OrdersToRefund, RefundFailure, RefundProgress, ShowRefund
from domain.orders import SOLD, AttendeeStatus, OrderStatus
from domain.refunds import FAILED_STATUSES, RefundStatus
from domain.report import ONLINE

# Written out as in the partial index of orders that hold tickets: there are few at a time.
_HOLDING: Final = (
    sa.select(orders.c.id)
    .join(shows)
    .where(
        sa.text("orders.status IN ('pending', 'processing') AND orders.status = 'pending'"),
        shows.c.cancelled,
        sa.or_(orders.c.release_after.is_(None), orders.c.release_after <= sa.bindparam("now")),
    )
    .order_by(orders.c.release_after.nulls_first(), orders.c.id)
    .limit(sa.bindparam("count"))
    .with_for_update(skip_locked=True, key_share=True, of=orders)
)
_IS_SOLD = orders.c.status.in_(sorted(SOLD))
_IS_REFUNDED = orders.c.status == OrderStatus.REFUNDED
_ADMITS = sa.and_(
    _IS_SOLD,
    sa.exists().where(ticket_attendees.c.order_id == orders.c.id, ticket_attendees.c.status == AttendeeStatus.VALID),
)
_TO_REFUND: Final = (
    sa.select(orders.c.id)
    .outerjoin(show_refund_refusals)
    .where(orders.c.show_id == sa.bindparam("show_id"), _ADMITS, show_refund_refusals.c.order_id.is_(None))
    .order_by(orders.c.id)
    .limit(sa.bindparam("count"))
)


_LAST: Final = (
    sa.select(
        refunds.c.status,
        refunds.c.created_at,
        sa.func.coalesce(refunds.c.failure_reason, refunds.c.status).label("failure"),
    )
    .where(refunds.c.order_id == orders.c.id)
    .order_by(refunds.c.sequence.desc())
    .limit(1)
    .lateral("last_refund")
)
_TO_REFUND_AGAIN: Final = (
    sa.select(orders.c.id)
    .select_from(orders.outerjoin(show_refund_refusals).join(_LAST, sa.true()))
    .where(
        orders.c.show_id == sa.bindparam("show_id"),
        _IS_REFUNDED,
        show_refund_refusals.c.order_id.is_(None),
        _LAST.c.status.in_(sorted(FAILED_STATUSES)),
        _LAST.c.created_at < sa.bindparam("asked_at"),
    )
    .order_by(orders.c.id)
    .limit(sa.bindparam("count"))
)


def _standings() -> sa.CTE:
    """A show's orders that were ever sold. ``failure`` is why the money did not go back, ``ended`` whether it did."""
    lost = _LAST.c.status.in_(sorted(FAILED_STATUSES))
    failure: sa.Case[Any] = sa.case(
        (_IS_SOLD, show_refund_refusals.c.reason),
        (sa.and_(_IS_REFUNDED, lost), _LAST.c.failure),
    )
    ended = sa.and_(_IS_REFUNDED, sa.or_(_LAST.c.status.is_(None), _LAST.c.status == RefundStatus.SUCCEEDED))
    return (
        sa.select(orders.c.id, orders.c.refunded_amount, failure.label("failure"), ended.label("ended"))
        .select_from(orders.outerjoin(show_refund_refusals).outerjoin(_LAST, sa.true()))
        .where(
            orders.c.show_id == sa.bindparam("show_id"),
            sa.or_(_IS_REFUNDED, _ADMITS, sa.and_(_IS_SOLD, show_refund_refusals.c.order_id.is_not(None))),
        )
        .cte("standings")
    )


_STANDINGS: Final = _standings()
_COUNTS: Final = sa.select(
    sa.func.count().label("total"),
    sa.func.count().filter(_STANDINGS.c.failure.is_not(None)).label("failed"),
    sa.func.count().filter(_STANDINGS.c.failure.is_(None), _STANDINGS.c.ended).label("refunded"),
    sa.func.coalesce(sa.func.sum(_STANDINGS.c.refunded_amount), 0).label("refunded_amount"),
).select_from(_STANDINGS)
_FAILURES: Final = (
    sa.select(_STANDINGS.c.id, _STANDINGS.c.failure)
    .where(_STANDINGS.c.failure.is_not(None))
    .order_by(_STANDINGS.c.id)
    .limit(sa.bindparam("count"))
)


# Money of theirs went somewhere, or came from somewhere else: what goes back is decided order by order.
_IS_CHANGED: Final = sa.or_(
    orders.c.disputed,
    orders.c.credit != 0,
    orders.c.refunded_amount > 0,
    sa.exists().where(refunds.c.order_id == orders.c.id),
    sa.exists().where(disputes.c.order_id == orders.c.id),
)
_PEOPLE: Final = (
    sa.select(sa.func.count().label("people"))
    .where(ticket_attendees.c.order_id == orders.c.id, ticket_attendees.c.status == AttendeeStatus.VALID)
    .correlate(orders)
    .lateral("valid")
)
_FEES: Final = orders.c.platform_fees + orders.c.payment_processing_fees
_PAYMENT: Final = sa.case(
    (orders.c.amount_paid == 0, NOTHING), else_=sa.func.coalesce(orders.c.manual_payment, ONLINE)
).label("payment")


def _total(column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.coalesce(sa.func.sum(column), 0), sa.BigInteger).label(name)


_UNTOUCHED: Final = (
    sa.select(
        _PAYMENT,
        sa.func.count().label("orders"),
        _total(_PEOPLE.c.people, "people"),
        _total(orders.c.amount_paid, "amount"),
        _total(_FEES, "fees"),
        _total(sa.case((orders.c.fees_included, 0), else_=_FEES), "fees_on_top"),
    )
    .select_from(orders.join(_PEOPLE, sa.true()))
    .where(_IS_SOLD, _PEOPLE.c.people > 0, sa.not_(_IS_CHANGED))
    .group_by(sa.text("payment"))
)
_HELD: Final = (
    sa.select(sa.func.count(sa.distinct(orders.c.id)).label("holds"), _total(ticket_orders.c.quantity, "held_tickets"))
    .select_from(orders.join(ticket_orders))
    .where(sa.text("orders.status IN ('pending', 'processing')"))
)


class PostgresShowRefundRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def at_stake(self, show_ids: Collection[UUID]) -> AtStake:
        of_shows = orders.c.show_id.in_(show_ids)
        untouched = (await self._connection.execute(_UNTOUCHED.where(of_shows))).mappings().all()
        held = (await self._connection.execute(_HELD.where(of_shows))).one()
        changed = sa.select(sa.func.count()).select_from(orders).where(of_shows, _ADMITS, _IS_CHANGED)
        return AtStake(
            untouched={
                row["payment"]: OrdersToRefund(**{name: row[name] for name in OrdersToRefund.__slots__})
                for row in untouched
            },
            changed=int(await self._connection.scalar(changed)),
            holds=held.holds,
            held_tickets=held.held_tickets,
        )

    async def changed_orders(self, show_ids: Collection[UUID], *, after: UUID | None, limit: int) -> list[UUID]:
        query = sa.select(orders.c.id).where(orders.c.show_id.in_(show_ids), _ADMITS, _IS_CHANGED)
        if after is not None:
            query = query.where(orders.c.id > after)
        return list((await self._connection.scalars(query.order_by(orders.c.id).limit(limit))).all())

    async def holding(self, *, now: datetime, limit: int) -> list[UUID]:
        return list((await self._connection.scalars(_HOLDING, {"now": now, "count": limit})).all())

    async def ask_for_refund(self, refund: ShowRefund) -> None:
        terms = {
            "refund_fees": refund.refund_fees,
            "reason": refund.reason,
            "requested_at": refund.requested_at,
            "claimed_until": refund.requested_at,
        }
        asked = insert(show_refunds).values({"show_id": refund.show_id, **terms})
        await self._connection.execute(asked.on_conflict_do_update(index_elements=["show_id"], set_=terms))
        of_show = sa.select(orders.c.id).where(orders.c.show_id == refund.show_id)
        await self._connection.execute(
            sa.delete(show_refund_refusals).where(show_refund_refusals.c.order_id.in_(of_show))
        )

    async def refund_of(self, show_id: UUID) -> ShowRefund | None:
        found = await self._connection.execute(sa.select(show_refunds).where(show_refunds.c.show_id == show_id))
        row = found.mappings().one_or_none()
        return show_refund_of(row) if row else None

    async def claim_refund(self, *, now: datetime, until: datetime, requested_since: datetime) -> ShowRefund | None:
        free = (
            sa.select(show_refunds.c.show_id)
            .where(show_refunds.c.claimed_until <= now, show_refunds.c.requested_at >= requested_since)
            .order_by(show_refunds.c.requested_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        claimed = await self._connection.execute(
            sa.update(show_refunds)
            .where(show_refunds.c.show_id.in_(free.scalar_subquery()))
            .values(claimed_until=until)
            .returning(show_refunds)
        )
        row = claimed.mappings().one_or_none()
        return show_refund_of(row) if row else None

    async def keep_refund(self, show_id: UUID, *, until: datetime) -> None:
        await self._connection.execute(
            sa.update(show_refunds).where(show_refunds.c.show_id == show_id).values(claimed_until=until)
        )

    async def to_refund(self, show_id: UUID, *, limit: int) -> list[UUID]:
        return list((await self._connection.scalars(_TO_REFUND, {"show_id": show_id, "count": limit})).all())

    async def to_refund_again(self, show_id: UUID, *, asked_at: datetime, limit: int) -> list[UUID]:
        which = {"show_id": show_id, "asked_at": asked_at, "count": limit}
        return list((await self._connection.scalars(_TO_REFUND_AGAIN, which)).all())

    async def refused(self, order_id: UUID, *, reason: str) -> None:
        refusal = insert(show_refund_refusals).values(order_id=order_id, reason=reason)
        await self._connection.execute(
            refusal.on_conflict_do_update(index_elements=["order_id"], set_={"reason": reason})
        )

    async def reconsider(self, order_id: UUID) -> None:
        await self._connection.execute(
            sa.delete(show_refund_refusals).where(show_refund_refusals.c.order_id == order_id)
        )

    async def progress(self, show_id: UUID, *, failures: int) -> RefundProgress:
        counts = (await self._connection.execute(_COUNTS, {"show_id": show_id})).one()
        failed = await self._connection.execute(_FAILURES, {"show_id": show_id, "count": failures})
        return RefundProgress(
            refunded=counts.refunded,
            failed=counts.failed,
            remaining=counts.total - counts.refunded - counts.failed,
            refunded_amount=int(counts.refunded_amount),
            failures=tuple(RefundFailure(row.id, row.failure) for row in failed),
        )


def show_refund_of(row: Row) -> ShowRefund:
    return ShowRefund(
        show_id=row["show_id"],
        refund_fees=row["refund_fees"],
        reason=row["reason"],
        requested_at=row["requested_at"],
    )
