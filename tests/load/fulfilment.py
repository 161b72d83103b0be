"""The speed at which one worker sends the mails of an on-sale, and its memory.

``uv run python -m tests.load.fulfilment --orders 1000`` places that many free orders, then starts one ``piquetickets
worker`` and receives its mails in a real SMTP server. It prints a table and one JSON object. Not part of the tests.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from adapters.postgres import schema
from application.checkout.place_orders import CheckoutRequest
from demo.embedded import EmbeddedPostgres, EmbeddedRedis
from demo.mail_catcher.catcher import MailCatcher
from domain.catalog import Ticket
from entrypoints.cli.engines import environment_of
from entrypoints.container import Container, close
from entrypoints.settings import Settings
from tests.load.house import WEBHOOK_SECRET
from tests.support import factories
from tests.support.processes import clean_environment, command

MIB = 1024 * 1024
#: Checkouts in flight while the orders are placed.
IN_FLIGHT = 50


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the worker: seconds since the first mail, mails up to then, resident memory."""

    seconds: float
    mails: int
    rss_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    orders: int
    pages_per_order: int
    rate_limit_per_second: float
    seconds: float
    mails_per_second: float
    pages_per_second: float
    worker_cpu_seconds: float
    worker_cpu_ms_per_mail: float
    mails_sent_twice: int
    mean_mail_kib: float
    rss_start_mib: float
    rss_end_mib: float
    rss_growth_in_second_half_mib: float
    samples: list[Sample]


@contextmanager
def engines(folder: Path) -> Iterator[tuple[str, str]]:
    with EmbeddedPostgres(folder) as postgres, EmbeddedRedis(folder) as redis:
        schema.upgrade(postgres.url)
        yield postgres.url, redis.url


async def place(settings: Settings, orders: int, pages: int) -> None:
    """Write free orders, each of another address, as the checkout does."""
    container = Container(settings=settings)
    await container.broker().startup()
    on_sale = factories.ticket(price=0, quantity=orders * pages)
    try:
        await _put_on_sale(container, on_sale)
        numbers = iter(range(orders))

        async def buyer() -> None:
            for number in numbers:
                await container.checkout()(
                    CheckoutRequest(
                        cart=factories.cart((on_sale, pages)),
                        customer=factories.customer(email=f"buyer-{number}@example.org"),
                    )
                )

        await asyncio.gather(*(buyer() for _ in range(IN_FLIGHT)))
    finally:
        await close(container)


async def _put_on_sale(container: Container, on_sale: Ticket) -> None:
    seller = factories.producer()
    async with container.database()() as uow:
        await uow.producers.add(seller)
        show = factories.show(by=seller, id=on_sale.show_id, venue="The Globe, London", terms="No refunds. " * 10)
        await uow.shows.add(show)
        await uow.tickets.add(on_sale)
        await uow.commit()


async def drain(settings: Settings, mailbox: MailCatcher, orders: int, pages: int) -> Result:
    """Start a worker, and watch it until the last mail is there."""
    process = await asyncio.create_subprocess_exec(
        *command("worker"), env=clean_environment(**environment_of(settings)), stderr=asyncio.subprocess.DEVNULL
    )
    worker = psutil.Process(process.pid)
    await mailbox.wait_for(1, timeout_seconds=60)
    begun, samples = time.perf_counter(), list[Sample]()
    cpu_before, already = worker.cpu_times(), len(mailbox.mails)
    while True:
        count = len(mailbox.mails)
        samples.append(Sample(round(time.perf_counter() - begun, 2), count, round(worker.memory_info().rss / MIB, 1)))
        if count >= orders:
            break
        await asyncio.sleep(0.5)
    seconds, cpu_after = time.perf_counter() - begun, worker.cpu_times()
    process.terminate()
    await process.wait()
    cpu = cpu_after.user + cpu_after.system - cpu_before.user - cpu_before.system
    half = next(sample for sample in samples if sample.mails >= orders / 2)
    sent = Counter(mail.message_id for mail in mailbox.mails)
    return Result(
        orders=orders,
        pages_per_order=pages,
        rate_limit_per_second=settings.smtp_rate_per_second,
        seconds=round(seconds, 2),
        mails_per_second=round((orders - already) / seconds, 1),
        pages_per_second=round((orders - already) * pages / seconds, 1),
        worker_cpu_seconds=round(cpu, 2),
        worker_cpu_ms_per_mail=round(1000 * cpu / max(orders - already, 1), 1),
        mails_sent_twice=sum(count - 1 for count in sent.values()),
        mean_mail_kib=round(sum(len(mail.raw) for mail in mailbox.mails) / len(mailbox.mails) / 1024, 1),
        rss_start_mib=samples[0].rss_mib,
        rss_end_mib=samples[-1].rss_mib,
        rss_growth_in_second_half_mib=round(samples[-1].rss_mib - half.rss_mib, 1),
        samples=samples[:: max(len(samples) // 20, 1)],
    )


async def measure(folder: Path, orders: int, pages: int, rate: float) -> Result:
    with engines(folder) as (database_url, redis_url):
        async with MailCatcher() as mailbox:
            settings = Settings(
                database_url=database_url,
                redis_url=redis_url,
                stripe_api_key="sk_test_load",
                stripe_webhook_secret=WEBHOOK_SECRET,
                smtp_url=mailbox.smtp_url,
                smtp_rate_per_second=rate,
                log_level="ERROR",
            )
            await place(settings, orders, pages)
            return await drain(settings, mailbox, orders, pages)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1000, help="at most 1000: so many the mail catcher keeps")
    parser.add_argument("--pages", type=int, default=2, help="tickets of each order")
    parser.add_argument("--rate", type=float, default=10_000, help="SMTP_RATE_PER_SECOND")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = asdict(asyncio.run(measure(Path(folder), asked.orders, asked.pages, asked.rate)))
    samples = result.pop("samples")
    for name, value in result.items():
        sys.stderr.write(f"{name.replace('_', ' '):<32} {value:>10}\n")
    sys.stderr.write("\n   seconds      mails    RSS MiB\n")
    for sample in samples:
        sys.stderr.write(f"{sample['seconds']:>10} {sample['mails']:>10} {sample['rss_mib']:>10}\n")
    sys.stdout.write(json.dumps({**result, "samples": samples}) + "\n")


if __name__ == "__main__":
    main()
