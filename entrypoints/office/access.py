"""Access to the office: a session's cookie, and the right that each page asks for.

``office_router`` puts both around handlers. They get by name ``member`` (the person, their producer and their role) or
``signed_in`` (the session itself). ``counter_router`` is for the counter's pages, which a paired till may see, too:
handlers get ``at_counter`` (who sells, and for whom).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from litestar import Request, Router
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.di import Provide
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler
from litestar.types import ControllerRouterHandler, Guard

from application.devices.devices import IdentifyTill
from application.people.sessions import SignedIn, WhoIsInside
from domain.access import Actor
from domain.catalog import Producer
from domain.devices import Device
from domain.people import SESSION_MOST, Member, Right
from entrypoints.injection import SharedRouter
from entrypoints.settings import Settings

#: The key of ``OfficeDoor`` in the application's state: guards get no dependencies.
DOOR: Final = "office_door"
#: The key of a router's right in its handlers' ``opt``. Every handler of the office has one.
RIGHT: Final = "right"
#: The key in a handler's ``opt`` that says that pages ask for it by themselves: it does not prolong a session.
QUIET: Final = "quiet"
#: For pages that every member may see, such as one's own.
EVERY_MEMBER: Final = "every member"
#: For pages that a person may see before choosing a producer.
SIGNED_IN: Final = "signed in"
#: For the way in.
PUBLIC: Final = "public"

Connection = ASGIConnection[Any, Any, SignedIn | None, Any]

#: Addresses of the office that a link or a form may lead on to.
_OWN_PATH: Final = re.compile(r"/office(?:[/?][A-Za-z0-9_./?=&%+:,~-]*)?")
HOME: Final = "/office"
COUNTER: Final = "/office/counter"
OWN_PAGE: Final = "/office/me"


class NotSignedIn(NotAuthorizedException):
    """The browser has no session, or one that is over."""


class NotChosen(NotAuthorizedException):
    """The person has not chosen a producer, or does not work for it any more."""


class RightMissing(PermissionDeniedException):
    """The person's role may not do this."""


class TillRevoked(NotAuthorizedException):
    """The browser was a till, and was revoked."""


@dataclass(frozen=True, slots=True)
class AtCounter:
    """Who stands at the counter: a member of the team, or a paired till. ``actor`` has the till's limit to shows.

    ``member`` is None for a till, ``till`` for a member.
    """

    producer: Producer
    actor: Actor
    member: Member | None = None
    till: Device | None = None


@dataclass(frozen=True, slots=True)
class OfficeCookies:
    """The cookies of the office. Where we have TLS, no other host can set them."""

    is_secure: bool

    @classmethod
    def of(cls, settings: Settings) -> OfficeCookies:
        return cls(settings.public_url.startswith("https:"))

    def name(self, what: str) -> str:
        return f"__Host-{what}" if self.is_secure else what

    def read(self, connection: ASGIConnection[Any, Any, Any, Any], what: str) -> str:
        """The cookie's value, "" if there is none."""
        return connection.cookies.get(self.name(what), "")

    def session(self, secret: str) -> Cookie:
        """The cookie of a session; with no secret, one that removes it."""
        return self.make(SESSION, secret, int(SESSION_MOST.total_seconds()))

    def till(self, secret: str) -> Cookie:
        """The cookie of a till; with no secret, one that removes it."""
        return self.make(TILL, secret, _TILL_SECONDS)

    def make(self, what: str, value: str, seconds: int) -> Cookie:
        """A cookie that no script can read; with no value, one that removes it."""
        return Cookie(
            key=self.name(what),
            value=value,
            max_age=seconds if value else 0,
            path="/",
            httponly=True,
            secure=self.is_secure,
            samesite="lax",
        )


