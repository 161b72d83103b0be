"""The group of all commands, and how their failures end."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import Final

import click
from typing_extensions import override

from application.ports.unit_of_work import StorageUnavailable
from domain.errors import DomainError
from entrypoints.cli import extension
from entrypoints.settings import InvalidSettings

#: Exit code for errors that the operator has to fix: settings, engines, arguments.
USAGE_ERROR = 2

#: The module of each command, loaded when it is called: a worker needs no web server.
COMMANDS: Final = MappingProxyType(
    {
        "audit": "entrypoints.cli.audit",
        "doctor": "entrypoints.cli.doctor",
        "migrate": "entrypoints.cli.database",
        "producer": "entrypoints.cli.producers",
        "retention": "entrypoints.cli.retention",
        "serve": "entrypoints.cli.serve",
        "sweep": "entrypoints.cli.worker",
        "webhook": "entrypoints.cli.webhooks",
        "tasks": "entrypoints.cli.tasks",
        "timezones": "entrypoints.cli.timezones",
        "token": "entrypoints.cli.producers",
        "worker": "entrypoints.cli.worker",
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
        return sorted([*COMMANDS, *(extension.COMMANDS if extension.is_installed() else ())])

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in extension.COMMANDS:
            return extension.load_command(cmd_name)
        if cmd_name not in COMMANDS:
            return None
        found = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        assert isinstance(found, click.Command)  # noqa: S101  # what the table above promises
        return found

    @override
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (InvalidSettings, DomainError, StorageUnavailable) as error:
            raise _Failure(str(error)) from error


@click.group(cls=_Commands)
@click.version_option(package_name="piquetickets")
def main() -> None:
    """PiqueTickets: ticket checkout for theatres, clubs and festivals."""
