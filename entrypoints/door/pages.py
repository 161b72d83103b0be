"""The addresses of the door's web app."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from entrypoints.door.files import DOOR_FILES
from entrypoints.injection import SharedRouter

_DOOR: Final = "/door"
#: The page asks its own server alone. The camera's picture needs no directive: it is no resource.
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
#: A service worker fetches by its own policy. The default one would let it start, and then keep it from everything.
SERVICE_WORKER_POLICY: Final = "default-src 'none'; script-src 'self'; connect-src 'self'"
#: As for all other pages, but for the camera.
PERMISSIONS: Final = "camera=(self), geolocation=(), microphone=(), payment=(), usb=()"
#: Asked for each time: a browser without a network has it from its service worker.
_NO_CACHE: Final = "no-cache"
#: The page's ground, for the frame that the phone draws around it.
_DARK: Final = "#0b0a0e"


@cache
def _manifest() -> bytes:
    icons = [
        _icon("icons/192.png", "192x192"),
        _icon("icons/512.png", "512x512"),
        {**_icon("icons/maskable.png", "512x512"), "purpose": "maskable"},
        _icon("icons/icon.svg", "any"),
    ]
    content = {
        "id": _DOOR,
        "name": "PiqueTickets: the door",
        "short_name": "Door",
        "description": "Lets people in by their tickets, with or without a network.",
        "start_url": _DOOR,
        "scope": _DOOR,
        "display": "standalone",
        "orientation": "any",
        "background_color": _DARK,
        "theme_color": _DARK,
        "icons": icons,
    }
    return json.dumps(content).encode()


def _icon(name: str, sizes: str) -> dict[str, str]:
    return {"src": DOOR_FILES.path(name), "sizes": sizes}


@cache
def _page() -> str:
    engine = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return engine.get_template("door.html").render(file=DOOR_FILES.path, version=DOOR_FILES.version)


@get(_DOOR, media_type=MediaType.HTML)
async def door() -> Response[str]:
    """The page. It is the same for all, and learns from the browser's own store which device it is."""
    await DOOR_FILES.prepare()
    headers = {
        "Cache-Control": _NO_CACHE,
        "Content-Security-Policy": PAGE_POLICY,
        "Permissions-Policy": PERMISSIONS,
        "Referrer-Policy": "no-referrer",
    }
    return Response(_page(), media_type=MediaType.HTML, headers=headers)


@get("/door/sw.js")
async def service_worker() -> Response[bytes]:
    """The service worker, at an address that never changes: a browser asks there for the next version.

    Its first line has the version and the addresses of what it keeps, so it changes when any of them does.
    """
    await DOOR_FILES.prepare()
    release = {
        "version": DOOR_FILES.version,
        "page": _DOOR,
        "files": [*DOOR_FILES.paths(), "/door/manifest.webmanifest"],
    }
    script = f"const RELEASE = {json.dumps(release)};\n".encode() + DOOR_FILES.content("sw.js")
    headers = {
        "Cache-Control": _NO_CACHE,
        "Content-Security-Policy": SERVICE_WORKER_POLICY,
        # By default it would serve the addresses below /door/ alone.
        "Service-Worker-Allowed": _DOOR,
    }
    return Response(script, media_type="text/javascript", headers=headers)


@get("/door/manifest.webmanifest")
async def manifest() -> Response[bytes]:
    """What a phone's home screen shows of the app."""
    await DOOR_FILES.prepare()
    return Response(_manifest(), media_type="application/manifest+json", headers={"Cache-Control": _NO_CACHE})


@get("/door/files/{version:str}/{name:path}")
async def door_file(request: Request[Any, Any, Any], version: FromPath[str], name: FromPath[str]) -> ASGIResponse:
    """A file of the app."""
    await DOOR_FILES.prepare()
    return DOOR_FILES.answer(request, version, str(name).lstrip("/"))


router = SharedRouter("/", route_handlers=[door, service_worker, manifest, door_file], include_in_schema=False)
