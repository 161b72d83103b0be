"""Readable colours, for any colour that a producer picks (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

#: The default colour, for producers who named none.
DEFAULT_COLOUR: Final = "#5b2bd9"
#: The backgrounds of text: the page, and the cards on it. The same as in storefront.css.
LIGHT_SURFACES: Final = ("#f7f5f2", "#ffffff")
DARK_SURFACES: Final = ("#121116", "#1d1b22")
#: AA for text of any size; more than enough for outlines.
LEAST_CONTRAST: Final = 4.5

_BLACK: Final = "#000000"
_WHITE: Final = "#ffffff"
_STEPS: Final = 50

Rgb = tuple[int, int, int]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours: 1 to 21."""
    darker, lighter = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))))
    return (lighter + 0.05) / (darker + 0.05)


def text_on(background: str) -> str:
    """Black or white, the one with more contrast: 4.58 at least, at a grey in the middle."""
    return max(_WHITE, _BLACK, key=lambda text: contrast(text, background))


def readable(colour: str, surfaces: tuple[str, ...], towards: str) -> str:
    """The colour, mixed with as little of ``towards`` as makes it readable on all of the surfaces."""
    for step in range(_STEPS + 1):
        mixed = _mix(colour, towards, step / _STEPS)
        if all(contrast(mixed, surface) >= LEAST_CONTRAST for surface in surfaces):
            return mixed
    return towards


@lru_cache(maxsize=1000)
def style_sheet(colour: str) -> str:
    """The custom properties of a producer's pages. ``brand`` fills buttons, ``accent`` is for text and outlines."""
    light = readable(colour, LIGHT_SURFACES, _BLACK)
    dark = readable(colour, DARK_SURFACES, _WHITE)
    return (
        f":root{{--brand:{colour};--on-brand:{text_on(colour)};--accent:{light}}}"
        f"@media (prefers-color-scheme:dark){{:root{{--accent:{dark}}}}}"
    )


def _rgb(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(rgb: Rgb) -> float:
    red, green, blue = (_linear(channel / 255) for channel in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def _mix(colour: str, towards: str, share: float) -> str:
    pairs = zip(_rgb(colour), _rgb(towards), strict=True)
    return "#" + "".join(f"{round(one + (other - one) * share):02x}" for one, other in pairs)
