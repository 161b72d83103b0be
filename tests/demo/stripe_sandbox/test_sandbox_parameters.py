"""The sandbox refuses what Stripe refuses, with the same code and the same parameter."""

import time
from typing import Any

import aiohttp
import pytest
import stripe

from demo.stripe_sandbox import StripeRefusal, StripeSandbox
from demo.stripe_sandbox.api.parameters import checked
from demo.stripe_sandbox.protocol.forms import decode_form
from tests.demo.stripe_sandbox.conftest import CheckoutParams


def price(**changes: Any) -> dict[str, Any]:
    data = {"currency": "usd", "unit_amount": 2500, "product_data": {"name": "Stalls"}} | changes
    return {name: value for name, value in data.items() if value is not None}


def line(**changes: Any) -> list[dict[str, Any]]:
    item = {"quantity": 1, "price_data": price()} | changes
    return [{name: value for name, value in item.items() if value is not None}]


async def refusal(client: stripe.StripeClient, params: Any) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.v1.checkout.sessions.create_async(params=params)
    return refused.value


IN_30_MINUTES = 30 * 60
IN_24_HOURS = 24 * 3600

REFUSED: list[tuple[str, dict[str, Any], str | None, str | None]] = [
    ("unknown", {"foo": "bar"}, "parameter_unknown", "foo"),
    ("unknown inside", {"automatic_tax": {"enabled": True, "x": 1}}, "parameter_unknown", "automatic_tax[x]"),
    ("removed", {"payment_method_types": ["card"]}, "parameter_unknown", "payment_method_types"),
    ("no mode", {"mode": None}, "parameter_missing", "mode"),
    ("bad mode", {"mode": "gift"}, None, "mode"),
    ("subscription", {"mode": "subscription"}, None, "mode"),
    ("embedded", {"ui_mode": "embedded_page"}, None, "ui_mode"),
    (
        "missing inside",
        {"automatic_tax": {"liability": {"type": "self"}}},
        "parameter_missing",
        "automatic_tax[enabled]",
    ),
    ("no success url", {"success_url": None}, "parameter_missing", "success_url"),
    ("bad success url", {"success_url": "tickets"}, "url_invalid", "success_url"),
    ("bad cancel url", {"cancel_url": "http://[::1"}, "url_invalid", "cancel_url"),
    ("empty", {"cancel_url": ""}, "parameter_invalid_empty", "cancel_url"),
    ("bad email", {"customer_email": "ada"}, "email_invalid", "customer_email"),
    ("email not ASCII", {"customer_email": "ada@bücher.example"}, "email_invalid", "customer_email"),
    ("too long", {"client_reference_id": "x" * 201}, None, "client_reference_id"),
    ("bad boolean", {"allow_promotion_codes": "maybe"}, None, "allow_promotion_codes"),
    ("bad integer", {"expires_at": "soon"}, "parameter_invalid_integer", "expires_at"),
    ("string for object", {"automatic_tax": "yes"}, None, "automatic_tax"),
    ("object for string", {"cancel_url": {"a": "b"}}, None, "cancel_url"),
    ("string for array", {"line_items": "all"}, None, "line_items"),
    ("no customer", {"customer": "cus_1"}, "resource_missing", "customer"),
    ("coupons", {"discounts": [{"coupon": "half"}]}, None, "discounts"),
    ("no lines", {"line_items": None}, "parameter_missing", "line_items"),
    ("empty lines", {"line_items": {}}, "parameter_missing", "line_items"),
    ("too many lines", {"line_items": line() * 101}, None, "line_items"),
    ("two currencies", {"line_items": line() + line(price_data=price(currency="eur"))}, None, "line_items"),
    ("currency apart", {"currency": "eur"}, None, "currency"),
    ("no price", {"line_items": line(price_data=None)}, "parameter_missing", "line_items[0]"),
    (
        "stored price",
        {"line_items": line(price_data=None, price="price_1")},
        "resource_missing",
        "line_items[0][price]",
    ),
    ("both prices", {"line_items": line(price="price_1")}, "parameters_exclusive", "line_items[0][price]"),
    (
        "adjustable",
        {"line_items": line(adjustable_quantity={"enabled": True})},
        None,
        "line_items[0][adjustable_quantity]",
    ),
    ("no quantity", {"line_items": line(quantity=None)}, "parameter_missing", "line_items[0][quantity]"),
    ("zero quantity", {"line_items": line(quantity=0)}, "parameter_invalid_integer", "line_items[0][quantity]"),
]

