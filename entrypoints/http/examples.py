"""Examples of all requests and answers, by the names of their types. A test checks them against the types."""

from __future__ import annotations

from typing import Any, Final

from entrypoints.http.order_examples import ATTENDEE_ID, ORDER_EXAMPLES
from entrypoints.http.sample_data import (
    ACCOUNT,
    ALLOCATION,
    ALLOCATION_ID,
    AUDIT_ENTRY,
    CAPACITY,
    CAPACITY_ID,
    CART,
    CUSTOMER,
    DEVICE,
    ORDER,
    ORDER_ID,
    OWN_SHOW,
    OWN_TICKET,
    PLACED,
    PRINT_JOB,
    PRINT_JOB_ID,
    PRINTER_ID,
    PRODUCER_ID,
    PRODUCTION,
    PRODUCTION_ID,
    PROMO_CODE,
    PROMO_CODE_ID,
    QUOTE,
    SHOW,
    SHOW_ID,
    SHOW_TEXTS,
    SHOW_TIMES,
    TICKET_DEFAULT,
    TICKET_ID,
    TOKEN,
    TOKEN_ID,
)

REQUEST_ID: Final = "5f1d2c3b4a5968778695a4b3c2d1e0f0"
#: Messages for people, by the code in the table of docs/api.md#errors.
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
    "not_on_sale_yet": "Tickets go on sale on 2050-04-01 at 10:00 (America/New_York)",
    "sale_ended": "Tickets for this show are no longer on sale",
    "ticket_not_found": "No such ticket in this show",
    "tickets_unavailable": "3 × Stalls not available: only 2 left",
    "invalid_promo_code": "Invalid promo code",
    "promo_code_exhausted": "Promo code no longer valid",
    "producer_payment_missing": "Producer payment details not configured",
    "unauthorized": "A bearer token is needed; none came, or one that is unknown or revoked",
    "forbidden": 'This token lacks the scope "catalog"',
    "device_revoked": "This device was revoked: ask for a new code to pair it",
    "device_name_taken": "Another device is called North door",
    "pairing_code_used": "This code was used already. If its answer did not reach this device, ask for another code",
    "pairing_code_expired": "This code is too old: please ask for another one",
    "other_device_kind": "This code is for a till, and was not used: open it on the device that it is for",
    "not_found": "No such show",
    "tax_not_configured": "This order cannot be paid online, because the organiser's tax settings are not complete. "
    "Nothing was charged. Please ask the organiser",
    "checkout_in_progress": "This checkout is being processed already, please wait a moment",
    "price_changed": "The price has changed: the total is now $65.13",
    "conflict": "This ticket has orders and cannot be deleted; set its quantity to what is sold instead",
    "too_large": "Request Entity Too Large",
    "idempotency_key_reused": "This Idempotency-Key was used for a different checkout",
    "hold_limit_reached": "20 tickets of this show are on hold under this e-mail address and not paid yet: please pay "
    "or cancel those orders first, or ask the organiser",
    "proof_of_work_required": "This show asks for a proof of work, and none came that is still good: please get a "
    "challenge and try again",
    "rate_limited": "Too many checkouts from your address, please try again in a moment",
    "busy": "Your request is waiting behind many others being processed, please try again in a moment",
    "payment_unavailable": "The payment provider did not answer as expected, please try again in a moment",
    "unavailable": "The service is not available for a moment, please try again",
}

#: Further fields of an error's answer, by its code.
ERROR_DETAILS: Final = {"not_on_sale_yet": {"on_sale_at": "2050-04-01T10:00:00-04:00"}}
#: What only its producer sees of a production.
_OWN: Final = {"terms", "doors_minutes", "duration_minutes", "tickets", "capacities"}

#: What stands in an example request's path, query and headers, by the parameters' names. Parameters that are not here
#: are left out of it.
PARAMETER_EXAMPLES: Final[dict[str, str]] = {
    "allocation_id": ALLOCATION_ID,
    "attendee_id": ATTENDEE_ID,
    "by": "email",
    "capacity_id": CAPACITY_ID,
    "job_id": PRINT_JOB_ID,
    "medium": "receipt_80",
    "order_id": ORDER_ID,
    "producer_id": PRODUCER_ID,
    "production_id": PRODUCTION_ID,
    "promo_code_id": PROMO_CODE_ID,
    "q": "lovelace",
    "session_id": "cs_test_a1B2c3",
    "show_id": SHOW_ID,
    "slip": ATTENDEE_ID,
    "ticket_id": TICKET_ID,
    "token": "d4Yk1mX0aZQ2bN7cV8sT5w",
    "token_id": TOKEN_ID,
    "Idempotency-Key": "0b2f4c86-5a1e-4f0b-9d37-1c6f0a7e2b54",
}
#: Parameters of a query that example requests have although they could be left out.
OPTIONAL_IN_EXAMPLES: Final = frozenset({"by", "q", "token"})
#: Bodies of requests that are files of text, by their media types.
TEXT_EXAMPLES: Final = {"text/csv": "name,email,quantity\nGrace Hopper,grace@example.org,2\nAlan Turing,,1\n"}

