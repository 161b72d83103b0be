"""The Retention port: old data is deleted, and nothing else; the books add up afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.memory.consistency import MemoryConsistencyChecker
from adapters.memory.retention import MemoryRetention
from adapters.memory.unit_of_work import MemoryDatabase
from adapters.postgres.consistency import PostgresConsistencyChecker
from adapters.postgres.retention import PostgresRetention
from application.ports.consistency import ConsistencyChecker
from application.ports.payment import PaymentEvent
from application.ports.retention import Disposable, Retention
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.admission import Scan, ScanResult
from domain.customer import ERASED_EMAIL, ERASED_NAME
from domain.devices import DeviceKind, Pairing
from domain.disputes import Dispute, DisputeStatus
from domain.jobs import Job, JobKind, JobResult
from domain.notes import OrderNote
from domain.orders import Idempotency, Order, OrderStatus
from domain.people import Invitation, OfficeSession, PasskeyChallenge, Person, Role, SignedInBy, SignInLink
from domain.printing import PrintJob
from domain.tasks import TaskKind, TaskState
from tests.contracts.builders import NOW, Theatre, a_producers_task, a_refund, a_task, paid

DAY: Final = timedelta(days=1)
A_MOMENT: Final = timedelta(microseconds=1)


@pytest.fixture
def retention(unit_of_work: UnitOfWorkFactory, contracts_engine: AsyncEngine) -> Retention:
    if isinstance(unit_of_work, MemoryDatabase):
        return MemoryRetention(unit_of_work)
    return PostgresRetention(contracts_engine)


@pytest.fixture
def checker(unit_of_work: UnitOfWorkFactory, contracts_engine: AsyncEngine) -> ConsistencyChecker:
    if isinstance(unit_of_work, MemoryDatabase):
        return MemoryConsistencyChecker(unit_of_work)
    return PostgresConsistencyChecker(contracts_engine)


async def store(unit_of_work: UnitOfWorkFactory, *orders: Order) -> None:
    async with unit_of_work() as uow:
        await uow.orders.add(orders)
        await uow.commit()


async def deleted(retention: Retention, what: Disposable, before: datetime = NOW) -> int:
    expected = await retention.count(what, before=before)
    count = sum([count async for count in retention.delete(what, before=before)])
    assert count == expected
    assert await retention.count(what, before=before) == 0
    return count


def unpaid(theatre: Theatre, *, ended_at: datetime = NOW - A_MOMENT, **changes: object) -> Order:
    fields = {"status": OrderStatus.EXPIRED, "created_at": NOW - DAY, "expires_at": ended_at, **changes}
    return replace(theatre.order(), **fields)  # type: ignore[arg-type]


async def test_print_jobs_that_were_asked_for_long_ago_are_deleted(
    retention: Retention, unit_of_work: UnitOfWorkFactory
) -> None:
    old, recent = (
        PrintJob(
            id=uuid4(), producer_id=uuid4(), printer_id=uuid4(), order_id=uuid4(), asked_by="Ada", asked_at=asked_at
        )
        for asked_at in (NOW - A_MOMENT, NOW)
    )
    async with unit_of_work() as uow:
        await uow.print_jobs.add(old)
        await uow.print_jobs.add(recent)
        await uow.commit()
    assert await deleted(retention, Disposable.PRINT_JOBS) == 1
    async with unit_of_work() as uow:
        assert [await uow.print_jobs.get(job.id) for job in (old, recent)] == [None, recent]


@pytest.mark.parametrize("status", [OrderStatus.EXPIRED, OrderStatus.CANCELLED, OrderStatus.PAYMENT_FAILED])
async def test_an_order_that_was_never_paid_goes_with_its_lines_key_and_done_tasks(
    unit_of_work: UnitOfWorkFactory,
    theatre: Theatre,
    retention: Retention,
    checker: ConsistencyChecker,
    status: OrderStatus,
) -> None:
    key = Idempotency(uuid4().hex, b"f")
    old, recent = unpaid(theatre, status=status, idempotency=key), unpaid(theatre, ended_at=NOW)
    await store(unit_of_work, old, recent)
    async with unit_of_work() as uow:
        await uow.outbox.add([replace(a_task(old), state=TaskState.DONE), a_producers_task(theatre.producer)])
        await uow.commit()

    assert await deleted(retention, Disposable.UNPAID_ORDERS) == 1

    async with unit_of_work() as uow:
        assert await uow.orders.get(old.id) is None
        assert await uow.orders.with_idempotency_keys([key.key]) == {}
        assert await uow.orders.get(recent.id)
    found = await checker.findings(now=NOW, overdue_since=NOW - DAY, behind_since=NOW - DAY)
    assert not any(findings.count for findings in found.values())


async def test_an_order_that_money_or_people_still_need_stays(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, retention: Retention
) -> None:
    completed, held = paid(theatre.order()), replace(theatre.order(), created_at=NOW - DAY, expires_at=NOW - DAY)
    charged = unpaid(theatre, charge_id="ch_1")
    with_task, with_dead_task, with_note, with_refund = (unpaid(theatre) for _ in range(4))
    kept = [completed, held, charged, with_task, with_dead_task, with_note, with_refund]
    await store(unit_of_work, *kept)
    async with unit_of_work() as uow:
        await uow.outbox.add([a_task(with_task), replace(a_task(with_dead_task), state=TaskState.DEAD)])
        await uow.notes.add(
            OrderNote(id=uuid4(), order_id=with_note.id, written_at=NOW, author="office", text="Called, comes tomorrow")
        )
        await uow.refunds.add(a_refund(with_refund))
        await uow.commit()

    assert await deleted(retention, Disposable.UNPAID_ORDERS) == 0
    async with unit_of_work() as uow:
        assert all([await uow.orders.get(order.id) for order in kept])


async def test_buyers_of_shows_that_ended_long_ago_become_anonymous_and_the_figures_stay(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, retention: Retention
) -> None:
    order = replace(paid(theatre.order()), charge_id="ch_1")
    await store(unit_of_work, order)
    async with unit_of_work() as uow:
        await uow.notes.add(OrderNote(id=uuid4(), order_id=order.id, written_at=NOW, author="office", text="Aisle"))
        await uow.commit()
    end = theatre.show.end_time

    assert await deleted(retention, Disposable.PERSONAL_DATA, end) == 0
    assert await deleted(retention, Disposable.PERSONAL_DATA, end + A_MOMENT) == 1

    async with unit_of_work() as uow:
        kept = await uow.orders.get(order.id)
        assert kept is not None
        assert await uow.notes.of_order(order.id) == []
        tasks = await uow.task_admin.of_order(order.id)
    assert (kept.customer.email, kept.customer.name, kept.customer.phone) == (ERASED_EMAIL, ERASED_NAME, None)
    assert {attendee.name for attendee in kept.attendees} == {ERASED_NAME}
    assert (kept.quote, kept.amount_paid, kept.status) == (order.quote, order.amount_paid, order.status)
    assert [attendee.code for attendee in kept.attendees] == [attendee.code for attendee in order.attendees]
    assert [task.kind for task in tasks] == [TaskKind.DESCRIBE_TRANSFER]  # the transfer at Stripe names the buyer


async def test_buyers_who_are_still_to_hear_of_us_keep_their_names(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, retention: Retention
) -> None:
    held = replace(theatre.order(), created_at=NOW - DAY)
    with_task, refunded, disputed = (paid(theatre.order()) for _ in range(3))
    await store(unit_of_work, held, with_task, refunded, disputed)
    dispute = Dispute(
        id="du_1", order_id=disputed.id, amount=5, status=DisputeStatus.NEEDS_RESPONSE, reason="", opened_at=NOW
    )
    async with unit_of_work() as uow:
        await uow.outbox.add([a_task(with_task)])
        await uow.refunds.add(a_refund(refunded))
        await uow.disputes.save(dispute)
        await uow.commit()
    assert await deleted(retention, Disposable.PERSONAL_DATA, theatre.show.end_time + DAY) == 0


async def test_done_tasks_go_and_others_stay(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, retention: Retention
) -> None:
    await store(unit_of_work, order := paid(theatre.order()))
    old = a_task(order, due_at=NOW - A_MOMENT)
    async with unit_of_work() as uow:
        await uow.outbox.add([replace(old, state=TaskState.DONE), replace(a_task(order), state=TaskState.DONE)])
        await uow.outbox.add([replace(old, id=uuid4(), state=state) for state in (TaskState.DEAD, TaskState.PENDING)])
        await uow.outbox.add(
            replace(a_producers_task(theatre.producer, due_at=NOW - A_MOMENT), state=state) for state in TaskState
        )
        await uow.commit()

    assert await deleted(retention, Disposable.TASKS) == 2
    async with unit_of_work() as uow:
        assert len(await uow.task_admin.in_state(TaskState.DONE, after=None, limit=9)) == 1


async def test_handled_events_go_and_failed_ones_stay(unit_of_work: UnitOfWorkFactory, retention: Retention) -> None:
    fine, failed, recent = (
        PaymentEvent(id=f"evt_{n}", type="refund.updated", object_id="re_1", livemode=False) for n in range(3)
    )
    async with unit_of_work() as uow:
        for event, at in ((fine, NOW - DAY), (failed, NOW - DAY), (recent, NOW)):
            await uow.inbox.handled([event], now=at)
        await uow.inbox.failed(failed, error="no such order", now=NOW - DAY)
        await uow.commit()
    assert await deleted(retention, Disposable.EVENTS) == 1


async def test_scans_that_let_nobody_in_go(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, retention: Retention
) -> None:
    await store(unit_of_work, order := paid(theatre.order()))

    def scan(result: ScanResult, **changes: object) -> Scan:
        fields: dict[str, Any] = {
            "show_id": theatre.show.id,
            "id": uuid4(),
            "attendee_id": order.attendees[0].id,
            "code": "CODE",
            "device_id": "front door",
            "offline": False,
            "scanned_at": NOW - DAY,
            "received_at": NOW - DAY,
            "result": result,
        }
        return Scan(**{**fields, **changes})

    refused = next(result for result in ScanResult if result is not ScanResult.ADMITTED)
    async with unit_of_work() as uow:
        await uow.check_ins.add([scan(ScanResult.ADMITTED), scan(refused), scan(refused, received_at=NOW)])
        await uow.commit()
    assert await deleted(retention, Disposable.SCANS) == 1
    assert await deleted(retention, Disposable.AUDIT_LOG) == 0


async def test_old_jobs_go_with_their_results(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, retention: Retention
) -> None:
    def job(begun_at: datetime) -> Job:
        actor = Actor(theatre.producer.id)
        kind = JobKind.EXPORT
        return Job(
            id=uuid4(), producer_id=theatre.producer.id, show_id=None, kind=kind, actor=actor, created_at=begun_at
        )

    old, recent = job(NOW - A_MOMENT), job(NOW)
    async with unit_of_work() as uow:
        for each in (old, recent):
            await uow.jobs.add(each, content=b"list")
            await uow.jobs.add_results(each.id, [JobResult(2, True)], first=0)
        await uow.commit()

    assert await deleted(retention, Disposable.JOBS) == 1
    async with unit_of_work() as uow:
        assert [await uow.jobs.content(each.id) for each in (old, recent)] == [None, b"list"]
        assert await uow.jobs.results(old.id, after=None, limit=9) == []


async def test_ways_into_the_office_that_are_over_are_deleted(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, retention: Retention
) -> None:
    person = Person(uuid4(), "kim@globe.example", "Kim")
    async with unit_of_work() as uow:
        await uow.people.add(person)
        for number, moment in enumerate((NOW - A_MOMENT, NOW)):
            times = {"created_at": moment, "last_seen_at": moment}
            secret, by = bytes([number]), SignedInBy.LINK
            await uow.office_sessions.add(
                OfficeSession(
                    id=uuid4(),
                    person_id=person.id,
                    producer_id=None,
                    secret_hash=secret,
                    device="",
                    signed_in_by=by,
                    **times,
                )
            )
            await uow.sign_in_links.add(
                SignInLink(id=uuid4(), person_id=person.id, created_at=moment, expires_at=moment)
            )
            await uow.passkeys.add_challenge(
                PasskeyChallenge(id=uuid4(), challenge=secret, person_id=None, expires_at=moment)
            )
            await uow.invitations.put(
                Invitation(
                    id=uuid4(),
                    producer_id=theatre.producer.id,
                    email=f"{number}@globe.example",
                    role=Role.DOOR,
                    invited_by="Kim",
                    sent_at=moment,
                )
            )
        await uow.commit()

    for what in (
        Disposable.OFFICE_SESSIONS,
        Disposable.SIGN_IN_LINKS,
        Disposable.PASSKEY_CHALLENGES,
        Disposable.INVITATIONS,
    ):
        assert await deleted(retention, what) == 1


async def test_old_codes_and_devices_that_were_revoked_long_ago_go(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, retention: Retention
) -> None:
    def pairing(made_at: datetime) -> Pairing:
        return Pairing(
            id=uuid4(),
            producer_id=theatre.producer.id,
            name="North door",
            kind=DeviceKind.SCANNER,
            code_hash=uuid4().bytes,
            created_at=made_at,
            person_id=None,
            paired_by="Kim Park",
        )

    devices = [pairing(NOW - DAY).device(uuid4(), uuid4().bytes, NOW - DAY)[1] for _ in range(3)]
    async with unit_of_work() as uow:
        for made_at in (NOW - A_MOMENT, NOW):
            await uow.pairings.put(pairing(made_at))
        for device, revoked_at in zip(devices, (NOW - A_MOMENT, NOW, None), strict=True):
            await uow.devices.add(replace(device, revoked_at=revoked_at))
        await uow.commit()
    assert await deleted(retention, Disposable.PAIRINGS) == 1
    assert await deleted(retention, Disposable.DEVICES) == 1
    async with unit_of_work() as uow:
        assert [await uow.devices.get(device.id) is None for device in devices] == [True, False, False]
