"""The people of the theatre, and of the platform: office, counter, operator."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from typing_extensions import override

from application.checkout.place_orders import CheckoutRequest
from application.counter.cash import CashAsked
from application.counter.sell import CounterOrder
from application.counter.till import Till
from domain.customer import Customer
from domain.orders import Idempotency, ManualPayment, Order
from domain.shift import CounterPayment, TillCount
from domain.tasks import TaskState
from simulation.processes import Application
from tests.simulation.actors import Player, exchange
from tests.simulation.plan import Part
from tests.simulation.world import World
from tests.support.factories import customer


class Office(Player):
    """A person who works at the office's pages."""

    @property
    def _actor(self) -> Any:
        return self.world.house.actor

    async def comp(self) -> None:
        await self._sell(ManualPayment.COMP)

    async def sell(self) -> None:
        await self._sell(self.random.choice([ManualPayment.CASH, ManualPayment.OTHER]))

    async def _sell(self, payment: ManualPayment) -> None:
        house = self.world.house
        allocation_id = house.press.id if self.random.random() < 0.4 else None
        tickets = [house.stalls, house.family] if allocation_id else [house.stalls, house.free, house.next_stalls]
        wanted = self.some_cart(tickets[:1] if not allocation_id else tickets, most=2, comp=True)
        request = CheckoutRequest(
            cart=wanted if allocation_id is None else _out_of(wanted, allocation_id),
            customer=customer(name="Grace Hopper", email=f"guest{self.random.randrange(9)}@example.org"),
            idempotency=Idempotency(f"{self.name} {self.random.random()}", b"the form"),
        )
        what = f"sells {request.cart.quantities().total()} tickets ({payment})"
        await self.ask(what, lambda app: app.sell_at_counter(self._actor, request, payment), tries=3)

    async def sell_many(self) -> None:
        house, whole = self.world.house, self.random.random() < 0.5
        rows = [
            CheckoutRequest(
                cart=self.some_cart([house.stalls], most=3),
                customer=Customer("", ""),
                manual_payment=ManualPayment.CASH,
                idempotency=Idempotency(f"{self.name} row {self.random.random()}", b"the form"),
            )
            for _ in range(self.random.randint(2, 4))
        ]
        answer = await self.ask(
            f"sells {len(rows)} orders, {'all or none' if whole else 'as many as there are'}",
            lambda app: app.sell_many_at_counter(self._actor, house.tonight.id, rows, all_or_nothing=whole),
            tries=3,
        )
        if answer.is_good:
            placed = [order for order in answer.value if isinstance(order, Order)]
            for order in placed:
                self.remember(order)
            if whole and len(placed) not in (0, len(rows)):
                self.world.fail(f"{len(placed)} of {len(rows)} orders that were to be all or none")

    async def refund(self) -> None:
        order = self.some_order(wanted=lambda order: order.amount_paid > 0)
        if order is not None:
            await self._refund(order, None)

    async def refund_some(self) -> None:
        order = self.some_order(wanted=lambda order: order.success)
        if order is not None:
            await self._refund(order, self.some_attendees(order))

    async def _refund(self, order: Order, attendee_ids: list[UUID] | None) -> None:
        restock, fees = self.random.random() < 0.7, self.random.random() < 0.7
        what = f"refunds {'all' if attendee_ids is None else len(attendee_ids)} of {self.order_name(order.id)}"
        await self.ask(
            f"{what}{'' if restock else ', places kept'}{'' if fees else ', without fees'}",
            lambda app: app.refund_order(
                order.id, by=self._actor, attendee_ids=attendee_ids, restock=restock, refund_fees=fees
            ),
        )

    async def exchange(self) -> None:
        order = self.some_order(wanted=lambda order: order.success)
        if order is not None:
            await exchange(self, order, by=self._actor)

    async def resize(self) -> None:
        size = self.random.randint(2, 20)
        await self._change(
            f"makes the house one of {size}", "change_capacity", self.world.house.hall.id, {"size": size}
        )

    async def reallocate(self) -> None:
        size = self.random.randint(0, 6) or 1
        fields = {"size": size}
        await self._change(f"keeps {size} for the press", "change_allocation", self.world.house.press.id, fields)

    async def release_allocation(self) -> None:
        await self._change("releases the places of the press", "release_allocation", self.world.house.press.id)

    async def reprice(self) -> None:
        price = Decimal(self.random.randint(500, 6000)) / 100
        ticket_id = self.random.choice(self.world.house.tickets[:2]).id
        await self.ask(
            f"asks for {price} from now on",
            lambda app: app.change_ticket(self._actor, ticket_id, price=price, limits={}, fields={}),
        )

    async def requantify(self) -> None:
        quantity = self.random.randint(1, 14)
        chosen = self.random.choice([self.world.house.stalls, self.world.house.free, self.world.house.next_stalls])
        await self.ask(
            f"puts {quantity} {chosen.name} on sale",
            lambda app: app.change_ticket(self._actor, chosen.id, limits={"quantity": quantity}, fields={}),
        )

    async def release_holds(self) -> None:
        order = self.some_order(wanted=lambda order: order.holds_tickets and bool(order.customer.email))
        if order is not None:
            await self.ask(
                f"frees the holds of {order.customer.email}",
                lambda app: app.release_holds(self._actor, order.show_id, email=order.customer.email),
            )

    async def rename(self) -> None:
        order = self.some_order(wanted=lambda order: bool(order.attendees))
        if order is not None:
            attendee_id = self.random.choice(order.attendees).id
            await self.ask(
                f"renames a ticket of {self.order_name(order.id)}",
                lambda app: app.rename_attendee(order.id, attendee_id, "Alan Turing", by=self._actor),
            )

    async def resend(self) -> None:
        await self._with_order("sends the tickets of {} again", "resend_tickets")

    async def readdress(self) -> None:
        order = self.some_order(wanted=lambda order: order.success)
        if order is not None:
            changes = {"email": f"moved{self.random.randrange(9)}@example.org"}
            await self.ask(
                f"corrects the address of {self.order_name(order.id)}",
                lambda app: app.change_customer(self._actor, order.id, changes),
            )

    async def undo_check_in(self) -> None:
        order = self.some_order(wanted=lambda order: any(each.checked_in_at for each in order.attendees))
        if order is not None:
            inside = [each for each in order.attendees if each.checked_in_at]
            attendee_id = self.random.choice(inside).id
            await self.ask("takes a check-in back", lambda app: app.undo_check_in(self._actor, attendee_id=attendee_id))

    async def move_show(self) -> None:
        minutes = self.random.randint(5, 20)
        show = self.world.tables.shows[self.world.house.later.id]
        by = timedelta(minutes=minutes)
        fields = {"door_time": show.door_time + by, "start_time": show.start_time + by, "end_time": show.end_time + by}
        await self._change(f"moves next week's show by {minutes} minutes", "change_show", show.id, fields)

    async def cancel_show(self) -> None:
        await self._change("cancels tonight's show", "change_show", self.world.house.tonight.id, {"cancelled": True})

    async def refund_show(self) -> None:
        show_id = self.world.house.tonight.id
        await self.ask(
            "has all orders of tonight refunded",
            lambda app: app.refund_show(self._actor, show_id, refund_fees=True, reason="cancelled"),
            tries=4,
        )

    async def _change(self, what: str, use_case: str, *arguments: Any) -> None:
        await self.ask(what, lambda app: getattr(app, use_case)(self._actor, *arguments))

    async def _with_order(
        self, what: str, use_case: str, wanted: Callable[[Order], bool] = lambda o: o.success
    ) -> None:
        order = self.some_order(wanted=wanted)
        if order is not None:
            await self._change(what.format(self.order_name(order.id)), use_case, order.id)


