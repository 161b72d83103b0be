"""A short round of some kinds: in the end all is as each client heard.

All rounds are in one installation, as its start takes longer than a round.
"""

from __future__ import annotations

import random
from typing import Final
from uuid import UUID

import pytest

from tests.chaos.crowd import Crowd, Heard, gather_at
from tests.chaos.faults import KINDS, why_not
from tests.chaos.installation import Installation, installation
from tests.chaos.rounds import play
from tests.chaos.verdict import judge, settle
from tests.support.examples import examples
from tests.support.stripe_world import execute

pytestmark = [pytest.mark.p1, pytest.mark.timeout(600)]

#: How long the harm lasts, and how many buyers are there at a time.
SECONDS, BUYERS = 0.8, 5
#: The kinds of one run, by chance; THOROUGH=1 plays all of them.
SOME_KINDS: Final = 5
#: What is changed in the database after the last answer about an order, and some words of what is found.
LIES: Final = {
    "UPDATE outbox SET state = 'dead' WHERE order_id = %s AND kind = 'confirmation_mail'": "arrived 1 times",
    "UPDATE ticket_attendees SET checked_in_at = NULL WHERE order_id = %s": "checked in None",
    "DELETE FROM scans s USING ticket_attendees a WHERE s.attendee_id = a.id AND a.order_id = %s": "heard admitted",
    "UPDATE orders SET amount_paid = amount_paid + 1 WHERE id = %s": "and Stripe has",
    "UPDATE orders SET customer_email = 'eve@example.org' WHERE id = %s": "which is not there",
}


async def test_what_each_client_heard_is_so(subtests: pytest.Subtests) -> None:
    async with installation() as place:
        for kind in random.sample(list(KINDS), min(examples(SOME_KINDS), len(KINDS))):
            with subtests.test(kind):
                if reason := why_not(kind, place):
                    pytest.skip(reason)
                seed = random.randrange(10**9)  # noqa: S311
                outcome = await play(place, seed, [kind], seconds=SECONDS, buyers=BUYERS, hurried=True)
                print(outcome)  # noqa: T201
                assert not outcome.problems
                assert outcome.counts["placed"]
        with subtests.test("nothing is broken but the database's rows"):
            await every_lie_is_found(place)


async def every_lie_is_found(place: Installation) -> None:
    crowd = await gather_at(place, random.Random(1))  # noqa: S311
    try:
        buyer = await admitted_buyer(crowd)
        assert [*await settle(place, hurried=True), *await judge(place, crowd)] == []
        assert buyer.completed
        for statement, words in LIES.items():
            await execute(place.settings, statement, UUID(buyer.completed["order_id"]))
            found = await judge(place, crowd)
            assert any(buyer.email in problem and words in problem for problem in found), (words, found)
    finally:
        await crowd.close()


async def admitted_buyer(crowd: Crowd) -> Heard:
    """A buyer who paid, and whose tickets were read at the door."""
    while True:
        buyer = await crowd.serve_one()
        if buyer.scans and not buyer.is_free and not buyer.refund_asked:
            return buyer