REFUSED_PRICES: list[tuple[str, dict[str, Any], str | None, str]] = [
    ("no currency", {"currency": None}, "parameter_missing", "currency"),
    ("bad currency", {"currency": "dollars"}, None, "currency"),
    ("no amount", {"unit_amount": None}, "parameter_missing", "unit_amount"),
    ("negative", {"unit_amount": -1}, "parameter_invalid_integer", "unit_amount"),
    ("fraction", {"unit_amount": "12.5"}, "parameter_invalid_integer", "unit_amount"),
    ("decimal", {"unit_amount": None, "unit_amount_decimal": "12.5"}, None, "unit_amount_decimal"),
    ("bad decimal", {"unit_amount": None, "unit_amount_decimal": "1e9"}, None, "unit_amount_decimal"),
    ("recurring", {"recurring": {"interval": "month"}}, None, "recurring"),
    ("no product", {"product_data": None}, "parameter_missing", "product_data"),
    ("stored product", {"product_data": None, "product": "prod_1"}, "resource_missing", "product"),
    ("both products", {"product": "prod_1"}, "parameters_exclusive", "product"),
    ("nameless", {"product_data": {"description": "Row A"}}, "parameter_missing", "product_data][name"),
]

REFUSED_PAYMENTS: list[tuple[str, dict[str, Any], str | None, str]] = [
    ("fee above total", {"application_fee_amount": 5485}, None, "application_fee_amount"),
    ("zero fee", {"application_fee_amount": 0}, "parameter_invalid_integer", "application_fee_amount"),
    ("fee without destination", {"transfer_data": None}, None, "application_fee_amount"),
    (
        "fee and amount",
        {"transfer_data": {"destination": "acct_1", "amount": 5}},
        "parameters_exclusive",
        "application_fee_amount",
    ),
    ("part above total", {"transfer_data": {"destination": "acct_1", "amount": 9999}}, None, "transfer_data][amount"),
    (
        "no such destination",
        {"transfer_data": {"destination": "globe"}},
        "resource_missing",
        "transfer_data][destination",
    ),
    ("manual capture", {"capture_method": "manual"}, None, "capture_method"),
    ("behalf of nobody", {"on_behalf_of": "globe"}, "resource_missing", "on_behalf_of"),
]


