"""Examples of a producer's orders: sold, listed, refunded, admitted, counted, erased."""

from __future__ import annotations

from typing import Any, Final

from entrypoints.http.sample_data import CAPACITY, CUSTOMER, ORDER, ORDER_ID, QUOTE, SHOW_ID, TICKET_ID

ATTENDEE_ID: Final = "01932d3e-6a47-7388-84c5-73c2f0819208"
_SCAN_ID: Final = "01932d3e-6a48-7499-95d6-84d30192a309"
_PARTY_SCAN_ID: Final = "5f0c2a6e-93b1-4c57-8a2d-6e1f4b7d9c03"
_CODE: Final = "MFRGGZDFMZTWQ2LKNNWG23TP"
_SOLD_AT: Final = "2050-05-03T12:01:00Z"
_ADMITTED_AT: Final = "2050-06-01T22:41:00Z"

_ATTENDEE: Final = {
    "id": ATTENDEE_ID,
    "name": "Ada Lovelace",
    "ticket_name": "Stalls",
    "is_vip": False,
    "code": _CODE,
    "status": "valid",
    "checked_in_at": None,
}
_PRICED_AT_THE_COUNTER: Final = {
    **QUOTE,
    "platform_fees": "0.00",
    "payment_processing_fees": "0.00",
    "total": "50.00",
}
_SUMMARY: Final = {
    "order_id": ORDER_ID,
    "number": "FZ6KWPCN",
    "status": "completed",
    "success": True,
    "is_manual_order": False,
    "payment": None,
    "customer": CUSTOMER,
    "tickets": 2,
    "valid_tickets": 2,
    "checked_in": 0,
    "currency": "USD",
    "subtotal": "50.00",
    "promo_code": None,
    "promo_code_discount": "0.00",
    "fees": "4.84",
    "fees_included": False,
    "total": "54.84",
    "tax": "0.00",
    "amount_paid": "54.84",
    "refunded_amount": "0.00",
    "disputed": False,
    "created_at": "2050-05-03T12:00:00Z",
    "completed_at": _SOLD_AT,
    "undelivered_mails": [],
}
_REFUND: Final = {
    "id": "01932d3e-6a49-75aa-a6e7-95e4123b4a0a",
    "sequence": 1,
    "amount": "27.42",
    "refund_fees": True,
    "reason": "ill",
    "status": "requested",
    "failure_reason": None,
    "made_at_stripe": False,
    "created_at": "2050-05-04T09:00:00Z",
}
_NOTE: Final = {
    "id": "01932d3e-6a4a-76bb-b7f8-a6f5234c5b0b",
    "order_id": ORDER_ID,
    "text": "Called: needs a place for a wheelchair",
    "for_door": True,
    "author": "Box office",
    "written_at": "2050-05-04T09:30:00Z",
}
_AT_THE_DOOR: Final = {
    "id": ATTENDEE_ID,
    "name": "Ada Lovelace",
    "ticket_name": "Stalls",
    "is_vip": False,
    "status": "valid",
    "order_id": ORDER_ID,
    "order_number": "FZ6KWPCN",
}
_CONFLICT: Final = {
    "id": _SCAN_ID,
    "device_id": "north door 2",
    "code": _CODE,
    "direction": "in",
    "scanned_at": "2050-06-01T22:45:00Z",
    "received_at": "2050-06-01T23:30:00Z",
    "result": "already_admitted",
    "conflict": True,
    "after_revocation": False,
    "attendee_id": ATTENDEE_ID,
    "attendee": _AT_THE_DOOR,
    "admission": {
        "id": "01932d3e-6a4b-77cc-88a9-b7063a5d6c0c",
        "device_id": "south door 1",
        "offline": False,
        "scanned_at": _ADMITTED_AT,
    },
    "layout": None,
}
_TAKINGS: Final = {
    "gross": "300.00",
    "discounts": "10.00",
    "donations": "0.00",
    "fees": "26.91",
    "fees_included": "0.00",
    "fees_returned": "2.42",
    "tax": "0.00",
    "tax_included": "0.00",
    "paid": "316.91",
    "refunds": "27.42",
    "disputes": "0.00",
    "net": "265.00",
}
_SOLD: Final = {"orders": 6, "tickets": 12}
_COUNTS: Final = {"quantity": 100, "held": 2, "sold": 11, "remaining": 87, "checked_in": 4}

