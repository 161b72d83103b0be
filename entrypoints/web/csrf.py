"""The token in every form, checked against a cookie of the same browser."""

from __future__ import annotations

from collections.abc import Sequence
from hmac import compare_digest
from http.cookies import CookieError, SimpleCookie
from typing import Any

from litestar import Request
from litestar.config.csrf import CSRFConfig
from litestar.enums import ScopeType
from litestar.middleware.csrf import CSRF_SECRET_LENGTH, CSRFMiddleware, generate_csrf_hash
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send
from litestar.utils.scope.state import ScopeState
from typing_extensions import override

from entrypoints.settings import Settings

#: Pages without a form that changes something do not set the cookie: they are the same for all buyers and may be
#: cached. The API takes JSON and bearer tokens, and no cookie.
_WITHOUT = (
    r"^/api/",
    r"^/schema",
    r"^/developers",
    r"^/health/",
    r"^/metrics",
    r"^/assets/",
    r"^/brand/",
    r"^/door(/|$)",
    r"^/pictures/",
    r"^/widget\.js$",
    r"^/$",
    r"^/shows/[^/]+$",
    r"^/productions/[^/]+$",
    r"^/shows/[^/]+/(remaining|total|widget)$",
)


def csrf_config(settings: Settings) -> CSRFConfig:
    """Litestar's protection, with a cookie that no other host can set and no script can read."""
    secure = settings.public_url.startswith("https:")
    return CSRFConfig(
        secret=settings.signing_key,
        cookie_name="__Host-csrf" if secure else "csrf",
        cookie_secure=secure,
        cookie_httponly=True,
        cookie_samesite="lax",
        exclude=list(_WITHOUT),
    )


class FormTokens(CSRFMiddleware):
    """Litestar's protection, extended for an installation whose secret was changed: it accepts forms that were opened
    with one of the ``earlier`` secrets, and gives a browser with a still older cookie a new one instead of refusing it.
    """

    def __init__(self, app: ASGIApp, config: CSRFConfig, earlier: Sequence[str] = ()) -> None:
        super().__init__(app, config)
        self._secrets = (config.secret, *earlier)

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and any(name == b"cookie" for name, _ in scope["headers"]):
            scope = self._without_foreign_cookie(scope)
        await super().__call__(scope, receive, send)

    @override
    def _decode_csrf_token(self, token: str) -> str | None:
        text, tag = token[:CSRF_SECRET_LENGTH], token[CSRF_SECRET_LENGTH:]
        wanted = (generate_csrf_hash(text, secret) for secret in self._secrets)
        return text if any(compare_digest(tag.encode(), each.encode()) for each in wanted) else None

    def _without_foreign_cookie(self, scope: HTTPScope) -> HTTPScope:
        header = "; ".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie")
        try:
            cookies = SimpleCookie(header)
        except CookieError:
            return scope
        ours = cookies.get(self.config.cookie_name)
        if ours is None or self._decode_csrf_token(ours.value) is not None:
            return scope
        others = "; ".join(f"{name}={each.coded_value}" for name, each in cookies.items() if each is not ours)
        headers = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
        return {**scope, "headers": [*headers, *([(b"cookie", others.encode("latin-1"))] if others else [])]}


def csrf_token(request: Request[Any, Any, Any]) -> str:
    """The token of the browser: the same in all its tabs, and secret to others."""
    token = ScopeState.from_scope(request.scope).csrf_token
    return token if isinstance(token, str) else ""
