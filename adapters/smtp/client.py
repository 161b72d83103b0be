"""aiosmtplib's client, which asks for permission before a mail's content leaves, and reports what is known after."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import Any, Final, Literal

from aiosmtplib import SMTP, SMTPDataError, SMTPResponse, SMTPServerDisconnected, SMTPTimeoutError
from aiosmtplib.protocol import normalize_message_line_endings
from aiosmtplib.typing import Default, SMTPStatus
from typing_extensions import override

from application.ports.mail import Ask, MailPerhapsSent, unasked

_LINE_BEGINS_WITH_DOT: Final = re.compile(rb"(?m)^\.")


class AskingSmtp(SMTP):
    """``may_send`` is called for every mail when the server is ready for its content; an exception from it stops the
    mail.

    ``final_timeout`` limits, in seconds, the wait for the answer to the content.
    """

    def __init__(self, *, final_timeout: float, **options: Any) -> None:
        super().__init__(**options)
        self._final_timeout = final_timeout
        self.may_send: Ask = unasked

    @override
    async def data(
        self, message: str | bytes, /, *, timeout: float | Literal[Default.token] | None = Default.token
    ) -> SMTPResponse:
        """Raises MailPerhapsSent if all of the content was passed to the network and no answer came.

        Before that, raises as aiosmtplib does (SMTPDataError, SMTPServerDisconnected, SMTPTimeoutError).
        """
        content = message.encode("ascii") if isinstance(message, str) else message
        started = await self.execute_command(b"DATA", timeout=timeout)
        if started.code != SMTPStatus.start_input:
            raise SMTPDataError(started.code, started.message)
        await self.may_send()
        answer = await self._answer_to(_dot_stuffed(content))
        if answer.code != SMTPStatus.completed:
            raise SMTPDataError(answer.code, answer.message)
        return answer

    async def _answer_to(self, content: bytes) -> SMTPResponse:
        protocol, transport = self.protocol, self.transport
        if protocol is None or transport is None:
            raise SMTPServerDisconnected("Connection lost")
        protocol.write(content)
        try:
            return await protocol.read_response(timeout=self._final_timeout)
        except (SMTPServerDisconnected, SMTPTimeoutError) as error:
            unsent_bytes = _waiting_in(transport)
            self.close()
            if unsent_bytes:  # the end of the content is not out: the server cannot have accepted the mail
                raise
            raise MailPerhapsSent(f"the mail server has all of it, and did not answer: {error}") from error


def _dot_stuffed(content: bytes) -> bytes:
    """The content as it travels (RFC 5321 4.5.2), with the line that ends it."""
    if not content.endswith(b"\r\n") or not content.count(b"\r") == content.count(b"\n") == content.count(b"\r\n"):
        content = normalize_message_line_endings(content)
    if content.startswith(b".") or b"\n." in content:  # to look for both first takes a tenth of the time
        content = _LINE_BEGINS_WITH_DOT.sub(b"..", content)
    return content + b".\r\n"


def _waiting_in(transport: asyncio.BaseTransport) -> int:
    """The number of bytes not yet passed to the network; 0 if the connection is lost, because it is then unknown."""
    with suppress(AttributeError, NotImplementedError, RuntimeError):
        waiting: int = transport.get_write_buffer_size()  # type: ignore[attr-defined]
        return waiting
    return 0
