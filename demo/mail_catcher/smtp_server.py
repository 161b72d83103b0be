"""The SMTP side: aiosmtpd's protocol on the running event loop."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope, Session
from typing_extensions import override

from demo.mail_catcher.mails import CaughtMails

_OK = "250 2.0.0 OK"
_BUSY = "451 4.3.0 Busy, please try again later"
_NO_SUCH_USER = "550 5.1.1 No such user"


@dataclass(slots=True)
class Faults:
    """What the server does wrong on purpose: nothing, until a test sets it."""

    refused_addresses: set[str] = field(default_factory=set)
    """Recipients answered 550."""
    is_busy: bool = False
    """Every mail is answered 451."""
    is_hanging: bool = False
    """No mail is ever answered or accepted."""
    is_mute: bool = False
    """Every mail is accepted, and never answered."""
    is_hanging_up: bool = False
    """Every mail is accepted, and the connection is broken instead of an answer."""
    slow_steps: dict[str, float] = field(default_factory=dict)
    """Seconds before the answer to MAIL, RCPT or CONTENT."""

    def fix(self) -> None:
        """Switch all faults off."""
        self.refused_addresses.clear()
        self.is_busy = False
        self.is_hanging = False
        self.is_mute = False
        self.is_hanging_up = False
        self.slow_steps.clear()


class CatchingHandler:
    """aiosmtpd's hooks. They accept every mail, unless there are faults."""

    def __init__(self, mails: CaughtMails, faults: Faults) -> None:
        self._mails = mails
        self._faults = faults

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await self._take_time("MAIL")
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return _OK

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds hooks by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        await self._take_time("RCPT")
        if address in self._faults.refused_addresses:
            return _NO_SUCH_USER
        envelope.rcpt_tos.append(address)
        return _OK

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self._faults.is_hanging:
            await asyncio.Event().wait()
        if self._faults.is_busy:
            return _BUSY
        await self._mails.add(
            envelope.original_content or b"",
            envelope_from=envelope.mail_from or "",
            envelope_to=tuple(envelope.rcpt_tos),
        )
        await self._take_time("CONTENT")
        if self._faults.is_mute:
            await asyncio.Event().wait()
        if self._faults.is_hanging_up and server.transport is not None:
            cast("asyncio.WriteTransport", server.transport).abort()
        return _OK

    async def _take_time(self, step: str) -> None:
        if step in self._faults.slow_steps:
            await asyncio.sleep(self._faults.slow_steps[step])


class SmtpServer:
    """Listens on the running loop. ``tls`` encrypts from the first byte.

    ``protocol_options`` go to aiosmtpd's ``SMTP`` (``tls_context`` for STARTTLS, ``authenticator``, ``auth_required``).
    """

    def __init__(self, handler: object, *, tls: ssl.SSLContext | None = None, **protocol_options: Any) -> None:
        self._handler = handler
        self._tls = tls
        self._protocol_options = protocol_options
        self._sessions: set[_TrackedSmtp] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; 0 means any free port. Returns the port. Raises OSError if it is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._new_session, host, port, ssl=self._tls)
        bound_port: int = self._server.sockets[0].getsockname()[1]
        return bound_port

    async def stop(self) -> None:
        """Stop listening and break off every session; nothing is left running."""
        if self._server is None:
            return
        self._server.close()
        tasks = [task for session in tuple(self._sessions) for task in session.abort()]
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    def _new_session(self) -> SMTP:
        return _TrackedSmtp(self._handler, self._sessions, **self._protocol_options)


class _TrackedSmtp(SMTP):
    """aiosmtpd does not keep its sessions, but a server that stops has to end them."""

    def __init__(self, handler: object, sessions: set[_TrackedSmtp], **options: Any) -> None:
        super().__init__(
            handler,
            hostname="mailbox",
            ident="mail catcher",
            loop=asyncio.get_running_loop(),
            **({"enable_SMTPUTF8": True} | options),
        )
        self._sessions = sessions

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sessions.add(self)
        super().connection_made(transport)

    @override
    def connection_lost(self, error: Exception | None) -> None:
        self._sessions.discard(self)
        super().connection_lost(error)

    def abort(self) -> list[asyncio.Task[None]]:
        """Break the connection, and cancel its running handler. Returns the tasks that have yet to end."""
        for transport in (self.transport, self._original_transport):
            if transport is not None:
                # Not isinstance: uvloop's transports derive from none of asyncio's classes.
                cast("asyncio.WriteTransport", transport).abort()
        if self._handler_coroutine is None:
            return []
        self._handler_coroutine.cancel()
        return [self._handler_coroutine]
