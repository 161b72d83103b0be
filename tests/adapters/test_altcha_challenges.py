"""Challenges that cost some work: a solution is good once, for the show of the challenge."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from altcha.v1 import Challenge as AltchaChallenge
from altcha.v1 import solve_challenge
from redis.asyncio import Redis

from adapters.altcha.challenges import LIFETIME, AltchaChallenges, Challenge, parse_shows
from adapters.memory.system import MemoryClock
from adapters.redis.client import create_redis
from adapters.redis.used_once import UsedOnce

SHOW = UUID(int=1)
COST = 200


def challenges(installation: str = "ours", clock: MemoryClock | None = None) -> AltchaChallenges:
    return AltchaChallenges(installation, cost=COST, clock=clock or MemoryClock())


def solution_of(challenge: Challenge, /, **changes: Any) -> str:
    made = AltchaChallenge(
        challenge["algorithm"],  # type: ignore[arg-type]  # the library's own literal
        challenge["challenge"],
        challenge["maxnumber"],
        challenge["salt"],
        challenge["signature"],
    )
    found = solve_challenge(made)
    assert found is not None
    payload = {**challenge, "number": found.number, "took": 1, **changes}
    return base64.b64encode(json.dumps(payload).encode()).decode()


def test_a_solution_is_known() -> None:
    asking = challenges()
    challenge = asking.new(SHOW)
    assert challenge["maxnumber"] == COST
    assert asking.solved(SHOW, solution_of(challenge)) == challenge["challenge"]


def test_a_solution_is_good_at_its_show_alone() -> None:
    asking = challenges()
    assert asking.solved(uuid4(), solution_of(asking.new(SHOW))) is None


def test_a_solution_is_good_for_its_time() -> None:
    clock = MemoryClock()
    asking = challenges(clock=clock)
    solution = solution_of(asking.new(SHOW))
    clock.advance(LIFETIME)
    assert asking.solved(SHOW, solution)
    clock.advance(timedelta(seconds=1))
    assert asking.solved(SHOW, solution) is None


def test_a_solution_of_another_installation_is_none() -> None:
    assert challenges("other").solved(SHOW, solution_of(challenges().new(SHOW))) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"number": -1},
        {"number": "1"},
        {"algorithm": "SHA-1"},
        {"salt": f"x?expires=99999999999&show={SHOW}&"},
        {"signature": ""},
        {"challenge": "0" * 64},
    ],
)
def test_what_was_changed_is_no_solution(changes: dict[str, Any]) -> None:
    asking = challenges()
    assert asking.solved(SHOW, solution_of(asking.new(SHOW), **changes)) is None


@pytest.mark.parametrize("text", ["", "nonsense", "e30=", "bnVsbA==", "A" * 3000, "/w==", "é"])
def test_what_is_no_solution_at_all_is_none(text: str) -> None:
    assert challenges().solved(SHOW, text) is None


def test_which_shows_ask_is_a_setting() -> None:
    assert parse_shows("off") == frozenset()
    assert parse_shows("on") is None
    assert parse_shows(f"{SHOW}, {UUID(int=2)}") == frozenset({SHOW, UUID(int=2)})
    for text in ("", "yes", f"{SHOW},"):
        with pytest.raises(ValueError, match="off, on, or the ids"):
            parse_shows(text)


async def test_a_thing_is_used_once_by_one_user(redis_url: str) -> None:
    client = create_redis(redis_url)
    used, thing = UsedOnce(client, lifetime=timedelta(minutes=1)), uuid4().hex
    assert await used.use(thing, by="ada")
    assert await used.use(thing, by="ada")
    assert not await used.use(thing, by="eve")
    assert 0 < await client.ttl(f"used_{thing}") <= 60
    await client.aclose()


async def test_while_redis_is_away_nothing_is_refused(closed_port: int) -> None:
    client = Redis.from_url(f"redis://127.0.0.1:{closed_port}/0")
    used = UsedOnce(client, lifetime=timedelta(minutes=1))
    assert [await used.use("thing", by=user) for user in ("ada", "eve")] == [True, True]
    await client.aclose()
