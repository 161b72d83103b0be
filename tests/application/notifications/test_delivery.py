"""Sending e-mails: once, even by a worker that was frozen, and with a log line if the outcome is unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from typing_extensions import override

from adapters.memory.mail import MemoryMailer
from application.notifications.delivery import FULL_PAUSE
from application.ports.mail import Ask, Mail, MailUnavailable, unasked
from application.tasks.run import CLAIM, MAX_ATTEMPTS, PERHAPS_SENT_PAUSE
from domain.tasks import OutboxTask, TaskState
from tests.application.world import World
from tests.support.factories import ticket

pytestmark = pytest.mark.p1


async def to_confirm(world: World) -> OutboxTask:
    """A confirmation that is due."""
    stalls = ticket(price=0)
    await world.sell(stalls)
    await world.buy((stalls, 1))
    (task,) = [task for task in await world.tasks() if task.due_at <= world.clock.now()]
    return task


async def as_it_stands(world: World, task: OutboxTask) -> OutboxTask:
    (found,) = [found for found in await world.tasks() if found.id == task.id]
    return found


class SlowMailer(MemoryMailer):
    """Does ``meanwhile`` before it asks whether the mail may leave, or ``afterwards``."""

    def __init__(self, meanwhile: Callable[[], object], *, is_asked_before: bool = False) -> None:
        super().__init__()
        self._meanwhile = meanwhile
        self._is_asked_before = is_asked_before

    @override
    async def send(self, mail: Mail, *, may_send: Ask = unasked) -> None:
        if self._is_asked_before:
            await may_send()
            self._meanwhile()
            raise MailUnavailable("451 busy")
        self._meanwhile()
        await super().send(mail, may_send=may_send)


async def test_a_worker_that_stood_still_longer_than_its_claim_sends_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    task = await to_confirm(world)
    world.send_email._mailer = SlowMailer(lambda: world.clock.advance(CLAIM))
    assert await world.run_task(task.id) is None
    assert world.send_email._mailer.sent == []
    assert "its claim was over before its mail was sent" in caplog.text

    world.send_email._mailer = world.mailer
    assert await world.run_task(task.id) is TaskState.DONE
    assert len(world.mailer.sent) == 1


async def test_an_answer_that_does_not_come_leaves_the_mail_perhaps_sent(world: World) -> None:
    task = await to_confirm(world)
    since = world.clock.now()
    world.mailer.is_mute = True
    assert await world.run_task(task.id) is TaskState.PENDING

    stands = await as_it_stands(world, task)
    assert (stands.sending_since, stands.due_at) == (since, since + PERHAPS_SENT_PAUSE)
    assert stands.last_error == "perhaps sent: the mail server did not answer"
    for _ in range(20):
        world.clock.advance(PERHAPS_SENT_PAUSE / 21)
        await world.run_task(task.id)
    assert len(world.mailer.sent) == 1

    world.clock.set(since + PERHAPS_SENT_PAUSE)
    await world.run_task(task.id)
    assert len({mail.message_id for mail in world.mailer.sent}) == 1
    async with world.database() as uow:
        (given_up,) = await uow.task_admin.in_state(TaskState.DEAD, after=None, limit=9)
    assert given_up.id == task.id


async def test_a_mail_that_the_server_did_not_take_is_no_doubt(world: World) -> None:
    task = await to_confirm(world)
    world.send_email._mailer = SlowMailer(lambda: None, is_asked_before=True)
    assert await world.run_task(task.id) is TaskState.PENDING
    stands = await as_it_stands(world, task)
    assert stands.sending_since is None
    assert stands.due_at < world.clock.now() + timedelta(minutes=1)


async def test_a_frozen_worker_that_knows_better_than_its_heir_says_so(world: World) -> None:
    task = await to_confirm(world)
    frozen = asyncio.Event()

    class FrozenMailer(MemoryMailer):
        @override
        async def send(self, mail: Mail, *, may_send: Ask = unasked) -> None:
            await may_send()
            await frozen.wait()
            raise MailUnavailable("451 busy")

    world.send_email._mailer = FrozenMailer()
    running = asyncio.create_task(world.run_task(task.id))
    while (await as_it_stands(world, task)).sending_since is None:
        await asyncio.sleep(0)
    world.clock.advance(CLAIM)
    world.send_email._mailer = world.mailer
    assert await world.run_task(task.id) is TaskState.PENDING
    assert world.mailer.sent == []

    frozen.set()
    await running
    assert await world.run_task(task.id) is TaskState.DONE
    assert len(world.mailer.sent) == 1


async def test_a_mail_that_waits_for_a_connection_is_due_again_soon_and_that_is_no_try(world: World) -> None:
    task = await to_confirm(world)
    world.mailer.is_full = True
    assert await world.run_task(task.id) is TaskState.PENDING
    stands = await as_it_stands(world, task)
    assert stands.due_at == world.clock.now() + FULL_PAUSE
    assert stands.sending_since is None
    for _ in range(MAX_ATTEMPTS):
        world.clock.advance(FULL_PAUSE)
        assert await world.run_task(task.id) is TaskState.PENDING
