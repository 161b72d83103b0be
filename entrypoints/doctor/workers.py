"""Whether workers are alive, and keep up."""

from __future__ import annotations

from application.operations.consistency import BEHIND_AFTER
from entrypoints.container import Container
from entrypoints.doctor.findings import Examination, Finding


def of_workers(container: Container) -> list[Examination]:
    """The examinations of the workers. Their heartbeat is in Redis, their work in the database."""

    async def worker() -> Finding:
        seconds = await container.heartbeat().seconds_ago()
        if seconds is None:
            return Finding("worker", "no worker was alive lately", "start `piquetickets worker` on the same REDIS_URL")
        return Finding("worker", f"alive {max(seconds, 0):.0f} seconds ago")

    async def backlog() -> Finding:
        measured = await container.measure_backlog()()
        needed = await container.estimate_workers()(measured)
        in_the_last_hour = f"; {needed.in_words}" if needed else ""
        if measured.oldest > BEHIND_AFTER:
            fix = "start more workers, or see `piquetickets tasks list --state pending`"
            return Finding("backlog", measured.in_words + in_the_last_hour, fix)
        if measured.dead or measured.perhaps_sent:
            words = f"{measured.dead} tasks were given up, {measured.perhaps_sent} mails were perhaps sent"
            return Finding("backlog", words, "see `piquetickets tasks list`, also with --state perhaps_sent")
        waiting = measured.in_words if measured.overdue else "no task waits for a worker"
        return Finding("backlog", waiting + in_the_last_hour)

    return [
        Examination("worker", worker, "start Redis, or correct REDIS_URL"),
        Examination("backlog", backlog, "start the database, or correct DATABASE_URL"),
    ]
