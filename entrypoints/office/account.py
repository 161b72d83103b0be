"""The producer's account: who it is, its tax and fees, and where its money goes."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from application.catalog.connected_accounts import ChangeAccount, GetAccount, OnboardProducer
from application.counter.cash import CashRounding, ChangeCashRounding, ReadCashRounding
from application.ports.payment import PaymentError
from domain.catalog import Producer
from domain.errors import DomainError
from domain.fees import FeeBearer
from domain.people import Member, Right
from domain.policy import CheckoutPolicy
from domain.tax import TaxMode
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form
from entrypoints.office.notices import done
from entrypoints.office.rendering import OfficePages

ACCOUNT: Final = "/office/account"
STRIPE: Final = "/office/account/stripe"
LABELS: Final[Mapping[str, str]] = {
    "name": "Name",
    "email": "E-mail",
    "fees": "Fees",
    "tax": "Tax",
    "stripe_account_id": "Stripe account",
    "sure": "Confirmation",
    "cash_rounding": "Cash at the counter",
}
#: Value, words and hint.
TAX: Final = (
    (TaxMode.EXCLUSIVE.value, "On top of the prices", "Buyers see the tax before they pay. Usual in the USA."),
    (TaxMode.INCLUSIVE.value, "Within the prices", "The price that you advertise has the tax in it. Usual in Europe."),
    (TaxMode.OFF.value, "No tax", "Stripe computes none. Choose it if you owe none, or compute it elsewhere."),
)
_FEES: Final = (
    (FeeBearer.BUYER.value, "The buyer", "On top of the ticket's price. You get the whole price."),
    (FeeBearer.PRODUCER.value, "You", "Buyers pay the ticket's price and no more. The fees come out of your share."),
)
_AWAY: Final = "Stripe did not answer, so nothing was changed. Please try again in a moment."


@get("/")
async def page(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_account: NamedDependency[GetAccount],
    read_cash_rounding: NamedDependency[ReadCashRounding],
    policy: NamedDependency[CheckoutPolicy],
) -> Response[str]:
    """How payouts stand, and the form of everything else."""
    account = await get_account(member.actor)
    rounding = await read_cash_rounding(member.actor)
    return _page(request, member, office_pages, account, _filled(account), policy, rounding)


def _filled(account: Producer) -> Form:
    return Form.filled({"name": account.name, "email": account.email, "fees": account.fees, "tax": account.tax})


def _page(
    request: Request[Any, Any, Any],
    member: Member,
    pages: OfficePages,
    account: Producer,
    form: Form,
    policy: CheckoutPolicy,
    rounding: CashRounding,
    cash_form: Form | None = None,
) -> Response[str]:
    write, steps = account.currency.price, rounding.steps
    cash = cash_form or Form.filled({"cash_rounding": rounding.step})
    context = {
        "cash_form": cash,
        "cash_steps": [("0", "Not at all"), *((str(each), f"To {write(each)}") for each in steps)] if steps else [],
        "account": account,
        "form": form,
        "labels": LABELS,
        "fees": _FEES,
        "tax": TAX,
        "fee_words": _fee_words(account, policy),
    }
    status = form.status if form.errors else cash.status
    return pages.page(request, member, "office/account.html", context, active="account", status_code=status)


def _fee_words(account: Producer, policy: CheckoutPolicy) -> str:
    """What the fees are, such as "$1.50 for each ticket, and 2.9 % + $0.30 of each order"."""
    terms, currency = policy.terms(account.currency), account.currency
    platform, fixed = (
        currency.price(currency.to_minor(amount)) for amount in (terms.platform_fee, terms.processing_fee_fixed)
    )
    share = f"{(policy.processing_fee_rate * 100).normalize():f}"
    return f"{platform} for each ticket that is not free, and {share} % + {fixed} of each order"


@post("/")
async def change(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_account: NamedDependency[GetAccount],
    change_account: NamedDependency[ChangeAccount],
    read_cash_rounding: NamedDependency[ReadCashRounding],
    policy: NamedDependency[CheckoutPolicy],
) -> Response[Any]:
    """Changes name, address, fees and tax. The Stripe account stays."""
    form, account = await Form.read(request), await get_account(member.actor)
    form.refuse_if_changed(_filled(account))
    name, email = form.text("name", required=True), form.text("email", required=True)
    fees = form.one_of("fees", list(FeeBearer))
    tax = form.one_of("tax", list(TaxMode))
    if form.is_good:
        try:
            await change_account(
                member.actor,
                name=name,
                email=email,
                stripe_account_id=account.financial.stripe_account_id,
                tax=TaxMode(tax),
                fees=FeeBearer(fees),
            )
            return done(ACCOUNT, "account-changed")
        except DomainError as error:
            form.refuse(error)
        except PaymentError:
            _stripe_is_away(form)
    rounding = await read_cash_rounding(member.actor)
    return _page(request, member, office_pages, account, form, policy, rounding)


@post("/cash")
async def change_cash(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_account: NamedDependency[GetAccount],
    read_cash_rounding: NamedDependency[ReadCashRounding],
    change_cash_rounding: NamedDependency[ChangeCashRounding],
    policy: NamedDependency[CheckoutPolicy],
) -> Response[Any]:
    """To which coins the counter rounds cash, from the next shift on."""
    form, rounding = await Form.read(request), await read_cash_rounding(member.actor)
    step = form.one_of("cash_rounding", ["0", *map(str, rounding.steps)])
    if form.is_good:
        await change_cash_rounding(member.actor, int(step))
        return done(ACCOUNT, "account-changed")
    account = await get_account(member.actor)
    return _page(request, member, office_pages, account, _filled(account), policy, rounding, form)


@post("/onboarding")
async def onboard(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    onboard_producer: NamedDependency[OnboardProducer],
) -> Response[Any]:
    """Leads to Stripe's own pages. The answer is a page, as a form may not redirect to another site."""
    link = await onboard_producer(member.actor, come_back_path=f"{ACCOUNT}?done=back-from-stripe")
    context = {"url": link.url}
    headers = {"Refresh": f"0; url={link.url}"}
    return office_pages.page(request, member, "office/account_leads.html", context, active="account", headers=headers)


