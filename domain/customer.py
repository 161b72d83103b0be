"""Who buys: name, e-mail address and phone number, checked and normalised (design.md §3, P0-008)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from domain.errors import InvalidEmail, InvalidName, InvalidPhone

MAX_NAME_LENGTH = 100
MAX_EMAIL_LENGTH = 254
MAX_LOCAL_PART_LENGTH = 64

_PUNCTUATION_IN_NAMES = frozenset(" -'’.‐‑")
_PLAIN_NAME = re.compile(r"[A-Za-z](?:[A-Za-z .'-]*)")
#: What the syntax checker takes as it stands; anything else it is asked about.
_PLAIN_LOCAL_PART = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")
_PHONE_SEPARATORS = re.compile(r"\(0\)|[\s().\-/]")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


#: Whoever asked to be forgotten. No mail server has this address, and nobody can order under it.
ERASED_NAME = "Erased"
ERASED_EMAIL = "erased@erased.invalid"


@dataclass(frozen=True, slots=True)
class Customer:
    """The buyer. ``phone`` is E.164 ("+15551234567") or None."""

    name: str
    email: str
    phone: str | None = None

    @property
    def is_erased(self) -> bool:
        """Whether nobody knows any more who it was."""
        return self.email == ERASED_EMAIL

    @classmethod
    def parse(cls, *, name: str, email: str, phone: str | None = None) -> Customer:
        """A customer from what was typed. Raises InvalidName, InvalidEmail or InvalidPhone."""
        return cls(name=parse_name(name), email=parse_email(email), phone=parse_phone(phone))


def parse_name(text: str) -> str:
    """A person's name, trimmed and in Unicode's composed form: 1 to 100 letters of any script, marks, spaces,
    hyphens, apostrophes and full stops. Raises InvalidName.
    """
    name = unicodedata.normalize("NFC", text).strip()
    if not name:
        raise InvalidName("Name is required", field="customer.name")
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidName(f"Name must be at most {MAX_NAME_LENGTH} characters", field="customer.name")
    if not _PLAIN_NAME.fullmatch(name) and not _is_name_of_any_script(name):
        raise InvalidName(
            "Name may only contain letters, spaces, hyphens, apostrophes and full stops",
            field="customer.name",
        )
    return name


def _is_name_of_any_script(name: str) -> bool:
    has_letter = False
    for character in name:
        category = unicodedata.category(character)
        if category.startswith("L"):
            has_letter = True
        elif not category.startswith("M") and character not in _PUNCTUATION_IN_NAMES:
            return False
    return has_letter


def parse_email(text: str) -> str:
    """An e-mail address with a normalised domain. Its syntax is checked, not whether anybody reads it.

    Raises InvalidEmail.
    """
    error = InvalidEmail("Invalid email format", field="customer.email")
    if len(text) > MAX_EMAIL_LENGTH:
        raise error
    try:
        address = _normalized(text.strip())
    except EmailNotValidError:
        raise error from None
    if len(address) > MAX_EMAIL_LENGTH:
        raise error
    return address


def _normalized(address: str) -> str:
    local_part, _, domain = address.rpartition("@")
    if len(local_part) <= MAX_LOCAL_PART_LENGTH and _PLAIN_LOCAL_PART.fullmatch(local_part):
        return f"{local_part}@{_normalized_domain(domain)}"
    return _validated(address).normalized


@lru_cache(maxsize=10_000)
def _normalized_domain(domain: str) -> str:
    """Most buyers have their mail at the same few providers, and checking a domain is nearly all of the work."""
    return _validated(f"x@{domain}").domain


def _validated(address: str) -> ValidatedEmail:
    # The "test environment" takes addresses under .test, which rehearsals of an on-sale are full of.
    return validate_email(address, check_deliverability=False, test_environment=True)


def parse_phone(text: str | None) -> str | None:
    """A phone number as E.164, or None where none was given. "00" in front counts as "+".

    Raises InvalidPhone, also for a national number: nobody said which nation.
    """
    if text is None or not text.strip():
        return None
    number = _PHONE_SEPARATORS.sub("", text)
    if number.startswith("00"):
        number = f"+{number[2:]}"
    if not _E164.fullmatch(number):
        raise InvalidPhone(
            "Phone number must be in international form, for example +15551234567", field="customer.phone"
        )
    return number
