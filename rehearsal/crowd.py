"""The crowd: who comes when, wants what, and how patient they are. It follows from the seed alone.

The figures are what people who have run on-sales would call ordinary. None of them was measured. The n-th visitor of a
seed is the same in a crowd of any size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp, log
from random import Random
from typing import Final

from rehearsal.terms import Terms

#: Of all visitors, those who wait for the opening with the page open, and in how many seconds they see that it is on.
AT_THE_OPENING: Final = 0.4
SEE_IT_WITHIN: Final = 8
#: How steeply the others come: at the end of the time, e to the power of minus this as many as at its beginning.
TAIL: Final = 3
#: How many people come together, with weights.
PARTIES: Final = {1: 18, 2: 48, 3: 12, 4: 15, 5: 4, 6: 2, 8: 1}
#: Medians in seconds, and how far people differ (sigma of the logarithm).
CHOOSING: Final = (30, 0.5)
PAYING: Final = (50, 0.5)
PATIENCE: Final = (240, 0.7)
#: What people do at Stripe's page, with weights.
AT_THE_PAGE: Final = {"pays": 85, "another card": 5, "declined": 2, "leaves": 8}
#: Shares of the crowd.
PRESS_TWICE: Final = 0.05
CLOSE_THE_BROWSER: Final = 0.1
TAKE_ANOTHER_PRICE: Final = 0.75
LOOK_AGAIN: Final = 0.4
HAVE_A_CODE: Final = 0.1


class AtThePage(StrEnum):
    """What a visitor does at Stripe's page: pays, pays by a second card, gives up after a declined one, or leaves."""

    PAYS = "pays"
    ANOTHER_CARD = "another card"
    DECLINED = "declined"
    LEAVES = "leaves"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A person who wants ``party`` tickets. ``taste`` is 0 for who takes the cheapest and 1 for who takes the dearest.

    Times are in seconds; ``arrives`` counts from the opening. ``patience`` is how long they wait for us in all.
    """

    number: int
    arrives: float
    party: int
    taste: float
    code: str | None
    choosing: float
    paying: float
    patience: float
    at_the_page: AtThePage
    presses_twice: bool
    closes_the_browser: bool
    takes_another_price: bool
    looks_again: bool

    @property
    def name(self) -> str:
        return f"buyer {self.number}"

    @property
    def email(self) -> str:
        return f"buyer{self.number}@rehearsal.example"


def crowd_of(terms: Terms, codes: Sequence[str]) -> list[Visitor]:
    """The visitors in the order of their numbers; some use one of the promo ``codes``."""
    return [_visitor(number, terms, codes) for number in range(1, terms.buyers + 1)]


def _visitor(number: int, terms: Terms, codes: Sequence[str]) -> Visitor:
    random = Random(f"{terms.seed} visitor {number}")  # noqa: S311  # predictable is the point
    [party] = random.choices(list(PARTIES), weights=list(PARTIES.values()))
    [at_the_page] = random.choices(list(AtThePage), weights=[AT_THE_PAGE[each] for each in AtThePage])
    return Visitor(
        number=number,
        arrives=_arrival(random, terms.minutes * 60),
        party=party,
        taste=random.betavariate(1.2, 2.0),
        code=random.choice(codes) if random.random() < HAVE_A_CODE and codes else None,
        choosing=_scattered(random, CHOOSING),
        paying=_scattered(random, PAYING),
        patience=_scattered(random, PATIENCE),
        at_the_page=at_the_page,
        presses_twice=random.random() < PRESS_TWICE,
        closes_the_browser=random.random() < CLOSE_THE_BROWSER,
        takes_another_price=random.random() < TAKE_ANOTHER_PRICE,
        looks_again=random.random() < LOOK_AGAIN,
    )


def _arrival(random: Random, seconds: float) -> float:
    if random.random() < AT_THE_OPENING:
        return min(random.expovariate(1 / SEE_IT_WITHIN), seconds)
    return -seconds / TAIL * log(1 - random.random() * (1 - exp(-TAIL)))


def _scattered(random: Random, median_and_sigma: tuple[float, float]) -> float:
    median, sigma = median_and_sigma
    return median * exp(random.gauss(0, sigma))