_PLACED_AT_THE_COUNTER: Final = {
    "order_id": ORDER_ID,
    "number": "FZ6KWPCN",
    "order_token": "d4Yk1mX0aZQ2bN7cV8sT5w",
    "total": "0.00",
    "attendees": [_ATTENDEE],
}

ORDER_EXAMPLES: Final[dict[str, Any]] = {
    "AttendeeListOut": {
        "items": [
            {
                **_ATTENDEE,
                "out_since": None,
                "order_id": ORDER_ID,
                "order_number": "FZ6KWPCN",
                "customer_email": "ada@example.org",
            }
        ],
        "next_cursor": None,
    },
    "BuyerIn": {"email": "ada@example.org"},
    "CheckInIn": {
        "code": _CODE,
        "show_id": SHOW_ID,
        "device_id": "south door 1",
        "scan_id": "0b2f4c86-5a1e-4f0b-9d37-1c6f0a7e2b54",
        "direction": "in",
    },
    "CheckInOut": {
        "result": "admitted",
        "attendee": _AT_THE_DOOR,
        "checked_in_at": _ADMITTED_AT,
        "out_since": None,
        "layout": None,
        "admission": None,
        "party": {"id": "q8Zb3kX0vT5rWm2L", "tickets": 2, "coming": 1},
    },
    "CheckInPartyIn": {"device_id": "south door 1", "scans": [{"id": _PARTY_SCAN_ID, "attendee_id": ATTENDEE_ID}]},
    "CheckInPartyOut": {
        "items": [
            {
                "scan_id": _PARTY_SCAN_ID,
                "result": "admitted",
                "attendee": _AT_THE_DOOR,
                "checked_in_at": _ADMITTED_AT,
                "out_since": None,
                "admission": None,
            }
        ],
        "passed": 1,
    },
    "ConflictsOut": {"items": [{**_CONFLICT, "attendee": None}], "next_cursor": None},
    "DoorStateOut": {
        "as_of": "2050-06-01T22:45:10Z",
        "re_entry": True,
        "cancelled": False,
        "expected": 4,
        "admitted": 3,
        "out": 1,
        "inside": 2,
        "coming": 1,
        "types": [
            {"id": TICKET_ID, "name": "Stalls", "expected": 4, "admitted": 3, "out": 1, "inside": 2, "coming": 1}
        ],
        "minutes": [{"at": "2050-06-01T22:41:00Z", "admitted": 3, "exits": 1, "readmitted": 0}],
        "devices": [
            {
                "device_id": "south door 1",
                "admitted": 3,
                "exits": 1,
                "readmitted": 0,
                "last_scan_at": "2050-06-01T22:41:30Z",
            }
        ],
        "conflicts": 0,
        "list_version": 2,
    },
    "FoundPartiesOut": {
        "items": [
            {
                "party": "q8Zb3kX0vT5rWm2L",
                "order_number": "FZ6KWPCN",
                "name": "Ada Lovelace",
                "note": "Needs a place for a wheelchair",
                "tickets": [
                    {
                        "attendee_id": ATTENDEE_ID,
                        "name": "Ada Lovelace",
                        "ticket_name": "Stalls",
                        "is_vip": False,
                        "status": "valid",
                        "checked_in_at": None,
                        "out_since": None,
                    }
                ],
            }
        ],
        "misspelt": False,
        "next_cursor": None,
    },
    "DisputeListOut": {
        "items": [
            {
                "id": "du_1Oq2rS3tU4vW5xY6",
                "amount": "54.84",
                "status": "needs_response",
                "reason": "fraudulent",
                "opened_at": "2050-05-20T08:00:00Z",
                "evidence_due_by": "2050-05-29T23:59:59Z",
                "lost": "0.00",
                "recovered": "0.00",
                "fees_returned": "0.00",
            }
        ],
        "next_cursor": None,
    },
    "EraseIn": {"email": "ada@example.org", "force": False},
    "ErasedOut": {"order_ids": [ORDER_ID], "emails": ["ada@example.org"], "scanners": ["south door 1"]},
    "HeldOut": {
        "email": "ada@example.org",
        "emails": ["ada@example.org"],
        "scanners": ["south door 1"],
        "orders": [
            {
                **QUOTE,
                "order_id": ORDER_ID,
                "number": "FZ6KWPCN",
                "show_id": SHOW_ID,
                "show_title": "Twelfth Night",
                "status": "completed",
                "payment": None,
                "customer": CUSTOMER,
                "attendees": [_ATTENDEE],
                "amount_paid": "54.84",
                "tax": "0.00",
                "refunded_amount": "0.00",
                "last_payment_error": None,
                "stripe_session_id": "cs_test_a1B2c3",
                "stripe_payment_intent_id": "pi_3a1B2c3",
                "names": [],
                "created_at": "2050-05-03T12:00:00Z",
                "completed_at": _SOLD_AT,
                "refunds": [],
                "notes": [_NOTE],
            }
        ],
    },
    "HoldListOut": {
        "items": [
            {
                "address": "ada@example.org",
                "orders": 2,
                "tickets": 12,
                "since": "2050-05-03T10:00:00Z",
                "until": "2050-05-03T10:31:00Z",
            }
        ],
        "next_cursor": None,
    },
    "KeysOut": {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                "alg": "EdDSA",
                "use": "sig",
            }
        ]
    },
    "ManualOrderIn": {
        "customer": CUSTOMER,
        "tickets": [{"ticket_id": TICKET_ID, "quantity": 2}],
        "payment": "cash",
    },
    "ExchangeIn": {
        "show_id": SHOW_ID,
        "tickets": [{"ticket_id": TICKET_ID, "attendee_ids": [ATTENDEE_ID]}],
    },
    "ExchangePreviewOut": {
        **QUOTE,
        "order_id": ORDER_ID,
        "show_id": SHOW_ID,
        "attendee_ids": [ATTENDEE_ID],
        "credit": "54.84",
        "due": "0.00",
        "back": "0.00",
    },
    "ExchangedOut": {"order": ORDER, "order_token": "d4Yk1mX0aZQ2bN7cV8sT5w", "back": "0.00"},
    "GuestListOut": {
        "placed": 1,
        "refused": 1,
        "items": [
            {"line": 2, "order": _PLACED_AT_THE_COUNTER, "error": None},
            {
                "line": 3,
                "order": None,
                "error": {"code": "invalid_email", "message": "Invalid email format", "column": "email"},
            },
        ],
    },
    "ManualOrdersIn": {
        "orders": [
            {"tickets": [{"ticket_id": TICKET_ID, "quantity": 1}], "payment": "cash", "checked_in": True},
            {"customer": CUSTOMER, "tickets": [{"ticket_id": TICKET_ID, "quantity": 2}], "payment": "comp"},
        ],
        "all_or_nothing": False,
    },
    "ManualOrdersOut": {
        "placed": 1,
        "refused": 1,
        "items": [
            {"position": 0, "order": _PLACED_AT_THE_COUNTER, "error": None},
            {
                "position": 1,
                "order": None,
                "error": {
                    "code": "tickets_unavailable",
                    "message": "2 × Stalls not available: only 1 left",
                    "field": "tickets[0].quantity",
                },
            },
        ],
    },
    "ManualOrderOut": {
        **_PRICED_AT_THE_COUNTER,
        "status": "success",
        "order_id": ORDER_ID,
        "order_token": "d4Yk1mX0aZQ2bN7cV8sT5w",
        "session_id": None,
        "checkout_url": f"https://tickets.example/shows/{SHOW_ID}/orders/{ORDER_ID}?token=d4Yk1mX0aZQ2bN7cV8sT5w",
        "expires_at": None,
        "success": True,
        "number": "FZ6KWPCN",
        "is_manual_order": True,
        "payment": "cash",
        "attendees": [_ATTENDEE],
    },
    "CustomerChangesIn": {"email": "ada@example.org"},
    "OrderChangesIn": {"customer": {"name": "Ada Lovelace", "email": "ada@example.org"}},
    "NoteIn": {"text": "Called: needs a place for a wheelchair", "for_door": True},
    "NoteListOut": {"items": [_NOTE], "next_cursor": None},
    "NoteOut": _NOTE,
    "OrderListOut": {"items": [_SUMMARY], "next_cursor": None},
    "RefundIn": {"attendee_ids": [ATTENDEE_ID], "restock": True, "refund_fees": True, "reason": "ill"},
    "RefundListOut": {"items": [_REFUND], "next_cursor": None},
    "RefundPreviewOut": {
        "order_id": ORDER_ID,
        "currency": "USD",
        "attendee_ids": [ATTENDEE_ID],
        "status_after": "partially_refunded",
        "restocked": 1,
        "buyer_gets": "27.42",
        "producer_bears": "25.00",
        "platform_bears": "2.42",
        "stripe_keeps": "0.95",
        "refunded_amount_after": "27.42",
    },
    "RefundedOut": {
        "order": {
            **ORDER,
            "status": "partially_refunded",
            "success": True,
            "refunded_amount": "27.42",
            "money_back": {
                "status": "pending",
                "returned": "0.00",
                "on_its_way": "27.42",
                "owed": "0.00",
                "contact": {"name": "Lantern Theatre", "email": "hello@lantern-theatre.example"},
            },
        },
        "refund": _REFUND,
    },
    "ReleaseHoldsIn": {"email": "ada@example.org"},
    "ReleasedOut": {"released": 2, "paid": 0, "left": 0},
    "ReportOut": {
        "show_id": SHOW_ID,
        "currency": "USD",
        "timezone": "America/New_York",
        "total": {**_TAKINGS, "orders": 6, **_COUNTS},
        "tickets": [{**_TAKINGS, "ticket_id": TICKET_ID, "name": "Stalls", "price": "25.00", **_COUNTS}],
        "capacities": [CAPACITY],
        "by_day": [{**_TAKINGS, "date": "2050-05-03", "orders": 6, "tickets": 12}],
        "by_payment": [{**_TAKINGS, "payment": "online", "orders": 6, "tickets": 12}],
    },
    "ResentOut": {"order_id": ORDER_ID, "email": "ada@example.org", "status": "accepted"},
    "SalesReportOut": {
        "currency": "USD",
        "first_day": "2027-05-01",
        "last_day": "2027-05-31",
        "total": {**_TAKINGS, **_SOLD},
        "shows": [
            {
                **_TAKINGS,
                **_SOLD,
                "show_id": SHOW_ID,
                "title": "Twelfth Night",
                "start_time": "2027-06-01T19:30:00-04:00",
                "timezone": "America/New_York",
            }
        ],
        "tickets": [{**_TAKINGS, "name": "Stalls", "tickets": 12}],
        "by_day": [{**_TAKINGS, **_SOLD, "date": "2027-05-03"}],
        "by_payment": [{**_TAKINGS, **_SOLD, "payment": "online"}],
        "by_channel": [{**_TAKINGS, **_SOLD, "channel": "web"}],
        "by_promo_code": [{**_TAKINGS, **_SOLD, "promo_code": None}],
    },
    "ScansIn": {
        "device_id": "north door 2",
        "scans": [{"id": _SCAN_ID, "code": _CODE, "scanned_at": "2050-06-01T18:45:00-04:00"}],
    },
    "ScansOut": {"items": [_CONFLICT], "conflicts": 1, "next_cursor": None},
    "UndoIn": {"code": _CODE},
    "UndoOut": {"result": "undone", "attendee": _AT_THE_DOOR, "checked_in_at": None, "layout": None},
}
