"""PaymentEvents: Stripe's webhooks, with the signature checked on the raw body."""

from __future__ import annotations

from contextlib import suppress
from types import MappingProxyType
from typing import Final

import msgspec
import stripe

from application.ports.payment import InvalidSignature, PaymentEvent, PaymentEventKind
from application.ports.system import Clock

#: The events that Stripe should send, and the kind of each. Any other signed event is accepted and ignored.
EVENT_KINDS: Final = MappingProxyType(
    {
        "checkout.session.completed": PaymentEventKind.SESSION_CHANGED,
        "checkout.session.expired": PaymentEventKind.SESSION_CHANGED,
        "checkout.session.async_payment_succeeded": PaymentEventKind.SESSION_CHANGED,
        "checkout.session.async_payment_failed": PaymentEventKind.SESSION_CHANGED,
        "payment_intent.payment_failed": PaymentEventKind.PAYMENT_DECLINED,
        "charge.refunded": PaymentEventKind.CHARGE_REFUNDED,
        "refund.updated": PaymentEventKind.REFUND_CHANGED,
        "refund.failed": PaymentEventKind.REFUND_CHANGED,
        "charge.dispute.created": PaymentEventKind.DISPUTE_CHANGED,
        "charge.dispute.updated": PaymentEventKind.DISPUTE_CHANGED,
        "charge.dispute.funds_withdrawn": PaymentEventKind.DISPUTE_CHANGED,
        "charge.dispute.funds_reinstated": PaymentEventKind.DISPUTE_CHANGED,
        "charge.dispute.closed": PaymentEventKind.DISPUTE_CHANGED,
        "account.updated": PaymentEventKind.ACCOUNT_CHANGED,
        "account.application.deauthorized": PaymentEventKind.ACCOUNT_CHANGED,
    }
)


class _Event(msgspec.Struct):
    """The part that every event has. The rest depends on its type: ``data`` is read later, if at all."""

    id: str
    type: str
    livemode: bool = False
    account: str | None = None
    data: msgspec.Raw = msgspec.Raw()


class _Object(msgspec.Struct):
    id: str


class _Data(msgspec.Struct):
    object: _Object


#: Events of these types happen in a connected account, and are about it.
_ABOUT_ACCOUNTS: Final = "account."
#: Their object is the application that the account left; the account is named beside it.
_ABOUT_APPLICATIONS: Final = "account.application."


class StripeEvents:
    """``webhook_secret`` may be several, comma-separated: Stripe uses two secrets, for events of our own account and of
    connected ones, and an endpoint's secret may be rolled. Without a secret every event is refused: otherwise an
    attacker could complete orders.
    """

    def __init__(self, webhook_secret: str, clock: Clock) -> None:
        """``clock`` is Stripe's: signatures are judged by the clock that made them."""
        self._clock = clock
        self._secrets = [secret.strip() for secret in webhook_secret.split(",") if secret.strip()]

    def verify(self, payload: bytes, signature: str) -> PaymentEvent:
        try:
            self._check_signature(payload.decode(), signature)
            event = msgspec.json.decode(payload, type=_Event)
        except (stripe.SignatureVerificationError, UnicodeDecodeError, msgspec.DecodeError) as error:
            raise InvalidSignature(str(error)) from error
        return PaymentEvent(
            id=event.id,
            type=event.type,
            object_id=_subject_of(event),
            livemode=event.livemode,
            of_connected_account=event.account is not None and not event.type.startswith(_ABOUT_ACCOUNTS),
        )

    def kind_of(self, event_type: str) -> PaymentEventKind | None:
        return EVENT_KINDS.get(event_type)

    def _check_signature(self, payload: str, signature: str) -> None:
        if not signature.isascii():
            raise InvalidSignature("a signature is ASCII")
        if not self._secrets:
            raise InvalidSignature("STRIPE_WEBHOOK_SECRET is not set: no event can be recognised as Stripe's")
        *others, last = self._secrets
        for secret in others:
            with suppress(stripe.SignatureVerificationError):
                stripe.WebhookSignature.verify_header(payload, signature, secret)
                break
        else:
            stripe.WebhookSignature.verify_header(payload, signature, last)
        age = self._clock.now().timestamp() - _signed_at(signature)
        if age > stripe.Webhook.DEFAULT_TOLERANCE:
            raise InvalidSignature(f"the signature was made {age:.0f} seconds ago: it may be a replay")


def _signed_at(signature: str) -> int:
    """The time of a signature, in seconds since the epoch; the SDK has checked the header's form."""
    return next(int(value) for name, _, value in (part.partition("=") for part in signature.split(",")) if name == "t")


def _subject_of(event: _Event) -> str:
    """The id of the object that the event is about, "" if it has none."""
    if event.type.startswith(_ABOUT_APPLICATIONS):
        return event.account or ""
    try:
        return msgspec.json.decode(event.data, type=_Data).object.id
    except msgspec.DecodeError:
        return ""
