"""The team: people, their roles, and invitations."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from application import formatting
from application.notifications.sign_in import ROLE_WORDS
from application.orders.report import ReportSales
from application.people.team import (
    ChangeRole,
    Invite,
    InviteAgain,
    ListTeam,
    RemoveMember,
    TakeInvitationBack,
)
from domain.errors import DomainError, InvalidEmail, NotFound
from domain.people import Member, Membership, Person, Right, Role, parse_person_email
from domain.timezones import zone_of
from entrypoints.http.rate_limit import limit_sign_in_address
from entrypoints.office.access import HOME, office_router
from entrypoints.office.forms import Form
from entrypoints.office.notices import done
from entrypoints.office.rendering import ROLE_NAMES, OfficePages

TEAM: Final = "/office/team"
#: The roles to choose from: value, name, and what the role may do.
ROLES: Final = tuple((role.value, ROLE_NAMES[role], f"They{ROLE_WORDS[role][1].removeprefix('you')}.") for role in Role)
_LABELS: Final[Mapping[str, str]] = MappingProxyType({"email": "E-mail address", "role": "Role"})


@get("/")
async def team(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_team: NamedDependency[ListTeam],
    report_sales: NamedDependency[ReportSales],
) -> Response[str]:
    """Who works here, and who is invited."""
    return await _page(
        request, member, office_pages, list_team, report_sales, Form.filled({"role": Role.BOX_OFFICE.value})
    )


async def _page(
    request: Request[Any, Any, Any],
    member: Member,
    office_pages: OfficePages,
    list_team: ListTeam,
    report_sales: ReportSales,
    form: Form,
) -> Response[str]:
    place = await report_sales.place(member.actor, now=office_pages.now())
    context = {
        "team": await list_team(member.producer.id),
        "form": form,
        "roles": ROLES,
        "labels": _LABELS,
        "day": lambda moment: formatting.day(moment, zone_of(place.timezone), place.locale),
    }
    return office_pages.page(request, member, "office/team.html", context, active="team", status_code=form.status)


@post("/invitations")
async def invite(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_team: NamedDependency[ListTeam],
    report_sales: NamedDependency[ReportSales],
    invite: NamedDependency[Invite],
) -> Response[Any]:
    """Mail an invitation."""
    form = await Form.read(request)
    role = form.one_of("role", [*Role])
    try:
        email = parse_person_email(form["email"])
        if form.is_good:
            await limit_sign_in_address(request, email)
            await invite(member.actor, email, Role(role))
            return done(TEAM, "invited")
    except (DomainError, InvalidEmail) as error:
        form.refuse(error)
    return await _page(request, member, office_pages, list_team, report_sales, form)


@post("/invitations/{invitation_id:uuid}/again")
async def again(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    invite_again: NamedDependency[InviteAgain],
    invitation_id: FromPath[UUID],
) -> Redirect:
    """Mail an invitation once more."""
    await limit_sign_in_address(request, str(invitation_id))
    await invite_again(member.actor, invitation_id)
    return done(TEAM, "invited-again")


@post("/invitations/{invitation_id:uuid}/take-back")
async def take_back(
    member: NamedDependency[Member],
    take_invitation_back: NamedDependency[TakeInvitationBack],
    invitation_id: FromPath[UUID],
) -> Redirect:
    """Take an invitation back."""
    await take_invitation_back(member.actor, invitation_id)
    return done(TEAM, "invitation-taken-back")


@get("/{person_id:uuid}")
async def one(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_team: NamedDependency[ListTeam],
    person_id: FromPath[UUID],
) -> Response[str]:
    """A member, and the roles to choose from."""
    person, membership = await _found(list_team, member, person_id)
    form = Form.filled({"role": membership.role.value})
    return _member_page(request, member, office_pages, person, form)


async def _found(list_team: ListTeam, member: Member, person_id: UUID) -> tuple[Person, Membership]:
    """The person of the member's own team. Raises NotFound."""
    found = [each for each in (await list_team(member.producer.id)).members if each[0].id == person_id]
    if not found:
        raise NotFound("No such member")
    return found[0]


def _member_page(
    request: Request[Any, Any, Any], member: Member, office_pages: OfficePages, person: Person, form: Form
) -> Response[str]:
    context = {"person": person, "form": form, "roles": ROLES, "labels": _LABELS}
    return office_pages.page(request, member, "office/member.html", context, active="team", status_code=form.status)


@post("/{person_id:uuid}/role")
async def change_role(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_team: NamedDependency[ListTeam],
    change_role: NamedDependency[ChangeRole],
    person_id: FromPath[UUID],
) -> Response[Any]:
    """Give a member another role."""
    form = await Form.read(request)
    _, membership = await _found(list_team, member, person_id)
    names = {role.value: name for role, name in ROLE_NAMES.items()}
    form.refuse_if_changed(Form.filled({"role": membership.role.value}), names)
    role = form.one_of("role", [*Role])
    try:
        if form.is_good:
            await change_role(member.actor, person_id, Role(role))
            is_still_owner = person_id != member.person.id or role == Role.OWNER
            return done(TEAM, "role-changed") if is_still_owner else Redirect(HOME, status_code=HTTP_303_SEE_OTHER)
    except NotFound:
        raise
    except DomainError as error:
        form.refuse(error)
    person, _ = await _found(list_team, member, person_id)
    return _member_page(request, member, office_pages, person, form)


@get("/{person_id:uuid}/remove")
async def ask_to_remove(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_team: NamedDependency[ListTeam],
    person_id: FromPath[UUID],
) -> Response[str]:
    """What removing a member does."""
    person, _ = await _found(list_team, member, person_id)
    return _removal_page(request, member, office_pages, person, Form())


def _removal_page(
    request: Request[Any, Any, Any], member: Member, office_pages: OfficePages, person: Person, form: Form
) -> Response[str]:
    context = {"person": person, "form": form}
    return office_pages.page(
        request, member, "office/remove_member.html", context, active="team", status_code=form.status
    )


@post("/{person_id:uuid}/remove")
async def remove(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_team: NamedDependency[ListTeam],
    remove_member: NamedDependency[RemoveMember],
    person_id: FromPath[UUID],
) -> Response[Any]:
    """Remove a member."""
    person, _ = await _found(list_team, member, person_id)
    try:
        await remove_member(member.actor, person_id)
    except NotFound:
        raise
    except DomainError as error:
        form = Form()
        form.refuse(error)
        return _removal_page(request, member, office_pages, person, form)
    return done(TEAM, "member-removed")


router = office_router(
    TEAM, team, invite, again, take_back, one, change_role, ask_to_remove, remove, right=Right.PEOPLE
)
