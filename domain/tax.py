"""Tax on admissions: whether and how a producer charges it, and where a show takes place.

Stripe computes the tax. Rules that the product keeps: a show's tax follows the place of the performance, not the
buyer's address, and the party that receives the money for the tickets owes it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from babel import Locale

from domain.errors import InvalidRequest

#: As much as fits on an envelope.
MAX_ADDRESS_LINE: Final = 200
MAX_POSTAL_CODE: Final = 20
MAX_STATE: Final = 50
#: Taxes differ from town to town here, and cannot be computed without these two.
_NEED_STATE_AND_POSTAL_CODE: Final = frozenset({"CA", "US"})

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class TaxMode(StrEnum):
    """How tax is charged: on top of the prices, within them, or not at all."""

    EXCLUSIVE = "exclusive"
    INCLUSIVE = "inclusive"
    OFF = "off"


@lru_cache(maxsize=1)
def _countries() -> frozenset[str]:
    # CLDR lists regions of several countries ("150", "EU") among the territories.
    regions = {"EU", "EZ", "UN", "ZZ", "QO", "XA", "XB"}
    return frozenset(code for code in map(str, Locale("en").territories) if re.fullmatch("[A-Z]{2}", code)) - regions


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueAddress:
    """The address of a performance. ``country`` is an ISO 3166 code of two letters ("US"), ``state`` its ISO 3166-2
    subdivision without the country ("ME").

    Raises InvalidRequest.
    """

    line1: str
    city: str
    country: str
    line2: str = ""
    state: str = ""
    postal_code: str = ""

    def __post_init__(self) -> None:
        if self.country not in _countries():
            raise _invalid("country", "must be an ISO 3166 code of two letters, as in US")
        for name, most in (
            ("line1", MAX_ADDRESS_LINE),
            ("line2", MAX_ADDRESS_LINE),
            ("city", MAX_ADDRESS_LINE),
            ("state", MAX_STATE),
            ("postal_code", MAX_POSTAL_CODE),
        ):
            text: str = getattr(self, name)
            if len(text) > most or _CONTROL_CHARACTERS.search(text):
                raise _invalid(name, f"must be one line of at most {most} characters")
        needed = ["line1", "city"]
        if self.country in _NEED_STATE_AND_POSTAL_CODE:
            needed += ["state", "postal_code"]
        for name in needed:
            if not getattr(self, name).strip():
                raise _invalid(name, "is needed")

    @property
    def fingerprint(self) -> str:
        """A text that is the same for equal addresses and differs for all others."""
        parts = (self.line1, self.line2, self.city, self.state, self.postal_code, self.country)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _invalid(name: str, what: str) -> InvalidRequest:
    return InvalidRequest(f"venue_address.{name} {what}", field=f"venue_address.{name}")
