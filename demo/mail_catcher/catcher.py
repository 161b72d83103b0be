"""The mail catcher: SMTP server and web page together."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from aiohttp import web

from demo.mail_catcher.mails import CaughtMail, CaughtMails
from demo.mail_catcher.smtp_server import CatchingHandler, Faults, SmtpServer
from demo.mail_catcher.web_app import mailbox_app

_SHUTDOWN_SECONDS = 0.1


class MailCatcher:
    """A real SMTP server that delivers nothing: ``async with MailCatcher("127.0.0.1") as catcher:``.

    Give ``catcher.smtp_url`` to the mailer and ``catcher.url`` to a person. The last 1,000 mails are kept in memory.
    Port 0 means any free port.
    """

    def __init__(self, host: str = "127.0.0.1", smtp_port: int = 0, http_port: int = 0) -> None:
        self._host = host
        self._smtp_port = smtp_port
        self._http_port = http_port
        self.mails = CaughtMails()
        self.faults = Faults()
        self._smtp = SmtpServer(CatchingHandler(self.mails, self.faults))
        self._web = web.AppRunner(mailbox_app(self.mails), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def smtp_url(self) -> str:
        """The address for mailers, such as "smtp://127.0.0.1:2525"."""
        return f"smtp://{self._host}:{self._smtp_port}"

    @property
    def url(self) -> str:
        """The web page, such as "http://127.0.0.1:8025"."""
        return f"http://{self._host}:{self._http_port}"

    async def start(self) -> None:
        """Listen on both ports. Raises OSError if one is taken."""
        self._smtp_port = await self._smtp.start(self._host, self._smtp_port)
        try:
            await self._web.setup()
            await web.TCPSite(self._web, self._host, self._http_port).start()
        except OSError:
            await self.stop()
            raise
        self._http_port = self._web.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening; nothing is left running or open."""
        await self._web.cleanup()
        await self._smtp.stop()

    async def wait_for(self, count: int, *, to: str | None = None, timeout_seconds: float = 10.0) -> list[CaughtMail]:
        """The mails to one address (or all), oldest first, once there are ``count``. Raises TimeoutError."""
        async with asyncio.timeout(timeout_seconds):
            return await self.mails.wait_for(count, to)
