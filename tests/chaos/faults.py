"""The kinds of harm. Each does it for some seconds, by the seed's choices, and repairs it before it returns."""

from __future__ import annotations

import asyncio
import math
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psutil
import psycopg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from demo.stripe_sandbox.faults import FaultKind
from tests.chaos.installation import Engine, Installation, Program
from tests.support.database import connected
from tests.support.stripe_world import (
    CREATE_REFUND,
    CREATE_SESSION,
    EXPIRE_SESSION,
    LIST_REFUNDS,
    LIST_SESSIONS,
    RETRIEVE_CHARGE,
    RETRIEVE_INTENT,
    RETRIEVE_SESSION,
    UPDATE_TRANSFER,
)

Harm = Callable[[Installation, random.Random, float], Awaitable[None]]

FAKETIME: Final = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
#: Calls to Stripe that go wrong, and how. A call that hangs does so for a second or two.
_CALLS: Final = (
    CREATE_SESSION,
    RETRIEVE_SESSION,
    EXPIRE_SESSION,
    LIST_SESSIONS,
    RETRIEVE_INTENT,
    RETRIEVE_CHARGE,
    UPDATE_TRANSFER,
    CREATE_REFUND,
    LIST_REFUNDS,
)
_STRIPE_FAULTS: Final = (
    FaultKind.TIMEOUT_BEFORE,
    FaultKind.CONNECTION_RESET,
    FaultKind.RATE_LIMITED,
    FaultKind.SERVER_ERROR,
    FaultKind.FAILED_WITHIN,
    FaultKind.FAILED_AFTER,
    FaultKind.ANSWER_LOST,
    FaultKind.SLOW,
)


async def kill(place: Installation, choice: random.Random, seconds: float) -> None:
    """kill -9 of API processes and workers, one after another."""
    async for _ in _beats(choice, seconds, 0.5, 3):
        choice.choice(place.programs).kill()


async def deploy(place: Installation, choice: random.Random, seconds: float) -> None:
    """A rolling restart: one program after another, as far as the time allows; each is ready before the next stops."""
    deadline = time.monotonic() + seconds
    for program in choice.sample(place.programs, len(place.programs)):
        if time.monotonic() > deadline:
            return
        await program.restart()
        await place.until_ready()


async def freeze(place: Installation, choice: random.Random, seconds: float) -> None:
    """API processes and workers stand still for a while (SIGSTOP, SIGCONT)."""
    async for _ in _beats(choice, seconds, 1, 2):
        some = choice.sample(place.programs, choice.randint(1, len(place.programs) - 1))
        with _frozen(some):
            await _hold(choice, seconds)


async def freeze_engines(place: Installation, choice: random.Random, seconds: float) -> None:
    """PostgreSQL or Redis stands still, all of it."""
    async for _ in _beats(choice, seconds, 1, 2):
        with _frozen([choice.choice((place.postgres, place.redis))]):
            await _hold(choice, seconds / 2)


async def restart_postgres(place: Installation, choice: random.Random, seconds: float) -> None:
    """PostgreSQL ends by a fast shutdown, an immediate one, or kill -9 of its main process, and comes back."""
    await _end(place.postgres, choice, seconds, (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL))


async def crash_backend(place: Installation, choice: random.Random, seconds: float) -> None:
    """kill -9 of one backend: PostgreSQL ends all others and recovers."""
    async for _ in _beats(choice, seconds, 1, 4):
        for process in _backends(place, choice)[:1]:
            with suppress(psutil.NoSuchProcess):
                process.kill()


async def restart_redis(place: Installation, choice: random.Random, seconds: float) -> None:
    """Redis ends in order or by kill -9, and comes back."""
    await _end(place.redis, choice, seconds, (signal.SIGTERM, signal.SIGKILL))


async def flush(place: Installation, choice: random.Random, seconds: float) -> None:
    """FLUSHALL, several times: locks, queue and limits are gone."""
    async with Redis.from_url(place.redis.engine.url) as redis:
        async for _ in _beats(choice, seconds, 0.2, 1):
            with suppress(RedisError):
                await redis.flushall()


