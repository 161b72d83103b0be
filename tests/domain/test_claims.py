"""Limits on what one buyer may have of a show without paying."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from domain.claims import (
    FREE_TICKETS_COUNT_FOR,
    Allowance,
    Claimant,
    Claimed,
    ClaimPolicy,
    Claims,
    canonical_email,
)
from domain.errors import HoldLimitReached
from tests.support.factories import DOORS, NOW

ADA = Claimant(email=1, network=2)
UNLIMITED = Allowance(held_tickets=None, held_orders=None, free_tickets=None)
POLICY = ClaimPolicy(
    per_email=Allowance(held_tickets=10, held_orders=2, free_tickets=4),
    per_network=Allowance(held_tickets=15, held_orders=5, free_tickets=6),
)


def claims(*, email: Claimed | None = None, network: Claimed | None = None, policy: ClaimPolicy = POLICY) -> Claims:
    had = {ADA.email: email, ADA.network: network}
    return Claims({key: claimed for key, claimed in had.items() if claimed}, policy)


@pytest.mark.parametrize(
    "address",
    [
        "ada.lovelace@gmail.com",
        "Ada.Lovelace@GMAIL.com",
        "adalovelace+tickets@gmail.com",
        "a.d.a.lovelace+1+2@googlemail.com",
        " adalovelace@gmail.com ",
        "ａdalovelace@gmail.com",
    ],
)
def test_spellings_of_an_address_are_one(address: str) -> None:
    assert canonical_email(address) == "adalovelace@gmail.com"


@pytest.mark.parametrize("address", ["ada@example.org", "adalovelace@example.com", "ada-lovelace@gmail.com"])
def test_other_people_stay_others(address: str) -> None:
    assert canonical_email(address) != "adalovelace@gmail.com"


def test_an_address_that_begins_with_a_plus_sign_stays_one() -> None:
    assert canonical_email("+1@example.org") != canonical_email("+2@example.org")


@pytest.mark.parametrize(("tickets", "may"), [(3, True), (4, False)])
def test_tickets_on_hold_have_a_limit(tickets: int, *, may: bool) -> None:
    asked = claims(email=Claimed(held_tickets=7, held_orders=1))
    if may:
        asked.ensure(ADA, tickets, is_free=False)
        return
    with pytest.raises(HoldLimitReached, match="7 tickets of this show are on hold under this e-mail address"):
        asked.ensure(ADA, tickets, is_free=False)


@pytest.mark.parametrize(("orders", "may"), [(1, True), (2, False)])
def test_orders_on_hold_have_a_limit(orders: int, *, may: bool) -> None:
    asked = claims(email=Claimed(held_tickets=orders, held_orders=orders))
    if may:
        asked.ensure(ADA, 1, is_free=False)
        return
    with pytest.raises(HoldLimitReached):
        asked.ensure(ADA, 1, is_free=False)


def test_a_network_has_limits_of_its_own() -> None:
    claims(network=Claimed(held_tickets=14, held_orders=4)).ensure(ADA, 1, is_free=False)
    for held in (Claimed(held_tickets=15, held_orders=1), Claimed(held_tickets=5, held_orders=5)):
        with pytest.raises(HoldLimitReached, match="from your network"):
            claims(network=held).ensure(ADA, 1, is_free=False)


@pytest.mark.parametrize(("tickets", "may"), [(1, True), (2, False)])
def test_free_tickets_have_a_limit(tickets: int, *, may: bool) -> None:
    for asked in (claims(email=Claimed(free_tickets=3)), claims(network=Claimed(free_tickets=5))):
        if may:
            asked.ensure(ADA, tickets, is_free=True)
            continue
        with pytest.raises(HoldLimitReached, match="free tickets"):
            asked.ensure(ADA, tickets, is_free=True)


def test_free_tickets_do_not_stand_in_the_way_of_paid_ones() -> None:
    claims(email=Claimed(free_tickets=4)).ensure(ADA, 10, is_free=False)
    claims(email=Claimed(held_tickets=10, held_orders=2)).ensure(ADA, 4, is_free=True)


def test_who_has_nothing_yet_may_place_one_order_of_any_size() -> None:
    claims().ensure(ADA, 1000, is_free=False)
    claims().ensure(ADA, 1000, is_free=True)


def test_no_limit_is_none() -> None:
    policy = ClaimPolicy(per_email=UNLIMITED, per_network=UNLIMITED)
    assert policy.is_unlimited
    assert not POLICY.is_unlimited
    claims(email=Claimed(1000, 1000, 1000), policy=policy).ensure(ADA, 1000, is_free=False)


def test_only_what_has_a_limit_is_asked_about() -> None:
    assert POLICY.limited_keys(ADA) == [ADA.email, ADA.network]
    assert ClaimPolicy(per_email=UNLIMITED, per_network=POLICY.per_network).limited_keys(ADA) == [ADA.network]
    assert ClaimPolicy(per_email=POLICY.per_email, per_network=UNLIMITED).limited_keys(ADA) == [ADA.email]


def test_orders_of_one_transaction_count_for_each_other() -> None:
    asked = claims()
    for _ in range(2):
        asked.ensure(ADA, 5, is_free=False)
        asked.add(ADA, uuid4(), 5, hold_ends_at=NOW)
    with pytest.raises(HoldLimitReached):
        asked.ensure(ADA, 1, is_free=False)
    asked.ensure(Claimant(email=3, network=4), 1, is_free=False)
    assert {(claim.key, claim.tickets, claim.ends_at) for claim in asked.new} == {(1, 5, NOW), (2, 5, NOW)}


def test_free_tickets_count_until_the_show_and_for_a_network_for_a_day() -> None:
    asked = claims()
    asked.add_free(ADA, uuid4(), 2, now=NOW, show_ends_at=DOORS + timedelta(hours=3))
    of_email, of_network = asked.new
    assert (of_email.key, of_email.is_network, of_email.ends_at) == (1, False, DOORS + timedelta(hours=3))
    assert (of_network.key, of_network.is_network, of_network.ends_at) == (2, True, NOW + FREE_TICKETS_COUNT_FOR)
