"""What shows and productions have in common in a form: the venue, its address, its clock, and how dates are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from babel import Locale

from domain.catalog import Show
from domain.errors import InvalidRequest
from domain.production import Production
from domain.tax import VenueAddress
from domain.timezones import NAMES
from entrypoints.office.forms import Form

#: The parts of an address, and what a form calls them.
_PARTS: Final = {
    "line1": "Street and number",
    "line2": "More of the address",
    "city": "Town",
    "postal_code": "Postal code",
    "state": "State or province",
    "country": "Country",
}
#: The labels of the fields here, for the list of what is wrong.
VENUE_LABELS: Final[Mapping[str, str]] = {"venue": "Venue", "timezone": "Time zone", "locale": "Language", **_PARTS}
#: The fields of a refusal, by what a form calls them where that differs.
VENUE_FIELDS: Final[Mapping[str, str]] = {f"venue_address.{part}": part for part in _PARTS}
_NOT_COUNTRIES: Final = frozenset({"EU", "EZ", "UN", "ZZ", "QO", "XA", "XB"})
#: Languages that a theatre writes its dates in. Every other tag can be typed.
LOCALES: Final = (
    "en-US", "en-GB", "en-IE", "en-CA", "en-AU", "en-NZ", "en-IN", "en-ZA", "de-DE", "de-AT", "de-CH", "fr-FR", "fr-BE",
    "fr-CA", "fr-CH", "es-ES", "es-MX", "es-AR", "es-CO", "es-CL", "it-IT", "it-CH", "pt-PT", "pt-BR", "nl-NL", "nl-BE",
    "da-DK", "sv-SE", "nb-NO", "fi-FI", "is-IS", "pl-PL", "cs-CZ", "sk-SK", "hu-HU", "ro-RO", "bg-BG", "el-GR", "hr-HR",
    "sl-SI", "et-EE", "lv-LV", "lt-LT", "uk-UA", "tr-TR", "he-IL", "ar-AE", "hi-IN", "ja-JP", "ko-KR", "zh-TW", "th-TH",
)  # fmt: skip


@lru_cache(maxsize=1)
def zone_names() -> list[str]:
    """The time zones of the world's countries. Every other name can be typed."""
    lines = files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8").splitlines()
    return sorted({"UTC", *(line.split("\t")[2] for line in lines if line and not line.startswith("#"))})


@lru_cache(maxsize=1)
def countries() -> list[tuple[str, str]]:
    """Codes and English names of the world's countries."""
    names = {str(code): str(name) for code, name in Locale("en").territories.items()}
    found = [(code, name) for code, name in names.items() if re.fullmatch("[A-Z]{2}", code)]
    return [("", "–"), *sorted((each for each in found if each[0] not in _NOT_COUNTRIES), key=lambda each: each[1])]


def venue_choices() -> dict[str, Any]:
    """What a template offers for these fields."""
    return {"zone_names": zone_names(), "countries": countries(), "locales": LOCALES}


def venue_values(of: Show | Production | None) -> dict[str, object]:
    """The fields of a form about this show or production. A first one begins without a time zone: none is usual."""
    if of is None:
        return {"locale": "en-US"}
    address = of.venue_address
    parts = {part: getattr(address, part) if address else "" for part in _PARTS}
    return {"venue": of.venue, "timezone": of.timezone, "locale": of.locale, **parts}


def read_venue(form: Form, *, with_zone: bool = True) -> dict[str, Any]:
    """The fields of a show or a production. What is wrong is noted in the form."""
    read: dict[str, Any] = {
        "venue": form.text("venue"),
        "locale": form.text("locale", required=True),
        "venue_address": read_address(form),
    }
    if with_zone:
        read["timezone"] = read_zone(form)
    return read


def read_zone(form: Form) -> str:
    """The name of a time zone; UTC if it is wrong."""
    name = form.text("timezone", required=True)
    if name and name not in NAMES:
        form.wrong("timezone", "There is no such time zone. Please choose one of the list, such as Europe/Paris.")
    return name if name in NAMES else "UTC"


def read_address(form: Form) -> VenueAddress | None:
    """The address; None if no part of it was typed."""
    parts = {part: form.text(part) for part in _PARTS}
    if not any(parts.values()):
        return None
    try:
        return VenueAddress(**parts)
    except InvalidRequest as error:
        name = VENUE_FIELDS[error.field or ""]
        form.wrong(name, _ADDRESS_FAULTS.get(name, f"{_PARTS[name]}: {str(error).partition(' ')[2]}."))
        return None


_ADDRESS_FAULTS: Final = {"country": "Please choose the country of the address."}
