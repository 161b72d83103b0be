"""The producer API, as far as a printer asks it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

from domain.printing import Medium

_TIMEOUT_SECONDS: Final = 20
_API: Final = "/api/v1"


class ServerAway(Exception):
    """The server gave no answer, or said that it cannot now. ``str(error)`` is for people."""


class Refused(Exception):
    """The server refused. ``str(error)`` is its sentence for people, ``code`` its error code."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Job:
    """A job in this printer's hands, and the names of its slips in the order in which they are printed."""

    id: str
    order_number: str
    slips: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PrintServer:
    """``url`` is the installation's address, ``token`` this printer's secret ("" before it has paired)."""

    url: str
    token: str = field(default="", repr=False)

    def pair(self, code: str) -> tuple[str, str]:
        """Use up the office's code. Returns the secret and the name of this printer. Raises Refused, ServerAway."""
        answer = self._json("POST", "/devices/pair", {"code": code, "kind": "printer"})
        return str(answer["token"]), str(answer["device"]["name"])

    def next_job(self) -> tuple[Job | None, float]:
        """The job to print, and after how many seconds to ask again if there is none."""
        answer = self._json("POST", "/producer/print-jobs/next")
        found = answer["job"]
        job = Job(found["id"], found["order_number"], tuple(found["slips"])) if found else None
        return job, float(answer["poll_seconds"])

    def slip(self, job: Job, name: str, medium: Medium) -> bytes | None:
        """What the printer is sent for a slip; None for a ticket that became void since."""
        try:
            path = f"/producer/print-jobs/{quote(job.id)}/slips/{quote(name)}?medium={medium}"
            return self._send("GET", path)
        except Refused as refused:
            if refused.code == "not_found":
                return None
            raise

    def test_slip(self, medium: Medium) -> bytes:
        return self._send("GET", f"/producer/print-jobs/test-slip?medium={medium}")

    def printed(self, job_id: str) -> None:
        self._json("POST", f"/producer/print-jobs/{quote(job_id)}/printed")

    def failed(self, job_id: str, problem: str) -> None:
        self._json("POST", f"/producer/print-jobs/{quote(job_id)}/failed", {"problem": problem[:200]})

    def _json(self, method: str, path: str, body: object = None) -> Any:
        try:
            return json.loads(self._send(method, path, body))
        except ValueError as error:
            raise ServerAway(f"{self.url} does not answer like PiqueTickets") from error

    def _send(self, method: str, path: str, body: object = None) -> bytes:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = Request(self.url + _API + path, data=data, headers=headers, method=method)  # noqa: S310  # see checked_url
        try:
            with urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
                content: bytes = answer.read()
                return content
        except HTTPError as error:
            with error:
                raise _refusal(self.url, error.code, error.read()) from error
        except (OSError, HTTPException) as error:
            raise ServerAway(f"{self.url} cannot be reached: {_reason(error)}") from error


def checked_url(text: str) -> str:
    """The installation's address without a slash at its end. Raises ValueError."""
    url = text.rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{text} is not an address such as https://tickets.example.org")
    return url


def _refusal(url: str, status: int, content: bytes) -> Exception:
    try:
        body = json.loads(content)
        message, code = str(body["message"]), str(body["code"])
    except (ValueError, KeyError, TypeError):
        return ServerAway(f"{url} answers {status}, not like PiqueTickets")
    if status >= 500 or code == "rate_limited":  # the server's own trouble
        return ServerAway(f"{url} cannot answer now: {message}")
    return Refused(message, code)


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(getattr(reason, "strerror", None) or reason)
