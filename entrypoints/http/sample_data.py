"""A theatre, its show, and an order: the objects of the examples."""

from __future__ import annotations

from typing import Any, Final

SHOW_ID: Final = "01932d3e-6a40-7c11-9d5f-0c5b8f1f2a01"
TICKET_ID: Final = "01932d3e-6a41-7d22-8e6f-1d6c9a2b3c02"
CAPACITY_ID: Final = "01932d3e-6a47-7388-a4c5-73c20f819208"
ALLOCATION_ID: Final = "01932d3e-6a48-7499-b5d6-84d31092a309"
ORDER_ID: Final = "01932d3e-6a42-7e33-9f70-2e7dab3c4d03"
PRODUCER_ID: Final = "01932d3e-6a43-7f44-8081-3f8ebc4d5e04"
TOKEN_ID: Final = "01932d3e-6a44-7055-9192-409fcd5e6f05"  # noqa: S105
PROMO_CODE_ID: Final = "01932d3e-6a45-7166-82a3-51a0de6f7006"

VENUE_ADDRESS: Final = {
    "line1": "12 Harbour Street",
    "line2": "",
    "city": "Portland",
    "state": "ME",
    "postal_code": "04101",
    "country": "US",
}
SHOW_TEXTS: Final = {
    "title": "Twelfth Night",
    "description": "Shakespeare’s comedy of a shipwreck and its consequences.",
    "timezone": "America/New_York",
    "locale": "en-US",
    "venue": "Lantern Theatre, 12 Harbour Street, Portland, Maine",
    "venue_address": VENUE_ADDRESS,
    "terms": "No readmission.",
}
SHOW_TIMES: Final = {
    "door_time": "2050-06-01T18:30:00-04:00",
    "start_time": "2050-06-01T19:00:00-04:00",
    "end_time": "2050-06-01T22:00:00-04:00",
}
PRODUCTION_ID: Final = "01932d3e-6a47-7388-a4c5-73c2f0819208"
SHOW_SUMMARY: Final = {
    "id": SHOW_ID,
    **SHOW_TEXTS,
    **SHOW_TIMES,
    "currency": "USD",
    "cancelled": False,
    "producer": {"id": PRODUCER_ID, "name": "Lantern Theatre"},
    "production": {"id": PRODUCTION_ID, "title": "Twelfth Night"},
}
TICKET: Final = {
    "id": TICKET_ID,
    "name": "Stalls",
    "description": "Rows 1 to 9",
    "price": "25.00",
    "all_in_price": "27.57",
    "is_donation_based": False,
    "is_vip": False,
    "hidden": False,
    "remaining": 88,
    "sold_out": False,
}
SALE_TIMES: Final = {"on_sale_at": "2050-04-01T10:00:00-04:00", "off_sale_at": "2050-06-01T19:00:00-04:00"}
SHOW: Final = {**SHOW_SUMMARY, **SALE_TIMES, "tickets": [{**TICKET, **SALE_TIMES, "sale": "open"}]}
OWN_TICKET: Final = {
    **TICKET,
    "producer_share": "25.00",
    "show_id": SHOW_ID,
    "quantity": 100,
    "capacity_id": None,
    "places": 1,
    "held": 2,
    "sold": 10,
    "on_sale_at": None,
    "off_sale_at": "2050-05-01T00:00:00-04:00",
}
OWN_SHOW: Final = {
    **SHOW_SUMMARY,
    "on_sale_at": SALE_TIMES["on_sale_at"],
    "off_sale_at": None,
    "sells_until": "start",
    "published": True,
    "renames_until_hours": 24,
    "exchanges_until_hours": 48,
    "re_entry": True,
    "offline_new_codes": False,
    "tickets": [OWN_TICKET],
}
TICKET_DEFAULT: Final = {"name": "Stalls", "price": "25.00", "quantity": 100}
PRODUCTION: Final = {
    "id": PRODUCTION_ID,
    **SHOW_TEXTS,
    "image_url": "https://tickets.example/pictures/7c1e2f3a4b5d6978809a1b2c3d4e5f60-1200x675.webp",
    "currency": "USD",
    "doors_minutes": 30,
    "duration_minutes": 180,
    "tickets": [
        {
            **TICKET_DEFAULT,
            "description": "Rows 1 to 9",
            "is_donation_based": False,
            "is_vip": False,
            "hidden": False,
            "capacity": "House",
            "places": 1,
        }
    ],
    "capacities": [{"name": "House", "size": 240}],
    "url": f"https://tickets.example/productions/{PRODUCTION_ID}",
}
QUOTE: Final = {
    "currency": "USD",
    "tickets": [
        {
            "ticket_id": TICKET_ID,
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
    "fees_included": False,
    "total": "54.84",
}
CART: Final = {"show_id": SHOW_ID, "tickets": [{"ticket_id": TICKET_ID, "quantity": 2}]}
CUSTOMER: Final = {"name": "Ada Lovelace", "email": "ada@example.org", "phone": "+15551234567"}
CAPACITY: Final = {
    "id": CAPACITY_ID,
    "show_id": SHOW_ID,
    "name": "House",
    "size": 400,
    "held": 6,
    "sold": 120,
    "allocated": 15,
    "remaining": 259,
}
ALLOCATION: Final = {
    "id": ALLOCATION_ID,
    "capacity_id": CAPACITY_ID,
    "name": "Press",
    "size": 20,
    "held": 0,
    "sold": 5,
    "remaining": 15,
    "release_at": "2050-05-31T12:00:00-04:00",
    "released_at": None,
}
ACCOUNT: Final = {
    "id": PRODUCER_ID,
    "name": "Lantern Theatre",
    "email": "hello@lantern-theatre.example",
    "currency": "USD",
    "stripe_account_id": "acct_1Oq2rS3tU4vW5xY6",
    "charges_enabled": True,
    "tax": "exclusive",
    "fees": "buyer",
}
TOKEN: Final = {
    "id": TOKEN_ID,
    "name": "Box office",
    "scopes": ["checkin", "orders"],
    "created_at": "2050-05-01T09:00:00Z",
    "last_used_at": None,
    "revoked_at": None,
}
DEVICE: Final = {
    "id": "01932d3e-6a50-7cf1-8dae-bc5b8fb2c111",
    "name": "North door 1",
    "kind": "scanner",
    "producer": {"id": PRODUCER_ID, "name": "Lantern Theatre"},
    "all_shows": False,
    "shows": [
        {
            "id": SHOW_ID,
            "title": "Twelfth Night",
            "venue": SHOW_TEXTS["venue"],
            **SHOW_TIMES,
            "timezone": "America/New_York",
            "cancelled": False,
        }
    ],
    "paired_at": "2050-06-01T22:00:00Z",
}
PROMO_CODE: Final[dict[str, Any]] = {
    "id": PROMO_CODE_ID,
    "show_id": SHOW_ID,
    "code": "FRIENDS20",
    "discount": "0.20",
    "amount_off": None,
    "fixed_price": None,
    "ticket_ids": None,
    "opens_ticket_ids": [],
    "allocation_id": None,
    "counts": "orders",
    "max_uses": 50,
    "max_per_order": None,
    "uses": 7,
    "valid_from": None,
    "valid_until": "2050-06-01T00:00:00-04:00",
}
AUDIT_ENTRY: Final = {
    "id": "01932d3e-6a46-7277-93b4-62b1ef708107",
    "at": "2050-05-02T10:00:00Z",
    "actor": "Box office",
    "token_id": TOKEN_ID,
    "person_id": None,
    "device_id": None,
    "action": "ticket.changed",
    "subject_id": TICKET_ID,
    "show_id": SHOW_ID,
    "before": {"price": 2500},
    "after": {"price": 3000},
}
PLACED: Final = {
    **QUOTE,
    "order_id": ORDER_ID,
    "checkout_url": "https://checkout.stripe.com/c/pay/cs_test_a1B2c3",
    "expires_at": "2050-05-03T12:30:00Z",
    "success": False,
}

ORDER: Final = {
    **PLACED,
    "number": "FZ6KWPCN",
    "status": "pending",
    "is_manual_order": False,
    "payment": None,
    "show": SHOW_SUMMARY,
    "customer": CUSTOMER,
    "tax": "0.00",
    "tax_mode": "exclusive",
    "refunded_amount": "0.00",
    "money_back": None,
    "attendees": [],
    "renames_until": None,
    "exchanges_until": None,
    "exchanged_from": None,
    "exchanged_for": [],
    "created_at": "2050-05-03T12:00:00Z",
    "completed_at": None,
}
PRINTER_ID: Final = "01932d3e-6a51-7d02-9ebf-cd6c90c3d222"
PRINT_JOB_ID: Final = "01932d3e-6a52-7e13-8fc0-de7da1d4e333"
PRINT_JOB: Final[dict[str, Any]] = {
    "id": PRINT_JOB_ID,
    "printer_id": PRINTER_ID,
    "order_id": ORDER_ID,
    "attendee_ids": [],
    "with_order_slip": False,
    "state": "waiting",
    "asked_by": "Kim Park",
    "asked_at": "2050-06-01T22:31:00Z",
    "expires_at": "2050-06-01T23:01:00Z",
    "tries": 0,
    "ended_at": None,
    "problem": "",
}
