"""A person's own page: name, passkeys and sessions."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from litestar import MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER

from application.people.passkeys import (
    AddPasskey,
    ListPasskeys,
    OfferPasskey,
    RemovePasskey,
    RenamePasskey,
)
from application.people.sessions import EndSession, ListSessions, ListWorkplaces, SignedIn, SignOutEverywhere
from application.people.team import RenamePerson
from domain.errors import DomainError, NotFound
from domain.people import Member
from entrypoints.http.rate_limit import limit_sign_ins
from entrypoints.office.access import EVERY_MEMBER, OWN_PAGE, OfficeCookies, office_router
from entrypoints.office.device import device_of
from entrypoints.office.forms import Form
from entrypoints.office.notices import done
from entrypoints.office.passkeys import ceremony_of, options_answer
from entrypoints.office.rendering import OfficePages
from entrypoints.office.sign_in import SIGN_IN

_LABELS: Final = {"name": "Your name", "passkey_name": "Name of the passkey"}


class OwnPage:
    """What the page shows, from three use cases."""

    def __init__(
        self,
        pages: OfficePages,
        list_sessions: ListSessions,
        list_passkeys: ListPasskeys,
        list_workplaces: ListWorkplaces,
    ) -> None:
        self._pages = pages
        self._list_sessions = list_sessions
        self._list_passkeys = list_passkeys
        self._list_workplaces = list_workplaces

    async def show(self, request: Request[Any, Any, Any], form: Form) -> Response[str]:
        inside: SignedIn = request.auth
        values = {"name": inside.person.name, "passkey_name": device_of(request), **{n: form[n] for n in form.typed}}
        shown = Form.filled(values)
        shown.errors, shown.status = form.errors, form.status
        context = {
            "form": shown,
            "labels": _LABELS,
            "session": inside.session,
            "sessions": await self._list_sessions(inside.person.id),
            "passkeys": await self._list_passkeys(inside.person.id),
            "workplaces": await self._list_workplaces(inside.person.id),
        }
        return self._pages.page(request, inside.member, "office/me.html", context, active="me", status_code=form.status)


@get("/")
async def me(request: Request[Any, Any, Any], own_page: NamedDependency[OwnPage]) -> Response[str]:
    """The page."""
    return await own_page.show(request, Form())


@post("/name")
async def rename(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    own_page: NamedDependency[OwnPage],
    rename_person: NamedDependency[RenamePerson],
) -> Response[Any]:
    """Another name."""
    form = await Form.read(request)
    form.refuse_if_changed(Form.filled({"name": member.person.name}))
    try:
        if form.is_good:
            await rename_person(member.person.id, form["name"])
            return done(OWN_PAGE, "name-changed")
    except DomainError as error:
        form.refuse(error)
    return await own_page.show(request, form)


@post("/sessions/{session_id:uuid}/end")
async def end_one(
    signed_in: NamedDependency[SignedIn],
    end_session: NamedDependency[EndSession],
    office_cookies: NamedDependency[OfficeCookies],
    session_id: FromPath[UUID],
) -> Redirect:
    """Sign one browser out."""
    await end_session(signed_in.person.id, session_id)
    return _out(office_cookies) if session_id == signed_in.session.id else done(OWN_PAGE, "session-ended")


@post("/sign-out-everywhere")
async def sign_out_everywhere(
    signed_in: NamedDependency[SignedIn],
    sign_out_everywhere: NamedDependency[SignOutEverywhere],
    office_cookies: NamedDependency[OfficeCookies],
) -> Redirect:
    """Sign all browsers out, this one too."""
    await sign_out_everywhere(signed_in.person.id)
    return _out(office_cookies)


@post("/passkeys/options", before_request=limit_sign_ins, media_type=MediaType.JSON, status_code=HTTP_200_OK)
async def offer(member: NamedDependency[Member], offer_passkey: NamedDependency[OfferPasskey]) -> Response[bytes]:
    """What the browser is asked, to make a passkey."""
    return options_answer(await offer_passkey(member.person))


@post("/passkeys")
async def add(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    own_page: NamedDependency[OwnPage],
    add_passkey: NamedDependency[AddPasskey],
) -> Response[Any]:
    """Keep the passkey that the browser made."""
    form = await Form.read(request)
    try:
        await add_passkey(
            member.person.id,
            ceremony_of(form),
            form["answer"],
            form["passkey_name"],
            producer_id=member.producer.id,
        )
    except DomainError as error:
        form.refuse(error, {"name": "passkey_name"})
        return await own_page.show(request, form)
    return done(OWN_PAGE, "passkey-added")


@post("/passkeys/{passkey_id:uuid}/name")
async def rename_one(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    own_page: NamedDependency[OwnPage],
    rename_passkey: NamedDependency[RenamePasskey],
    passkey_id: FromPath[UUID],
) -> Response[Any]:
    """Give a passkey another name."""
    form = await Form.read(request)
    try:
        await rename_passkey(member.person.id, passkey_id, form[f"name-{passkey_id}"])
    except NotFound:
        raise
    except DomainError as error:
        form.refuse(error, {"name": f"name-{passkey_id}"})
        return await own_page.show(request, form)
    return done(OWN_PAGE, "passkey-renamed")


@post("/passkeys/{passkey_id:uuid}/remove")
async def remove_one(
    member: NamedDependency[Member],
    remove_passkey: NamedDependency[RemovePasskey],
    passkey_id: FromPath[UUID],
) -> Redirect:
    """Remove a passkey."""
    await remove_passkey(member.person.id, passkey_id)
    return done(OWN_PAGE, "passkey-removed")


def _out(office_cookies: OfficeCookies) -> Redirect:
    answer = Redirect(SIGN_IN, status_code=HTTP_303_SEE_OTHER)
    answer.set_cookie(office_cookies.session(""))
    return answer


router = office_router(
    OWN_PAGE,
    me,
    rename,
    end_one,
    sign_out_everywhere,
    offer,
    add,
    rename_one,
    remove_one,
    right=EVERY_MEMBER,
)