@get("/stripe")
async def stripe_page(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_account: NamedDependency[GetAccount],
) -> Response[str]:
    """The form that sends the money of new orders elsewhere."""
    account = await get_account(member.actor)
    form = Form.filled({"stripe_account_id": account.financial.stripe_account_id})
    return _stripe_page(request, member, office_pages, account, form)


def _stripe_page(
    request: Request[Any, Any, Any], member: Member, pages: OfficePages, account: Producer, form: Form
) -> Response[str]:
    context = {"account": account, "form": form, "labels": LABELS}
    return pages.page(request, member, "office/account_stripe.html", context, active="account", status_code=form.status)


@post("/stripe")
async def change_stripe(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_account: NamedDependency[GetAccount],
    change_account: NamedDependency[ChangeAccount],
) -> Response[Any]:
    """Connects another Stripe account, or none."""
    form, account = await Form.read(request), await get_account(member.actor)
    form.refuse_if_changed(Form.filled({"stripe_account_id": account.financial.stripe_account_id}))
    account_id = form.text("stripe_account_id", most=255) or None
    if not form.checked("sure"):
        form.wrong("sure", "Please confirm that this is what you want.")
    if form.is_good:
        try:
            await change_account(member.actor, name=account.name, email=None, stripe_account_id=account_id)
            return done(ACCOUNT, "stripe-changed" if account_id else "stripe-removed")
        except DomainError as error:
            form.refuse(error)
        except PaymentError:
            _stripe_is_away(form)
    return _stripe_page(request, member, office_pages, account, form)


def _stripe_is_away(form: Form) -> None:
    form.wrong("", _AWAY)
    form.status = HTTPStatus.SERVICE_UNAVAILABLE


router = office_router(ACCOUNT, page, change, change_cash, onboard, stripe_page, change_stripe, right=Right.ACCOUNT)
