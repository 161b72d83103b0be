"""The producer's shows."""

from __future__ import annotations

from uuid import UUID

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from application.catalog.runs import CopyShow
from application.catalog.shows import AddShow, ChangeShow, DeleteShow, GetOwnShow, ListOwnShows
from application.ports.catalog import ShowCursor
from domain.access import Actor, Scope
from domain.policy import CheckoutPolicy
from domain.schedule import Start
from entrypoints.http.access import guarded_router
from entrypoints.http.openapi import answers
from entrypoints.http.paging import DEFAULT_PAGE, PageCursor, PageLimit, decode_cursor, encode_cursor
from entrypoints.http.producer.production_schemas import CopyShowIn
from entrypoints.http.producer.schemas import OwnShowListOut, OwnShowOut, ShowChangesIn, ShowIn, show_fields
from entrypoints.http.strict_json import StrictJson


@post("/", dto=StrictJson[ShowIn], return_dto=None, summary="Add a show", operation_id="add_show")
async def add(
    data: JSONBody[ShowIn],
    actor: NamedDependency[Actor],
    add_show: NamedDependency[AddShow],
    policy: NamedDependency[CheckoutPolicy],
) -> OwnShowOut:
    """It sells nothing before it has tickets and is published."""
    return OwnShowOut.of(await add_show(actor, show_fields(data)), policy)


@get("/", summary="List the producer's shows", operation_id="list_own_shows")
async def list_all(
    actor: NamedDependency[Actor],
    list_own_shows: NamedDependency[ListOwnShows],
    policy: NamedDependency[CheckoutPolicy],
    production: FromQuery[UUID | None] = None,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = None,
) -> OwnShowListOut:
    """Published or not, past or upcoming; the latest start comes first. ``production`` limits them to one."""
    after = ShowCursor(*decode_cursor(cursor)) if cursor else None
    shows, more = await list_own_shows(actor, production_id=production, after=after, limit=limit)
    return OwnShowListOut(
        [OwnShowOut.of(display, policy) for display in shows],
        encode_cursor(more.start_time, more.show_id) if more else None,
    )


@get("/{show_id:uuid}", summary="Get a show of the producer's", operation_id="get_own_show")
async def get_one(
    show_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    get_own_show: NamedDependency[GetOwnShow],
    policy: NamedDependency[CheckoutPolicy],
) -> OwnShowOut:
    """With the held and sold count of each ticket."""
    return OwnShowOut.of(await get_own_show(actor, show_id), policy)


@patch(
    "/{show_id:uuid}",
    dto=StrictJson[ShowChangesIn],
    return_dto=None,
    summary="Change, publish, unpublish or cancel a show",
    operation_id="change_show",
    responses=answers("conflict"),
)
async def change(
    show_id: FromPath[UUID],
    data: JSONBody[ShowChangesIn],
    actor: NamedDependency[Actor],
    change_show: NamedDependency[ChangeShow],
    policy: NamedDependency[CheckoutPolicy],
) -> OwnShowOut:
    """Buyers get a mail when times or venue change, and when it is cancelled. A cancelled show cannot be changed."""
    return OwnShowOut.of(await change_show(actor, show_id, show_fields(data)), policy)


@post(
    "/{show_id:uuid}/copy",
    dto=StrictJson[CopyShowIn],
    return_dto=None,
    summary="Copy a show",
    operation_id="copy_show",
    responses=answers("conflict"),
)
async def copy(
    show_id: FromPath[UUID],
    data: JSONBody[CopyShowIn],
    actor: NamedDependency[Actor],
    copy_show: NamedDependency[CopyShow],
    policy: NamedDependency[CheckoutPolicy],
) -> OwnShowOut:
    """Texts, image and ticket types at another time, in the same production. Nothing of the copy is sold."""
    start = Start(data.start_time, "start_time")
    copied = await copy_show(
        actor, show_id, start, data.to_fields(), promo_codes=data.promo_codes, sale_times=data.sale_times
    )
    return OwnShowOut.of(copied, policy)


@delete(
    "/{show_id:uuid}",
    summary="Delete a show",
    operation_id="delete_show",
    responses=answers("conflict"),
)
async def remove(
    show_id: FromPath[UUID], actor: NamedDependency[Actor], delete_show: NamedDependency[DeleteShow]
) -> None:
    """Deletes its tickets and promo codes, too. A show with orders cannot be deleted."""
    await delete_show(actor, show_id)


router = guarded_router(
    "/shows", add, list_all, get_one, change, copy, remove, scopes=[Scope.CATALOG], tags=["Producer: catalog"]
)
