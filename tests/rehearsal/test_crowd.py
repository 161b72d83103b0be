"""The crowd follows from the seed, comes in its time, and is as mixed as it is said to be."""

from __future__ import annotations

import pytest

from rehearsal.crowd import AT_THE_OPENING, PARTIES, AtThePage, crowd_of
from rehearsal.terms import Terms


def test_the_same_seed_has_the_same_crowd() -> None:
    terms = Terms(buyers=50, minutes=5, seed=7)
    assert crowd_of(terms, ["A"]) == crowd_of(terms, ["A"])
    assert crowd_of(terms, []) != crowd_of(Terms(buyers=50, minutes=5, seed=8), [])


def test_a_larger_crowd_begins_with_the_smaller_one() -> None:
    assert crowd_of(Terms(buyers=90, minutes=5), [])[:50] == crowd_of(Terms(buyers=50, minutes=5), [])


@pytest.mark.parametrize("minutes", [0.5, 5, 600])
def test_all_come_within_the_time_and_many_at_the_opening(minutes: float) -> None:
    crowd = crowd_of(Terms(buyers=2000, minutes=minutes), [])
    assert all(0 <= visitor.arrives <= minutes * 60 for visitor in crowd)
    assert sum(visitor.arrives <= 40 for visitor in crowd) > 0.9 * AT_THE_OPENING * len(crowd)
    first_half = sum(visitor.arrives <= minutes * 30 for visitor in crowd)
    assert first_half > 0.8 * len(crowd)


def test_people_differ() -> None:
    crowd = crowd_of(Terms(buyers=3000, minutes=5), ["EARLY", "PRESS"])
    assert {visitor.party for visitor in crowd} == set(PARTIES)
    assert {visitor.at_the_page for visitor in crowd} == set(AtThePage)
    assert {visitor.code for visitor in crowd} == {None, "EARLY", "PRESS"}
    assert {visitor.presses_twice for visitor in crowd} == {True, False}
    assert 0.75 < sum(visitor.at_the_page is AtThePage.PAYS for visitor in crowd) / len(crowd) < 0.95


def test_without_codes_none_has_one() -> None:
    assert {visitor.code for visitor in crowd_of(Terms(buyers=300, minutes=5), [])} == {None}
