"""Tasks as rows, and the conditions that several queries share.

The relay looks only at ``relay_at``; a claim or a dispatch postpones it. So one partial index leads to the few tasks
that need a worker, however many are done, and however many reminders wait for next year's shows.
"""

from __future__ import annotations

import sqlalchemy as sa

from adapters.postgres.connection import Row
from adapters.postgres.rows import Values
from adapters.postgres.tables import outbox
from domain.tasks import OutboxTask, TaskKind, TaskState

# Written out as in the partial index, so the planner can use it.
IS_PENDING = sa.text("outbox.state = 'pending'")


KINDS = sa.bindparam("kinds", type_=sa.ARRAY(sa.Text))


IDS = sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))


UNCLAIMED = sa.or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until <= sa.bindparam("now"))


PERHAPS_SENT = sa.and_(outbox.c.state != TaskState.DONE, outbox.c.sending_since.is_not(None), UNCLAIMED)


#: Read when the row is written. now() would be the start of the transaction, which may be long ago.
DATABASE_CLOCK = sa.func.clock_timestamp()


def task_of(row: Row) -> OutboxTask:
    return OutboxTask(
        id=row["id"],
        kind=TaskKind(row["kind"]),
        order_id=row["order_id"],
        producer_id=row["producer_id"],
        due_at=row["due_at"],
        details=row["details"],
        state=TaskState(row["state"]),
        attempts=row["attempts"],
        last_error=row["last_error"],
        sending_since=row["sending_since"],
        done_at=row["done_at"],
    )


def task_values(task: OutboxTask) -> Values:
    return {
        "id": task.id,
        "kind": task.kind,
        "order_id": task.order_id,
        "producer_id": task.producer_id,
        "due_at": task.due_at,
        "relay_at": task.due_at,
        "details": dict(task.details),
        "state": task.state,
        "attempts": task.attempts,
        "last_error": task.last_error,
        "sending_since": task.sending_since,
    }
