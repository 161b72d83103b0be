"""Tokens for programs: made, listed and revoked by owners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid4

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from application.catalog.producers import IssuedToken, IssueToken, ListTokens, RevokeToken
from domain.access import MAX_NAME_LENGTH, AccessToken, Scope
from domain.errors import DomainError, NotFound
from domain.people import Member, Right
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form, key_in
from entrypoints.office.notices import done
from entrypoints.office.rendering import OfficePages

TOKENS: Final = "/office/tokens"
LABELS: Final[Mapping[str, str]] = {"name": "Name", "scopes": "What it may do"}
#: What a program may do with each scope. PLATFORM is the operator's alone.
SCOPES: Final[Mapping[Scope, tuple[str, str]]] = {
    Scope.CATALOG: ("Shows", "Shows, tickets, codes, texts and pictures."),
    Scope.ORDERS: ("Orders", "Orders and refunds, reports, and buyers’ names and addresses."),
    Scope.CHECKIN: ("Door", "Checking tickets in. A scanner needs only this."),
    Scope.ACCOUNT: ("Account", "Where your money goes. Give it to no program that does not need it."),
}


@get("/")
async def page(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_tokens: NamedDependency[ListTokens],
) -> Response[str]:
    """All tokens, the newest first, and the form of a new one."""
    form = Form.filled({"key": uuid4()})
    return await _page(request, member, office_pages, list_tokens, form)


async def _page(
    request: Request[Any, Any, Any],
    member: Member,
    pages: OfficePages,
    list_tokens: ListTokens,
    form: Form,
    issued: IssuedToken | None = None,
) -> Response[str]:
    tokens = await list_tokens(member.producer.id)
    context = {
        "tokens": sorted(tokens, key=lambda token: (token.revoked_at is None, token.created_at), reverse=True),
        "form": form,
        "labels": LABELS,
        "scopes": SCOPES,
        "issued": issued,
        "next_key": uuid4(),
        "most_characters": MAX_NAME_LENGTH,
    }
    return pages.page(request, member, "office/tokens.html", context, active="account", status_code=form.status)


@post("/")
async def issue(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_tokens: NamedDependency[ListTokens],
    issue_token: NamedDependency[IssueToken],
) -> Response[str]:
    """Makes a token and shows its secret, this once. The same form makes one token, however often it is sent."""
    form = await Form.read(request)
    name = form.text("name", required=True, most=MAX_NAME_LENGTH)
    scopes = {scope for scope in SCOPES if scope.value in form.all("scopes")}
    if not scopes:
        form.wrong("scopes", "Please choose what it may do.")
    issued = None
    if form.is_good:
        try:
            issued = await issue_token(
                producer_id=member.producer.id, name=name, scopes=scopes, by=member.actor, token_id=key_in(form["key"])
            )
        except DomainError as error:
            form.refuse(error)
    shown = Form() if issued else form
    return await _page(request, member, office_pages, list_tokens, shown, issued)


@get("/{token_id:uuid}/revoke")
async def revoke_page(
    request: Request[Any, Any, Any],
    token_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_tokens: NamedDependency[ListTokens],
) -> Response[str]:
    """What revoking means. Raises NotFound for a token of others, and for one that was revoked."""
    token = _own(await list_tokens(member.producer.id), token_id)
    context = {"token": token, "scopes": SCOPES}
    return office_pages.page(request, member, "office/token_revoke.html", context, active="account")


@post("/{token_id:uuid}/revoke")
async def revoke(
    token_id: FromPath[UUID], member: NamedDependency[Member], revoke_token: NamedDependency[RevokeToken]
) -> Redirect:
    """Revokes the token. Twice is harmless."""
    await revoke_token(token_id, of_producer=member.producer.id, by=member.actor)
    return done(TOKENS, "token-revoked")


def _own(tokens: list[AccessToken], token_id: UUID) -> AccessToken:
    for token in tokens:
        if token.id == token_id and token.revoked_at is None:
            return token
    raise NotFound("No such token")


router = office_router(TOKENS, page, issue, revoke_page, revoke, right=Right.ACCOUNT)
