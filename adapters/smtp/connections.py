"""A few connections to the mail server, kept open between mails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiosmtplib import SMTP, SMTPException

from adapters.smtp.client import AskingSmtp
from adapters.smtp.options import SmtpOptions, TransportSecurity

_START_TLS = {
    TransportSecurity.TLS: False,
    TransportSecurity.STARTTLS_WHEN_OFFERED: None,
    TransportSecurity.STARTTLS_REQUIRED: True,
    TransportSecurity.NONE: False,
}
# Servers close idle connections after a minute or more; before that it is worth checking whether a connection is alive.
_MAX_IDLE_SECONDS = 30.0
_ALIVE_WITHIN_SECONDS = 10.0
#: Limits the time until a connection can be used: reaching the host, TLS, greeting and login.
OPEN_WITHIN_SECONDS = 60.0


class EveryConnectionUsed(Exception):
    """No connection became free in time."""


class SmtpConnections:
    """A pool of at most ``options.max_connections`` connections, each used for one mail after the other."""

    def __init__(self, options: SmtpOptions) -> None:
        self._options = options
        self._free_places = asyncio.Semaphore(options.max_connections)
        self._idle: list[tuple[AskingSmtp, float]] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AskingSmtp]:
        """A connection, logged in and ready for one mail.

        A connection on which an error occurred is not used again. Raises SMTPException, OSError, TimeoutError or
        EveryConnectionUsed.
        """
        async with self._place():
            connection = await self._reuse() or await self._open()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            self._idle.append((connection, time.monotonic()))

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._options.max_wait_seconds):
                await self._free_places.acquire()
        except TimeoutError as error:
            raise EveryConnectionUsed from error
        try:
            yield
        finally:
            self._free_places.release()

    async def close(self) -> None:
        """Say QUIT on every idle connection."""
        while self._idle:
            connection, _ = self._idle.pop()
            with suppress(SMTPException, OSError):
                await connection.quit()
            connection.close()

    async def _reuse(self) -> AskingSmtp | None:
        while self._idle:
            connection, idle_since = self._idle.pop()
            if time.monotonic() - idle_since <= _MAX_IDLE_SECONDS and await _is_alive(connection):
                return connection
            connection.close()
        return None

    async def _open(self) -> AskingSmtp:
        options = self._options
        connection = AskingSmtp(
            final_timeout=options.final_timeout_seconds,
            hostname=options.host,
            port=options.port,
            username=options.username,
            password=options.password,
            timeout=options.timeout_seconds,
            use_tls=options.security is TransportSecurity.TLS,
            start_tls=_START_TLS[options.security],
            cert_bundle=options.ca_file,
        )
        async with asyncio.timeout(OPEN_WITHIN_SECONDS):
            await connection.connect()
        return connection


async def _is_alive(connection: SMTP) -> bool:
    try:
        await connection.noop(timeout=_ALIVE_WITHIN_SECONDS)
    except (SMTPException, OSError):
        return False
    except BaseException:
        connection.close()
        raise
    return True
