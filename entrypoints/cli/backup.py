"""piquetickets backup, restore and restored (docs/years.md#backup)."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
from redis.exceptions import RedisError

from adapters.postgres.backup import Manifest, UnusableBackup, load_backup, read_manifest, write_backup
from adapters.postgres.restored import StillValid, settle_database
from application.ports.payment import PaymentSession, PaymentUnavailable
from application.webhooks.catch_up import CaughtUp
from domain.consistency import Findings, Invariant
from domain.money import currency
from domain.orders import number_of
from domain.tasks import TaskState
from entrypoints.cli.audit import as_table
from entrypoints.cli.engines import data_dir_option, reaching_database
from entrypoints.cli.extension import load_engine
from entrypoints.cli.running import run_use_case
from entrypoints.container import Container
from entrypoints.setting_values import InvalidSettings
from entrypoints.settings import Settings

_OWNER_ONLY: Final = 0o600
_OTHERS_FINDINGS: Final = frozenset({Invariant.TASKS, Invariant.BACKLOG})
"""What a restored database always has: tasks that wait for the operator, and late ones."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@data_dir_option
def backup(file: Path, data_dir: Path) -> None:
    """Write all data of one moment into a file, while sales go on. FILE must not exist; "-" is the standard output.

    The file has names and addresses, and is not encrypted: "piquetickets backup - | age -r KEY > FILE" is.
    """
    settings = Settings.from_environment(os.environ)
    with _said(), reaching_database(), _database(settings, data_dir) as url:
        manifest = write_backup(url, sys.stdout.buffer) if str(file) == "-" else _write_file(url, file)
    click.echo(_summary(manifest), err=True)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@data_dir_option
def restore(file: Path, data_dir: Path) -> None:
    """Fill a new database from a backup. Asks Stripe what happened since.

    No mail is sent: what may have been done since the backup is held back until you release it. Stop all workers first.
    """
    settings = Settings.from_environment(os.environ)
    with _said(), reaching_database(), _database(settings, data_dir) as url, file.open("rb") as opened:
        manifest = read_manifest(opened)
        load_backup(url, opened, manifest)
    click.echo(f"Restored: {_summary(manifest)}")
    _settle(data_dir, manifest.taken_at)


@click.command()
@click.option("--taken-at", required=True, metavar="MOMENT", help="As of when the data is: 2026-11-28T17:00:00Z.")
@data_dir_option
def restored(taken_at: str, data_dir: Path) -> None:
    """Settle a database that other means have restored: a dump, a snapshot, a point in time. As "restore" does.

    Run it before you start the service, and again if Stripe could not be asked.
    """
    try:
        moment = datetime.fromisoformat(taken_at)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--taken-at") from error
    if moment.tzinfo is None:
        raise click.BadParameter("an offset or Z is missing", param_hint="--taken-at")
    _settle(data_dir, moment.astimezone(UTC))


class _Unusable(click.ClickException):
    exit_code = 2


@contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except UnusableBackup as error:
        raise _Unusable(str(error)) from error


@contextmanager
def _database(settings: Settings, data_dir: Path) -> Iterator[str]:
    """The database as it is, of whatever schema."""
    if settings.database_url is not None:
        yield settings.database_url
    else:
        with load_engine("postgres", setting="DATABASE_URL")(data_dir) as url:
            yield url


def _write_file(database_url: str, file: Path) -> Manifest:
    """Write the file, all or nothing: a name that exists is a whole backup."""
    if file.exists():
        raise UnusableBackup(f"{file} exists already")
    draft = file.with_name(f"{file.name}.partial")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "wb") as out:
        manifest = write_backup(database_url, out)
        out.flush()
        os.fsync(out.fileno())
    draft.rename(file)
    return manifest


def _summary(manifest: Manifest) -> str:
    return (
        f"{manifest.rows:,} rows of {len(manifest.tables)} tables, {manifest.count('orders'):,} orders among them, "
        f"as of {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC (schema {manifest.revision})."
    )


@dataclass(frozen=True, slots=True)
class _Settled:
    """``caught_up`` is None without Stripe; ``problem`` is why Stripe could not be asked, if it could not."""

    still_valid: StillValid
    held_back: int
    caught_up: CaughtUp | None
    problem: str
    found: Mapping[Invariant, Findings]


def _settle(data_dir: Path, taken_at: datetime) -> None:
    settled = run_use_case(data_dir, lambda container: _settled(container, taken_at))
    for line in _report(settled):
        click.echo(line)
    is_off = any(findings.count for what, findings in settled.found.items() if what not in _OTHERS_FINDINGS)
    if settled.problem or is_off or (settled.caught_up and settled.caught_up.without_order):
        sys.exit(1)


async def _settled(container: Container, taken_at: datetime) -> _Settled:
    await _ensure_no_worker(container)
    settings = container.settings()
    url, caught_up, problem = settings.database_url or "", None, ""
    await asyncio.to_thread(settle_database, url)
    if settings.stripe_api_key:
        try:
            caught_up = await container.catch_up()(taken_at)
        except PaymentUnavailable as error:
            problem = str(error)
    # What Stripe told makes mails that were sent when it happened: they are held back, too.
    still_valid = await asyncio.to_thread(settle_database, url)
    held_back = [task async for task in container.list_tasks()(TaskState.DEAD)]
    return _Settled(still_valid, len(held_back), caught_up, problem, await container.check_consistency()())


async def _ensure_no_worker(container: Container) -> None:
    try:
        seconds = await container.heartbeat().seconds_ago()
    except RedisError:
        return
    if seconds is not None:
        raise InvalidSettings(
            f"REDIS_URL: a worker was alive {seconds:.0f} seconds ago: stop all workers, wait a minute, and run "
            "`piquetickets restored` (its help says how); nothing was sent"
        )


def _report(settled: _Settled) -> Iterator[str]:
    valid = settled.still_valid
    yield f"{settled.held_back} tasks are held back: look at them (tasks list), then tasks retry or tasks discard them."
    yield "All people of the office are signed out, and all links and codes that were sent are over."
    yield f"{valid.devices} devices and {valid.tokens} tokens work as they did then: revoke what was revoked since."
    if settled.problem:
        yield f"Stripe could not be asked: {settled.problem}. Run `piquetickets restored` before you start the service."
    elif settled.caught_up is None:
        yield "There is no STRIPE_API_KEY: what was paid since is not known."
    else:
        yield from _about_stripe(settled.caught_up)
    yield ""
    yield as_table(settled.found)


def _about_stripe(caught_up: CaughtUp) -> Iterator[str]:
    yield (
        f"Stripe: {caught_up.asked} open orders asked about, {caught_up.released} holds given back, "
        f"{caught_up.reviewed} refunds and disputes looked at."
    )
    if caught_up.without_order:
        yield (
            f"{len(caught_up.without_order)} payments are of orders placed after the backup, which are lost. Their "
            "buyers have tickets that the door does not know: add each as a manual order, or refund it at Stripe."
        )
        yield from (f"  {_payment(session)}" for session in caught_up.without_order)


def _payment(session: PaymentSession) -> str:
    number = number_of(session.order_id) if session.order_id else "?"
    receipt = session.receipt
    of = currency(receipt.currency.upper()) if receipt else None
    paid = f"{of.format(receipt.amount)} {of.code}" if receipt and of else "on its way"
    return f"order {number}  {paid}  {receipt.payment_intent_id if receipt else session.id}"
