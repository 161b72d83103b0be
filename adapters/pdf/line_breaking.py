"""Line breaks, by the Unicode line breaking algorithm (UAX #14).

fpdf2 2.8.9 measures a line letter by letter, each letter alone. Joined letters, such as Arabic lam and alef, are
narrower than that, so it divides words that would have fitted. Here words are measured as they are drawn.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

from fpdf.unicode_script import UnicodeScript, get_unicode_script
from uniseg.graphemecluster import grapheme_clusters
from uniseg.linebreak import line_break_units

#: The width in mm of a piece of text, shaped, in the font that it will be drawn with.
Measure = Callable[[str], float]

_TOLERANCE = 1e-6
_SPACES = " \t\u2000-\u2006\u2008-\u200a\u205f\u3000"
#: After spaces, and after a hyphen between two letters. No-break spaces do not count.
_OPPORTUNITY = re.compile(rf"(?<=[{_SPACES}])(?![{_SPACES}])|(?<=[^\W\d]-)(?=[^\W\d])")
_UNSPACED = frozenset({UnicodeScript.THAI, UnicodeScript.LAO, UnicodeScript.KHMER, UnicodeScript.MYANMAR})


def breaks_anywhere(word: str) -> bool:
    """Whether the word is written in a script that puts no spaces between words."""
    return any(
        unicodedata.east_asian_width(char) in {"W", "F"} or get_unicode_script(char) in _UNSPACED for char in word
    )


def units(paragraph: str) -> list[str]:
    """The pieces of one paragraph between which a line may end. Spaces stay at the end of their piece."""
    if paragraph.isascii() or not breaks_anywhere(paragraph):
        return [unit for unit in _OPPORTUNITY.split(paragraph) if unit]
    return list(line_break_units(paragraph))


def break_lines(text: str, width: float, measure: Measure) -> list[str]:
    """The lines of ``text``, none wider than ``width`` mm. A word is divided only if it is wider than a line."""
    return [line for paragraph in text.split("\n") for line in _lines_of(paragraph, width, measure)]


def _lines_of(paragraph: str, width: float, measure: Measure) -> Iterator[str]:
    line, used = "", 0.0
    for unit in units(paragraph):
        needed = measure(unit.rstrip())
        if line and used + needed > width + _TOLERANCE:
            yield line.rstrip()
            line, used = "", 0.0
        while needed > width + _TOLERANCE:
            head = _fitting_head(unit, width, measure)
            yield head
            unit = unit[len(head) :]  # noqa: PLW2901  # what is left of it goes on to the next line
            needed = measure(unit.rstrip())
        line, used = line + unit, used + measure(unit)
    yield line.rstrip()


def _fitting_head(word: str, width: float, measure: Measure) -> str:
    """The longest head of the word that fits: whole characters as readers see them, at least one."""
    clusters = list(grapheme_clusters(word))
    fitting, too_many = 1, len(clusters)
    while too_many - fitting > 1:
        middle = (fitting + too_many) // 2
        if measure("".join(clusters[:middle])) > width + _TOLERANCE:
            too_many = middle
        else:
            fitting = middle
    return "".join(clusters[:fitting])
