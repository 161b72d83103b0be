"""Access control: bearer tokens and their scopes (docs/api.md#producer-api).

``BearerTokens`` reads the token of a request, ``requires`` refuses requests without a token that has the scope, and
``guarded_router`` puts both, and their OpenAPI description, around handlers. Handlers get by name ``actor`` (the
producer whose objects they may touch) or ``access`` (the token itself). The secret of a paired device is a token, too,
with the scopes of its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Self

from litestar import Request, Router
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.openapi.spec import SecurityScheme
from litestar.types import ASGIApp, ControllerRouterHandler, Guard
from typing_extensions import override

from application.access.bearer import Bearer, Holder
from application.catalog.producers import Authenticate
from application.devices.devices import AuthenticateDevice
from application.devices.pairing import DEVICE_PREFIX
from domain.access import AccessToken, Actor, Scope, hash_secret
from domain.devices import Device
from domain.errors import NotFound
from entrypoints.injection import SharedRouter

#: The name of the security scheme in OpenAPI.
BEARER: Final = "bearer"
BEARER_SCHEME: Final = SecurityScheme(
    type="http",
    scheme="bearer",
    description="A token of a producer, or of the platform. Each operation names the scope that the token needs.",
)

#: The key in a handler's ``opt`` that lets devices in, too, that were revoked: it takes in what they did before.
TAKES_REVOKED: Final = "takes_revoked_devices"

Connection = ASGIConnection[Any, Any, Holder | None, Any]


class DeviceRevoked(NotAuthorizedException):
    """The device was revoked."""

    def __init__(self) -> None:
        super().__init__(
            "This device was revoked: ask for a new code to pair it", headers={"WWW-Authenticate": "Bearer"}
        )


class Holders:
    """Finds whose a secret is."""

    def __init__(
        self, authenticate: Callable[[], Authenticate], authenticate_device: Callable[[], AuthenticateDevice]
    ) -> None:
        self._authenticate = authenticate
        self._authenticate_device = authenticate_device

    def __deepcopy__(self, memo: object) -> Self:
        """The same: Litestar copies what a middleware is given, and copied providers would open another pool."""
        return self

    async def of(self, secret: str) -> Holder | None:
        """The token, or the device, revoked or not; None for a secret of nothing, or of a token that was revoked."""
        if secret.startswith(DEVICE_PREFIX):
            return await self._authenticate_device()(secret)
        return await self._authenticate()(secret)


class BearerTokens(AbstractAuthenticationMiddleware):
    """``request.auth`` is the request's token; None if there is none, or if it is unknown or revoked. For a device's
    secret it is the device, revoked or not.
    """

    def __init__(self, app: ASGIApp, holders: Holders) -> None:
        super().__init__(app)
        self._holders = holders

    @override
    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        secret = secret_in(connection.headers.get("Authorization", ""))
        return AuthenticationResult(user=None, auth=await self._holders.of(secret) if secret else None)


def secret_in(authorization: str) -> str:
    """The secret in the header; "" if there is none."""
    scheme, _, secret = authorization.partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def bearer_of(scope: Any, secret: str, needed: Scope) -> Bearer:
    """The bearer of a request's secret, whose holder is read where the request is decided. What refuses it is the same
    as by ``requires``, and ``scope["auth"]`` as by ``BearerTokens``.
    """

    def actor_of(holder: Holder | None) -> Actor:
        scope["auth"] = holder
        return _actor(ensure_scope(holder, needed))

    return Bearer(hash_secret(secret), is_device=secret.startswith(DEVICE_PREFIX), actor_of=actor_of)


def ensure_scope(token: Holder | None, *scopes: Scope, takes_revoked: bool = False) -> Holder:
    """The token, if it has one of the scopes. A device that was revoked passes only where it is taken in.

    Raises NotAuthorizedException, DeviceRevoked or PermissionDeniedException.
    """
    if token is None:
        raise NotAuthorizedException(
            "A bearer token is needed; none came, or one that is unknown or revoked",
            headers={"WWW-Authenticate": "Bearer"},
        )
    if isinstance(token, Device) and token.is_revoked and not takes_revoked:
        raise DeviceRevoked
    if token.scopes.isdisjoint(scopes):
        wanted = " or ".join(scopes)
        raise PermissionDeniedException(
            f'This token lacks the scope "{wanted}"',
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{" ".join(scopes)}"'},
        )
    return token


def requires(*scopes: Scope) -> Guard:
    """A guard that accepts only tokens with one of the scopes."""

    # A coroutine, for Litestar gives each call of a plain function to a thread.
    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        ensure_scope(connection.auth, *scopes, takes_revoked=handler.opt.get(TAKES_REVOKED, False))

    return guard


async def access_token(request: Request[Any, AccessToken, Any]) -> AccessToken:
    """Dependency ``access``: the token, which the guard has checked."""
    return request.auth


async def asking_device(request: Request[Any, Holder, Any]) -> Device:
    """Dependency ``asking_device``: the device whose secret it is. Raises NotFound for a token of a program."""
    if not isinstance(request.auth, Device):
        raise NotFound("This token belongs to no device")
    return request.auth


async def acting(request: Request[Any, Holder, Any]) -> Actor:
    """Dependency ``actor``: the producer of the token. Raises NotFound for a token without one."""
    return _actor(request.auth)


def _actor(token: Holder) -> Actor:
    if isinstance(token, Device):
        return token.actor
    if token.producer_id is None:
        raise NotFound("This token belongs to no producer")
    return Actor(token.producer_id, token.id, token.name, token.scopes)


def guarded_router(path: str, *handlers: ControllerRouterHandler, scopes: Sequence[Scope], tags: list[str]) -> Router:
    """A router for handlers that only tokens with one of the scopes may call."""
    return SharedRouter(
        path,
        route_handlers=handlers,
        guards=[requires(*scopes)],
        security=[{BEARER: [scope]} for scope in scopes],
        dependencies={
            "access": Provide(access_token),
            "actor": Provide(acting),
            "asking_device": Provide(asking_device),
        },
        tags=tags,
    )
