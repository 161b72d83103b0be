"""PrintJobRepo."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from application.ports.unit_of_work import StorageConflict, UnitOfWork, UnitOfWorkFactory
from domain.printing import PrintJob
from tests.contracts.builders import NOW, Theatre, new_id


@dataclass(frozen=True, slots=True)
class Printer:
    producer_id: UUID
    id: UUID


@pytest.fixture
def printer(theatre: Theatre) -> Printer:
    return Printer(theatre.producer.id, new_id())


def a_job(printer: Printer, *, minute: int = 0, order_id: UUID | None = None) -> PrintJob:
    return PrintJob(
        id=new_id(),
        producer_id=printer.producer_id,
        printer_id=printer.id,
        order_id=order_id or uuid4(),
        attendee_ids=(uuid4(), uuid4()),
        with_order_slip=True,
        asked_by="Ada",
        asked_at=NOW + timedelta(minutes=minute),
    )


async def stored(uow: UnitOfWork, *jobs: PrintJob) -> list[PrintJob]:
    for job in jobs:
        await uow.print_jobs.add(job)
    return list(jobs)


async def test_job_is_found_as_it_was_stored(unit_of_work: UnitOfWorkFactory, printer: Printer) -> None:
    async with unit_of_work() as uow:
        [job] = await stored(uow, a_job(printer))
        assert await uow.print_jobs.get(job.id) == job
        given_back = job.taken(NOW).given_back("Out of paper")
        await uow.print_jobs.save(given_back)
        await uow.commit()
    async with unit_of_work() as uow:
        assert await uow.print_jobs.get(job.id) == given_back
        printed = given_back.taken(NOW).printed(NOW + timedelta(seconds=3))
        await uow.print_jobs.save(printed)
        assert await uow.print_jobs.lock(job.id) == printed
        assert await uow.print_jobs.get(uuid4()) is None
        assert await uow.print_jobs.lock(uuid4()) is None


async def test_job_is_stored_once(unit_of_work: UnitOfWorkFactory, printer: Printer) -> None:
    job = a_job(printer)

    async def store() -> None:
        async with unit_of_work() as uow:
            await uow.print_jobs.add(job)
            await uow.commit()

    await store()
    with pytest.raises(StorageConflict):
        await store()


async def test_open_jobs_come_in_the_order_in_which_they_were_asked_for(
    unit_of_work: UnitOfWorkFactory, printer: Printer
) -> None:
    async with unit_of_work() as uow:
        late, early, over, taken = await stored(uow, *(a_job(printer, minute=minute) for minute in (3, 1, 0, 2)))
        await uow.print_jobs.save(over.printed(NOW))
        await uow.print_jobs.save(taken.taken(NOW))
        await uow.commit()
    async with unit_of_work() as uow:
        assert await uow.print_jobs.lock_open(printer.id) == [early, taken.taken(NOW), late]
        assert await uow.print_jobs.has_open(printer.id)
        assert await uow.print_jobs.lock_open(uuid4()) == []
        assert not await uow.print_jobs.has_open(uuid4())


async def test_printer_whose_jobs_are_over_has_none_open(unit_of_work: UnitOfWorkFactory, printer: Printer) -> None:
    async with unit_of_work() as uow:
        [job] = await stored(uow, a_job(printer))
        await uow.print_jobs.save(job.dropped(NOW))
        assert not await uow.print_jobs.has_open(printer.id)


async def test_lists_are_newest_first(unit_of_work: UnitOfWorkFactory, printer: Printer) -> None:
    order_id = uuid4()
    async with unit_of_work() as uow:
        first, second = await stored(uow, *(a_job(printer, minute=minute, order_id=order_id) for minute in (0, 1)))
        [other] = await stored(uow, a_job(printer, minute=2))
        assert await uow.print_jobs.of_order(order_id) == [second, first]
        assert await uow.print_jobs.of_printer(printer.id, limit=2) == [other, second]
        assert await uow.print_jobs.of_order(uuid4()) == []


async def test_what_cannot_be_stored_is_left_out(unit_of_work: UnitOfWorkFactory, printer: Printer) -> None:
    async with unit_of_work() as uow:
        [job] = await stored(uow, a_job(printer))
        await uow.print_jobs.save(replace(job, problem="Out of\x00 paper"))
        found = await uow.print_jobs.get(job.id)
    assert found is not None
    assert found.problem.replace("\x00", "") == "Out of paper"
