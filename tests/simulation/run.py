"""One run: a plan is played, everything settles, and what must be true is looked at."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from typing_extensions import override

from domain.access import Actor
from domain.consistency import DESCRIPTIONS
from domain.orders import AttendeeStatus
from domain.tasks import TaskState
from simulation.loop import Stuck
from simulation.processes import Application
from tests.simulation.actors import Buyer, Player
from tests.simulation.doors import OfflineScanner, Scanner
from tests.simulation.outsiders import Bank
from tests.simulation.plan import Plan
from tests.simulation.staff import Closer, Counter, Office, Operator, replay
from tests.simulation.truths import Facts, violations
from tests.simulation.world import World

PLAYERS: Final[dict[str, type[Player]]] = {
    "buyer": Buyer,
    "office": Office,
    "closer": Closer,
    "counter": Counter,
    "scanner": Scanner,
    "offline": OfflineScanner,
    "bank": Bank,
    "operator": Operator,
}
#: Rounds in which an operator follows the audit after everything has settled.
ROUNDS: Final = 6
#: A run that takes more steps goes round in circles.
MAX_STEPS: Final = 3_000_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to. ``failures`` are the violations, each once; ``blows`` the faults that struck."""

    plan: Plan
    failures: tuple[str, ...]
    lines: tuple[str, ...]
    hash: str
    blows: tuple[tuple[int, int], ...]

    @property
    def kinds(self) -> frozenset[str]:
        """The failures without their figures, to compare runs by."""
        return frozenset(re.sub(r"[0-9a-f]{8}-[0-9a-f-]+|[0-9]+", "#", failure) for failure in self.failures)


def run(plan: Plan) -> Outcome:
    """Play the plan to its end."""
    world = World(plan)
    with _doubts_noted(world):
        try:
            world.loop.run_until_complete(world.loop.spawn(world.people, _played(world)))
        except Stuck:
            world.fail("stuck: nothing can happen any more")
        finally:
            world.close()
    failures = tuple(dict.fromkeys(world.failures))
    return Outcome(plan, failures, tuple(world.story.lines), world.story.hash, tuple(world.weather.blows))


async def _played(world: World) -> None:
    await world.open()
    players = [PLAYERS[part.kind](world, part) for part in world.plan.parts]
    playing = [asyncio.create_task(player.play()) for player in players]
    for each in playing:
        await each
    await _settled(world)
    for what in violations(_facts(world)):
        world.fail(what)
    await _audited(world)


async def _settled(world: World) -> None:
    for _ in range(ROUNDS):
        if not await world.settle():
            world.fail("rest: it does not settle")
            return
        if not await _follow_audit(world):
            return


async def _follow_audit(world: World) -> bool:
    """Do what docs/operations.md says about the audit's findings. Returns whether there was anything to do."""
    tables, actor = world.tables, world.house.actor
    world.mail_server.bounces.clear()
    dead = [task.id for task in tables.outbox.values() if task.state is TaskState.DEAD]
    if dead:
        await world.ask("operator", lambda app: app.retry_dead_tasks(dead))
    failed = [received.event.id for received in tables.inbox.values() if received.has_failed]
    for event_id in failed:
        await world.ask("operator", replay(event_id))
    again = False
    for order_id in await _owed(world):
        order = tables.orders[order_id]
        void = [attendee.id for attendee in order.attendees if attendee.status is AttendeeStatus.VOID]
        again = True
        await world.ask("office", partial(_refund_again, order_id, actor, void))
    unpaid = world.tables.shows[world.house.tonight.id].cancelled and any(
        order.success and order.amount_paid > order.refunded_amount
        for order in tables.orders.values()
        if order.show_id == world.house.tonight.id
    )
    if unpaid:
        show_id = world.house.tonight.id
        await world.ask("office", lambda app: app.refund_show(actor, show_id, refund_fees=True, reason="cancelled"))
    return bool(dead or failed or again or unpaid)


async def _refund_again(order_id: UUID, actor: Actor, attendee_ids: list[UUID], app: Application) -> object:
    return await app.refund_order(order_id, by=actor, attendee_ids=attendee_ids or None)


async def _owed(world: World) -> list[UUID]:
    answer = await world.ask("office", _audit)
    return [each.subject_id for each in answer.value["lost_refunds"].examples] if answer.is_good else []


async def _audit(app: Application) -> object:
    return await app.check_consistency()


async def _audited(world: World) -> None:
    answer = await world.ask("audit", _audit)
    if not answer.is_good:
        world.fail(f"audit: no answer: {answer}")
        return
    for invariant, found in answer.value.items():
        if found.count:
            world.fail(f"audit: not so: {DESCRIPTIONS[invariant]} ({found.count})")


def _facts(world: World) -> Facts:
    stripe, told = world.stripe, world.told
    return Facts(
        tables=world.tables,
        charges=stripe.ledger.charges,
        owners=stripe.ledger.owners,
        refunds=list(stripe.refunds.values()),
        disputes=list(stripe.disputes.values()),
        sent=[each.mail.message_id for each in world.mail_server.delivered],
        doubts=world.doubts,
        told_orders=told.orders,
        told_completed=frozenset(told.completed),
        told_released=frozenset(told.released),
        told_admitted={id_: [scan_id for _, scan_id in each] for id_, each in told.admitted.items()},
    )


_MESSAGE_ID: Final = re.compile(r"Message-ID <([^>]+)>.* perhaps sent")


class _Doubts(logging.Handler):
    """Notes the mails that the log names as perhaps sent, and errors that no one expects."""

    def __init__(self, world: World) -> None:
        super().__init__(logging.WARNING)
        self._world = world

    @override
    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if found := _MESSAGE_ID.search(message):
            self._world.doubts[found[1]] += 1
            self._world.story.tell("log", "a mail was perhaps sent")


@contextmanager
def _doubts_noted(world: World) -> Iterator[None]:
    logger, handler = logging.getLogger("application"), _Doubts(world)
    before = logger.propagate, logger.level
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate, level = before
        logger.setLevel(level)
