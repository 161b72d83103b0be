"""Tax at Stripe: codes, places of performance, and who owes it.

By Stripe's documents, read on 2026-11-28:

- https://docs.stripe.com/tax/location-sales: admissions have the code ``txcd_50010001``, which requires a place of
  performance on every line. General services may have one, and are then taxed there, too.
- https://docs.stripe.com/tax/tax-for-platforms: where the connected account owes the tax, ``automatic_tax.liability``
  names it. Its address and registrations count then, and the tax is in its reports.
- https://docs.stripe.com/api/tax/location: a place of performance is stored once and named by its id.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import stripe
from stripe.params.checkout import (
    SessionCreateParamsAutomaticTax,
    SessionCreateParamsLineItemPriceDataProductDataTaxDetails,
)
from stripe.params.tax import LocationCreateParams, LocationCreateParamsAddress

from adapters.stripe.client import Client, translated_errors
from adapters.stripe.repetition import made_once
from application.ports.tax_locations import TaxLocations
from domain.orders import Order
from domain.tax import TaxMode, VenueAddress

#: "Admission to Amusement, Entertainment and Recreation Venues".
ADMISSION: Final = "txcd_50010001"
#: "General - Services": the fees, and admissions whose place is not known.
SERVICES: Final = "txcd_20030000"
#: The most that Stripe lists at a time.
PAGE: Final = 100

Turn = Callable[[str], Awaitable[None]]


def automatic_tax(order: Order) -> SessionCreateParamsAutomaticTax:
    """The producer, who gets the money, owes the tax. Raises ValueError for an order without an account."""
    if order.tax_mode is TaxMode.OFF:
        return {"enabled": False}
    if order.stripe_account_id is None:
        raise ValueError(f"order {order.id} has no account that could owe its tax")
    return {"enabled": True, "liability": {"type": "account", "account": order.stripe_account_id}}


def tax_details(
    *, is_admission: bool, location_id: str | None
) -> SessionCreateParamsLineItemPriceDataProductDataTaxDetails:
    """The kind of a line and its place of performance.

    Without a place an admission is a service, taxed at the buyer's address.
    """
    if location_id is None:
        return {"tax_code": SERVICES}
    return {"tax_code": ADMISSION if is_admission else SERVICES, "performance_location": location_id}


def location_params(address: VenueAddress) -> LocationCreateParams:
    """The address without its empty parts."""
    return {"type": "performance", "address": _address(address)}


def _address(address: VenueAddress) -> LocationCreateParamsAddress:
    parts: LocationCreateParamsAddress = {"country": address.country, "line1": address.line1, "city": address.city}
    if address.line2:
        parts["line2"] = address.line2
    if address.state:
        parts["state"] = address.state
    if address.postal_code:
        parts["postal_code"] = address.postal_code
    return parts


class PerformanceLocations:
    """Places at Stripe, made when first needed. An address that was used before costs no call and no query."""

    def __init__(self, client: Client, turn: Turn, stored: TaxLocations | None = None) -> None:
        self._client = client
        self._turn = turn
        self._stored = stored
        self._known: dict[str, str] = {}

    async def of(self, order: Order) -> str | None:
        """The id of the place where the order's show is performed; None if its address is not known.

        Raises TaxRefused, PaymentRefused, PaymentKeyRefused, PaymentUnavailable, StorageUnavailable.
        """
        address = order.venue_address
        if address is None or order.tax_mode is TaxMode.OFF:
            return None
        known = self._known.get(address.fingerprint)
        if known is None and self._stored:
            known = await self._stored.find(address.fingerprint)
        if known is None:
            known = await self._make(address)
            if self._stored:
                await self._stored.remember(address.fingerprint, known)
        self._known[address.fingerprint] = known
        return known

    async def forget(self, address: VenueAddress) -> None:
        """Forget a place that Stripe does not know: the next order with this address makes a new one."""
        self._known.pop(address.fingerprint, None)
        if self._stored:
            await self._stored.forget(address.fingerprint)

    async def _make(self, address: VenueAddress) -> str:
        async def create(key: str) -> str:
            await self._turn("tax.locations.create")
            with translated_errors():
                made = await self._client.v1.tax.locations.create_async(
                    params=location_params(address), options={"idempotency_key": key}
                )
            return made.id

        async def find() -> str | None:
            await self._turn("tax.locations.list")
            with translated_errors():
                listed = await self._client.v1.tax.locations.list_async(params={"type": "performance", "limit": PAGE})
                async for place in listed.auto_paging_iter():
                    if _is_at(place, address):
                        return place.id
            return None

        return await made_once(f"tax-location:{address.fingerprint}", create, find)


def _is_at(place: stripe.tax.Location, address: VenueAddress) -> bool:
    names = ("line1", "line2", "city", "state", "postal_code", "country")
    stored = place.address.to_dict()
    return all((stored.get(name) or "") == getattr(address, name) for name in names)
