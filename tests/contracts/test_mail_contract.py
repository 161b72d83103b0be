"""The mail ports: Mailer, EmailTemplates and TicketRenderer."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

import pytest
from pypdf import PdfReader

from adapters.memory.mail import MemoryEmailTemplates, MemoryMailer, MemoryTicketRenderer
from adapters.pdf.renderer import PdfTicketRenderer
from adapters.smtp.emails import JinjaEmailTemplates
from adapters.smtp.mailer import SmtpMailer
from adapters.smtp.options import Sender, SmtpOptions
from adapters.system.clock import SystemClock
from application.ports.emails import EmailContent, EmailFacts, EmailTemplates, OrderFacts
from application.ports.mail import (
    Attachment,
    Mail,
    Mailer,
    MailRefused,
    MailUnavailable,
    PrintableTicket,
    TicketRenderer,
)
from demo.mail_catcher.catcher import MailCatcher
from tests.support.email_facts import ABOUT_AN_ORDER, OCCASION, ORDER_LINKS

SENDER = Sender("PiqueTickets", "tickets@piquetickets.example")
LETTER = EmailContent(subject="Ihre Karten für Hamlet 🎭", text="Bis bald,\nZoë\n", html="<p>Bis bald,<br>Zoë</p>\n")
TICKET_FILE = Attachment("Karten für Zoë.pdf", "application/pdf", b"%PDF-\x00\xff")


@dataclass(frozen=True, slots=True)
class Delivered:
    """A mail that arrived, as its reader sees it."""

    message_id: str
    subject: str
    text: str
    html: str
    attachments: Sequence[Attachment]


@dataclass(frozen=True, slots=True)
class Post:
    """A mailer, and the mailbox of an address."""

    mailer: Mailer
    delivered_to: Callable[[str], Awaitable[Sequence[Delivered]]]


def _memory_post() -> Post:
    mailer = MemoryMailer()

    async def delivered_to(address: str) -> Sequence[Delivered]:
        return [
            Delivered(mail.message_id, mail.content.subject, mail.content.text, mail.content.html, mail.attachments)
            for mail in mailer.sent
            if mail.to_address == address
        ]

    return Post(mailer, delivered_to)


@pytest.fixture(params=["memory", "smtp"])
async def post(request: pytest.FixtureRequest, mailbox: MailCatcher) -> AsyncIterator[Post]:
    if request.param == "memory":
        yield _memory_post()
        return

    async def delivered_to(address: str) -> Sequence[Delivered]:
        return [
            Delivered(
                caught.message_id,
                caught.subject,
                caught.text,
                caught.html,
                [Attachment(file.filename, file.content_type, file.content) for file in caught.attachments],
            )
            for caught in await mailbox.wait_for(1, to=address)
        ]

    async with SmtpMailer(SmtpOptions.from_url(mailbox.smtp_url), sender=SENDER, clock=SystemClock()) as mailer:
        yield Post(mailer, delivered_to)


@pytest.fixture(params=["memory", "smtp"])
async def unreachable(request: pytest.FixtureRequest, closed_port: int) -> AsyncIterator[Mailer]:
    if request.param == "memory":
        memory = MemoryMailer()
        memory.available = False
        yield memory
        return
    async with SmtpMailer(
        SmtpOptions.from_url(f"smtp://127.0.0.1:{closed_port}"), sender=SENDER, clock=SystemClock()
    ) as mailer:
        yield mailer


@pytest.fixture(params=["memory", "smtp"])
async def refusing(request: pytest.FixtureRequest, mailbox: MailCatcher) -> AsyncIterator[Mailer]:
    """A mailer that will not send to ``nobody``."""
    if request.param == "memory":
        memory = MemoryMailer()
        memory.refused_addresses.add("nobody")
        yield memory
        return
    async with SmtpMailer(SmtpOptions.from_url(mailbox.smtp_url), sender=SENDER, clock=SystemClock()) as mailer:
        yield mailer


def a_mail(**changes: object) -> Mail:
    mail = Mail(
        to_name="Zoë Øst",
        to_address=f"{uuid4().hex}@example.org",
        content=LETTER,
        message_id=f"{uuid4().hex}@piquetickets.example",
        attachments=(TICKET_FILE,),
    )
    return replace(mail, **changes)  # type: ignore[arg-type]


async def test_a_mail_arrives_with_letter_and_attachments(post: Post) -> None:
    mail = a_mail()

    await post.mailer.send(mail)

    (arrived,) = await post.delivered_to(mail.to_address)
    assert (arrived.message_id, arrived.subject) == (mail.message_id, LETTER.subject)
    assert (arrived.text.split(), arrived.html.split()) == (LETTER.text.split(), LETTER.html.split())
    assert list(arrived.attachments) == [TICKET_FILE]


async def test_a_mail_without_attachments_arrives(post: Post) -> None:
    mail = a_mail(attachments=())

    await post.mailer.send(mail)

    (arrived,) = await post.delivered_to(mail.to_address)
    assert list(arrived.attachments) == []


async def test_a_second_try_is_the_same_mail(post: Post) -> None:
    mail = a_mail()

    await post.mailer.send(mail)
    await post.mailer.send(mail)

    assert {arrived.message_id for arrived in await post.delivered_to(mail.to_address)} == {mail.message_id}


async def test_a_mail_server_that_is_away_is_unavailable(unreachable: Mailer) -> None:
    with pytest.raises(MailUnavailable):
        await unreachable.send(a_mail())


async def test_an_address_that_cannot_be_one_is_refused(refusing: Mailer) -> None:
    with pytest.raises(MailRefused):
        await refusing.send(a_mail(to_address="nobody"))


@pytest.fixture(params=[MemoryEmailTemplates, JinjaEmailTemplates])
def writer(request: pytest.FixtureRequest) -> EmailTemplates:
    writer: EmailTemplates = request.param()
    return writer


@pytest.mark.parametrize("facts", ABOUT_AN_ORDER, ids=lambda facts: type(facts).__name__)
def test_a_letter_about_an_order_names_buyer_show_and_order_in_text_and_html(
    writer: EmailTemplates, facts: EmailFacts
) -> None:
    assert isinstance(facts, OrderFacts)

    content = writer.write(facts)

    assert facts.show_title in content.subject
    for body in (content.text, content.html.replace("&amp;", "&")):
        assert facts.customer_name in body
        assert facts.order_number in body
        assert facts.order_url in body


def test_a_list_of_orders_has_every_link(writer: EmailTemplates) -> None:
    content = writer.write(ORDER_LINKS)

    for body in (content.text, content.html.replace("&amp;", "&")):
        assert all(order.url in body for order in ORDER_LINKS.orders)


@pytest.fixture(params=["memory", "pdf"])
def printed(request: pytest.FixtureRequest) -> tuple[TicketRenderer, Callable[[bytes], Sequence[str]]]:
    """A renderer, and a function for the text on each page that it prints."""
    if request.param == "memory":
        return MemoryTicketRenderer(), lambda document: document.decode().removeprefix("%PDF-\n").split("\f")
    return PdfTicketRenderer(), lambda document: [page.extract_text() for page in PdfReader(io.BytesIO(document)).pages]


async def test_every_ticket_has_a_page_of_its_own(
    printed: tuple[TicketRenderer, Callable[[bytes], Sequence[str]]],
) -> None:
    renderer, pages_of = printed
    tickets = [
        PrintableTicket(
            show_title="Hamlet",
            producer_name="Kleines Theater",
            occasion=OCCASION,
            attendee_name=name,
            ticket_name="Stalls",
            is_vip=False,
            price="$25.00",
            order_number="ABCD2345",
            code=f"{index}BCDEFGHIJKLMNOPQRSTUVW{index}",
        )
        for index, name in enumerate(("Ada", "Grace", "Zoë"), start=2)
    ]

    document = await renderer.render(tickets)

    assert document.startswith(b"%PDF-")
    pages = pages_of(document)
    assert len(pages) == len(tickets)
    for page, ticket in zip(pages, tickets, strict=True):
        assert ticket.attendee_name in page
        assert ticket.show_title in page
