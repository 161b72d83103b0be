"""The mails caught so far."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

_MAX_MAILS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtAttachment:
    """A file that came with a mail."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtMail:
    """One mail for one or more envelope recipients, as the server received it. ``received_at`` is in UTC."""

    id: int
    envelope_from: str
    envelope_to: tuple[str, ...]
    received_at: datetime
    raw: bytes
    message: EmailMessage

    @property
    def subject(self) -> str:
        return self.header("Subject")

    @property
    def message_id(self) -> str:
        """The Message-ID without angle brackets."""
        return self.header("Message-ID").strip("<>")

    @property
    def text(self) -> str:
        """The plain-text alternative, or ""."""
        return self._body("plain")

    @property
    def html(self) -> str:
        """The HTML alternative, or ""."""
        return self._body("html")

    @property
    def attachments(self) -> tuple[CaughtAttachment, ...]:
        return tuple(
            CaughtAttachment(
                filename=part.get_filename() or f"attachment-{number}",
                content_type=part.get_content_type(),
                content=_decoded(part),
            )
            for number, part in enumerate(self.message.iter_attachments(), start=1)
        )

    def header(self, name: str) -> str:
        """A header's decoded text, or ""."""
        return str(self.message.get(name, ""))

    def _body(self, subtype: str) -> str:
        part = self.message.get_body(preferencelist=(subtype,))
        return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


def _decoded(part: EmailMessage) -> bytes:
    content = part.get_content()
    return content.encode() if isinstance(content, str) else bytes(content)


class CaughtMails:
    """The last 1,000 mails, in memory."""

    def __init__(self) -> None:
        self._mails: deque[CaughtMail] = deque(maxlen=_MAX_MAILS)
        self._last_id = 0
        self._arrival = asyncio.Condition()

    def __iter__(self) -> Iterator[CaughtMail]:
        """The mails, oldest first."""
        return iter(tuple(self._mails))

    def __len__(self) -> int:
        return len(self._mails)

    async def add(self, raw: bytes, *, envelope_from: str, envelope_to: tuple[str, ...]) -> None:
        """Keep a mail, and wake the tasks that wait for it."""
        self._last_id += 1
        mail = CaughtMail(
            id=self._last_id,
            envelope_from=envelope_from,
            envelope_to=envelope_to,
            received_at=datetime.now(UTC),
            raw=raw,
            message=message_from_bytes(raw, policy=default),
        )
        async with self._arrival:
            self._mails.append(mail)
            self._arrival.notify_all()

    def get(self, mail_id: int) -> CaughtMail | None:
        return next((mail for mail in self._mails if mail.id == mail_id), None)

    def addressed_to(self, address: str | None) -> list[CaughtMail]:
        """The mails to the address, oldest first; all mails if ``address`` is None."""
        return [mail for mail in self._mails if address is None or address in mail.envelope_to]

    async def wait_for(self, count: int, address: str | None) -> list[CaughtMail]:
        """The mails to the address, once there are ``count``."""
        async with self._arrival:
            await self._arrival.wait_for(lambda: len(self.addressed_to(address)) >= count)
            return self.addressed_to(address)

    def clear(self) -> None:
        self._mails.clear()
