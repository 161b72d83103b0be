"""Exporting and erasing the personal data of a buyer."""

from __future__ import annotations

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from application.orders.personal_data import EraseBuyer, ExportBuyer
from domain.access import Actor, Scope
from domain.errors import InvalidRequest
from entrypoints.http.access import guarded_router
from entrypoints.http.openapi import answers
from entrypoints.http.producer.order_schemas import BuyerIn, ErasedOut, EraseIn, HeldOut
from entrypoints.http.strict_json import StrictJson


@post(
    "/export",
    status_code=HTTP_200_OK,
    dto=StrictJson[BuyerIn],
    return_dto=None,
    summary="Export everything about a buyer",
    operation_id="export_buyer",
    responses=answers("not_found"),
)
async def export(
    data: JSONBody[BuyerIn], actor: NamedDependency[Actor], export_buyer: NamedDependency[ExportBuyer]
) -> HeldOut:
    """All data of the producer's orders under this address, in any case."""
    email = _text(data.email)
    return HeldOut.of(email, await export_buyer(actor, email))


@post(
    "/erase",
    status_code=HTTP_200_OK,
    dto=StrictJson[EraseIn],
    return_dto=None,
    summary="Erase a buyer",
    operation_id="erase_buyer",
    responses=answers("not_found", "conflict"),
)
async def erase(
    data: JSONBody[EraseIn], actor: NamedDependency[Actor], erase_buyer: NamedDependency[EraseBuyer]
) -> ErasedOut:
    """Erases name, address and phone from orders and attendees, and notes and reasons with them; figures stay. Refused
    while an order is being paid, and, without ``force``, while one admits to a show that is not over.
    """
    erased = await erase_buyer(actor, _text(data.email), force=data.force)
    return ErasedOut(list(erased.order_ids), list(erased.emails), list(erased.scanners))


def _text(email: str) -> str:
    if "\x00" in email:
        raise InvalidRequest("email must be text", field="email")
    return email.strip()


router = guarded_router("/privacy", export, erase, scopes=[Scope.ORDERS], tags=["Producer: buyers"])
