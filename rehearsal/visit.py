"""One visitor's way through the sale: they look, choose, press, wait, pay, and come back; or they leave."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from random import Random
from typing import Any, Final
from uuid import UUID

from application.checkout.place_orders import CheckoutRequest
from application.errors import Busy, CheckoutInProgress, PaymentNotPossible
from application.ports.catalog import ShowDetails
from application.ports.payment import SessionStatus
from application.ports.unit_of_work import StorageConflict, StorageUnavailable
from domain.cart import Cart, CartLine
from domain.customer import Customer
from domain.errors import InvalidPromoCode, NotOnSaleYet, PromoCodeExhausted, TicketNotFound, TicketsUnavailable
from domain.orders import Idempotency, Order
from rehearsal.choice import chosen
from rehearsal.crowd import AtThePage, Visitor
from rehearsal.installation import Installation, RehearsedProcess
from rehearsal.speed import COMPLETION, ORDER, PAGE
from simulation.answers import Answer
from simulation.processes import Application

#: How often the waiting page asks (entrypoints/web/order_page.py), in seconds.
PAGE_ASKS_EVERY: Final = 2
#: How long until who got no answer, or "busy", presses again, in seconds.
PRESS_AGAIN_AFTER: Final = (3, 8)
#: How long until who found nothing looks again, in seconds.
LOOK_AGAIN_AFTER: Final = (10, 30)
#: How long the second choice takes: names and address are filled in.
SECOND_CHOICE: Final = 8
#: How long until who pressed twice pressed the second time, in seconds.
SECOND_PRESS: Final = 0.3
#: How long it takes to find another card, in seconds.
ANOTHER_CARD: Final = (20, 60)
#: How long who has paid looks at the page until their tickets are there, at most.
LOOKS_AT_MOST: Final = 60

_TAKEN: Final = (TicketsUnavailable,)
_CODE_IS_USED_UP: Final = (PromoCodeExhausted, InvalidPromoCode, TicketNotFound)
_TRY_AGAIN: Final = (Busy, CheckoutInProgress, StorageUnavailable, StorageConflict, NotOnSaleYet, PaymentNotPossible)


class Outcome(StrEnum):
    """How a visit ended."""

    BOUGHT = "bought"
    SOLD_OUT = "sold out"
    GAVE_UP_WAITING = "gave up waiting"
    DECLINED = "declined"
    CHANGED_MIND = "changed mind"
    HOLD_ENDED = "hold ended"
    REFUSED = "refused"


@dataclass(slots=True)
class VisitRecord:
    """What became of a visit. Moments are seconds on the simulated clock; None for what never came.

    ``lost`` counts answers that never came, ``held_by`` is the process, and which of its lives, that placed the order.
    """

    visitor: Visitor
    outcome: Outcome = Outcome.SOLD_OUT
    reason: str = ""
    ended: float = 0.0
    party: int = 0
    ticket_id: UUID | None = None
    order_id: UUID | None = None
    pressed: float | None = None
    answered: float | None = None
    page: float | None = None
    paid: float | None = None
    done: float | None = None
    lost: list[float] = field(default_factory=list)
    placed_by: tuple[str, int] | None = None
    code_failed: bool = False


class Leaves(Exception):
    """The visitor leaves."""

    def __init__(self, outcome: Outcome, reason: str = "") -> None:
        super().__init__(outcome, reason)
        self.outcome = outcome
        self.reason = reason


class Visit:
    """A visit to the sale; ``record`` has what became of it."""

    def __init__(self, installation: Installation, visitor: Visitor) -> None:
        self._world = installation
        self._visitor = visitor
        self._show_id = installation.copied.show.id
        self._random = Random(f"{installation.terms.seed} {visitor.name}")  # noqa: S311  # predictable is the point
        self._code = visitor.code
        self._keys = 0
        self._deadline = 0.0
        self.record = VisitRecord(visitor)

    async def go(self) -> None:
        """The whole visit, from the opening on."""
        record = self.record
        try:
            await asyncio.sleep(self._visitor.arrives)
            self._deadline = self._now + self._visitor.choosing + self._visitor.patience
            order = await self._get_tickets()
            if not order.success:
                await self._pay(await self._page_of(order), order)
            record.outcome = Outcome.BOUGHT
        except Leaves as leaves:
            record.outcome, record.reason = leaves.outcome, leaves.reason
        record.ended = self._now

    @property
    def _now(self) -> float:
        return self._world.loop.time()

    async def _pause(self, from_and_to: tuple[float, float]) -> None:
        await asyncio.sleep(self._random.uniform(*from_and_to))

    async def _ask(
        self, work: Callable[[Application], Awaitable[Any]], *, costs: float, server: RehearsedProcess | None = None
    ) -> Answer:
        asked_at = self._now
        answer = await self._world.ask(server or self._world.some_server(self._random), work, costs=costs)
        if answer.is_lost:
            self.record.lost.append(asked_at)
        return answer

    # Until there is an order.

    async def _get_tickets(self) -> Order:
        """The visitor's order. Raises Leaves."""
        choosing = self._visitor.choosing
        while True:
            line = await self._choose()
            if line is not None:
                await asyncio.sleep(choosing)
                choosing = SECOND_CHOICE
                order = await self._press(line)
                if order is not None:
                    return order
            elif not self._visitor.looks_again:
                raise Leaves(Outcome.SOLD_OUT)
            else:
                await self._pause(LOOK_AGAIN_AFTER)
            if self._now > self._deadline:
                raise Leaves(Outcome.SOLD_OUT)

    async def _choose(self) -> CartLine | None:
        """What the page has for the visitor, or None."""
        while True:
            answer = await self._ask(lambda app: app.get_show(self._show_id, self._code), costs=PAGE)
            if answer.is_good:
                break
            if isinstance(answer.refusal, _CODE_IS_USED_UP):
                self._forget_code()
                continue
            await self._again_or_leave()
        shown: ShowDetails = answer.value
        party = min(self._visitor.party, self._world.settings.max_tickets_per_order)
        self.record.party = party
        return chosen(shown, self._visitor, party=party, now=self._world.clock.now())

    def _forget_code(self) -> None:
        self._code, self.record.code_failed = None, True

    async def _again_or_leave(self) -> None:
        if self._now > self._deadline:
            raise Leaves(Outcome.GAVE_UP_WAITING, "no answer")
        await self._pause(PRESS_AGAIN_AFTER)

    async def _press(self, line: CartLine) -> Order | None:
        """The order of the cart; None where its tickets are gone. Raises Leaves."""
        self._keys += 1
        request = self._request(line)
        self.record.pressed = self._now
        self.record.ticket_id = line.ticket_id
        while True:
            server = self._world.some_server(self._random)
            pressing = self._ask(lambda app: app.checkout(request), costs=ORDER, server=server)
            if self._visitor.presses_twice:
                answer = await self._twice(pressing, request)
            else:
                answer = await pressing
            if answer.is_good:
                order: Order = answer.value
                self.record.answered = self._now
                self.record.order_id = order.id
                self.record.placed_by = (server.name, server.lives)
                return order
            if isinstance(answer.refusal, _TAKEN):
                return None
            if isinstance(answer.refusal, _CODE_IS_USED_UP):
                self._forget_code()
                return None
            if answer.refusal is not None and not isinstance(answer.refusal, _TRY_AGAIN):
                raise Leaves(Outcome.REFUSED, str(answer.refusal))
            await self._again_or_leave()

    async def _twice(self, pressing: Awaitable[Answer], request: CheckoutRequest) -> Answer:
        """Press once more before the answer is there. The browser shows what answers the second press."""
        first = asyncio.ensure_future(pressing)
        await asyncio.sleep(SECOND_PRESS)
        second = await self._ask(lambda app: app.checkout(request), costs=ORDER)
        answer = await first
        return second if second.is_good else answer

    def _request(self, line: CartLine) -> CheckoutRequest:
        visitor = self._visitor
        cart = Cart.of(self._show_id, [line], promo_code=self._code, policy=self._world.policy)
        return CheckoutRequest(
            cart=cart,
            customer=Customer("Ada Lovelace", visitor.email),
            idempotency=Idempotency(f"visit-{visitor.number}-{self._keys}", repr(cart).encode()),
            claimant=self._world.claimant(self._show_id, visitor),
        )

    # Until it is paid.

    async def _page_of(self, order: Order) -> str:
        """The session in which the order is paid. Raises Leaves."""
        while order.session_id is None:
            if not order.holds_tickets:
                raise Leaves(Outcome.HOLD_ENDED, "the hold was over before the payment page came")
            if self._now > self._deadline:
                raise Leaves(Outcome.GAVE_UP_WAITING, "no payment page")
            await asyncio.sleep(PAGE_ASKS_EVERY)
            answer = await self._ask(partial(_look, order.id), costs=PAGE)
            order = answer.value if answer.is_good else order
        self.record.page = self._now
        return order.session_id

    async def _pay(self, session_id: str, order: Order) -> None:
        """Do at Stripe's page what the visitor does there, and come back. Raises Leaves."""
        stripe, visitor = self._world.stripe, self._visitor
        await asyncio.sleep(visitor.paying)
        if visitor.at_the_page is AtThePage.LEAVES:
            raise Leaves(Outcome.CHANGED_MIND)
        self._ensure_open(session_id)
        if visitor.at_the_page is not AtThePage.PAYS:
            stripe.decline(session_id, "Your card has insufficient funds.")
            await self._pause(ANOTHER_CARD)
        if visitor.at_the_page is AtThePage.DECLINED:
            raise Leaves(Outcome.DECLINED)
        self._ensure_open(session_id)
        stripe.pay(session_id)
        self.record.paid = self._now
        if not visitor.closes_the_browser:
            await self._come_back(session_id, order)

    def _ensure_open(self, session_id: str) -> None:
        if self._world.stripe.status_of(session_id) is not SessionStatus.OPEN:
            raise Leaves(Outcome.HOLD_ENDED, "the hold was over before it was paid")

    async def _come_back(self, session_id: str, order: Order) -> None:
        answer = await self._ask(lambda app: app.complete_order(session_id), costs=COMPLETION)
        for _ in range(LOOKS_AT_MOST):
            if answer.is_good and answer.value.success:
                self.record.done = self._now
                return
            await asyncio.sleep(PAGE_ASKS_EVERY)
            answer = await self._ask(partial(_look, order.id), costs=PAGE)


async def _look(order_id: UUID, app: Application) -> Order:
    """The order, as the waiting page reads it."""
    order: Order = (await app.get_order(order_id)).order
    await app.find_pay_page(order)
    return order
