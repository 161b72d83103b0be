"""Use cases: a show's promo codes."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import locked_promo_code, locked_show, owned_show
from application.pages import page_of
from application.ports.system import Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.catalog import Show
from domain.errors import Conflict
from domain.promotions import PromoCodeFields, TicketPromoCode, normalize_code


class AddPromoCode:
    def __init__(self, unit_of_work: UnitOfWorkFactory, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._ids = ids
        self._audit = audit

    async def __call__(self, actor: Actor, show_id: UUID, fields: PromoCodeFields) -> TicketPromoCode:
        """A new promo code. Raises NotFound, InvalidRequest, Conflict (the show already has this code)."""
        async with self._unit_of_work() as uow:
            show = await locked_show(uow, actor, show_id)
            promo_code = TicketPromoCode(id=self._ids.new(), show_id=show_id, **_as_stored(show, fields))
            await _ensure_free(uow, promo_code)
            await uow.promo_codes.add(promo_code)
            await self._audit.record(
                uow, actor, Action.PROMO_CODE_ADDED, promo_code.id, show_id=show_id, after=promo_code
            )
            await uow.commit()
        return promo_code


class ListPromoCodes:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(
        self, actor: Actor, show_id: UUID, *, after: str | None, limit: int
    ) -> tuple[list[TicketPromoCode], str | None]:
        """A page of the show's promo codes, sorted by code, and the last of them if there are more. Raises NotFound."""
        async with self._unit_of_work() as uow:
            await owned_show(uow, actor, show_id)
            found = await uow.promo_codes.of_show(show_id, after=after, limit=limit + 1)
        return page_of(found, limit, lambda last: last.code)


class ChangePromoCode:
    """Changes a promo code. Orders that used it keep their discount."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._audit = audit

    async def __call__(self, actor: Actor, promo_code_id: UUID, fields: PromoCodeFields) -> TicketPromoCode:
        """The promo code with these fields. A ``max_uses`` below the present uses only ends its use.

        Raises NotFound, InvalidRequest, Conflict (the show already has this code).
        """
        async with self._unit_of_work() as uow:
            show, before = await locked_promo_code(uow, actor, promo_code_id)
            after = replace(before, **_as_stored(show, fields))
            if after != before:
                if after.code != before.code:
                    await _ensure_free(uow, after)
                await uow.promo_codes.save(after)
                await self._audit.record(
                    uow, actor, Action.PROMO_CODE_CHANGED, promo_code_id, show_id=show.id, before=before, after=after
                )
            await uow.commit()
        return after


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


def _as_stored(show: Show, fields: PromoCodeFields) -> PromoCodeFields:
    """The fields with the code in upper case.

    Times without an offset are on the venue's clock; the code is valid from moment to moment.
    """
    stored: PromoCodeFields = {**fields}
    if "code" in fields:
        stored["code"] = normalize_code(fields["code"])
    if valid_from := fields.get("valid_from"):
        stored["valid_from"] = show.moment(valid_from, "valid_from")
    if valid_until := fields.get("valid_until"):
        stored["valid_until"] = show.moment(valid_until, "valid_until")
    return stored


async def _ensure_free(uow: UnitOfWork, promo_code: TicketPromoCode) -> None:
    if await uow.promo_codes.with_code(promo_code.show_id, promo_code.code) is not None:
        raise Conflict(f"This show already has a promo code {promo_code.code}", field="code")
