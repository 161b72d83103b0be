"""Mails in the format of RFC 5322.

The standard library reads each header that it is given, and writes a body line by line: half of the time of a mail.
Here it writes the headers that need it, once where a show's mails share them; bodies are encoded in C.
"""

from __future__ import annotations

import binascii
import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime, quote
from functools import lru_cache
from typing import Any, Final

from email_validator import validate_email

from adapters.smtp.options import Sender
from application.ports.mail import Attachment, Mail, MailRefused

# Bodies travel in ASCII: otherwise a relay might encode them again, which would break a signature over them.
_POLICY: Final = SMTP.clone(cte_type="7bit")
#: For an address that has no form in ASCII (RFC 6532).
_POLICY_BEYOND_ASCII: Final = _POLICY.clone(utf8=True)
#: Parts of a header that are written as they are (RFC 5322, 3.2.3).
_ATOMS: Final = re.compile(r"[A-Za-z0-9'-]+(?: [A-Za-z0-9'-]+)*")
_PLAIN_ADDRESS: Final = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
#: A value that needs no encoding, and no other line.
_PLAIN: Final = re.compile(r"(?!.*=\?)[ -~]{1,64}")
_BASE64_LINE: Final = 76
_END: Final = b"\r\n"
_AUTOMATIC: Final = b"Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"


@dataclass(frozen=True, slots=True)
class WrittenMail:
    """A mail as it travels, with its envelope. ``is_ascii`` says whether its addresses are."""

    sender: str
    recipient: str
    content: bytes

    @property
    def is_ascii(self) -> bool:
        return self.sender.isascii() and self.recipient.isascii()


def compose(mail: Mail, sender: Sender, *, date: datetime) -> WrittenMail:
    """Text, HTML and attachments under one set of headers; ``date`` is aware.

    Raises MailRefused if the recipient's address is invalid, ValueError for a message id that cannot be a header.
    """
    recipient, to = _recipient(mail)
    policy = _POLICY if recipient.isascii() else _POLICY_BEYOND_ASCII
    content = b"".join(
        (
            _repeated("From", str(Address(_one_line(sender.name), addr_spec=sender.address)), policy),
            _header("To", to, policy),
            _repeated("Reply-To", str(Address(addr_spec=mail.reply_to)), policy) if mail.reply_to else b"",
            _repeated("Subject", _one_line(mail.content.subject), policy),
            f"Date: {format_datetime(date)}\r\n".encode(),
            _header("Message-ID", f"<{mail.message_id}>", policy),
            _AUTOMATIC,
            _parts("mixed", [_bodies(mail), *map(_attachment, mail.attachments)], mail.message_id),
        )
    )
    return WrittenMail(sender.address, recipient, content)


def _recipient(mail: Mail) -> tuple[str, str]:
    """The recipient's address, and name and address as a header has them."""
    name, address = _one_line(mail.to_name), mail.to_address
    if _ATOMS.fullmatch(name) and _PLAIN_ADDRESS.fullmatch(address):
        return address, f"{name} <{address}>"
    try:
        if address.isascii():
            parsed = Address(name, addr_spec=address)
        else:
            username, _, domain = _on_the_wire(address).rpartition("@")
            parsed = Address(name, username=username, domain=domain)
    except (ValueError, IndexError, MessageError) as error:
        raise MailRefused("the recipient's address is not an e-mail address") from error
    return parsed.addr_spec, str(parsed)


def _on_the_wire(address: str) -> str:
    """The address with its domain in ASCII, so only a local part in another script needs SMTPUTF8.

    Raises ValueError.
    """
    parsed = validate_email(address, check_deliverability=False)
    return parsed.ascii_email or parsed.normalized


def _one_line(text: str) -> str:
    """The text as a header, without control characters.

    A line break would begin a new header, and others would hide the rest of this one.
    """
    return " ".join("".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in text).split())


def _header(name: str, value: str, policy: EmailPolicy[Any]) -> bytes:
    """The header in lines that are not too long. Raises ValueError if the value has a line break."""
    if _PLAIN.fullmatch(value):
        return f"{name}: {value}\r\n".encode()
    _, parsed = policy.header_store_parse(name, value)
    return policy.fold_binary(name, parsed)


#: Headers that mails share: never a buyer's name.
_repeated = lru_cache(maxsize=500)(_header)


def _bodies(mail: Mail) -> bytes:
    return _parts("alternative", [_text(mail.content.text, "plain"), _text(mail.content.html, "html")], mail.message_id)


def _text(text: str, subtype: str) -> bytes:
    lines = b"\r\n".join(text.encode().splitlines()) + b"\r\n"
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    return head.encode() + binascii.b2a_qp(lines)


def _attachment(attachment: Attachment) -> bytes:
    encoded = binascii.b2a_base64(attachment.content, newline=False)
    lines = (encoded[begin : begin + _BASE64_LINE] for begin in range(0, len(encoded), _BASE64_LINE))
    disposition = f'attachment; filename="{quote(_one_line(attachment.filename))}"'
    return b"".join(
        (
            _header("Content-Type", attachment.content_type, _POLICY),
            b"Content-Transfer-Encoding: base64\r\n",
            _header("Content-Disposition", disposition, _POLICY),
            _END,
            _END.join(lines),
            _END,
        )
    )


def _parts(subtype: str, parts: Sequence[bytes], message_id: str) -> bytes:
    """A multipart entity, headers first."""
    # Neither encoding of a body can have "=_".
    boundary = f"=_{subtype[0]}_{hashlib.sha256(message_id.encode()).hexdigest()[:24]}"
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()
    line = f"--{boundary}".encode()
    return b"".join((head, *(piece for part in parts for piece in (line, _END, part, _END)), line, b"--", _END))
