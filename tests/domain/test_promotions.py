"""Promo codes: what they take off, for some time, for a number of orders or tickets."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Conflict, InvalidRequest, PromoCodeExhausted
from domain.money import AMOUNT_LIMIT
from domain.promotions import MAX_USES, UseCount, normalize_code
from tests.support.factories import NOW, promo_code

A_MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("discount", "price", "off"),
    [
        ("0", 2500, 0),
        ("0.20", 2500, 500),
        ("1.00", 2500, 2500),
        ("0.5", 1, 1),
        ("0.15", 1010, 152),
        ("0.3333", 1000, 333),
        ("0.10", 0, 0),
    ],
)
def test_the_discount_on_one_ticket_is_rounded_half_up(discount: str, price: int, off: int) -> None:
    assert promo_code(discount=discount).discount_on(price) == off


@given(st.decimals(min_value=0, max_value=1, places=4), st.integers(0, 10**12))
def test_a_discount_is_never_negative_and_never_more_than_the_price(discount: Decimal, price: int) -> None:
    assert 0 <= promo_code(discount=str(discount)).discount_on(price) <= price


@pytest.mark.p1
def test_a_code_without_limits_can_always_be_used() -> None:
    promo_code(uses=1_000_000).ensure_usable(NOW)


@pytest.mark.p1
def test_the_last_use_can_be_had() -> None:
    promo_code(max_uses=3, uses=2).ensure_usable(NOW)


@pytest.mark.p1
@pytest.mark.parametrize("uses", [3, 4])
def test_a_used_up_code_is_refused(uses: int) -> None:
    with pytest.raises(PromoCodeExhausted, match=r"^Promo code no longer valid$") as refusal:
        promo_code(max_uses=3, uses=uses).ensure_usable(NOW)
    assert refusal.value.field == "promo_code"


def test_a_code_is_good_from_its_first_moment_on() -> None:
    promo_code(valid_from=NOW).ensure_usable(NOW)


def test_a_code_is_not_good_before_its_first_moment() -> None:
    with pytest.raises(PromoCodeExhausted):
        promo_code(valid_from=NOW).ensure_usable(NOW - A_MOMENT)


def test_a_code_is_good_until_just_before_its_end() -> None:
    promo_code(valid_until=NOW).ensure_usable(NOW - A_MOMENT)


def test_a_code_is_not_good_any_more_at_its_end() -> None:
    with pytest.raises(PromoCodeExhausted):
        promo_code(valid_until=NOW).ensure_usable(NOW)


def test_a_use_is_counted_and_given_back() -> None:
    used = promo_code(uses=2).use()
    assert used.uses == 3
    assert used.give_back().uses == 2


def test_a_use_that_nobody_has_cannot_be_given_back() -> None:
    with pytest.raises(Conflict, match="no use to give back"):
        promo_code(uses=0).give_back()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"code": ""}, "code"),
        ({"code": "lower"}, "code"),
        ({"code": " PADDED"}, "code"),
        ({"code": "X" * 51}, "code"),
        ({"code": "A\tB"}, "code"),
        ({"discount": "-0.01"}, "discount"),
        ({"discount": "1.01"}, "discount"),
        ({"discount": "NaN"}, "discount"),
        ({"discount": "Infinity"}, "discount"),
        ({"discount": "0.12345"}, "discount"),
        ({"max_uses": -1}, "max_uses"),
        ({"valid_from": NOW, "valid_until": NOW - A_MOMENT}, "valid_until"),
        ({"valid_from": NOW.replace(tzinfo=None)}, "valid_from"),
        ({"valid_until": NOW.replace(tzinfo=None)}, "valid_until"),
    ],
)
def test_a_promo_code_that_makes_no_sense_is_refused(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        promo_code(**wrong)
    assert refusal.value.field == field


@pytest.mark.parametrize("discount", ["0", "1", "0.1234", "0.500000"])
def test_a_discount_from_nothing_to_everything_with_four_places_is_taken(discount: str) -> None:
    assert promo_code(discount=discount).discount == Decimal(discount)


def test_a_promo_code_may_be_closed_from_the_start() -> None:
    with pytest.raises(PromoCodeExhausted):
        promo_code(max_uses=0).ensure_usable(NOW)


@given(st.text())
def test_a_normalised_code_stays_as_it_is(text: str) -> None:
    assert normalize_code(normalize_code(text)) == normalize_code(text)


def test_uses_have_a_limit() -> None:
    assert promo_code(max_uses=MAX_USES).max_uses == MAX_USES
    with pytest.raises(InvalidRequest) as refusal:
        promo_code(max_uses=MAX_USES + 1)
    assert refusal.value.field == "max_uses"


@pytest.mark.parametrize(
    ("kind", "price", "off"),
    [
        ({"amount_off": 500}, 2500, 500),
        ({"amount_off": 500}, 499, 499),
        ({"amount_off": 0}, 2500, 0),
        ({"fixed_price": 1000}, 2500, 1500),
        ({"fixed_price": 1000}, 999, 0),
        ({"fixed_price": 0}, 2500, 2500),
    ],
)
def test_an_amount_off_and_a_fixed_price_never_make_a_ticket_dearer_or_less_than_free(
    kind: dict[str, Any], price: int, off: int
) -> None:
    assert promo_code(discount="0", **kind).discount_on(price) == off


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"discount": "0.2", "amount_off": 500}, "amount_off"),
        ({"discount": "0.2", "fixed_price": 0}, "fixed_price"),
        ({"discount": "0", "amount_off": 500, "fixed_price": 500}, "amount_off"),
        ({"discount": "0", "amount_off": -1}, "amount_off"),
        ({"discount": "0", "fixed_price": AMOUNT_LIMIT}, "fixed_price"),
        ({"ticket_ids": frozenset()}, "ticket_ids"),
        ({"ticket_ids": frozenset(uuid4() for _ in range(101))}, "ticket_ids"),
        ({"opens_ticket_ids": frozenset(uuid4() for _ in range(101))}, "opens_ticket_ids"),
        ({"max_per_order": 0}, "max_per_order"),
    ],
)
def test_what_a_code_cannot_do_is_refused(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        promo_code(**wrong)
    assert refusal.value.field == field


def test_uses_count_orders_or_tickets() -> None:
    assert promo_code(uses=1).use(3).uses == 2
    by_tickets = promo_code(uses=1, counts=UseCount.TICKETS)
    assert by_tickets.use(3).uses == 4
    assert by_tickets.use(3).give_back(2).uses == 2
    with pytest.raises(Conflict):
        by_tickets.give_back(2)


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        ({"max_uses": 3}, None),
        ({"max_per_order": 2}, 2),
        ({"max_uses": 3, "counts": UseCount.TICKETS}, 3),
        ({"max_uses": 3, "uses": 2, "counts": UseCount.TICKETS, "max_per_order": 2}, 1),
        ({"max_uses": 3, "uses": 5, "counts": UseCount.TICKETS}, 0),
    ],
)
def test_a_code_is_good_for_so_many_tickets_of_the_next_order(limits: dict[str, Any], most: int | None) -> None:
    assert promo_code(**limits).most_tickets == most


def test_what_uses_count_changes_only_while_there_are_none() -> None:
    assert promo_code().changed(counts=UseCount.TICKETS).counts is UseCount.TICKETS
    with pytest.raises(Conflict) as refusal:
        promo_code(uses=1).changed(counts=UseCount.TICKETS)
    assert refusal.value.field == "counts"
    assert promo_code(uses=1).changed(max_uses=3).max_uses == 3