@pytest.mark.parametrize(
    ("changes", "code", "param"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
async def test_session_parameters_are_refused_as_at_stripe(
    changes: dict[str, Any],
    code: str | None,
    param: str,
    client: stripe.StripeClient,
    checkout_params: CheckoutParams,
) -> None:
    refused = await refusal(client, checkout_params(**changes))
    assert (refused.code, refused.param) == (code, param)
    assert refused.http_status == (404 if code == "resource_missing" else 400)
    assert str(refused.request_id).startswith("req_")


@pytest.mark.parametrize(
    ("changes", "code", "name"), [case[1:] for case in REFUSED_PRICES], ids=[case[0] for case in REFUSED_PRICES]
)
async def test_prices_are_refused_as_at_stripe(
    changes: dict[str, Any], code: str | None, name: str, client: stripe.StripeClient, checkout_params: CheckoutParams
) -> None:
    refused = await refusal(client, checkout_params(line_items=line(price_data=price(**changes))))
    assert (refused.code, refused.param) == (code, f"line_items[0][price_data][{name}]")


@pytest.mark.parametrize(
    ("changes", "code", "name"), [case[1:] for case in REFUSED_PAYMENTS], ids=[case[0] for case in REFUSED_PAYMENTS]
)
async def test_payment_data_are_refused_as_at_stripe(
    changes: dict[str, Any], code: str | None, name: str, client: stripe.StripeClient, checkout_params: CheckoutParams
) -> None:
    data = checkout_params()["payment_intent_data"] | changes
    data = {key: value for key, value in data.items() if value is not None}
    refused = await refusal(client, checkout_params(payment_intent_data=data))
    assert (refused.code, refused.param) == (code, f"payment_intent_data[{name}]")


@pytest.mark.parametrize(
    ("currency", "unit_amount", "code"),
    [
        ("usd", 49, "amount_too_small"),
        ("usd", 50, None),
        ("gbp", 29, "amount_too_small"),
        ("gbp", 30, None),
        ("jpy", 50, None),
        ("kwd", 40, "amount_too_small"),
        ("USD", 99_999_999, None),
        ("usd", 100_000_000, "amount_too_large"),
        ("jpy", 100_000_000, None),
        ("jpy", 10_000_000_000, "amount_too_large"),
        ("vnd", 100_000_000, "amount_too_large"),
    ],
)
async def test_totals_outside_stripes_bounds_are_refused(
    currency: str, unit_amount: int, code: str | None, client: stripe.StripeClient, checkout_params: CheckoutParams
) -> None:
    items = line(price_data=price(currency=currency, unit_amount=unit_amount))
    params = checkout_params(line_items=items, payment_intent_data=None)
    if code is None:
        session = await client.v1.checkout.sessions.create_async(params=params)
        assert (session.currency, session.amount_total) == (currency.lower(), unit_amount)
    else:
        assert (await refusal(client, params)).code == code


@pytest.mark.parametrize(
    ("currency", "accepted", "refused"),
    [("isk", 500, 550), ("ugx", 5_000, 5_050), ("kwd", 5_120, 5_124), ("tnd", 500, 505), ("huf", 17_501, None)],
)
async def test_amounts_whose_last_digits_must_be_zero_are_refused_where_they_are_not(
    currency: str, accepted: int, refused: int | None, client: stripe.StripeClient, checkout_params: CheckoutParams
) -> None:
    def params(amount: int) -> Any:
        items = line(price_data=price(currency=currency, unit_amount=amount))
        return checkout_params(line_items=items, payment_intent_data=None)

    session = await client.v1.checkout.sessions.create_async(params=params(accepted))
    assert session.amount_total == accepted
    if refused is not None:
        error = await refusal(client, params(refused))
        assert (error.code, error.param) == ("parameter_invalid_integer", "line_items[0][price_data][unit_amount]")


async def test_a_currency_that_stripe_does_not_charge_in_is_refused(
    client: stripe.StripeClient, checkout_params: CheckoutParams
) -> None:
    items = line(price_data=price(currency="xdr"))
    refused = await refusal(client, checkout_params(line_items=items, payment_intent_data=None))
    assert refused.param == "line_items[0][price_data][currency]"


@pytest.mark.parametrize(
    ("life_seconds", "accepted"),
    [
        (IN_30_MINUTES - 1, False),
        (IN_30_MINUTES + 5, True),
        (IN_24_HOURS - 5, True),
        (IN_24_HOURS + 60, False),
    ],
)
async def test_expires_at_is_between_30_minutes_and_24_hours_away(
    life_seconds: int, accepted: bool, client: stripe.StripeClient, checkout_params: CheckoutParams
) -> None:
    params = checkout_params(expires_at=int(time.time()) + life_seconds)
    if accepted:
        session = await client.v1.checkout.sessions.create_async(params=params)
        assert session.expires_at == params["expires_at"]
    else:
        assert (await refusal(client, params)).param == "expires_at"


async def test_a_session_without_expires_at_lives_a_day(
    client: stripe.StripeClient, checkout_params: CheckoutParams
) -> None:
    session = await client.v1.checkout.sessions.create_async(params=checkout_params(expires_at=None))
    assert session.expires_at == session.created + IN_24_HOURS


@pytest.mark.parametrize(
    ("metadata", "param"),
    [
        ({f"key{index}": "x" for index in range(51)}, "metadata"),
        ({"k" * 41: "x"}, f"metadata[{'k' * 41}]"),
        ({"title": "x" * 501}, "metadata[title]"),
        ({"nested": {"a": "b"}}, "metadata[nested]"),
    ],
)
async def test_metadata_over_stripes_limits_is_refused(
    metadata: dict[str, Any], param: str, client: stripe.StripeClient, checkout_params: CheckoutParams
) -> None:
    assert (await refusal(client, checkout_params(metadata=metadata))).param == param


async def test_metadata_at_stripes_limits_is_taken(
    client: stripe.StripeClient, checkout_params: CheckoutParams
) -> None:
    metadata = {f"{index:02}".ljust(40, "k"): "é" * 500 for index in range(50)}
    session = await client.v1.checkout.sessions.create_async(params=checkout_params(metadata=metadata))
    assert session.metadata is not None
    assert session.metadata.to_dict() == metadata


@pytest.mark.parametrize("authorization", [None, "Bearer ", "Bearer globe", "Bearer sk_live_1", "Basic !", "Digest x"])
async def test_a_missing_or_wrong_key_is_unauthorized(
    authorization: str | None, sandbox: StripeSandbox, http: aiohttp.ClientSession
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    async with http.get(f"{sandbox.url}/v1/account", headers=headers) as answer:
        assert answer.status == 401
        assert (await answer.json())["error"]["type"] == "invalid_request_error"
        assert answer.headers["Request-Id"].startswith("req_")


async def test_the_key_may_come_as_user_name(sandbox: StripeSandbox, http: aiohttp.ClientSession) -> None:
    headers = {"Authorization": aiohttp.encode_basic_auth("sk_test_sandbox", "")}
    async with http.get(f"{sandbox.url}/v1/account", headers=headers) as answer:
        assert answer.status == 200


async def test_the_sdk_sees_an_authentication_error(client_of: Any, sandbox: StripeSandbox) -> None:
    with pytest.raises(stripe.AuthenticationError):
        await client_of(sandbox, key="sk_live_wrong_mode").v1.checkout.sessions.list_async()


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/payouts"), ("DELETE", "/v1/refunds"), ("POST", "/v1")])
async def test_an_unknown_url_is_not_found(
    method: str, path: str, sandbox: StripeSandbox, http: aiohttp.ClientSession
) -> None:
    async with http.request(method, f"{sandbox.url}{path}") as answer:
        assert answer.status == 404
        assert "Unrecognized request URL" in (await answer.json())["error"]["message"]


async def test_a_body_that_is_not_a_form_is_refused(sandbox: StripeSandbox, http: aiohttp.ClientSession) -> None:
    headers = {"Authorization": "Bearer sk_test_x"}
    async with http.post(f"{sandbox.url}/v1/refunds", json={"charge": "ch_1"}, headers=headers) as answer:
        assert answer.status == 400
        assert "content type" in (await answer.json())["error"]["message"]


async def test_answers_name_the_request_and_the_version(sandbox: StripeSandbox, http: aiohttp.ClientSession) -> None:
    headers = {"Authorization": "Bearer sk_test_x", "Stripe-Version": "2026-10-28.endive"}
    async with http.get(f"{sandbox.url}/v1/account", headers=headers) as answer:
        assert answer.headers["Stripe-Version"] == "2026-10-28.endive"
        assert answer.headers["Request-Id"].startswith("req_")
        assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("read", "code"),
    [
        (lambda v1: v1.checkout.sessions.retrieve_async("cs_test_none"), "resource_missing"),
        (lambda v1: v1.payment_intents.retrieve_async("pi_none"), "resource_missing"),
        (lambda v1: v1.charges.retrieve_async("ch_none"), "resource_missing"),
        (lambda v1: v1.transfers.retrieve_async("tr_none"), "resource_missing"),
        (lambda v1: v1.refunds.retrieve_async("re_none"), "resource_missing"),
        (lambda v1: v1.events.retrieve_async("evt_none"), "resource_missing"),
        (lambda v1: v1.charges.list_async(params={"starting_after": "ch_none"}), "resource_missing"),
        (lambda v1: v1.charges.list_async(params={"limit": 101}), None),
        (lambda v1: v1.charges.list_async(params={"limit": 0}), None),
        (lambda v1: v1.events.list_async(params={"type": "a", "types": ["b"]}), "parameters_exclusive"),
    ],
)
async def test_reading_what_is_not_there_is_refused(read: Any, code: str | None, client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await read(client.v1)
    assert refused.value.code == code


def test_nested_forms_are_decoded() -> None:
    assert decode_form("a[0][b][c]=1&a[0][d]=%C3%A9&a[1]=x&e[]=1&e[]=2&f=") == {
        "a": {"0": {"b": {"c": "1"}, "d": "é"}, "1": "x"},
        "e": {"0": "1", "1": "2"},
        "f": "",
    }


@pytest.mark.parametrize("encoded", ["a=1&a[b]=2", "a[b]=2&a=1"])
def test_a_form_that_contradicts_itself_is_refused(encoded: str) -> None:
    with pytest.raises(StripeRefusal, match="Invalid object"):
        decode_form(encoded)


def test_hashes_with_keys_of_the_callers_choice_are_checked_inside() -> None:
    schema = {
        "type": "object",
        "properties": {
            "options": {"type": "object", "additionalProperties": {"type": "integer"}},
            "anything": {"type": "object"},
        },
    }
    params = {"options": {"usd": "5"}, "anything": {"x": "y"}}
    assert checked(params, schema) == {"options": {"usd": 5}, "anything": {"x": "y"}}
    with pytest.raises(StripeRefusal) as refused:
        checked({"options": {"usd": "five"}}, schema)
    assert refused.value.error["param"] == "options[usd]"


def test_a_value_that_fits_no_choice_is_refused() -> None:
    schema = {"type": "object", "properties": {"x": {"anyOf": [{"type": "string", "enum": [""]}, {"type": "integer"}]}}}
    assert checked({"x": ""}, schema) == {"x": ""}
    assert checked({"x": "7"}, schema) == {"x": 7}
    with pytest.raises(StripeRefusal):
        checked({"x": {"y": "7"}}, schema)
