"""What the cancellation of shows would do: to how many people, and with how much money."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from application.access.ownership import owned_show, producer_of
from application.notifications.show_change_tasks import count_announcements
from application.ports.show_refunds import NOTHING, OrdersToRefund
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.refunds.refund_order import money_of
from domain.access import Actor
from domain.catalog import Show
from domain.errors import Conflict
from domain.exchanges import OrderMoney, refund_rows
from domain.money import Currency
from domain.orders import AttendeeStatus
from domain.policy import CheckoutPolicy
from domain.refunds import RefundRequest, decide_refund, shares_of
from domain.report import ONLINE

#: Orders that are read together.
_BATCH: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class GoesBack:
    """What a refund of ``orders``, which admit ``people``, gives back in minor units: ``with_fees``, of which the
    platform bears ``fees``, or ``without_fees``, all of which the producer bears.
    """

    orders: int = 0
    people: int = 0
    with_fees: int = 0
    without_fees: int = 0
    fees: int = 0

    def __add__(self, other: GoesBack) -> GoesBack:
        return GoesBack(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})

    @classmethod
    def of(cls, payment: str, sums: OrdersToRefund) -> GoesBack:
        """What goes back of orders that are as they were paid."""
        return cls(
            orders=sums.orders,
            people=sums.people,
            with_fees=sums.amount,
            without_fees=sums.amount - sums.fees_on_top,
            fees=sums.fees if payment == ONLINE else 0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """The effect of cancelling ``shows``, and of refunding their buyers then.

    ``by_payment`` are the orders that admit a person and can be refunded: "online", those of the counter by how they
    were paid, and "nothing" for those of which no money goes back. ``contested`` orders cannot be refunded now: mostly,
    a bank has their money. ``mails`` go to buyers, those whose order only holds tickets (``holds``) included.
    """

    shows: tuple[Show, ...]
    currency: Currency
    by_payment: Mapping[str, GoesBack]
    contested: GoesBack
    holds: int
    held_tickets: int
    mails: int

    @property
    def all(self) -> GoesBack:
        """All orders that admit a person."""
        return sum(self.by_payment.values(), self.contested)

    @property
    def online(self) -> GoesBack:
        """What Stripe gives back."""
        return self.by_payment.get(ONLINE, GoesBack())

    @property
    def at_the_counter(self) -> Mapping[str, GoesBack]:
        """What was paid from hand to hand, by how, and goes back the same way."""
        return {payment: sums for payment, sums in self.by_payment.items() if payment not in (ONLINE, NOTHING)}

    @property
    def without_money(self) -> GoesBack:
        """Orders that become void, and of which no money goes back."""
        return self.by_payment.get(NOTHING, GoesBack())


class PreviewCancellation:
    """Looks at what a cancellation would do. Nothing is changed."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, policy: CheckoutPolicy) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._policy = policy

    async def __call__(self, actor: Actor, show_ids: Sequence[UUID]) -> Cancellation:
        """The effect on these shows together. Raises NotFound, and Conflict for one that was cancelled."""
        async with self._unit_of_work() as uow:
            shows = [await owned_show(uow, actor, show_id) for show_id in show_ids]
            if any(show.cancelled for show in shows):
                raise Conflict("This show was cancelled before")
            stake = await uow.show_refunds.at_stake(show_ids)
            sums = {payment: GoesBack.of(payment, orders) for payment, orders in stake.untouched.items()}
            contested = GoesBack()
            async for books in _changed(uow, show_ids):
                payment, part = self._of_changed(books)
                if payment is None:
                    contested += part
                else:
                    sums[payment] = sums.get(payment, GoesBack()) + part
            return Cancellation(
                shows=tuple(shows),
                currency=(await producer_of(uow, actor.producer_id)).currency,
                by_payment=sums,
                contested=contested,
                holds=stake.holds,
                held_tickets=stake.held_tickets,
                mails=await self._mails(uow, shows),
            )

    async def _mails(self, uow: UnitOfWork, shows: Sequence[Show]) -> int:
        now = self._clock.now()
        changes = [(show, show.changed(cancelled=True)) for show in shows]
        return sum([await count_announcements(uow, before, after, now=now) for before, after in changes])

    def _of_changed(self, books: Sequence[OrderMoney]) -> tuple[str | None, GoesBack]:
        """What goes back of an order, by its payment; None if it would be refused."""
        order = books[0].order
        people = sum(attendee.status is AttendeeStatus.VALID for attendee in order.attendees)
        try:
            amounts = [_amount(books, refund_fees=refund_fees) for refund_fees in (True, False)]
        except Conflict:
            return None, GoesBack(orders=1, people=people, with_fees=order.amount_paid - order.refunded_amount)
        shares = shares_of(
            order,
            amounts[0],
            refund_fees=True,
            earlier=books[0].refunds,
            policy=self._policy,
            disputes=books[0].disputes,
        )
        payment = (order.manual_payment or ONLINE) if amounts[0] else NOTHING
        return payment, GoesBack(
            orders=1, people=people, with_fees=amounts[0], without_fees=amounts[1], fees=shares.platform_bears
        )


def _amount(books: Sequence[OrderMoney], *, refund_fees: bool) -> int:
    """What a refund of the whole order gives back, as RefundOrder decides it. Raises Conflict."""
    order, request = books[0].order, RefundRequest(refund_fees=refund_fees)
    decision = decide_refund(order, books[0].refunds, request, disputes=books[0].disputes)
    refund_rows(
        books, decision.amount, refund_fees=refund_fees, reason="", now=order.created_at, new_id=uuid4
    )  # it may refuse, too
    return decision.amount


async def _changed(uow: UnitOfWork, show_ids: Sequence[UUID]) -> AsyncIterator[Sequence[OrderMoney]]:
    """The orders that are no longer as they were paid, each with all its money."""
    after: UUID | None = None
    while batch := await uow.show_refunds.changed_orders(show_ids, after=after, limit=_BATCH):
        for order_id in batch:
            yield await money_of(uow, order_id)
        after = batch[-1]
