"""Pages that are the same for everybody, rendered once a second at most."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, Final

from litestar.response.base import ASGIResponse
from litestar.types import Scope

#: How old an answer may be, here and in caches on the way.
FRESH_SECONDS: Final = 1.0
#: Answers that are kept, oldest use first to go: a page of 20 KB each, so some megabytes.
MAX_ANSWERS: Final = 256


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """An answer in both encodings."""

    plain: bytes
    zipped: bytes
    media_type: str
    headers: dict[str, str]

    @classmethod
    def of(cls, text: str, *, media_type: str, headers: dict[str, str]) -> CachedAnswer:
        plain = text.encode()
        return cls(plain, gzip.compress(plain, compresslevel=6, mtime=0), media_type, headers)

    def to(self, scope: Scope) -> ASGIResponse:
        """As the asking browser understands it."""
        zipped = accepts_gzip(scope)
        encoding = {"Content-Encoding": "gzip"} if zipped else {}
        return ASGIResponse(
            body=self.zipped if zipped else self.plain,
            media_type=self.media_type,
            headers={**self.headers, **encoding, "Vary": "Accept-Encoding"},
        )


class PageCache:
    """Answers by key. Whoever asks for one that is being made waits for it: a crowd makes it once."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._answers: OrderedDict[Hashable, tuple[float, CachedAnswer]] = OrderedDict()
        self._making: dict[Hashable, asyncio.Task[CachedAnswer]] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[CachedAnswer]]) -> CachedAnswer:
        """The answer, no older than FRESH_SECONDS. Raises what ``make`` raises; that is not remembered."""
        kept = self._answers.get(key)
        if kept and self._now() - kept[0] < FRESH_SECONDS:
            self._answers.move_to_end(key)
            return kept[1]
        making = self._making.get(key)
        if making is None:
            making = asyncio.create_task(self._make(key, make))
            self._making[key] = making
            making.add_done_callback(lambda _: self._making.pop(key, None))
        # Shielded: a browser that goes away does not take the page from the others who wait for it.
        return await asyncio.shield(making)

    async def _make(self, key: Hashable, make: Callable[[], Awaitable[CachedAnswer]]) -> CachedAnswer:
        begun = self._now()
        answer = await make()
        self._answers[key] = (begun, answer)
        self._answers.move_to_end(key)
        if len(self._answers) > MAX_ANSWERS:
            self._answers.popitem(last=False)
        return answer


def accepts_gzip(scope: Any) -> bool:
    """Whether the browser says so. Every browser does; a refusal by weight ("gzip;q=0") is understood, too."""
    for name, value in scope["headers"]:
        if name == b"accept-encoding":
            return b"gzip" in value and b"gzip;q=0" not in value.replace(b" ", b"")
    return False
