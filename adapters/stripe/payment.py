"""Payment by Stripe Checkout: destination charges to the producer's connected account."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from urllib.parse import quote, urlencode

import msgspec
import stripe
from stripe.params import (
    AccountListParams,
    AccountListParamsCreated,
    RefundCreateParams,
    RefundListParams,
    TransferReversalCreateParams,
)
from stripe.params.checkout import SessionCreateParams, SessionListParams

from adapters.stripe.answers import (
    Session,
    SessionPage,
    account_for,
    dispute_of,
    intent_of,
    left_with_us,
    recovered_of_duplicate,
    refund_of,
    reversal_for,
    session_made,
    session_of,
)
from adapters.stripe.client import (
    Client,
    KeySpent,
    RefusalRepeated,
    TaxLocationUnknown,
    translated_errors,
    translated_errors_of_known_objects,
)
from adapters.stripe.repetition import made_once
from adapters.stripe.requests import (
    EXPANDED,
    PAGE,
    account_params,
    listing_params,
    recovery_params,
    reversal_params,
    session_params,
    transfer_params,
)
from adapters.stripe.tax import PerformanceLocations
from adapters.stripe.time import StripeTime
from application.ports.payment import (
    AccountLink,
    DisputeState,
    PaymentIntent,
    PaymentObjectNotFound,
    PaymentQueued,
    PaymentRefused,
    PaymentSession,
    PaymentUnavailable,
    RefundState,
    SessionStatus,
)
from application.ports.tax_locations import TaxLocations
from application.ports.throttle import Throttle
from domain.catalog import Producer
from domain.disputes import Dispute
from domain.duplicate_payments import DuplicatePayment
from domain.orders import Order
from domain.refunds import Refund

SESSIONS = "/v1/checkout/sessions"
_EXPANDED = urlencode([("expand[]", path) for path in EXPANDED])
#: A buyer who comes back from paying waits no longer: the webhook also completes the order.
READ_PATIENCE_SECONDS = 5.0
#: The largest difference that we allow for between our clock and Stripe's.
CLOCK_SKEW = timedelta(minutes=10)


#: The turns of calls that open a payment page.
NEW_SESSIONS: Final = "sessions.create"


class StripePayment:
    """Payments at Stripe. Every call first waits for its slot: Stripe limits the calls of an account by endpoint."""

    def __init__(
        self,
        client: Client,
        throttle: Throttle,
        tax_locations: TaxLocations | None = None,
        stripe_time: StripeTime | None = None,
    ) -> None:
        """Without ``stripe_time``, Stripe's clock is assumed to agree with ours."""
        self._client = client
        self._throttle = throttle
        self._locations = PerformanceLocations(client, self._turn, tax_locations)
        self._time = stripe_time

    async def open_session(
        self, order: Order, *, success_url: str, cancel_url: str, max_wait_seconds: float | None = None
    ) -> PaymentSession:
        urls = {"success_url": success_url, "cancel_url": cancel_url}
        ahead = self._ahead
        try:
            return await self._open_session(order, urls, max_wait_seconds)
        except PaymentRefused:
            if self._ahead == ahead:
                raise
            # Stripe refused an end that is too near; its answer showed how far its clock is off.
            return await self._open_session(order, urls, max_wait_seconds)

    async def _open_session(
        self, order: Order, urls: Mapping[str, str], max_wait_seconds: float | None
    ) -> PaymentSession:
        ahead = self._ahead
        key = f"checkout:{order.id}"
        location = await self._locations.of(order)
        try:
            return await self._session_made(
                order, session_params(order, **urls, tax_location=location, ahead=ahead), key, max_wait_seconds
            )
        except TaxLocationUnknown:
            if order.venue_address is None:
                raise
            await self._locations.forget(order.venue_address)
        # Nothing was made with the first key. Make the place again, with this API key.
        location = await self._locations.of(order)
        params = session_params(order, **urls, tax_location=location, ahead=ahead)
        return await self._session_made(order, params, f"{key}:{location}", max_wait_seconds)

    async def _session_made(
        self, order: Order, params: SessionCreateParams, key: str, max_wait_seconds: float | None
    ) -> PaymentSession:
        async def create(key: str) -> PaymentSession:
            await self._turn(NEW_SESSIONS, max_wait_seconds)
            with translated_errors():
                return session_made(
                    await self._client.v1.checkout.sessions.create_async(
                        params=params, options={"idempotency_key": key}
                    )
                )

        async def find() -> PaymentSession | None:
            since = order.created_at + self._ahead - CLOCK_SKEW
            return next((s for s in await self._sessions(listing_params(since)) if s.order_id == order.id), None)

        return await made_once(key, create, find)

    async def session(self, session_id: str) -> PaymentSession:
        await self._turn("sessions.retrieve", READ_PATIENCE_SECONDS)
        with translated_errors():
            answer = await self._client.read(f"{SESSIONS}/{quote(session_id, safe='')}?{_EXPANDED}")
            return session_of(msgspec.json.decode(answer, type=Session))

    async def expire_session(self, session_id: str) -> PaymentSession:
        await self._turn("sessions.expire")
        try:
            with translated_errors():
                return session_made(
                    await self._client.v1.checkout.sessions.expire_async(session_id, params={"expand": EXPANDED})
                )
        except PaymentObjectNotFound:
            raise
        except PaymentRefused as refusal:
            return await self._refused_to_expire(session_id, refusal)

    async def _refused_to_expire(self, session_id: str, refusal: PaymentRefused) -> PaymentSession:
        """The session as it is, because Stripe expires only open ones. Stripe has just named it, so "it does not exist"
        is not a valid answer, and "still open" is not either.
        """
        try:
            session = await self.session(session_id)
        except PaymentObjectNotFound as missing:
            raise PaymentUnavailable(f"Stripe knows session {session_id} and does not: {refusal}") from missing
        if session.status is SessionStatus.OPEN:
            raise PaymentUnavailable(f"Stripe does not expire the open session {session_id}: {refusal}")
        return session

    async def paid_sessions(self, *, since: datetime) -> list[PaymentSession]:
        return await self._sessions({**listing_params(since + self._ahead), "status": "complete"})

    async def _sessions(self, params: SessionListParams) -> list[PaymentSession]:
        found: list[PaymentSession] = []
        while True:
            await self._turn("sessions.list")
            with translated_errors():
                answer = await self._client.raw_request_async("get", SESSIONS, **params)
                page = msgspec.convert(answer.data, SessionPage)
            found += map(session_of, page.data)
            if not page.has_more:
                return found
            params = {**params, "starting_after": page.data[-1].id}

    async def intent(self, intent_id: str) -> PaymentIntent:
        await self._turn("payment_intents.retrieve")
        with translated_errors():
            return intent_of(await self._client.v1.payment_intents.retrieve_async(intent_id))

    async def refund(self, order: Order, refund: Refund) -> RefundState:
        # Stripe forgets idempotency keys after a day, and a task may be repeated later than that.
        made = await self._refunds({"charge": order.charge_id}) if order.charge_id else []
        if known := _ours(made, refund):
            return known
        # A refund that failed left with us what it took from the producer; return that first.
        from_producer = left_with_us(made) < refund.amount
        params: RefundCreateParams = {
            "payment_intent": order.payment_intent_id or "",
            "amount": refund.amount,
            "reverse_transfer": from_producer,
            "metadata": {"order_id": str(order.id), "refund_id": str(refund.id)},
        }
        if order.own_fees:  # Stripe refuses to return a fee that was never taken
            params["refund_application_fee"] = refund.refund_fees and from_producer

        async def find() -> RefundState | None:
            return _ours(await self._refunds({"charge": order.charge_id}) if order.charge_id else [], refund)

        key = f"refund:{order.id}:{refund.sequence}:{refund.amount}"
        return await made_once(key, partial(self._create_refund, params), find)

    async def _create_refund(self, params: RefundCreateParams, key: str) -> RefundState:
        await self._turn("refunds.create")
        try:
            with translated_errors():
                return refund_of(
                    await self._client.v1.refunds.create_async(params=params, options={"idempotency_key": key})
                )
        except PaymentObjectNotFound as missing:  # the payment exists, but the key gives this answer for a day
            raise KeySpent(str(missing)) from missing

    async def return_payment(self, order: Order, payment: DuplicatePayment) -> list[RefundState]:
        intent_id = payment.payment_intent_id
        made = await self._refunds({"payment_intent": intent_id})
        left = payment.with_status(refund_of(refund).made for refund in made).left
        if left <= 0:
            return list(map(refund_of, made))
        from_producer = left_with_us(made) + payment.recovered < left
        params: RefundCreateParams = {
            "payment_intent": intent_id,
            "amount": left,
            "reason": "duplicate",
            "reverse_transfer": from_producer,
            "metadata": {"order_id": str(order.id)},
        }
        if order.own_fees:  # the second session was made for the same order, so it took the same fee
            params["refund_application_fee"] = from_producer

        async def find() -> RefundState | None:
            refunds = await self._refunds({"payment_intent": intent_id})
            return refund_of(refunds[-1]) if len(refunds) > len(made) else None

        key = f"duplicate:{intent_id}:{len(made)}:{payment.refusals}"
        return [*map(refund_of, made), await made_once(key, partial(self._create_refund, params), find)]

    async def refunds_since(self, since: datetime) -> list[RefundState]:
        await self._turn("refunds.list")
        with translated_errors():
            page = await self._client.v1.refunds.list_async(params={"created": _from(since), "limit": PAGE})
            return [refund_of(refund) async for refund in page.auto_paging_iter()]

    async def disputes_since(self, since: datetime) -> list[DisputeState]:
        await self._turn("disputes.list")
        with translated_errors():
            page = await self._client.v1.disputes.list_async(params={"created": _from(since), "limit": PAGE})
            return [dispute_of(dispute) async for dispute in page.auto_paging_iter()]

    async def refunds_of_payment(self, intent_id: str) -> list[RefundState]:
        return [refund_of(refund) for refund in await self._refunds({"payment_intent": intent_id})]

    async def session_of_payment(self, intent_id: str) -> PaymentSession | None:
        params: SessionListParams = {"payment_intent": intent_id, "expand": [f"data.{path}" for path in EXPANDED]}
        return next(iter(await self._sessions(params)), None)

    async def refund_state(self, provider_refund_id: str) -> RefundState:
        await self._turn("refunds.retrieve")
        with translated_errors():
            return refund_of(await self._client.v1.refunds.retrieve_async(provider_refund_id))

    async def refunds_of_charge(self, charge_id: str) -> list[RefundState]:
        return [refund_of(refund) for refund in await self._refunds({"charge": charge_id})]

    async def _refunds(self, of: RefundListParams) -> list[stripe.Refund]:
        """The refunds, oldest first."""
        await self._turn("refunds.list")
        with translated_errors_of_known_objects():
            listed = await self._client.v1.refunds.list_async(params={**of, "limit": PAGE})
        return list(reversed(listed.data))

    async def dispute(self, dispute_id: str) -> DisputeState:
        await self._turn("disputes.retrieve")
        with translated_errors():
            return dispute_of(await self._client.v1.disputes.retrieve_async(dispute_id))

    async def reverse_transfer(self, order: Order, dispute: Dispute) -> str | None:
        made = await self._refunds({"charge": order.charge_id}) if order.charge_id else []
        transfer = await self._transfer(order)

        async def find() -> str | None:
            return reversal_for(dispute.id, await self._reversals(transfer.id))

        # Stripe forgets idempotency keys after a day, and a task may be repeated later than that.
        if known := await find():
            return known
        amount = min(dispute.lost - left_with_us(made), transfer.amount - transfer.amount_reversed)
        if amount <= 0:
            return None
        create = partial(self._reverse, transfer.id, reversal_params(order, dispute, amount))
        return await made_once(f"dispute:{dispute.id}:{amount}", create, find)

    async def disputes_of_payment(self, intent_id: str) -> list[DisputeState]:
        await self._turn("disputes.list")
        with translated_errors_of_known_objects():
            listed = await self._client.v1.disputes.list_async(params={"payment_intent": intent_id, "limit": PAGE})
        return list(map(dispute_of, listed.data))

    async def recover_duplicate(self, order: Order, payment: DuplicatePayment) -> int:
        intent_id = payment.payment_intent_id
        made = await self._refunds({"payment_intent": intent_id})
        transfer = await self._transfer_of_payment(intent_id)

        async def recovered() -> int:
            return recovered_of_duplicate(intent_id, await self._reversals(transfer.id))

        before = await recovered()
        left = transfer.amount - transfer.amount_reversed
        amount = min(payment.taken - left_with_us(made) - before, left)
        if amount <= 0:
            return before
        create = partial(self._reverse, transfer.id, recovery_params(order, payment, amount))

        async def find() -> str | None:
            return "made" if await recovered() > before else None

        await made_once(f"duplicate-taken:{intent_id}:{before}:{amount}", create, find)
        return before + amount

    async def _reverse(self, transfer_id: str, params: TransferReversalCreateParams, key: str) -> str:
        await self._turn("transfers.reversals.create")
        try:
            with translated_errors_of_known_objects():
                reversal = await self._client.v1.transfers.reversals.create_async(
                    transfer_id, params=params, options={"idempotency_key": key}
                )
        except RefusalRepeated as refusal:  # an operator requeued the task: the account may have money by now
            raise KeySpent(str(refusal)) from refusal
        return reversal.id

    async def _transfer_of_payment(self, intent_id: str) -> stripe.Transfer:
        """The producer's transfer for a payment. Raises PaymentRefused if there is none."""
        await self._turn("charges.list")
        with translated_errors_of_known_objects():
            charges = await self._client.v1.charges.list_async(
                params={"payment_intent": intent_id, "expand": ["data.transfer"]}
            )
        transfer = next((charge.transfer for charge in charges.data if charge.captured), None)
        if not isinstance(transfer, stripe.Transfer):
            raise PaymentRefused(f"payment {intent_id} has no transfer")
        return transfer

    async def _reversals(self, transfer_id: str) -> list[stripe.TransferReversal]:
        """The reversals, newest first."""
        await self._turn("transfers.reversals.list")
        with translated_errors_of_known_objects():
            listed = await self._client.v1.transfers.reversals.list_async(transfer_id, params={"limit": PAGE})
        return list(listed.data)

    async def _transfer(self, order: Order) -> stripe.Transfer:
        """The producer's transfer for the order. Raises PaymentRefused if there is none."""
        await self._turn("charges.retrieve")
        with translated_errors_of_known_objects():
            charge = await self._client.v1.charges.retrieve_async(
                order.charge_id or "", params={"expand": ["transfer"]}
            )
        if not isinstance(charge.transfer, stripe.Transfer):
            raise PaymentRefused(f"charge {order.charge_id} has no transfer")
        return charge.transfer

    async def charges_enabled(self, account_id: str) -> bool:
        await self._turn("accounts.retrieve")
        with translated_errors():
            account = await self._client.v1.accounts.retrieve_async(account_id)
        return bool(account.charges_enabled)

    async def create_account(self, producer: Producer) -> str:
        async def create(key: str) -> str:
            await self._turn("accounts.create")
            with translated_errors():
                account = await self._client.v1.accounts.create_async(
                    params=account_params(producer), options={"idempotency_key": key}
                )
            return account.id

        async def find() -> str | None:
            return await self._account_made(producer, {"limit": PAGE})

        return await made_once(f"account:{producer.id}", create, find)

    async def account_made(self, producer: Producer, *, since: datetime) -> str | None:
        created: AccountListParamsCreated = {"gte": int((since + self._ahead - CLOCK_SKEW).timestamp())}
        return await self._account_made(producer, {"created": created, "limit": PAGE})

    async def _account_made(self, producer: Producer, params: AccountListParams) -> str | None:
        await self._turn("accounts.list")
        with translated_errors():
            return await account_for(producer.id, await self._client.v1.accounts.list_async(params=params))

    async def account_link(self, account_id: str, *, come_back_url: str) -> AccountLink:
        await self._turn("account_links.create")
        with translated_errors():
            link = await self._client.v1.account_links.create_async(
                params={
                    "account": account_id,
                    "type": "account_onboarding",
                    "refresh_url": come_back_url,
                    "return_url": come_back_url,
                }
            )
        return AccountLink(link.url, datetime.fromtimestamp(link.expires_at, UTC) - self._ahead)

    async def describe_transfer(self, order: Order) -> None:
        transfer = await self._transfer(order)
        await self._turn("transfers.update")
        with translated_errors_of_known_objects():
            # Without an idempotency key: a second update does no harm, and after a refund the text differs.
            await self._client.v1.transfers.update_async(transfer.id, params=transfer_params(order))

    @property
    def _ahead(self) -> timedelta:
        """How far Stripe's clock is ahead of ours."""
        return self._time.ahead if self._time else timedelta()

    async def _turn(self, key: str, max_wait_seconds: float | None = None) -> None:
        taken, wait_seconds = await self._throttle.reserve(key, max_wait_seconds=max_wait_seconds)
        if not taken:
            raise PaymentQueued(wait_seconds)
        if wait_seconds:
            await asyncio.sleep(wait_seconds)


def _ours(made: Sequence[stripe.Refund], refund: Refund) -> RefundState | None:
    return next((state for state in map(refund_of, made) if state.refund_id == refund.id), None)


def _from(since: datetime) -> AccountListParamsCreated:
    return {"gte": int(since.timestamp())}
