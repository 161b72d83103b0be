"""The scripts that Redis runs, each as one atomic step."""

from __future__ import annotations

from importlib.resources import files


def script(*names: str) -> str:
    """The text of a script. It is made of several files, as a script in Redis cannot load another."""
    return "\n".join(files(__name__).joinpath(f"{name}.lua").read_text(encoding="utf-8") for name in names)
