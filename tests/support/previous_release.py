"""The release before this one: its code out of the repository's history, run by the tests' interpreter.

`.ci/previous-release` names its commit. Whoever makes a release writes there the one before.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.support.processes import START_SECONDS, STOP_SECONDS, clean_environment

_ROOT: Final = Path(__file__).parents[2]
COMMIT: Final = (_ROOT / ".ci/previous-release").read_text().strip()
#: Runs commands of the release, and prints what they printed. "{0}" in a command is what the first one printed.
_RUN: Final = """
import contextlib, io, json, sys
from entrypoints.cli.main import main
printed = []
for arguments in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        main([each.format(*printed) for each in arguments], standalone_mode=False)
    printed.append(out.getvalue().strip())
print(json.dumps(printed))
"""


@dataclass(frozen=True, slots=True)
class PreviousRelease:
    """``tree`` is the folder with its code."""

    tree: Path

    async def run(self, *commands: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        """What each of these commands prints, which must succeed. One process runs all of them, and "{0}" in a command
        stands for what the first one printed.
        """
        process = await self._start("-c", _RUN, json.dumps(commands), environment=environment)
        out, _ = await asyncio.wait_for(process.communicate(), START_SECONDS)
        assert process.returncode == 0, commands
        return [str(printed) for printed in json.loads(out)]

    @asynccontextmanager
    async def running(self, *arguments: str, environment: Mapping[str, str]) -> AsyncIterator[None]:
        """A command that runs until the end of the block, where SIGTERM must end it with code 0."""
        process = await self._start("-m", "entrypoints.cli", *arguments, environment=environment)
        try:
            yield
        finally:
            process.terminate()
            await asyncio.wait_for(process.communicate(), STOP_SECONDS)
        assert process.returncode == 0

    async def _start(self, *arguments: str, environment: Mapping[str, str]) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=self.tree,
            env=clean_environment(**{**environment, "PYTHONPATH": str(self.tree)}),
            stdout=asyncio.subprocess.PIPE,
        )


def previous_release(folder: Path) -> PreviousRelease:
    """Put the code into ``folder``. The test is skipped where the history does not reach back to it."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("the previous release is in the history: git is missing")
    # A commit hook's variables would lead git to another repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    archive = subprocess.run(
        [git, "-C", _ROOT, "archive", "--format=tar", COMMIT], capture_output=True, check=False, env=environment
    )
    if archive.returncode:
        pytest.skip(f"the history does not reach back to the previous release, {COMMIT[:7]} (git fetch --unshallow)")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return PreviousRelease(folder)
