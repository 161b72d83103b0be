"""Making the shows of a run, and changing several of them: each with a preview before anything is done."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from application.catalog.runs import AddShows, ChangeRun
from application.catalog.shows import ChangedShow
from application.ports.show_overviews import ShowTab
from application.refunds.cancellation import Cancellation, PreviewCancellation
from application.refunds.show_refunds import RefundShow
from domain.catalog import MAX_HOURS_BEFORE, Show
from domain.errors import DomainError, InvalidRequest, NotFound
from domain.people import Member, Right
from domain.production import NewShow, SaleTimes
from domain.refunds import MAX_REASON_LENGTH
from domain.schedule import MAX_SHOWS_AT_ONCE
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form
from entrypoints.office.notices import done
from entrypoints.office.run_desk import RUNS, RunDesk, RunDesks
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
from entrypoints.office.venue_fields import countries

#: Shows that a preview lists; of all others it says how many there are.
MAX_LISTED: Final = 100


@get("/{production_id:uuid}/shows/new")
async def new_page(
    request: Request[Any, Any, Any],
    production_id: FromPath[UUID],
    member: NamedDependency[Member],
    run_desks: NamedDependency[RunDesks],
    how: FromQuery[str] = "rule",
) -> Response[str]:
    """The form of new shows: by a rule, or on listed days."""
    desk = await run_desks(request, member, production_id)
    form = Form.filled(
        {
            "how": "dates" if how == "dates" else "rule",
            "frequency": "weekly",
            "interval": 1,
            "sale_times": SaleTimes.MOVE,
        }
    )
    return await _new(desk, form)


async def _new(desk: RunDesk, form: Form) -> Response[str]:
    templates = await desk.choices(ShowTab.UPCOMING, ShowTab.PAST)
    context = {
        "labels": PLAN_LABELS,
        "frequencies": FREQUENCIES,
        "weekdays": WEEKDAYS,
        "weeks": WEEKS,
        "sale_times": SALE_TIMES,
        "templates": [(USUAL, "the run's usual tickets"), *((each.value, each.words) for each in templates)],
        "most": MAX_SHOWS_AT_ONCE,
    }
    return desk.render("office/run_new_shows.html", context, form=form)


@post("/{production_id:uuid}/shows/new")
async def add(
    request: Request[Any, Any, Any],
    production_id: FromPath[UUID],
    member: NamedDependency[Member],
    run_desks: NamedDependency[RunDesks],
    add_shows: NamedDependency[AddShows],
) -> Response[Any]:
    """Lists the shows that the form would make, and makes them when it is sent from there."""
    desk = await run_desks(request, member, production_id)
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
                return done(desk.path(), "shows-added")
            there = await desk.choices(ShowTab.UPCOMING, ShowTab.PAST)
            cancelled = {each.row.show.start_time for each in there if each.row.show.cancelled}
            return _made(desk, form, made, cancelled)
    return await _new(desk, form)


def _made(desk: RunDesk, form: Form, made: Sequence[NewShow], cancelled: Collection[datetime]) -> Response[str]:
    now = desk.now
    context = {
        "kept": kept_fields(form, but=("sure", "back")),
        "heads": [(desk.head(new.show), _note(new.show, now, cancelled)) for new in made[:MAX_LISTED]],
        "over": sum(new.show.end_time <= now for new in made),
        "count": len(made),
        "tickets": [ticket.name for ticket in made[0].tickets],
        "published": form.checked("published"),
    }
    return desk.render("office/run_new_shows_preview.html", context)


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
    run_desks: NamedDependency[RunDesks],
) -> Response[str]:
    """The form of a change of several shows."""
    desk = await run_desks(request, member, production_id)
    return await _change(desk, Form.filled({"scope": "to_come"}))


async def _change(desk: RunDesk, form: Form) -> Response[str]:
    context = {
        "labels": CHANGE_LABELS,
        "shows": await desk.changeable(),
        "become": BECOME,
        "sells_until": SELLS_UNTIL_CHOICES,
        "door_rules": DOOR_RULE_CHOICES,
        "countries": countries(),
        "most_hours": MAX_HOURS_BEFORE,
    }
    return desk.render("office/run_change.html", context, form=form)


@post("/{production_id:uuid}/change")
async def change(
    request: Request[Any, Any, Any],
    production_id: FromPath[UUID],
    member: NamedDependency[Member],
    run_desks: NamedDependency[RunDesks],
    change_run: NamedDependency[ChangeRun],
    preview_cancellation: NamedDependency[PreviewCancellation],
    refund_show: NamedDependency[RefundShow],
) -> Response[Any]:
    """Shows what the change would do, and does it when the form is sent from there."""
    desk = await run_desks(request, member, production_id)
    form = await Form.read(request)
    asked = read_change(form)
    if asked and not form.checked("back"):
        try:
            changed = await change_run(member.actor, production_id, asked, dry_run=not form.checked("sure"))
            if form.checked("sure"):
                return await _changed(desk, form, member, changed, refund_show)
            found = None
            if asked.fields.get("cancelled"):
                cancelled = [each.before.id for each in changed if not each.before.cancelled]
                found = await preview_cancellation(member.actor, cancelled)
        except DomainError as error:
            form.refuse(error, CHANGE_FIELDS)
        else:
            return _preview(desk, form, member, changed, found)
    return await _change(desk, form)


async def _changed(
    desk: RunDesk, form: Form, member: Member, changed: Sequence[ChangedShow], refund_show: RefundShow
) -> Response[Any]:
    """After the change: workers refund the buyers of what was cancelled, if that was chosen."""
    chosen = form["refund"] if member.may(Right.ORDERS) else ""
    if chosen not in ("with_fees", "without_fees"):
        return done(desk.path(), "shows-changed")
    reason = form.text("reason")[:MAX_REASON_LENGTH]
    for each in changed:
        if each.after.cancelled:
            await refund_show(member.actor, each.after.id, refund_fees=chosen == "with_fees", reason=reason)
    return done(desk.path(), "shows-cancelled-refunding")


def _preview(
    desk: RunDesk, form: Form, member: Member, changed: Sequence[ChangedShow], found: Cancellation | None
) -> Response[str]:
    real = [each for each in changed if each.after != each.before]
    if found:
        form.typed = {"refund": ["with_fees"], **form.typed}
    context = {
        "kept": kept_fields(form, but=("sure", "back", "refund", "reason")),
        "lines": [(desk.head(each.before), desk.head(each.after), each.mails) for each in real[:MAX_LISTED]],
        "count": len(real),
        "unchanged": len(changed) - len(real),
        "mails": sum(each.mails for each in changed),
        "found": found,
        "choices": REFUND_CHOICES if member.may(Right.ORDERS) else REFUND_CHOICES[-1:],
        "price": desk.head(changed[0].after).words.price if changed else str,
    }
    return desk.render("office/run_change_preview.html", context, form=form)


router = office_router(RUNS, new_page, add, change_page, change, right=Right.CATALOG)
