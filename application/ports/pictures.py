"""PictureStudio: makes a producer's uploads fit for a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from domain.branding import Picture


class UnusablePicture(Exception):
    """The bytes are not a readable picture, or one that is too large. ``str(error)`` is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Box:
    """The size that a picture must fit into, in pixels. It keeps its proportions and is never enlarged."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PreparedPicture:
    """A picture and its bytes, encoded again: only what can be seen of the upload is left."""

    picture: Picture
    content: bytes = field(repr=False)


class PictureStudio(Protocol):
    async def prepare(self, upload: bytes, box: Box, *, owner: UUID) -> PreparedPicture:
        """The upload as a picture that fits into ``box``; the same upload gives the same picture.

        Uploads of one ``owner`` (a producer) are prepared one after the other. Raises UnusablePicture for uploads that
        are not PNG, JPEG or WebP, are broken, have too many pixels, or take too long.
        """
        ...


class PictureRepo(Protocol):
    """Logos of producers, and images of productions and shows."""

    async def add(self, picture: Picture, content: bytes) -> None:
        """Store the picture, unless it already exists."""
        ...

    async def content(self, picture: Picture) -> bytes | None: ...

    async def remove_unused(self, picture: Picture) -> None:
        """Delete the picture, unless a show, a production or a producer still has it."""
        ...
