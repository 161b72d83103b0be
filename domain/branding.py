"""The look of a producer's pages, and the sites that may embed the producer's widget."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from domain.errors import InvalidRequest

#: More sites than any producer has; each one goes into a header of every widget page.
MAX_WIDGET_ORIGINS = 20
#: Longer than any host name (253) with a scheme and a port.
MAX_ORIGIN_LENGTH = 280

_COLOUR = re.compile(r"#[0-9a-f]{6}")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ORIGIN = re.compile(rf"https?://{_LABEL}(?:\.{_LABEL})*(?::[1-9][0-9]{{0,4}})?")
_PICTURE = re.compile(r"(?P<digest>[0-9a-f]{32})-(?P<width>[1-9][0-9]{0,4})x(?P<height>[1-9][0-9]{0,4})\.webp")


@dataclass(frozen=True, slots=True)
class Picture:
    """A stored picture, named after its content: "<digest>-<width>x<height>.webp".

    The content behind a name never changes, and a page knows the picture's size before it loads.
    """

    name: str

    def __post_init__(self) -> None:
        if not _PICTURE.fullmatch(self.name):
            raise InvalidRequest(f"{self.name!r} names no picture")

    @classmethod
    def of(cls, digest: str, *, width: int, height: int) -> Self:
        """``digest`` is 32 hexadecimal digits over the bytes; the size is in pixels."""
        return cls(f"{digest}-{width}x{height}.webp")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        width, height = self.name.removesuffix(".webp").partition("-")[2].split("x")
        return int(width), int(height)


def parse_colour(text: str) -> str:
    """The colour as pages write it: "#5B2BD9" -> "#5b2bd9". Raises InvalidRequest."""
    colour = text.strip().lower()
    if not _COLOUR.fullmatch(colour):
        raise InvalidRequest("colour must be written as # and six hexadecimal digits, as in #5b2bd9", field="colour")
    return colour


def parse_origins(texts: Iterable[str]) -> tuple[str, ...]:
    """Origins of web sites, lower-case, each once: "https://theatre.example". Raises InvalidRequest."""
    origins: dict[str, None] = {}
    for index, text in enumerate(texts):
        origin = text.strip().lower().removesuffix("/")
        if len(origin) > MAX_ORIGIN_LENGTH or not _ORIGIN.fullmatch(origin):
            raise InvalidRequest(
                "widget_origins are written as https://theatre.example, with nothing after the host but a port",
                field=f"widget_origins[{index}]",
            )
        origins[origin] = None
    if len(origins) > MAX_WIDGET_ORIGINS:
        raise InvalidRequest(f"widget_origins are {MAX_WIDGET_ORIGINS} at most", field="widget_origins")
    return tuple(origins)


@dataclass(frozen=True, slots=True)
class Branding:
    """``colour`` is "#rrggbb" in lower case; ``widget_origins`` are the sites that may embed the producer's shows."""

    colour: str | None = None
    logo: Picture | None = None
    widget_origins: tuple[str, ...] = ()
