"""The hosted payment page: what a buyer sees at a session's url, and what its buttons do."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from demo.stripe_sandbox.faults import FaultKind, FaultPlan
from demo.stripe_sandbox.ledger.state import AccountLedger, SandboxState
from demo.stripe_sandbox.objects.cart import Cart
from demo.stripe_sandbox.objects.payment_objects import empty_address
from demo.stripe_sandbox.pages.rendering import Templates
from demo.stripe_sandbox.protocol.errors import StripeRefusal
from demo.stripe_sandbox.protocol.json_types import JsonObject
from demo.stripe_sandbox.protocol.money import display
from demo.stripe_sandbox.resources import payments, sessions

PAY_OPERATION = "POST /c/pay/{session}"
_DEFAULT_EMAIL = "buyer@example.com"
_DEFAULT_NAME = "Sandbox Buyer"
_LONGEST_ANSWER = 200


class Outcome(StrEnum):
    """The actions of the buyer, and later of the buyer's bank."""

    PAID = "paid"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    DELAYED = "delayed"
    DELAYED_PAID = "delayed_paid"
    DELAYED_FAILED = "delayed_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAnswer:
    """Where the browser goes (``location``), or the page it sees with ``status`` and ``message``."""

    status: int
    location: str | None = None
    message: str = ""


class CheckoutPage:
    """Serves ``/c/pay/{session}``."""

    def __init__(self, state: SandboxState, faults: FaultPlan, templates: Templates) -> None:
        self._state = state
        self._faults = faults
        self._templates = templates

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/c/pay/{session}", self._show)
        router.add_post("/c/pay/{session}", self._submit)

    async def _show(self, request: web.Request) -> web.StreamResponse:
        return self._page(request.match_info["session"], status=200, message="")

    async def _submit(self, request: web.Request) -> web.StreamResponse:
        session_id = request.match_info["session"]
        form = {name: str(value) for name, value in (await request.post()).items()}
        try:
            outcome = Outcome(form.get("outcome", ""))
        except ValueError:
            return self._page(session_id, status=400, message="Choose one of the buttons.")
        try:
            answer = self.act(session_id, outcome, email=form.get("email"), name=form.get("name"))
        except StripeRefusal as refusal:
            return self._page(session_id, status=refusal.status, message=str(refusal))
        if answer.location is not None:
            return web.Response(status=answer.status, headers={"Location": answer.location})
        return self._page(session_id, status=answer.status, message=answer.message)

    def act(
        self, session_id: str, outcome: Outcome, *, email: str | None = None, name: str | None = None
    ) -> PageAnswer:
        """Do what the button ``outcome`` does. Raises StripeRefusal for a session the sandbox does not know."""
        ledger, session, cart = self._look_up(session_id)
        if outcome is Outcome.PAID and self._is_declined_by_fault():
            outcome = Outcome.DECLINED
        billing = _billing(session, email, name)
        match outcome:
            case Outcome.DELAYED_PAID | Outcome.DELAYED_FAILED:
                return _settle_delayed(ledger, session, outcome)
            case Outcome.PAID if session["payment_status"] == "paid":
                return _redirect(session, "success_url")
            case _ if session["status"] == "expired":
                return PageAnswer(status=410, message="This checkout has expired. Nothing was charged.")
            case _ if session["status"] == "complete":
                return PageAnswer(status=409, message="This checkout is already complete. Nothing more was charged.")
            case Outcome.CANCELLED:
                return _cancelled(session)
            case _ if _METHOD_OF[outcome] not in session["payment_method_types"]:
                return PageAnswer(status=400, message="This checkout does not offer that way of paying.")
        return _ATTEMPTS[outcome](ledger, session, cart, billing)

    def _look_up(self, session_id: str) -> tuple[AccountLedger, JsonObject, Cart]:
        sessions.expire_overdue(self._state)
        ledger = self._state.ledger_with("checkout.session", session_id)
        session = ledger.get("checkout.session", session_id)
        return ledger, session, sessions.cart_of(ledger, session_id)

    def _is_declined_by_fault(self) -> bool:
        fault = self._faults.next_for(PAY_OPERATION)
        return fault is not None and fault.kind is FaultKind.CARD_DECLINED

    def _page(self, session_id: str, *, status: int, message: str) -> web.Response:
        try:
            ledger, session, cart = self._look_up(session_id)
        except StripeRefusal:
            return self._templates.page("missing.html", status=404)
        intent = ledger.find("payment_intent", session["payment_intent"])
        return self._templates.page(
            "checkout.html",
            status=status,
            message=message,
            session=session,
            intent_status=intent["status"] if intent else None,
            lines=[(line, display(line.subtotal, line.currency)) for line in cart.lines],
            subtotal=display(cart.subtotal, cart.currency),
            tax=display(cart.tax, cart.currency) if session["automatic_tax"]["enabled"] else None,
            total=display(cart.total, cart.currency),
            seller=_seller(self._state, cart),
        )


