"""An older release of the time zone rules, from before a government changed them, for separate processes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path


def older_rules(directory: Path, *, release: str, zones: Mapping[str, str]) -> Path:
    """A directory for PYTHONPATH with the package ``tzdata`` of such a release.

    Some of its zones have the rules that others have today.
    """
    with as_file(files("tzdata")) as installed:
        package = directory / "tzdata"
        shutil.copytree(installed, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "__init__.py").write_text(f'IANA_VERSION = "{release}"\n')
    for zone, like in zones.items():
        shutil.copyfile(package / "zoneinfo" / like, package / "zoneinfo" / zone)
    return directory
