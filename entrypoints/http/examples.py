"""Examples of everything that goes over the wire, by the names of the types. A test holds them against the types."""

from __future__ import annotations

from typing import Any, Final

from entrypoints.http.example_things import (
    ACCOUNT,
    AUDIT_ENTRY,
    CART,
    CUSTOMER,
    ORDER,
    ORDER_ID,
    OWN_SHOW,
    OWN_TICKET,
    PLACED,
    PROMO_CODE,
    QUOTE,
    SHOW,
    SHOW_TEXTS,
    SHOW_TIMES,
    TOKEN,
)
from entrypoints.http.order_examples import ORDER_EXAMPLES

REQUEST_ID: Final = "5f1d2c3b4a5968778695a4b3c2d1e0f0"
#: What a person reads, by the code of api.md's table.
ERROR_MESSAGES: Final = {
    "invalid_request": "tickets[0].ticket_id: this field is required",
    "invalid_email": "Invalid email format",
    "invalid_name": "Name must be at most 100 characters",
    "invalid_phone": "Phone number must be in international form, for example +15551234567",
    "invalid_quantity": "Quantity must be a whole number",
    "no_tickets": "Select at least one ticket",
    "too_many_tickets": "Maximum 10 tickets per order",
    "order_total_exceeded": "Order total exceeds maximum amount of $5000",
    "donation_too_large": "Maximum donation per ticket is $1000",
    "donation_too_small": "Donation amount must be at least $10",
    "donation_not_allowed": "Additional donations not allowed for non-donation ticket",
    "show_ended": "This show has already occurred",
    "show_unavailable": "This show is not currently available",
    "ticket_not_found": "No such ticket in this show",
    "tickets_unavailable": "3 × Stalls not available: only 2 left",
    "invalid_promo_code": "Invalid promo code",
    "promo_code_exhausted": "Promo code no longer valid",
    "producer_payment_missing": "Producer payment details not configured",
    "unauthorized": "A bearer token is needed; none came, or one that is unknown or revoked",
    "forbidden": "This token has not the scope catalog",
    "not_found": "No such show",
    "checkout_in_progress": "This checkout is being processed already, please wait a moment",
    "price_changed": "The price has changed: the total is now $65.13",
    "conflict": "This ticket has orders and cannot be deleted; set its quantity to what is sold instead",
    "too_large": "Request Entity Too Large",
    "idempotency_key_reused": "This Idempotency-Key was used for a different checkout",
    "rate_limited": "Too many checkouts from your address, please try again in a moment",
    "busy": "Your request is waiting behind many others being processed, please try again in a moment",
    "payment_unavailable": "The payment provider did not answer as expected, please try again in a moment",
    "unavailable": "The service is not available for a moment, please try again",
}

EXAMPLES: Final[dict[str, Any]] = {
    "AccountIn": {"name": "Lantern Theatre", "email": "hello@lantern-theatre.example"},
<<<<<<< HEAD
    "AccountOut": _ACCOUNT,
    "AuditLogOut": {"items": [_AUDIT_ENTRY], "next_cursor": None},
    "BrandingIn": {"colour": "#e8a33d", "widget_origins": ["https://theatre.example"]},
    "BrandingOut": {
        "colour": "#e8a33d",
        "widget_origins": ["https://theatre.example"],
        "logo_url": "https://tickets.example/pictures/0f3a9c6e5b7d4812a6c0e9f1d2b3a475-480x160.webp",
    },
    "CheckoutIn": {**_CART, "customer": _CUSTOMER, "expected_total": "54.84"},
=======
    "AccountOut": ACCOUNT,
    "AuditLogOut": {"items": [AUDIT_ENTRY], "next_cursor": None},
    "CheckoutIn": {**CART, "customer": CUSTOMER, "expected_total": "54.84"},
>>>>>>> orders
    "CheckoutOut": {
        **PLACED,
        "status": "success",
        "order_token": "d4Yk1mX0aZQ2bN7cV8sT5w",
        "session_id": "cs_test_a1B2c3",
    },
    "HealthOut": {"status": "ok"},
<<<<<<< HEAD
    "ImageOut": {"image_url": "https://tickets.example/pictures/7c1e2f3a4b5d6978809a1b2c3d4e5f60-1200x675.webp"},
    "IssuedTokenOut": {**_TOKEN, "token": "pqt_shown-this-once-and-stored-nowhere-1234567"},
=======
    "IssuedTokenOut": {**TOKEN, "token": "pqt_shown-this-once-and-stored-nowhere-1234567"},
>>>>>>> orders
    "LookupIn": {"email": "ada@example.org"},
    "LookupOut": {
        "status": "accepted",
        "message": "If there are orders for this address, we have mailed the links to them. It can take a few minutes.",
    },
    "NewProducerIn": {"name": "Lantern Theatre", "email": "hello@lantern-theatre.example", "currency": "USD"},
    "NewTokenIn": {"name": "Box office", "scopes": ["orders", "checkin"]},
    "OnboardingOut": {
        "url": "https://connect.stripe.com/setup/e/acct_1Oq2rS3tU4vW5xY6/a1B2c3",
        "expires_at": "2027-05-01T09:05:00Z",
    },
    "OrderOut": ORDER,
    "OwnShowListOut": {"items": [OWN_SHOW], "next_cursor": None},
    "OwnShowOut": OWN_SHOW,
    "OwnTicketOut": OWN_TICKET,
    "PromoCodeChangesIn": {"max_uses": 100, "valid_until": None},
    "PromoCodeIn": {"code": "FRIENDS20", "discount": "0.20", "max_uses": 50},
    "PromoCodeListOut": {"items": [PROMO_CODE], "next_cursor": None},
    "PromoCodeOut": PROMO_CODE,
    "QuoteIn": CART,
    "QuoteOut": QUOTE,
    "ReadinessOut": {"status": "ok", "database": "ok", "redis": "ok"},
    "ReceivedOut": {"received": True},
    "RefundAllIn": {"refund_fees": True, "reason": "The leading actor is ill"},
    "RefundAllOut": {
        "total": 12,
        "refunded": 10,
        "failed": 1,
        "remaining": 1,
        "refunded_amount": "658.08",
        "currency": "USD",
        "failures": [{"order_id": ORDER_ID, "reason": "lost_or_stolen_card"}],
    },
    "ShowChangesIn": {"published": True},
    "ShowIn": {**SHOW_TEXTS, **SHOW_TIMES},
    "ShowListOut": {"items": [SHOW], "next_cursor": "MjAyNy0wNi0wMVQyMzowMDowMCswMDowMHww"},
    "ShowOut": SHOW,
    "TicketChangesIn": {"price": "30.00"},
    "TicketIn": {"name": "Stalls", "price": "25.00", "quantity": 100, "description": "Rows 1 to 9"},
    "TokenListOut": {"items": [TOKEN], "next_cursor": None},
    **ORDER_EXAMPLES,
}
