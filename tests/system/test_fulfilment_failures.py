"""Failures of mail server, PDF, Redis and worker: checkouts succeed, and every buyer gets one mail."""

from __future__ import annotations

import asyncio
import io
import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from dependency_injector import providers
from pypdf import PdfReader

from application.ports.mail import PrintableTicket
from demo.embedded import EmbeddedPostgres
from demo.mail_catcher.mails import CaughtMail
from domain.tasks import TaskKind, TaskState
from entrypoints.container import Container, close
from entrypoints.worker import run_worker
from tests.support.back_office import open_back_office
from tests.support.box_office import Json, OnSale
from tests.support.factories import producer, ticket
from tests.support.fulfilment_world import FulfilmentWorld, fulfilment_world

#: Processes are started and killed here, which takes time on a busy machine.
pytestmark = [pytest.mark.p2, pytest.mark.timeout(240)]


class BrokenRenderer:
    async def render(self, tickets: Sequence[PrintableTicket]) -> bytes:
        raise OSError("no space left for fonts")


@asynccontextmanager
async def worker_without_a_printer(world: FulfilmentWorld) -> AsyncIterator[None]:
    """A worker of the same service in which no PDF can be made."""
    container = Container(settings=world.settings)
    container.ticket_renderer.override(providers.Object(BrokenRenderer()))
    stop = asyncio.Event()
    working = asyncio.create_task(run_worker(container, stop))
    try:
        yield
    finally:
        stop.set()
        await working
        await close(container)


def codes_in(mail: CaughtMail) -> str:
    """The codes on the tickets that came with a mail."""
    (pdf,) = [file for file in mail.attachments if file.content_type == "application/pdf"]
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.content)).pages).replace(" ", "")


async def assert_one_mail_each(world: FulfilmentWorld, orders: dict[str, Json]) -> None:
    """Check that the mail server has one mail for every order, with that order's tickets, and no other mail."""
    for email, placed in orders.items():
        (mail,) = world.mails_to(email)
        order = (await world.box_office.order(placed)).body
        written = codes_in(mail).replace("\n", "")
        assert order["status"] == "completed"
        assert all(attendee["code"] in written for attendee in order["attendees"])
    assert len(world.mailbox.mails) == len(orders)


def forget_everything(redis_dir: Path) -> None:
    for folder in list(redis_dir.rglob("appendonlydir")):
        shutil.rmtree(folder)


async def free_show(world: FulfilmentWorld) -> OnSale:
    return await world.box_office.put_on_sale(ticket(price=0))


