"""Promo codes: a share off a show's regular tickets, never off fees (docs/domain-rules.md#promo-codes)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from domain.errors import Conflict, InvalidRequest, PromoCodeExhausted
from domain.money import round_half_up

MAX_CODE_LENGTH = 50
#: The highest ``max_uses``: a limit above any show's capacity has no effect.
MAX_USES = 1_000_000


def normalize_code(text: str) -> str:
    """A promo code as it is stored and matched: trimmed, upper-case."""
    return text.strip().upper()


class PromoCodeFields(TypedDict, total=False):
    """The fields of a promo code that a producer writes, all or some. None removes a limit."""

    code: str
    discount: Decimal
    max_uses: int | None
    valid_from: datetime | None
    valid_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketPromoCode:
    """A show's promo code. ``discount`` is a share from 0.00 to 1.00; ``uses`` counts holds and sales."""

    id: UUID
    show_id: UUID
    code: str
    discount: Decimal
    max_uses: int | None = None
    uses: int = 0
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def __post_init__(self) -> None:
        if (
            not 1 <= len(self.code) <= MAX_CODE_LENGTH
            or not self.code.isprintable()
            or self.code != normalize_code(self.code)
        ):
            raise InvalidRequest(f"A promo code has 1 to {MAX_CODE_LENGTH} upper-case characters", field="code")
        for name in ("valid_from", "valid_until"):
            moment = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                raise InvalidRequest(f"{name} must have a UTC offset", field=name)
        if not self.discount.is_finite() or not 0 <= self.discount <= 1:
            raise InvalidRequest("Discount must be between 0.00 and 1.00", field="discount")
        if self.discount.normalize().as_tuple().exponent < -4:  # type: ignore[operator]  # finite: checked above
            raise InvalidRequest("Discount must have at most 4 decimal places", field="discount")
        if self.max_uses is not None and not 0 <= self.max_uses <= MAX_USES:
            raise InvalidRequest(f"max_uses must be 0 to {MAX_USES}", field="max_uses")
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise InvalidRequest("valid_until lies before valid_from", field="valid_until")

    def ensure_usable(self, now: datetime) -> None:
        """Raises PromoCodeExhausted if the code is used up, not valid yet or no longer valid."""
        used_up = self.max_uses is not None and self.uses >= self.max_uses
        too_early = self.valid_from is not None and now < self.valid_from
        too_late = self.valid_until is not None and now >= self.valid_until
        if used_up or too_early or too_late:
            raise PromoCodeExhausted("Promo code no longer valid", field="promo_code")

    def discount_on(self, unit_price: int, step: int = 1) -> int:
        """The discount on one ticket of ``unit_price`` minor units, rounded half up to a multiple of ``step``."""
        return round_half_up(unit_price * self.discount / step) * step

    def use(self) -> TicketPromoCode:
        """The promo code with one more use, held by an order."""
        return replace(self, uses=self.uses + 1)

    def give_back(self) -> TicketPromoCode:
        """The promo code with one use less, released by an order. Raises Conflict if none is in use."""
        if not self.uses:
            raise Conflict(f"Promo code {self.code} has no use to give back")
        return replace(self, uses=self.uses - 1)
