"""Stripe's events."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Router, post
from litestar.di import NamedDependency
from litestar.params import HeaderParameter
from litestar.status_codes import HTTP_200_OK

from application.payment_events import HandlePaymentEvent
from entrypoints.http.openapi import answers

#: Stripe's events carry whole objects, so they may be larger than a buyer's request.
MAX_EVENT_BYTES = 1024 * 1024


class ReceivedOut(msgspec.Struct):
    received: bool


@post(
    "/webhooks/stripe",
    status_code=HTTP_200_OK,
    request_max_body_size=MAX_EVENT_BYTES,
    summary="Receive Stripe's events",
    operation_id="stripe_webhook",
    responses=answers("too_large", "payment_unavailable"),
)
async def stripe(
    request: Request[Any, Any, Any],
    handle_payment_event: NamedDependency[HandlePaymentEvent],
    stripe_signature: Annotated[str, HeaderParameter(name="Stripe-Signature")] = "",
) -> ReceivedOut:
    """Answered with an error, and so sent again by Stripe, only where trying again can help."""
    await handle_payment_event(await request.body(), stripe_signature)
    return ReceivedOut(received=True)


router = Router("/", route_handlers=[stripe], tags=["Stripe"])