def _attempt_card(ledger: AccountLedger, session: JsonObject, cart: Cart, billing: JsonObject) -> PageAnswer:
    payments.pay_by_card(ledger, session, cart, billing)
    return _redirect(session, "success_url")


def _attempt_declined_card(ledger: AccountLedger, session: JsonObject, cart: Cart, billing: JsonObject) -> PageAnswer:
    payments.decline_card(ledger, session, cart, billing)
    return PageAnswer(status=200, message="Your card was declined. Try again, perhaps with another card.")


def _attempt_debit(ledger: AccountLedger, session: JsonObject, cart: Cart, billing: JsonObject) -> PageAnswer:
    payments.debit_later(ledger, session, cart, billing)
    return _redirect(session, "success_url")


_ATTEMPTS: dict[Outcome, Callable[[AccountLedger, JsonObject, Cart, JsonObject], PageAnswer]] = {
    Outcome.PAID: _attempt_card,
    Outcome.DECLINED: _attempt_declined_card,
    Outcome.DELAYED: _attempt_debit,
}


_METHOD_OF = {Outcome.PAID: "card", Outcome.DECLINED: "card", Outcome.DELAYED: "us_bank_account"}


def _settle_delayed(ledger: AccountLedger, session: JsonObject, outcome: Outcome) -> PageAnswer:
    """Repeating an action that is done is not an error: the button may be pressed twice."""
    intent = ledger.find("payment_intent", session["payment_intent"])
    status = intent["status"] if intent else None
    if outcome is Outcome.DELAYED_PAID:
        if status != "succeeded":
            payments.debit_arrives(ledger, session)
        return _redirect(session, "success_url")
    if not (session["status"] == "complete" and status == "requires_payment_method"):
        payments.debit_fails(ledger, session)
    return PageAnswer(status=200, message="The delayed payment failed. Nothing was charged.")


def _redirect(session: JsonObject, name: str) -> PageAnswer:
    address: str = session[name].replace("{CHECKOUT_SESSION_ID}", session["id"])
    return PageAnswer(status=303, location=address)


def _cancelled(session: JsonObject) -> PageAnswer:
    if session["cancel_url"] is None:
        return PageAnswer(status=200, message="This checkout has no page to go back to; it stays open.")
    return _redirect(session, "cancel_url")


def _billing(session: JsonObject, email: str | None, name: str | None) -> JsonObject:
    return {
        "address": {**empty_address(), "country": "US", "postal_code": "10001"},
        "email": session["customer_email"] or (email or "")[:_LONGEST_ANSWER] or _DEFAULT_EMAIL,
        "name": (name or "")[:_LONGEST_ANSWER] or _DEFAULT_NAME,
        "phone": None,
        "tax_id": None,
    }


def _seller(state: SandboxState, cart: Cart) -> str:
    """The name on the page: the connected account's if it has one."""
    transfer = cart.payment_data.get("transfer_data")
    account = state.accounts.get(transfer["destination"]) if transfer else None
    name = account["business_profile"]["name"] if account else None
    return str(name or "your ticket seller")
