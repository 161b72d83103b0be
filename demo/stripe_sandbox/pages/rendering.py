"""The sandbox's few HTML pages. All text from callers is escaped; nothing is fetched from elsewhere."""

from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

_SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    # No form-action: browsers apply it to the redirect that follows a payment, which leads to the seller's site.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Templates:
    """Renders the packaged templates."""

    def __init__(self) -> None:
        loader = PackageLoader("demo.stripe_sandbox.pages")
        self._environment = Environment(
            loader=loader, autoescape=select_autoescape(default=True), undefined=StrictUndefined
        )
        self._stylesheet = loader.get_source(self._environment, "sandbox.css")[0]

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/sandbox.css", self._serve_stylesheet)

    def page(self, name: str, *, status: int = 200, **values: Any) -> web.Response:
        html = self._environment.get_template(name).render(values)
        return web.Response(status=status, text=html, content_type="text/html", headers=_SECURITY_HEADERS)

    async def _serve_stylesheet(self, _request: web.Request) -> web.Response:
        return web.Response(text=self._stylesheet, content_type="text/css")