async def test_celery_task_failures_dont_block_checkout(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    """P2-005. The failures come one after the other, so the recovery has to repair all of them."""
    async with fulfilment_world(postgres, tmp_path) as world:
        on_sale = await free_show(world)
        orders: dict[str, Json] = {}

        async def buy(name: str) -> Json:
            orders[f"{name}@example.org"] = await world.buy(on_sale, f"{name}@example.org", quantity=2)
            return orders[f"{name}@example.org"]

        # A worker is killed while it sends a mail to the server, which has all of it and has not accepted it yet.
        world.mailbox.faults.is_hanging = True
        doomed = await world.start_worker()
        during_kill = await buy("worker-killed")
        await world.until([during_kill], lambda task: task.is_being_sent)
        await doomed.kill()
        world.mailbox.faults.fix()
        # Only the server's log shows whether it accepted it. An operator looked, and has the mail sent again.
        await world.send_again(during_kill)

        async with worker_without_a_printer(world):
            no_pdf = await buy("no-pdf")
            await world.until([no_pdf], lambda task: "no space left for fonts" in task.last_error)

        await world.mailbox.stop()
        await world.start_worker()
        no_mail = await buy("no-mail-server")
        await world.until([no_mail], lambda task: "the mail server cannot be used" in task.last_error)

        await asyncio.to_thread(world.redis.kill)
        await buy("no-redis")
        await buy("no-redis-either")

        await asyncio.to_thread(world.redis.start)
        await world.mailbox.start()
        await world.until_it_is_sent(*orders.values())
        await assert_one_mail_each(world, orders)


async def test_redis_that_loses_everything_loses_no_mail(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    async with fulfilment_world(postgres, tmp_path) as world:
        on_sale = await free_show(world)
        before = {f"before-{n}@example.org": await world.buy(on_sale, f"before-{n}@example.org") for n in range(10)}
        await asyncio.to_thread(world.redis.kill)
        forget_everything(tmp_path)
        await world.start_worker()
        during = {f"during-{n}@example.org": await world.buy(on_sale, f"during-{n}@example.org") for n in range(5)}
        await asyncio.to_thread(world.redis.start)

        await world.until_it_is_sent(*before.values(), *during.values())
        await assert_one_mail_each(world, before | during)


async def test_workers_that_are_restarted_in_the_middle_lose_nothing(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    async with fulfilment_world(postgres, tmp_path) as world:
        on_sale = await free_show(world)
        orders = {f"buyer-{n}@example.org": await world.buy(on_sale, f"buyer-{n}@example.org") for n in range(40)}
        for count in (1, 15):
            worker = await world.start_worker()
            await world.mailbox.wait_for(count, timeout_seconds=40)
            await worker.stop()
        await world.start_worker()

        await world.until_it_is_sent(*orders.values())
        await assert_one_mail_each(world, orders)


async def test_a_mail_that_was_taken_by_the_server_in_a_dying_workers_last_moment_can_be_told(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    """The remaining case: SMTP can't be asked whether it accepted a mail. The log names it, and it is not sent again at
    once. If an operator has it sent again, it has the same Message-ID.
    """
    async with fulfilment_world(postgres, tmp_path) as world:
        placed = await world.buy(await free_show(world), "ada@example.org")
        world.mailbox.faults.is_mute = True
        doomed = await world.start_worker()
        await world.mailbox.wait_for(1, timeout_seconds=40)
        await doomed.kill()
        world.mailbox.faults.fix()
        assert (await world.confirmation(placed)).is_being_sent

        heir = await world.start_worker()
        await world.until([placed], lambda task: task.last_error.startswith("perhaps sent"))
        (first,) = world.mails_to("ada@example.org")
        assert heir.said(f"its mail with Message-ID <{first.message_id}> was perhaps sent")

        await world.send_again(placed)
        await world.until_it_is_sent(placed)
        first, second = world.mails_to("ada@example.org")
        assert first.message_id == second.message_id


async def test_a_mail_about_an_account_outlives_its_worker_as_a_buyers_does(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    async with fulfilment_world(postgres, tmp_path) as world:
        seller, kind = producer(email="office@globe.example"), TaskKind.ACCOUNT_CHANGED_MAIL
        container = Container(settings=world.settings)
        office = await open_back_office(world.box_office, container, seller)
        world.mailbox.faults.is_hanging = True
        doomed = await world.start_worker()
        assert (await office.put("/account", {"name": "Rose"})).status == 200
        await world.until_task(seller.id, kind, lambda task: task.is_being_sent)
        await doomed.kill()
        world.mailbox.faults.fix()
        await world.end_claims()

        heir = await world.start_worker()
        doubtful = await world.until_task(seller.id, kind, lambda task: task.last_error.startswith("perhaps sent"))
        assert heir.said(f"(account_changed_mail, producer {seller.id}): its mail")
        assert world.mails_to(seller.email) == []
        await world.retry(doubtful)
        await world.until_task(seller.id, kind, lambda task: task.state == TaskState.DONE)

        (mail,) = world.mails_to(seller.email)
        assert mail.subject == f"Stripe account and name changed: {seller.name}"
        await close(container)


async def test_a_worker_that_was_frozen_beyond_its_claims_sends_no_mail_twice(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    """It is stopped with many mails in every stage of sending; another worker takes over; then it continues."""
    async with fulfilment_world(postgres, tmp_path, smtp_rate_per_second=1000) as world:
        on_sale = await free_show(world)
        world.mailbox.faults.slow_steps["CONTENT"] = 0.2
        orders = {f"buyer-{n}@example.org": await world.buy(on_sale, f"buyer-{n}@example.org") for n in range(30)}
        frozen = await world.start_worker()
        await world.mailbox.wait_for(5, timeout_seconds=40)
        frozen.process.send_signal(signal.SIGSTOP)
        await world.end_claims()
        await world.start_worker()
        await world.until([*orders.values()], lambda task: task.is_settled)
        frozen.process.send_signal(signal.SIGCONT)

        await world.until_it_is_sent(*orders.values())
        await assert_one_mail_each(world, orders)


async def test_an_address_that_the_server_refuses_costs_only_its_own_mail(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    async with fulfilment_world(postgres, tmp_path) as world:
        on_sale = await free_show(world)
        world.mailbox.faults.refused_addresses.add("nobody@example.org")
        refused = await world.buy(on_sale, "nobody@example.org")
        fine = await world.buy(on_sale, "ada@example.org")
        await world.start_worker()

        await world.until_it_is_sent(fine)
        await world.until([refused], lambda task: task.state == "dead")
        assert "550" in (await world.confirmation(refused)).last_error
        assert len(world.mails_to("ada@example.org")) == 1
