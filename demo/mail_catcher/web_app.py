"""The web application put together."""

from __future__ import annotations

from aiohttp import web

from demo.mail_catcher.api import MailboxApi
from demo.mail_catcher.mails import CaughtMails
from demo.mail_catcher.pages import MailboxPages


def mailbox_app(mails: CaughtMails) -> web.Application:
    """Pages and JSON over the mails."""
    app = web.Application()
    MailboxPages(mails).add_routes(app.router)
    MailboxApi(mails).add_routes(app.router)
    app.on_response_prepare.append(_harden)
    return app


async def _harden(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
