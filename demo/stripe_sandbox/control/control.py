"""Control of the sandbox from outside the API, for tests and people."""

from demo.stripe_sandbox.api.idempotency import IdempotencyKeys
from demo.stripe_sandbox.api.operations import OPERATIONS
from demo.stripe_sandbox.api.request_log import RequestLog
from demo.stripe_sandbox.faults import ANY_OPERATION, Fault, FaultKind, FaultPlan
from demo.stripe_sandbox.ledger.state import SandboxState
from demo.stripe_sandbox.pages.checkout import PAY_OPERATION, CheckoutPage, Outcome, PageAnswer
from demo.stripe_sandbox.protocol.errors import StripeRefusal, no_such
from demo.stripe_sandbox.protocol.json_types import JsonObject
from demo.stripe_sandbox.resources import accounts, disputes, refunds, taxes
from demo.stripe_sandbox.resources.sessions import expire_overdue
from demo.stripe_sandbox.webhooks import WebhookSender

_OPERATIONS_WITH_FAULTS = frozenset({*OPERATIONS, PAY_OPERATION, ANY_OPERATION})


class SandboxControl:
    """The controls. Each raises StripeRefusal if it names an unknown object or an impossible change."""

    def __init__(
        self,
        state: SandboxState,
        *,
        faults: FaultPlan,
        requests: RequestLog,
        webhooks: WebhookSender,
        keys: IdempotencyKeys,
        page: CheckoutPage,
    ) -> None:
        self._state = state
        self._keys = keys
        self._page = page
        self.faults = faults
        self.requests = requests
        self.webhooks = webhooks

    def inject_fault(
        self, operation: str, kind: FaultKind | str, *, times: int = 1, delay_seconds: float = 0.0
    ) -> None:
        """Let the next ``times`` calls of an operation ("POST /v1/refunds", "*" for any) go wrong.

        "POST /c/pay/{session}" with card_declined turns the page's Pay button into a decline.
        """
        if operation not in _OPERATIONS_WITH_FAULTS:
            raise StripeRefusal(f"The sandbox has no operation '{operation}'.", param="operation")
        self.faults.add(operation, Fault(kind=FaultKind(kind), delay_seconds=delay_seconds), times)

    def act(self, session_id: str, outcome: Outcome | str) -> PageAnswer:
        """Press a button of a session's payment page."""
        return self._page.act(session_id, Outcome(outcome))

    def events(self, event_type: str | None = None) -> list[JsonObject]:
        """Events of all accounts, oldest first; only those of one type if it is named."""
        newest_first = self._state.events.table.newest_first()
        wanted = [event.to_json() for event in newest_first if event_type in (None, event.event_type)]
        return wanted[::-1]

    def redeliver(self, event_id: str) -> None:
        """Send an event to the webhook endpoint again."""
        event = self._state.events.table.get(event_id)
        if event is None:
            raise no_such("event", event_id)
        self.webhooks.resend(event)

    def plan_refunds(self, *outcomes: str) -> None:
        """Choose the outcome of the next refunds: succeeded, pending, requires_action, failed or canceled."""
        for outcome in outcomes:
            if outcome not in refunds.REFUND_OUTCOMES:
                raise StripeRefusal(f"A refund cannot be '{outcome}'.", param="outcomes")
        self._state.refund_outcomes.extend(outcomes)

    def settle_refund(self, refund_id: str, status: str) -> JsonObject:
        """Decide a pending refund (succeeded, failed, canceled), or let a succeeded one fail after all."""
        if status not in refunds.REFUND_OUTCOMES:
            raise StripeRefusal(f"A refund cannot be '{status}'.", param="status")
        return refunds.settle(self._state, refund_id, status)

    def open_dispute(
        self, charge_id: str, *, reason: str = "fraudulent", amount: int | None = None, inquiry: bool = False
    ) -> JsonObject:
        """Let the buyer's bank dispute a charge, all of it or ``amount`` minor units, or only inquire about it."""
        return disputes.open_dispute(self._state, charge_id, reason, amount, inquiry=inquiry)

    def close_dispute(self, dispute_id: str, status: str, *, reinstated: int = 0) -> JsonObject:
        """Close a dispute as "won" or "lost", an inquiry as "warning_closed".

        Of a lost one some minor units may still be ``reinstated``.
        """
        if status not in disputes.CLOSED:
            raise StripeRefusal("A dispute is won or lost, an inquiry warning_closed.", param="status")
        return self.move_dispute(dispute_id, status, reinstated=reinstated)

    def move_dispute(self, dispute_id: str, status: str, *, reinstated: int = 0) -> JsonObject:
        """Move a dispute to any status that may follow at Stripe."""
        if status not in disputes.STATUSES:
            raise StripeRefusal(f"A dispute cannot be '{status}'.", param="status")
        return disputes.move_dispute(self._state, dispute_id, status, reinstated=reinstated)

    def set_charges_enabled(self, account_id: str, *, enabled: bool) -> JsonObject:
        """Let a connected account take payments, or stop it."""
        return accounts.set_charges_enabled(self._state, account_id, enabled=enabled)

    def account(self, account_id: str) -> JsonObject:
        """A connected account as the API shows it."""
        return accounts.account_of(self._state, account_id)

    def set_tax_active(self, account_id: str, *, active: bool) -> JsonObject:
        """Complete a connected account's tax settings, or make automatic tax impossible for it."""
        return taxes.set_tax_active(self._state, account_id, active=active)

    def deauthorize(self, account_id: str) -> None:
        """Let a connected account leave the platform."""
        accounts.deauthorize(self._state, account_id)

    def advance_clock(self, seconds: float) -> int:
        """Move the sandbox's time forward; overdue objects expire at once. Returns the new time, in epoch seconds."""
        self._state.clock.advance(seconds)
        expire_overdue(self._state)
        return self._state.clock.now()

    def now(self) -> int:
        """The sandbox's time, seconds since the epoch."""
        return self._state.clock.now()

    def reset(self) -> None:
        """Forget everything except the webhook endpoint's address and secret."""
        self._state.clear()
        self._keys.clear()
        self.faults.clear()
        self.requests.clear()
        self.webhooks.reset()
