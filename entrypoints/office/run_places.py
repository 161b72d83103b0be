"""Keeping places of several shows of a run off public sale, in one form, with a preview before anything is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from application.catalog.run_allocations import AllocateInRun
from domain.catalog import MAX_HOURS_BEFORE, MAX_QUANTITY
from domain.errors import DomainError, InvalidRequest
from domain.people import Member, Right
from domain.run_allocation import PlannedAllocation, RunAllocation
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form
from entrypoints.office.notices import done
from entrypoints.office.run_desk import RUNS, RunDesk, RunDesks
from entrypoints.office.run_forms import CHANGE_FIELDS, CHANGE_LABELS, kept_fields, read_selection
from entrypoints.office.run_shows import MAX_LISTED

LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **CHANGE_LABELS,
        "name": "Name",
        "size": "Places in each show",
        "capacity": "Of which capacity",
        "release_hours": "On public sale",
    }
)


@get("/{production_id:uuid}/allocation")
async def places_page(
    request: Request[Any, Any, Any],
    production_id: FromPath[UUID],
    member: NamedDependency[Member],
    run_desks: NamedDependency[RunDesks],
    allocate_in_run: NamedDependency[AllocateInRun],
) -> Response[str]:
    """The form."""
    desk = await run_desks(request, member, production_id)
    names = await allocate_in_run.names(member.actor, production_id)
    return await _page(desk, Form.filled({"scope": "to_come"}), names)


async def _page(desk: RunDesk, form: Form, names: Sequence[str]) -> Response[str]:
    context = {
        "labels": LABELS,
        "capacities": [(name, name) for name in names],
        "shows": await desk.changeable(),
        "most_hours": MAX_HOURS_BEFORE,
    }
    return desk.render("office/run_places.html", context, form=form)


@post("/{production_id:uuid}/allocation")
async def keep(
    request: Request[Any, Any, Any],
    production_id: FromPath[UUID],
    member: NamedDependency[Member],
    run_desks: NamedDependency[RunDesks],
    allocate_in_run: NamedDependency[AllocateInRun],
) -> Response[Any]:
    """Shows what each show would have left, and keeps the places when the form is sent from there."""
    desk = await run_desks(request, member, production_id)
    form = await Form.read(request)
    wanted = _read(form)
    if wanted and not form.checked("back"):
        try:
            is_sure = form.checked("sure")
            planned = await allocate_in_run(member.actor, production_id, wanted, dry_run=not is_sure)
            if is_sure:
                return done(desk.path(), "places-kept")
        except DomainError as error:
            form.refuse(error, CHANGE_FIELDS)
        else:
            return _preview(desk, form, planned)
    return await _page(desk, form, await allocate_in_run.names(member.actor, production_id))


def _read(form: Form) -> RunAllocation | None:
    selection = read_selection(form)
    name, capacity = form.text("name", required=True), form.text("capacity", required=True)
    size = form.whole("size", required=True, least=1, most=MAX_QUANTITY)
    hours = form.whole("release_hours", most=MAX_HOURS_BEFORE)
    if not form.is_good or size is None:
        return None
    try:
        return RunAllocation(**selection, name=name, capacity=capacity, size=size, release_hours=hours)
    except InvalidRequest as error:
        form.refuse(error, CHANGE_FIELDS)
        return None


def _preview(desk: RunDesk, form: Form, planned: Sequence[PlannedAllocation]) -> Response[str]:
    # Shows that cannot have them come first: there may be more shows than are listed.
    refused = [each for each in planned if each.refusal]
    listed = [*refused, *(each for each in planned if not each.refusal)][:MAX_LISTED]
    context = {
        "kept": kept_fields(form, but=("sure", "back")),
        "lines": [(desk.head(each.show), _words(each), f"{each.left:,}") for each in listed],
        "count": len(planned),
        "added": sum(each.is_new for each in planned),
        "refused": len(refused),
    }
    return desk.render("office/run_places_preview.html", context, form=form)


def _words(planned: PlannedAllocation) -> str:
    if planned.refusal:
        text = str(planned.refusal)
        return f"{text[0].upper()}{text[1:]}."
    if planned.was_there and planned.allocation:
        return f"Has one of this name already, of {planned.allocation.size:,}: it stays as it is."
    return "They are kept."


router = office_router(RUNS, places_page, keep, right=Right.CATALOG)