EXAMPLES: Final[dict[str, Any]] = {
    "AccountIn": {"name": "Lantern Theatre", "email": "hello@lantern-theatre.example"},
    "AccountOut": ACCOUNT,
    "AllocationChangesIn": {"size": 15},
    "AllocationIn": {
        "capacity_id": CAPACITY_ID,
        "name": "Press",
        "size": 20,
        "release_at": "2050-05-31T12:00:00-04:00",
    },
    "AllocationListOut": {"items": [ALLOCATION], "next_cursor": None},
    "AllocationOut": ALLOCATION,
    "CashRoundingIn": {"cash_rounding": "0.05"},
    "CashRoundingOut": {"currency": "USD", "cash_rounding": "0.05", "steps": ["0.05"]},
    "CapacityChangesIn": {"size": 380},
    "CapacityIn": {"name": "House", "size": 400},
    "CapacityListOut": {"items": [CAPACITY], "next_cursor": None},
    "CapacityOut": CAPACITY,
    "AuditLogOut": {"items": [AUDIT_ENTRY], "next_cursor": None},
    "AttendeeChangesIn": {"name": "Grace Hopper"},
    "BrandingIn": {"colour": "#e8a33d", "widget_origins": ["https://theatre.example"]},
    "CopyShowIn": {"start_time": "2050-06-08T19:00:00-04:00", "published": True},
    "ChallengeOut": {
        "algorithm": "SHA-256",
        "challenge": "3b5b0a2ae9a4a3f5c4e6d7a8b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6b7c8",
        "maxnumber": 50000,
        "salt": "a1b2c3d4e5f6a7b8c9d0e1f2?expires=1811332800&show=01890a5d-ac96-774b-bcce-b302099a8057&",
        "signature": "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
    },
    "BrandingOut": {
        "colour": "#e8a33d",
        "widget_origins": ["https://theatre.example"],
        "logo_url": "https://tickets.example/pictures/0f3a9c6e5b7d4812a6c0e9f1d2b3a475-480x160.webp",
    },
    "CheckoutIn": {**CART, "customer": CUSTOMER, "expected_total": "54.84"},
    "CheckoutOut": {
        **PLACED,
        "status": "success",
        "order_token": "d4Yk1mX0aZQ2bN7cV8sT5w",
        "session_id": "cs_test_a1B2c3",
    },
    "HealthOut": {"status": "ok"},
    "ImageOut": {"image_url": "https://tickets.example/pictures/7c1e2f3a4b5d6978809a1b2c3d4e5f60-1200x675.webp"},
    "IssuedTokenOut": {**TOKEN, "token": "pqt_shown-this-once-and-stored-nowhere-1234567"},
    "LookupIn": {"email": "ada@example.org"},
    "LookupOut": {
        "status": "accepted",
        "message": "If there are orders for this address, we have mailed the links to them. It can take a few minutes.",
    },
    "NewProducerIn": {"name": "Lantern Theatre", "email": "hello@lantern-theatre.example", "currency": "USD"},
    "NewTokenIn": {"name": "Box office", "scopes": ["orders", "checkin"]},
    "NewShowsIn": {
        "rule": {
            "from": "2050-06-03",
            "until": "2050-06-27",
            "weekdays": ["wednesday", "friday", "saturday"],
            "times": ["19:00"],
            "exceptions": ["2050-06-15"],
        },
        "published": True,
        "dry_run": True,
    },
    "NewShowsOut": {
        "dry_run": True,
        "count": 1,
        "tickets": ["Stalls"],
        "shows": [
            {
                "id": None,
                "title": "Twelfth Night",
                "door_time": "2050-06-03T18:30:00-04:00",
                "start_time": "2050-06-03T19:00:00-04:00",
                "end_time": "2050-06-03T22:00:00-04:00",
                "on_sale_at": None,
                "off_sale_at": None,
            }
        ],
    },
    "OnboardingOut": {
        "url": "https://connect.stripe.com/setup/e/acct_1Oq2rS3tU4vW5xY6/a1B2c3",
        "expires_at": "2050-05-01T09:05:00Z",
    },
    "OrderOut": ORDER,
    "PairIn": {"code": "7K3M9-QX2VB", "kind": "scanner"},
    "PairedOut": {"token": "pqd_shown-this-once-and-stored-nowhere-1234567", "device": DEVICE},
    "DeviceOut": DEVICE,
    "NextPrintJobOut": {
        "job": {
            "id": PRINT_JOB_ID,
            "order_number": "FZ6KWPCN",
            "slips": [ATTENDEE_ID],
            "expires_at": PRINT_JOB["expires_at"],
        },
        "poll_seconds": 1,
    },
    "PrintIn": {"printer_id": PRINTER_ID},
    "PrintSelectedIn": {"printer_id": PRINTER_ID, "attendee_ids": [ATTENDEE_ID]},
    "PrintJobListOut": {"items": [{**PRINT_JOB, "state": "waiting", "problem": "The printer is out of paper"}]},
    "PrintJobOut": PRINT_JOB,
    "PrintProblemIn": {"problem": "The printer is out of paper"},
    "OwnProductionListOut": {"items": [PRODUCTION], "next_cursor": None},
    "OwnProductionOut": PRODUCTION,
    "OwnShowListOut": {"items": [OWN_SHOW], "next_cursor": None},
    "OwnShowOut": OWN_SHOW,
    "OwnTicketOut": OWN_TICKET,
    "ProductionChangesIn": {"description": "Shakespeare’s comedy of a shipwreck."},
    "ProductionIn": {**SHOW_TEXTS, "duration_minutes": 180, "tickets": [TICKET_DEFAULT]},
    "ProductionOut": {
        **{name: PRODUCTION[name] for name in PRODUCTION if name not in _OWN},
        "producer": {"id": PRODUCER_ID, "name": "Lantern Theatre"},
        "show_count": 1,
        "shows": [
            {
                "id": SHOW_ID,
                "title": "Twelfth Night",
                **SHOW_TIMES,
                "timezone": "America/New_York",
                "venue": SHOW_TEXTS["venue"],
                "status": "on_sale",
                "price_from": "27.57",
                "on_sale_at": None,
            }
        ],
    },
    "PromoCodeChangesIn": {"max_uses": 100, "valid_until": None},
    "PromoCodeIn": {"code": "FRIENDS20", "discount": "0.20", "max_uses": 50},
    "PromoCodeListOut": {"items": [PROMO_CODE], "next_cursor": None},
    "PromoCodeOut": PROMO_CODE,
    "QuoteIn": CART,
    "QuoteOut": {**QUOTE, "idle_promo_code": None},
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
    "RunAllocationIn": {
        "scope": "to_come",
        "name": "Press",
        "capacity": "House",
        "size": 4,
        "release_hours": 2,
        "dry_run": True,
    },
    "RunAllocationOut": {
        "dry_run": True,
        "count": 1,
        "added": 1,
        "shows": [
            {
                "show_id": SHOW_ID,
                "start_time": "2050-06-01T19:00:00-04:00",
                "allocation_id": None,
                "was_there": False,
                "remaining": 116,
                "release_at": "2050-06-01T21:00:00Z",
                "refusal": None,
            }
        ],
    },
    "RunChangeIn": {"scope": "to_come", "starting_at": "19:00", "changes": {"start_time": "18:30"}, "dry_run": True},
    "RunChangeOut": {
        "dry_run": True,
        "count": 1,
        "changed": 1,
        "mails": 42,
        "shows": [
            {
                "id": SHOW_ID,
                "title": "Twelfth Night",
                "changed": True,
                "before": SHOW_TIMES,
                "after": {
                    "door_time": "2050-06-01T18:00:00-04:00",
                    "start_time": "2050-06-01T18:30:00-04:00",
                    "end_time": "2050-06-01T21:30:00-04:00",
                },
                "mails": 42,
            }
        ],
    },
    "ShowChangesIn": {"published": True},
    "ShowIn": {**SHOW_TEXTS, **SHOW_TIMES, "on_sale_at": "2050-04-01T10:00:00-04:00", "sells_until": "start"},
    "ShowListOut": {"items": [SHOW], "next_cursor": "MjAyNy0wNi0wMVQyMzowMDowMCswMDowMHww"},
    "ShowOut": SHOW,
    "TicketChangesIn": {"price": "30.00"},
    "TicketIn": {
        "name": "Early bird",
        "price": "25.00",
        "quantity": 100,
        "description": "Rows 1 to 9",
        "off_sale_at": "2050-05-01T00:00:00-04:00",
    },
    "TokenListOut": {"items": [TOKEN], "next_cursor": None},
    **ORDER_EXAMPLES,
}
