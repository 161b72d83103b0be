"""Requests to Stripe, built only from stored data, so a repetition sends the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import idna
from stripe.params import AccountCreateParams, TransferReversalCreateParams, TransferUpdateParams
from stripe.params.checkout import (
    SessionCreateParams,
    SessionCreateParamsLineItem,
    SessionCreateParamsLineItemPriceData,
    SessionCreateParamsLineItemPriceDataProductData,
    SessionCreateParamsLineItemPriceDataProductDataTaxDetails,
    SessionListParams,
)

from adapters.stripe.slow_methods import too_slow
from adapters.stripe.tax import automatic_tax, tax_details
from domain.catalog import Producer
from domain.disputes import Dispute
from domain.duplicate_payments import DuplicatePayment
from domain.orders import AttendeeStatus, Order
from domain.tax import TaxMode

# A session may be requested again (with the same idempotency key and so the same expires_at) until the hold runs out,
# and by Stripe's clock it must then have 30 minutes left. At the end of the hold the sweeper closes the session itself;
# until then the hold stays, so it always outlives the session.
SESSION_OUTLASTS_HOLD: Final = timedelta(minutes=35)

MAX_METADATA_LENGTH: Final = 500
MAX_PRODUCT_NAME_LENGTH: Final = 250
#: Sessions are read with their payment, which shows whether a delayed method has failed.
EXPANDED: Final = ["payment_intent"]
#: The most that Stripe lists at a time.
PAGE: Final = 100


def session_params(
    order: Order, *, success_url: str, cancel_url: str, tax_location: str | None = None, ahead: timedelta = timedelta()
) -> SessionCreateParams:
    """A checkout session: destination charge, application fee, automatic tax.

    The application fee comes out of the producer's transfer, whether the buyer paid it on top of the prices or not.
    ``tax_location`` is the place of performance at Stripe, ``ahead`` how far Stripe's clock is ahead of ours. Raises
    ValueError without a hold.
    """
    if order.expires_at is None or order.stripe_account_id is None:
        raise ValueError(f"order {order.id} has no hold to be paid for")
    metadata = {
        "order_id": str(order.id),
        "show_id": str(order.show_id),
        "show_title": order.show_title[:MAX_METADATA_LENGTH],
    }
    return {
        "mode": "payment",
        "client_reference_id": str(order.id),
        "line_items": line_items(order, tax_location),
        "automatic_tax": automatic_tax(order),
        # Prices stay in the producer's currency: the payment is compared with the order to the cent.
        "adaptive_pricing": {"enabled": False},
        "payment_intent_data": {
            # Stripe refuses a fee of zero.
            **({"application_fee_amount": order.own_fees} if order.own_fees else {}),
            "transfer_data": {"destination": order.stripe_account_id},
            "description": f"{order.show_title} ({order.number})",
            "metadata": metadata,
        },
        "metadata": metadata,
        "expires_at": int((order.expires_at + SESSION_OUTLASTS_HOLD + ahead).timestamp()),
        "success_url": success_url,
        "cancel_url": cancel_url,
        **_known_buyer(order),
        **_excluded_methods(order),
    }


def _known_buyer(order: Order) -> SessionCreateParams:
    email = _customer_email(order.customer.email)
    return {"customer_email": email} if email else {}


def _excluded_methods(order: Order) -> SessionCreateParams:
    """The methods whose money might come after the doors open. An order without a known time excludes none."""
    if order.doors_at is None or order.expires_at is None:
        return {}
    excluded = too_slow(paid_by=order.expires_at, needed_by=order.doors_at)
    return {"excluded_payment_method_types": excluded} if excluded else {}


def _customer_email(address: str) -> str | None:
    """The address as Stripe accepts it, in ASCII only: the domain by IDNA, which mail servers use, too.

    None if the part before the @ is not ASCII, which has no such form: Stripe's page then asks the buyer for an
    address.
    """
    name, _, domain = address.rpartition("@")
    if not name.isascii():
        return None
    try:
        return f"{name}@{domain if domain.isascii() else idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        return None


def listing_params(since: datetime) -> SessionListParams:
    """Parameters for listing the sessions made since then, newest first, with the same parts as a single one."""
    return {
        "created": {"gte": int(since.timestamp())},
        "limit": PAGE,
        "expand": [f"data.{path}" for path in EXPANDED],
    }


def line_items(order: Order, tax_location: str | None = None) -> list[SessionCreateParamsLineItem]:
    """The order's lines and the fees on top; their sum is the order's total to the cent (P0-006). An exchange that
    costs more has the difference, and the fees on it.
    """
    if order.exchange is not None and order.exchange.credit:
        return _difference(order, tax_location)
    quote = order.quote
    items = [
        _line_item(
            order,
            f"{line.name} – {order.show_title}",
            line.unit_amount,
            line.quantity,
            tax_details(is_admission=True, location_id=tax_location),
        )
        for line in quote.lines
    ]
    for name, fee in (  # as the storefront calls them
        ("Booking fee", quote.platform_fees),
        ("Payment fee", quote.payment_processing_fees),
    ):
        if fee and not quote.fees_included:
            items.append(_line_item(order, name, fee, 1, tax_details(is_admission=False, location_id=tax_location)))
    return items


def _difference(order: Order, tax_location: str | None) -> list[SessionCreateParamsLineItem]:
    fees = 0 if order.quote.fees_included else order.own_fees
    more = order.due - fees
    name = f"Exchange of tickets – {order.show_title}"
    items = [_line_item(order, name, more, 1, tax_details(is_admission=True, location_id=tax_location))]
    if fees:
        details = tax_details(is_admission=False, location_id=tax_location)
        items.append(_line_item(order, "Fees of the exchange", fees, 1, details))
    return items


def _line_item(
    order: Order,
    name: str,
    unit_amount: int,
    quantity: int,
    tax: SessionCreateParamsLineItemPriceDataProductDataTaxDetails,
) -> SessionCreateParamsLineItem:
    product: SessionCreateParamsLineItemPriceDataProductData = {"name": name[:MAX_PRODUCT_NAME_LENGTH]}
    price: SessionCreateParamsLineItemPriceData = {
        "currency": order.quote.currency.code.lower(),
        "unit_amount": unit_amount,
        "product_data": product,
    }
    if order.tax_mode is not TaxMode.OFF:
        price["tax_behavior"] = "inclusive" if order.tax_mode is TaxMode.INCLUSIVE else "exclusive"
        product["tax_details"] = tax
    return {"quantity": quantity, "price_data": price}


def account_params(producer: Producer) -> AccountCreateParams:
    """A connected account whose owner uses Stripe's Express dashboard; its charges are made through us.

    It contains nothing that the producer may change, because a repetition must send the same.
    """
    return {
        "controller": {
            "fees": {"payer": "application"},
            "losses": {"payments": "application"},
            "stripe_dashboard": {"type": "express"},
        },
        "capabilities": {"card_payments": {"requested": True}, "transfers": {"requested": True}},
        "metadata": {"producer_id": str(producer.id)},
    }


def reversal_params(order: Order, dispute: Dispute, amount: int) -> TransferReversalCreateParams:
    """A reversal of the producer's part of a lost dispute, in minor units; Stripe returns the same share of our fee."""
    return {
        "amount": amount,
        "description": f"Dispute {dispute.id} of order {order.number} was lost",
        "metadata": {"order_id": str(order.id), "dispute_id": dispute.id},
        # Stripe refuses to return a fee that was never taken.
        **({"refund_application_fee": True} if order.own_fees else {}),
    }


def recovery_params(order: Order, payment: DuplicatePayment, amount: int) -> TransferReversalCreateParams:
    """A reversal of what a bank took of a duplicate payment, in minor units; the second session took the same fee."""
    return {
        "amount": amount,
        "description": f"A dispute of a second payment of order {order.number} was lost",
        "metadata": {"order_id": str(order.id), "duplicate_payment": payment.payment_intent_id},
        **({"refund_application_fee": True} if order.own_fees else {}),
    }


def transfer_params(order: Order) -> TransferUpdateParams:
    """The text that the producer reads on the transfer (P1-019)."""
    attendees = sum(attendee.status is AttendeeStatus.VALID for attendee in order.attendees)
    metadata = {
        "order_id": str(order.id),
        "show_id": str(order.show_id),
        "show_title": order.show_title,
        "attendee_count": str(attendees),
        "order_name": order.customer.name,
        "order_email": order.customer.email,
    }
    return {
        "description": f"{order.show_title}: {attendees} × {order.customer.name} ({order.number})",
        "metadata": {name: value[:MAX_METADATA_LENGTH] for name, value in metadata.items()},
    }
