"""Use cases: the ticket types of a producer's show. Each waits for the ticket's checkouts that are being decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import locked_show, locked_ticket, producer_of
from application.ports.system import Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.catalog import MAX_QUANTITY, MAX_TICKET_TYPES, Producer, Show, Ticket, TicketFields, TicketLimits
from domain.errors import Conflict, InvalidAmount, InvalidRequest
from domain.inventory import Inventory
from domain.money import Currency
from domain.stock import Stock


@dataclass(frozen=True, slots=True)
class TicketForSale:
    """A ticket type, its show, the producer who sells it, and how many the public can buy now."""

    ticket: Ticket
    show: Show
    producer: Producer
    remaining: int


class AddTicket:
    def __init__(self, unit_of_work: UnitOfWorkFactory, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._ids = ids
        self._audit = audit

    async def __call__(
        self,
        actor: Actor,
        show_id: UUID,
        *,
        price: Decimal,
        limits: TicketLimits,
        fields: TicketFields,
        ticket_id: UUID | None = None,
    ) -> TicketForSale:
        """A new ticket type; ``price`` is in the currency's main unit. A caller who may ask twice gives it an id: a
        ticket type of the show that has it is returned as it is.

        Raises NotFound, InvalidRequest (also for a capacity that the show does not have), Conflict.
        """
        async with self._unit_of_work() as uow:
            show = await locked_show(uow, actor, show_id)
            display = await uow.show_details.details(show_id)
            if display and (known := next((each for each in display.tickets if each.id == ticket_id), None)):
                return TicketForSale(known, show, display.producer, display.remaining(known))
            if show.cancelled:
                raise Conflict("This show was cancelled and sells nothing any more")
            if display is None or len(display.tickets) >= MAX_TICKET_TYPES:
                raise Conflict(f"A show has at most {MAX_TICKET_TYPES} ticket types")
            minor = _minor(display.producer.currency, price)
            stored = _as_stored(show, fields)
            inventory = Inventory(_checked(limits.get("quantity")))
            ticket = Ticket(
                id=ticket_id or self._ids.new(),
                show_id=show_id,
                price=minor,
                inventory=inventory,
                capacity_id=limits.get("capacity_id"),
                places=limits.get("places", 1),
                **stored,
            )
            show.ensure_can_sell(ticket)
            stock = await _shared_places(uow, ticket)
            await uow.tickets.add(ticket)
            await self._audit.record(uow, actor, Action.TICKET_ADDED, ticket.id, show_id=show_id, after=ticket)
            await uow.commit()
        return TicketForSale(ticket, show, display.producer, stock.remaining(ticket.id))


class ChangeTicket:
    """Changes a ticket type.

    After its commit, checkouts see the new ticket (P1-007). Orders keep the price that they were placed at.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._audit = audit

    async def __call__(
        self,
        actor: Actor,
        ticket_id: UUID,
        *,
        price: Decimal | None = None,
        limits: TicketLimits,
        fields: TicketFields,
    ) -> TicketForSale:
        """The ticket with the given changes; ``price`` is in the currency's main unit.

        With another capacity, what the type has held and sold moves there. Raises NotFound, InvalidRequest, Conflict
        (more are held and sold than the quantity or the capacity has, or than may change).
        """
        async with self._unit_of_work() as uow:
            show, before = await locked_ticket(uow, actor, ticket_id)
            producer = await producer_of(uow, show.producer_id)
            after = _changed(show, before, fields)
            if price is not None:
                after = replace(after, price=_minor(producer.currency, price))
            after = _limited(after, limits)
            stock = await _shared_places(uow, before, after)
            if after.capacity_id != before.capacity_id and await uow.allocations.have_orders(ticket_id=ticket_id):
                raise Conflict(
                    "Orders of this ticket type came out of an allocation: its capacity cannot change",
                    field="capacity_id",
                )
            if after != before:
                stock.change_ticket(after)
                await uow.inventory.save(stock)
                await uow.tickets.save(after)
                await self._audit.record(
                    uow, actor, Action.TICKET_CHANGED, ticket_id, show_id=show.id, before=before, after=after
                )
            await uow.commit()
        return TicketForSale(after, show, producer, stock.remaining(ticket_id))


class DeleteTicket:
    """Deletes a ticket type.

    It waits for the checkouts that lock the ticket's row; later ones find no such ticket (P1-009).
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._audit = audit

    async def __call__(self, actor: Actor, ticket_id: UUID) -> None:
        """Delete the ticket type. Raises NotFound, Conflict (it has orders: held, paid or given up)."""
        async with self._unit_of_work() as uow:
            show, ticket = await locked_ticket(uow, actor, ticket_id)
            if await uow.orders.exist(ticket_id=ticket_id):
                raise Conflict("This ticket has orders and cannot be deleted; set its quantity to what is sold instead")
            await uow.tickets.delete(ticket_id)
            await self._audit.record(uow, actor, Action.TICKET_DELETED, ticket_id, show_id=show.id, before=ticket)
            await uow.commit()


def _changed(show: Show, ticket: Ticket, fields: TicketFields) -> Ticket:
    changed = replace(ticket, **_as_stored(show, fields))
    if show.sale_of(changed) != show.sale_of(ticket):
        show.ensure_can_sell(changed)
    return changed


def _as_stored(show: Show, fields: TicketFields) -> dict[str, Any]:
    """The fields with their times on the show's clock. Raises InvalidRequest."""
    return {**fields, **show.sale_times(fields)}


def _minor(currency: Currency, price: Decimal) -> int:
    try:
        return currency.to_minor(price)
    except InvalidAmount as error:
        raise InvalidAmount(str(error), field="price") from None


def _checked(quantity: int | None) -> int | None:
    # An invalid quantity is not a conflict with what is sold.
    if quantity is not None and not 0 <= quantity <= MAX_QUANTITY:
        raise InvalidRequest(f"quantity must be 0 to {MAX_QUANTITY}", field="quantity")
    return quantity


def _limited(ticket: Ticket, limits: TicketLimits) -> Ticket:
    """The ticket with these limits. Raises InvalidRequest, Conflict."""
    quantity = _checked(limits.get("quantity", ticket.inventory.quantity))
    return replace(
        ticket,
        inventory=ticket.inventory.resize(quantity),
        capacity_id=limits.get("capacity_id", ticket.capacity_id),
        places=limits.get("places", ticket.places),
    )


async def _shared_places(uow: UnitOfWork, ticket: Ticket, after: Ticket | None = None) -> Stock:
    """The ticket, locked before, with the capacity that it draws on, and the one that it is to draw on.

    Raises InvalidRequest if the show has no such capacity.
    """
    wanted = (after or ticket).capacity_id
    capacity_ids = {id_ for id_ in (ticket.capacity_id, wanted) if id_}
    locked = await uow.inventory.lock_places(capacity_ids=capacity_ids) if capacity_ids else Stock()
    if wanted and (wanted not in locked.capacities or locked.capacities[wanted].show_id != ticket.show_id):
        raise InvalidRequest("No such capacity in this show", field="capacity_id")
    return Stock([ticket], capacities=locked.capacities.values())
