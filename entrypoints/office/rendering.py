"""Rendering of the office's pages: the storefront's look, with the office's frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from babel.dates import format_timedelta
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Litestar, MediaType, Request, Response

from application.ports.system import Clock
from domain.people import Member, Right, Role
from entrypoints.office.access import COUNTER, HOME, AtCounter
from entrypoints.office.notices import DONE
from entrypoints.web.assets import STOREFRONT, AssetFolder
from entrypoints.web.csrf import csrf_token
from entrypoints.web.rendering import TEMPLATES as STOREFRONT_TEMPLATES
from entrypoints.web.rendering import brand_sheet
from entrypoints.web.security import PRIVATE, PagePolicy

_HERE: Final = Path(__file__).parent
OFFICE_ASSETS: Final = AssetFolder(_HERE / "static", prefix="/assets/office")

_UTC: Final = ZoneInfo("UTC")
_JUST_NOW: Final = timedelta(minutes=2)

ROLE_NAMES: Final[Mapping[Role, str]] = {
    Role.OWNER: "Owner",
    Role.MANAGER: "Manager",
    Role.BOX_OFFICE: "Box office",
    Role.DOOR: "Door",
    Role.VIEWER: "Viewer",
}


@dataclass(frozen=True, slots=True)
class Area:
    """An entry of the navigation. ``key`` is what a page names as ``active``; ``is_daily``: it is in view always, and
    not behind the others' one button.
    """

    key: str
    label: str
    path: str
    right: Right
    is_daily: bool = True


AREAS: Final = (
    Area("today", "Today", "/office", Right.VIEW),
    Area("shows", "Shows", "/office/shows", Right.VIEW),
    Area("orders", "Orders", "/office/orders", Right.VIEW),
    Area("attendees", "Attendees", "/office/attendees", Right.VIEW),
    Area("counter", "Counter", COUNTER, Right.COUNTER),
    Area("reports", "Reports", "/office/reports", Right.REPORTS),
    Area("branding", "Branding", "/office/branding", Right.CATALOG, is_daily=False),
    Area("work", "Work", "/office/jobs", Right.ORDERS, is_daily=False),
    Area("devices", "Devices", "/office/devices", Right.DEVICES, is_daily=False),
    Area("account", "Account", "/office/account", Right.ACCOUNT, is_daily=False),
    Area("team", "Team", "/office/team", Right.PEOPLE, is_daily=False),
    Area("log", "Log", "/office/log", Right.PEOPLE, is_daily=False),
)


class OfficePages:
    """Renders templates to answers."""

    def __init__(self, policy: PagePolicy, clock: Clock, *, public_url: str) -> None:
        self._policy = policy
        self.public_url = public_url
        self.now = clock.now
        self._engine = Environment(
            loader=FileSystemLoader([_HERE / "templates", STOREFRONT_TEMPLATES]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._engine.globals |= {
            "asset": STOREFRONT.path,
            "office_asset": OFFICE_ASSETS.path,
            "brand_sheet": brand_sheet,
            "public_url": public_url,
            "role_names": ROLE_NAMES,
            "Right": Right,
        }
        self._engine.filters |= {
            "rfc3339": datetime.isoformat,
            "ago": ago,
            "utc_moment": utc_moment,
        }

    def page(
        self,
        request: Request[Any, Any, Any],
        member: Member | None,
        template: str,
        context: Mapping[str, Any] | None = None,
        *,
        active: str = "",
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response[str]:
        """A page for one member; None for pages outside of the office, such as the sign-in.

        Every template gets ``csrf_token``, ``member``, ``now``, ``producer``, ``request_key`` (a new random key, for a
        form that must work once), ``done`` (the line of ``?done=``) and the navigation.
        """
        every = {
            "csrf_token": csrf_token(request),
            "member": member,
            "producer": member.producer if member else None,
            "now": self.now(),
            "request_key": uuid4().hex,
            "done": DONE.get(request.query_params.get("done", ""), ""),
            "areas": self._areas(request, member),
            "active": active,
            "home": HOME,
            "till": None,
        }
        return Response(
            self._engine.get_template(template).render({**every, **(context or {})}),
            media_type=MediaType.HTML,
            status_code=status_code,
            headers={"Content-Security-Policy": self._policy.header(), **PRIVATE, **(headers or {})},
        )

    def counter_page(
        self,
        request: Request[Any, Any, Any],
        at_counter: AtCounter,
        template: str,
        context: Mapping[str, Any] | None = None,
        *,
        status_code: int = 200,
    ) -> Response[str]:
        """A page of the counter: for a member in the office's frame, for a till (``till`` in the template) with its own
        name and nothing else of the office.
        """
        frame: dict[str, Any] = {"producer": at_counter.producer, "till": at_counter.till}
        if at_counter.till:
            frame["home"] = COUNTER
        every = {**frame, **(context or {})}
        return self.page(request, at_counter.member, template, every, active="counter", status_code=status_code)

    def part(self, template: str, context: Mapping[str, Any]) -> str:
        """A part of a page, such as a table that a script renews."""
        return self._engine.get_template(template).render({"now": self.now(), **context})

    def _areas(self, request: Request[Any, Any, Any], member: Member | None) -> list[Area]:
        return [area for area in _existing(request.app) if member and member.may(area.right)]


def ago(moment: datetime, now: datetime) -> str:
    """How long ago it was: "3 hours ago"."""
    passed = now - moment
    if passed < _JUST_NOW:
        return "just now"
    return format_timedelta(-passed, granularity="minute", add_direction=True, locale="en")


def utc_moment(moment: datetime) -> str:
    """A moment that is no show's, for tables: "2026-12-05 18:30"."""
    return f"{moment.astimezone(_UTC):%Y-%m-%d %H:%M}"


def _existing(app: Litestar) -> list[Area]:
    """The areas that have a page."""
    if _AREAS not in app.state:
        paths = {route.path for route in app.routes}
        app.state[_AREAS] = [area for area in AREAS if area.path in paths]
    found: list[Area] = app.state[_AREAS]
    return found


_AREAS: Final = "office_areas"
