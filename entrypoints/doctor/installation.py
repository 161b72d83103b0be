"""Settings, the public address, mail and tickets."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import aiohttp

from adapters.smtp.connections import SmtpConnections
from adapters.smtp.options import SmtpOptions
from application.hosts import is_loopback
from application.ports.emails import Occasion
from application.ports.mail import PrintableTicket
from entrypoints.container import Container
from entrypoints.doctor.clients import examine_clients
from entrypoints.doctor.findings import Examination, Finding
from entrypoints.fitness import ensure_fit, questionable
from entrypoints.setting_values import InvalidSettings


def of_the_installation(container: Container) -> list[Examination]:
    """The examinations of the installation itself. No mail is sent."""
    settings = container.settings()

    async def secrets() -> Finding:
        try:
            ensure_fit(settings)
        except InvalidSettings as error:
            name, _, words = str(error).partition(": ")
            return Finding("settings", f"{name} {words}", f"set {name}")
        if doubts := list(questionable(settings)):
            return Finding("settings", "; ".join(doubts), "set the value that you want")
        return Finding("settings", "fit for the mode of the Stripe key")

    async def public_url() -> Finding:
        what, url = "public url", urlsplit(settings.public_url)
        if settings.is_production and (url.scheme != "https" or is_loopback(url.hostname)):
            fix = "set PUBLIC_URL to an https:// address that buyers can reach"
            return Finding(what, f"{settings.public_url} with a live Stripe key", fix)
        async with (
            aiohttp.ClientSession() as client,
            client.get(f"{settings.public_url}/health/live") as answer,
        ):
            if not answer.ok or await answer.json() != {"status": "ok"}:
                return Finding(what, f"{settings.public_url} is answered by another server", url_mend)
        trouble = await examine_clients(container)
        return trouble or Finding(what, f"{settings.public_url} leads to us, and it tells buyers apart")

    async def mail() -> Finding:
        options = SmtpOptions.from_url(settings.smtp_url)
        connections = SmtpConnections(options)
        try:
            async with connections.connection() as server:
                await server.noop()
        finally:
            await connections.close()
        as_whom = "logged in" if options.username else "no login asked for"
        return Finding("mail", f"{options.host}:{options.port} takes mail, {as_whom}")

    async def paper() -> Finding:
        pdf = await container.ticket_renderer().render([_specimen(container)])
        if not pdf.startswith(b"%PDF-"):
            return Finding("pdf", "the printed ticket is not a PDF", paper_mend)
        return Finding("pdf", f"a ticket was printed, {len(pdf)} bytes")

    url_mend = "point PUBLIC_URL to `piquetickets serve`"
    paper_mend = "install PiqueTickets again: fonts or libraries are missing"
    return [
        Examination("settings", secrets, "correct the settings"),
        Examination("public url", public_url, url_mend),
        Examination("mail", mail, "start the mail server, or correct SMTP_URL"),
        Examination("pdf", paper, paper_mend),
    ]


def _specimen(container: Container) -> PrintableTicket:
    now = container.clock().now()
    return PrintableTicket(
        show_title="Specimen – Пример – 样本",
        producer_name="PiqueTickets",
        occasion=Occasion(
            venue="Nowhere",
            door_time=now,
            start_time=now + timedelta(minutes=30),
            end_time=now + timedelta(hours=2),
            timezone=ZoneInfo("UTC"),
            locale="en-US",
        ),
        attendee_name="Zoë Nobody",
        ticket_name="Not valid",
        is_vip=False,
        price="Free",
        order_number="SPECIMEN",
        code="SPECIMEN",
    )
