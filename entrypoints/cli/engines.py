"""Our own engines, for those that the environment does not name (docs/operations.md#our-own-engines)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import msgspec
from sqlalchemy.exc import DBAPIError

from adapters.postgres import schema
from adapters.postgres.errors import translated
from adapters.redis.inspection import leads_to_cluster
from application.ports.unit_of_work import StorageUnavailable
from entrypoints.cli.extension import load_engine
from entrypoints.setting_values import InvalidSettings
from entrypoints.settings import Settings

DEFAULT_DATA_DIR = Path(".piquetickets")

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=DEFAULT_DATA_DIR,
    show_default=True,
    help="Where our own PostgreSQL and Redis keep their data, if DATABASE_URL or REDIS_URL is not set.",
)


@contextmanager
def engines(settings: Settings, data_dir: Path, *, for_doctor: bool = False) -> Iterator[Settings]:
    """The settings with the URLs of running engines; those that we start stop at the end.

    Our own database is migrated to the newest schema. Engines that the operator runs must be usable, except
    ``for_doctor``, which reports on them itself. Raises InvalidSettings.
    """
    with ExitStack() as stack:
        url = stack.enter_context(database(settings, data_dir, for_doctor=for_doctor))
        settings = msgspec.structs.replace(settings, database_url=url)
        if settings.redis_url is None:
            engine = load_engine("redis", setting="REDIS_URL")
            url = stack.enter_context(engine(data_dir))
            settings = msgspec.structs.replace(settings, redis_url=url)
        elif not for_doctor and leads_to_cluster(settings.redis_url):
            raise InvalidSettings("REDIS_URL: leads to a cluster: locks of several tickets need one server")
        yield settings


@contextmanager
def database(settings: Settings, data_dir: Path, *, for_doctor: bool = False) -> Iterator[str]:
    """The URL of the database alone, as ``engines`` has it. Raises InvalidSettings."""
    if settings.database_url is not None:
        if not for_doctor:
            _ensure_newest_schema(settings.database_url)
        yield settings.database_url
        return
    with load_engine("postgres", setting="DATABASE_URL")(data_dir) as url:
        schema.upgrade(url)
        yield url


@contextmanager
def reaching_database() -> Iterator[None]:
    """Raises InvalidSettings, in words for the operator, if DATABASE_URL leads nowhere, or to an unusable database."""
    try:
        yield
    except DBAPIError as error:
        if isinstance(translated(error), StorageUnavailable):
            raise InvalidSettings(f"DATABASE_URL: the database cannot be used: {error.orig}") from error
        raise


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment of a process that has the same settings."""
    given = {
        name: str(value)
        for name, value in msgspec.to_builtins(settings, str_keys=True).items()
        if value not in (None, "")
    }
    return {**os.environ, **given}


def _ensure_newest_schema(database_url: str) -> None:
    newest = schema.newest_revision()
    with reaching_database():
        current = schema.current_revision(database_url)
    if current != newest:
        raise InvalidSettings(
            f"DATABASE_URL: the database is at schema {current or 'none'}, this version needs {newest}: "
            "run `piquetickets migrate`"
        )
