"""The mail catcher as a person's browser and as a program sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from email import message_from_bytes

import httpx
import pytest

from adapters.smtp.mailer import SmtpMailer
from application.ports.mail import Attachment, Mail
from demo.mail_catcher.catcher import MailCatcher
from tests.support.mails import example_mail, example_mailer

MailFactory = Callable[..., Mail]

HOSTILE = "<script>alert(1)</script>"
PDF = Attachment('täglich "1".pdf', "application/pdf", b"%PDF-1.7")
PAGE = Attachment("page.html", "text/html", b"<script>alert(1)</script>")


@pytest.fixture
async def catcher() -> AsyncIterator[MailCatcher]:
    async with MailCatcher() as running:
        yield running


@pytest.fixture
async def mailer(catcher: MailCatcher) -> AsyncIterator[SmtpMailer]:
    mailer = example_mailer(catcher.smtp_url)
    yield mailer
    await mailer.close()


@pytest.fixture
def mail() -> MailFactory:
    """Makes mails to Ada, with what a test changes."""
    return example_mail


@pytest.fixture
async def browser(catcher: MailCatcher) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=catcher.url) as client:
        yield client


async def test_programs_get_the_mails_newest_first(
    mailer: SmtpMailer, browser: httpx.AsyncClient, mail: MailFactory
) -> None:
    await mailer.send(mail(message_id="1@example.org"))
    await mailer.send(mail(message_id="2@example.org", to_address="bob@example.org", attachments=(PDF,)))

    newest, oldest = (await browser.get("/api/mails")).json()
    assert (oldest["id"], oldest["message_id"], oldest["attachments"]) == (1, "1@example.org", [])
    assert newest["id"] == 2
    assert newest["message_id"] == "2@example.org"
    assert newest["from"] == "Theatre Éclair <tickets@example.org>"
    assert newest["to"] == ["bob@example.org"]
    assert newest["subject"] == "Your tickets"
    assert datetime.fromisoformat(newest["received_at"]).tzinfo is not None
    [attachment] = newest["attachments"]
    assert (attachment["filename"], attachment["content_type"], attachment["size"]) == (
        PDF.filename,
        "application/pdf",
        len(PDF.content),
    )
    download = await browser.get(attachment["url"])
    assert download.content == PDF.content
    assert download.headers["Content-Type"] == "application/pdf"
    assert download.headers["Content-Disposition"].startswith("inline;")


async def test_programs_get_one_mail_whole_and_raw(
    mailer: SmtpMailer, browser: httpx.AsyncClient, mail: MailFactory
) -> None:
    await mailer.send(mail(text="Plätze", html="<p>Plätze</p>"))
    one = (await browser.get("/api/mails/1")).json()
    assert (one["text"], one["html"]) == ("Plätze\n", "<p>Plätze</p>\n")
    assert {"name": "Auto-Submitted", "value": "auto-generated"} in one["headers"]
    raw = await browser.get("/mails/1.eml")
    assert raw.headers["Content-Type"] == "message/rfc822"
    assert message_from_bytes(raw.content)["Subject"] == "Your tickets"


async def test_mails_are_deleted_by_programs_and_by_people(
    mailer: SmtpMailer, browser: httpx.AsyncClient, mail: MailFactory
) -> None:
    await mailer.send(mail())
    assert (await browser.delete("/api/mails")).status_code == 204
    assert (await browser.get("/api/mails")).json() == []
    await mailer.send(mail())
    assert (await browser.post("/clear")).headers["Location"] == "/"
    assert "No mail yet" in (await browser.get("/")).text
    assert (await browser.get("/mails/2")).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/mails/9",
        "/mails/9.eml",
        "/mails/9/letter",
        "/api/mails/9",
        "/mails/1/attachments/1/x",
        "/mails/1/attachments/0/x",
        "/static/none",
    ],
)
async def test_what_is_not_here_is_not_found(
    mailer: SmtpMailer, browser: httpx.AsyncClient, mail: MailFactory, path: str
) -> None:
    await mailer.send(mail())
    assert (await browser.get(path)).status_code == 404


async def test_a_mail_cannot_break_out_of_its_page(
    mailer: SmtpMailer, browser: httpx.AsyncClient, mail: MailFactory
) -> None:
    await mailer.send(mail(subject=HOSTILE, to_name=HOSTILE, text=HOSTILE, html=HOSTILE, attachments=(PAGE,)))
    for path in ("/", "/mails/1"):
        page = await browser.get(path)
        assert HOSTILE not in page.text
        assert "&lt;script&gt;" in page.text
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "unsafe" not in page.headers["Content-Security-Policy"]
    letter = await browser.get("/mails/1/letter")
    assert "sandbox" in letter.headers["Content-Security-Policy"]
    assert "allow-scripts" not in letter.headers["Content-Security-Policy"]
    attachment = await browser.get("/mails/1/attachments/1/page.html")
    assert attachment.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in attachment.headers["Content-Security-Policy"]
    assert attachment.headers["X-Content-Type-Options"] == "nosniff"


async def test_pages_use_nothing_from_elsewhere(
    mailer: SmtpMailer, browser: httpx.AsyncClient, mail: MailFactory
) -> None:
    await mailer.send(mail())
    for path in ("/", "/mails/1", "/static/mailbox.css", "/static/mailbox.js"):
        page = await browser.get(path)
        assert page.status_code == 200
        assert "http://" not in page.text
        assert "https://" not in page.text


async def test_links_of_a_letter_open_beside_the_mailbox(
    mailer: SmtpMailer, browser: httpx.AsyncClient, mail: MailFactory
) -> None:
    await mailer.send(mail())
    assert '<head><base target="_blank">' in (await browser.get("/mails/1/letter")).text


async def test_a_mail_is_awaited(catcher: MailCatcher, mailer: SmtpMailer, mail: MailFactory) -> None:
    waiting = asyncio.create_task(catcher.wait_for(1, to="bob@example.org"))
    await mailer.send(mail())
    await mailer.send(mail(to_address="bob@example.org", subject="For Bob"))
    [caught] = await waiting
    assert caught.subject == "For Bob"


async def test_waiting_for_a_mail_ends(catcher: MailCatcher) -> None:
    with pytest.raises(TimeoutError):
        await catcher.wait_for(1, timeout_seconds=0.01)


async def test_a_port_that_is_taken_is_reported_and_nothing_stays_open(catcher: MailCatcher) -> None:
    http_port = int(catcher.url.rpartition(":")[2])
    with pytest.raises(OSError, match="address already in use"):
        await MailCatcher(http_port=http_port).start()


async def test_stopping_ends_open_sessions() -> None:
    async with MailCatcher() as catcher:
        port = int(catcher.smtp_url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert (await reader.readline()).startswith(b"220")
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
