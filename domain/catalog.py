"""What is for sale and by whom: Producer, Show and Ticket."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError

from domain.branding import Branding, Picture
from domain.errors import Conflict, InvalidRequest, ProducerPaymentMissing, ShowEnded, ShowUnavailable
from domain.inventory import Inventory
from domain.money import AMOUNT_LIMIT, Currency

MAX_TITLE_LENGTH = 200
MAX_DESCRIPTION_LENGTH = 10_000
#: What fits on a printed ticket in small type.
MAX_TERMS_LENGTH = 1000
#: Years that a show may be in: far from where a time zone's offset leads out of the calendar.
FIRST_YEAR = 1900
LAST_YEAR = 2200
#: A ticket type's capacity: far above any venue, far below a 32-bit column.
MAX_QUANTITY = 1_000_000
#: Ticket types of one show: as many as a cart may have lines.
MAX_TICKET_TYPES = 100

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def _check_title(text: str, what: str) -> None:
    if not text.strip() or len(text) > MAX_TITLE_LENGTH:
        raise InvalidRequest(f"{what} must have 1 to {MAX_TITLE_LENGTH} characters", field=what)
    if _CONTROL_CHARACTERS.search(text):
        raise InvalidRequest(f"{what} must be one line, without control characters", field=what)


def _check_text(text: str, what: str, limit: int) -> None:
    if len(text) > limit:
        raise InvalidRequest(f"{what} must have at most {limit} characters", field=what)
    if "\0" in text:
        raise InvalidRequest(f"{what} must not have NUL characters", field=what)


def _check_time(moment: datetime, what: str) -> None:
    if moment.tzinfo is None:
        raise InvalidRequest(f"{what} must have a UTC offset", field=what)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise InvalidRequest(f"{what} must lie between {FIRST_YEAR} and {LAST_YEAR}", field=what)


@lru_cache(maxsize=1000)
def _check_locale(tag: str) -> None:
    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        raise InvalidRequest(f"Unknown locale {tag!r}, write it as in en-US", field="locale") from None


@dataclass(frozen=True, slots=True)
class ProducerFinancial:
    """Where a producer's money goes: a connected Stripe account."""

    stripe_account_id: str | None = None
    charges_enabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Producer:
    """Who puts shows on. Every show of a producer sells in the producer's currency."""

    id: UUID
    name: str
    email: str
    currency: Currency
    financial: ProducerFinancial = field(default_factory=ProducerFinancial)
    branding: Branding = field(default_factory=Branding)

    def __post_init__(self) -> None:
        _check_title(self.name, "name")

    def payout_account(self) -> str:
        """The Stripe account that paid orders go to. Raises ProducerPaymentMissing (P1-017)."""
        account = self.financial.stripe_account_id
        if account is None or not self.financial.charges_enabled:
            raise ProducerPaymentMissing("Producer payment details not configured")
        return account


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """One performance. Times are aware; ``timezone`` is the venue's IANA name, ``locale`` how dates and prices are
    written there (a BCP 47 tag, "en-US"). ``terms`` are printed on every ticket.
    """

    id: UUID
    producer_id: UUID
    title: str
    description: str = ""
    venue: str = ""
    door_time: datetime
    start_time: datetime
    end_time: datetime
    timezone: str = "UTC"
    locale: str = "en-US"
    terms: str = ""
    published: bool = False
    cancelled: bool = False
    image: Picture | None = None

    def __post_init__(self) -> None:
        _check_title(self.title, "title")
        _check_text(self.description, "description", MAX_DESCRIPTION_LENGTH)
        _check_text(self.venue, "venue", MAX_TITLE_LENGTH)
        _check_text(self.terms, "terms", MAX_TERMS_LENGTH)
        for name in ("door_time", "start_time", "end_time"):
            _check_time(getattr(self, name), name)
        if not self.door_time <= self.start_time <= self.end_time:
            raise InvalidRequest("door_time, start_time and end_time must follow one another", field="start_time")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a directory, or too long for a file's name
            raise InvalidRequest(f"Unknown time zone {self.timezone!r}", field="timezone") from None
        _check_locale(self.locale)

    def local(self, moment: datetime) -> datetime:
        """``moment`` on the venue's clock."""
        return moment.astimezone(ZoneInfo(self.timezone))

    def takes_place_after(self, now: datetime) -> bool:
        """Whether there is still something to come to."""
        return not self.cancelled and now < self.end_time

    def changed(self, **fields: Any) -> Show:
        """The show with these fields. Raises InvalidRequest, and Conflict for a cancelled show: that is its end."""
        after = replace(self, **fields)
        if self.cancelled and after != self:
            raise Conflict("This show was cancelled, which cannot be undone; it stays as it is")
        return after

    def ensure_on_sale(self, now: datetime) -> None:
        """Raises ShowUnavailable (P1-008, P1-016) or ShowEnded (P1-015)."""
        if not self.published:
            raise ShowUnavailable("This show is not currently available", field="show_id")
        self.ensure_on_sale_at_the_counter(now)

    def ensure_on_sale_at_the_counter(self, now: datetime) -> None:
        """Published or not: the press list and the sponsors' seats are written before the public sale opens.

        Raises ShowUnavailable when it was cancelled, or ShowEnded.
        """
        if self.cancelled:
            raise ShowUnavailable("This show is not currently available", field="show_id")
        if self.end_time <= now:
            raise ShowEnded("This show has already occurred", field="show_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket type of a show. ``price`` is in minor units; a donation ticket's price is its minimum."""

    id: UUID
    show_id: UUID
    name: str
    description: str = ""
    price: int
    is_donation_based: bool = False
    is_vip: bool = False
    inventory: Inventory

    def __post_init__(self) -> None:
        _check_title(self.name, "name")
        _check_text(self.description, "description", MAX_DESCRIPTION_LENGTH)
        if not 0 <= self.price < AMOUNT_LIMIT:
            raise InvalidRequest(f"price must be zero or more, and below {AMOUNT_LIMIT} minor units", field="price")
        if not 0 <= self.inventory.quantity <= MAX_QUANTITY:
            raise InvalidRequest(f"quantity must be 0 to {MAX_QUANTITY}", field="quantity")
