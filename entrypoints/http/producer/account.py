"""The producer's account: GET and PUT /account, and onboarding at Stripe."""

from __future__ import annotations

from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from application.catalog.connected_accounts import ChangeAccount, GetAccount, OnboardProducer
from application.counter.cash import ChangeCashRounding, ReadCashRounding
from domain.access import Actor, Scope
from domain.errors import InvalidAmount
from entrypoints.http.access import guarded_router
from entrypoints.http.openapi import answers
from entrypoints.http.producer.schemas import AccountIn, CashRoundingIn, CashRoundingOut, OnboardingOut
from entrypoints.http.schemas import AccountOut
from entrypoints.http.strict_json import StrictJson


@get("/", summary="Get the producer's account", operation_id="get_account")
async def get_one(actor: NamedDependency[Actor], get_account: NamedDependency[GetAccount]) -> AccountOut:
    """Stripe is asked whether charges are enabled until they are; after that Stripe reports when it changes."""
    return AccountOut.of(await get_account(actor))


@put(
    "/",
    dto=StrictJson[AccountIn],
    return_dto=None,
    summary="Change the producer's account",
    operation_id="change_account",
    responses=answers("invalid_email", "payment_unavailable"),
)
async def change(
    data: JSONBody[AccountIn], actor: NamedDependency[Actor], change_account: NamedDependency[ChangeAccount]
) -> AccountOut:
    """The currency stays: prices and orders are in it. Open orders are paid to the account that they were placed with.

    A token of the scope ``catalog`` may name the first Stripe account. Exchanging or removing it needs ``account``.

    Any change is mailed to the previous e-mail address: what was changed, when, and with which token.
    """
    account = await change_account(
        actor, name=data.name, email=data.email, stripe_account_id=data.stripe_account_id, tax=data.tax, fees=data.fees
    )
    return AccountOut.of(account)


@post(
    "/onboarding",
    status_code=HTTP_200_OK,
    summary="Go to Stripe's onboarding",
    operation_id="start_onboarding",
    responses=answers("payment_unavailable"),
)
async def onboard(actor: NamedDependency[Actor], onboard_producer: NamedDependency[OnboardProducer]) -> OnboardingOut:
    """A link to Stripe's pages, where the producer identifies itself. A producer without a Stripe account gets one
    first, and a mail that says so.
    """
    link = await onboard_producer(actor)
    return OnboardingOut(link.url, link.expires_at)


@get("/cash-rounding", summary="Get how the counter rounds cash", operation_id="get_cash_rounding", responses=answers())
async def get_rounding(
    actor: NamedDependency[Actor], read_cash_rounding: NamedDependency[ReadCashRounding]
) -> CashRoundingOut:
    """Orders keep their totals. What is taken in cash is rounded to the nearest step, halves up, and the difference is
    counted apart in the shift.
    """
    return CashRoundingOut.of(await read_cash_rounding(actor))


@put(
    "/cash-rounding",
    dto=StrictJson[CashRoundingIn],
    return_dto=None,
    summary="Change how the counter rounds cash",
    operation_id="change_cash_rounding",
    responses=answers(),
)
async def change_rounding(
    data: JSONBody[CashRoundingIn],
    actor: NamedDependency[Actor],
    read_cash_rounding: NamedDependency[ReadCashRounding],
    change_cash_rounding: NamedDependency[ChangeCashRounding],
) -> CashRoundingOut:
    """From the next shift of each till on. A step that the currency has not is 400 `invalid_request`."""
    currency = (await read_cash_rounding(actor)).currency
    try:
        step = None if data.cash_rounding is None else currency.to_minor(data.cash_rounding)
    except InvalidAmount as error:
        raise InvalidAmount(str(error), field="cash_rounding") from None
    return CashRoundingOut.of(await change_cash_rounding(actor, step))


router = guarded_router(
    "/account",
    get_one,
    change,
    onboard,
    get_rounding,
    change_rounding,
    scopes=[Scope.CATALOG, Scope.ACCOUNT],
    tags=["Producer: account"],
)
