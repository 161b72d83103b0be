"""The places of a show: capacities that ticket types share, and allocations that are off public sale."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from application.catalog.allocations import (
    AddAllocation,
    ChangeAllocation,
    DeleteAllocation,
    ReleaseAllocation,
)
from application.catalog.capacities import AddCapacity, ChangeCapacity, DeleteCapacity
from domain.capacity import Allocation, AllocationFields, Capacity, CapacityFields
from domain.catalog import MAX_QUANTITY
from domain.errors import Conflict, DomainError, NotFound
from domain.people import Member, Right
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form, id_in
from entrypoints.office.notices import done
from entrypoints.office.show_desk import ShowDesk, ShowDesks, refuse

FIELDS: Final[Mapping[str, str]] = MappingProxyType({"release_at": "release_clock"})
LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "name": "Name",
        "size": "Places",
        "capacity_id": "Of which capacity",
        "release_day": "Released on",
        "release_clock": "Released on",
    }
)


@get("/{show_id:uuid}/capacities/new")
async def new_capacity_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
) -> Response[str]:
    """The form of a new capacity."""
    desk = await show_desks(request, member, show_id, "tickets")
    return _capacity_form(desk, Form())


@post("/{show_id:uuid}/capacities/new")
async def new_capacity(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
    add_capacity: NamedDependency[AddCapacity],
) -> Response[Any]:
    """Add a capacity. A form that is sent twice adds one."""
    desk = await show_desks(request, member, show_id, "tickets")
    form = await Form.read(request)
    fields = _capacity_fields(form)
    try:
        if form.is_good:
            await add_capacity(member.actor, show_id, fields, capacity_id=id_in(form["key"]))
            return done(desk.path("/tickets"), "capacity-added")
    except DomainError as error:
        refuse(form, error)
    return _capacity_form(desk, form)


@get("/{show_id:uuid}/capacities/{capacity_id:uuid}")
async def capacity_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    capacity_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
) -> Response[str]:
    """A capacity, to change it."""
    desk = await show_desks(request, member, show_id, "tickets")
    capacity = await _capacity(desk, capacity_id)
    return _capacity_form(desk, _filled_capacity(capacity), capacity)


def _filled_capacity(capacity: Capacity) -> Form:
    return Form.filled({"name": capacity.name, "size": capacity.size})


@post("/{show_id:uuid}/capacities/{capacity_id:uuid}")
async def edit_capacity(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    capacity_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
    change_capacity: NamedDependency[ChangeCapacity],
) -> Response[Any]:
    """Change a capacity."""
    desk = await show_desks(request, member, show_id, "tickets")
    capacity = await _capacity(desk, capacity_id)
    form = await Form.read(request)
    form.refuse_if_changed(_filled_capacity(capacity))
    fields = _capacity_fields(form)
    try:
        if form.is_good:
            await change_capacity(member.actor, capacity_id, fields)
            return done(desk.path("/tickets"), "capacity-changed")
    except DomainError as error:
        refuse(form, error)
    return _capacity_form(desk, form, capacity)


@get("/{show_id:uuid}/capacities/{capacity_id:uuid}/delete")
async def ask_to_delete_capacity(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    capacity_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
) -> Response[str]:
    """Ask before a capacity is deleted."""
    desk = await show_desks(request, member, show_id, "tickets")
    return _capacity_deletion(desk, await _capacity(desk, capacity_id), Form())


@post("/{show_id:uuid}/capacities/{capacity_id:uuid}/delete")
async def remove_capacity(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    capacity_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
    delete_capacity: NamedDependency[DeleteCapacity],
) -> Response[Any]:
    """Delete a capacity that nothing draws on."""
    desk = await show_desks(request, member, show_id, "tickets")
    capacity, form = await _capacity(desk, capacity_id), Form()
    try:
        await delete_capacity(member.actor, capacity_id)
    except Conflict as error:
        form.refuse(error)
        return _capacity_deletion(desk, capacity, form)
    return done(desk.path("/tickets"), "capacity-deleted")


@get("/{show_id:uuid}/allocations/new")
async def new_allocation_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
) -> Response[str]:
    """The form of a new allocation."""
    desk = await show_desks(request, member, show_id, "tickets")
    capacities = await desk.capacities()
    first = capacities[0].id if capacities else ""
    return await _allocation_form(desk, Form.filled({"capacity_id": first}))


@post("/{show_id:uuid}/allocations/new")
async def new_allocation(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
    add_allocation: NamedDependency[AddAllocation],
) -> Response[Any]:
    """Take places off public sale. A form that is sent twice does it once."""
    desk = await show_desks(request, member, show_id, "tickets")
    form = await Form.read(request)
    capacity_id, fields = id_in(form["capacity_id"]), _allocation_fields(form)
    if capacity_id is None:
        form.wrong("capacity_id", "Please choose one of these.")
    try:
        if form.is_good and capacity_id:
            await add_allocation(member.actor, show_id, capacity_id, fields, allocation_id=id_in(form["key"]))
            return done(desk.path("/tickets"), "allocation-added")
    except DomainError as error:
        refuse(form, error, FIELDS)
    return await _allocation_form(desk, form)


@get("/{show_id:uuid}/allocations/{allocation_id:uuid}")
async def allocation_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    allocation_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
) -> Response[str]:
    """An allocation, to change it."""
    desk = await show_desks(request, member, show_id, "tickets")
    allocation = await _allocation(desk, allocation_id)
    return await _allocation_form(desk, _filled_allocation(desk, allocation), allocation)


def _filled_allocation(desk: ShowDesk, allocation: Allocation) -> Form:
    times = desk.local("release", allocation.release_at)
    return Form.filled({"name": allocation.name, "size": allocation.size, **times})


@post("/{show_id:uuid}/allocations/{allocation_id:uuid}")
async def edit_allocation(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    allocation_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
    change_allocation: NamedDependency[ChangeAllocation],
) -> Response[Any]:
    """Change an allocation. More places come from what the public has left, fewer go back there."""
    desk = await show_desks(request, member, show_id, "tickets")
    allocation = await _allocation(desk, allocation_id)
    form = await Form.read(request)
    form.refuse_if_changed(_filled_allocation(desk, allocation))
    fields = _allocation_fields(form)
    if allocation.is_released:
        fields = AllocationFields(name=fields["name"])
    elif _is_same_minute(desk, fields.get("release_at"), allocation.release_at):
        fields.pop("release_at")
    try:
        if form.is_good:
            await change_allocation(member.actor, allocation_id, fields)
            return done(desk.path("/tickets"), "allocation-changed")
    except DomainError as error:
        refuse(form, error, FIELDS)
    return await _allocation_form(desk, form, allocation)


@get("/{show_id:uuid}/allocations/{allocation_id:uuid}/release")
async def ask_to_release(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    allocation_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
) -> Response[str]:
    """Ask before an allocation is released."""
    desk = await show_desks(request, member, show_id, "tickets")
    return _release(desk, await _allocation(desk, allocation_id), Form())


@post("/{show_id:uuid}/allocations/{allocation_id:uuid}/release")
async def release(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    allocation_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
    release_allocation: NamedDependency[ReleaseAllocation],
) -> Response[Any]:
    """Put what is not sold of it on public sale."""
    desk = await show_desks(request, member, show_id, "tickets")
    allocation, form = await _allocation(desk, allocation_id), Form()
    try:
        await release_allocation(member.actor, allocation_id)
    except Conflict as error:
        form.refuse(error)
        return _release(desk, allocation, form)
    return done(desk.path("/tickets"), "allocation-released")


@get("/{show_id:uuid}/allocations/{allocation_id:uuid}/delete")
async def ask_to_delete_allocation(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    allocation_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
) -> Response[str]:
    """Ask before an allocation is deleted."""
    desk = await show_desks(request, member, show_id, "tickets")
    return _allocation_deletion(desk, await _allocation(desk, allocation_id), Form())


@post("/{show_id:uuid}/allocations/{allocation_id:uuid}/delete")
async def remove_allocation(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    allocation_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
    delete_allocation: NamedDependency[DeleteAllocation],
) -> Response[Any]:
    """Delete an allocation without orders."""
    desk = await show_desks(request, member, show_id, "tickets")
    allocation, form = await _allocation(desk, allocation_id), Form()
    try:
        await delete_allocation(member.actor, allocation_id)
    except Conflict as error:
        form.refuse(error)
        return _allocation_deletion(desk, allocation, form)
    return done(desk.path("/tickets"), "allocation-deleted")


async def _capacity(desk: ShowDesk, capacity_id: UUID) -> Capacity:
    for capacity in await desk.capacities():
        if capacity.id == capacity_id:
            return capacity
    raise NotFound("No such capacity")


async def _allocation(desk: ShowDesk, allocation_id: UUID) -> Allocation:
    for allocation in await desk.allocations():
        if allocation.id == allocation_id:
            return allocation
    raise NotFound("No such allocation")


def _is_same_minute(desk: ShowDesk, typed: object, was: object) -> bool:
    """Whether the form has what it was filled with: such a time is not read again."""
    shown = desk.local("release", was) if was else {}  # type: ignore[arg-type]  # a moment
    there = f"{typed:%Y-%m-%d %H:%M}" if typed else ""
    return there == f"{shown['release_day']} {shown['release_clock']}" if shown else not typed


def _capacity_fields(form: Form) -> CapacityFields:
    name = form.text("name", required=True)
    return CapacityFields(name=name, size=form.whole("size", required=True, most=MAX_QUANTITY) or 0)


def _allocation_fields(form: Form) -> AllocationFields:
    name = form.text("name", required=True)
    size = form.whole("size", required="size" in form.typed, most=MAX_QUANTITY) or 0
    return AllocationFields(name=name, size=size, release_at=form.local_time("release_day", "release_clock"))


def _capacity_form(desk: ShowDesk, form: Form, capacity: Capacity | None = None) -> Response[str]:
    return desk.render("office/capacity_form.html", {"capacity": capacity, "labels": LABELS}, form=form)


async def _allocation_form(desk: ShowDesk, form: Form, allocation: Allocation | None = None) -> Response[str]:
    capacities = [(str(each.id), f"{each.name} ({each.remaining:,} left)") for each in await desk.capacities()]
    context = {"allocation": allocation, "capacities": capacities, "labels": LABELS}
    return desk.render("office/allocation_form.html", context, form=form)


def _capacity_deletion(desk: ShowDesk, capacity: Capacity, form: Form) -> Response[str]:
    context = {
        "title": "Delete this capacity?",
        "name": capacity.name,
        "words": "A capacity that ticket types draw on, or that has allocations, stays.",
        "submit": "Delete the capacity",
        "back": desk.path("/tickets"),
    }
    return desk.render("office/ask.html", context, form=form)


def _release(desk: ShowDesk, allocation: Allocation, form: Form) -> Response[str]:
    left = allocation.remaining
    context = {
        "title": "Release this allocation?",
        "name": allocation.name,
        "words": f"{left:,} places go on public sale at once. This cannot be undone. What was sold of it stays sold.",
        "submit": "Release it",
        "back": desk.path("/tickets"),
    }
    return desk.render("office/ask.html", context, form=form)


def _allocation_deletion(desk: ShowDesk, allocation: Allocation, form: Form) -> Response[str]:
    context = {
        "title": "Delete this allocation?",
        "name": allocation.name,
        "words": f"Its {allocation.remaining:,} places go on public sale. With orders, it can only be released.",
        "submit": "Delete the allocation",
        "back": desk.path("/tickets"),
    }
    return desk.render("office/ask.html", context, form=form)


router = office_router(
    "/office/shows",
    new_capacity_page,
    new_capacity,
    capacity_page,
    edit_capacity,
    ask_to_delete_capacity,
    remove_capacity,
    new_allocation_page,
    new_allocation,
    allocation_page,
    edit_allocation,
    ask_to_release,
    release,
    ask_to_delete_allocation,
    remove_allocation,
    right=Right.CATALOG,
)
