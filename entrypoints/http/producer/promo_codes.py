"""Promo codes of the producer's shows."""

from __future__ import annotations

from uuid import UUID

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from application.catalog.promo_codes import AddPromoCode, ChangePromoCode, DeletePromoCode, ListPromoCodes
from domain.access import Actor, Scope
from entrypoints.http.access import guarded_router
from entrypoints.http.openapi import answers
from entrypoints.http.paging import DEFAULT_PAGE, PageCursor, PageLimit, decode_text, encode_text
from entrypoints.http.producer.schemas import (
    PromoCodeChangesIn,
    PromoCodeIn,
    PromoCodeListOut,
    PromoCodeOut,
    promo_code_fields,
)
from entrypoints.http.strict_json import StrictJson


@post(
    "/shows/{show_id:uuid}/promo-codes",
    dto=StrictJson[PromoCodeIn],
    return_dto=None,
    summary="Add a promo code",
    operation_id="add_promo_code",
    responses=answers("conflict"),
)
async def add(
    show_id: FromPath[UUID],
    data: JSONBody[PromoCodeIn],
    actor: NamedDependency[Actor],
    add_promo_code: NamedDependency[AddPromoCode],
) -> PromoCodeOut:
    """Stored in upper case. A show has each code once."""
    return PromoCodeOut.of(await add_promo_code(actor, show_id, promo_code_fields(data)))


@get("/shows/{show_id:uuid}/promo-codes", summary="List a show's promo codes", operation_id="list_promo_codes")
async def list_of(
    show_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    list_promo_codes: NamedDependency[ListPromoCodes],
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = None,
) -> PromoCodeListOut:
    """Sorted by code."""
    after = decode_text(cursor) if cursor else None
    promo_codes, more = await list_promo_codes(actor, show_id, after=after, limit=limit)
    return PromoCodeListOut(
        [PromoCodeOut.of(promo_code) for promo_code in promo_codes], encode_text(more) if more else None
    )


@patch(
    "/promo-codes/{promo_code_id:uuid}",
    dto=StrictJson[PromoCodeChangesIn],
    return_dto=None,
    summary="Change a promo code",
    operation_id="change_promo_code",
    responses=answers("conflict"),
)
async def change(
    promo_code_id: FromPath[UUID],
    data: JSONBody[PromoCodeChangesIn],
    actor: NamedDependency[Actor],
    change_promo_code: NamedDependency[ChangePromoCode],
) -> PromoCodeOut:
    """The next checkout sees the change; orders keep their discount. To exchange a discount for an amount, set the
    discount to null in the same request.
    """
    return PromoCodeOut.of(await change_promo_code(actor, promo_code_id, promo_code_fields(data)))


@delete(
    "/promo-codes/{promo_code_id:uuid}",
    summary="Delete a promo code",
    operation_id="delete_promo_code",
    responses=answers("conflict"),
)
async def remove(
    promo_code_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    delete_promo_code: NamedDependency[DeletePromoCode],
) -> None:
    """A code that orders used cannot be deleted."""
    await delete_promo_code(actor, promo_code_id)


router = guarded_router("/", add, list_of, change, remove, scopes=[Scope.CATALOG], tags=["Producer: catalog"])
