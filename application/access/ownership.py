"""Objects that belong to a producer. For the producer, all others do not exist
(docs/domain-rules.md#who-may-see-what).
"""

from __future__ import annotations

from uuid import UUID

from application.ports.unit_of_work import UnitOfWork
from domain.access import Actor
from domain.capacity import Capacity
from domain.catalog import Producer, Show, Ticket
from domain.errors import NotFound
from domain.orders import Order
from domain.production import Production
from domain.promotions import TicketPromoCode


async def producer_of(uow: UnitOfWork, producer_id: UUID) -> Producer:
    """The producer. Raises NotFound."""
    return _found(await uow.producers.get(producer_id))


async def locked_producer(uow: UnitOfWork, producer_id: UUID) -> Producer:
    """The producer, locked: its account does not change until the transaction ends. Raises NotFound."""
    return _found(await uow.producers.lock(producer_id))


def _found(producer: Producer | None) -> Producer:
    if producer is None:
        raise NotFound("No such producer")
    return producer


async def owned_production(uow: UnitOfWork, actor: Actor, production_id: UUID) -> Production:
    """The actor's production. Raises NotFound."""
    return _theirs(actor, await uow.productions.get(production_id))


async def locked_production(uow: UnitOfWork, actor: Actor, production_id: UUID) -> Production:
    """The actor's production, locked: its shows do not become more until the transaction ends. Raises NotFound."""
    await owned_production(uow, actor, production_id)  # first, so a producer never waits for one that is not theirs
    return _theirs(actor, await uow.productions.lock(production_id))


def _theirs(actor: Actor, production: Production | None) -> Production:
    if production is None or production.producer_id != actor.producer_id:
        raise NotFound("No such production")
    return production


def _has(actor: Actor, show: Show) -> bool:
    """Whether the show is of the actor's producer, and among those that the actor is limited to."""
    return show.producer_id == actor.producer_id and actor.reaches(show.id)


async def owned_show(uow: UnitOfWork, actor: Actor, show_id: UUID) -> Show:
    """The actor's show. Raises NotFound."""
    return ensure_owned(actor, await uow.shows.get(show_id))


def ensure_owned(actor: Actor, show: Show | None) -> Show:
    """The show, if it is the actor's. Raises NotFound."""
    if show is None or not _has(actor, show):
        raise NotFound("No such show")
    return show


async def owned_order(uow: UnitOfWork, actor: Actor, order_id: UUID) -> Order:
    """The actor's order. Raises NotFound."""
    order = await uow.orders.get(order_id)
    show = await uow.shows.get(order.show_id) if order else None
    if order is None or show is None or not _has(actor, show):
        raise NotFound("No such order")
    return order


async def locked_show(uow: UnitOfWork, actor: Actor, show_id: UUID) -> Show:
    """The actor's show, locked: no other transaction changes it until this one ends. Raises NotFound."""
    await owned_show(uow, actor, show_id)  # first, so a producer never waits for a show that is not theirs
    locked = await uow.shows.lock(show_id)
    if locked is None:
        raise NotFound("No such show")
    return locked


async def locked_ticket(uow: UnitOfWork, actor: Actor, ticket_id: UUID) -> tuple[Show, Ticket]:
    """The actor's ticket, locked against checkouts until the transaction ends, and its show, locked too.

    Raises NotFound.
    """
    ticket = await uow.tickets.get(ticket_id)
    show = await uow.shows.get(ticket.show_id) if ticket else None
    if show is None or not _has(actor, show):
        raise NotFound("No such ticket")
    show = await uow.shows.lock(show.id)
    locked = await uow.tickets.lock(ticket_id)
    if show is None or locked is None:
        raise NotFound("No such ticket")
    return show, locked


async def owned_capacity(uow: UnitOfWork, actor: Actor, capacity_id: UUID) -> tuple[Show, Capacity]:
    """The actor's capacity, and its show. Raises NotFound."""
    capacity = await uow.capacities.get(capacity_id)
    show = await uow.shows.get(capacity.show_id) if capacity else None
    if capacity is None or show is None or not _has(actor, show):
        raise NotFound("No such capacity")
    return show, capacity


async def owned_allocation(uow: UnitOfWork, actor: Actor, allocation_id: UUID) -> Show:
    """The show of the actor's allocation. Raises NotFound."""
    allocation = await uow.allocations.get(allocation_id)
    if allocation is None:
        raise NotFound("No such allocation")
    try:
        show, _ = await owned_capacity(uow, actor, allocation.capacity_id)
    except NotFound:
        raise NotFound("No such allocation") from None
    return show


async def locked_promo_code(uow: UnitOfWork, actor: Actor, promo_code_id: UUID) -> tuple[Show, TicketPromoCode]:
    """The actor's promo code and its show, both locked. Raises NotFound."""
    promo_code = await uow.promo_codes.get(promo_code_id)
    show = await uow.shows.get(promo_code.show_id) if promo_code else None
    if show is None or not _has(actor, show):
        raise NotFound("No such promo code")
    await uow.shows.lock(show.id)
    locked = await uow.promo_codes.lock(promo_code_id)
    if locked is None:
        raise NotFound("No such promo code")
    return show, locked
