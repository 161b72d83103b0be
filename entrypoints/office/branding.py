"""How all of a producer's pages look: colour and logo, and the sites that may show its tickets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from application.catalog.branding import MAX_UPLOAD_BYTES, GetBranding, SetBranding, SetLogo
from domain.branding import MAX_WIDGET_ORIGINS, Branding, parse_colour
from domain.errors import DomainError
from domain.people import Member, Right
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form
from entrypoints.office.notices import done
from entrypoints.office.rendering import OfficePages
from entrypoints.office.show_page import MAX_FORM_BYTES, read_picture, refuse_picture
from entrypoints.web.colours import DEFAULT_COLOUR

BRANDING: Final = "/office/branding"
LABELS: Final[Mapping[str, str]] = {"colour": "Colour", "picture": "Logo", "sites": "Your own sites"}


@get("/")
async def page(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_branding: NamedDependency[GetBranding],
) -> Response[str]:
    """The forms, and a sample."""
    return _page(request, member, office_pages, await get_branding(member.actor), Form())


def _filled(branding: Branding) -> Form:
    return Form.filled({"colour": branding.colour or DEFAULT_COLOUR, "sites": "\n".join(branding.widget_origins)})


def _page(
    request: Request[Any, Any, Any], member: Member, pages: OfficePages, branding: Branding, form: Form
) -> Response[str]:
    """The page in the look of ``branding``; what was typed stays, the rest is what is stored."""
    form.typed = {**_filled(branding).typed, **form.typed}
    context = {
        "branding": branding,
        "producer": replace(member.producer, branding=branding),
        "form": form,
        "labels": LABELS,
        "most_megabytes": MAX_UPLOAD_BYTES // 1024**2,
        "most_sites": MAX_WIDGET_ORIGINS,
        "is_trial": form.checked("try"),
    }
    return pages.page(request, member, "office/branding.html", context, active="branding", status_code=form.status)


@post("/")
async def change(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_branding: NamedDependency[GetBranding],
    set_branding: NamedDependency[SetBranding],
) -> Response[Any]:
    """Sets colour and sites. With ``try`` the page shows the colour, and nothing is changed."""
    form, present = await Form.read(request), await get_branding(member.actor)
    if not form.checked("try"):
        form.refuse_if_changed(_filled(present))
    colour = None if form.checked("default") else form.text("colour", required=True)
    sites = [line.strip() for line in form.text("sites").splitlines() if line.strip()]
    if form.is_good:
        try:
            if form.checked("try"):
                tried = replace(present, colour=parse_colour(colour) if colour else None)
                return _page(request, member, office_pages, tried, form)
            await set_branding(member.actor, colour=colour, widget_origins=sites)
            return done(BRANDING, "branding-changed")
        except DomainError as error:
            is_site = (error.field or "").startswith("widget_origins")
            form.refuse(error, {error.field or "": "sites"} if is_site else None)
    return _page(request, member, office_pages, present, form)


@post("/logo", request_max_body_size=MAX_FORM_BYTES)
async def logo(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_branding: NamedDependency[GetBranding],
    set_logo: NamedDependency[SetLogo],
) -> Response[Any]:
    """Puts a logo on all pages, or takes it away."""
    form = await Form.read(request)
    upload = await read_picture(form)
    if form.is_good:
        try:
            await set_logo(member.actor, upload)
            return done(BRANDING, "logo-changed" if upload else "logo-removed")
        except DomainError as error:
            refuse_picture(form, error)
    return _page(request, member, office_pages, await get_branding(member.actor), form)


router = office_router(BRANDING, page, change, logo, right=Right.CATALOG)
