"""The first page of the office."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency

from domain.people import Member, Right
from entrypoints.office.access import office_router
from entrypoints.office.rendering import OfficePages


@get("/")
async def today(
    request: Request[Any, Any, Any], member: NamedDependency[Member], office_pages: NamedDependency[OfficePages]
) -> Response[str]:
    """What is on today."""
    return office_pages.page(request, member, "office/today.html", active="today")


router = office_router("/office", today, right=Right.VIEW)
