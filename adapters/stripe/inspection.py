"""Facts about Stripe that an operator needs before an installation goes live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final
from uuid import uuid4

import msgspec
import stripe
from stripe import StripeClient

from adapters.stripe.client import translated_errors

#: An event that has no handler: it only shows that the receiver accepts our signature.
PROBE_TYPE: Final = "piquetickets.doctor"


@dataclass(frozen=True, slots=True)
class StripeFacts:
    """Our own account, and the time on Stripe's clock (to the second; None if the answer had none)."""

    account_id: str
    clock: datetime | None


async def facts_of(client: StripeClient) -> StripeFacts:
    """The facts of our account. Raises PaymentKeyRefused, PaymentUnavailable."""
    with translated_errors():
        account = await client.v1.accounts.retrieve_current_async()
    headers = account.last_response.headers if account.last_response else {}
    date = headers.get("Date") or headers.get("date")
    return StripeFacts(account.id, parsedate_to_datetime(date) if date else None)


async def missing_for_tax(client: StripeClient, account_id: str) -> list[str] | None:
    """The tax settings that a connected account lacks for Stripe to compute tax; None if they are complete.

    Raises PaymentRefused, PaymentKeyRefused, PaymentUnavailable.
    """
    with translated_errors():
        settings = await client.v1.tax.settings.retrieve_async(options={"stripe_account": account_id})
    if settings.status == "active":
        return None
    pending = settings.status_details.pending
    return list((pending and pending.missing_fields) or ["head_office"])


def signed_probe(webhook_secret: str, *, livemode: bool, now: datetime) -> tuple[bytes, str]:
    """Body and signature of an event about nothing, as Stripe would send it."""
    event = {
        "id": f"evt_doctor_{uuid4().hex}",
        "object": "event",
        "type": PROBE_TYPE,
        "livemode": livemode,
        "created": int(now.timestamp()),
        "data": {"object": {"id": "doctor"}},
    }
    body = msgspec.json.encode(event)
    secret = webhook_secret.split(",", maxsplit=1)[0].strip()
    return body, stripe.WebhookSignature.generate_signature_header(body.decode(), secret, int(now.timestamp()))
