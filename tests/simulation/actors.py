"""The people of the world: each plays a part of the plan, one act after the other.

An act that has nothing to do (no order, no open page) passes. To add an act: write a method with its name, and give it
a weight in plan.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any, ClassVar
from uuid import UUID

from application.checkout.exchange import ExchangeRequest
from application.checkout.place_orders import CheckoutRequest
from domain.catalog import Ticket
from domain.disputes import DisputeStatus
from domain.orders import Idempotency, Order
from simulation.answers import Answer
from simulation.processes import Application
from tests.simulation.plan import Part
from tests.simulation.world import HOLD, POLICY, World
from tests.support.factories import cart, customer


class Player:
    """Someone with a part. Each act has its own random numbers, so leaving one out changes no other."""

    #: How long a player waits between two acts, in seconds: at least, at most.
    pauses: ClassVar[tuple[float, float]] = (1, 240)

    def __init__(self, world: World, part: Part) -> None:
        self.world = world
        self.part = part
        self.name = part.name
        self.random = Random(f"{world.plan.seed} {part.name}")  # noqa: S311  # predictable is the point

    async def play(self) -> None:
        """Play the part."""
        await asyncio.sleep(self.part.start)
        for number, act in enumerate(self.part.acts):
            self.random = Random(f"{self.world.plan.seed} {self.name} {number}")  # noqa: S311
            await getattr(self, act)()
            await asyncio.sleep(self.random.uniform(*self.pauses))

    async def wait(self) -> None:
        await asyncio.sleep(self.random.uniform(60, 600))

    def tell(self, what: str) -> None:
        self.world.story.tell(self.name, what)

    async def ask(self, what: str, work: Callable[[Application], Awaitable[Any]], *, tries: int = 1) -> Answer:
        """Ask, and tell the story of it."""
        self.tell(what)
        answer = await self.world.ask_until_final(self.name, work, tries)
        if answer.is_lost:
            self.tell("… gets no answer")
        elif answer.refusal is not None:
            self.tell(f"… is refused: {type(answer.refusal).__name__}")
        elif isinstance(answer.value, Order):
            self.tell(f"… gets {self.order_name(answer.value.id)}, {answer.value.status}")
            self.remember(answer.value)
        return answer

    def remember(self, order: Order) -> None:
        """The client was told of this order."""
        told = self.world.told
        told.orders[order.id] = self.name
        if order.completed_at is not None:
            told.completed.add(order.id)

    def order_name(self, order_id: UUID) -> str:
        return self.world.story.name(order_id)

    def some_order(self, *, wanted: Callable[[Order], bool] = lambda _: True) -> Order | None:
        """Some order of those that are stored."""
        orders = [order for order in self.world.tables.orders.values() if wanted(order)]
        return self.random.choice(orders) if orders else None

    def some_attendees(self, order: Order) -> list[UUID]:
        """Some of the order's valid tickets."""
        valid = [attendee.id for attendee in order.attendees if attendee.is_valid]
        return self.random.sample(valid, self.random.randint(1, len(valid))) if valid else []

    def idempotency(self, request: CheckoutRequest, key: str) -> Idempotency:
        return Idempotency(key, repr((request.cart, request.manual_payment)).encode())

    def some_cart(
        self, tickets: Sequence[Ticket], *, most: int = 3, code: str | None = None, comp: bool = False
    ) -> Any:
        """Some tickets of one show."""
        chosen = self.random.sample(list(tickets), self.random.choice([1, 1, 2]) if len(tickets) > 1 else 1)
        wanted = [
            (each, self.random.randint(1, most), "7.77" if each.is_donation_based and not comp else "0")
            for each in chosen
        ]
        return cart(*wanted, promo_code=code, policy=POLICY)


