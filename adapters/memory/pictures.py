"""PictureStudio that checks only the size that a PNG states."""

from __future__ import annotations

import hashlib
import struct
from uuid import UUID

from adapters.memory.tables import Tables
from application.ports.pictures import Box, PreparedPicture, UnusablePicture
from domain.branding import Picture

_PNG_START = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"
_PNG_END = b"IEND\xaeB`\x82"
_MAX_PIXELS = 25_000_000


class MemoryStudio:
    async def prepare(self, upload: bytes, box: Box, *, owner: UUID) -> PreparedPicture:  # noqa: ARG002
        if not upload.startswith(_PNG_START) or not upload.endswith(_PNG_END):
            raise UnusablePicture("A picture must be a whole PNG here")
        width, height = struct.unpack_from(">II", upload, len(_PNG_START))
        if width * height > _MAX_PIXELS:
            raise UnusablePicture("The picture has too many pixels")
        scale = min(1, box.width / width, box.height / height)
        fitted = Picture.of(
            hashlib.sha256(upload + repr(box).encode()).hexdigest()[:32],
            width=max(1, round(width * scale)),
            height=max(1, round(height * scale)),
        )
        return PreparedPicture(fitted, upload)


class MemoryPictureRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, picture: Picture, content: bytes) -> None:
        self._tables.pictures[picture] = content

    async def content(self, picture: Picture) -> bytes | None:
        return self._tables.pictures.get(picture)

    async def remove_unused(self, picture: Picture) -> None:
        used = {show.image for show in self._tables.shows.values()}
        used |= {production.image for production in self._tables.productions.values()}
        used |= {producer.branding.logo for producer in self._tables.producers.values()}
        if picture not in used:
            self._tables.pictures.pop(picture, None)
