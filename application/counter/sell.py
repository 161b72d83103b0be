"""Use cases: a till sells, and undoes what it sold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from application.access.ownership import owned_order, owned_show
from application.checkout.place_orders import CheckoutRequest, Placement, PlaceOrders
from application.counter.till import NoShift, ShiftForgotten, Till
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.refunds.refund_order import RefundOrder
from domain.cart import Cart
from domain.customer import Customer
from domain.errors import Conflict, NotFound
from domain.orders import Idempotency, Order
from domain.shift import CounterPayment, CounterSale, Shift, parse_seller

#: The reason that the refund of an undone sale has.
UNDONE = "Undone at the counter"


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterOrder:
    """What is asked for at the counter. ``expected_total`` is what the seller saw, in the currency's main unit;
    ``given`` is the cash that the buyer handed over, in minor units.
    """

    cart: Cart
    payment: CounterPayment
    seller: str
    expected_total: Decimal | None = None
    given: int | None = None
    checked_in: bool = False
    idempotency: Idempotency | None = None


class SellAtTill:
    """A sale of three acts: an order without a name, completed at once, and the sale in the till's shift with it."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, place_orders: PlaceOrders, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._place_orders = place_orders
        self._clock = clock

    async def __call__(self, till: Till, asked: CounterOrder) -> Order:
        """The order, or the one that the same Idempotency-Key placed before: also while that is being written.

        Raises NotFound for another producer's show, NoShift, ShiftForgotten, Conflict (the shift was closed at the same
        moment), what ``Offering.place`` raises, IdempotencyKeyReused, Busy, StorageUnavailable, StorageConflict.
        """
        seller = parse_seller(asked.seller)
        shift = await self._shift(till, asked.cart.show_id)
        request = CheckoutRequest(
            cart=asked.cart,
            customer=Customer.parse_guest(),
            expected_total=asked.expected_total,
            idempotency=_key(till, asked.idempotency),
            manual_payment=asked.payment.of_order,
            placed_by=till.actor,
            checked_in=asked.checked_in,
        )

        async def note(uow: UnitOfWork, outcomes: Sequence[Placement | Exception]) -> None:
            [outcome] = outcomes
            if not isinstance(outcome, Placement) or not outcome.is_new:
                return
            if not await uow.shifts.add_sale(_sale_of(outcome.order, shift, asked, seller)):
                raise Conflict("This shift was closed just now: nothing was sold")

        [outcome] = await self._place_orders.decide_together([request], lambda _: True, note)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome.order

    async def _shift(self, till: Till, show_id: UUID) -> Shift:
        async with self._unit_of_work(read_only=True) as uow:
            show = await owned_show(uow, till.actor, show_id)
            shift = await uow.shifts.open_at(till.producer_id, till.id)
        if shift is None:
            raise NoShift("Open a shift first")
        if shift.is_forgotten(self._clock.now(), show.zone):
            raise ShiftForgotten("The shift is of an evening that is over: open a new one first")
        return shift


class UndoSale:
    """Takes a sale back: its tickets are void, their places on sale again, and the money goes back by hand."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, refund_order: RefundOrder, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._refund_order = refund_order
        self._clock = clock

    async def __call__(self, till: Till, order_id: UUID, *, by: str) -> CounterSale:
        """The sale, undone now or before. Only the till that sold it undoes it, while the shift is open.

        Raises NotFound, Conflict, InvalidRequest.
        """
        seller = parse_seller(by)
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            await owned_order(uow, till.actor, order_id)
            await uow.orders.lock([order_id])
            sale = await self.sale_of(uow, till, order_id)
            if sale.is_undone:
                return sale
            refunded, refund = await self._refund_order.within(uow, order_id, by=till.actor, reason=UNDONE)
            inside = [attendee.id for attendee in refunded.attendees if attendee.checked_in_at is not None]
            for attendee_id in inside:
                refunded = refunded.checked_in(attendee_id, None)
                await uow.check_ins.undo(attendee_id, now=now)
            if inside:
                await uow.orders.save([refunded])
            shift = await uow.shifts.lock(sale.shift_id, shared=True)
            if shift is None:
                raise NotFound("No such shift")
            shift.ensure_open()
            given_back = refund.amount if refund else 0
            undone = sale.undone(by=seller, at=now, given_back=given_back, step=shift.cash_rounding)
            await uow.shifts.save_sale(undone)
            await uow.commit()
        return undone

    async def look(self, till: Till, order_id: UUID) -> CounterSale:
        """The sale that would be undone. Raises NotFound."""
        async with self._unit_of_work(read_only=True) as uow:
            await owned_order(uow, till.actor, order_id)
            return await self.sale_of(uow, till, order_id)

    @staticmethod
    async def sale_of(uow: UnitOfWork, till: Till, order_id: UUID) -> CounterSale:
        """A sale of this till. Raises NotFound."""
        sale = await uow.shifts.sale(order_id)
        shift = await uow.shifts.get(sale.shift_id) if sale else None
        if sale is None or shift is None or shift.till_id != till.id:
            raise NotFound("No such sale")
        return sale


def _sale_of(order: Order, shift: Shift, asked: CounterOrder, seller: str) -> CounterSale:
    return CounterSale(
        order_id=order.id,
        shift_id=shift.id,
        show_id=order.show_id,
        at=order.created_at,
        payment=asked.payment,
        seller=seller,
        amount=order.amount_paid,
        given=asked.given if asked.payment is CounterPayment.CASH else None,
    ).rounded(shift.cash_rounding)


def _key(till: Till, idempotency: Idempotency | None) -> Idempotency | None:
    # Buyers choose their own keys, which contain no space. So none equals a key of a till.
    return idempotency and replace(idempotency, key=f"{till.producer_id} till {idempotency.key}")
