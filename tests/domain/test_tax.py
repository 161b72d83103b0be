"""Tax on top of the prices, within them, or not at all; and addresses that tax can be computed by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.errors import InvalidRequest, PaymentMismatch
from domain.orders import Order, Receipt
from domain.refunds import refundable_amount
from domain.stock import Stock
from domain.tax import TaxMode, VenueAddress
from tests.support.factories import NOW, cart, customer, issue, offering, producer, show, ticket, venue_address

STALLS = ticket(price=25_00)
#: 2 x 25.00 with fees.
TOTAL = 54_84


def placed(tax: TaxMode, *, address: VenueAddress | None = None) -> tuple[Order, Stock]:
    evening = show(venue_address=address)
    seats = replace(STALLS, show_id=evening.id)
    on_sale = offering(seats, by=producer(tax=tax))
    on_sale = replace(on_sale, show=replace(on_sale.show, venue_address=address))
    seats = replace(seats, show_id=on_sale.show.id)
    order = on_sale.place(cart((seats, 2)), customer(), order_id=evening.id, issue=issue, now=NOW)
    return order, on_sale.stock


def paid(tax_mode: TaxMode, *, amount: int, tax: int) -> Order:
    order, stock = placed(tax_mode)
    return order.completed(Receipt(amount=amount, tax=tax, currency="usd"), stock, issue=issue, now=NOW)


@pytest.mark.parametrize(
    ("mode", "amount", "tax"),
    [
        (TaxMode.EXCLUSIVE, TOTAL + 5_48, 5_48),
        (TaxMode.EXCLUSIVE, TOTAL, 0),
        (TaxMode.INCLUSIVE, TOTAL, 4_99),
        (TaxMode.OFF, TOTAL, 0),
    ],
)
def test_what_was_paid_is_the_total_with_tax_on_top_or_within_it(mode: TaxMode, amount: int, tax: int) -> None:
    order = paid(mode, amount=amount, tax=tax)
    assert (order.amount_paid, order.tax, order.tax_added) == (amount, tax, amount - TOTAL)


@pytest.mark.parametrize(
    ("mode", "amount", "tax"),
    [
        (TaxMode.EXCLUSIVE, TOTAL, 4_99),
        (TaxMode.INCLUSIVE, TOTAL + 5_48, 5_48),
        (TaxMode.INCLUSIVE, TOTAL - 4_99, 4_99),
        (TaxMode.OFF, TOTAL + 1, 0),
    ],
)
def test_any_other_amount_is_not_what_the_order_costs(mode: TaxMode, amount: int, tax: int) -> None:
    with pytest.raises(PaymentMismatch):
        paid(mode, amount=amount, tax=tax)


@pytest.mark.parametrize("mode", list(TaxMode))
def test_a_refund_of_everybody_is_all_that_was_paid(mode: TaxMode) -> None:
    tax = {TaxMode.EXCLUSIVE: 5_48, TaxMode.INCLUSIVE: 4_99, TaxMode.OFF: 0}[mode]
    order = paid(mode, amount=TOTAL + (tax if mode is TaxMode.EXCLUSIVE else 0), tax=tax)
    everybody = [attendee.id for attendee in order.attendees]
    assert refundable_amount(order, everybody, refund_fees=True) == order.amount_paid
    halves = [refundable_amount(order, [one], refund_fees=True) for one in everybody]
    assert sum(halves) == order.amount_paid


def test_without_fees_the_tax_within_the_price_goes_back_with_it() -> None:
    order = paid(TaxMode.INCLUSIVE, amount=TOTAL, tax=4_99)
    assert refundable_amount(order, [order.attendees[0].id], refund_fees=False) == 25_00


@pytest.mark.parametrize(
    ("mode", "keeps"), [(TaxMode.EXCLUSIVE, True), (TaxMode.INCLUSIVE, True), (TaxMode.OFF, False)]
)
def test_an_order_keeps_how_and_where_it_is_taxed(mode: TaxMode, keeps: bool) -> None:
    order, _ = placed(mode, address=venue_address())
    assert order.tax_mode is mode
    assert order.venue_address == (venue_address() if keeps else None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"country": "USA"}, "country"),
        ({"country": "us"}, "country"),
        ({"country": "ZZ"}, "country"),
        ({"country": "EU"}, "country"),
        ({"country": ""}, "country"),
        ({"line1": " "}, "line1"),
        ({"line1": "x" * 201}, "line1"),
        ({"line2": "a\nb"}, "line2"),
        ({"city": ""}, "city"),
        ({"state": ""}, "state"),
        ({"postal_code": ""}, "postal_code"),
        ({"postal_code": "1" * 21}, "postal_code"),
        ({"country": "CA", "postal_code": ""}, "postal_code"),
    ],
)
def test_an_address_that_no_tax_can_be_computed_by_is_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        venue_address(**changes)
    assert refused.value.field == f"venue_address.{field}"


@pytest.mark.parametrize(
    "changes",
    [
        {"country": "DE", "state": "", "postal_code": ""},
        {"country": "IE", "postal_code": ""},
        {"line1": "x" * 200},
        {"postal_code": "1" * 20},
    ],
)
def test_an_address_has_what_its_country_needs(changes: dict[str, Any]) -> None:
    assert venue_address(**changes).city == "Portland"


def test_addresses_are_told_apart_by_every_part() -> None:
    addresses = [
        venue_address(),
        venue_address(line2="Hall 2"),
        venue_address(line1="12 Harbour", line2="Street"),
        venue_address(line1="12 Harbour Street", city="Bath"),
        venue_address(postal_code="04102"),
    ]
    assert len({address.fingerprint for address in addresses}) == len(addresses)
    assert venue_address().fingerprint == venue_address().fingerprint
