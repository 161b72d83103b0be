"""Whose is it? What belongs to somebody else does not exist (api.md, 404)."""

from __future__ import annotations

from uuid import UUID

from application.ports.storage import UnitOfWork
from domain.catalog import Show
from domain.errors import NotFound
from domain.orders import Order


async def own_show(uow: UnitOfWork, producer_id: UUID, show_id: UUID) -> Show:
    """The producer's show. Raises NotFound."""
    show = await uow.catalog.show(show_id)
    if show is None or show.producer_id != producer_id:
        raise NotFound("No such show")
    return show


async def own_order(uow: UnitOfWork, producer_id: UUID, order_id: UUID) -> Order:
    """The producer's order. Raises NotFound."""
    order = await uow.orders.get(order_id)
    show = await uow.catalog.show(order.show_id) if order else None
    if order is None or show is None or show.producer_id != producer_id:
        raise NotFound("No such order")
    return order
