"""The places that ticket types of the producer's shows share, and those that are off public sale."""

from __future__ import annotations

from uuid import UUID

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from application.catalog.allocations import (
    AddAllocation,
    ChangeAllocation,
    DeleteAllocation,
    ListAllocations,
    ReleaseAllocation,
)
from application.catalog.capacities import AddCapacity, ChangeCapacity, DeleteCapacity, ListCapacities
from domain.access import Actor, Scope
from domain.capacity import AllocationFields, CapacityFields
from entrypoints.http.access import guarded_router
from entrypoints.http.openapi import answers
from entrypoints.http.paging import DEFAULT_PAGE, PageCursor, PageLimit, decode_id, encode_text
from entrypoints.http.producer.capacity_schemas import (
    AllocationChangesIn,
    AllocationIn,
    AllocationListOut,
    AllocationOut,
    CapacityChangesIn,
    CapacityIn,
    CapacityListOut,
    CapacityOut,
)
from entrypoints.http.producer.schemas import given
from entrypoints.http.strict_json import StrictJson


@post(
    "/shows/{show_id:uuid}/capacities",
    dto=StrictJson[CapacityIn],
    return_dto=None,
    summary="Add a capacity",
    operation_id="add_capacity",
    responses=answers("conflict"),
)
async def add(
    show_id: FromPath[UUID],
    data: JSONBody[CapacityIn],
    actor: NamedDependency[Actor],
    add_capacity: NamedDependency[AddCapacity],
) -> CapacityOut:
    """Ticket types draw on it by their ``capacity_id``. A show has at most 50."""
    return CapacityOut.of(await add_capacity(actor, show_id, given(data, CapacityFields)))


@get("/shows/{show_id:uuid}/capacities", summary="List a show's capacities", operation_id="list_capacities")
async def list_of(
    show_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    list_capacities: NamedDependency[ListCapacities],
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = None,
) -> CapacityListOut:
    """Oldest first."""
    after = decode_id(cursor) if cursor else None
    capacities, more = await list_capacities(actor, show_id, after=after, limit=limit)
    return CapacityListOut(
        [CapacityOut.of(capacity) for capacity in capacities], encode_text(str(more)) if more else None
    )


@patch(
    "/capacities/{capacity_id:uuid}",
    dto=StrictJson[CapacityChangesIn],
    return_dto=None,
    summary="Change a capacity",
    operation_id="change_capacity",
    responses=answers("conflict"),
)
async def change(
    capacity_id: FromPath[UUID],
    data: JSONBody[CapacityChangesIn],
    actor: NamedDependency[Actor],
    change_capacity: NamedDependency[ChangeCapacity],
) -> CapacityOut:
    """The next checkout sees it. ``size`` stays above what is held, sold and allocated."""
    return CapacityOut.of(await change_capacity(actor, capacity_id, given(data, CapacityFields)))


@delete(
    "/capacities/{capacity_id:uuid}",
    summary="Delete a capacity",
    operation_id="delete_capacity",
    responses=answers("conflict"),
)
async def remove(
    capacity_id: FromPath[UUID], actor: NamedDependency[Actor], delete_capacity: NamedDependency[DeleteCapacity]
) -> None:
    """A capacity that ticket types draw on, or that has allocations, cannot be deleted."""
    await delete_capacity(actor, capacity_id)


@post(
    "/shows/{show_id:uuid}/allocations",
    dto=StrictJson[AllocationIn],
    return_dto=None,
    summary="Take places off public sale",
    operation_id="add_allocation",
    responses=answers("conflict"),
)
async def allocate(
    show_id: FromPath[UUID],
    data: JSONBody[AllocationIn],
    actor: NamedDependency[Actor],
    add_allocation: NamedDependency[AddAllocation],
) -> AllocationOut:
    """Manual orders are sold out of it by their ``allocation_id``. A show has at most 200."""
    return AllocationOut.of(await add_allocation(actor, show_id, data.capacity_id, given(data, AllocationFields)))


@get("/shows/{show_id:uuid}/allocations", summary="List a show's allocations", operation_id="list_allocations")
async def list_allocated(
    show_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    list_allocations: NamedDependency[ListAllocations],
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = None,
) -> AllocationListOut:
    """Oldest first, released ones too."""
    after = decode_id(cursor) if cursor else None
    allocations, more = await list_allocations(actor, show_id, after=after, limit=limit)
    return AllocationListOut(
        [AllocationOut.of(allocation) for allocation in allocations], encode_text(str(more)) if more else None
    )


@patch(
    "/allocations/{allocation_id:uuid}",
    dto=StrictJson[AllocationChangesIn],
    return_dto=None,
    summary="Change an allocation",
    operation_id="change_allocation",
    responses=answers("conflict"),
)
async def reallocate(
    allocation_id: FromPath[UUID],
    data: JSONBody[AllocationChangesIn],
    actor: NamedDependency[Actor],
    change_allocation: NamedDependency[ChangeAllocation],
) -> AllocationOut:
    """More places come from what the public has left, fewer go back on public sale. Of a released allocation only the
    name changes.
    """
    return AllocationOut.of(await change_allocation(actor, allocation_id, given(data, AllocationFields)))


@post(
    "/allocations/{allocation_id:uuid}/release",
    status_code=HTTP_200_OK,
    summary="Release an allocation",
    operation_id="release_allocation",
    responses=answers("conflict"),
)
async def release(
    allocation_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    release_allocation: NamedDependency[ReleaseAllocation],
) -> AllocationOut:
    """What is not sold of it is on public sale at once. It happens once: later requests are a conflict."""
    return AllocationOut.of(await release_allocation(actor, allocation_id))


@delete(
    "/allocations/{allocation_id:uuid}",
    summary="Delete an allocation",
    operation_id="delete_allocation",
    responses=answers("conflict"),
)
async def dissolve(
    allocation_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    delete_allocation: NamedDependency[DeleteAllocation],
) -> None:
    """Its places go back on public sale. An allocation with orders cannot be deleted; release it."""
    await delete_allocation(actor, allocation_id)


router = guarded_router(
    "/",
    add,
    change,
    remove,
    allocate,
    reallocate,
    release,
    dissolve,
    scopes=[Scope.CATALOG],
    tags=["Producer: catalog"],
)
#: The box office sells out of allocations, and so must find them.
reading_router = guarded_router(
    "/", list_of, list_allocated, scopes=[Scope.CATALOG, Scope.ORDERS], tags=["Producer: catalog"]
)
