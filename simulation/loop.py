"""The scheduler: an event loop whose time is virtual, and whose order of work comes from a seed.

Time stands still while there is something to do, and jumps to the next timer when there is not. What is ready runs in
an order that the seed decides. Work belongs to a group of tasks, as to a process: the group can stand still, and die.
There are no threads and no files.
"""

from __future__ import annotations

import asyncio
import heapq
from asyncio.base_events import BaseEventLoop
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from itertools import count
from random import Random
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from typing_extensions import override

Result = TypeVar("Result")

#: More than the tasks of any world need to end.
_MOST_STEPS_TO_END: Final = 1_000_000


class Stuck(Exception):
    """There is nothing left that could ever happen, and the work is not done."""


class Group:
    """Tasks that stand still together, and die together. Each group has its own random numbers: leaving one out of a
    story changes the order of the others as little as possible.
    """

    def __init__(self, name: str, seed: str) -> None:
        self.name = name
        self.tasks: dict[asyncio.Task[Any], None] = {}
        self.is_dead = False
        self.frozen_until = 0.0
        self.random = Random(f"{seed} {name}")  # noqa: S311  # predictable is the point
        self.parked: list[tuple[asyncio.Handle, Group]] = []


class SimulatedLoop(BaseEventLoop):
    def __init__(self, seed: str) -> None:
        super().__init__()
        self.outside = Group("outside", seed)
        self._running_group = self.outside
        self._groups: WeakKeyDictionary[asyncio.Task[Any], Group] = WeakKeyDictionary()
        self._now = 0.0
        self._order = count()
        self._waiting: list[tuple[float, int, asyncio.Handle, Group]] = []
        self._timers: list[tuple[float, int, asyncio.TimerHandle, Group]] = []
        self.steps = 0
        # An exception that no one retrieves belongs to a task whose process has died.
        self.set_exception_handler(lambda *_: None)

    @override
    def time(self) -> float:
        return self._now

    @override
    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._push(handle, self._group_of(callback))
        return handle

    @override
    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    @override
    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._order), timer, self._group_of(callback)))
        return timer

    @override
    def create_task(  # type: ignore[override]
        self, coro: Coroutine[Any, Any, Result], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[Result]:
        task = asyncio.Task(coro, loop=self, name=name or "", context=context)
        group = self._running_group
        self._groups[task] = group
        group.tasks[task] = None
        task.add_done_callback(lambda done: group.tasks.pop(done, None))
        return task

    def spawn(self, group: Group, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        """Begin a task of the group, whichever group asks for it."""
        before, self._running_group = self._running_group, group
        try:
            return self.create_task(work)
        finally:
            self._running_group = before

    def freeze(self, group: Group, seconds: float) -> None:
        """Let the group stand still, like a process that is stopped: its timers run on, and nothing of it does."""
        until = self._now + seconds
        if until <= group.frozen_until:
            return
        group.frozen_until = until
        self.as_outside(until, self._thaw, group)

    def thaw(self, group: Group) -> None:
        """Let the group go on."""
        group.frozen_until = self._now
        self._thaw(group)

    def kill(self, group: Group) -> None:
        """End all tasks of the group, at the point where each of them waits."""
        group.is_dead = True
        self.thaw(group)
        for task in list(group.tasks):
            task.cancel()

    def as_outside(self, when: float, callback: Callable[..., object], *args: Any) -> None:
        before, self._running_group = self._running_group, self.outside
        try:
            self.call_at(when, callback, *args)
        finally:
            self._running_group = before

    def _thaw(self, group: Group) -> None:
        if group.frozen_until > self._now:
            return
        parked, group.parked = group.parked, []
        for handle, owner in parked:
            self._push(handle, owner)

    def _group_of(self, callback: Callable[..., object]) -> Group:
        task = getattr(callback, "__self__", None)
        if isinstance(task, asyncio.Task):
            return self._groups.get(task, self._running_group)
        return self._running_group

    def _push(self, handle: asyncio.Handle, group: Group) -> None:
        heapq.heappush(self._waiting, (group.random.random(), next(self._order), handle, group))

    def _run_once(self) -> None:
        if not self._waiting:
            self._jump()
        _, _, handle, group = heapq.heappop(self._waiting)
        if handle.cancelled():
            return
        if group.frozen_until > self._now:
            group.parked.append((handle, group))
            return
        self.steps += 1
        self._running_group = group
        handle._run()  # noqa: SLF001  # what every event loop does
        self._running_group = self.outside

    def _jump(self) -> None:
        """Move time to the next timers, and make them ready."""
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        if not self._timers:
            raise Stuck
        self._now = max(self._now, self._timers[0][0])
        while self._timers and self._timers[0][0] <= self._now:
            _, _, timer, group = heapq.heappop(self._timers)
            if not timer.cancelled():
                self._push(timer, group)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Nothing: a cancelled timer is passed over when its time comes."""

    def _write_to_self(self) -> None:
        """Nothing: there are no other threads."""

    def run_dry(self, groups: Sequence[Group]) -> None:
        """Let the cancelled tasks of these groups end, as far as they do so at once."""
        for _ in range(_MOST_STEPS_TO_END):
            if not any(group.tasks for group in groups) or not self._waiting:
                break
            self._run_once()

    @override
    def close(self) -> None:
        self._waiting.clear()
        self._timers.clear()
        super().close()
