"""A backup is restored after more was sold and refunded: the money is right, and no mail goes out twice."""

from __future__ import annotations

import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import msgspec
import pytest

from adapters.postgres import schema
from adapters.postgres.backup import UnusableBackup, load_backup, read_manifest, write_backup
from adapters.postgres.restored import HELD_BACK
from demo.embedded import EmbeddedPostgres
from entrypoints.cli.engines import environment_of
from entrypoints.container import Container, close
from entrypoints.settings import Settings
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import Json, OnSale
from tests.support.database import connected
from tests.support.factories import producer
from tests.support.processes import Finished, run
from tests.support.stripe_world import StripeWorld, buyer, stripe_world

pytestmark = pytest.mark.timeout(240)

#: No worker was ever alive there: a backup is only restored where none was for a minute.
_QUIET_QUEUE: Final = 2


@pytest.fixture
async def world(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    async with stripe_world(postgres, redis_url, queue=_QUIET_QUEUE) as started:
        yield started


@pytest.fixture
def empty_database(postgres: EmbeddedPostgres) -> str:
    return postgres.create_database(f"restored_{uuid4().hex}")


@dataclass(frozen=True, slots=True)
class Sale:
    """A house that sells. ``database_url`` is where it restores to."""

    world: StripeWorld
    office: BackOffice
    on_sale: OnSale
    database_url: str

    async def hold(self, name: str) -> Json:
        return (
            await self.world.box_office.checkout(self.on_sale.cart(2), customer=buyer(self.on_sale.id, name))
        ).created()

    async def pay(self, placed: Json) -> None:
        await self.world.box_office.pay(placed)
        await self.world.box_office.come_back(placed)

    async def buy(self, name: str) -> Json:
        await self.pay(placed := await self.hold(name))
        return placed

    async def refund(self, placed: Json) -> None:
        answer = await self.office.post(f"/orders/{placed['order_id']}/refund", {})
        assert answer.status == 200, answer.content
        await self.send(placed)

    async def send(self, placed: Json) -> None:
        """Do the order's tasks that are due, as a worker does."""
        container = self.world.container
        async with container.database()() as uow:
            tasks = await uow.task_admin.of_order(UUID(placed["order_id"]))
        for task in tasks:
            if task.due_at <= container.clock().now():
                await container.run_task()(task.id)

    @property
    def settings(self) -> Settings:
        """Of the installation that the backup is restored to."""
        return msgspec.structs.replace(self.world.settings, database_url=self.database_url)

    async def command(self, *arguments: str) -> Finished:
        return await run(*arguments, environment=environment_of(self.settings))

    async def orders(self) -> dict[str, tuple[str, int, int]]:
        """Status, amount paid and amount refunded of each restored order."""
        async with connected(self.database_url) as connection:
            found = await connection.execute("SELECT id::text, status, amount_paid, refunded_amount FROM orders")
            return {id_: (status, paid, refunded) for id_, status, paid, refunded in await found.fetchall()}

    async def work_off(self) -> int:
        """Do what a worker of the restored installation would do now. Returns how many tasks."""
        container = Container(settings=self.settings)
        try:
            async with container.database()() as uow:
                due = await uow.task_queue.due(now=container.clock().now(), limit=100)
            done = [await container.run_task()(task_id) for task_id in due]
        finally:
            await close(container)
        return len(done)


@pytest.fixture
async def sale(world: StripeWorld, empty_database: str) -> Sale:
    globe = producer()
    office = await open_back_office(world.box_office, world.container, globe)
    return Sale(world, office, await world.box_office.put_on_sale(by=globe), empty_database)


async def test_money_is_right_and_no_mail_is_sent_twice(sale: Sale, tmp_path: Path) -> None:
    mailed, waiting, refunded, held, left = (
        await sale.buy("Mailed"),
        await sale.buy("Waiting"),
        await sale.buy("Refunded"),
        await sale.hold("Held"),
        await sale.hold("Left"),
    )
    for placed in (mailed, refunded):
        await sale.send(placed)
    file = tmp_path / "globe.backup"
    environment = environment_of(sale.world.settings)
    saved = await run("backup", str(file), environment=environment)
    assert saved.code == 0, saved.err
    assert "5 orders among them" in saved.err
    # What happens after the backup, until the database is lost.
    await sale.send(waiting)
    await sale.refund(refunded)
    await sale.pay(held)
    await sale.send(held)
    later = await sale.buy("Later")
    sent = len(sale.world.mailbox.mails)

    done = await sale.command("restore", str(file))

    assert done.code == 1, done.out + done.err  # the order of after the backup is the operator's to settle
    assert "1 payments are of orders placed after the backup" in done.out
    charge = await sale.world.stripe.charge(later["order_id"])
    assert str(charge.payment_intent) in done.out
    total = int(charge.amount)
    assert await sale.orders() == {
        mailed["order_id"]: ("completed", total, 0),
        waiting["order_id"]: ("completed", total, 0),
        refunded["order_id"]: ("refunded", total, total),
        held["order_id"]: ("completed", total, 0),
        left["order_id"]: ("pending", 0, 0),
    }
    assert await sale.work_off() == 0
    assert len(sale.world.mailbox.mails) == sent
    assert len(await sale.world.stripe.refunds(refunded["order_id"])) == 1

    listed = [json.loads(line) for line in (await sale.command("tasks", "list", "--json")).out.splitlines()]
    assert {task["last_error"] for task in listed} == {HELD_BACK}
    assert {task["order_id"] for task in listed} == {placed["order_id"] for placed in (waiting, held, refunded)}
    # The mail server's log knows the Message-ID of what was sent; the operator lets one mail go, and drops the rest.
    again = next(task["id"] for task in listed if task["order_id"] == held["order_id"])
    assert (await sale.command("tasks", "retry", again)).out == "1 task will be tried again.\n"
    dropped = await sale.command("tasks", "discard", "--all")
    assert dropped.out == f"{len(listed) - 1} tasks will not be done.\n"
    assert await sale.work_off() == 1
    audited = await sale.command("audit")
    assert audited.code == 0, audited.out


async def test_what_signs_in_ends_and_what_is_due_later_goes_on(sale: Sale, tmp_path: Path) -> None:
    await sale.buy("Ada")  # whose reminder is due the day before the show
    person = "INSERT INTO persons (id, email, address, name) VALUES (%s, 'kim@globe.example', 'kim', 'Kim')"
    await sale.world.execute(person, kim := uuid4())
    await sale.world.execute(
        "INSERT INTO office_sessions (id, person_id, secret_hash, created_at, last_seen_at, device, signed_in_by)"
        " VALUES (gen_random_uuid(), %s, 'x', now(), now(), '', 'link')",
        kim,
    )
    await sale.world.execute("INSERT INTO memberships VALUES (%s, %s, 'owner')", sale.on_sale.producer.id, kim)
    await sale.world.execute(
        "INSERT INTO digests VALUES (%s, %s, 9, current_date - 2, now() - interval '2 days')",
        *(sale.on_sale.producer.id, kim),
    )
    file = tmp_path / "globe.backup"
    with file.open("wb") as out:
        write_backup(sale.world.settings.database_url or "", out)
    with file.open("rb") as saved:
        load_backup(sale.database_url, saved, read_manifest(saved))

    async with connected(sale.database_url) as connection:

        async def only(query: str) -> object:
            (row,) = await (await connection.execute(query.encode())).fetchall()
            return row[0]

        assert await only("SELECT count(*) FROM office_sessions") == 0
        assert await only("SELECT state FROM outbox WHERE kind = 'reminder_mail' AND due_at > now()") == "pending"
        assert await only("SELECT count(*) FROM outbox WHERE state = 'pending' AND due_at <= now()") == 0
        assert await only("SELECT due_at > now() AND due_at < now() + interval '2 days' FROM digests") is True
        assert await only("SELECT count(*) FROM orders") == 1
        # What triggers wrote is in the backup once, and they write on from there.
        counts = "SELECT count(*) FROM takings_changes"
        async with connected(sale.world.settings.database_url or "") as original:
            assert await only(counts) == (await (await original.execute(counts)).fetchone() or [None])[0]
        await connection.execute("INSERT INTO takings_changes DEFAULT VALUES")
        assert await only("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'O'") == 0


async def test_only_whole_backups_are_restored_and_only_into_empty_databases(sale: Sale, tmp_path: Path) -> None:
    await sale.hold("Ada")
    file = tmp_path / "globe.backup"
    with file.open("w+b") as saved:
        write_backup(sale.world.settings.database_url or "", saved)
        manifest = read_manifest(saved)
        with pytest.raises(UnusableBackup, match="restore into a new, empty one"):
            load_backup(sale.world.settings.database_url or "", saved, manifest)
    damaged, newer = tmp_path / "damaged", tmp_path / "newer"
    with zipfile.ZipFile(file) as good, zipfile.ZipFile(damaged, "w") as bad, zipfile.ZipFile(newer, "w") as future:
        for name in good.namelist():
            content = good.read(name)
            bad.writestr(name, content.replace(b"Ada", b"Eve"))
            future.writestr(name, content.replace(manifest.revision.encode(), b"9999"))
    for broken, words in ((damaged, "orders is not what was backed up"), (newer, "it takes that version, or a newer")):
        with broken.open("rb") as opened, pytest.raises(UnusableBackup, match=words):
            read_manifest(opened)
    refused = await sale.command("restore", __file__)
    assert refused.code == 2
    assert "this is no backup" in refused.err
    assert schema.current_revision(sale.database_url) is None
    exists = await sale.command("backup", str(file))
    assert (exists.code, "exists already" in exists.err) == (2, True)


async def test_a_database_that_other_means_restored_is_settled_too(sale: Sale) -> None:
    await sale.buy("Ada")
    settled = await run(
        *("restored", "--taken-at", "2026-01-01T00:00:00Z"), environment=environment_of(sale.world.settings)
    )
    assert "tasks are held back" in settled.out, settled.err
    unclear = await sale.command("restored", "--taken-at", "2026-01-01T00:00:00")
    assert (unclear.code, "an offset or Z is missing" in unclear.err) == (2, True)
