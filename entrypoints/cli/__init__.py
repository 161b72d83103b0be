"""The command ``piquetickets`` (docs/api.md#command-line)."""

from entrypoints.cli.main import main

__all__ = ["main"]
