"""Use cases: a show's promo codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import locked_promo_code, locked_show, owned_show
from application.ports.system import Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.catalog import Show
from domain.errors import Conflict
from domain.promotions import TicketPromoCode, normalize_code


class AddPromoCode:
    def __init__(self, unit_of_work: UnitOfWorkFactory, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._ids = ids
        self._audit = audit

    async def __call__(self, actor: Actor, show_id: UUID, *, code: str, fields: Mapping[str, Any]) -> TicketPromoCode:
        """A new promo code, in upper case. Raises NotFound, InvalidRequest, Conflict (the show has one like it)."""
        async with self._unit_of_work() as uow:
            show = await locked_show(uow, actor, show_id)
            fields = _with_moments(show, fields)
            promo_code = TicketPromoCode(id=self._ids.new(), show_id=show_id, code=normalize_code(code), **fields)
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
        """A page of the show's promo codes by their code, and the last of it, if there are more. Raises NotFound."""
        async with self._unit_of_work() as uow:
            await owned_show(uow, actor, show_id)
            found = await uow.promo_codes.of_show(show_id, after=after, limit=limit + 1)
        page = found[:limit]
        return page, page[-1].code if len(found) > limit else None


class ChangePromoCode:
    """Orders that used the code keep their discount."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._audit = audit

    async def __call__(self, actor: Actor, promo_code_id: UUID, fields: Mapping[str, Any]) -> TicketPromoCode:
        """The promo code with these fields. ``max_uses`` below what is used only ends its use.

        Raises NotFound, InvalidRequest, Conflict (the show has one like it).
        """
        async with self._unit_of_work() as uow:
            show, before = await locked_promo_code(uow, actor, promo_code_id)
            after = replace(before, **_with_moments(show, fields))
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
        """The promo code is gone. Raises NotFound, Conflict (orders used it)."""
        async with self._unit_of_work() as uow:
            show, promo_code = await locked_promo_code(uow, actor, promo_code_id)
            if await uow.orders.exist(promo_code_id=promo_code_id):
                raise Conflict("This promo code was used and cannot be deleted; set max_uses to 0 to end its use")
            await uow.promo_codes.delete(promo_code_id)
            await self._audit.record(
                uow, actor, Action.PROMO_CODE_DELETED, promo_code_id, show_id=show.id, before=promo_code
            )
            await uow.commit()


def _with_moments(show: Show, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Times as clients write them, by the clock of the show's venue. A code is valid from moment to moment."""
    moments = {
        name: show.moment(fields[name], name) for name in ("valid_from", "valid_until") if fields.get(name) is not None
    }
    return {**fields, **moments}


async def _ensure_free(uow: UnitOfWork, promo_code: TicketPromoCode) -> None:
    if await uow.promo_codes.with_code(promo_code.show_id, promo_code.code) is not None:
        raise Conflict(f"This show has a promo code {promo_code.code} already", field="code")
