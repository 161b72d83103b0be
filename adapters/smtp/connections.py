"""A few connections to the mail server, kept open between mails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiosmtplib import SMTP, SMTPException

from adapters.smtp.options import SmtpOptions, TransportSecurity

_START_TLS = {
    TransportSecurity.TLS: False,
    TransportSecurity.STARTTLS_WHEN_OFFERED: None,
    TransportSecurity.STARTTLS_REQUIRED: True,
    TransportSecurity.NONE: False,
}
# Servers hang up on idle clients after a minute or more; until then a connection is worth asking whether it lives.
_MAX_IDLE_SECONDS = 30.0


class SmtpConnections:
    """A pool: at most ``options.max_connections`` at a time, each used by one mail after the other."""

    def __init__(self, options: SmtpOptions) -> None:
        self._options = options
        self._free_places = asyncio.Semaphore(options.max_connections)
        self._idle: list[tuple[SMTP, float]] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[SMTP]:
        """A connection, logged in and ready for one mail, for ``options.timeout_seconds`` at most.

        One on which anything went wrong is not used again. Raises SMTPException, OSError or TimeoutError.
        """
        async with self._free_places, asyncio.timeout(self._options.timeout_seconds):
            connection = await self._reuse() or await self._open()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            self._idle.append((connection, time.monotonic()))

    async def close(self) -> None:
        """Take leave of the server on every idle connection."""
        while self._idle:
            connection, _ = self._idle.pop()
            with suppress(SMTPException, OSError):
                await connection.quit()
            connection.close()

    async def _reuse(self) -> SMTP | None:
        while self._idle:
            connection, idle_since = self._idle.pop()
            if time.monotonic() - idle_since <= _MAX_IDLE_SECONDS and await _is_alive(connection):
                return connection
            connection.close()
        return None

    async def _open(self) -> SMTP:
        options = self._options
        connection = SMTP(
            hostname=options.host,
            port=options.port,
            username=options.username,
            password=options.password,
            timeout=options.timeout_seconds,
            use_tls=options.security is TransportSecurity.TLS,
            start_tls=_START_TLS[options.security],
            cert_bundle=options.ca_file,
        )
        await connection.connect()
        return connection


async def _is_alive(connection: SMTP) -> bool:
    try:
        await connection.noop()
    except (SMTPException, OSError):
        return False
    except BaseException:
        connection.close()
        raise
    return True
