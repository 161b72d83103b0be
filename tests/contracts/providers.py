"""Payment providers, and what a test does to them behind the application's back."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from adapters.memory.payment import MemoryPayment
from adapters.memory.throttle import MemoryThrottle
from adapters.stripe.client import Client
from adapters.stripe.payment import StripePayment
from application.ports.payment import Payment, RefundState
from demo.stripe_sandbox import StripeSandbox
from domain.disputes import DisputeStatus
from domain.orders import Order
from domain.refunds import RefundStatus
from tests.support.disputes import dispute_state


class Provider(Protocol):
    """A provider whose tax is 10 % on top."""

    @property
    def payment(self) -> Payment: ...

    def pay(self, session_id: str, *, tax: int) -> None:
        """Pay, as the buyer. ``tax`` in minor units is 10 %."""
        ...

    def pay_by_delayed_method(self, session_id: str) -> None:
        """Finish as the buyer; the money is not there yet."""
        ...

    def money_arrives(self, session_id: str, *, tax: int) -> None:
        """Let a delayed payment come through."""
        ...

    def money_fails(self, session_id: str) -> None:
        """Let a delayed payment fail."""
        ...

    def refuse(self, order: Order) -> None:
        """Make the provider refuse payments of the order."""
        ...

    def refuse_refunds(self, order: Order) -> None:
        """Make the provider refuse refunds of the order's payment."""
        ...

    def decline(self, session_id: str) -> str:
        """Refuse the buyer's card. Returns the id of the payment."""
        ...

    def fail_refund(self, provider_refund_id: str) -> None:
        """Send back a refund that seemed to have arrived."""
        ...

    async def refund_by_hand(self, order: Order, amount: int) -> None:
        """Refund ``amount`` minor units in the provider's dashboard."""
        ...

    def open_dispute(self, order: Order) -> str:
        """Open a dispute, as the buyer's bank. Returns its id."""
        ...

    def close_dispute(self, dispute_id: str, *, won: bool) -> None: ...

    def disable(self, account_id: str) -> None:
        """Disable the charges of an account."""
        ...

    def queue(self, seconds: float) -> None:
        """Make every new session wait this long for its slot."""
        ...

    async def given_back(self, order: Order) -> list[int]:
        """The amounts in minor units that went back to the buyer."""
        ...

    def forget_repetitions(self) -> None:
        """Let so much time pass that the provider no longer recognises repeated calls."""
        ...


class MemoryProvider:
    def __init__(self) -> None:
        self.payment = MemoryPayment()

    def pay(self, session_id: str, *, tax: int) -> None:
        self.payment.pay(session_id, tax=tax)

    def pay_by_delayed_method(self, session_id: str) -> None:
        self.payment.pay_by_delayed_method(session_id)

    def money_arrives(self, session_id: str, *, tax: int) -> None:
        self.payment.pay(session_id, tax=tax)

    def money_fails(self, session_id: str) -> None:
        self.payment.fail_delayed_payment(session_id)

    def refuse(self, order: Order) -> None:
        self.payment.refusing = True

    async def given_back(self, order: Order) -> list[int]:
        intent_id = order.payment_intent_id
        return [refund.amount for refund in self.payment.refunds.values() if refund.payment_intent_id == intent_id]

    def refuse_refunds(self, order: Order) -> None:
        self.payment.refusing = True

    def decline(self, session_id: str) -> str:
        self.payment.decline(session_id, "Your card was declined.")
        return self.payment._totals[session_id].payment_intent_id or ""

    def fail_refund(self, provider_refund_id: str) -> None:
        refunds = self.payment.refunds
        refunds[provider_refund_id] = replace(
            refunds[provider_refund_id], status=RefundStatus.FAILED, failure_reason="lost_or_stolen_card"
        )

    async def refund_by_hand(self, order: Order, amount: int) -> None:
        name = f"re_by_hand_{len(self.payment.refunds)}"
        self.payment.refunds[name] = RefundState(
            provider_refund_id=name,
            payment_intent_id=order.payment_intent_id,
            refund_id=None,
            amount=amount,
            status=RefundStatus.SUCCEEDED,
            failure_reason=None,
        )

    def open_dispute(self, order: Order) -> str:
        dispute = dispute_state(order.payment_intent_id, id=f"dp_{order.id.hex}", amount=order.amount_paid)
        self.payment.disputes[dispute.id] = dispute
        return dispute.id

    def close_dispute(self, dispute_id: str, *, won: bool) -> None:
        dispute = self.payment.disputes[dispute_id]
        status = DisputeStatus.WON if won else DisputeStatus.LOST
        self.payment.disputes[dispute_id] = replace(dispute, status=status, lost=0 if won else dispute.amount)

    def disable(self, account_id: str) -> None:
        self.payment.disabled_accounts.add(account_id)

    def queue(self, seconds: float) -> None:
        self.payment.queue_seconds = seconds

    def forget_repetitions(self) -> None:
        """Do nothing: it recognises orders, not calls."""


class StripeProvider:
    def __init__(self, client: Client, sandbox: StripeSandbox) -> None:
        self._throttle = MemoryThrottle()
        self.payment = StripePayment(client, self._throttle)
        self._client = client
        self._control = sandbox.control

    def pay(self, session_id: str, *, tax: int) -> None:
        self._control.act(session_id, "paid")

    def pay_by_delayed_method(self, session_id: str) -> None:
        self._control.act(session_id, "delayed")

    def money_arrives(self, session_id: str, *, tax: int) -> None:
        self._control.act(session_id, "delayed_paid")

    def money_fails(self, session_id: str) -> None:
        self._control.act(session_id, "delayed_failed")

    def refuse(self, order: Order) -> None:
        self._control.set_charges_enabled(order.stripe_account_id or "", enabled=False)

    async def given_back(self, order: Order) -> list[int]:
        refunds = await self._client.v1.refunds.list_async(params={"payment_intent": order.payment_intent_id or ""})
        return [refund.amount for refund in refunds.data]

    def refuse_refunds(self, order: Order) -> None:
        self._control.open_dispute(order.charge_id or "")

    def decline(self, session_id: str) -> str:
        self._control.act(session_id, "declined")
        (*_, declined) = self._control.events("payment_intent.payment_failed")
        return str(declined["data"]["object"]["id"])

    def fail_refund(self, provider_refund_id: str) -> None:
        self._control.settle_refund(provider_refund_id, "failed")

    async def refund_by_hand(self, order: Order, amount: int) -> None:
        await self._client.v1.refunds.create_async(params={"charge": order.charge_id or "", "amount": amount})

    def open_dispute(self, order: Order) -> str:
        return str(self._control.open_dispute(order.charge_id or "")["id"])

    def close_dispute(self, dispute_id: str, *, won: bool) -> None:
        self._control.close_dispute(dispute_id, "won" if won else "lost")

    def disable(self, account_id: str) -> None:
        self._control.set_charges_enabled(account_id, enabled=False)

    def queue(self, seconds: float) -> None:
        self._throttle.wait_seconds = seconds

    def forget_repetitions(self) -> None:
        self._control._keys.clear()
