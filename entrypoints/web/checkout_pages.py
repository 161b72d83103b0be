"""The page with the buyer's details, and the button that buys.

The page's address contains the tickets, so the page can be reloaded, and a widget on another site can link to it. A
redirect answers its form: reloading the page after it sends nothing again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_400_BAD_REQUEST

from application.catalog.storefront import GetShow
from application.checkout.checkout_form import SubmitCheckoutForm
from application.checkout.claimants import Claimants
from application.checkout.place_orders import CheckoutRequest
from application.checkout.quote import QuoteCart
from application.errors import ApplicationError, PaymentNotPossible, ProofOfWorkRequired, TaxNotConfigured
from application.links import Links
from application.ports.payment import PaymentError
from domain.errors import DomainError, NoTickets, NotOnSaleYet, SaleEnded
from domain.offering import PriceChanged
from domain.orders import Order
from domain.policy import CheckoutPolicy
from entrypoints.http.client_network import client_network
from entrypoints.http.context import note_error
from entrypoints.http.errors import code_of, row_of
from entrypoints.http.proof_of_work import ProofOfWork
from entrypoints.http.rate_limit import count_checkout, limit_quotes
from entrypoints.injection import SharedRouter
from entrypoints.web.checkout_form import CheckoutForm
from entrypoints.web.csrf import csrf_token
from entrypoints.web.page_format import PageFormat
from entrypoints.web.rendering import Pages
from entrypoints.web.sale_view import SaleView
from entrypoints.web.selection import PLAIN_NUMBERS, Selection
from entrypoints.web.show_pages import opened, price, show_context

log = logging.getLogger(__name__)

#: The browser that showed it keeps it, and its back button finds the typed values; otherwise it is fetched again.
_CACHE: Final = {"Cache-Control": "private, no-cache", "Referrer-Policy": "strict-origin-when-cross-origin"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutFormPage:
    """The dependencies of the page."""

    get_show: GetShow
    quote_cart: QuoteCart
    submit_checkout_form: SubmitCheckoutForm
    policy: CheckoutPolicy
    links: Links
    claimants: Claimants
    proof_of_work: ProofOfWork
    pages: Pages

    async def page(
        self, request: Request[Any, Any, Any], show_id: UUID, form: CheckoutForm, status_code: int = HTTP_200_OK
    ) -> Response[str]:
        """The form as it was typed, at today's price, with each error at its field."""
        display, refusal = await opened(request, show_id, form.selection.promo_code, self.get_show)
        quote, problem = await price(replace(form.selection, names={}), display, self.quote_cart, self.policy)
        sale = SaleView.of(display, self.policy, self.pages.now())
        if isinstance(problem, NoTickets | NotOnSaleYet | SaleEnded) and not form.name:
            context = show_context(sale, form.selection, refusal or problem, refusal=refusal)
            return self.pages.page("show.html", context, status_code=HTTP_400_BAD_REQUEST, headers=_CACHE)
        if problem:
            form.refuse(problem)
        form.tell(PageFormat.of(display, self.policy))
        token = csrf_token(request)
        form_key = await self.submit_checkout_form.form_key(token, show_id)
        context = {
            **show_context(sale, form.selection, problem, refusal=refusal),
            "form": form,
            "quote": quote,
            "key": form.key or form_key.key,
            "asks_for_proof": self.proof_of_work.is_asked_by(show_id),
            "csrf_token": token,
            "unpaid": form_key.unpaid,
            "unpaid_url": self.links.order_page(form_key.unpaid) if form_key.unpaid else None,
        }
        return self.pages.page("checkout.html", context, status_code=status_code, headers=_CACHE)

    async def buy(self, request: Request[Any, Any, Any], form: CheckoutForm, wanted: CheckoutRequest) -> Order | int:
        """The order; or the HTTP status for showing the form again, with the reasons in its errors."""
        try:
            return await self.submit_checkout_form(csrf_token(request), form.key, wanted)
        except PriceChanged as error:
            form.refuse(error)
            return row_of(error).status
        except DomainError as error:
            note_error(request.scope, code_of(error))
            form.refuse(error)
            return row_of(error).status
        except TaxNotConfigured as error:
            form.errors[""] = f"{error}."
            return row_of(error).status
        except (ApplicationError, PaymentError) as error:
            log.warning("Checkout in a browser did not go through: %s", error)
            held = isinstance(error, PaymentNotPossible) and not error.hold_released
            form.errors[""] = _HELD if held else _TRY_AGAIN
            return row_of(error).status

    def way_to_pay(self, order: Order) -> str:
        """The address to which the browser goes with its order."""
        url = self.links.checkout_url(order)
        if order.checkout_url == url and not self.pages.policy.leads_to(url):
            # A payment page on the producer's own domain: the form may not redirect there, but a link on our page may
            # lead there.
            return self.links.order_page(order)
        return url


_TRY_AGAIN: Final = "Very many people are buying right now. Nothing was charged. Please press the button once more."
_NO_PROOF: Final = (
    "Your browser has not done the small computation that keeps robots from these tickets, or it was a while ago. "
    "Nothing was held. Please press the button once more; scripts must be allowed on this page for it."
)
_HELD: Final = "Your tickets are held for you, but the payment page did not open. Please press the button once more."


@get("/shows/{show_id:uuid}/checkout", before_request=limit_quotes, include_in_schema=False)
async def checkout_page(
    request: Request[Any, Any, Any], show_id: FromPath[UUID], form_desk: NamedDependency[CheckoutFormPage]
) -> Response[str]:
    """The tickets in the query at their price, and a form for the buyer's details."""
    form = CheckoutForm(Selection.of(dict(request.query_params.items())))
    return await form_desk.page(request, show_id, form)


@post("/shows/{show_id:uuid}/checkout", include_in_schema=False)
async def buy(
    request: Request[Any, Any, Any], show_id: FromPath[UUID], form_desk: NamedDependency[CheckoutFormPage]
) -> Response[Any]:
    """Makes one order, even if the form is sent several times (application.checkout.checkout_form)."""
    fields = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    form = CheckoutForm.of(fields)
    if fields.get("do") == "update":
        await limit_quotes(request)
        return await form_desk.page(request, show_id, form)
    numbers = PLAIN_NUMBERS
    if form.selection.has_amounts:
        numbers = PageFormat.of(await form_desk.get_show(show_id), form_desk.policy).numbers
    wanted = form.request(show_id, form_desk.policy, numbers)
    if wanted is None:
        note_error(request.scope, "invalid_request")
        return await form_desk.page(request, show_id, form, HTTP_400_BAD_REQUEST)
    try:
        await form_desk.proof_of_work.ensure(show_id, fields.get("proof"), by=form.key)
    except ProofOfWorkRequired:
        form.errors[""] = _NO_PROOF
        return await form_desk.page(request, show_id, form, HTTP_400_BAD_REQUEST)
    await count_checkout(request)
    network = client_network(request)
    claimant = form_desk.claimants.of(show_id, email=wanted.customer.email, network=network)
    wanted = replace(wanted, claimant=claimant)
    outcome = await form_desk.buy(request, form, wanted)
    if isinstance(outcome, Order):
        return Redirect(form_desk.way_to_pay(outcome), status_code=HTTP_303_SEE_OTHER)
    return await form_desk.page(request, show_id, form, outcome)


router = SharedRouter("/", route_handlers=[checkout_page, buy])
