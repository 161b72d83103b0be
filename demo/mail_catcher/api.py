"""The web side for programs: JSON, raw mails and attachments."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from aiohttp import web

from demo.mail_catcher.mails import CaughtMail, CaughtMails
from demo.mail_catcher.routes import attachment_path, find_attachment, find_mail

_SHOWN_IN_THE_BROWSER = frozenset({"application/pdf"})


class MailboxApi:
    """``/api/mails`` newest first, one mail, raw mails, attachments."""

    def __init__(self, mails: CaughtMails) -> None:
        self._mails = mails

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/api/mails", self.list_mails)
        router.add_delete("/api/mails", self.delete_mails)
        router.add_get(r"/api/mails/{id:\d+}", self.get_mail)
        router.add_get(r"/mails/{id:\d+}.eml", self.get_raw)
        router.add_get(r"/mails/{id:\d+}/attachments/{number:\d+}/{filename}", self.get_attachment)

    async def list_mails(self, request: web.Request) -> web.Response:
        return web.json_response([_summary(mail, request) for mail in reversed(list(self._mails))])

    async def get_mail(self, request: web.Request) -> web.Response:
        mail = find_mail(self._mails, request)
        headers = [{"name": name, "value": str(value)} for name, value in mail.message.items()]
        body = {"text": mail.text, "html": mail.html, "headers": headers}
        return web.json_response(_summary(mail, request) | body)

    async def delete_mails(self, _request: web.Request) -> web.Response:
        self._mails.clear()
        return web.Response(status=204)

    async def get_raw(self, request: web.Request) -> web.Response:
        mail = find_mail(self._mails, request)
        return _download(mail.raw, content_type="message/rfc822", filename=f"{mail.id}.eml", disposition="attachment")

    async def get_attachment(self, request: web.Request) -> web.Response:
        file = find_attachment(self._mails, request)
        disposition = "inline" if file.content_type in _SHOWN_IN_THE_BROWSER else "attachment"
        return _download(file.content, content_type=file.content_type, filename=file.filename, disposition=disposition)


def _summary(mail: CaughtMail, request: web.Request) -> dict[str, Any]:
    origin = request.url.origin()
    return {
        "id": mail.id,
        "message_id": mail.message_id,
        "from": mail.header("From"),
        "to": list(mail.envelope_to),
        "subject": mail.subject,
        "received_at": mail.received_at.isoformat(),
        "url": f"{origin}/mails/{mail.id}",
        "attachments": [
            {
                "filename": file.filename,
                "content_type": file.content_type,
                "size": len(file.content),
                "url": f"{origin}{attachment_path(mail, number)}",
            }
            for number, file in enumerate(mail.attachments, start=1)
        ],
    }


def _download(content: bytes, *, content_type: str, filename: str, disposition: str) -> web.Response:
    headers = {
        "Content-Type": content_type,
        "Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(filename, safe='')}",
    }
    if disposition == "attachment":
        headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return web.Response(body=content, headers=headers)
