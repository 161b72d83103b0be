"""Mail by SMTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from aiosmtplib import SMTP, SMTPException, SMTPNotSupported, SMTPRecipientsRefused, SMTPResponseException

from adapters.smtp.connections import EveryConnectionUsed, SmtpConnections
from adapters.smtp.messages import WrittenMail, compose
from adapters.smtp.options import Sender, SmtpOptions
from application.ports.mail import Ask, Mail, MailQueued, MailRefused, MailUnavailable, unasked
from application.ports.system import Clock

# Authentication required, mechanism too weak, credentials invalid, encryption required: after the operator's fix the
# same mail goes through.
_SETUP_CODES = frozenset({530, 534, 535, 538})
#: What a mail needs whose headers are not in ASCII (RFC 6531).
_BEYOND_ASCII = ("SMTPUTF8", "BODY=8BITMIME")


class SmtpMailer:
    """A ``Mailer`` that sends mail through one server. Close it, or use it as an async context manager.

    It opens connections when first needed and keeps them for the next mail; mails beyond ``options.max_connections`` at
    the same time wait for a connection.
    """

    def __init__(self, options: SmtpOptions, *, sender: Sender, clock: Clock) -> None:
        self._sender = sender
        self._clock = clock
        self._connections = SmtpConnections(options)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def send(self, mail: Mail, *, may_send: Ask = unasked) -> None:
        """Send one mail to the server.

        Raises MailRefused if the server answers 5xx to this mail or its address is invalid; MailUnavailable if the
        server answers 4xx, cannot be reached, refuses the login, or does not answer before it has the content;
        MailPerhapsSent if it has the content and does not answer; MailQueued if no connection became free.
        """
        written = compose(mail, self._sender, date=self._clock.now())
        with _unavailability():
            async with self._connections.connection() as connection:
                connection.may_send = may_send
                await _hand_over(connection, written)

    async def check(self) -> None:
        """Connect and log in, without sending. Raises MailUnavailable."""
        with _unavailability():
            async with self._connections.connection():
                pass

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._connections.close()


@contextmanager
def _unavailability() -> Iterator[None]:
    try:
        yield
    except EveryConnectionUsed as error:
        raise MailQueued("every connection to the mail server is in use") from error
    except TimeoutError as error:
        raise MailUnavailable("the mail server took too long") from error
    except (SMTPException, OSError) as error:
        raise MailUnavailable(f"the mail server cannot be used: {error}") from error


async def _hand_over(connection: SMTP, written: WrittenMail) -> None:
    options = () if written.is_ascii else _BEYOND_ASCII
    try:
        await connection.sendmail(written.sender, written.recipient, written.content, mail_options=options)
    except SMTPRecipientsRefused as error:
        raise _refusal(error.recipients[0]) from error
    except SMTPResponseException as error:
        raise _refusal(error) from error
    except SMTPNotSupported as error:
        raise MailRefused("the mail server accepts no addresses beyond ASCII") from error


def _refusal(answer: SMTPResponseException) -> MailRefused | MailUnavailable:
    text = f"the mail server answered {answer.code} {answer.message}"
    is_final = answer.code >= 500 and answer.code not in _SETUP_CODES
    return MailRefused(text) if is_final else MailUnavailable(text)
