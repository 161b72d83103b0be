"""The check that no test leaves anything running can fail itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

from tests.support.processes import clean_environment

ROOT = Path(__file__).parent.parent

SETTINGS = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = session
asyncio_default_test_loop_scope = session
"""

CONFTEST = """
import asyncio
import pytest
from tests.support.leftovers import Leftovers

LEFTOVERS = Leftovers(grace_seconds=0.3)

def pytest_configure(config):
    config.pluginmanager.register(LEFTOVERS)

@pytest.fixture(scope="session", autouse=True)
async def owned_loop():
    LEFTOVERS.own_tasks_of(asyncio.get_running_loop())

@pytest.fixture(scope="session")
async def shared():
    work = asyncio.create_task(asyncio.sleep(3600))
    yield work
    work.cancel()
"""

TESTS = """
import asyncio, logging, subprocess, sys, threading
from contextvars import Context

KEPT = []

async def test_task(shared):
    KEPT.append(asyncio.create_task(asyncio.sleep(3600)))

async def test_task_in_an_empty_context(shared):
    KEPT.append(asyncio.create_task(asyncio.sleep(3600), context=Context()))

def test_thread():
    threading.Thread(target=threading.Event().wait, daemon=True).start()

def test_process():
    KEPT.append(subprocess.Popen([sys.executable, "-ISc", "import time; time.sleep(3600)"]))

def test_handler():
    logging.getLogger().addHandler(logging.NullHandler())

async def test_line():
    asyncio.get_running_loop().call_later(0.001, logging.error, "too late")

async def test_next_of_the_loop(shared):
    logging.getLogger().handlers.pop()
    await asyncio.sleep(0.01)

async def test_tidy(shared):
    work = asyncio.create_task(asyncio.sleep(3600))
    thread = threading.Thread(target=logging.error, args=["in time"])
    thread.start()
    subprocess.run([sys.executable, "-ISc", ""], check=True)
    work.cancel()
    assert not shared.done()
"""


def test_each_kind_of_leftover_fails_the_test_that_left_it(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_some.py").write_text(dedent(TESTS))
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    arguments = ["--disable-plugin-autoload", "-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider", "-q", "-rpE"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, str(tmp_path)],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env=clean_environment(PYTHONPATH=str(ROOT)),
        text=True,
    )
    said = {line.partition(" - ")[0] for line in run.stdout.splitlines() if line.startswith("ERROR test_some.py::")}
    assert said == {
        f"ERROR test_some.py::{name}"
        for name in (
            "test_task",
            "test_task_in_an_empty_context",
            "test_thread",
            "test_process",
            "test_handler",
            "test_next_of_the_loop",
        )
    }, run.stdout
    assert "a line in the log, after the end of test_some.py::test_line: too late" in run.stdout
    assert "8 passed, 6 errors" in run.stdout
    assert run.returncode == 1
