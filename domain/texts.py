"""The texts that producers write about shows and productions: how long they may be, and in which language."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError

from domain.errors import InvalidRequest
from domain.person_name import has_something_to_see

MAX_TITLE_LENGTH: Final = 200
MAX_DESCRIPTION_LENGTH: Final = 10_000
#: As much as fits on a printed ticket in small type.
MAX_TERMS_LENGTH: Final = 1000

_CONTROL_CHARACTERS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def check_title(text: str, what: str) -> None:
    """Raises InvalidRequest for a title or name that is empty, too long, or not one line."""
    if fault := _fault_of_title(text):
        raise InvalidRequest(f"{what} {fault}", field=what)


# Every sale makes a new object of the ticket type and of its capacity, with the same names.
@lru_cache(maxsize=1000)
def _fault_of_title(text: str) -> str | None:
    if not has_something_to_see(text) or len(text) > MAX_TITLE_LENGTH:
        return f"must have 1 to {MAX_TITLE_LENGTH} characters"
    if _CONTROL_CHARACTERS.search(text):
        return "must be one line, without control characters"
    return None


def check_text(text: str, what: str, limit: int) -> None:
    """Raises InvalidRequest for a text that is longer than ``limit``, or that no database stores."""
    if len(text) > limit:
        raise InvalidRequest(f"{what} must have at most {limit} characters", field=what)
    if "\0" in text:
        raise InvalidRequest(f"{what} must not contain NUL characters", field=what)


@lru_cache(maxsize=1000)
def check_locale(tag: str) -> None:
    """Raises InvalidRequest for a tag that names no locale."""
    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        raise InvalidRequest(f"Unknown locale {tag!r}, write it as in en-US", field="locale") from None
