"""Use cases: a producer's productions. Their shows are in ``application.catalog.runs``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import locked_production, owned_production, producer_of
from application.concurrency.retry import retry_on_conflict
from application.pages import page_of
from application.ports.system import Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.errors import Conflict, InvalidAmount
from domain.money import Currency
from domain.production import DefaultFields, Production, ProductionFields, TicketDefault


@dataclass(frozen=True, slots=True)
class PricedDefault:
    """A ticket type that new shows get, as a producer writes it: ``price`` is in the currency's main unit."""

    price: Decimal
    quantity: int | None
    fields: DefaultFields


@dataclass(frozen=True, slots=True)
class OwnProduction:
    """A production, and the currency of its prices."""

    production: Production
    currency: Currency


class AddProduction:
    def __init__(self, unit_of_work: UnitOfWorkFactory, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._ids = ids
        self._audit = audit

    async def __call__(
        self,
        actor: Actor,
        fields: ProductionFields,
        tickets: Sequence[PricedDefault] = (),
        *,
        production_id: UUID | None = None,
    ) -> OwnProduction:
        """A new production, without shows. A caller who may ask twice gives it an id: a production that has it is
        returned as it is.

        Raises InvalidRequest, and NotFound for an id that is another producer's.
        """
        new_id = production_id or self._ids.new()
        return await retry_on_conflict(lambda: self._add(actor, new_id, fields, tickets))

    async def _add(
        self, actor: Actor, new_id: UUID, fields: ProductionFields, tickets: Sequence[PricedDefault]
    ) -> OwnProduction:
        async with self._unit_of_work() as uow:
            currency = (await producer_of(uow, actor.producer_id)).currency
            if await uow.productions.get(new_id):
                return OwnProduction(await owned_production(uow, actor, new_id), currency)
            fields["tickets"] = _priced(tickets, currency)
            production = Production.planned(id=new_id, producer_id=actor.producer_id, **fields)
            await uow.productions.add(production)
            await self._audit.record(uow, actor, Action.PRODUCTION_ADDED, production.id, after=production)
            await uow.commit()
        return OwnProduction(production, currency)


class ListProductions:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(
        self, actor: Actor, *, after: UUID | None, limit: int
    ) -> tuple[list[OwnProduction], UUID | None]:
        """A page of the producer's productions, newest first, and where the next page begins, if there is one."""
        async with self._unit_of_work() as uow:
            currency = (await producer_of(uow, actor.producer_id)).currency
            found = await uow.productions.of_producer(actor.producer_id, after=after, limit=limit + 1)
        return page_of([OwnProduction(each, currency) for each in found], limit, lambda last: last.production.id)


class GetOwnProduction:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, actor: Actor, production_id: UUID) -> OwnProduction:
        """The production. Raises NotFound."""
        async with self._unit_of_work() as uow:
            production = await owned_production(uow, actor, production_id)
            return OwnProduction(production, (await producer_of(uow, actor.producer_id)).currency)


class ChangeProduction:
    """Changes a production.

    Its shows have the new description and image at once, unless they have their own; all else is for new shows.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._audit = audit

    async def __call__(
        self,
        actor: Actor,
        production_id: UUID,
        fields: ProductionFields,
        tickets: Sequence[PricedDefault] | None = None,
    ) -> OwnProduction:
        """The production with these changes; ``tickets`` None leaves them. Raises NotFound, InvalidRequest."""
        async with self._unit_of_work() as uow:
            before = await locked_production(uow, actor, production_id)
            currency = (await producer_of(uow, actor.producer_id)).currency
            if tickets is not None:
                fields["tickets"] = _priced(tickets, currency)
            after = before.changed(**fields)
            if after != before:
                await uow.productions.save(after)
                await self._audit.record(
                    uow, actor, Action.PRODUCTION_CHANGED, production_id, before=before, after=after
                )
            await uow.commit()
        return OwnProduction(after, currency)


class DeleteProduction:
    def __init__(self, unit_of_work: UnitOfWorkFactory, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._audit = audit

    async def __call__(self, actor: Actor, production_id: UUID) -> None:
        """Delete the production. Raises NotFound, Conflict (it has shows)."""
        async with self._unit_of_work() as uow:
            production = await locked_production(uow, actor, production_id)
            if await uow.shows.of_production(production_id):
                raise Conflict("This production has shows and cannot be deleted; delete them, or take them out, first")
            await uow.productions.delete(production_id)
            if production.image:
                await uow.pictures.remove_unused(production.image)
            await self._audit.record(uow, actor, Action.PRODUCTION_DELETED, production_id, before=production)
            await uow.commit()


def _priced(tickets: Sequence[PricedDefault], currency: Currency) -> tuple[TicketDefault, ...]:
    defaults = []
    for index, ticket in enumerate(tickets):
        try:
            price = currency.to_minor(ticket.price)
        except InvalidAmount as error:
            raise InvalidAmount(str(error), field=f"tickets[{index}].price") from None
        defaults.append(TicketDefault(price=price, quantity=ticket.quantity, **ticket.fields))
    return tuple(defaults)
