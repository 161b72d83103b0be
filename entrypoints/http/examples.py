"""Examples of everything that goes over the wire, by the names of the types. A test holds them against the types."""

from __future__ import annotations

from typing import Any, Final

REQUEST_ID: Final = "5f1d2c3b4a5968778695a4b3c2d1e0f0"
_SHOW_ID: Final = "01932d3e-6a40-7c11-9d5f-0c5b8f1f2a01"
_TICKET_ID: Final = "01932d3e-6a41-7d22-8e6f-1d6c9a2b3c02"
_ORDER_ID: Final = "01932d3e-6a42-7e33-9f70-2e7dab3c4d03"
_PRODUCER_ID: Final = "01932d3e-6a43-7f44-8081-3f8ebc4d5e04"
_TOKEN_ID: Final = "01932d3e-6a44-7055-9192-409fcd5e6f05"  # noqa: S105
_PROMO_CODE_ID: Final = "01932d3e-6a45-7166-82a3-51a0de6f7006"

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

_SHOW_TEXTS: Final = {
    "title": "Twelfth Night",
    "description": "Shakespeare’s comedy of a shipwreck and its consequences.",
    "timezone": "America/New_York",
    "locale": "en-US",
    "venue": "Lantern Theatre, 12 Harbour Street, Portland, Maine",
    "terms": "No readmission.",
}
_SHOW_TIMES: Final = {
    "door_time": "2027-06-01T18:30:00-04:00",
    "start_time": "2027-06-01T19:00:00-04:00",
    "end_time": "2027-06-01T22:00:00-04:00",
}
_SHOW_SUMMARY: Final = {
    "id": _SHOW_ID,
    **_SHOW_TEXTS,
    **_SHOW_TIMES,
    "currency": "USD",
    "cancelled": False,
    "producer": {"id": _PRODUCER_ID, "name": "Lantern Theatre"},
}
_TICKET: Final = {
    "id": _TICKET_ID,
    "name": "Stalls",
    "description": "Rows 1 to 9",
    "price": "25.00",
    "is_donation_based": False,
    "is_vip": False,
    "remaining": 88,
    "sold_out": False,
}
_SHOW: Final = {**_SHOW_SUMMARY, "tickets": [_TICKET]}
_OWN_TICKET: Final = {**_TICKET, "show_id": _SHOW_ID, "quantity": 100, "held": 2, "sold": 10}
_OWN_SHOW: Final = {**_SHOW_SUMMARY, "published": True, "tickets": [_OWN_TICKET]}
_QUOTE: Final = {
    "currency": "USD",
    "tickets": [
        {
            "ticket_id": _TICKET_ID,
            "name": "Stalls",
            "quantity": 2,
            "price_per_ticket": "25.00",
            "discount_amount": "0.00",
            "donation_amount": "0.00",
            "total_price": "50.00",
            "is_vip": False,
        }
    ],
    "subtotal": "50.00",
    "promo_code": None,
    "promo_code_discount": "0.00",
    "platform_fees": "3.00",
    "payment_processing_fees": "1.84",
    "total": "54.84",
}
_CART: Final = {"show_id": _SHOW_ID, "tickets": [{"ticket_id": _TICKET_ID, "quantity": 2}]}
_CUSTOMER: Final = {"name": "Ada Lovelace", "email": "ada@example.org", "phone": "+15551234567"}
_ACCOUNT: Final = {
    "id": _PRODUCER_ID,
    "name": "Lantern Theatre",
    "email": "hello@lantern-theatre.example",
    "currency": "USD",
    "stripe_account_id": "acct_1Oq2rS3tU4vW5xY6",
    "charges_enabled": True,
}
_TOKEN: Final = {
    "id": _TOKEN_ID,
    "name": "Box office",
    "scopes": ["checkin", "orders"],
    "created_at": "2027-05-01T09:00:00Z",
    "last_used_at": None,
    "revoked_at": None,
}
_PROMO_CODE: Final = {
    "id": _PROMO_CODE_ID,
    "show_id": _SHOW_ID,
    "code": "FRIENDS20",
    "discount": "0.20",
    "max_uses": 50,
    "uses": 7,
    "valid_from": None,
    "valid_until": "2027-06-01T00:00:00-04:00",
}
_AUDIT_ENTRY: Final = {
    "id": "01932d3e-6a46-7277-93b4-62b1ef708107",
    "at": "2027-05-02T10:00:00Z",
    "actor": "Box office",
    "token_id": _TOKEN_ID,
    "action": "ticket.changed",
    "subject_id": _TICKET_ID,
    "show_id": _SHOW_ID,
    "before": {"price": 2500},
    "after": {"price": 3000},
}
_PLACED: Final = {
    **_QUOTE,
    "order_id": _ORDER_ID,
    "checkout_url": "https://checkout.stripe.com/c/pay/cs_test_a1B2c3",
    "expires_at": "2027-05-03T12:30:00Z",
    "success": False,
}

EXAMPLES: Final[dict[str, Any]] = {
    "AccountIn": {"name": "Lantern Theatre", "email": "hello@lantern-theatre.example"},
    "AccountOut": _ACCOUNT,
    "AuditLogOut": {"items": [_AUDIT_ENTRY], "next_cursor": None},
    "CheckoutIn": {**_CART, "customer": _CUSTOMER, "expected_total": "54.84"},
    "CheckoutOut": {
        **_PLACED,
        "status": "success",
        "order_token": "d4Yk1mX0aZQ2bN7cV8sT5w",
        "session_id": "cs_test_a1B2c3",
    },
    "HealthOut": {"status": "ok"},
    "IssuedTokenOut": {**_TOKEN, "token": "pqt_shown-this-once-and-stored-nowhere-1234567"},
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
    "OrderOut": {
        **_PLACED,
        "number": "FZ6KWPCN",
        "status": "pending",
        "is_manual_order": False,
        "show": _SHOW_SUMMARY,
        "customer": _CUSTOMER,
        "tax": "0.00",
        "refunded_amount": "0.00",
        "attendees": [],
        "created_at": "2027-05-03T12:00:00Z",
        "completed_at": None,
    },
    "OwnShowListOut": {"items": [_OWN_SHOW], "next_cursor": None},
    "OwnShowOut": _OWN_SHOW,
    "OwnTicketOut": _OWN_TICKET,
    "PromoCodeChangesIn": {"max_uses": 100, "valid_until": None},
    "PromoCodeIn": {"code": "FRIENDS20", "discount": "0.20", "max_uses": 50},
    "PromoCodeListOut": {"items": [_PROMO_CODE], "next_cursor": None},
    "PromoCodeOut": _PROMO_CODE,
    "QuoteIn": _CART,
    "QuoteOut": _QUOTE,
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
        "failures": [{"order_id": _ORDER_ID, "reason": "lost_or_stolen_card"}],
    },
    "ShowChangesIn": {"published": True},
    "ShowIn": {**_SHOW_TEXTS, **_SHOW_TIMES},
    "ShowListOut": {"items": [_SHOW], "next_cursor": "MjAyNy0wNi0wMVQyMzowMDowMCswMDowMHww"},
    "ShowOut": _SHOW,
    "TicketChangesIn": {"price": "30.00"},
    "TicketIn": {"name": "Stalls", "price": "25.00", "quantity": 100, "description": "Rows 1 to 9"},
    "TokenListOut": {"items": [_TOKEN], "next_cursor": None},
}
