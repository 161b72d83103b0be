"""The ticket types of the producer's shows."""

from __future__ import annotations

from uuid import UUID

from litestar import delete, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET

from application.catalog.tickets import AddTicket, ChangeTicket, DeleteTicket, TicketForSale
from domain.access import Actor, Scope
from domain.catalog import TicketFields, TicketLimits
from domain.policy import CheckoutPolicy
from entrypoints.http.access import guarded_router
from entrypoints.http.openapi import answers
from entrypoints.http.producer.schemas import OwnTicketOut, TicketChangesIn, TicketIn, given
from entrypoints.http.strict_json import StrictJson


@post(
    "/shows/{show_id:uuid}/tickets",
    dto=StrictJson[TicketIn],
    return_dto=None,
    summary="Add a ticket type",
    operation_id="add_ticket",
    responses=answers("conflict"),
)
async def add(
    show_id: FromPath[UUID],
    data: JSONBody[TicketIn],
    actor: NamedDependency[Actor],
    add_ticket: NamedDependency[AddTicket],
    policy: NamedDependency[CheckoutPolicy],
) -> OwnTicketOut:
    """On sale at once if the show is. A show has at most 100. Types with the same ``capacity_id`` share its places."""
    added = await add_ticket(
        actor,
        show_id,
        price=data.price,
        limits=TicketLimits(quantity=data.quantity, capacity_id=data.capacity_id, places=data.places),
        fields=given(data, TicketFields),
    )
    return _out(added, policy)


@patch(
    "/tickets/{ticket_id:uuid}",
    dto=StrictJson[TicketChangesIn],
    return_dto=None,
    summary="Change a ticket type",
    operation_id="change_ticket",
    responses=answers("conflict"),
)
async def change(
    ticket_id: FromPath[UUID],
    data: JSONBody[TicketChangesIn],
    actor: NamedDependency[Actor],
    change_ticket: NamedDependency[ChangeTicket],
    policy: NamedDependency[CheckoutPolicy],
) -> OwnTicketOut:
    """The next checkout sees it; orders keep the price they were placed at. ``quantity`` stays above held and sold."""
    changed = await change_ticket(
        actor,
        ticket_id,
        price=None if data.price is UNSET else data.price,
        limits=given(data, TicketLimits),
        fields=given(data, TicketFields),
    )
    return _out(changed, policy)


@delete(
    "/tickets/{ticket_id:uuid}",
    summary="Delete a ticket type",
    operation_id="delete_ticket",
    responses=answers("conflict"),
)
async def remove(
    ticket_id: FromPath[UUID], actor: NamedDependency[Actor], delete_ticket: NamedDependency[DeleteTicket]
) -> None:
    """Waits for checkouts that are being decided. A ticket type with orders cannot be deleted."""
    await delete_ticket(actor, ticket_id)


def _out(found: TicketForSale, policy: CheckoutPolicy) -> OwnTicketOut:
    return OwnTicketOut.of(found.ticket, found.show, found.producer, policy, remaining=found.remaining)


router = guarded_router("/", add, change, remove, scopes=[Scope.CATALOG], tags=["Producer: catalog"])