class Buyer(Player):
    """A visitor of the storefront, with one order at a time."""

    def __init__(self, world: World, part: Part) -> None:
        super().__init__(world, part)
        self.order: Order | None = None
        self._request: CheckoutRequest | None = None
        self._bank: asyncio.Task[None] | None = None
        self._other_window: str | None = None
        self._second_payment: str | None = None
        if self.random.random() < 0.05:
            world.mail_server.bounces.add(self._customer.email)

    @property
    def _customer(self) -> Any:
        return customer(name="Ada Lovelace", email=f"{self.name.replace(' ', '')}@example.org")

    async def checkout(self) -> None:
        house = self.world.house
        tonight = self.random.random() < 0.8
        tickets = [house.stalls, house.family, house.free, house.gift] if tonight else [house.next_stalls]
        code = self.random.choice([None, None, None, "TEST20", "PRESS"]) if tonight else None
        request = CheckoutRequest(cart=self.some_cart(tickets, code=code), customer=self._customer)
        key = f"{self.name.replace(' ', '-')}-{self.world.plan.seed}"
        self._request = CheckoutRequest(
            cart=request.cart, customer=request.customer, idempotency=self.idempotency(request, key)
        )
        await self.again()

    async def again(self) -> None:
        """Press the button, once more after an answer that never came: with the same key."""
        if self._request is None:
            return
        request = self._request
        lines = ", ".join(f"{line.quantity} x {self._ticket(line.ticket_id)}" for line in request.cart.lines)
        code = f" with {request.cart.promo_code}" if request.cart.promo_code else ""
        answer = await self.ask(f"buys {lines}{code}", lambda app: app.checkout(request), tries=4)
        if answer.is_good and self.order is None:
            self.order = answer.value

    def _ticket(self, ticket_id: UUID) -> str:
        return next(each.name for each in self.world.house.tickets if each.id == ticket_id)

    async def _page(self) -> str | None:
        """The session in which the order can be paid, once it is there."""
        if self.order is None:
            return None
        for _ in range(10):
            stored = self.world.tables.orders[self.order.id]
            if stored.session_id and stored.session_id.startswith("cs_"):
                return stored.session_id
            if not stored.holds_tickets:
                return None
            await asyncio.sleep(5)
        return None

    def _may_pay(self, session_id: str | None) -> bool:
        return session_id is not None and self.world.stripe.status_of(session_id) == "open"

    async def pay(self) -> None:
        session_id = await self._page()
        if session_id is None or not self._may_pay(session_id):
            return
        self.tell(f"pays {self._name}")
        self.world.stripe.pay(session_id, tax=self.random.choice([0, 0, 77]))

    async def pay_twice(self) -> None:
        """Pay in two windows, whose sessions Stripe made for the same order."""
        session_id = await self._page()
        if session_id is None or not self._may_pay(session_id):
            return
        self.tell(f"pays {self._name} twice")
        second = self.world.stripe.open_another_session(session_id)
        self.world.stripe.pay(session_id)
        await asyncio.sleep(self.random.uniform(0, 30))
        self.world.stripe.pay(second)
        self._second_payment = self.world.stripe.newest_payment_of(self.order.id) if self.order else None

    async def claim_second_payment(self) -> None:
        """Ask the bank for what was paid twice, or a part of it, as soon as it shows."""
        stripe, intent_id = self.world.stripe, self._second_payment
        if intent_id is None or stripe.left_of(intent_id) <= 0 or stripe.has_open_dispute(intent_id):
            return
        left = stripe.left_of(intent_id)
        amount = left if self.random.random() < 0.4 else self.random.randint(1, left)
        self.tell(f"asks the bank for {amount} of what was paid twice for {self._name}")
        dispute = stripe.dispute_of(intent_id, DisputeStatus.NEEDS_RESPONSE, amount)
        await asyncio.sleep(self.random.choice([1, 60, 900]))
        end = self.random.choice([DisputeStatus.WON, DisputeStatus.LOST, DisputeStatus.LOST])
        self.tell(f"the bank decides about {self._name}: {end}")
        stripe.decide_dispute(dispute, end)

    async def open_another_window(self) -> None:
        """Have a second window with a session that Stripe made for the same order, and that we never heard of."""
        session_id = await self._page()
        if session_id is not None and self._may_pay(session_id):
            self._other_window = self.world.stripe.open_another_session(session_id)

    async def outlast_hold(self) -> None:
        await asyncio.sleep(self.random.uniform(0.8, 2) * HOLD.total_seconds())

    async def pay_in_other_window(self) -> None:
        """Pay there, though the hold may be over and its tickets sold to others."""
        if self._other_window is None or not self._may_pay(self._other_window):
            return
        self.tell(f"pays {self._name} in the other window")
        self.world.stripe.pay(self._other_window)

    async def pay_by_bank(self) -> None:
        """Pay by a method whose money comes later, or never."""
        session_id = await self._page()
        if session_id is None or not self._may_pay(session_id):
            return
        self.tell(f"orders the bank to pay {self._name}")
        self.world.stripe.pay_by_delayed_method(session_id)
        comes, delay = self.random.random() < 0.7, self.random.choice([5, 60, 900, 3000])
        # The bank's work, which outlives the visit.
        self._bank = self.world.loop.create_task(self._money_comes(session_id, delay, comes=comes))

    async def _money_comes(self, session_id: str, delay: float, *, comes: bool) -> None:
        await asyncio.sleep(delay)
        if session_id not in self.world.stripe.waiting_for_banks():
            return
        self.tell(f"the bank {'pays' if comes else 'does not pay'} {self._name}")
        if comes:
            self.world.stripe.pay(session_id)
        else:
            self.world.stripe.fail_delayed_payment(session_id)

    async def decline(self) -> None:
        session_id = await self._page()
        if session_id is None or not self._may_pay(session_id):
            return
        self.tell(f"has a card that is declined for {self._name}")
        self.world.stripe.decline(session_id, "Your card has insufficient funds.")

    async def come_back(self) -> None:
        """The browser returns from the payment page."""
        session_id = await self._page()
        if session_id is not None:
            await self.ask(f"comes back from paying {self._name}", lambda app: app.complete_order(session_id))

    async def cancel(self) -> None:
        if self.order is None:
            return
        order_id = self.order.id
        answer = await self.ask(f"cancels {self._name}", lambda app: app.cancel_order(order_id), tries=2)
        if answer.is_good:
            self.world.told.released.add(order_id)

    async def abandon(self) -> None:
        self.tell("goes away")

    async def look(self) -> None:
        if self.order is None:
            return
        order_id = self.order.id
        await self.ask(f"looks at {self._name}", lambda app: app.get_order(order_id))

    async def rename(self) -> None:
        stored = self.world.tables.orders.get(self.order.id) if self.order else None
        if stored is None or not stored.attendees:
            return
        attendee_id = self.random.choice(stored.attendees).id
        name = self.random.choice(["Grace Hopper", "Zoë"])
        await self.ask(
            f"renames a ticket of {self._name}", lambda app: app.rename_attendee(stored.id, attendee_id, name)
        )

    async def exchange(self) -> None:
        """Exchange for tickets of next week, or of another type."""
        stored = self.world.tables.orders.get(self.order.id) if self.order else None
        if stored is None or not stored.success:
            return
        answer = await exchange(self, stored, by=None)
        if answer.is_good:
            self.order = answer.value.order

    @property
    def _name(self) -> str:
        return self.order_name(self.order.id) if self.order else "nothing"


async def exchange(player: Player, order: Order, *, by: Any) -> Answer:
    """Ask for an exchange of some of the order's tickets. The answer's value is an ``Exchanged``."""
    house = player.world.house
    target = player.random.choice([house.next_stalls, house.next_balcony, house.stalls])
    chosen = None if player.random.random() < 0.6 else player.some_attendees(order)
    request = ExchangeRequest(target.show_id, [(target.id, chosen)])
    what = f"exchanges {'all' if chosen is None else len(chosen)} of {player.order_name(order.id)} for {target.name}"
    answer = await player.ask(what, lambda app: app.exchange_tickets(order.id, request, by=by))
    if answer.is_good:
        player.tell(f"… gets {player.order_name(answer.value.order.id)}, {answer.value.order.status}")
        player.remember(answer.value.order)
    return answer
