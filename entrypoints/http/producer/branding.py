"""The look of a producer's pages: colour, logo, images of shows and productions, and the sites that may embed them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, delete, get, put
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from application.catalog.branding import (
    MAX_UPLOAD_BYTES,
    GetBranding,
    SetBranding,
    SetLogo,
    SetProductionImage,
    SetShowImage,
)
from application.links import Links
from domain.access import Actor, Scope
from domain.branding import Branding, Picture
from entrypoints.http.access import guarded_router
from entrypoints.http.known_parameters import READS_BODY
from entrypoints.http.openapi import answers
from entrypoints.http.strict_json import StrictJson


@dataclass
class Upload(Operation):
    """An operation whose whole body is a picture, which OpenAPI cannot derive from the handler's signature."""

    def __post_init__(self) -> None:
        picture = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, content_encoding="binary"))
        self.request_body = RequestBody(
            content=dict.fromkeys(("image/png", "image/jpeg", "image/webp"), picture), required=True
        )


class BrandingIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``colour`` is "#rrggbb" or null for the default; ``widget_origins`` are written as https://theatre.example."""

    colour: str | None
    widget_origins: list[str]


class BrandingOut(msgspec.Struct, kw_only=True):
    """``logo_url`` is null while there is no logo."""

    colour: str | None
    widget_origins: list[str]
    logo_url: str | None

    @classmethod
    def of(cls, branding: Branding, links: Links) -> BrandingOut:
        return cls(
            colour=branding.colour,
            widget_origins=list(branding.widget_origins),
            logo_url=_url(branding.logo, links),
        )


class ImageOut(msgspec.Struct):
    """``image_url`` is null while there is no image."""

    image_url: str | None


@get("/branding", summary="Get the branding", operation_id="get_branding")
async def get_one(
    actor: NamedDependency[Actor], get_branding: NamedDependency[GetBranding], links: NamedDependency[Links]
) -> BrandingOut:
    """Colour, logo and the sites that may embed shows."""
    return BrandingOut.of(await get_branding(actor), links)


@put(
    "/branding",
    dto=StrictJson[BrandingIn],
    return_dto=None,
    summary="Set colour and widget origins",
    operation_id="set_branding",
)
async def set_one(
    data: JSONBody[BrandingIn],
    actor: NamedDependency[Actor],
    set_branding: NamedDependency[SetBranding],
    links: NamedDependency[Links],
) -> BrandingOut:
    """Pages darken or lighten the colour of text as far as readability requires."""
    branding = await set_branding(actor, colour=data.colour, widget_origins=data.widget_origins)
    return BrandingOut.of(branding, links)


@put(
    "/logo",
    request_max_body_size=MAX_UPLOAD_BYTES,
    operation_class=Upload,
    responses=answers("invalid_request", "too_large"),
    summary="Upload the logo",
    operation_id="set_logo",
    opt={READS_BODY: True},
)
async def set_logo(
    request: Request[Any, Any, Any],
    actor: NamedDependency[Actor],
    set_logo: NamedDependency[SetLogo],
    links: NamedDependency[Links],
) -> BrandingOut:
    """The body is a PNG, JPEG or WebP of at most 5 MiB and 25 million pixels."""
    return BrandingOut.of(await set_logo(actor, await request.body()), links)


@delete("/logo", status_code=HTTP_200_OK, summary="Remove the logo", operation_id="delete_logo")
async def delete_logo(
    actor: NamedDependency[Actor], set_logo: NamedDependency[SetLogo], links: NamedDependency[Links]
) -> BrandingOut:
    """Pages show the producer's name instead."""
    return BrandingOut.of(await set_logo(actor, None), links)


@put(
    "/shows/{show_id:uuid}/image",
    request_max_body_size=MAX_UPLOAD_BYTES,
    operation_class=Upload,
    responses=answers("invalid_request", "too_large", "conflict"),
    summary="Upload a show's image",
    operation_id="set_show_image",
    opt={READS_BODY: True},
)
async def set_image(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    set_show_image: NamedDependency[SetShowImage],
    links: NamedDependency[Links],
) -> ImageOut:
    """The body is a PNG, JPEG or WebP of at most 5 MiB and 25 million pixels."""
    show = await set_show_image(actor, show_id, await request.body())
    return ImageOut(_url(show.image, links))


@delete(
    "/shows/{show_id:uuid}/image",
    status_code=HTTP_200_OK,
    responses=answers("conflict"),
    summary="Remove a show's image",
    operation_id="delete_show_image",
)
async def delete_image(
    show_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    set_show_image: NamedDependency[SetShowImage],
    links: NamedDependency[Links],
) -> ImageOut:
    """The show's page then has no image."""
    show = await set_show_image(actor, show_id, None)
    return ImageOut(_url(show.image, links))


@put(
    "/productions/{production_id:uuid}/image",
    request_max_body_size=MAX_UPLOAD_BYTES,
    operation_class=Upload,
    responses=answers("invalid_request", "too_large"),
    summary="Upload a production's image",
    operation_id="set_production_image",
    opt={READS_BODY: True},
)
async def set_production_image(
    request: Request[Any, Any, Any],
    production_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    set_production_image: NamedDependency[SetProductionImage],
    links: NamedDependency[Links],
) -> ImageOut:
    """Its shows have it, too, unless they have their own. The body is as that of a show's image."""
    production = await set_production_image(actor, production_id, await request.body())
    return ImageOut(_url(production.image, links))


@delete(
    "/productions/{production_id:uuid}/image",
    status_code=HTTP_200_OK,
    summary="Remove a production's image",
    operation_id="delete_production_image",
)
async def delete_production_image(
    production_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    set_production_image: NamedDependency[SetProductionImage],
    links: NamedDependency[Links],
) -> ImageOut:
    """Its page, and those of its shows without an image, then have none."""
    production = await set_production_image(actor, production_id, None)
    return ImageOut(_url(production.image, links))


def _url(picture: Picture | None, links: Links) -> str | None:
    return links.picture(picture) if picture else None


router = guarded_router(
    "/",
    get_one,
    set_one,
    set_logo,
    delete_logo,
    set_image,
    delete_image,
    set_production_image,
    delete_production_image,
    scopes=[Scope.CATALOG],
    tags=["Producer: branding"],
)
