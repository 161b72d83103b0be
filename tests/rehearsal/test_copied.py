"""A copied show is made ready, or cannot be rehearsed; and what the real one lacks is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from application.ports.catalog import WholeShow
from domain.catalog import ProducerFinancial
from domain.inventory import Inventory
from domain.venue_clock import VenueTime
from rehearsal.copied import CannotRehearse, opened
from tests.support.factories import allocation, capacity, producer, promo_code, show, ticket

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BY = producer()
SHOW = show(by=BY)
STALLS = ticket(of=SHOW, quantity=10)


def whole(**changes: object) -> WholeShow:
    made = WholeShow(
        producer=BY, show=SHOW, production=None, tickets=(STALLS,), capacities=(), allocations=(), promo_codes=()
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_show_on_sale_opens_now() -> None:
    ready = opened(whole(), NOW, as_new=False)
    assert (ready.opens_at, ready.whole) == (NOW, whole())
    assert ready.remarks == ("The show is on sale already: the rehearsal began with what is left now.",)


def test_a_planned_sale_opens_at_its_time() -> None:
    begins = VenueTime.showing((NOW + timedelta(days=3)).replace(tzinfo=None), "UTC")
    ready = opened(whole(show=replace(SHOW, timezone="UTC", on_sale_at=begins)), NOW, as_new=False)
    assert (ready.opens_at, ready.remarks) == (NOW + timedelta(days=3), ())


def test_what_is_lacking_is_lent_and_said() -> None:
    poor = replace(BY, financial=ProducerFinancial())
    ready = opened(whole(producer=poor, show=replace(SHOW, published=False)), NOW, as_new=False)
    assert ready.whole.show.published
    assert ready.whole.producer.payout_account()
    assert len(ready.remarks) == 3
    assert "no Stripe account" in ready.remarks[0]
    assert "not published" in ready.remarks[1]
    assert "no opening time" in ready.remarks[2]


def test_places_that_are_held_now_stay_held() -> None:
    taken = whole(tickets=(replace(STALLS, inventory=Inventory(10, held=3)),))
    assert "paying now: 3 places" in opened(taken, NOW, as_new=False).remarks[-1]
    assert all("Held" not in remark for remark in opened(taken, NOW, as_new=True).remarks)


def test_free_shows_need_no_account() -> None:
    poor = replace(BY, financial=ProducerFinancial())
    free = replace(STALLS, price=0)
    remarks = opened(whole(producer=poor, tickets=(free,)), NOW, as_new=False).remarks
    assert all("Stripe" not in remark for remark in remarks)


def test_as_new_nothing_is_sold_or_held() -> None:
    house = capacity(of=SHOW, size=20, held=1, sold=7, allocated=2)
    press = allocation(of=house, size=4, sold=2)
    gone = replace(allocation(of=house, size=3), released_at=NOW)
    taken = replace(STALLS, capacity_id=house.id, inventory=Inventory(10, held=1, sold=5))
    code = replace(promo_code(of=SHOW, max_uses=9), uses=4)
    sold = whole(tickets=(taken,), capacities=(house,), allocations=(press, gone), promo_codes=(code,))

    new = opened(sold, NOW, as_new=True).whole
    assert new.tickets[0].inventory == Inventory(10)
    assert (new.capacities[0].held, new.capacities[0].sold, new.capacities[0].allocated) == (0, 0, 4)
    assert [(each.held, each.sold, each.is_released) for each in new.allocations] == [(0, 0, False), (0, 0, True)]
    assert new.promo_codes[0].uses == 0
    assert opened(sold, NOW, as_new=False).whole.tickets == (taken,)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"show": replace(SHOW, cancelled=True)}, "was cancelled"),
        ({"show": show(by=BY, door_time=NOW - timedelta(days=2), start_time=NOW - timedelta(days=2), end_time=NOW)},
         "is over"),
        ({"tickets": ()}, "no ticket types"),
        ({"tickets": (replace(STALLS, hidden=True),)}, "no ticket type that the public can buy"),
        ({"tickets": (replace(STALLS, inventory=Inventory(3, sold=3)),)}, "is sold out: --as-new"),
    ],
)  # fmt: skip
def test_what_cannot_be_rehearsed(changes: dict[str, object], why: str) -> None:
    with pytest.raises(CannotRehearse, match=why):
        opened(whole(**changes), NOW, as_new=False)


def test_a_show_that_is_sold_out_can_be_rehearsed_as_new() -> None:
    sold = whole(tickets=(replace(STALLS, inventory=Inventory(3, sold=3)),))
    assert opened(sold, NOW, as_new=True).whole.tickets[0].inventory == Inventory(3)
