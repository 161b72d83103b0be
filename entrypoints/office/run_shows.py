"""Making the shows of a run, and changing several of them: each with a preview before anything is done."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from application.catalog.productions import GetOwnProduction
from application.catalog.runs import AddShows, ChangeRun
from application.catalog.show_overviews import LookOverShows
from application.catalog.shows import ChangedShow
from application.ports.show_overviews import ShowFilter, ShowRow, ShowTab
from application.refunds.cancellation import Cancellation, PreviewCancellation
from application.refunds.show_refunds import RefundShow
from domain.catalog import MAX_HOURS_BEFORE, Show
from domain.errors import DomainError, InvalidRequest, NotFound
from domain.people import Member, Right
from domain.production import NewShow, Production, SaleTimes
from domain.refunds import MAX_REASON_LENGTH
from domain.schedule import MAX_SHOWS_AT_ONCE
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form
from entrypoints.office.notices import done
from entrypoints.office.productions import run_path
from entrypoints.office.rendering import OfficePages
from entrypoints.office.run_forms import (
    BECOME,
    CHANGE_FIELDS,
    CHANGE_LABELS,
    DOOR_RULE_CHOICES,
    FREQUENCIES,
    PLAN_LABELS,
    SELLS_UNTIL_CHOICES,
    USUAL,
    WEEKDAYS,
    WEEKS,
    kept_fields,
    read_change,
    read_plan,
    refuse_plan,
)
from entrypoints.office.show_cancel import REFUND_CHOICES, SALE_TIMES
from entrypoints.office.show_frame import ShowHead
from entrypoints.office.venue_fields import countries

#: Shows that a form offers one by one: as templates, or to be changed.
MAX_CHOICES: Final = 100
#: Shows that a preview lists; of all others it says how many there are.
MAX_LISTED: Final = 100


async def choices(
    member: Member, pages: OfficePages, look: LookOverShows, production: Production, *, past: bool
) -> list[tuple[str, str, ShowRow]]:
    """The run's shows, to come first, as id and words."""
    found: list[ShowRow] = []
    for tab in [ShowTab.UPCOMING, *([ShowTab.PAST] if past else [])]:
        only = ShowFilter(tab=tab, production_id=production.id)
        found += (await look(member.actor, only=only, page=1, size=MAX_CHOICES)).rows
    heads = [(ShowHead.of(row.show, member.producer, pages.now()), row) for row in found[:MAX_CHOICES]]
    return [
        (str(row.show.id), f"{head.words.days()}, {head.words.clock(row.show.start_there)}", row) for head, row in heads
    ]


@get("/{production_id:uuid}/shows/new")
async def new_page(
    request: Request[Any, Any, Any],
    production_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_own_production: NamedDependency[GetOwnProduction],
    look_over_shows: NamedDependency[LookOverShows],
    how: FromQuery[str] = "rule",
) -> Response[str]:
    """The form of new shows: by a rule, or on listed days."""
    production = (await get_own_production(member.actor, production_id)).production
    form = Form.filled(
        {
            "how": "dates" if how == "dates" else "rule",
            "frequency": "weekly",
            "interval": 1,
            "sale_times": SaleTimes.MOVE,
        }
    )
    return await _new(request, member, office_pages, look_over_shows, production, form)


async def _new(
    request: Request[Any, Any, Any],
    member: Member,
    pages: OfficePages,
    look: LookOverShows,
    production: Production,
    form: Form,
) -> Response[str]:
    templates = await choices(member, pages, look, production, past=True)
    context = {
        "production": production,
        "path": run_path(production.id),
        "form": form,
        "labels": PLAN_LABELS,
        "frequencies": FREQUENCIES,
        "weekdays": WEEKDAYS,
        "weeks": WEEKS,
        "sale_times": SALE_TIMES,
        "templates": [(USUAL, "the run's usual tickets"), *((value, words) for value, words, _ in templates)],
        "most": MAX_SHOWS_AT_ONCE,
    }
    return pages.page(request, member, "office/run_new_shows.html", context, active="shows", status_code=form.status)


@post("/{production_id:uuid}/shows/new")
async def add(
    request: Request[Any, Any, Any],
    production_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_own_production: NamedDependency[GetOwnProduction],
    look_over_shows: NamedDependency[LookOverShows],
    add_shows: NamedDependency[AddShows],
) -> Response[Any]:
    """Lists the shows that the form would make, and makes them when it is sent from there."""
    production = (await get_own_production(member.actor, production_id)).production
    form = await Form.read(request)
    plan = read_plan(form)
    if plan and not form.checked("back"):
        try:
            made = await add_shows(member.actor, production_id, plan, dry_run=not form.checked("sure"))
        except InvalidRequest as error:
            refuse_plan(form, error)
        except NotFound:
            raise
        except DomainError as error:
            form.refuse(error)
        else:
            if form.checked("sure"):
                return done(run_path(production_id), "shows-added")
            choosable = await choices(member, office_pages, look_over_shows, production, past=True)
            cancelled = {row.show.start_time for *_, row in choosable if row.show.cancelled}
            return _made(request, member, office_pages, production, form, made, cancelled)
    return await _new(request, member, office_pages, look_over_shows, production, form)