SESSION: Final = "office"
#: The cookie of a browser that is a till.
TILL: Final = "till"
#: Browsers keep no cookie for longer.
_TILL_SECONDS: Final = 400 * 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class OfficeDoor:
    """Finds out who is asking."""

    who_is_inside: WhoIsInside
    identify_till: IdentifyTill
    cookies: OfficeCookies

    async def signed_in(
        self, connection: ASGIConnection[Any, Any, Any, Any], *, is_use: bool = True
    ) -> SignedIn | None:
        """The session of the browser, if it has one."""
        return await self.who_is_inside(self.cookies.read(connection, SESSION), is_use=is_use)

    async def till(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AtCounter | None:
        """The till that the browser is, if it is one. Raises TillRevoked."""
        found = await self.identify_till(self.cookies.read(connection, TILL))
        if found is None:
            return None
        device, producer = found
        if device.is_revoked:
            raise TillRevoked("This till was revoked")
        return AtCounter(producer, device.actor, till=device)


def requires(right: Right | str) -> Guard:
    """A guard that lets in those who have the right."""

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        door: OfficeDoor = connection.app.state[DOOR]
        inside = await door.signed_in(connection, is_use=not handler.opt.get(QUIET, False))
        connection.scope["auth"] = inside
        _ensure(inside, right)

    return guard


def _ensure(inside: SignedIn | None, right: Right | str) -> None:
    if inside is None:
        raise NotSignedIn("Please sign in")
    if right == SIGNED_IN:
        return
    if inside.member is None:
        raise NotChosen("Please choose a producer")
    if isinstance(right, Right) and not inside.member.may(right):
        raise RightMissing("Your role may not do this")


async def _guard_counter(connection: Connection, handler: BaseRouteHandler) -> None:
    """A guard that lets in members who may sell at the counter, and tills. A member goes before the browser's till."""
    door: OfficeDoor = connection.app.state[DOOR]
    inside = await door.signed_in(connection, is_use=not handler.opt.get(QUIET, False))
    member = inside.member if inside else None
    connection.scope["auth"] = inside
    if member and member.may(Right.COUNTER):
        connection.scope["state"][_AT_COUNTER] = AtCounter(member.producer, member.actor, member=member)
    elif till := await door.till(connection):
        connection.scope["state"][_AT_COUNTER] = till
    else:
        _ensure(inside, Right.COUNTER)


_AT_COUNTER: Final = "at_counter"


def counter_of(request: Request[Any, Any, Any]) -> AtCounter | None:
    """Who stands at the counter, if the request is for one of its pages and was let in."""
    found: AtCounter | None = request.scope["state"].get(_AT_COUNTER)
    return found


async def at_counter(request: Request[Any, Any, Any]) -> AtCounter:
    """Dependency ``at_counter``: who sells, which the guard has found."""
    found: AtCounter = request.scope["state"][_AT_COUNTER]
    return found


async def signed_in(request: Request[Any, Any, Any]) -> SignedIn:
    """Dependency ``signed_in``: the session, which the guard has found."""
    inside: SignedIn = request.auth
    return inside


async def member(request: Request[Any, Any, Any]) -> Member:
    """Dependency ``member``: the person, their producer and their role, which the guard has found."""
    inside: SignedIn = request.auth
    if inside.member is None:
        raise NotChosen("Please choose a producer")
    return inside.member


def office_router(path: str, *handlers: ControllerRouterHandler, right: Right | str) -> Router:
    """A router for handlers that only members with the right may call.

    ``right`` may be EVERY_MEMBER, or SIGNED_IN for pages that come before the choice of a producer.
    """
    return SharedRouter(
        path,
        route_handlers=handlers,
        guards=[requires(right)],
        dependencies={"member": Provide(member), "signed_in": Provide(signed_in)},
        include_in_schema=False,
        opt={RIGHT: right},
    )


def counter_router(path: str, *handlers: ControllerRouterHandler) -> Router:
    """A router for the counter's pages: for members who may sell there, and for paired tills."""
    return SharedRouter(
        path,
        route_handlers=handlers,
        guards=[_guard_counter],
        dependencies={"at_counter": Provide(at_counter)},
        include_in_schema=False,
        opt={RIGHT: Right.COUNTER},
    )


def public_router(path: str, *handlers: ControllerRouterHandler) -> Router:
    """A router for the few pages that need no session."""
    return SharedRouter(path, route_handlers=handlers, include_in_schema=False, opt={RIGHT: PUBLIC})


def home_of(who: Member | None) -> str:
    """The first page for a person: not every role may see the office's."""
    return HOME if who is None or who.may(Right.VIEW) else OWN_PAGE


def inner_path(text: str) -> str:
    """The address, if it is one of the office's pages; else ""."""
    return text if _OWN_PATH.fullmatch(text) and "//" not in text and ".." not in text else ""