def _out_of(cart: Any, allocation_id: UUID) -> Any:
    return replace(cart, allocation_id=allocation_id)


class Counter(Player):
    """A seller at the till."""

    pauses: ClassVar[tuple[float, float]] = (1, 120)

    def __init__(self, world: World, part: Part) -> None:
        super().__init__(world, part)
        self._till = Till(world.ids.new(), "till", world.house.actor)
        self._asked: list[CounterOrder] = []
        self._shift_id: UUID | None = None
        self._sold: list[UUID] = []
        self._moved: list[CashAsked] = []

    async def open(self) -> None:
        answer = await self.ask(
            "opens the till", lambda app: app.open_shift(self._till, by="Ada", opening_cash=10000), tries=4
        )
        if answer.is_good:
            self._shift_id = answer.value.id

    async def sale(self) -> None:
        house = self.world.house
        payment = self.random.choice(list(CounterPayment))
        asked = CounterOrder(
            cart=self.some_cart([house.stalls, house.family], most=2),
            payment=payment,
            seller="Ada",
            checked_in=self.random.random() < 0.5,
            idempotency=Idempotency(f"form-{len(self._asked)}", b"the form"),
        )
        self._asked.append(asked)
        await self._sell(asked)

    async def again(self) -> None:
        """The seller presses twice."""
        if self._asked:
            await self._sell(self._asked[-1])

    async def _sell(self, asked: CounterOrder) -> None:
        what = f"sells {asked.cart.quantities().total()} tickets at the till ({asked.payment})"
        answer = await self.ask(what, lambda app: app.sell_at_till(self._till, asked), tries=3)
        if answer.is_good:
            self._sold.append(answer.value.id)

    async def undo(self) -> None:
        if self._sold:
            order_id = self.random.choice(self._sold)
            await self.ask(
                f"undoes the sale of {self.order_name(order_id)}",
                lambda app: app.undo_sale(self._till, order_id, by="Ada"),
                tries=2,
            )

    async def move(self) -> None:
        amount = self.random.choice([5000, 2000, -3000, -50000])  # the last is more than is there, mostly
        self._moved.append(CashAsked(movement_id=self.world.ids.new(), amount=amount, reason="Change", by="Ada"))
        await self._move(self._moved[-1])

    async def move_again(self) -> None:
        """The seller presses twice."""
        if self._moved:
            await self._move(self._moved[-1])

    async def _move(self, asked: CashAsked) -> None:
        if self._shift_id is not None:
            shift_id, what = self._shift_id, f"moves {asked.amount} in cash"
            await self.ask(what, lambda app: app.move_cash(self._till, shift_id, asked), tries=3)

    async def take_back(self) -> None:
        if self._shift_id is not None and self._moved:
            shift_id, wrong, opposite_id = self._shift_id, self.random.choice(self._moved), self.world.ids.new()
            await self.ask(
                f"takes {wrong.amount} in cash back",
                lambda app: app.move_cash.take_back(
                    self._till, shift_id, wrong.movement_id, opposite_id=opposite_id, by="Ada"
                ),
                tries=2,
            )

    async def count(self) -> None:
        if self._shift_id is not None:
            shift_id, count = self._shift_id, TillCount(amounts={CounterPayment.CASH: 12345})
            await self.ask("counts the till", lambda app: app.close_shift(self._till, shift_id, count, by="Ada"))


def replay(event_id: str) -> Callable[[Application], Awaitable[Any]]:
    """What an operator asks for to have an event handled again."""

    async def replay(app: Application) -> Any:
        return await app.handle_payment_event.replay(event_id)

    return replay


class Operator(Player):
    """A person of the platform, at the command line."""

    async def retry_tasks(self) -> None:
        dead = [task.id for task in self.world.tables.outbox.values() if task.state is TaskState.DEAD]
        if dead:
            await self.ask(f"has {len(dead)} dead tasks tried again", lambda app: app.retry_dead_tasks(dead))

    async def replay_events(self) -> None:
        for received in [each for each in self.world.tables.inbox.values() if each.has_failed]:
            event_id = received.event.id
            await self.ask(f"replays {event_id}", replay(event_id))

    async def audit(self) -> None:
        await self.ask("looks at the audit", lambda app: app.check_consistency())


class Closer(Office):
    """The person who has to cancel tonight's show."""

    @override
    async def play(self) -> None:
        await super().play()
