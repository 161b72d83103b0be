"""The mailer against a real SMTP server over sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from adapters.smtp.mailer import SmtpMailer
from adapters.smtp.options import Sender, SmtpOptions
from adapters.system.clock import SystemClock
from application.ports.mail import Attachment, Mail, MailPerhapsSent, MailQueued, MailRefused, MailUnavailable
from demo.mail_catcher.catcher import MailCatcher
from demo.mail_catcher.mails import CaughtMails
from demo.mail_catcher.smtp_server import CatchingHandler, Faults, SmtpServer

MailFactory = Callable[..., Mail]
MailerFactory = Callable[[str], SmtpMailer]
GuardedServerFactory = Callable[..., AbstractAsyncContextManager[Any]]

ADA = f"ada:{quote('sé cret/1', safe='')}"


async def test_a_mail_arrives_as_it_was_written(
    catcher: MailCatcher, mailer_to: MailerFactory, mail: MailFactory
) -> None:
    pdf = Attachment("tickets.pdf", "application/pdf", b"%PDF-1.7 \x00\xff")
    await mailer_to(catcher.smtp_url).send(mail(attachments=(pdf,), text="Zwei Plätze\n", html="<p>Zwei Plätze</p>"))

    [caught] = await catcher.wait_for(1, to="ada@example.org")
    assert caught.header("From") == "Theatre Éclair <tickets@example.org>"
    assert caught.header("To") == "Ada Lovelace <ada@example.org>"
    assert caught.header("Message-ID") == "<order-1@tickets.example.org>"
    assert caught.header("Auto-Submitted") == "auto-generated"
    assert caught.message["Date"].datetime.tzinfo is not None
    assert caught.subject == "Your tickets"
    assert caught.text == "Zwei Plätze\n"
    assert caught.html == "<p>Zwei Plätze</p>\n"
    [attachment] = caught.attachments
    assert (attachment.filename, attachment.content_type) == ("tickets.pdf", "application/pdf")
    assert attachment.content == b"%PDF-1.7 \x00\xff"
    assert [part.get_content_type() for part in caught.message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
    ]


@pytest.mark.parametrize(
    "name", ["Łukasz Żółć", "محمد عبد الرحمن", "髙橋 さくら", "Lovelace, Ada", 'Ada "Countess"', ""]
)
async def test_names_of_any_script_arrive(
    catcher: MailCatcher, mailer_to: MailerFactory, mail: MailFactory, name: str
) -> None:
    await mailer_to(catcher.smtp_url).send(mail(to_name=name, subject=f"Karten für {name} " * 5))
    [caught] = await catcher.wait_for(1)
    [recipient] = caught.message["To"].addresses
    assert (recipient.display_name, recipient.addr_spec) == (name, "ada@example.org")
    assert caught.subject == " ".join((f"Karten für {name} " * 5).split())
    assert caught.raw.isascii()


async def test_an_address_in_another_script_reaches_a_server_that_takes_it(
    catcher: MailCatcher, mailer_to: MailerFactory, mail: MailFactory
) -> None:
    await mailer_to(catcher.smtp_url).send(mail(to_address="jörg@bücher.example.org"))
    [caught] = await catcher.wait_for(1)
    assert caught.envelope_to == ("jörg@bücher.example.org",)


async def test_an_address_in_another_script_is_refused_for_a_server_that_does_not(
    mailer_to: MailerFactory, mail: MailFactory
) -> None:
    mails = CaughtMails()
    server = SmtpServer(CatchingHandler(mails, Faults()), enable_SMTPUTF8=False)
    port = await server.start("127.0.0.1", 0)
    try:
        mailer = mailer_to(f"smtp://127.0.0.1:{port}")
        with pytest.raises(MailRefused, match="beyond ASCII"):
            await mailer.send(mail(to_address="jörg@example.org"))
        await mailer.close()
    finally:
        await server.stop()
    assert len(mails) == 0


async def test_a_domain_in_another_script_travels_in_ascii(
    catcher: MailCatcher, mailer_to: MailerFactory, mail: MailFactory
) -> None:
    await mailer_to(catcher.smtp_url).send(mail(to_address="ada@bücher.example.org"))
    [caught] = await catcher.wait_for(1)
    assert caught.envelope_to == ("ada@xn--bcher-kva.example.org",)


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\x00"])
async def test_no_text_can_add_a_header(
    catcher: MailCatcher, mailer_to: MailerFactory, mail: MailFactory, line_break: str
) -> None:
    injected = f"Ada{line_break}Bcc: eve@example.org"
    attachment = Attachment(f"{injected}.pdf", "application/pdf", b"")
    await mailer_to(catcher.smtp_url).send(mail(to_name=injected, subject=injected, attachments=(attachment,)))
    [caught] = await catcher.wait_for(1)
    assert caught.envelope_to == ("ada@example.org",)
    assert caught.message["Bcc"] is None
    assert caught.subject == "Ada Bcc: eve@example.org"


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org\r\nRCPT TO:<eve@example.org>",
        "ada",
        "",
        "ada@",
        "@example.org",
        "a b@c",
        "ada@é..example",
        "<>",
    ],
)
async def test_what_is_no_address_is_refused_before_any_server_sees_it(
    catcher: MailCatcher, mailer_to: MailerFactory, mail: MailFactory, address: str
) -> None:
    with pytest.raises(MailRefused):
        await mailer_to(catcher.smtp_url).send(mail(to_address=address))
    assert len(catcher.mails) == 0


async def test_a_refused_recipient_is_final_and_the_next_mail_goes_through(
    catcher: MailCatcher, mailer_to: MailerFactory, mail: MailFactory
) -> None:
    mailer = mailer_to(catcher.smtp_url)
    catcher.faults.refused_addresses.add("gone@example.org")
    with pytest.raises(MailRefused, match="550"):
        await mailer.send(mail(to_address="gone@example.org"))
    await mailer.send(mail())
    assert [caught.envelope_to for caught in catcher.mails] == [("ada@example.org",)]


async def test_a_busy_server_is_tried_again_later(
    catcher: MailCatcher, mailer_to: MailerFactory, mail: MailFactory
) -> None:
    mailer = mailer_to(catcher.smtp_url)
    catcher.faults.is_busy = True
    with pytest.raises(MailUnavailable, match="451"):
        await mailer.send(mail())
    catcher.faults.fix()
    await mailer.send(mail())
    assert len(catcher.mails) == 1


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
async def test_a_server_that_is_slow_before_it_has_the_mail_has_not_taken_it(
    catcher: MailCatcher, mailer_to: MailerFactory, mail: MailFactory, step: str
) -> None:
    catcher.faults.slow_steps[step] = 60
    mailer = mailer_to(f"{catcher.smtp_url}?timeout_seconds=0.1")
    with pytest.raises(MailUnavailable, match="too long"):
        await mailer.send(mail())
    assert len(catcher.mails) == 0
    catcher.faults.fix()
    await mailer_to(catcher.smtp_url).send(mail())
    assert len(catcher.mails) == 1


async def test_a_server_may_take_its_time_for_the_answer_to_the_content(
    catcher: MailCatcher, mailer_to: MailerFactory, mail: MailFactory
) -> None:
    catcher.faults.slow_steps["CONTENT"] = 0.3
    await mailer_to(f"{catcher.smtp_url}?timeout_seconds=0.2").send(mail())
    assert len(catcher.mails) == 1


@pytest.mark.parametrize("fault", ["is_mute", "is_hanging", "is_hanging_up"])
async def test_a_mail_whose_content_was_sent_and_not_answered_is_perhaps_sent(
    catcher: MailCatcher, mailer_to: MailerFactory, mail: MailFactory, fault: str
) -> None:
    setattr(catcher.faults, fault, True)
    mailer = mailer_to(f"{catcher.smtp_url}?final_timeout_seconds=0.1")
    with pytest.raises(MailPerhapsSent, match="and did not answer"):
        await mailer.send(mail())
    catcher.faults.fix()
    await mailer.send(mail(message_id="2@example.org"))
    assert catcher.mails.addressed_to("ada@example.org")[-1].message_id == "2@example.org"


async def test_a_mail_whose_end_never_left_was_not_sent(mailer_to: MailerFactory, mail: MailFactory) -> None:
    given_up = asyncio.Event()

    async def stop_reading_at_the_content(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 full\r\n")
        async for line in reader:
            is_content = line.startswith(b"DATA")
            writer.write(b"354 go on\r\n" if is_content else b"250 fine\r\n")
            if is_content:
                break
        await given_up.wait()
        writer.close()

    server = await asyncio.start_server(stop_reading_at_the_content, "127.0.0.1", 0, limit=1024)
    port = server.sockets[0].getsockname()[1]
    huge = Attachment("huge.bin", "application/octet-stream", bytes(12_000_000))
    with pytest.raises(MailUnavailable, match="too long"):
        await mailer_to(f"smtp://127.0.0.1:{port}?final_timeout_seconds=0.5").send(mail(attachments=(huge,)))
    given_up.set()
    server.close()
    await server.wait_closed()


async def test_a_mail_is_stopped_in_the_last_moment_and_the_next_one_goes_through(
    catcher: MailCatcher, mailer_to: MailerFactory, mail: MailFactory
) -> None:
    class OurClaimIsOver(Exception):
        pass

    async def refuse() -> None:
        raise OurClaimIsOver

    mailer = mailer_to(catcher.smtp_url)
    with pytest.raises(OurClaimIsOver):
        await mailer.send(mail(), may_send=refuse)
    await mailer.send(mail())
    assert len(catcher.mails) == 1


async def test_a_mail_that_finds_every_connection_in_use_is_told_so(catcher: MailCatcher, mail: MailFactory) -> None:
    options = replace(SmtpOptions.from_url(catcher.smtp_url), max_connections=1, max_wait_seconds=0.05)
    catcher.faults.slow_steps["CONTENT"] = 60
    async with SmtpMailer(options, sender=Sender("", "tickets@example.org"), clock=SystemClock()) as mailer:
        slow = asyncio.create_task(mailer.send(mail()))
        await catcher.wait_for(1)
        with pytest.raises(MailQueued):
            await mailer.send(mail())
        slow.cancel()
        await asyncio.wait([slow])


async def test_a_server_that_is_away_is_unavailable(mailer_to: MailerFactory, mail: MailFactory) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    with pytest.raises(MailUnavailable):
        await mailer_to(f"smtp://127.0.0.1:{port}").send(mail())


async def test_mails_go_on_after_the_server_was_restarted(mailer_to: MailerFactory, mail: MailFactory) -> None:
    async with MailCatcher() as before:
        port = int(before.smtp_url.rpartition(":")[2])
        mailer = mailer_to(before.smtp_url)
        await mailer.send(mail())
    async with MailCatcher(smtp_port=port) as after:
        await mailer.send(mail())
        assert len(after.mails) == 1


async def test_many_mails_at_the_same_time(catcher: MailCatcher, mailer_to: MailerFactory, mail: MailFactory) -> None:
    mailer = mailer_to(catcher.smtp_url)
    await asyncio.gather(*(mailer.send(mail(message_id=f"{number}@example.org")) for number in range(50)))
    mails = await catcher.wait_for(50)
    assert {caught.message_id for caught in mails} == {f"{number}@example.org" for number in range(50)}


@pytest.mark.parametrize("starttls", [True, False])
async def test_login_over_tls(
    guarded_server: GuardedServerFactory,
    certificate: Any,
    mailer_to: MailerFactory,
    mail: MailFactory,
    starttls: bool,
) -> None:
    async with guarded_server(starttls=starttls) as server:
        scheme, security = ("smtp", "&starttls=required") if starttls else ("smtps", "")
        url = f"{scheme}://{ADA}@127.0.0.1:{server.port}?ca_file={certificate.authority_file}{security}"
        mailer = mailer_to(url)
        await mailer.check()
        await mailer.send(mail())
        assert len(server.mails) == 1
        await mailer.close()


async def test_a_wrong_password_is_the_operators_to_mend_so_the_mail_waits(
    guarded_server: GuardedServerFactory, certificate: Any, mailer_to: MailerFactory, mail: MailFactory
) -> None:
    async with guarded_server(starttls=True) as server:
        url = f"smtp://ada:wrong@127.0.0.1:{server.port}?ca_file={certificate.authority_file}"
        with pytest.raises(MailUnavailable, match="535"):
            await mailer_to(url).send(mail())


async def test_a_missing_login_is_the_operators_to_mend_so_the_mail_waits(
    guarded_server: GuardedServerFactory, certificate: Any, mailer_to: MailerFactory, mail: MailFactory
) -> None:
    async with guarded_server(starttls=True) as server:
        url = f"smtp://127.0.0.1:{server.port}?ca_file={certificate.authority_file}"
        with pytest.raises(MailUnavailable, match="530"):
            await mailer_to(url).send(mail())


async def test_nothing_is_sent_to_a_server_whose_certificate_is_not_trusted(
    guarded_server: GuardedServerFactory, mailer_to: MailerFactory, mail: MailFactory
) -> None:
    async with guarded_server(starttls=True) as server:
        with pytest.raises(MailUnavailable):
            await mailer_to(f"smtp://{ADA}@127.0.0.1:{server.port}").send(mail())
        assert len(server.mails) == 0


async def test_nothing_is_sent_in_clear_when_tls_is_required(
    catcher: MailCatcher, mailer_to: MailerFactory, mail: MailFactory
) -> None:
    with pytest.raises(MailUnavailable, match="STARTTLS"):
        await mailer_to(f"{catcher.smtp_url}?starttls=required").send(mail())
    assert len(catcher.mails) == 0
