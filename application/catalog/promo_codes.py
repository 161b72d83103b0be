"""Use cases: a show's promo codes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import locked_promo_code, locked_show, owned_show, producer_of
from application.pages import page_of
from application.ports.system import Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.catalog import Show
from domain.errors import Conflict, InvalidAmount, InvalidRequest, NotFound
from domain.money import Currency
from domain.promotions import PromoCodeFields, TicketPromoCode, normalize_code

_AMOUNTS: Final = ("amount_off", "fixed_price")
_TICKETS: Final = ("ticket_ids", "opens_ticket_ids")
#: The fields of which a code has one at least: without any it could do nothing.
_EFFECTS: Final = ("discount", *_AMOUNTS, "opens_ticket_ids", "allocation_id")
_NOTHING: Final[tuple[object, ...]] = (None, frozenset())
_NEEDS_AN_EFFECT: Final = f"A promo code needs one of {', '.join(_EFFECTS)}"


@dataclass(frozen=True, slots=True)
class PromoCodeInCurrency:
    """A promo code, and the currency of its amounts."""

    promo_code: TicketPromoCode
    currency: Currency


class AddPromoCode:
    def __init__(self, unit_of_work: UnitOfWorkFactory, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._ids = ids
        self._audit = audit

    async def __call__(
        self, actor: Actor, show_id: UUID, fields: PromoCodeFields, *, promo_code_id: UUID | None = None
    ) -> PromoCodeInCurrency:
        """A new promo code. A caller who may ask twice gives it an id: a code of the show that has it is returned as it
        is. Raises NotFound, InvalidRequest, Conflict (the show already has this code).
        """
        if all(fields.get(name) in _NOTHING for name in _EFFECTS):
            raise InvalidRequest(_NEEDS_AN_EFFECT, field="discount")
        async with self._unit_of_work() as uow:
            show = await locked_show(uow, actor, show_id)
            currency = (await producer_of(uow, show.producer_id)).currency
            known = await uow.promo_codes.get(promo_code_id) if promo_code_id else None
            if known and known.show_id == show_id:
                return PromoCodeInCurrency(known, currency)
            stored = await _as_stored(uow, show, currency, fields)
            promo_code = TicketPromoCode(id=promo_code_id or self._ids.new(), show_id=show_id, **stored)
            await _ensure_free(uow, promo_code)
            await uow.promo_codes.add(promo_code)
            await self._audit.record(
                uow, actor, Action.PROMO_CODE_ADDED, promo_code.id, show_id=show_id, after=promo_code
            )
            await uow.commit()
        return PromoCodeInCurrency(promo_code, currency)


class ListPromoCodes:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(
        self, actor: Actor, show_id: UUID, *, after: str | None, limit: int
    ) -> tuple[list[PromoCodeInCurrency], str | None]:
        """A page of the show's promo codes, sorted by code, and the last of them if there are more. Raises NotFound."""
        async with self._unit_of_work() as uow:
            show = await owned_show(uow, actor, show_id)
            currency = (await producer_of(uow, show.producer_id)).currency
            found = await uow.promo_codes.of_show(show_id, after=after, limit=limit + 1)
        page, more = page_of(found, limit, lambda last: last.code)
        return [PromoCodeInCurrency(promo_code, currency) for promo_code in page], more

    async def one(self, actor: Actor, show_id: UUID, promo_code_id: UUID) -> TicketPromoCode:
        """One of the show's promo codes. Raises NotFound."""
        async with self._unit_of_work() as uow:
            await owned_show(uow, actor, show_id)
            found = await uow.promo_codes.get(promo_code_id)
        if found is None or found.show_id != show_id:
            raise NotFound("No such promo code")
        return found


