"""Holds of a show's tickets that are not paid."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from application.checkout.holds import HeldBy, HoldsOfAddress, ListHolds, Released, ReleaseHolds
from domain.access import Actor, Scope
from domain.errors import InvalidRequest
from entrypoints.http.access import guarded_router
from entrypoints.http.openapi import answers
from entrypoints.http.paging import DEFAULT_PAGE, PageCursor, PageLimit, decode_text, encode_text
from entrypoints.http.strict_json import StrictJson


class HoldsOut(msgspec.Struct, kw_only=True):
    """``address`` is an e-mail address as it was typed last, or the name of a network. The times are the beginning of
    its first hold and the end of its last.
    """

    address: str
    orders: int
    tickets: int
    since: datetime
    until: datetime

    @classmethod
    def of(cls, holds: HoldsOfAddress) -> HoldsOut:
        return cls(
            address=holds.address, orders=holds.orders, tickets=holds.tickets, since=holds.since, until=holds.until
        )


class HoldListOut(msgspec.Struct, kw_only=True):
    items: list[HoldsOut]
    next_cursor: str | None


class ReleaseHoldsIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Exactly one of the two, as the list names it."""

    email: str | None = None
    network: str | None = None


class ReleasedOut(msgspec.Struct, kw_only=True):
    """``released`` holds were given back, ``paid`` ones were paid just before.

    Repeat the request for those that are ``left``.
    """

    released: int
    paid: int
    left: int

    @classmethod
    def of(cls, outcome: Released) -> ReleasedOut:
        return cls(released=outcome.released, paid=outcome.paid, left=outcome.left)


@get("/", summary="See who holds tickets", operation_id="list_holds")
async def list_all(
    show_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    list_holds: NamedDependency[ListHolds],
    by: Annotated[HeldBy, QueryParameter(description="What holds are grouped by.")] = HeldBy.EMAIL,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = None,
) -> HoldListOut:
    """Unpaid orders by e-mail address (all spellings of it are one), or by client network, with a name that does not
    identify its buyers. The largest holders come first.
    """
    found, more = await list_holds(actor, show_id, by=by, after=_decoded(cursor), limit=limit)
    return HoldListOut(
        items=[HoldsOut.of(holds) for holds in found],
        next_cursor=encode_text(f"{more[0]}|{more[1]}") if more else None,
    )


@post(
    "/release",
    status_code=HTTP_200_OK,
    dto=StrictJson[ReleaseHoldsIn],
    return_dto=None,
    summary="Release holds",
    operation_id="release_holds",
    responses=answers("invalid_request"),
)
async def release(
    show_id: FromPath[UUID],
    data: JSONBody[ReleaseHoldsIn],
    actor: NamedDependency[Actor],
    release_holds: NamedDependency[ReleaseHolds],
) -> ReleasedOut:
    """Closes the payment pages of one e-mail address or network, and puts the tickets on sale again: 25 orders at a
    time. Orders that wait for the buyer's bank are left alone.
    """
    return ReleasedOut.of(await release_holds(actor, show_id, email=data.email, network=data.network))


def _decoded(cursor: str | None) -> tuple[int, str] | None:
    if cursor is None:
        return None
    tickets, separator, address = decode_text(cursor).partition("|")
    if not separator or not tickets.isdecimal() or len(tickets) > 12:  # far more than any show has
        raise InvalidRequest("cursor is not one that this list has given", field="cursor")
    return int(tickets), address


router = guarded_router(
    "/shows/{show_id:uuid}/holds", list_all, release, scopes=[Scope.ORDERS], tags=["Producer: orders"]
)
