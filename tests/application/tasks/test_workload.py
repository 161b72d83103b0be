"""How many workers the last hour would have needed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from typing_extensions import override

from adapters.memory.work_log import MemoryWorkLog
from application.ports.workload import Workload
from application.tasks.backlog import Backlog, Overdue
from application.tasks.workload import EstimateWorkers, ReportWork, WorkersNeeded, WorkMeter, workers_needed
from domain.tasks import TaskKind
from tests.application.world import World

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("tasks", "busy", "overdue", "workers"),
    [
        (100, timedelta(minutes=6), 0, 1),
        (100, HOUR, 0, 1),
        (100, HOUR, 1, 2),
        (100, HOUR, 100, 2),
        (100, HOUR, 101, 3),
        (957, timedelta(minutes=60), 4000, 6),
        (4000, 3 * HOUR, 0, 3),
        (4000, 3 * HOUR + timedelta(seconds=1), 0, 4),
        (1, timedelta(), 10, 1),
    ],
)
def test_so_many_workers_could_have_done_what_was_done_and_what_waits(
    tasks: int, busy: timedelta, overdue: int, workers: int
) -> None:
    assert workers_needed(Workload(tasks, busy), overdue) == WorkersNeeded(workers, tasks, overdue)


def test_nothing_is_known_of_an_hour_without_work() -> None:
    assert workers_needed(Workload(0, timedelta(seconds=3)), 10) is None


@pytest.mark.parametrize(("workers", "noun"), [(1, "1 worker"), (4, "4 workers")])
def test_it_is_said_in_words(workers: int, noun: str) -> None:
    words = f"the last hour (957 tasks done, 12 due) would have needed {noun}"
    assert WorkersNeeded(workers, 957, 12).in_words == words


class Time:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def test_time_counts_once_however_many_tasks_overlap() -> None:
    time = Time()
    meter = WorkMeter(time)
    with meter.at_work():
        time.now += 1
        with meter.at_work():
            time.now += 2
        time.now += 4
    time.now += 100  # nothing to do
    with meter.at_work():
        time.now += 8
    assert meter.take() == Workload(0, timedelta(seconds=15))
    assert meter.take() == Workload()


def test_a_task_that_goes_on_is_told_of_as_it_goes() -> None:
    time = Time()
    meter = WorkMeter(time)
    with meter.at_work():
        time.now += 15
        assert meter.take().busy == timedelta(seconds=15)
        time.now += 5
    assert meter.take().busy == timedelta(seconds=5)


def test_time_counts_where_a_task_fails() -> None:
    time = Time()
    meter = WorkMeter(time)

    def fail() -> None:
        with meter.at_work():
            time.now += 3
            raise ValueError("a mistake")

    with pytest.raises(ValueError, match="a mistake"):
        fail()
    assert meter.take() == Workload(0, timedelta(seconds=3))


class ForgetfulLog(MemoryWorkLog):
    away = False

    @override
    async def add(self, work: Workload) -> bool:
        return not self.away and await super().add(work)


async def test_what_was_not_kept_is_reported_again(world: World) -> None:
    time, log = Time(), ForgetfulLog(world.clock)
    meter = WorkMeter(time)
    report = ReportWork(log, meter)
    log.away = True
    with meter.at_work():
        time.now += 2
        meter.count()
    assert await report() == 0
    assert await log.lately() == Workload()
    log.away = False
    with meter.at_work():
        time.now += 3
        meter.count()
    assert await report() == 2
    assert await report() == 0
    assert await log.lately() == Workload(2, timedelta(seconds=5))


async def test_the_need_counts_what_is_due_of_every_kind(world: World) -> None:
    log = MemoryWorkLog(world.clock)
    backlog = Backlog(
        pending=9,
        overdue={
            TaskKind.CONFIRMATION_MAIL: Overdue(3, timedelta(minutes=6)),
            TaskKind.REMINDER_MAIL: Overdue(1, timedelta(minutes=1)),
        },
    )
    estimate = EstimateWorkers(log)
    assert await estimate(backlog) is None
    await log.add(Workload(4, HOUR))
    assert await estimate(backlog) == WorkersNeeded(2, 4, 4)
