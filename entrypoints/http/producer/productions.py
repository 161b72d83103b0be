"""The producer's productions and their shows."""

from __future__ import annotations

from uuid import UUID

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import UNSET

from application.catalog.productions import (
    AddProduction,
    ChangeProduction,
    DeleteProduction,
    GetOwnProduction,
    ListProductions,
)
from application.catalog.run_allocations import AllocateInRun
from application.catalog.runs import AddShows, ChangeRun
from application.links import Links
from domain.access import Actor, Scope
from entrypoints.http.access import guarded_router
from entrypoints.http.openapi import answers
from entrypoints.http.paging import DEFAULT_PAGE, PageCursor, PageLimit, decode_id, encode_text
from entrypoints.http.producer.production_schemas import (
    NewShowsIn,
    NewShowsOut,
    OwnProductionListOut,
    OwnProductionOut,
    ProductionChangesIn,
    ProductionIn,
    RunAllocationIn,
    RunAllocationOut,
    RunChangeIn,
    RunChangeOut,
    production_fields,
)
from entrypoints.http.strict_json import StrictJson


@post("/", dto=StrictJson[ProductionIn], return_dto=None, summary="Add a production", operation_id="add_production")
async def add(
    data: JSONBody[ProductionIn],
    actor: NamedDependency[Actor],
    add_production: NamedDependency[AddProduction],
    links: NamedDependency[Links],
) -> OwnProductionOut:
    """It has no shows yet, and buyers do not see it before one of its shows is published."""
    tickets = [ticket.to_default() for ticket in data.tickets]
    return OwnProductionOut.of(await add_production(actor, production_fields(data), tickets), links)


@get("/", summary="List the producer's productions", operation_id="list_productions")
async def list_all(
    actor: NamedDependency[Actor],
    list_productions: NamedDependency[ListProductions],
    links: NamedDependency[Links],
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = None,
) -> OwnProductionListOut:
    """The newest comes first."""
    found, more = await list_productions(actor, after=decode_id(cursor) if cursor else None, limit=limit)
    return OwnProductionListOut(
        [OwnProductionOut.of(each, links) for each in found], encode_text(str(more)) if more else None
    )


@get("/{production_id:uuid}", summary="Get a production of the producer's", operation_id="get_own_production")
async def get_one(
    production_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    get_own_production: NamedDependency[GetOwnProduction],
    links: NamedDependency[Links],
) -> OwnProductionOut:
    """With the defaults for new shows. Its shows are listed by GET /producer/shows."""
    return OwnProductionOut.of(await get_own_production(actor, production_id), links)


@patch(
    "/{production_id:uuid}",
    dto=StrictJson[ProductionChangesIn],
    return_dto=None,
    summary="Change a production",
    operation_id="change_production",
)
async def change(
    production_id: FromPath[UUID],
    data: JSONBody[ProductionChangesIn],
    actor: NamedDependency[Actor],
    change_production: NamedDependency[ChangeProduction],
    links: NamedDependency[Links],
) -> OwnProductionOut:
    """Its shows have the new description at once, unless they have their own. All else is for new shows."""
    tickets = None if data.tickets is UNSET else [ticket.to_default() for ticket in data.tickets]
    return OwnProductionOut.of(await change_production(actor, production_id, production_fields(data), tickets), links)


@delete(
    "/{production_id:uuid}",
    summary="Delete a production",
    operation_id="delete_production",
    responses=answers("conflict"),
)
async def remove(
    production_id: FromPath[UUID], actor: NamedDependency[Actor], delete_production: NamedDependency[DeleteProduction]
) -> None:
    """A production with shows cannot be deleted."""
    await delete_production(actor, production_id)


@post(
    "/{production_id:uuid}/shows",
    dto=StrictJson[NewShowsIn],
    return_dto=None,
    status_code=HTTP_200_OK,
    summary="Add shows by dates or by a rule",
    operation_id="add_shows",
    responses=answers("conflict"),
)
async def add_shows(
    production_id: FromPath[UUID],
    data: JSONBody[NewShowsIn],
    actor: NamedDependency[Actor],
    add_shows: NamedDependency[AddShows],
) -> NewShowsOut:
    """All of them, or none. A request that comes twice is refused: the production has shows that start then."""
    made = await add_shows(actor, production_id, data.to_plan(), dry_run=data.dry_run)
    return NewShowsOut.of(made, dry_run=data.dry_run)


@patch(
    "/{production_id:uuid}/shows",
    dto=StrictJson[RunChangeIn],
    return_dto=None,
    summary="Change several shows at once",
    operation_id="change_run",
    responses=answers("conflict"),
)
async def change_shows(
    production_id: FromPath[UUID],
    data: JSONBody[RunChangeIn],
    actor: NamedDependency[Actor],
    change_run: NamedDependency[ChangeRun],
) -> RunChangeOut:
    """All of them, or none. Buyers get the mails that a change of their show alone would send them."""
    return RunChangeOut.of(
        await change_run(actor, production_id, data.to_change(), dry_run=data.dry_run), dry_run=data.dry_run
    )


@post(
    "/{production_id:uuid}/allocations",
    dto=StrictJson[RunAllocationIn],
    return_dto=None,
    status_code=HTTP_200_OK,
    summary="Keep places of several shows off public sale",
    operation_id="allocate_in_run",
    responses=answers("conflict"),
)
async def allocate(
    production_id: FromPath[UUID],
    data: JSONBody[RunAllocationIn],
    actor: NamedDependency[Actor],
    allocate_in_run: NamedDependency[AllocateInRun],
) -> RunAllocationOut:
    """An allocation of the same name in each of the shows, or in none. With ``dry_run`` the answer says which shows
    cannot have it, and why. A request that comes twice adds nothing.
    """
    planned = await allocate_in_run(actor, production_id, data.to_allocation(), dry_run=data.dry_run)
    return RunAllocationOut.of(planned, dry_run=data.dry_run)


router = guarded_router(
    "/productions",
    add,
    list_all,
    get_one,
    change,
    remove,
    add_shows,
    change_shows,
    allocate,
    scopes=[Scope.CATALOG],
    tags=["Producer: catalog"],
)
