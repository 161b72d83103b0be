"""piquetickets rehearse: an on-sale before it takes place, with the producer's own show and a crowd from a seed."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from uuid import UUID

import click

from adapters.postgres.engine import create_engine
from adapters.postgres.whole_show import PostgresWholeShowReader
from adapters.system.clock import SystemClock
from application.ports.catalog import WholeShow
from entrypoints.cli.engines import data_dir_option, database
from entrypoints.settings import Settings
from rehearsal.copied import CannotRehearse
from rehearsal.report import as_json, report
from rehearsal.run import rehearse as play
from rehearsal.terms import (
    MAX_BUYERS,
    MAX_MINUTES,
    MAX_PROCESSES,
    MAX_SEED,
    MAX_STRIPE_ALLOWS,
    STRIPE_ALLOWS,
    Terms,
    Victim,
)

_PROCESSES = click.IntRange(1, MAX_PROCESSES)


@click.command()
@click.argument("show", type=click.UUID)
@click.option("--buyers", type=click.IntRange(1, MAX_BUYERS), default=3000, show_default=True, help="Who come.")
@click.option(
    "--minutes",
    type=click.FloatRange(0.5, MAX_MINUTES),
    default=5,
    show_default=True,
    help="The time after the opening in which they come.",
)
@click.option("--seed", type=click.IntRange(0, MAX_SEED), default=1, show_default=True, help="Another crowd.")
@click.option("--servers", type=_PROCESSES, default=2, show_default=True, help="API processes.")
@click.option("--workers", type=_PROCESSES, default=1, show_default=True, help="Worker processes.")
@click.option(
    "--stripe-allows",
    type=click.FloatRange(0.1, MAX_STRIPE_ALLOWS),
    default=STRIPE_ALLOWS,
    show_default=True,
    help="Calls a second at each of Stripe's endpoints.",
)
@click.option(
    "--kill",
    type=click.Choice([each.value for each in Victim]),
    default=Victim.SERVER.value,
    show_default=True,
    help="Which process is killed in the busiest minute.",
)
@click.option("--as-new", is_flag=True, help="As if nothing of the show had been sold yet.")
@click.option("--json", "json_too", is_flag=True, help="One JSON object instead of the report.")
@data_dir_option
def rehearse(
    show: UUID,
    buyers: int,
    minutes: float,
    seed: int,
    servers: int,
    workers: int,
    stripe_allows: float,
    kill: str,
    as_new: bool,
    json_too: bool,
    data_dir: Path,
) -> None:
    """Rehearse an on-sale: your show, a crowd, and what to change.

    SHOW is the show's id. It is read once from the database, in a transaction that cannot write, and copied. Everything
    else happens in memory, on a simulated clock: no Stripe, no mail server and no Redis is asked. The same seed gives
    the same result. Settings are the environment's: HOLD_MINUTES=10 piquetickets rehearse … tries another hold.
    """
    settings = Settings.from_environment(os.environ)
    whole = _read(settings, data_dir, show)
    if whole is None:
        raise click.ClickException(f"There is no show with the id {show}")
    terms = Terms(
        buyers=buyers,
        minutes=minutes,
        seed=seed,
        servers=servers,
        workers=workers,
        stripe_allows=stripe_allows,
        victim=Victim(kill),
        as_new=as_new,
    )
    began = time.monotonic()
    try:
        figures = play(whole, settings, terms, SystemClock().now())
    except CannotRehearse as error:
        raise click.ClickException(str(error)) from error
    took = time.monotonic() - began
    click.echo(as_json(figures) if json_too else report(figures, whole.show.local(figures.opens_at), took))


def _read(settings: Settings, data_dir: Path, show_id: UUID) -> WholeShow | None:
    async def read(url: str) -> WholeShow | None:
        engine = create_engine(url, pool_size=1, prepared_statements=settings.prepared_statements)
        try:
            return await PostgresWholeShowReader(engine).read(show_id)
        finally:
            await engine.dispose()

    with database(settings, data_dir) as url:
        return asyncio.run(read(url))
