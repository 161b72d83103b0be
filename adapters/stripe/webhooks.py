"""PaymentEvents: Stripe's webhooks, their signature checked on the raw body."""

from __future__ import annotations

import msgspec
import stripe

from application.ports.payment import InvalidSignature, PaymentEvent


class _Object(msgspec.Struct):
    id: str


class _Data(msgspec.Struct):
    object: _Object


class _Event(msgspec.Struct):
    id: str
    type: str
    livemode: bool
    data: _Data


class StripeEvents:
    def __init__(self, webhook_secret: str) -> None:
        if not webhook_secret:
            raise ValueError("a webhook secret is needed: without one anybody could complete orders")
        self._webhook_secret = webhook_secret

    def verify(self, payload: bytes, signature: str) -> PaymentEvent:
        try:
            if not signature.isascii():
                raise InvalidSignature("a signature is ASCII")
            stripe.WebhookSignature.verify_header(
                payload.decode(), signature, self._webhook_secret, stripe.Webhook.DEFAULT_TOLERANCE
            )
            event = msgspec.json.decode(payload, type=_Event)
        except (stripe.SignatureVerificationError, UnicodeDecodeError, msgspec.DecodeError) as error:
            raise InvalidSignature(str(error)) from error
        return PaymentEvent(id=event.id, type=event.type, object_id=event.data.object.id, livemode=event.livemode)
