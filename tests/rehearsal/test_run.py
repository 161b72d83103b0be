"""Whole rehearsals, small ones: the real application, a crowd from a seed, and the show as it was copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from application.ports.catalog import WholeShow
from domain.catalog import Ticket
from entrypoints.settings import Settings
from rehearsal.advice import advise
from rehearsal.figures import Figures
from rehearsal.report import as_json
from rehearsal.run import rehearse
from rehearsal.terms import Terms, Victim
from rehearsal.visit import Outcome
from tests.support.factories import allocation, capacity, donation_ticket, producer, promo_code, show, ticket

NOW = datetime(2027, 2, 3, 17, 0, tzinfo=UTC)
BY = producer()
SHOW = show(
    by=BY,
    timezone="UTC",
    door_time=NOW + timedelta(days=9),
    start_time=NOW + timedelta(days=9, hours=1),
    end_time=NOW + timedelta(days=9, hours=3),
)
QUIET: dict[str, Any] = {"victim": Victim.NOTHING}


def whole(*tickets: Ticket, **more: Sequence[Any]) -> WholeShow:
    made = WholeShow(
        producer=BY, show=SHOW, production=None, tickets=tickets, capacities=(), allocations=(), promo_codes=()
    )
    return replace(made, **{name: tuple(each) for name, each in more.items()})  # type: ignore[arg-type]


def rehearsed(sold: WholeShow, settings: Settings | None = None, *, buyers: int = 80, **terms: Any) -> Figures:
    return rehearse(sold, settings or Settings(), Terms(buyers=buyers, minutes=2, **terms), NOW)


def stalls(quantity: int = 60, **fields: Any) -> Ticket:
    return ticket(of=SHOW, name="Stalls", price=2500, quantity=quantity, **fields)


def test_the_same_seed_gives_the_same_figures_and_another_seed_others() -> None:
    sold = whole(stalls(), stalls(20), promo_codes=[promo_code(of=SHOW)])
    first, again, other = (as_json(rehearsed(sold, buyers=40, seed=seed)) for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_everything_adds_up() -> None:
    found = rehearsed(whole(stalls()))
    assert sum(found.outcomes.values()) == found.terms.buyers
    assert found.places.bought + found.places.left == found.places.at_start == 60
    assert found.tickets == found.places.bought
    assert found.orders == found.outcomes[Outcome.BOUGHT] == found.mails.sent
    assert found.with_nothing == 80 - found.orders > 0
    assert found.gone_after is not None
    assert 0 < found.gone_after < 120
    assert (found.mails.missing, found.mails.twice, found.failures, found.refusals) == (0, 0, {}, {})
    assert [moment.after for moment in found.moments[:3]] == [10, 30, 60]
    assert all(moment.bought + moment.held + moment.left == 60 for moment in found.moments)


def test_a_large_house_is_not_sold_out() -> None:
    found = rehearsed(whole(stalls(1000)), **QUIET)
    assert (found.gone_after, found.outcomes[Outcome.SOLD_OUT]) == (None, 0)
    assert (found.outcomes[Outcome.GAVE_UP_WAITING], found.stripe.refused) == (0, 0)
    assert found.places.left == 1000 - found.tickets
    assert found.outcomes[Outcome.DECLINED] + found.outcomes[Outcome.CHANGED_MIND] == found.with_nothing


def test_a_house_that_types_share_with_a_family_ticket_and_places_for_the_press() -> None:
    house = capacity(of=SHOW, size=60, allocated=6)
    press = allocation(of=house, size=6, name="Press")
    adult = ticket(of=SHOW, name="Adult", price=3000, quantity=None, capacity_id=house.id)
    family = ticket(of=SHOW, name="Family", price=6000, quantity=None, capacity_id=house.id, places=4)
    found = rehearsed(whole(adult, family, capacities=[house], allocations=[press]))
    assert found.places.at_start == 54
    assert found.places.bought + found.places.left == 54
    assert (found.places.kept, dict(found.places.kept_by)) == (6, {"Press": 6})
    assert {each.name for each in found.types if each.bought} == {"Adult", "Family"}
    assert any("Release" in advice.what for advice in advise(found))


def test_a_free_show_needs_no_page_and_no_stripe() -> None:
    found = rehearsed(whole(ticket(of=SHOW, price=0, quantity=60)), **QUIET)
    assert (found.takings, found.stripe.pages) == (0, 0)
    assert (found.waits["payment page"], found.waits["tickets"]) == (None, None)
    assert found.mails.sent == found.orders > 0
    assert found.outcomes[Outcome.DECLINED] == 0


def test_gifts_are_given() -> None:
    found = rehearsed(whole(donation_ticket(of=SHOW, price=1000)), **QUIET)
    assert found.tickets
    assert found.takings >= 1000 * found.tickets


def test_what_was_sold_before_is_not_sold_again_unless_as_new() -> None:
    sold = whole(stalls(60, sold=50))
    assert rehearsed(sold, **QUIET).places.at_start == 10
    assert rehearsed(sold, as_new=True, **QUIET).places.at_start == 60


def test_a_killed_server_is_noticed_and_nothing_is_lost() -> None:
    found = rehearsed(whole(stalls(500)), buyers=150, servers=1)
    assert found.kill is not None
    assert (found.kill.process, 25 <= found.kill.at <= 60, 3 <= found.kill.away <= 40) == ("server 1", True, True)
    assert found.kill.unanswered > 0
    assert found.orders == found.mails.sent
    assert any("second server" in advice.what for advice in advise(found))


def test_a_killed_worker_sends_its_mails_later() -> None:
    found = rehearsed(whole(stalls(500)), victim=Victim.WORKER)
    assert found.kill is not None
    assert found.kill.process == "worker 1"
    assert found.orders == found.mails.sent
    wait = found.waits["mail"]
    assert wait
    assert wait.longest > 3


def test_slow_payment_pages_make_buyers_wait_and_leave() -> None:
    slow = rehearsed(whole(stalls(500)), Settings(stripe_rate_per_second=0.1), buyers=40, **QUIET)
    assert slow.outcomes[Outcome.GAVE_UP_WAITING] > 5
    assert slow.gave_up_after is not None
    assert any("STRIPE_RATE_PER_SECOND=20" in advice.what for advice in advise(slow))


def test_stripe_refuses_calls_that_come_too_fast() -> None:
    fast = rehearsed(whole(stalls(500)), buyers=60, stripe_allows=1.25, **QUIET)
    assert fast.stripe.refused > 0
    assert any("STRIPE_RATE_PER_SECOND to 1 or less" in advice.what for advice in advise(fast))


def test_slow_mails_come_late() -> None:
    found = rehearsed(whole(stalls(500)), Settings(smtp_rate_per_second=0.1), buyers=40, **QUIET)
    wait = found.waits["mail"]
    assert wait
    assert wait.longest > 120
    assert any("SMTP_RATE_PER_SECOND" in advice.what for advice in advise(found))


def test_a_hold_that_is_too_short_ends_before_it_is_paid() -> None:
    short = rehearsed(whole(stalls(500)), Settings(hold_minutes=0.7), **QUIET)
    assert short.outcomes[Outcome.HOLD_ENDED] > 0
    assert any("longer than HOLD_MINUTES=0.7" in advice.what for advice in advise(short))


def test_places_that_come_back_find_buyers_only_while_some_are_there() -> None:
    late = rehearsed(whole(stalls(100)), buyers=120, **QUIET)
    assert late.holds.back >= late.places.left > 0
    assert late.holds.last is not None
    assert late.holds.last > 1800
    assert any("HOLD_MINUTES=8" in advice.what for advice in advise(late))


@pytest.mark.parametrize("most", [1, 2])
def test_orders_keep_their_limit(most: int) -> None:
    found = rehearsed(whole(stalls(500)), Settings(max_tickets_per_order=most), buyers=40, **QUIET)
    assert found.orders * most >= found.tickets >= found.orders
