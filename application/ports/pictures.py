"""PictureStudio: makes what a producer uploads fit for a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from domain.branding import Picture


class UnusablePicture(Exception):
    """The bytes are no picture that can be read, or too large a one. ``str(error)`` is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Box:
    """What a picture must fit into, in pixels. It keeps its proportions and is never enlarged."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PreparedPicture:
    """A picture and its bytes, encoded anew: nothing of the upload is left but what can be seen."""

    picture: Picture
    content: bytes = field(repr=False)


class PictureStudio(Protocol):
    async def prepare(self, upload: bytes, box: Box, *, owner: UUID) -> PreparedPicture:
        """The upload as a picture that fits into ``box``; the same upload gives the same picture.

        Uploads of one ``owner`` (a producer) are prepared one after the other. Raises UnusablePicture for what is not
        PNG, JPEG or WebP, is broken, has more pixels than can be handled, or takes too long.
        """
        ...


class PictureRepo(Protocol):
    """Logos of producers and images of shows."""

    async def add(self, picture: Picture, content: bytes) -> None:
        """Nothing happens when it is there already."""
        ...

    async def content(self, picture: Picture) -> bytes | None: ...

    async def remove_unused(self, picture: Picture) -> None:
        """Forget it, unless a show or a producer still has it."""
        ...
