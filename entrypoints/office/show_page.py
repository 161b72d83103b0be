"""What buyers read and see of a show: its texts, picture and colour, and a preview of its page."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from application.catalog.branding import MAX_UPLOAD_BYTES, GetBranding, SetBranding, SetShowImage
from application.catalog.shows import ChangeShow, GetOwnShow
from application.ports.catalog import ShowDetails
from domain.catalog import ShowFields
from domain.errors import DomainError
from domain.people import Member, Right
from domain.policy import CheckoutPolicy
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form
from entrypoints.office.notices import done
from entrypoints.office.rendering import OfficePages
from entrypoints.office.show_frame import ShowFrame, show_path
from entrypoints.office.shows import refuse
from entrypoints.web.colours import DEFAULT_COLOUR
from entrypoints.web.rendering import Pages
from entrypoints.web.sale_view import SaleView
from entrypoints.web.selection import Selection
from entrypoints.web.show_pages import show_context

#: Beside the picture, a form has its token and the boundaries of its parts.
MAX_FORM_BYTES: Final = MAX_UPLOAD_BYTES + 64 * 1024
LABELS: Final = {"description": "Description", "terms": "Terms", "picture": "Picture", "colour": "Colour"}


@get("/{show_id:uuid}/page")
async def page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_own_show: NamedDependency[GetOwnShow],
    get_branding: NamedDependency[GetBranding],
) -> Response[str]:
    """The forms of texts, picture and colour."""
    details = await get_own_show(member.actor, show_id)
    form = Form.filled({"description": details.show.description, "terms": details.show.terms})
    return await _page(request, member, office_pages, details, form, get_branding)


async def _page(
    request: Request[Any, Any, Any],
    member: Member,
    pages: OfficePages,
    details: ShowDetails,
    form: Form,
    get_branding: GetBranding,
) -> Response[str]:
    """The page with one of its forms as it was sent; the others show what is stored."""
    show, colour = details.show, (await get_branding(member.actor)).colour or DEFAULT_COLOUR
    stored = {"description": [show.description], "terms": [show.terms], "colour": [colour]}
    form.typed = {**stored, **form.typed}
    context = {
        "frame": ShowFrame.of(request, member, show, pages.now(), "page"),
        "details": details,
        "form": form,
        "labels": LABELS,
        "most_megabytes": MAX_UPLOAD_BYTES // 1024**2,
    }
    return pages.page(request, member, "office/show_page.html", context, active="shows", status_code=form.status)


@post("/{show_id:uuid}/page")
async def write(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_own_show: NamedDependency[GetOwnShow],
    get_branding: NamedDependency[GetBranding],
    change_show: NamedDependency[ChangeShow],
) -> Response[Any]:
    """Writes the texts."""
    form = await Form.read(request)
    details = await get_own_show(member.actor, show_id)
    form.refuse_if_changed(Form.filled({"description": details.show.description, "terms": details.show.terms}))
    texts = ShowFields(description=form.text("description"), terms=form.text("terms"))
    if form.is_good:
        try:
            await change_show(member.actor, show_id, texts)
            return done(show_path(show_id, "/page"), "page-changed")
        except DomainError as error:
            refuse(form, error)
    details = await get_own_show(member.actor, show_id)
    return await _page(request, member, office_pages, details, form, get_branding)


@post("/{show_id:uuid}/picture", request_max_body_size=MAX_FORM_BYTES)
async def picture(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_own_show: NamedDependency[GetOwnShow],
    get_branding: NamedDependency[GetBranding],
    set_show_image: NamedDependency[SetShowImage],
) -> Response[Any]:
    """Puts a picture on the show's page, or takes it away."""
    form = await Form.read(request)
    upload = await read_picture(form)
    if form.is_good:
        try:
            await set_show_image(member.actor, show_id, upload)
            return done(show_path(show_id, "/page"), "picture-changed" if upload else "picture-removed")
        except DomainError as error:
            refuse_picture(form, error)
    details = await get_own_show(member.actor, show_id)
    return await _page(request, member, office_pages, details, form, get_branding)


async def read_picture(form: Form) -> bytes | None:
    """The picture that was chosen; None to take the present one away. None is noted as wrong if neither was asked."""
    if form.checked("remove"):
        return None
    upload = form.files.get("picture")
    content = await upload.read() if upload else b""
    if not content:
        form.wrong("picture", "Please choose a picture first.")
    return content


def refuse_picture(form: Form, error: DomainError) -> None:
    """Note the refusal at the picture, unless it is about something else."""
    if error.field is None and not form.checked("remove"):
        form.refuse(error, {"": "picture"})
    else:
        refuse(form, error)


@post("/{show_id:uuid}/colour")
async def colour(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_own_show: NamedDependency[GetOwnShow],
    get_branding: NamedDependency[GetBranding],
    set_branding: NamedDependency[SetBranding],
) -> Response[Any]:
    """Sets the colour of all of the producer's pages."""
    form = await Form.read(request)
    details = await get_own_show(member.actor, show_id)
    try:
        present = await get_branding(member.actor)
        wanted = None if form.checked("default") else form.text("colour", required=True)
        await set_branding(member.actor, colour=wanted, widget_origins=present.widget_origins)
        return done(show_path(show_id, "/page"), "colour-changed")
    except DomainError as error:
        form.refuse(error)
    return await _page(request, member, office_pages, details, form, get_branding)


@get("/{show_id:uuid}/preview")
async def preview(
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    get_own_show: NamedDependency[GetOwnShow],
    pages: NamedDependency[Pages],
    policy: NamedDependency[CheckoutPolicy],
) -> Response[str]:
    """The page as buyers will see it, or do: nothing on it is for sale."""
    sale = SaleView.of((await get_own_show(member.actor, show_id)).for_buyers(), policy, pages.now())
    context = {**show_context(sale, Selection()), "preview_of": show_path(show_id)}
    return pages.page("show.html", context)


router = office_router("/office/shows", page, write, picture, colour, preview, right=Right.CATALOG)
