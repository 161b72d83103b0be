"""Operations for the platform's token: registering producers, and issuing and revoking their tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from application.catalog.producers import IssueToken, ListTokens, RegisterProducer, RevokeToken
from domain.access import AccessToken, Scope
from domain.fees import FeeBearer
from domain.tax import TaxMode
from entrypoints.http.access import guarded_router
from entrypoints.http.openapi import answers
from entrypoints.http.schemas import AccountOut
from entrypoints.http.strict_json import StrictJson


class NewProducerIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``currency`` applies to all shows of the producer and cannot change.

    ``tax`` is how tax is charged, and ``fees`` who bears the fees, until the producer changes it.
    """

    name: str
    email: str
    currency: str
    tax: TaxMode = TaxMode.EXCLUSIVE
    fees: FeeBearer = FeeBearer.BUYER


class NewTokenIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: str
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=len(Scope))]


class TokenOut(msgspec.Struct, kw_only=True):
    """``last_used_at`` may be up to a minute old."""

    id: UUID
    name: str
    scopes: list[Scope]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, token: AccessToken) -> TokenOut:
        return cls(
            id=token.id,
            name=token.name,
            scopes=sorted(token.scopes),
            created_at=token.created_at,
            last_used_at=token.last_used_at,
            revoked_at=token.revoked_at,
        )


class TokenListOut(msgspec.Struct):
    """All of them: ``next_cursor`` is always null."""

    items: list[TokenOut]
    next_cursor: str | None = None


class IssuedTokenOut(TokenOut, kw_only=True):
    """``token`` is the secret, shown this once."""

    token: str


@post(
    "/",
    dto=StrictJson[NewProducerIn],
    return_dto=None,
    summary="Register a producer",
    operation_id="add_producer",
    responses=answers("invalid_email"),
)
async def add(
    data: JSONBody[NewProducerIn],
    register_producer: NamedDependency[RegisterProducer],
    access: NamedDependency[AccessToken],
) -> AccountOut:
    """A producer without a Stripe account yet."""
    producer = await register_producer(
        name=data.name, email=data.email, currency_code=data.currency, tax=data.tax, fees=data.fees, by=access
    )
    return AccountOut.of(producer)


@post(
    "/{producer_id:uuid}/tokens",
    dto=StrictJson[NewTokenIn],
    return_dto=None,
    summary="Give a producer a token",
    operation_id="add_token",
)
async def add_token(
    producer_id: FromPath[UUID],
    data: JSONBody[NewTokenIn],
    issue_token: NamedDependency[IssueToken],
    access: NamedDependency[AccessToken],
) -> IssuedTokenOut:
    """The secret is shown this once, and stored hashed."""
    issued = await issue_token(producer_id=producer_id, name=data.name, scopes=data.scopes, by=access)
    return IssuedTokenOut(**msgspec.structs.asdict(TokenOut.of(issued.token)), token=issued.secret)


@get("/{producer_id:uuid}/tokens", summary="List a producer's tokens", operation_id="list_tokens")
async def list_of(producer_id: FromPath[UUID], list_tokens: NamedDependency[ListTokens]) -> TokenListOut:
    """All tokens, including revoked ones, without their secrets, which are not stored."""
    return TokenListOut([TokenOut.of(token) for token in await list_tokens(producer_id)])


@delete("/{producer_id:uuid}/tokens/{token_id:uuid}", summary="Revoke a token", operation_id="revoke_token")
async def revoke(
    producer_id: FromPath[UUID],
    token_id: FromPath[UUID],
    revoke_token: NamedDependency[RevokeToken],
    access: NamedDependency[AccessToken],
) -> None:
    """Revokes the token. Repeating it changes nothing."""
    await revoke_token(token_id, of_producer=producer_id, by=access)


router = guarded_router("/producers", add, add_token, list_of, revoke, scopes=[Scope.PLATFORM], tags=["Platform"])
