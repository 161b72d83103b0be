"""A cache of pages that are the same for all buyers: each is rendered at most once a second."""

from __future__ import annotations

import asyncio
import gzip
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from litestar.status_codes import HTTP_200_OK
from litestar.types import ASGIApp, Receive, Scope, Send

#: How old an answer may be, here and in caches on the way. One that changes at a known moment expires at that moment.
FRESH_SECONDS: Final = 1.0
#: The most answers kept; the least recently used goes first. A page has 20 KB, so this is some megabytes.
MAX_ANSWERS: Final = 256


RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """An answer in both encodings, ready to be sent. It can be used for ``fresh_seconds`` after it was asked for."""

    plain: bytes
    zipped: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    fresh_seconds: float = FRESH_SECONDS

    @classmethod
    def of(
        cls, text: str, *, media_type: str, headers: Mapping[str, str], good_for: timedelta | None = None
    ) -> CachedAnswer:
        """``good_for`` is how long after the moment that it shows the answer is still right, if that is known. It is
        public unless ``headers`` say otherwise.
        """
        plain = text.encode()
        fresh = min(FRESH_SECONDS, good_for.total_seconds()) if good_for is not None else FRESH_SECONDS
        every = {
            "Content-Type": media_type,
            "Cache-Control": f"public, max-age={math.floor(fresh)}",
            **headers,
            "Vary": "Accept-Encoding",
        }
        raw = tuple((name.lower().encode(), value.encode()) for name, value in every.items())
        return cls(plain, gzip.compress(plain, compresslevel=6, mtime=0), raw, fresh)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send the answer in an encoding that the browser accepts."""
        zipped = accepts_gzip(scope)
        body = self.zipped if zipped else self.plain
        headers: RawHeaders = [*self.headers, (b"content-length", str(len(body)).encode())]
        if zipped:
            headers.append((b"content-encoding", b"gzip"))
        await send({"type": "http.response.start", "status": HTTP_200_OK, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


def key_of(scope: Scope) -> str:
    """The cache key of an answer: its address."""
    return f"{scope['path']}?{scope['query_string'].decode()}"


class PageCache:
    """Answers by key. Requests for an answer that is being made wait for it, so a crowd makes it once."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._answers: OrderedDict[Hashable, tuple[float, CachedAnswer]] = OrderedDict()
        self._making: dict[Hashable, asyncio.Task[tuple[float, CachedAnswer]]] = {}

    def fresh(self, key: Hashable) -> CachedAnswer | None:
        """The answer, if it is there and can still be used."""
        kept = self._answers.get(key)
        if kept is None or self._has_expired(*kept):
            return None
        self._answers.move_to_end(key)
        return kept[1]

    def _has_expired(self, begun: float, answer: CachedAnswer) -> bool:
        # Its own moment is later than ``begun``: it expires a little too early, never too late.
        return self._now() - begun >= answer.fresh_seconds

    async def get(self, key: Hashable, make: Callable[[], Awaitable[CachedAnswer]]) -> CachedAnswer:
        """The answer, no older than FRESH_SECONDS. Raises what ``make`` raises; failures are not cached."""
        if kept := self.fresh(key):
            return kept
        begun, answer = await self._made(key, make)
        if answer.fresh_seconds < FRESH_SECONDS and self._has_expired(begun, answer):
            # What it shows has changed since; the next one is of after the change.
            _, answer = await self._made(key, make)
        return answer

    async def _made(self, key: Hashable, make: Callable[[], Awaitable[CachedAnswer]]) -> tuple[float, CachedAnswer]:
        making = self._making.get(key)
        if making is None:
            making = asyncio.create_task(self._make(key, make))
            self._making[key] = making
            making.add_done_callback(lambda _: self._making.pop(key, None))
        # Shielded: a browser that disconnects does not take the page from the others who wait for it.
        return await asyncio.shield(making)

    async def _make(self, key: Hashable, make: Callable[[], Awaitable[CachedAnswer]]) -> tuple[float, CachedAnswer]:
        begun = self._now()
        answer = await make()
        self._answers[key] = (begun, answer)
        self._answers.move_to_end(key)
        if len(self._answers) > MAX_ANSWERS:
            self._answers.popitem(last=False)
        return begun, answer


def from_cache(page_cache: PageCache) -> Callable[[ASGIApp], ASGIApp]:
    """Middleware for pages that are the same for all buyers: it sends a fresh answer before anything else is done."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            fresh = page_cache.fresh(key_of(scope)) if scope.get("method") == "GET" else None
            await (fresh or app)(scope, receive, send)

        return answer

    return wrap


def accepts_gzip(scope: Any) -> bool:
    """Whether the browser accepts gzip. Every browser does; a refusal by weight ("gzip;q=0") is understood, too."""
    for name, value in scope["headers"]:
        if name == b"accept-encoding":
            return b"gzip" in value and b"gzip;q=0" not in value.replace(b" ", b"")
    return False
