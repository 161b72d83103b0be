"""Rendering of all pages: one template engine, one layout, one set of headers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response

from application.ports.system import Clock
from domain.catalog import Producer
from domain.pricing import whole_lines
from entrypoints.web.assets import STOREFRONT
from entrypoints.web.colours import DEFAULT_COLOUR
from entrypoints.web.month_view import Month
from entrypoints.web.page_cache import CachedAnswer
from entrypoints.web.page_format import has_prices
from entrypoints.web.security import PRIVATE, PagePolicy

TEMPLATES: Final = Path(__file__).parent / "templates"
_HTML: Final = "text/html; charset=utf-8"


class Pages:
    """Renders templates to answers."""

    def __init__(self, policy: PagePolicy, clock: Clock, *, public_url: str) -> None:
        self.policy = policy
        self.now = clock.now
        self._engine = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._engine.globals |= {
            "asset": STOREFRONT.path,
            "brand_sheet": brand_sheet,
            "has_prices": has_prices,
            "month_of": Month.of,
            "public_url": public_url,
            "whole_lines": whole_lines,
        }
        self._engine.filters["rfc3339"] = datetime.isoformat

    def text(self, template: str, context: Mapping[str, Any]) -> str:
        """The rendered template. Every template gets ``now``: pages count down from the server's clock. A context with
        a moment of its own keeps it.
        """
        return self._engine.get_template(template).render({"now": self.now(), **context})

    def page(
        self,
        template: str,
        context: Mapping[str, Any],
        *,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response[str]:
        """A page for one buyer."""
        return Response(
            self.text(template, context),
            media_type=MediaType.HTML,
            status_code=status_code,
            headers={"Content-Security-Policy": self.policy.header(), **PRIVATE, **(headers or {})},
        )

    def unkept(self, template: str, context: Mapping[str, Any]) -> CachedAnswer:
        """A page for one buyer, in the form of a public one. The browser that showed it finds it by its back button."""
        return CachedAnswer.of(
            self.text(template, context),
            media_type=_HTML,
            headers={"Content-Security-Policy": self.policy.header(), "Cache-Control": "private, no-cache"},
        )

    def public(
        self,
        template: str,
        context: Mapping[str, Any],
        *,
        good_for: timedelta | None = None,
        frame_ancestors: tuple[str, ...] = (),
    ) -> CachedAnswer:
        """A page that is the same for all buyers for a moment; for no longer than ``good_for``, if that is given."""
        return CachedAnswer.of(
            self.text(template, context),
            media_type=_HTML,
            headers={"Content-Security-Policy": self.policy.header(frame_ancestors=frame_ancestors)},
            good_for=good_for,
        )


def brand_sheet(producer: Producer | None) -> str:
    """The address of the style sheet with a producer's colours."""
    colour = (producer.branding.colour if producer else None) or DEFAULT_COLOUR
    return f"/brand/{colour.removeprefix('#')}.css"