async def full_disk(place: Installation, choice: random.Random, seconds: float) -> None:
    """The disk of both engines is full."""
    assert place.disk
    ballast = place.disk / "ballast"
    try:
        await asyncio.to_thread(_fill, ballast)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:  # what the engines free is taken, too
            await asyncio.sleep(0.1)
            await asyncio.to_thread(_fill, ballast)
    finally:
        ballast.unlink()
        await place.postgres.until_it_is_back()
        await place.redis.until_it_is_back()


async def read_only(place: Installation, choice: random.Random, seconds: float) -> None:
    """The database takes no writes, as after a failover to a server that still follows another one."""
    try:
        await _set_read_only(place, is_on=True)
        await asyncio.sleep(seconds)
    finally:
        await _set_read_only(place, is_on=False)


async def stall_backends(place: Installation, choice: random.Random, seconds: float) -> None:
    """Some of the database's backends stand still, in the middle of what they do."""
    async for _ in _beats(choice, seconds, 1, 3):
        backends = _backends(place, choice)
        stalled = backends[: choice.randint(1, max(1, len(backends)))]
        _signal(stalled, signal.SIGSTOP)
        try:
            await _hold(choice, seconds / 2)
        finally:
            _signal(stalled, signal.SIGCONT)


async def locks(place: Installation, choice: random.Random, seconds: float) -> None:
    """Another program locks rows of tickets, or whole tables."""
    statements = (
        "SELECT 1 FROM tickets FOR UPDATE",
        "SELECT 1 FROM orders FOR UPDATE",
        "LOCK TABLE outbox IN EXCLUSIVE MODE",
        "LOCK TABLE orders IN EXCLUSIVE MODE",
        "LOCK TABLE ticket_attendees IN ACCESS EXCLUSIVE MODE",
        "LOCK TABLE payment_events IN EXCLUSIVE MODE",
    )
    async for _ in _beats(choice, seconds, 1, 3):
        with suppress(psycopg.Error):
            async with connected(place.database_url) as connection, connection.transaction():
                await connection.execute("SET LOCAL lock_timeout = '5s'")
                await connection.execute(choice.choice(statements).encode())
                await _hold(choice, seconds)


async def terminate_backends(place: Installation, choice: random.Random, seconds: float) -> None:
    """An administrator ends our sessions again and again."""
    async for _ in _beats(choice, seconds, 0.1, 0.5):
        with suppress(psycopg.Error):
            async with connected(place.database_url) as connection:
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'piquetickets' AND random() < 0.5"
                )


async def mail(place: Installation, choice: random.Random, seconds: float) -> None:
    """The mail server is busy, hangs, says nothing after a mail, hangs up, or is slow."""
    faults = place.mailbox.faults
    try:
        async for _ in _beats(choice, seconds, 0.5, 3):
            faults.fix()
            trouble = choice.choice(("is_busy", "is_hanging", "is_mute", "is_hanging_up", "slow"))
            if trouble == "slow":
                faults.slow_steps.update({step: choice.uniform(0.1, 2.5) for step in ("MAIL", "RCPT", "CONTENT")})
            else:
                setattr(faults, trouble, True)
    finally:
        faults.fix()


async def stripe(place: Installation, choice: random.Random, seconds: float) -> None:
    """Stripe hangs, resets, refuses, loses answers; its events come late, out of order and more than once."""
    control = place.sandbox.control
    control.webhooks.shuffled, control.webhooks.copies = True, 2
    try:
        async for _ in _beats(choice, seconds, 0.2, 1):
            control.inject_fault(
                choice.choice(_CALLS),
                choice.choice(_STRIPE_FAULTS),
                times=choice.randint(1, 3),
                delay_seconds=choice.uniform(0, 2),
            )
            control.webhooks.paused = choice.random() < 0.5
    finally:
        control.faults.clear()
        control.webhooks.shuffled, control.webhooks.copies, control.webhooks.paused = False, 1, False


