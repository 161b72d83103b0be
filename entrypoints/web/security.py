"""Headers that restrict what browsers may do with our pages."""

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

#: For all answers, pages and API, unless an answer sets its own.
_DEFAULTS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
#: An address that contains an order's token must not be passed on or stored.
PRIVATE: Final = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"}


#: Browsers that came by TLS come back only by TLS. Other hosts of the domain are not ours to decide about.
STRICT_TRANSPORT: Final = {"Strict-Transport-Security": "max-age=31536000"}
#: The catalog is the same for all; every other answer of the API is private.
_API: Final = "/api/"
_PUBLIC_API: Final = "/api/v1/shows"


def _raw(headers: Mapping[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.lower().encode(), value.encode()) for name, value in headers.items())


def headers_of_public_answers(settings: Settings) -> tuple[tuple[bytes, bytes], ...]:
    """The headers of answers that are the same for all, such as the catalog's."""
    is_https = settings.public_url.startswith("https:")
    return _raw({**_DEFAULTS, **(STRICT_TRANSPORT if is_https else {})})


def headers_of_private_answers(settings: Settings) -> tuple[tuple[bytes, bytes], ...]:
    """The headers of answers for one reader: the API's, but for the catalog."""
    return _raw(PRIVATE) + tuple(each for each in headers_of_public_answers(settings) if each[0] != b"referrer-policy")


def harden(settings: Settings) -> BeforeMessageSendHookHandler:
    """Hook: adds the headers above to every answer that does not set its own."""
    defaults, private = headers_of_public_answers(settings), headers_of_private_answers(settings)

    async def add_headers(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = list(message["headers"])
        error_text = {name.lower() for name, _ in headers}
        added = private if _is_private(scope, headers) else defaults
        message["headers"] = [*headers, *(header for header in added if header[0] not in error_text)]

    return add_headers


def _is_private(scope: Scope, headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Whether the answer is private: the API's own, or one with an order's token in its address or the next."""
    path = scope["path"]
    if path.startswith(_API) and not path.startswith(_PUBLIC_API):
        return True
    if b"token=" in scope["query_string"]:
        return True
    return any(name.lower() == b"location" and b"token=" in value for name, value in headers)


@dataclass(frozen=True, slots=True)
class PagePolicy:
    """The Content-Security-Policy of pages.

    ``pay_pages`` is the origin of the payment pages that buyers are forwarded to.
    """

    pay_pages: str

    @classmethod
    def of(cls, settings: Settings) -> PagePolicy:
        base = settings.stripe_api_base
        if base == STRIPE_API:
            return cls(STRIPE_PAY_PAGES)
        parts = urlsplit(base)
        return cls(f"{parts.scheme}://{parts.netloc}")

    def leads_to(self, url: str) -> bool:
        """Whether a form may redirect to this address: Chromium checks redirects against form-action, too."""
        return url.startswith(f"{self.pay_pages}/")

    def header(self, *, frame_ancestors: tuple[str, ...] = ()) -> str:
        """The header. ``frame_ancestors`` are the sites that may show the page in a frame."""
        return (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            f"form-action 'self' {self.pay_pages}; base-uri 'none'; "
            f"frame-ancestors {' '.join(frame_ancestors) or _NOBODY}"
        )
