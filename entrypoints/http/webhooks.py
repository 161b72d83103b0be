"""Stripe's events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Router, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example, OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import HeaderParameter
from litestar.status_codes import HTTP_200_OK

from application.payment_events import HandlePaymentEvent
from entrypoints.http.openapi import answers

#: Stripe's events carry whole objects, so they may be larger than a buyer's request.
MAX_EVENT_BYTES = 1024 * 1024


#: Fields that nothing here reads are left out; Stripe sends them, and is not refused for it.
_EVENT: Final = Schema(
    type=OpenAPIType.OBJECT,
    description="What happened at Stripe, as https://docs.stripe.com/api/events/object has it",
    required=["id", "type", "livemode", "data"],
    properties={
        "id": Schema(type=OpenAPIType.STRING, description="The same each time the event is sent; handled once"),
        "type": Schema(type=OpenAPIType.STRING, description="What happened; types that we do nothing about are taken"),
        "livemode": Schema(type=OpenAPIType.BOOLEAN, description="Must be the mode of this installation's key"),
        "data": Schema(
            type=OpenAPIType.OBJECT,
            required=["object"],
            properties={
                "object": Schema(
                    type=OpenAPIType.OBJECT,
                    description="What it happened to. Only its id is trusted: the object is asked for at Stripe",
                    required=["id"],
                    properties={"id": Schema(type=OpenAPIType.STRING)},
                )
            },
        ),
    },
)
_EXAMPLE: Final = {
    "id": "evt_1Oq2rS3tU4vW5xY6",
    "object": "event",
    "api_version": "2026-10-28.endive",
    "created": 1809162000,
    "type": "checkout.session.completed",
    "livemode": False,
    "data": {"object": {"id": "cs_test_a1B2c3", "object": "checkout.session", "payment_status": "paid"}},
}


@dataclass
class SignedEvent(Operation):
    """The signature is one of the very bytes that came, so the handler takes these, and nothing of its own signature
    tells OpenAPI about them.
    """

    def __post_init__(self) -> None:
        event = OpenAPIMediaType(schema=_EVENT, examples={"completed": Example(value=_EXAMPLE)})
        self.request_body = RequestBody(content={"application/json": event}, required=True)


class ReceivedOut(msgspec.Struct):
    received: bool


@post(
    "/webhooks/stripe",
    status_code=HTTP_200_OK,
    request_max_body_size=MAX_EVENT_BYTES,
    operation_class=SignedEvent,
    summary="Receive Stripe's events",
    operation_id="stripe_webhook",
    responses=answers("too_large", "payment_unavailable"),
)
async def stripe(
    request: Request[Any, Any, Any],
    handle_payment_event: NamedDependency[HandlePaymentEvent],
    stripe_signature: Annotated[
        str,
        HeaderParameter(
            name="Stripe-Signature",
            description="When it was signed, and the HMAC-SHA256 of that and the body by STRIPE_WEBHOOK_SECRET",
            examples=[
                Example(value="t=1809162000,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd")
            ],
        ),
    ],
) -> ReceivedOut:
    """Answered with an error, and so sent again by Stripe, only where trying again can help."""
    await handle_payment_event(await request.body(), stripe_signature)
    return ReceivedOut(received=True)


router = Router("/", route_handlers=[stripe], tags=["Stripe"])
