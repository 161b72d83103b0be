"""Use case: an order as its buyer sees it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from application.concurrency.group_commit import GroupCommit, decide_with
from application.ports.catalog import ShowDetails
from application.ports.orders import OrderRef
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import NotFound
from domain.money_back import MoneyBack, money_back
from domain.orders import PAID, AttendeeStatus, Order, OrderStatus


@dataclass(frozen=True, slots=True)
class OrderDetails:
    """An order with its show and producer, and what happened to its money; None if no money ever had to go back.
    ``exchanges`` are the orders that void tickets of it were exchanged for, and those that are not paid.
    """

    order: Order
    display: ShowDetails
    money_back: MoneyBack | None = None
    exchanges: Sequence[OrderRef] = ()


async def order_details(unit_of_work: UnitOfWorkFactory, order_id: UUID) -> OrderDetails | None:
    """The order with its show and producer, if it exists."""
    async with unit_of_work(read_only=True) as uow:
        order = await uow.orders.get(order_id)
        display = await uow.show_details.details(order.show_id) if order else None
        if order is None or display is None:
            return None
        return OrderDetails(order, display, (await _money_back(uow, [order])).get(order.id))


def exchanged_for(found: OrderDetails) -> list[UUID]:
    """The orders that tickets of this one were exchanged for."""
    return [each.id for each in found.exchanges if each.status in PAID]


async def _exchanges(uow: UnitOfWork, orders: Collection[Order]) -> Mapping[UUID, Sequence[OrderRef]]:
    """Exchanges of orders: only void tickets can have been exchanged, and most orders have none."""
    asked = [order.id for order in orders if not all(attendee.is_valid for attendee in order.attendees)]
    return await uow.orders.exchanges_of(asked) if asked else {}


async def _money_back(uow: UnitOfWork, orders: Collection[Order]) -> Mapping[UUID, MoneyBack | None]:
    asked = {order.id: order for order in orders if _may_have_money_back(order)}
    if not asked:
        return {}
    refunds, disputes = await uow.refunds.of_orders(asked), await uow.disputes.of_orders(asked)
    return {id_: money_back(order, refunds.get(id_, []), disputes.get(id_, [])) for id_, order in asked.items()}


def _may_have_money_back(order: Order) -> bool:
    """Whether refunds and disputes must be read.

    Most orders have none, and buyers of a hot show look at theirs at the same time.
    """
    some_are_void = any(attendee.status is AttendeeStatus.VOID for attendee in order.attendees)
    return some_are_void or order.disputed or order.refunded_amount > 0 or order.status is OrderStatus.REFUNDED


class GetOrder:
    """Reads orders that are requested at the same time together: hundreds of buyers of a hot show reload theirs while
    their payment pages are made, over few connections.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work
        self._line: GroupCommit[None, UUID, OrderDetails | None] = GroupCommit(decide_with(self._look_together))

    async def __call__(self, order_id: UUID) -> OrderDetails:
        """The order as it is at the time of the call, or later. Raises NotFound, Busy, StorageUnavailable."""
        found = await self._line.submit(None, order_id)
        if found is None:
            raise NotFound("No such order")
        return found

    async def _look_together(self, order_ids: Sequence[UUID]) -> list[OrderDetails | None]:
        async with self._unit_of_work(read_only=True) as uow:
            orders = await uow.orders.get_all(set(order_ids))
            displays = await uow.show_details.details_of({order.show_id for order in orders.values()})
            money = await _money_back(uow, orders.values())
            exchanges = await _exchanges(uow, orders.values())
        found = {
            id_: OrderDetails(each, displays[each.show_id], money.get(id_), exchanges.get(id_, ()))
            for id_, each in orders.items()
        }
        return [found.get(order_id) for order_id in order_ids]
