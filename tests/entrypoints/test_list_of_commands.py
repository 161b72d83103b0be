"""The list of commands stands ready: it is printed without loading any of them."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from entrypoints.cli import extension
from entrypoints.cli.main import COMMANDS, main

LINES = {**{name: listed.line for name, listed in COMMANDS.items()}, **extension.COMMANDS}
SHOWN = "import sys, entrypoints.cli.main as cli; cli.main(['--help'], standalone_mode=False); print(*sys.modules)"


@pytest.mark.parametrize("name", LINES)
def test_a_commands_line_is_what_the_command_says(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command
    assert command.get_short_help_str(limit=64) == LINES[name]


def test_the_list_needs_no_library_of_any_command() -> None:
    shown = subprocess.run([sys.executable, "-c", SHOWN], capture_output=True, text=True, check=True).stdout
    assert all(f"  {name} " in shown for name in LINES)
    loaded = set(shown.splitlines()[-1].split())
    assert loaded.isdisjoint({"litestar", "sqlalchemy", "stripe", "taskiq", "fpdf", "alembic", "redis", "asyncio"})
