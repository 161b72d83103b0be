"""What browsers are told not to do with our pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from litestar.types import Message, Scope

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


_RAW_DEFAULTS: Final = tuple((name.lower().encode(), value.encode()) for name, value in _DEFAULTS.items())


async def harden(message: Message, scope: Scope) -> None:  # noqa: ARG001
    """Hook: every answer has the headers above."""
    if message["type"] == "http.response.start":
        headers = list(message["headers"])
        told = {name.lower() for name, _ in headers}
        message["headers"] = [*headers, *(default for default in _RAW_DEFAULTS if default[0] not in told)]


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