def _made(
    request: Request[Any, Any, Any],
    member: Member,
    pages: OfficePages,
    production: Production,
    form: Form,
    made: Sequence[NewShow],
    cancelled: Collection[datetime],
) -> Response[str]:
    now = pages.now()
    context = {
        "production": production,
        "path": run_path(production.id),
        "kept": kept_fields(form, but=("sure", "back")),
        "heads": [
            (ShowHead.of(new.show, member.producer, now), _note(new.show, now, cancelled)) for new in made[:MAX_LISTED]
        ],
        "over": sum(new.show.end_time <= now for new in made),
        "count": len(made),
        "tickets": [ticket.name for ticket in made[0].tickets],
        "published": form.checked("published"),
    }
    return pages.page(request, member, "office/run_new_shows_preview.html", context, active="shows")


def _note(show: Show, now: datetime, cancelled: Collection[datetime]) -> str:
    """What a person may have missed about a new show."""
    if show.end_time <= now:
        return "this day is over"
    return "a show that starts then was cancelled" if show.start_time in cancelled else ""


@get("/{production_id:uuid}/change")
async def change_page(
    request: Request[Any, Any, Any],
    production_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_own_production: NamedDependency[GetOwnProduction],
    look_over_shows: NamedDependency[LookOverShows],
) -> Response[str]:
    """The form of a change of several shows."""
    production = (await get_own_production(member.actor, production_id)).production
    form = Form.filled({"scope": "to_come"})
    return await _change(request, member, office_pages, look_over_shows, production, form)


async def _change(
    request: Request[Any, Any, Any],
    member: Member,
    pages: OfficePages,
    look: LookOverShows,
    production: Production,
    form: Form,
) -> Response[str]:
    context = {
        "production": production,
        "path": run_path(production.id),
        "form": form,
        "labels": CHANGE_LABELS,
        "shows": [
            (value, words, row)
            for value, words, row in await choices(member, pages, look, production, past=False)
            if not row.show.cancelled
        ],
        "become": BECOME,
        "sells_until": SELLS_UNTIL_CHOICES,
        "door_rules": DOOR_RULE_CHOICES,
        "countries": countries(),
        "most_hours": MAX_HOURS_BEFORE,
    }
    return pages.page(request, member, "office/run_change.html", context, active="shows", status_code=form.status)


@post("/{production_id:uuid}/change")
async def change(
    request: Request[Any, Any, Any],
    production_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_own_production: NamedDependency[GetOwnProduction],
    look_over_shows: NamedDependency[LookOverShows],
    change_run: NamedDependency[ChangeRun],
    preview_cancellation: NamedDependency[PreviewCancellation],
    refund_show: NamedDependency[RefundShow],
) -> Response[Any]:
    """Shows what the change would do, and does it when the form is sent from there."""
    production = (await get_own_production(member.actor, production_id)).production
    form = await Form.read(request)
    asked = read_change(form)
    if asked and not form.checked("back"):
        try:
            changed = await change_run(member.actor, production_id, asked, dry_run=not form.checked("sure"))
            if form.checked("sure"):
                return await _changed(form, member, production_id, changed, refund_show)
            found = None
            if asked.fields.get("cancelled"):
                cancelled = [each.before.id for each in changed if not each.before.cancelled]
                found = await preview_cancellation(member.actor, cancelled)
        except DomainError as error:
            form.refuse(error, CHANGE_FIELDS)
        else:
            return _preview(request, member, office_pages, production, form, changed, found)
    return await _change(request, member, office_pages, look_over_shows, production, form)


async def _changed(
    form: Form, member: Member, production_id: UUID, changed: Sequence[ChangedShow], refund_show: RefundShow
) -> Response[Any]:
    """After the change: workers refund the buyers of what was cancelled, if that was chosen."""
    chosen = form["refund"] if member.may(Right.ORDERS) else ""
    if chosen not in ("with_fees", "without_fees"):
        return done(run_path(production_id), "shows-changed")
    reason = form.text("reason")[:MAX_REASON_LENGTH]
    for each in changed:
        if each.after.cancelled:
            await refund_show(member.actor, each.after.id, refund_fees=chosen == "with_fees", reason=reason)
    return done(run_path(production_id), "shows-cancelled-refunding")


def _preview(
    request: Request[Any, Any, Any],
    member: Member,
    pages: OfficePages,
    production: Production,
    form: Form,
    changed: Sequence[ChangedShow],
    found: Cancellation | None,
) -> Response[str]:
    now = pages.now()
    real = [each for each in changed if each.after != each.before]
    if found:
        form.typed = {"refund": ["with_fees"], **form.typed}
    context = {
        "production": production,
        "path": run_path(production.id),
        "form": form,
        "kept": kept_fields(form, but=("sure", "back", "refund", "reason")),
        "lines": [
            (
                ShowHead.of(each.before, member.producer, now),
                ShowHead.of(each.after, member.producer, now),
                each.mails,
            )
            for each in real[:MAX_LISTED]
        ],
        "count": len(real),
        "unchanged": len(changed) - len(real),
        "mails": sum(each.mails for each in changed),
        "found": found,
        "choices": REFUND_CHOICES if member.may(Right.ORDERS) else REFUND_CHOICES[-1:],
        "price": ShowHead.of(changed[0].after, member.producer, now).words.price if changed else str,
    }
    return pages.page(request, member, "office/run_change_preview.html", context, active="shows")


router = office_router("/office/productions", new_page, add, change_page, change, right=Right.CATALOG)
