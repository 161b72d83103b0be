"""What browsers are told not to do with our pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from litestar.types import BeforeMessageSendHookHandler, Message, Scope

from entrypoints.settings import Settings

STRIPE_API: Final = "https://api.stripe.com"
STRIPE_PAY_PAGES: Final = "https://checkout.stripe.com"
_NOBODY: Final = "'none'"

#: For everything, pages and API alike, unless an answer says otherwise itself.
_DEFAULTS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
#: An address with an order's token in it is told to nobody and kept nowhere.
PRIVATE: Final = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"}


#: Browsers that have been here by TLS come back by TLS alone. Other hosts of the domain are not ours to speak for.
STRICT_TRANSPORT: Final = {"Strict-Transport-Security": "max-age=31536000"}
#: The catalog is the same for everybody; all else that the API says is about somebody.
_API: Final = "/api/"
_PUBLIC_API: Final = "/api/v1/shows"


def _raw(headers: Mapping[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.lower().encode(), value.encode()) for name, value in headers.items())


def harden(settings: Settings) -> BeforeMessageSendHookHandler:
    """Hook: every answer has the headers above, unless it says otherwise itself."""
    is_https = settings.public_url.startswith("https:")
    defaults = _raw({**_DEFAULTS, **(STRICT_TRANSPORT if is_https else {})})
    private = _raw(PRIVATE) + tuple(default for default in defaults if default[0] != b"referrer-policy")

    async def add_headers(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = list(message["headers"])
        error_text = {name.lower() for name, _ in headers}
        added = private if _is_private(scope, headers) else defaults
        message["headers"] = [*headers, *(header for header in added if header[0] not in error_text)]

    return add_headers


def _is_private(scope: Scope, headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Whether the answer is about somebody: the API's own, or one with an order's token in its address or the next."""
    path = scope["path"]
    if path.startswith(_API) and not path.startswith(_PUBLIC_API):
        return True
    if b"token=" in scope["query_string"]:
        return True
    return any(name.lower() == b"location" and b"token=" in value for name, value in headers)


@dataclass(frozen=True, slots=True)
class PagePolicy:
    """The Content-Security-Policy of pages. ``pay_pages`` is the origin that buyers are sent on to."""

    pay_pages: str

    @classmethod
    def of(cls, settings: Settings) -> PagePolicy:
        base = settings.stripe_api_base
        if base == STRIPE_API:
            return cls(STRIPE_PAY_PAGES)
        parts = urlsplit(base)
        return cls(f"{parts.scheme}://{parts.netloc}")

    def leads_to(self, url: str) -> bool:
        """Whether a form may be answered with this address: Chromium holds redirects against form-action, too."""
        return url.startswith(f"{self.pay_pages}/")

    def header(self, *, frame_ancestors: tuple[str, ...] = ()) -> str:
        """``frame_ancestors`` are the sites that may show the page in a frame."""
        return (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            f"form-action 'self' {self.pay_pages}; base-uri 'none'; "
            f"frame-ancestors {' '.join(frame_ancestors) or _NOBODY}"
        )