async def clocks(place: Installation, choice: random.Random, seconds: float) -> None:
    """The clocks of one or two programs jump, by up to an hour, forth and back, while they run."""
    assert FAKETIME
    directory = Path(place.postgres.engine.log_path).parent
    wrong = choice.sample(place.programs, min(2, math.ceil(seconds)))
    files = [directory / f"clock-{number}" for number in range(len(wrong))]
    try:
        for program, file in zip(wrong, files, strict=True):
            file.write_text("+0s\n")
            await program.restart(
                LD_PRELOAD=str(FAKETIME),
                FAKETIME_TIMESTAMP_FILE=str(file),
                FAKETIME_CACHE_DURATION="1",
                FAKETIME_DONT_FAKE_MONOTONIC="1",
            )
            await place.until_ready()
        async for _ in _beats(choice, seconds, 0.5, 3):
            choice.choice(files).write_text(f"{choice.randint(-3600, 3600):+d}s\n")
    finally:
        for program in wrong:
            await program.restart()
            await place.until_ready()


KINDS: Final[Mapping[str, Harm]] = {
    harm.__name__: harm
    for harm in (
        kill,
        deploy,
        freeze,
        freeze_engines,
        restart_postgres,
        crash_backend,
        restart_redis,
        flush,
        full_disk,
        read_only,
        stall_backends,
        locks,
        terminate_backends,
        mail,
        stripe,
        clocks,
    )
}


def why_not(kind: str, place: Installation) -> str | None:
    """What this machine lacks for a kind; None if nothing."""
    if kind == "full_disk" and place.disk is None:
        return "needs root, and a tmpfs that can be mounted, to fill the engines' disk"
    if kind == "clocks" and FAKETIME is None:
        return "needs Debian's package faketime, which makes a process's clock jump"
    return None


async def _beats(choice: random.Random, seconds: float, least: float, most: float) -> AsyncIterator[None]:
    """Moments of harm: one at once, then one after each pause, until the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        yield
        left = deadline - time.monotonic()
        if left <= 0:
            return
        await asyncio.sleep(min(choice.uniform(least, most), left))


async def _hold(choice: random.Random, seconds: float) -> None:
    """Let a harm last: for the whole time or a part of it."""
    await asyncio.sleep(choice.uniform(min(0.5, seconds), seconds))


async def _end(engine: Engine, choice: random.Random, seconds: float, ways: Sequence[signal.Signals]) -> None:
    async for _ in _beats(choice, seconds, 1, 4):
        for process in engine.family[:1]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(choice.choice(ways))
        await asyncio.sleep(choice.uniform(0.1, 1))
        await engine.until_it_is_back()


@contextmanager
def _frozen(some: Sequence[Program | Engine]) -> Iterator[None]:
    family = [process for one in some for process in one.family]
    _signal(family, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(family, signal.SIGCONT)


def _signal(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _backends(place: Installation, choice: random.Random) -> list[psutil.Process]:
    """The backends that serve our programs, in any order."""
    found = []
    for process in place.postgres.family[1:]:
        with suppress(psutil.NoSuchProcess):
            if "piquetickets" in " ".join(process.cmdline()):
                found.append(process)
    choice.shuffle(found)
    return found


def _fill(ballast: Path) -> None:
    with suppress(OSError), ballast.open("ab", buffering=0) as file:
        while file.write(bytes(64 * 1024)):
            pass


async def _set_read_only(place: Installation, *, is_on: bool) -> None:
    async with connected(place.database_url) as connection:
        await connection.execute("SET default_transaction_read_only = off")
        role = "ALTER ROLE CURRENT_USER SET default_transaction_read_only = "
        await connection.execute((role + ("on" if is_on else "off")).encode())
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'piquetickets'"
            " AND pid <> pg_backend_pid()"
        )
