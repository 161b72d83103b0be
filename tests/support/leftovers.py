"""A check that fails the test that leaves anything running.

Every task of an event loop, every thread and process, and every log line belongs to the test that caused it. A context
variable names that test, and Python passes contexts on to the tasks and callbacks that a test starts. Work started by a
fixture of a wider scope is shared: it may go on as long as the fixture does.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

import psutil
import pytest

from tests.support.processes import FORKED

#: The owner of work that fixtures of a wider scope start.
SHARED: Final = "what tests share"
#: How long work that is ending may take; no other test begins before that.
GRACE_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.005
#: Threads of the event loop's own pool, which stay for the next use, and those of pytest's plugins.
_POOLS: Final = ("asyncio_", "pytest_timeout")
#: Python's own helper, which the first user of multiprocessing starts for all later ones, and our server for commands.
_HELPERS: Final = ("multiprocessing.resource_tracker", "tests.support.fork_server")
_PROCESS_EVENTS: Final = ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", FORKED)

_owner: ContextVar[str | None] = ContextVar("owner", default=None)


@contextmanager
def _owned_by(owner: str) -> Iterator[None]:
    token = _owner.set(owner)
    try:
        yield
    finally:
        _owner.reset(token)


class Leftovers:
    """The plugin: it checks after each test, once all of the test's own fixtures are gone."""

    def __init__(self, *, grace_seconds: float = GRACE_SECONDS) -> None:
        self._grace_seconds = grace_seconds
        self._running = SHARED
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: WeakKeyDictionary[asyncio.Task[Any], str] = WeakKeyDictionary()
        self._late_lines: list[str] = []
        self._logging = _logging_is()
        self._threads: set[threading.Thread] = set()
        self._processes: set[psutil.Process] = set()
        self._not_heard: dict[str, None] = {}
        self._usual_record = logging.getLogRecordFactory()
        logging.setLogRecordFactory(self._new_record)
        # Python calls it for every attribute, file and frame that anything looks at: a function in Python would take a
        # tenth of the tests' time. So the hook is in C, and takes an event that happens out of those not heard.
        sys.addaudithook(self._not_heard.pop)

    def own_tasks_of(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on record the owner of each task of the loop."""
        self._loop = loop
        loop.set_task_factory(self._new_task)

    def is_of_this_test(self, record: logging.LogRecord) -> bool:
        """Whether the running test's work wrote the line.

        A line from a plain thread, whose owner is not known, counts as its own.
        """
        return getattr(record, "owner", None) in (None, self._running)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._running = item.nodeid
        self._threads = set(threading.enumerate())
        self._logging = _logging_is()
        with _owned_by(item.nodeid):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        if fixturedef.scope == "function":
            return (yield)
        threads, processes = set(threading.enumerate()), self._children()
        with _owned_by(SHARED):
            result = yield
        self._threads |= set(threading.enumerate()) - threads
        self._processes |= self._children() - processes
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        try:
            result = yield
        finally:
            left = [*self._tasks_left(), *self._threads_left(), *self._processes_left(), *self._logging_left()]
        if left:
            pytest.fail("\n".join(["The test left something behind:", *left]), pytrace=False)
        return result

    def _new_task(
        self, loop: asyncio.AbstractEventLoop, work: Any, *, context: Context | None = None, **options: Any
    ) -> asyncio.Task[Any]:
        owner = _owner.get()
        if context is not None:
            if _owner not in context:  # the context was made empty
                context.run(_owner.set, owner)
            owner = context[_owner]
        task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, context=context, **options)
        self._tasks[task] = owner or SHARED
        return task

    def _new_record(self, *arguments: Any, **more: Any) -> logging.LogRecord:
        record = self._usual_record(*arguments, **more)
        record.owner = owner = _owner.get()
        if owner not in (None, SHARED, self._running):
            self._late_lines.append(f"a line in the log, after the end of {owner}: {record.getMessage()}")
        return record

    def _tasks_left(self) -> Iterator[str]:
        left = [task for task, owner in list(self._tasks.items()) if owner == self._running and not task.done()]
        if left and self._loop and not self._loop.is_closed():
            for task in self._loop.run_until_complete(_not_ending(left, self._grace_seconds)):
                yield f"a task: {task}"

    def _threads_left(self) -> Iterator[str]:
        def left() -> list[threading.Thread]:
            new = [thread for thread in threading.enumerate() if thread not in self._threads]
            return [thread for thread in new if not thread.name.startswith(_POOLS)]

        for thread in _once_they_had_time(left, self._grace_seconds):
            yield f"a thread: {thread}"

    def _processes_left(self) -> Iterator[str]:
        for process in _once_they_had_time(lambda: list(self._children() - self._processes), self._grace_seconds):
            yield f"a process: {process}"
            process.kill()
            self._processes.add(process)  # reported once
        self._not_heard.update(dict.fromkeys(_PROCESS_EVENTS))

    def _logging_left(self) -> Iterator[str]:
        yield from self._late_lines
        self._late_lines.clear()
        if _logging_is() != self._logging:
            yield f"another set-up of logging: {_logging_is()}"

    def _children(self) -> set[psutil.Process]:
        """The children of this process, and the commands forked for it.

        The search takes long, so it is done only if one was started.
        """
        if len(self._not_heard) == len(_PROCESS_EVENTS):
            return self._processes
        children = set(psutil.Process().children())
        helpers = {child for child in children if _is_helper(child)}
        return (children - helpers).union(*(helper.children() for helper in helpers))


Left = TypeVar("Left")


def _once_they_had_time(left: Callable[[], list[Left]], grace_seconds: float) -> list[Left]:
    deadline = time.monotonic() + grace_seconds
    while (found := left()) and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
    return found


async def _not_ending(tasks: list[asyncio.Task[Any]], grace_seconds: float) -> set[asyncio.Task[Any]]:
    """The tasks that go on after they had time to end; they are then cancelled."""
    _, left = await asyncio.wait(tasks, timeout=grace_seconds)
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=grace_seconds)
    return left


def _is_helper(process: psutil.Process) -> bool:
    try:
        return any(name in argument for argument in process.cmdline() for name in _HELPERS)
    except psutil.Error:
        return False


def _logging_is() -> tuple[list[logging.Handler], int, int]:
    return list(logging.root.handlers), logging.root.level, logging.root.manager.disable
