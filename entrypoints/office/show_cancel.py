"""What ends a show, or begins another one like it: cancelling, deleting, copying."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from application.catalog.runs import CopyShow
from application.catalog.show_overviews import GetShowOverview
from application.catalog.shows import ChangeShow, DeleteShow, GetOwnShow
from application.refunds.cancellation import Cancellation, PreviewCancellation
from application.refunds.show_refunds import RefundShow
from domain.catalog import Show, ShowFields
from domain.errors import Conflict, DomainError
from domain.people import Member, Right
from domain.production import SaleTimes
from domain.refunds import MAX_REASON_LENGTH
from domain.schedule import Start
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form, id_in
from entrypoints.office.notices import done
from entrypoints.office.rendering import OfficePages
from entrypoints.office.show_form import LABELS, ShowForm, read_copy, start_values
from entrypoints.office.show_frame import ShowFrame, has_route, show_path
from entrypoints.office.shows import new_id, refuse

REFUND_CHOICES: Final = (
    (
        "with_fees",
        "Refund everybody, fees included",
        "Buyers get all that they paid. The platform gives its fees back.",
    ),
    ("without_fees", "Refund everybody, without the fees", "Buyers get the price and the tax. The fees stay paid."),
    ("none", "Refund nobody now", "You can start it later, from the show's page."),
)
SALE_TIMES: Final = (
    (SaleTimes.MOVE.value, "move along: as long before the show as there"),
    (SaleTimes.KEEP.value, "stay the same"),
)
_REFUND: Final = "/office/shows/{show_id:uuid}/refund"


@get("/{show_id:uuid}/cancel")
async def cancel_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_own_show: NamedDependency[GetOwnShow],
    preview_cancellation: NamedDependency[PreviewCancellation],
) -> Response[Any]:
    """What a cancellation would do: to how many people, and with how much money."""
    show = (await get_own_show(member.actor, show_id)).show
    if show.cancelled:
        return done(show_path(show_id), "show-was-cancelled")
    found = await preview_cancellation(member.actor, [show_id])
    form = Form.filled({"refund": "with_fees" if member.may(Right.ORDERS) else "none"})
    return _cancel(request, member, office_pages, show, found, form)


def _cancel(
    request: Request[Any, Any, Any], member: Member, pages: OfficePages, show: Show, found: Cancellation, form: Form
) -> Response[str]:
    context = {
        "frame": ShowFrame.of(request, member, show, pages.now(), "cancel"),
        "form": form,
        "found": found,
        "choices": REFUND_CHOICES if member.may(Right.ORDERS) else REFUND_CHOICES[-1:],
    }
    return pages.page(request, member, "office/show_cancel.html", context, active="shows", status_code=form.status)


@post("/{show_id:uuid}/cancel")
async def cancel(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_own_show: NamedDependency[GetOwnShow],
    preview_cancellation: NamedDependency[PreviewCancellation],
    change_show: NamedDependency[ChangeShow],
    refund_show: NamedDependency[RefundShow],
) -> Response[Any]:
    """Cancels the show; its buyers are refunded by workers, if that was chosen."""
    form = await Form.read(request)
    show = (await get_own_show(member.actor, show_id)).show
    allowed = [value for value, _, _ in (REFUND_CHOICES if member.may(Right.ORDERS) else REFUND_CHOICES[-1:])]
    chosen = form.one_of("refund", allowed)
    reason = form.text("reason", most=MAX_REASON_LENGTH)
    if not form.checked("sure"):
        form.wrong("sure", "Please tick this: a cancellation cannot be undone.")
    if form.is_good:
        if not show.cancelled:
            await change_show(member.actor, show_id, ShowFields(cancelled=True))
        if chosen == "none":
            return done(show_path(show_id), "show-cancelled")
        await refund_show(member.actor, show_id, refund_fees=chosen == "with_fees", reason=reason)
        there = "/refund" if has_route(request.app, _REFUND) else ""
        return done(show_path(show_id, there), "show-cancelled-refunding")
    if show.cancelled:
        return done(show_path(show_id), "show-was-cancelled")
    found = await preview_cancellation(member.actor, [show_id])
    return _cancel(request, member, office_pages, show, found, form)


@get("/{show_id:uuid}/delete")
async def delete_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_show_overview: NamedDependency[GetShowOverview],
) -> Response[str]:
    """Asks before a show is deleted."""
    found = await get_show_overview(member.actor, show_id)
    return _delete(request, member, office_pages, found.details.show, Form())


def _delete(
    request: Request[Any, Any, Any], member: Member, pages: OfficePages, show: Show, form: Form
) -> Response[str]:
    context = {"frame": ShowFrame.of(request, member, show, pages.now(), "delete"), "form": form}
    return pages.page(request, member, "office/show_delete.html", context, active="shows", status_code=form.status)


@post("/{show_id:uuid}/delete")
async def delete(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_own_show: NamedDependency[GetOwnShow],
    delete_show: NamedDependency[DeleteShow],
) -> Response[Any]:
    """Deletes a show without orders, with its ticket types and codes."""
    form = await Form.read(request)
    try:
        await delete_show(member.actor, show_id)
    except Conflict as error:
        form.refuse(error)
        return _delete(request, member, office_pages, (await get_own_show(member.actor, show_id)).show, form)
    return done("/office/shows", "show-deleted")


@get("/{show_id:uuid}/copy")
async def copy_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_own_show: NamedDependency[GetOwnShow],
) -> Response[str]:
    """The form of a copy: when it takes place, and what it takes along."""
    show = (await get_own_show(member.actor, show_id)).show
    values = {**start_values(show), "title": show.title, "key": new_id(), "sale_times": SaleTimes.MOVE}
    return _copy(request, member, office_pages, show, ShowForm(Form.filled(values)))


def _copy(
    request: Request[Any, Any, Any], member: Member, pages: OfficePages, show: Show, read: ShowForm
) -> Response[str]:
    context = {
        "frame": ShowFrame.of(request, member, show, pages.now(), "copy"),
        "form": read.form,
        "twice": read.twice,
        "labels": LABELS,
        "sale_times": SALE_TIMES,
    }
    return pages.page(request, member, "office/show_copy.html", context, active="shows", status_code=read.form.status)


@post("/{show_id:uuid}/copy")
async def copy(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_own_show: NamedDependency[GetOwnShow],
    copy_show: NamedDependency[CopyShow],
) -> Response[Any]:
    """Copies a show to another day, as a draft."""
    show = (await get_own_show(member.actor, show_id)).show
    read = ShowForm(await Form.read(request))
    form, start = read.form, read_copy(read, show)
    fields = ShowFields(title=form.text("title", required=True), published=False)
    sale_times = form.one_of("sale_times", list(SaleTimes))
    if form.is_good and start:
        try:
            copied = await copy_show(
                member.actor,
                show_id,
                Start(start, "start_time"),
                fields,
                promo_codes=form.checked("promo_codes"),
                sale_times=SaleTimes(sale_times),
                new_id=id_in(form["key"]),
            )
            return done(show_path(copied.show.id), "show-copied")
        except DomainError as error:
            refuse(form, error)
    return _copy(request, member, office_pages, show, read)


router = office_router("/office/shows", cancel_page, cancel, delete_page, delete, copy_page, copy, right=Right.CATALOG)
