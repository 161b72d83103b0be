"""Letters from Jinja2 templates: each says the same in HTML and in plain text."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from application.ports.mail import ConfirmationFacts, LatePaymentFacts, Letter


class JinjaLetterWriter:
    """A `LetterWriter` in English. Dates and times are the venue's, with its time zone named."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=PackageLoader("adapters.smtp"),
            autoescape=select_autoescape(enabled_extensions=("html",), default=False),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(one_line=_one_line, date=_date, time=_time, zone=_zone, doors=_doors)

    def confirmation(self, facts: ConfirmationFacts) -> Letter:
        """The mail that brings the tickets."""
        return Letter(
            subject=_one_line(f"Your tickets for {facts.show_title}"),
            text=self._templates.get_template("confirmation.txt").render(facts=facts),
            html=self._templates.get_template("confirmation.html").render(facts=facts),
        )

    def late_payment(self, facts: LatePaymentFacts) -> Letter:
        """The apology for a payment that came when the tickets were gone."""
        return Letter(
            subject=_one_line(f"Your payment for {facts.show_title} came too late"),
            text=self._templates.get_template("late_payment.txt").render(facts=facts),
            html=self._templates.get_template("late_payment.html").render(facts=facts),
        )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _date(moment: datetime, timezone: ZoneInfo) -> str:
    """Such as "Friday 27 November 2026"."""
    local = moment.astimezone(timezone)
    return f"{local:%A} {local.day} {local:%B %Y}"


def _time(moment: datetime, timezone: ZoneInfo) -> str:
    """Such as "19:30"."""
    return f"{moment.astimezone(timezone):%H:%M}"


def _doors(facts: ConfirmationFacts) -> str:
    """Such as "19:00"; with the day where it is another one than the start's."""
    time = _time(facts.door_time, facts.timezone)
    if _date(facts.door_time, facts.timezone) == _date(facts.start_time, facts.timezone):
        return time
    return f"{facts.door_time.astimezone(facts.timezone):%A} {time}"


def _zone(moment: datetime, timezone: ZoneInfo) -> str:
    """Such as "CET". Zones without an abbreviation are told by their offset: "UTC+03"."""
    name = f"{moment.astimezone(timezone):%Z}"
    return f"UTC{name}" if name.startswith(("+", "-")) else name
