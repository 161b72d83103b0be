"""What takes time, on a simulated clock."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from typing_extensions import override

from adapters.stripe.payment import StripePayment
from application.ports.payment import PaymentQueued
from application.ports.throttle import Throttle
from rehearsal.speed import Allowed, Processor, VirtualThrottle
from rehearsal.stripe import PacedStripe, StripeLimits
from rehearsal.terms import STRIPE_ALLOWS
from rehearsal.visit import PAGE_ASKS_EVERY
from simulation.loop import SimulatedLoop
from simulation.servers import WorldClock
from simulation.stripe import Stripe
from tests.contracts.builders import NOW, Theatre


@pytest.fixture
def loop() -> Iterator[SimulatedLoop]:
    made = SimulatedLoop("a test")
    yield made
    made.close()


def test_a_processor_works_on_one_thing_at_a_time(loop: SimulatedLoop) -> None:
    async def works() -> None:
        await asyncio.gather(*(processor.work(0.5) for _ in range(4)))

    processor = Processor(loop)
    loop.run_until_complete(works())
    assert (loop.time(), processor.busy) == (2, 2)


def test_turns_come_one_after_the_other(loop: SimulatedLoop) -> None:
    async def reserve() -> list[tuple[bool, float]]:
        return [await throttle.reserve("sessions", max_wait_seconds=most) for most in (None, 1, 0.05, None)]

    throttle = VirtualThrottle(loop, 10)
    taken = loop.run_until_complete(reserve())
    assert [(each, round(wait, 6)) for each, wait in taken] == [(True, 0), (True, 0.1), (False, 0.2), (True, 0.2)]


def test_stripe_allows_a_burst_of_one_second() -> None:
    allowed = Allowed(25)
    assert [allowed.take(100) for _ in range(26)] == [True] * 25 + [False]
    assert [allowed.take(100.1) for _ in range(3)] == [True, True, False]
    assert sum(allowed.take(500) for _ in range(60)) == 25


def limits_on(loop: SimulatedLoop) -> StripeLimits:
    return StripeLimits(loop, Random(1), STRIPE_ALLOWS)  # noqa: S311


def test_calls_too_many_are_refused_and_counted(loop: SimulatedLoop) -> None:
    limits = limits_on(loop)

    async def call() -> list[BaseException | None]:
        calls = (limits.call("sessions.create", reads=False) for _ in range(STRIPE_ALLOWS + 2))
        return await asyncio.gather(*calls, return_exceptions=True)

    outcomes = loop.run_until_complete(call())
    assert [type(each) for each in outcomes].count(PaymentQueued) == 2
    assert (limits.calls.total(), limits.refused.total(), limits.busiest) == (27, 2, 27)


class Refusing(Throttle):
    """Has no turn for anyone, and notes who asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float | None]] = []

    @override
    async def reserve(self, key: str, *, max_wait_seconds: float | None) -> tuple[bool, float]:
        self.asked.append((key, max_wait_seconds))
        return False, 1


@pytest.mark.parametrize("name", ["open_session", "session", "expire_session", "intent"])
async def test_turns_are_asked_for_as_in_production(name: str) -> None:
    order = Theatre().order()
    arguments: tuple[Any, ...] = (order,) if name == "open_session" else ("cs_1",)
    options: dict[str, Any] = {}
    if name == "open_session":
        options = {"success_url": "https://x.example", "cancel_url": "https://x.example", "max_wait_seconds": 1.0}
    real, rehearsed = Refusing(), Refusing()
    simulated = SimulatedLoop("a test")
    stripe = Stripe(WorldClock(NOW, simulated), simulated, lambda _: None)
    made: list[Any] = [
        StripePayment(None, real),  # type: ignore[arg-type]  # it is not called
        PacedStripe(stripe, limits_on(simulated), rehearsed),
    ]
    for payment in made:
        with pytest.raises(PaymentQueued):
            await getattr(payment, name)(*arguments, **options)
    simulated.close()
    assert real.asked == rehearsed.asked


def test_the_waiting_page_asks_as_often_as_the_real_one() -> None:
    from entrypoints.web.order_page import ASK_AGAIN_SECONDS  # noqa: PLC0415  # only here

    assert PAGE_ASKS_EVERY == ASK_AGAIN_SECONDS
