"""The customer: name, e-mail address and phone number, checked and normalised (docs/domain-rules.md#buyers)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, ValidatedEmail, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from domain.errors import InvalidEmail, InvalidPhone
from domain.person_name import MAX_NAME_LENGTH, parse_name

__all__ = [
    "ERASED_EMAIL",
    "ERASED_NAME",
    "MAX_EMAIL_LENGTH",
    "MAX_NAME_LENGTH",
    "MAX_PHONE_LENGTH",
    "Customer",
    "parse_email",
    "parse_name",
    "parse_phone",
]

MAX_EMAIL_LENGTH = 254
MAX_LOCAL_PART_LENGTH = 64

#: Local parts that are accepted as they stand; the syntax checker decides about all others.
_PLAIN_LOCAL_PART = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")
#: Anything longer is not a phone number, however it is spaced.
MAX_PHONE_LENGTH = 64
_INTERNATIONAL = re.compile(r"\+[\d\s().\-/\u00a0\u2000-\u2015\u2060]*\d[\s)]*")
#: Address books of telephones put these direction marks around a copied number.
_AROUND_COPIED = "\u200e\u200f\u202a\u202c\u2066\u2068\u2069\ufeff "
_NORTH_AMERICAN = re.compile(r"\+1[2-9][0-9]{9}")


#: The name of a customer whose data was erased on request. No mail server has this address, and no order can use it.
ERASED_NAME = "Erased"
ERASED_EMAIL = "erased@erased.invalid"


@dataclass(frozen=True, slots=True)
class Customer:
    """The buyer. ``phone`` is E.164 ("+15551234567") or None.

    An order of the counter may be without name or address: they are "" then.
    """

    name: str
    email: str
    phone: str | None = None

    @property
    def is_erased(self) -> bool:
        """Whether the customer's data was erased."""
        return self.email == ERASED_EMAIL

    @property
    def has_address(self) -> bool:
        """Whether there is an address to send mails to."""
        return bool(self.email) and not self.is_erased

    @classmethod
    def parse(cls, *, name: str, email: str, phone: str | None = None) -> Customer:
        """A customer from typed text. Raises InvalidName, InvalidEmail or InvalidPhone."""
        return cls(name=parse_name(name), email=parse_email(email), phone=parse_phone(phone))

    @classmethod
    def parse_guest(cls, *, name: str | None = None, email: str | None = None, phone: str | None = None) -> Customer:
        """A customer at the counter, who need not give any of them. Raises InvalidName, InvalidEmail, InvalidPhone."""
        return cls(
            name=parse_name(name) if name and name.strip() else "",
            email=parse_email(email) if email and email.strip() else "",
            phone=parse_phone(phone),
        )


def parse_email(text: str) -> str:
    """The e-mail address with a normalised domain. Its syntax is checked, not whether the mailbox exists.

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
    """The normalised domain, cached.

    Most buyers use the same few providers, and checking the domain is nearly all of the work.
    """
    return _validated(f"x@{domain}").domain


def _validated(address: str) -> ValidatedEmail:
    # The "test environment" accepts addresses under .test, which rehearsals of an on-sale use.
    return validate_email(address, check_deliverability=False, test_environment=True)


def parse_phone(text: str | None) -> str | None:
    """The phone number as E.164, or None if none was given. "00" in front counts as "+", and so does "tel:+".

    A national prefix is dropped where the country has one: +49 (0)170 is +49 170, while Rome's 06 keeps its zero.
    Raises InvalidPhone for a number that no country has, by Google's libphonenumber, and for a national number, whose
    country is unknown.
    """
    if text is None or not text.strip():
        return None
    if _NORTH_AMERICAN.fullmatch(text):
        return text
    try:
        return _e164(text)
    except (ValueError, NumberParseException):
        raise InvalidPhone(
            "Phone number must be in international form, for example +15551234567", field="customer.phone"
        ) from None


def _e164(text: str) -> str:
    number = unicodedata.normalize("NFKC", text).strip().removeprefix("tel:").strip(_AROUND_COPIED)
    if number.startswith("00"):
        number = f"+{number[2:]}"
    if len(number) > MAX_PHONE_LENGTH or not _INTERNATIONAL.fullmatch(number):
        raise ValueError("no international number")
    parsed = phonenumbers.parse(number)
    if phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
        raise ValueError("no country has such a number")
    kept = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    # +27 0 000000 without its national prefix begins with a prefix again, as no real number does.
    if phonenumbers.format_number(phonenumbers.parse(kept), PhoneNumberFormat.E164) != kept:
        raise ValueError("no country has such a number")
    return kept
