"""The office's style sheet and scripts."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from entrypoints.office.access import public_router
from entrypoints.office.rendering import OFFICE_ASSETS


@get("/assets/office/{digest:str}/{name:str}")
async def office_asset(request: Request[Any, Any, Any], digest: FromPath[str], name: FromPath[str]) -> ASGIResponse:
    """A file."""
    return OFFICE_ASSETS.answer(request, digest, name)


router = public_router("/", office_asset)
