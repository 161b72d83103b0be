"""The command `piquetickets` (api.md, Command line)."""

from entrypoints.cli.main import main

__all__ = ["main"]
