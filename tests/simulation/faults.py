"""What goes wrong: hazards of the plan strike calls at ports."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final, TypeVar

from typing_extensions import override

from simulation.loop import Group, SimulatedLoop
from simulation.way import Errors, Way
from tests.simulation.plan import Effect, Hazard, Plan
from tests.simulation.story import Story

if TYPE_CHECKING:
    from tests.simulation.processes import Process

Result = TypeVar("Result")

_BEFORE: Final = {Effect.FAIL, Effect.DELAY, Effect.FREEZE, Effect.KILL, Effect.CLOCK, Effect.CONFLICT, Effect.FLUSH}


@dataclass(frozen=True, slots=True)
class Blow:
    """One call that a hazard strikes."""

    hazard: Hazard
    count: int

    @property
    def effect(self) -> Effect:
        return self.hazard.effect


class Weather:
    """Decides which calls suffer. Each hazard has its own random numbers."""

    def __init__(self, plan: Plan, loop: SimulatedLoop, story: Story) -> None:
        self._loop = loop
        self._story = story
        self._muted = plan.muted
        self._hazards = [(hazard, Random(f"{plan.seed} hazard {hazard.number}")) for hazard in plan.hazards]  # noqa: S311
        self._struck = dict.fromkeys((hazard.number for hazard in plan.hazards), 0)
        self.is_calm = False
        self.blows: list[tuple[int, int]] = []

    def blow(self, who: str, port: str) -> Blow | None:
        """The blow that a call at the port suffers, if it does."""
        if self.is_calm:
            return None
        now = self._loop.time()
        for hazard, random in self._hazards:
            if hazard.port != port or not hazard.start <= now < hazard.start + hazard.length:
                continue
            count = self._struck[hazard.number]
            if count >= hazard.limit or random.random() >= hazard.rate:
                continue
            self._struck[hazard.number] = count + 1
            if (hazard.number, count) in self._muted:
                continue
            self.blows.append((hazard.number, count))
            self._story.tell(who, f"! {port} {hazard.effect}" + _length(hazard))
            return Blow(hazard, count)
        return None


def _length(hazard: Hazard) -> str:
    timed = {Effect.DELAY, Effect.LATE, Effect.FREEZE, Effect.FREEZE_AFTER, Effect.CLOCK}
    return f" ({hazard.seconds:g} s)" if hazard.effect in timed else ""


class Ports(Way):
    """The way of one process to the outside, until it dies, with what the weather does to its calls. ``group`` are its
    tasks.
    """

    def __init__(self, process: Process, group: Group, weather: Weather, loop: SimulatedLoop) -> None:
        self._process = process
        self._group = group
        self._weather = weather
        self._loop = loop

    def blow(self, port: str) -> Blow | None:
        """The blow that a call of this process at the port suffers, if it does."""
        return self._weather.blow(self._process.name, port)

    @override
    def ensure_alive(self) -> None:
        if self._group.is_dead:
            raise asyncio.CancelledError

    @override
    def turn_after(self) -> float | None:
        blow = self.blow("pace")
        return blow.hazard.seconds if blow else None

    @override
    def is_repeated(self) -> bool:
        return self.blow("queue again") is not None

    @override
    async def through(
        self,
        port: str,
        work: Callable[[], Awaitable[Result]],
        errors: Errors | None,
        *,
        conflict: Errors | None = None,
    ) -> Result:
        self.ensure_alive()
        blow = self.blow(port)
        if blow and errors is None and blow.effect in {Effect.FAIL, Effect.LOSE}:
            blow = None
        if blow and blow.effect is Effect.CONFLICT and conflict:
            errors = conflict
        if blow and blow.effect in _BEFORE:
            await self._before(blow, errors)
        result = await work()
        self.ensure_alive()
        if blow and blow.effect not in _BEFORE:
            await self._after(blow, errors)
        return result

    async def _before(self, blow: Blow, errors: Errors | None) -> None:
        match blow.effect:
            case Effect.FAIL | Effect.CONFLICT if errors is not None:
                raise errors.fail()
            case Effect.DELAY:
                await asyncio.sleep(blow.hazard.seconds)
            case Effect.FREEZE:
                await self.freeze(blow.hazard.seconds)
            case Effect.KILL:
                self.kill()
            case Effect.CLOCK:
                self._process.move_clock(blow)
            case Effect.FLUSH:
                self._process.lose_queue()
        self.ensure_alive()

    async def _after(self, blow: Blow, errors: Errors | None) -> None:
        match blow.effect:
            case Effect.LOSE if errors is not None:
                raise errors.lost()
            case Effect.LATE:
                await asyncio.sleep(blow.hazard.seconds)
            case Effect.FREEZE_AFTER:
                await self.freeze(blow.hazard.seconds)
            case Effect.KILL_AFTER:
                self.kill()
        self.ensure_alive()

    async def freeze(self, seconds: float) -> None:
        """Let the process stand still, now."""
        self._loop.freeze(self._group, seconds)
        await asyncio.sleep(0)

    def kill(self) -> None:
        """Kill the process, now. Raises CancelledError."""
        self._process.kill()
        raise asyncio.CancelledError
