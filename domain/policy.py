"""The house's terms: fees, limits, and how long a hold lasts. All are settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutPolicy:
    """Amounts are decimals of the order's currency (1.50 is 1.50 USD, or 1.50 EUR), as the settings give them."""

    platform_fee: Decimal = Decimal("1.50")
    processing_fee_rate: Decimal = Decimal("0.029")
    processing_fee_fixed: Decimal = Decimal("0.30")
    max_tickets_per_order: int = 10
    max_order_amount: Decimal = Decimal(5000)
    max_donation_per_ticket: Decimal = Decimal(1000)
    hold: timedelta = timedelta(minutes=30)
