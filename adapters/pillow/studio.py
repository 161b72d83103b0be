"""PictureStudio by Pillow: decodes an upload in a separate process, and encodes it again as WebP."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from asyncio.subprocess import PIPE
from typing import Final
from uuid import UUID
from weakref import WeakValueDictionary

from adapters.pillow.decoder import REFUSED
from application.ports.pictures import Box, PreparedPicture, UnusablePicture
from domain.branding import Picture

#: Pictures that one server process has decoded at a time.
MAX_AT_ONCE: Final = 2
#: The largest photo takes about a second. A process that takes longer than this is ended.
MAX_SECONDS: Final = 10.0
_DIGEST_CHARACTERS: Final = 32
#: The only environment variables that the decoding process gets: it needs none of our secrets.
_ENVIRONMENT: Final = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG")


class PillowStudio:
    """A picture cannot keep a server process busy: another process decodes it, and is ended after ``max_seconds``."""

    def __init__(self, *, max_seconds: float = MAX_SECONDS) -> None:
        self._max_seconds = max_seconds
        self._at_once = asyncio.Semaphore(MAX_AT_ONCE)
        # A lock lives as long as a task holds it or waits for it.
        self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def prepare(self, upload: bytes, box: Box, *, owner: UUID) -> PreparedPicture:
        turn = self._turn_of(owner)
        async with turn, self._at_once:
            try:
                async with asyncio.timeout(self._max_seconds):
                    size, content = await _decode(upload, box)
            except TimeoutError:
                raise UnusablePicture("The picture takes too long to read; save it once more and try again") from None
        digest = hashlib.sha256(content).hexdigest()[:_DIGEST_CHARACTERS]
        return PreparedPicture(Picture.of(digest, width=size[0], height=size[1]), content)

    def _turn_of(self, owner: UUID) -> asyncio.Lock:
        """The lock for one producer's pictures: one at a time, which leaves a place for other producers."""
        return self._turns.setdefault(owner, asyncio.Lock())


async def _decode(upload: bytes, box: Box) -> tuple[tuple[int, int], bytes]:
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "adapters.pillow.decoder", str(box.width), str(box.height)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        )
    )
    try:
        process = await asyncio.shield(starting)
        output, refusal = await process.communicate(upload)
    finally:
        # Where the start is cancelled, uvloop ends the process, but nothing waits for that.
        process = await starting
        if process.returncode is None:
            process.kill()
            await asyncio.shield(process.wait())
    if process.returncode:
        raise UnusablePicture(refusal.decode() if process.returncode == REFUSED else "The picture is broken")
    header, _, content = output.partition(b"\n")
    width, height = map(int, header.split())
    return (width, height), content
