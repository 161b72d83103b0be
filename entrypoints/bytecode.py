"""Compiles what PiqueTickets imports: ``python -m entrypoints.bytecode``, where an image is built.

A container may write nothing, so Python would compile again at each of its starts what is not compiled then. To compile
all that is installed makes an image larger by more than as much again: most modules of the dependencies are never
imported.
"""

from __future__ import annotations

import compileall
import pkgutil
import sys
from collections.abc import Iterator
from importlib import import_module, metadata
from typing import Final

#: What only the extra ``tracing`` brings along.
TRACING: Final = "opentelemetry"
#: Alembic reads migrations by their paths. Its environment cannot be imported.
MIGRATIONS: Final = "adapters.postgres.migrations"


def packages(distribution: str = "piquetickets") -> list[str]:
    """The top-level packages that a distribution has installed, by name."""
    files = metadata.files(distribution) or []
    return sorted({file.parts[0] for file in files if file.suffix == ".py" and len(file.parts) > 1})


def modules(package: str) -> Iterator[str]:
    """The names of all modules of a package that can be imported, itself first."""
    module = import_module(package)
    yield package
    for found in pkgutil.iter_modules(module.__path__, f"{package}."):
        if found.name == MIGRATIONS or found.name.endswith(".__main__"):
            continue
        if found.ispkg:
            yield from modules(found.name)
        else:
            yield found.name


def compile_imports() -> None:
    """Compile our own modules, and import them, which compiles what they import.

    Raises ImportError if one cannot be imported, so an image whose libraries do not load is not built.
    """
    for package in packages():
        compileall.compile_dir(import_module(package).__path__[0], quiet=1)
        for name in modules(package):
            try:
                import_module(name)
            except ModuleNotFoundError as error:
                if (error.name or "").partition(".")[0] != TRACING:
                    raise


if __name__ == "__main__":
    if sys.dont_write_bytecode:
        sys.exit("PYTHONDONTWRITEBYTECODE is set: Python would not keep what it compiles")
    compile_imports()
