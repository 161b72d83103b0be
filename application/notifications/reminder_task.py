"""When a show's reminder is due, and the task that sends it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from application.ports.system import Ids
from domain.catalog import Show
from domain.tasks import OutboxTask, TaskKind

#: Real hours, not the same time on the venue's clock a day earlier: if the clocks change in between, that time may
#: occur twice or not at all, and buyers were promised 24 hours. The mail names the day and never says "tomorrow".
REMINDER_LEAD: Final = timedelta(hours=24)


def reminder_time(show: Show, now: datetime) -> datetime | None:
    """When the show's buyers are reminded; None if that is past: a buyer this late needs no reminder."""
    due_at = show.start_time - REMINDER_LEAD
    return due_at if due_at > now and not show.cancelled else None


def reminder_of(order_id: UUID, show: Show, *, ids: Ids, now: datetime) -> list[OutboxTask]:
    """The reminder to write with an order that was completed at ``now``, if it gets one."""
    due_at = reminder_time(show, now)
    if due_at is None:
        return []
    return [OutboxTask(id=ids.new(), kind=TaskKind.REMINDER_MAIL, order_id=order_id, due_at=due_at)]
