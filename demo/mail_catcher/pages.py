"""The web side for people: a list of the mails, and each as its reader would see it."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from demo.mail_catcher.mails import CaughtMails
from demo.mail_catcher.routes import attachment_path, find_mail

_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A mail may look in any way, but it loads nothing and runs nothing, and its links open in a separate tab.
_LETTER_SANDBOX = "allow-same-origin allow-popups allow-popups-to-escape-sandbox"
_LETTER_POLICY = (
    f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'self'; sandbox {_LETTER_SANDBOX}"
)
_LINKS_IN_NEW_TAB = '<base target="_blank">'
_STATIC_TYPES = {"mailbox.css": "text/css", "mailbox.js": "text/javascript"}


class MailboxPages:
    """HTML pages; everything in a mail is escaped or sandboxed."""

    def __init__(self, mails: CaughtMails) -> None:
        self._mails = mails
        self._templates = Environment(
            loader=PackageLoader("demo.mail_catcher"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(attachment_path=attachment_path, letter_sandbox=_LETTER_SANDBOX)
        folder = files("demo.mail_catcher") / "static"
        self._static = {name: (folder / name).read_text(encoding="utf-8") for name in _STATIC_TYPES}

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/", self.show_list)
        router.add_post("/clear", self.clear)
        router.add_get(r"/mails/{id:\d+}", self.show_mail)
        router.add_get(r"/mails/{id:\d+}/letter", self.show_letter)
        router.add_get("/static/{name}", self.static)

    async def show_list(self, _request: web.Request) -> web.Response:
        return self._page("list.html", mails=list(self._mails)[::-1])

    async def show_mail(self, request: web.Request) -> web.Response:
        return self._page("mail.html", mail=find_mail(self._mails, request))

    async def show_letter(self, request: web.Request) -> web.Response:
        """Only the HTML alternative, for the frame."""
        html = find_mail(self._mails, request).html
        before, head, after = html.partition("<head>")
        framed = f"{before}{head}{_LINKS_IN_NEW_TAB}{after}" if head else _LINKS_IN_NEW_TAB + html
        return web.Response(text=framed, content_type="text/html", headers={"Content-Security-Policy": _LETTER_POLICY})

    async def clear(self, _request: web.Request) -> web.Response:
        self._mails.clear()
        raise web.HTTPSeeOther("/")

    async def static(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self._static:
            raise web.HTTPNotFound
        return web.Response(text=self._static[name], content_type=_STATIC_TYPES[name])

    def _page(self, template: str, **context: Any) -> web.Response:
        text = self._templates.get_template(template).render(**context)
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": _PAGE_POLICY})