class ChangePromoCode:
    """Changes a promo code. Orders that used it keep their discount."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._audit = audit

    async def __call__(self, actor: Actor, promo_code_id: UUID, fields: PromoCodeFields) -> PromoCodeInCurrency:
        """The promo code with these fields. A ``max_uses`` below the present uses only ends its use.

        Raises NotFound, InvalidRequest, Conflict (the show already has this code; or it is in use, and its uses would
        count something else).
        """
        async with self._unit_of_work() as uow:
            show, before = await locked_promo_code(uow, actor, promo_code_id)
            currency = (await producer_of(uow, show.producer_id)).currency
            after = before.changed(**await _as_stored(uow, show, currency, fields))
            if after != before:
                _ensure_effect(after, fields)
                if after.code != before.code:
                    await _ensure_free(uow, after)
                await uow.promo_codes.save(after)
                await self._audit.record(
                    uow, actor, Action.PROMO_CODE_CHANGED, promo_code_id, show_id=show.id, before=before, after=after
                )
            await uow.commit()
        return PromoCodeInCurrency(after, currency)


class DeletePromoCode:
    def __init__(self, unit_of_work: UnitOfWorkFactory, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._audit = audit

    async def __call__(self, actor: Actor, promo_code_id: UUID) -> None:
        """Delete the promo code. Raises NotFound, Conflict (orders used it)."""
        async with self._unit_of_work() as uow:
            show, promo_code = await locked_promo_code(uow, actor, promo_code_id)
            if await uow.orders.exist(promo_code_id=promo_code_id):
                raise Conflict("This promo code was used and cannot be deleted; set max_uses to 0 to end its use")
            await uow.promo_codes.delete(promo_code_id)
            await self._audit.record(
                uow, actor, Action.PROMO_CODE_DELETED, promo_code_id, show_id=show.id, before=promo_code
            )
            await uow.commit()


def _ensure_effect(after: TicketPromoCode, fields: PromoCodeFields) -> None:
    """Raises InvalidRequest for a change that takes away all that the code does."""
    taken = [name for name in _EFFECTS if fields.get(name, after) in _NOTHING]
    if taken and not after.discount and all(getattr(after, name) in _NOTHING for name in _EFFECTS[1:]):
        raise InvalidRequest(_NEEDS_AN_EFFECT, field=taken[0])


async def _as_stored(uow: UnitOfWork, show: Show, currency: Currency, fields: PromoCodeFields) -> dict[str, Any]:
    """The fields as the promo code has them: the code in upper case, amounts in minor units.

    Times without an offset are on the venue's clock; the code is valid from moment to moment. Raises InvalidRequest.
    """
    stored: dict[str, Any] = dict(fields)
    if "code" in fields:
        stored["code"] = normalize_code(fields["code"])
    if fields.get("discount", 0) is None:
        stored["discount"] = Decimal(0)
    for name in _AMOUNTS:
        if stored.get(name) is not None:
            stored[name] = _minor(currency, stored[name], name)
    for name in _TICKETS:
        if stored.get(name):
            await _ensure_tickets(uow, show, stored[name], name)
    if stored.get("allocation_id") is not None:
        await _ensure_allocation(uow, show, stored["allocation_id"])
    for name in ("valid_from", "valid_until"):
        if stored.get(name) is not None:
            stored[name] = show.moment(stored[name], name)
    return stored


def _minor(currency: Currency, amount: Decimal, name: str) -> int:
    try:
        return currency.to_minor(amount)
    except InvalidAmount as error:
        raise InvalidAmount(str(error), field=name) from None


async def _ensure_tickets(uow: UnitOfWork, show: Show, ticket_ids: Collection[UUID], name: str) -> None:
    display = await uow.show_details.details(show.id)
    theirs = {ticket.id for ticket in display.tickets} if display else set()
    for ticket_id in ticket_ids:
        if ticket_id not in theirs:
            raise InvalidRequest(f"{name}: this show has no ticket type {ticket_id}", field=name)


async def _ensure_allocation(uow: UnitOfWork, show: Show, allocation_id: UUID) -> None:
    allocation = await uow.allocations.get(allocation_id)
    capacity = await uow.capacities.get(allocation.capacity_id) if allocation else None
    if capacity is None or capacity.show_id != show.id:
        raise InvalidRequest(f"allocation_id: this show has no allocation {allocation_id}", field="allocation_id")


async def _ensure_free(uow: UnitOfWork, promo_code: TicketPromoCode) -> None:
    if await uow.promo_codes.with_code(promo_code.show_id, promo_code.code) is not None:
        raise Conflict(f"This show already has a promo code {promo_code.code}", field="code")
