"""PaymentEvents: Stripe's webhooks, their signature checked on the raw body."""

from __future__ import annotations

from contextlib import suppress

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
    """``webhook_secret`` may be several, comma-separated: Stripe signs what happens in our own account and what
    happens in connected ones with two, and an endpoint's may be rolled.
    """

    def __init__(self, webhook_secret: str) -> None:
        self._secrets = [secret.strip() for secret in webhook_secret.split(",") if secret.strip()]
        if not self._secrets:
            raise ValueError("a webhook secret is needed: without one anybody could complete orders")

    def verify(self, payload: bytes, signature: str) -> PaymentEvent:
        try:
            self._check_signature(payload.decode(), signature)
            event = msgspec.json.decode(payload, type=_Event)
        except (stripe.SignatureVerificationError, UnicodeDecodeError, msgspec.DecodeError) as error:
            raise InvalidSignature(str(error)) from error
        return PaymentEvent(id=event.id, type=event.type, object_id=event.data.object.id, livemode=event.livemode)

    def _check_signature(self, payload: str, signature: str) -> None:
        if not signature.isascii():
            raise InvalidSignature("a signature is ASCII")
        *others, last = self._secrets
        for secret in others:
            with suppress(stripe.SignatureVerificationError):
                stripe.WebhookSignature.verify_header(payload, signature, secret, stripe.Webhook.DEFAULT_TOLERANCE)
                return
        stripe.WebhookSignature.verify_header(payload, signature, last, stripe.Webhook.DEFAULT_TOLERANCE)
