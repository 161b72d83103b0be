"""The group of all commands, and how their failures end."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Final

import click
from typing_extensions import override

from domain.errors import DomainError
from entrypoints.cli import extension
from entrypoints.server.gc_tuning import loading
from entrypoints.setting_values import InvalidSettings

#: Exit code for errors that the operator has to fix: settings, engines, arguments.
USAGE_ERROR = 2


@dataclass(frozen=True, slots=True)
class Listed:
    """A command in the list of commands: the module that is loaded when it is called, and what click would list.

    A worker needs no web server, and the list needs none of them.
    """

    module: str
    line: str
    attribute: str = ""
    """Its name in the module, where it is not the command's."""


COMMANDS: Final = MappingProxyType(
    {
        "audit": Listed("entrypoints.cli.audit", "Check every invariant in the live database."),
        "backup": Listed("entrypoints.cli.backup", "Write all data of one moment into a file, while sales go on."),
        "doctor": Listed("entrypoints.cli.doctor", "Examine the installation: one line for each thing that must..."),
        "migrate": Listed("entrypoints.cli.database", "Bring the database to the newest schema."),
        "monitoring": Listed("entrypoints.cli.monitoring", "Print a file for monitoring: Prometheus' alerts or its..."),
        "print": Listed(
            "entrypoints.cli.printing", "Print tickets on a printer beside this computer: what the...", "print_jobs"
        ),
        "producer": Listed("entrypoints.cli.producers", "Organisers of shows."),
        "recount": Listed("entrypoints.cli.takings", "Count the sums that reports read afresh, from the orders: of..."),
        "rehearse": Listed("rehearsal.command", "Rehearse an on-sale: your show, a crowd, and what to change."),
        "restore": Listed("entrypoints.cli.backup", "Fill a new database from a backup."),
        "restored": Listed("entrypoints.cli.backup", "Settle a database that other means have restored: a dump, a..."),
        "retention": Listed("entrypoints.cli.retention", "Delete what is older than the KEEP_... settings say."),
        "serve": Listed("entrypoints.cli.serve", "Serve the API."),
        "sweep": Listed("entrypoints.cli.worker", "One pass of the sweeper, the relay and the reconciler."),
        "tasks": Listed("entrypoints.cli.tasks", "Mails, refunds and other work that follows an order, or a..."),
        "timezones": Listed("entrypoints.cli.timezones", "Shows and the rules of their time zones."),
        "token": Listed("entrypoints.cli.producers", "Bearer tokens of the producer API."),
        "top": Listed("entrypoints.cli.top", "Watch an on-sale: sales, holds, waits, queues, workers and..."),
        "webhook": Listed("entrypoints.cli.webhooks", "Events that Stripe sent."),
        "worker": Listed("entrypoints.cli.worker", "Do the work that follows a checkout: mails, tickets,..."),
    }
)


class _Failure(click.ClickException):
    exit_code = USAGE_ERROR

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class _Commands(click.Group):
    """Failures that a person can fix end in one clear line, not in a stack trace."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_lines())

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in extension.COMMANDS:
            with loading():
                return extension.load_command(cmd_name)
        if cmd_name not in COMMANDS:
            return None
        listed = COMMANDS[cmd_name]
        with loading():
            found = getattr(import_module(listed.module), listed.attribute or cmd_name)
        assert isinstance(found, click.Command)  # noqa: S101  # what the table above promises
        return found

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_lines().items()))

    @override
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Exception as error:
            if isinstance(error, _told()):
                raise _Failure(str(error)) from error
            raise


def _lines() -> dict[str, str]:
    """The commands that are installed, with their lines."""
    ours = {name: listed.line for name, listed in COMMANDS.items()}
    return {**ours, **extension.COMMANDS} if extension.is_installed() else ours


def _told() -> tuple[type[Exception], ...]:
    """The errors that end in one line. That of the storage takes long to load, and the list does not need it."""
    return InvalidSettings, DomainError, import_module("application.ports.unit_of_work").StorageUnavailable


@click.group(cls=_Commands)
@click.version_option(package_name="piquetickets")
def main() -> None:
    """PiqueTickets: ticket checkout for theatres, clubs and festivals."""
