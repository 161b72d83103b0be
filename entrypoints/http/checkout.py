"""Quote, checkout, and the two addresses to which Stripe sends the buyer back."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER

from application.checkout.checkout import Checkout
from application.checkout.claimants import Claimants
from application.checkout.place_orders import CheckoutRequest
from application.checkout.quote import QuoteCart
from application.links import Links, OrderTokens
from application.orders.details import GetOrder
from application.payments.completion import CompleteOrder
from application.ports.payment import PaymentError
from domain.errors import NotFound
from domain.orders import Order
from domain.policy import CheckoutPolicy
from entrypoints.http.client_network import client_network
from entrypoints.http.idempotency import IdempotencyKey, idempotency_of
from entrypoints.http.openapi import answers
from entrypoints.http.payment_return import with_word_of_payment
from entrypoints.http.proof_of_work import ProofHeader, ProofOfWork, get_challenge
from entrypoints.http.rate_limit import count_checkout, ensure_not_guessing, limit_quotes, limit_returns
from entrypoints.http.schemas import CheckoutIn, CheckoutOut, QuoteIn, QuoteOut
from entrypoints.http.strict_json import StrictJson
from entrypoints.injection import SharedRouter

log = logging.getLogger(__name__)

_REFUSALS_OF_A_CART = (
    "invalid_quantity",
    "no_tickets",
    "too_many_tickets",
    "order_total_exceeded",
    "donation_too_large",
    "donation_too_small",
    "donation_not_allowed",
    "show_ended",
    "show_unavailable",
    "not_on_sale_yet",
    "sale_ended",
    "ticket_not_found",
    "tickets_unavailable",
    "invalid_promo_code",
    "promo_code_exhausted",
    "producer_payment_missing",
    "not_found",
)


@dataclass(frozen=True, slots=True)
class CheckoutDependencies:
    """The dependencies of the two hottest handlers, as one: Litestar would start a task for each of several."""

    checkout: Checkout
    quote_cart: QuoteCart
    policy: CheckoutPolicy
    links: Links
    claimants: Claimants
    proof_of_work: ProofOfWork


@post(
    "/quote",
    status_code=HTTP_200_OK,
    dto=StrictJson[QuoteIn],
    return_dto=None,
    before_request=limit_quotes,
    summary="Price a cart",
    operation_id="quote",
    responses=answers(*_REFUSALS_OF_A_CART, "rate_limited"),
)
async def quote(
    request: Request[Any, Any, Any], data: JSONBody[QuoteIn], checkout_desk: NamedDependency[CheckoutDependencies]
) -> QuoteOut:
    """The present price of the cart. Nothing is held."""
    await ensure_not_guessing(request, data.promo_code)
    return QuoteOut.of(await checkout_desk.quote_cart(data.to_cart(checkout_desk.policy)))


@post(
    "/checkout",
    dto=StrictJson[CheckoutIn],
    return_dto=None,
    summary="Hold tickets and open a payment page",
    operation_id="checkout",
    responses=answers(
        "invalid_email",
        "invalid_name",
        "invalid_phone",
        *_REFUSALS_OF_A_CART,
        "checkout_in_progress",
        "price_changed",
        "idempotency_key_reused",
        "hold_limit_reached",
        "proof_of_work_required",
        "rate_limited",
        "tax_not_configured",
        "busy",
        "payment_unavailable",
    ),
)
async def create(
    request: Request[Any, Any, Any],
    data: JSONBody[CheckoutIn],
    checkout_desk: NamedDependency[CheckoutDependencies],
    idempotency_key: IdempotencyKey = None,
    proof: ProofHeader = None,
) -> CheckoutOut:
    """The tickets are held until ``expires_at``, or sold at once when they are free."""
    order = await place(request, data, checkout_desk, key=idempotency_key, proof=proof)
    return CheckoutOut.of_order(order, checkout_desk.links)


async def place(
    request: Request[Any, Any, Any],
    data: CheckoutIn,
    desk: CheckoutDependencies,
    *,
    key: str | None,
    proof: str | None,
) -> Order:
    """The order of a checkout. ``key`` is its Idempotency-Key, ``proof`` its proof of work.

    Raises what docs/api.md lists for a checkout.
    """
    customer = data.customer.to_customer()
    wanted = CheckoutRequest(
        cart=data.to_cart(desk.policy),
        customer=customer,
        expected_total=data.expected_total,
        idempotency=idempotency_of(key, data),
        claimant=desk.claimants.of(data.show_id, email=customer.email, network=client_network(request)),
    )
    await desk.proof_of_work.ensure(data.show_id, proof, by=key)
    await count_checkout(request)
    return await desk.checkout(wanted)


@get(
    "/checkout/success",
    status_code=HTTP_303_SEE_OTHER,
    before_request=limit_returns,
    summary="The buyer comes back from paying",
    operation_id="checkout_success",
    responses=answers("not_found", "rate_limited"),
)
async def success(
    session_id: FromQuery[str],
    complete_order: NamedDependency[CompleteOrder],
    links: NamedDependency[Links],
) -> Redirect:
    """Completes the order if Stripe says that it is paid, and redirects to its page. The same on every repetition.

    ``session_id`` is Stripe's own (cs_…), of an order that was placed here. A free order's label (FREE-…) is not a
    session: the ``checkout_url`` of its checkout already is its page.
    """
    try:
        order = await complete_order(session_id)
    except PaymentError as error:
        # A buyer who has done their part still gets the order's page, which shows its state.
        order = await complete_order.find(session_id)
        log.warning("Order %s is not completed yet: %s", order.id, error)
        return with_word_of_payment(Redirect(links.order_page(order), status_code=HTTP_303_SEE_OTHER), order)
    return Redirect(links.order_page(order), status_code=HTTP_303_SEE_OTHER)


@get(
    "/checkout/cancel",
    status_code=HTTP_303_SEE_OTHER,
    summary="The buyer comes back without paying",
    operation_id="checkout_cancel",
    responses=answers("not_found"),
)
async def cancel(
    order_id: FromQuery[UUID],
    token: FromQuery[str],
    get_order: NamedDependency[GetOrder],
    order_tokens: NamedDependency[OrderTokens],
    links: NamedDependency[Links],
) -> Redirect:
    """Cancels nothing: the order's page offers to go on paying, or to cancel."""
    if not order_tokens.matches(order_id, token):
        raise NotFound("No such order")
    return Redirect(links.order_page((await get_order(order_id)).order), status_code=HTTP_303_SEE_OTHER)


router = SharedRouter("/", route_handlers=[quote, get_challenge, create, success, cancel], tags=["Checkout"])
