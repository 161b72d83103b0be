"""A mail catcher, a guarded server with TLS and login, and mails to send."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from adapters.smtp.mailer import SmtpMailer
from application.ports.mail import Mail
from demo.mail_catcher.catcher import MailCatcher
from demo.mail_catcher.mails import CaughtMails
from demo.mail_catcher.smtp_server import CatchingHandler, Faults, SmtpServer
from tests.support.mails import example_mail, example_mailer

MailFactory = Callable[..., Mail]
MailerFactory = Callable[..., SmtpMailer]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A server's certificate for 127.0.0.1, and a PEM file with the authority that made it."""

    authority_file: Path
    server_certificate: trustme.LeafCert

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server_certificate.configure_cert(context)
        return context


@dataclass(frozen=True, slots=True)
class GuardedServer:
    """A server that accepts only the login "ada" with the password "sé cret/1", over TLS."""

    port: int
    mails: CaughtMails


GuardedServerFactory = Callable[..., AbstractAsyncContextManager[GuardedServer]]


@pytest.fixture
async def catcher() -> AsyncIterator[MailCatcher]:
    async with MailCatcher() as running:
        yield running


@pytest.fixture
async def mailer_to() -> AsyncIterator[MailerFactory]:
    """Makes mailers by URL; all are closed at the end."""
    mailers: list[SmtpMailer] = []

    def make(url: str) -> SmtpMailer:
        mailers.append(example_mailer(url))
        return mailers[-1]

    yield make
    for mailer in mailers:
        await mailer.close()


@pytest.fixture
def mail() -> MailFactory:
    """Makes mails to Ada, with what a test changes."""
    return example_mail


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    authority = trustme.CA()
    authority_file = tmp_path_factory.mktemp("tls") / "authority.pem"
    authority.cert_pem.write_to_path(str(authority_file))
    return Certificate(authority_file, authority.issue_cert("127.0.0.1"))


@pytest.fixture
def guarded_server(certificate: Certificate) -> GuardedServerFactory:
    """Makes servers: TLS from the first byte, or by STARTTLS."""

    @asynccontextmanager
    async def run(*, starttls: bool) -> AsyncIterator[GuardedServer]:
        mails = CaughtMails()
        context = certificate.server_context()
        server = SmtpServer(
            CatchingHandler(mails, Faults()),
            tls=None if starttls else context,
            tls_context=context if starttls else None,
            require_starttls=starttls,
            # aiosmtpd does not recognise TLS from the first byte, and would call the login a risk.
            auth_required=starttls,
            auth_require_tls=starttls,
            authenticator=_let_ada_in,
        )
        try:
            yield GuardedServer(await server.start("127.0.0.1", 0), mails)
        finally:
            await server.stop()

    return run


def _let_ada_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, credentials: object) -> AuthResult:
    is_ada = isinstance(credentials, LoginPassword) and credentials == LoginPassword(b"ada", "sé cret/1".encode())
    return AuthResult(success=is_ada, handled=False)
