"""The look of producers' pages: colours and pictures, from our own origin, kept by browsers for good."""

from __future__ import annotations

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from application.catalog.branding import GetPicture
from domain.branding import parse_colour
from domain.errors import InvalidRequest, NotFound
from entrypoints.injection import SharedRouter
from entrypoints.web.assets import IMMUTABLE
from entrypoints.web.colours import style_sheet


@get("/brand/{name:str}", include_in_schema=False)
async def brand(name: FromPath[str]) -> Response[str]:
    """The style sheet of a colour, which is in the address, so nothing has to be looked up."""
    try:
        colour = parse_colour(f"#{name.removesuffix('.css')}")
    except InvalidRequest:
        raise NotFound("No such colour") from None
    return Response(style_sheet(colour), media_type="text/css", headers={"Cache-Control": IMMUTABLE})


@get("/pictures/{name:str}", include_in_schema=False)
async def picture(name: FromPath[str], get_picture: NamedDependency[GetPicture]) -> Response[bytes]:
    """A logo or a show's image. Other sites may show it, with a link to the show."""
    return Response(
        await get_picture(name),
        media_type="image/webp",
        headers={"Cache-Control": IMMUTABLE, "Cross-Origin-Resource-Policy": "cross-origin"},
    )


router = SharedRouter("/", route_handlers=[brand, picture])
