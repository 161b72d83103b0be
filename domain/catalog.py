"""What is for sale and by whom: Producer, Show and Ticket."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError

from domain.branding import Branding, Picture
from domain.errors import InvalidRequest, ProducerPaymentMissing, ShowEnded, ShowUnavailable
from domain.inventory import Inventory
from domain.money import AMOUNT_LIMIT, Currency

MAX_TITLE_LENGTH = 200
MAX_DESCRIPTION_LENGTH = 10_000
#: What fits on a printed ticket in small type.
MAX_TERMS_LENGTH = 1000
#: A ticket type's capacity: far above any venue, far below a 32-bit column.
MAX_QUANTITY = 1_000_000


def _check_title(text: str, what: str) -> None:
    if not text.strip() or len(text) > MAX_TITLE_LENGTH:
        raise InvalidRequest(f"{what} must have 1 to {MAX_TITLE_LENGTH} characters", field=what)


def _check_description(text: str) -> None:
    if len(text) > MAX_DESCRIPTION_LENGTH:
        raise InvalidRequest(f"description must have at most {MAX_DESCRIPTION_LENGTH} characters", field="description")


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
        _check_description(self.description)
        for name, limit in (("venue", MAX_TITLE_LENGTH), ("terms", MAX_TERMS_LENGTH)):
            if len(getattr(self, name)) > limit:
                raise InvalidRequest(f"{name} must have at most {limit} characters", field=name)
        for name in ("door_time", "start_time", "end_time"):
            if getattr(self, name).tzinfo is None:
                raise InvalidRequest(f"{name} must have a UTC offset", field=name)
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

    def ensure_on_sale(self, now: datetime) -> None:
        """Raises ShowUnavailable (P1-008, P1-016) or ShowEnded (P1-015)."""
        if not self.published or self.cancelled:
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
        _check_description(self.description)
        if not 0 <= self.price < AMOUNT_LIMIT:
            raise InvalidRequest(f"price must be zero or more, and below {AMOUNT_LIMIT} minor units", field="price")
        if not 0 <= self.inventory.quantity <= MAX_QUANTITY:
            raise InvalidRequest(f"quantity must be 0 to {MAX_QUANTITY}", field="quantity")
