"""The token in every form, held against a cookie of the same browser."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.config.csrf import CSRFConfig
from litestar.utils.scope.state import ScopeState

from entrypoints.settings import Settings

#: Where nothing is changed by a form the cookie is not set, so that those pages are the same for everybody and may be
#: cached; the API takes JSON and bearer tokens, and no cookie at all.
_WITHOUT = (
    r"^/api/",
    r"^/schema",
    r"^/health/",
    r"^/metrics",
    r"^/assets/",
    r"^/brand/",
    r"^/pictures/",
    r"^/widget\.js$",
    r"^/$",
    r"^/shows/[^/]+$",
    r"^/shows/[^/]+/(remaining|total|widget)$",
)


def csrf_config(settings: Settings) -> CSRFConfig:
    """Litestar's protection, with a cookie that no other host can set and no script can read."""
    secure = settings.public_url.startswith("https:")
    return CSRFConfig(
        secret=settings.secret_key,
        cookie_name="__Host-csrf" if secure else "csrf",
        cookie_secure=secure,
        cookie_httponly=True,
        cookie_samesite="lax",
        exclude=list(_WITHOUT),
    )


def csrf_token(request: Request[Any, Any, Any]) -> str:
    """The token of the asking browser: the same in all its tabs, and known to it alone."""
    token = ScopeState.from_scope(request.scope).csrf_token
    return token if isinstance(token, str) else ""
