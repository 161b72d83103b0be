"""The common part of pages and JSON: finding a mail and its parts."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from demo.mail_catcher.mails import CaughtAttachment, CaughtMail, CaughtMails


def find_mail(mails: CaughtMails, request: web.Request) -> CaughtMail:
    """The mail that the path names. Raises HTTPNotFound."""
    mail = mails.get(int(request.match_info["id"]))
    if mail is None:
        raise web.HTTPNotFound(text="This mail is not here (any more).")
    return mail


def find_attachment(mails: CaughtMails, request: web.Request) -> CaughtAttachment:
    """The attachment that the path names. Raises HTTPNotFound."""
    attachments = find_mail(mails, request).attachments
    number = int(request.match_info["number"])
    if not 1 <= number <= len(attachments):
        raise web.HTTPNotFound(text="This mail has no such attachment.")
    return attachments[number - 1]


def attachment_path(mail: CaughtMail, number: int) -> str:
    """The address of an attachment, counted from 1. It ends with the file's name, for browsers that save it."""
    return f"/mails/{mail.id}/attachments/{number}/{quote(mail.attachments[number - 1].filename, safe='')}"
