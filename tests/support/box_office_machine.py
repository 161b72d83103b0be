"""A random box office: the catalog changes, and orders are placed, paid, refunded and checked in, in any order.

After every step the report matches the orders, counted again in another way, and every invariant holds.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from typing_extensions import override

from application.checkin.decide_scans import ScanRequest
from application.checkin.offline import OfflineScan
from application.checkout.exchange import ExchangeRequest
from application.checkout.place_orders import CheckoutRequest
from application.ports.order_lists import OrderFilter, ShowsOf
from application.ports.payment import RefundState
from domain.access import Actor
from domain.cart import Cart
from domain.customer import Customer
from domain.errors import Conflict, DomainError, NotOnSaleYet, SaleEnded
from domain.fees import FeeBearer
from domain.orders import AttendeeStatus, ManualPayment, Order, OrderStatus
from domain.policy import CheckoutPolicy
from domain.promotions import UseCount
from domain.refunds import Refund, RefundStatus
from domain.report import ShowReport, Takings, report_of
from domain.sale_period import SaleState
from domain.schedule import Start
from domain.venue_clock import VenueTime
from tests.application.world import World, request
from tests.support.factories import (
    NOW,
    allocation,
    capacity,
    cart,
    customer,
    donation_ticket,
    producer,
    promo_code,
    show,
    ticket,
)

Result = TypeVar("Result")

#: Prices and taxes that hardly ever divide evenly.
AMOUNTS = st.integers(0, 9999)
POLICY = CheckoutPolicy(max_tickets_per_order=20, max_order_amount=Decimal(10**6))
TIMEZONE = "Pacific/Auckland"


class BoxOfficeMachine(RuleBasedStateMachine):
    """``make_world`` decides where it is all stored."""

    make_world: Callable[[], Awaitable[World]]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world = self.run(type(self).make_world())
        self.seller = producer(account="acct_machine")
        self.show = show(by=self.seller, timezone=TIMEZONE)
        self.house = capacity(of=self.show, size=16, allocated=4)
        self.press = allocation(of=self.house, size=4, release_at=NOW + timedelta(hours=2))
        self.tickets = [
            ticket(of=self.show, price=3333, quantity=12, name="Stalls", capacity_id=self.house.id),
            ticket(of=self.show, price=1001, quantity=None, name="Family", capacity_id=self.house.id, places=2),
            donation_ticket(of=self.show, price=500, quantity=6, name="Pay what you can"),
            ticket(of=self.show, price=777, quantity=4, name="Members", hidden=True),
        ]
        self.promo_codes = [
            promo_code(of=self.show, discount="0.15"),
            promo_code(
                of=self.show,
                code="MEMBER",
                discount="0",
                amount_off=123,
                opens_ticket_ids=frozenset({self.tickets[3].id}),
                allocation_id=self.press.id,
                counts=UseCount.TICKETS,
                max_uses=9,
                max_per_order=3,
            ),
        ]
        self.actor = Actor(self.seller.id, None, "machine")
        self.order_ids: list[UUID] = []
        self.codes: list[str] = []

    def run(self, work: Awaitable[Result]) -> Result:
        async def awaited() -> Result:
            return await work

        return self.loop.run_until_complete(awaited())

    @override
    def teardown(self) -> None:
        self.run(self.world.close())
        self.loop.close()

    @initialize()
    def open(self) -> None:
        self.run(
            self.world.sell(
                *self.tickets,
                promo_codes=self.promo_codes,
                capacities=[self.house],
                allocations=[self.press],
                by=self.seller,
                id=self.show.id,
                timezone=TIMEZONE,
            )
        )

    @rule(
        which=st.integers(0, 1),
        price=AMOUNTS.map(lambda amount: amount + 100),
        quantity=st.one_of(st.none(), st.integers(1, 20)),
    )
    def change_ticket(self, which: int, price: int, quantity: int | None) -> None:
        async def change() -> None:
            async with self.world.database() as uow:
                display = await uow.show_details.details(self.show.id)
                assert display
                current = next(t for t in display.tickets if t.id == self.tickets[which].id)
                taken = current.inventory.held + current.inventory.sold
                resized = replace(current.inventory, quantity=None if quantity is None else max(quantity, taken))
                await uow.tickets.save(replace(current, price=price, inventory=resized))
                await uow.commit()

        self.run(change())

    @rule(size=st.integers(0, 20), allocated=st.integers(0, 6))
    def change_the_house(self, size: int, allocated: int) -> None:
        with suppress(Conflict):
            self.run(self.world.change_capacity(self.actor, self.house.id, {"size": size}))
        with suppress(Conflict):
            self.run(self.world.change_allocation(self.actor, self.press.id, {"size": allocated}))

    @rule(by_hand=st.booleans())
    def release_the_press(self, by_hand: bool) -> None:
        if by_hand:
            with suppress(Conflict):
                self.run(self.world.release_allocation(self.actor, self.press.id))
        else:
            self.run(self.world.release_due_allocations())

    @rule(day=st.integers(1, 28))
    def copy_the_show(self, day: int) -> None:
        """The copy has the house and none of its sales; all invariants hold for it, too."""
        start = Start(datetime(2050, 7, day, 19), "start_time")  # noqa: DTZ001  # on the venue's clock
        try:
            copy = self.run(self.world.copy_show(self.actor, self.show.id, start, {}, promo_codes=True))
        except Conflict:  # the allocations were made larger than the house
            return
        [house] = copy.capacities
        assert (house.held, house.sold, {ticket.inventory.sold for ticket in copy.tickets}) == (0, 0, {0})
        assert house.id != self.house.id

    @rule(bearer=st.sampled_from(FeeBearer))
    def change_who_bears_the_fees(self, bearer: FeeBearer) -> None:
        async def change() -> None:
            async with self.world.database() as uow:
                seller = await uow.producers.get(self.seller.id)
                assert seller
                await uow.producers.save(replace(seller, fees=bearer))
                await uow.commit()

        self.run(change())

    @rule(
        which=st.integers(-1, 2),
        opens=st.none() | st.integers(-60, 60),
        lasts=st.none() | st.integers(1, 90),
    )
    def change_sale_times(self, which: int, opens: int | None, lasts: int | None) -> None:
        """Of a ticket type, or of the show (-1), in minutes."""
        now = self.world.clock.now()
        begins = now if opens is None else now + timedelta(minutes=opens)
        times = {
            "on_sale_at": None if opens is None else VenueTime.at(begins, TIMEZONE),
            "off_sale_at": None if lasts is None else VenueTime.at(begins + timedelta(minutes=lasts), TIMEZONE),
        }

        async def change() -> None:
            async with self.world.database() as uow:
                display = await uow.show_details.details(self.show.id)
                assert display
                tickets = {each.id: each for each in display.tickets}
                changed = replace(display.show, **times) if which < 0 else display.show  # type: ignore[arg-type]
                if which >= 0:
                    ticket_id = self.tickets[which].id
                    tickets[ticket_id] = replace(tickets[ticket_id], **times)  # type: ignore[arg-type]
                    await uow.tickets.save(tickets[ticket_id])
                if any(changed.sale_of(each).is_empty for each in tickets.values()):
                    return  # the audit would say so
                await uow.shows.save(changed)
                await uow.commit()

        self.run(change())

    def is_on_sale(self, wanted: Cart) -> bool:
        """Whether the public can buy these ticket types now, as far as there are any left."""

        async def look() -> bool:
            async with self.world.database() as uow:
                display = await uow.show_details.details(self.show.id)
            assert display
            now = self.world.clock.now()
            chosen = [each for each in display.tickets if each.id in wanted.ticket_ids]
            return all(display.show.sale_of(each).state(now) is SaleState.OPEN for each in chosen)

        return self.run(look())

    @rule(
        quantities=st.tuples(*[st.integers(0, 3)] * 3, st.sampled_from([0, 0, 0, 1, 2])).filter(any),
        code=st.sampled_from([None, "TEST20", "MEMBER", "MEMBER"]),
        payment=st.sampled_from([None, None, *ManualPayment]),
        out_of_press=st.booleans(),
    )
    def order(
        self, quantities: tuple[int, ...], code: str | None, payment: ManualPayment | None, out_of_press: bool
    ) -> None:
        comp = payment is ManualPayment.COMP
        wanted = cart(
            *(
                (t, quantity, "0" if comp or not t.is_donation_based else "17.77")
                for t, quantity in zip(self.tickets, quantities, strict=True)
            ),
            promo_code=None if comp else code,
            policy=POLICY,
            allocation_id=self.press.id if out_of_press else None,
        )
        asked = replace(request((self.tickets[0], 1)), cart=wanted, customer=customer())
        is_on_sale = self.is_on_sale(wanted)
        try:
            if payment:
                placed = self.run(self.world.sell_at_counter(self.actor, asked, payment))
            else:
                placed = self.run(self.world.checkout(asked))
        except DomainError as error:
            refusal: DomainError | None = error
        else:
            refusal = None
            self.order_ids.append(placed.id)
            self._remember_codes(placed)
        sold_at_any_time = is_on_sale or payment is not None
        assert sold_at_any_time or refusal
        assert not (sold_at_any_time and isinstance(refusal, NotOnSaleYet | SaleEnded))

    @rule(
        quantities=st.lists(st.tuples(st.integers(0, 1), st.integers(1, 4)), min_size=1, max_size=3),
        payment=st.sampled_from(ManualPayment),
        come_in=st.booleans(),
        whole=st.booleans(),
    )
    def sell_to_walk_ups(
        self, quantities: list[tuple[int, int]], payment: ManualPayment, come_in: bool, whole: bool
    ) -> None:
        rows = [
            CheckoutRequest(
                cart=cart((self.tickets[which], quantity), policy=POLICY),
                customer=Customer("", ""),
                manual_payment=payment,
                checked_in=come_in,
            )
            for which, quantity in quantities
        ]
        outcomes = self.run(self.world.sell_many_at_counter(self.actor, self.show.id, rows, all_or_nothing=whole))
        placed = [outcome for outcome in outcomes if isinstance(outcome, Order)]
        assert not whole or len(placed) in (0, len(rows))
        for order in placed:
            self.order_ids.append(order.id)
            self._remember_codes(order)

    @precondition(lambda self: self.order_ids)
    @rule(data=st.data(), tax=AMOUNTS, how=st.sampled_from(["pay", "pay", "cancel", "delay", "fail"]))
    def settle(self, data: st.DataObject, tax: int, how: str) -> None:
        order = self._some_order(data)
        if order.session_id is None or order.quote.is_free or order.completed_at or order.amount_paid:
            return
        if how == "cancel":
            try:
                self.run(self.world.cancel_order(order.id))
            except Conflict:
                # A delayed payment is on its way: its hold is kept until Stripe reports the outcome.
                assert not order.holds_tickets or order.status is OrderStatus.PROCESSING
            return
        if how == "pay":
            self.world.payment.pay(order.session_id, tax=tax)
        elif how == "delay":
            self.world.payment.pay_by_delayed_method(order.session_id)
        else:
            self.world.payment.fail_delayed_payment(order.session_id)
        self._remember_codes(self.run(self.world.complete_order(order.session_id)))

    @rule(minutes=st.integers(0, 45))
    def time_passes(self, minutes: int) -> None:
        self.world.clock.advance(timedelta(minutes=minutes))
        self.run(self.world.release_overdue())
        self.work()

    @rule()
    def work(self) -> None:
        async def work_off() -> None:
            async with self.world.database() as uow:
                due = await uow.task_queue.due(now=self.world.clock.now(), limit=1000)
            for task_id in due:
                await self.world.run_task(task_id)

        self.run(work_off())

    @precondition(lambda self: self.order_ids)
    @rule(data=st.data(), restock=st.booleans(), fees=st.booleans(), everybody=st.booleans())
    def refund(self, data: st.DataObject, restock: bool, fees: bool, everybody: bool) -> None:
        order = self._some_order(data)
        ids = [attendee.id for attendee in order.attendees]
        chosen = None if everybody or not ids else data.draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
        try:
            shares = self.run(
                self.world.preview_refund(self.actor, order.id, attendee_ids=chosen, refund_fees=fees)
            ).shares
        except DomainError as refusal:
            try:
                self.run(self.world.refund_order(order.id, attendee_ids=chosen, restock=restock, refund_fees=fees))
            except type(refusal):
                return
            raise AssertionError("a refund went through whose preview was refused") from refusal
        after, _ = self.run(self.world.refund_order(order.id, attendee_ids=chosen, restock=restock, refund_fees=fees))
        went_back = after.refunded_amount - order.refunded_amount
        assert shares.buyer_gets == went_back == shares.producer_bears + shares.platform_bears

    @precondition(lambda self: self.order_ids)
    @rule(data=st.data(), amount=st.integers(1, 5000))
    def refund_in_stripes_dashboard(self, data: st.DataObject, amount: int) -> None:
        order = self._some_order(data)
        left = order.amount_paid - order.refunded_amount - (order.amount_paid - order.own_payment)
        if order.payment_intent_id is None or amount > left or order.status is OrderStatus.REFUNDED:
            return
        state = RefundState(
            provider_refund_id=f"re_{uuid4().hex}",
            payment_intent_id=order.payment_intent_id,
            refund_id=None,
            amount=amount,
            status=RefundStatus.SUCCEEDED,
            failure_reason=None,
        )
        self.run(self.world.sync_refund_status(state))

    @precondition(lambda self: self.order_ids)
    @rule(data=st.data(), which=st.integers(0, 1), some=st.booleans())
    def exchange(self, data: st.DataObject, which: int, some: bool) -> None:
        order = self._some_order(data)
        ids = [attendee.id for attendee in order.attendees if attendee.is_valid]
        chosen = data.draw(st.lists(st.sampled_from(ids), min_size=1, unique=True)) if ids and some else None
        asked = ExchangeRequest(self.show.id, [(self.tickets[which].id, chosen)])
        try:
            seen = self.run(self.world.exchange_tickets.preview(order.id, asked, by=self.actor))
        except DomainError as refusal:
            try:
                self.run(self.world.exchange_tickets(order.id, asked, by=self.actor))
            except type(refusal):
                return
            raise AssertionError("an exchange went through whose preview was refused") from refusal
        done = self.run(self.world.exchange_tickets(order.id, asked, by=self.actor))
        assert (done.back, done.order.due, done.order.status) == (seen.back, seen.order.due, seen.order.status)
        self.order_ids.append(done.order.id)
        self._remember_codes(done.order)

    @precondition(lambda self: self.order_ids)
    @rule(data=st.data(), name=st.sampled_from(["Grace", "Zoë", "Ada Lovelace"]))
    def rename(self, data: st.DataObject, name: str) -> None:
        order = self._some_order(data)
        if not order.attendees:
            return
        attendee = data.draw(st.sampled_from(order.attendees))
        try:
            renamed = self.run(self.world.rename_attendee(order.id, attendee.id, name, by=self.actor))
        except Conflict:
            assert attendee.checked_in_at or attendee.status is AttendeeStatus.VOID or not order.success
            return
        self._remember_codes(renamed)
        if attendee.name != name:
            assert (
                self.run(
                    self.world.check_in(ScanRequest(by=self.actor, code=attendee.code, show_id=self.show.id))
                ).result
                == "void"
            )

    @precondition(lambda self: self.codes)
    @rule(data=st.data(), how=st.sampled_from(["in", "in", "undo", "offline"]), minutes=st.integers(0, 300))
    def door(self, data: st.DataObject, how: str, minutes: int) -> None:
        code = data.draw(st.sampled_from(self.codes))
        if how == "in":
            self.run(self.world.check_in(ScanRequest(by=self.actor, code=code)))
        elif how == "undo":
            self.run(self.world.undo_check_in(self.actor, code))
        else:
            at = self.world.clock.now() - timedelta(minutes=minutes)
            scans = [OfflineScan(uuid4(), code, at), OfflineScan(uuid4(), code, at - timedelta(minutes=1))]
            self.run(self.world.sync_offline_scans(self.actor, self.show.id, "door", scans))

    @invariant()
    def everything_adds_up(self) -> None:
        if not self.order_ids:
            return
        off = {name: found for name, found in self.run(self.world.check_consistency()).items() if found.count}
        assert not off

    @invariant()
    def report_is_what_the_orders_say(self) -> None:
        orders, refunds, report = self.run(self._books())
        assert report == report_of(
            self.on_sale,
            orders,
            refunds,
            disputes={},
            currency=self.seller.currency,
            timezone=ZoneInfo(TIMEZONE),
            capacities=self.capacities,
        )
        sold = [order for order in orders if order.completed_at]
        assert report.total.orders == len(sold)
        assert report.total.paid == sum(order.amount_paid for order in sold)
        assert report.total.refunds == sum(order.refunded_amount for order in sold)
        assert report.total.fees == sum(order.quote.fees for order in sold)
        assert report.total.fees_included == sum(order.quote.fees for order in sold if order.quote.fees_included)
        assert report.total.discounts == sum(order.quote.promo_code_discount for order in sold)
        for parts in (report.by_day.values(), report.by_payment.values()):
            assert sum(parts, Takings()) == report.total
        by_ticket = sum((row.takings for row in report.tickets), Takings(orders=len(sold)))
        assert by_ticket == report.total
        came = Counter(a.ticket_id for o in sold for a in o.attendees if a.checked_in_at)
        assert {row.ticket_id: row.checked_in for row in report.tickets if row.checked_in} == dict(came)

    async def _books(self) -> tuple[list[Order], dict[UUID, list[Refund]], ShowReport]:
        async with self.world.database() as uow:
            display = await uow.show_details.details(self.show.id)
            listed = await uow.order_lists.orders(
                ShowsOf(self.show.producer_id, self.show.id), only=OrderFilter(), after=None, limit=10_000
            )
            orders = [order for row in listed if (order := await uow.orders.get(row.id))]
            refunds = {order.id: await uow.refunds.of_order(order.id) for order in orders}
        self.on_sale = display.tickets if display else ()
        self.capacities = display.capacities if display else ()
        return orders, refunds, await self.world.reports.report(self.show)

    def _some_order(self, data: st.DataObject) -> Order:
        return self.run(self.world.order(data.draw(st.sampled_from(self.order_ids))))

    def _remember_codes(self, order: Order) -> None:
        self.codes += [attendee.code for attendee in order.attendees if attendee.code not in self.codes]


async def world_in_memory() -> World:
    """A world that leaves nothing behind."""
    return World(policy=POLICY)
