"""Mails in the format of RFC 5322."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from email.base64mime import body_encode
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import quote

from email_validator import validate_email

from adapters.smtp.options import Sender
from application.ports.mail import Attachment, Mail, MailRefused

# Bodies travel in ASCII: otherwise a relay might encode them again, which would break a signature over them.
_POLICY = SMTP.clone(cte_type="7bit")


def compose(mail: Mail, sender: Sender, *, date: datetime) -> EmailMessage:
    """Text, HTML and attachments under one set of headers; ``date`` is aware.

    Raises MailRefused if the recipient's address is invalid, ValueError for a message id that cannot be a header.
    """
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(display_name=_one_line(sender.name), addr_spec=sender.address)
    message["To"] = _recipient(mail)
    if mail.reply_to:
        message["Reply-To"] = Address(addr_spec=mail.reply_to)
    message["Subject"] = _one_line(mail.content.subject)
    message["Date"] = date
    message["Message-ID"] = f"<{mail.message_id}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.content.text)
    message.add_alternative(mail.content.html, subtype="html")
    if mail.attachments:
        message.make_mixed()
    for attachment in mail.attachments:
        message.attach(_attachment(attachment))
    return message


def _recipient(mail: Mail) -> Address:
    name = _one_line(mail.to_name)
    try:
        if mail.to_address.isascii():
            return Address(display_name=name, addr_spec=mail.to_address)
        username, _, domain = _on_the_wire(mail.to_address).rpartition("@")
        return Address(display_name=name, username=username, domain=domain)
    except (ValueError, IndexError, MessageError) as error:
        raise MailRefused("the recipient's address is not an e-mail address") from error


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


def _attachment(attachment: Attachment) -> EmailMessage:
    """The attachment as a part of a mail. Its headers are set whole: ``add_attachment`` reads one again for each of its
    parameters, which takes as long as all the rest of a mail.
    """
    part = EmailMessage(policy=_POLICY)
    part["Content-Type"] = attachment.content_type
    part["Content-Transfer-Encoding"] = "base64"
    part["Content-Disposition"] = f'attachment; filename="{quote(_one_line(attachment.filename))}"'
    part.set_payload(body_encode(attachment.content))
    return part
