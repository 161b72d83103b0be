"""The webhook for Stripe's events."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.openapi.spec import Example, OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import HeaderParameter
from litestar.status_codes import HTTP_200_OK
from litestar.types import ExceptionHandlersMap

from application.ports.payment import InvalidSignature
from application.webhooks.handle_event import HandlePaymentEvent
from entrypoints.http.errors import ErrorOut, application_error, framework_error
from entrypoints.http.known_parameters import ANY_PARAMETER, READS_BODY
from entrypoints.http.openapi import answers
from entrypoints.injection import SharedRouter

log = logging.getLogger(__name__)

#: Stripe's events contain whole objects, so they may be larger than a buyer's request.
MAX_EVENT_BYTES = 1024 * 1024
#: The header of the signature, as it arrives.
SIGNATURE: Final = b"stripe-signature"


#: Fields that we do not read are left out; Stripe sends them, and that is not an error.
_EVENT: Final = Schema(
    type=OpenAPIType.OBJECT,
    description="What happened at Stripe, as https://docs.stripe.com/api/events/object has it",
    required=["id", "type"],
    properties={
        "id": Schema(type=OpenAPIType.STRING, description="The same each time the event is sent; handled once"),
        "type": Schema(type=OpenAPIType.STRING, description="What happened; types that have no handler are accepted"),
        "livemode": Schema(
            type=OpenAPIType.BOOLEAN,
            description="Events of another mode than this installation's key are accepted and ignored",
        ),
        "data": Schema(
            type=OpenAPIType.OBJECT,
            properties={
                "object": Schema(
                    type=OpenAPIType.OBJECT,
                    description="What it happened to. Only its id is trusted: the object is fetched from Stripe",
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
    """An operation that gets the raw bytes, because the signature covers these.

    OpenAPI cannot derive its body from the handler's signature.
    """

    def __post_init__(self) -> None:
        event = OpenAPIMediaType(schema=_EVENT, examples={"completed": Example(value=_EXAMPLE)})
        self.request_body = RequestBody(content={"application/json": event}, required=True)


class RefusalLog:
    """Logs the first refused webhook, and then at most one in ``pause_seconds``.

    A public address must not fill the log. ``now`` is in seconds.
    """

    def __init__(self, *, pause_seconds: float = 60, now: Callable[[], float] = time.monotonic) -> None:
        self._pause_seconds = pause_seconds
        self._now = now
        self._next_line_at = 0.0
        self._left_out = 0

    def note(self, reason: str) -> None:
        if self._now() < self._next_line_at:
            self._left_out += 1
            return
        log.warning("A webhook was refused: %s (%d more since the last such line)", reason, self._left_out)
        self._next_line_at = self._now() + self._pause_seconds
        self._left_out = 0


#: The key of the log in the application's state: error handlers get no dependencies.
REFUSAL_LOG: Final = "webhook_refusals"


def refused_signature(request: Request[Any, Any, Any], error: InvalidSignature) -> Response[ErrorOut]:
    """The usual answer; the log tells the operator why Stripe's events do not come through."""
    _note(request, str(error))
    return application_error(request, error)


def refused_request(request: Request[Any, Any, Any], error: HTTPException) -> Response[ErrorOut]:
    """The same for a request without a signature, or one that is too large."""
    answer = framework_error(request, error)
    _note(request, answer.content.message)
    return answer


def _note(request: Request[Any, Any, Any], reason: str) -> None:
    refusals: RefusalLog = request.app.state[REFUSAL_LOG]
    refusals.note(reason)


#: How refusals are answered; all other errors as on other routes.
REFUSALS: Final[ExceptionHandlersMap] = {
    InvalidSignature: refused_signature,
    HTTPException: refused_request,
}


class ReceivedOut(msgspec.Struct):
    received: bool


@post(
    "/webhooks/stripe",
    status_code=HTTP_200_OK,
    request_max_body_size=MAX_EVENT_BYTES,
    operation_class=SignedEvent,
    summary="Receive Stripe's events",
    operation_id="stripe_webhook",
    opt={READS_BODY: True, ANY_PARAMETER: True},
    responses=answers("too_large", "payment_unavailable"),
    exception_handlers=REFUSALS,
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
    """The answer is an error, and so Stripe sends the event again, only if trying again can help."""
    await handle_payment_event(await request.body(), stripe_signature)
    return ReceivedOut(received=True)


router = SharedRouter("/", route_handlers=[stripe], tags=["Stripe"])
