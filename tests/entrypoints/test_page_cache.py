"""Pages that are the same for all buyers are made at most once a second."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from entrypoints.web.page_cache import FRESH_SECONDS, MAX_ANSWERS, CachedAnswer, PageCache, accepts_gzip


class Clockwork:
    """``good_for`` is how many seconds what it makes is right."""

    def __init__(self, good_for: float | None = None) -> None:
        self.now = 0.0
        self.made = 0
        self._good_for = timedelta(seconds=good_for) if good_for is not None else None

    async def make(self) -> CachedAnswer:
        self.made += 1
        await asyncio.sleep(0)
        return CachedAnswer.of(str(self.made), media_type="text/plain", headers={}, good_for=self._good_for)


async def test_answer_is_kept_for_a_second_and_no_longer() -> None:
    clock = Clockwork()
    cache = PageCache(lambda: clock.now)
    first = await cache.get("page", clock.make)
    clock.now = FRESH_SECONDS - 0.001
    assert cache.fresh("page") is first
    assert await cache.get("page", clock.make) is first
    clock.now = FRESH_SECONDS
    assert cache.fresh("page") is None
    assert (await cache.get("page", clock.make)).plain == b"2"


async def test_age_counts_from_when_the_making_began() -> None:
    clock = Clockwork()
    cache = PageCache(lambda: clock.now)

    async def slowly() -> CachedAnswer:
        clock.now = FRESH_SECONDS
        return await clock.make()

    await cache.get("page", slowly)
    assert cache.fresh("page") is None


async def test_answer_that_changes_at_a_known_moment_is_not_kept_beyond_it() -> None:
    clock = Clockwork(good_for=0.25)
    cache = PageCache(lambda: clock.now)
    first = await cache.get("page", clock.make)
    assert (b"cache-control", b"public, max-age=0") in first.headers, "caches on the way do not keep it either"
    clock.now = 0.249
    assert cache.fresh("page") is first
    clock.now = 0.25
    assert cache.fresh("page") is None
    assert (await cache.get("page", clock.make)).plain == b"2"


async def test_answer_that_is_right_for_long_is_as_old_as_any_other() -> None:
    clock = Clockwork(good_for=3600)
    cache = PageCache(lambda: clock.now)
    first = await cache.get("page", clock.make)
    assert (b"cache-control", b"public, max-age=1") in first.headers
    clock.now = FRESH_SECONDS
    assert cache.fresh("page") is None


async def test_who_asked_before_a_change_is_not_given_what_was_made_until_then() -> None:
    clock = Clockwork(good_for=0.25)
    cache = PageCache(lambda: clock.now)

    async def slowly() -> CachedAnswer:
        if not clock.made:
            clock.now = 0.25
        return await clock.make()

    answers = await asyncio.gather(*(cache.get("page", slowly) for _ in range(10)))
    assert {answer.plain for answer in answers} == {b"2"}
    assert clock.made == 2


async def test_crowd_makes_it_once() -> None:
    clock = Clockwork()
    cache = PageCache(lambda: clock.now)
    answers = await asyncio.gather(*(cache.get("page", clock.make) for _ in range(100)))
    assert clock.made == 1
    assert len({id(answer) for answer in answers}) == 1


async def test_failure_is_not_kept() -> None:
    cache = PageCache()

    async def fail() -> CachedAnswer:
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            await cache.get("page", fail)
    assert (await cache.get("page", Clockwork().make)).plain == b"1"


async def test_whoever_gives_up_takes_the_page_from_nobody() -> None:
    clock = Clockwork()
    cache = PageCache(lambda: clock.now)
    impatient = asyncio.create_task(cache.get("page", clock.make))
    patient = asyncio.create_task(cache.get("page", clock.make))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).plain == b"1"


async def test_no_more_answers_are_kept_than_stated() -> None:
    clock = Clockwork()
    cache = PageCache(lambda: clock.now)
    for number in range(MAX_ANSWERS + 1):
        await cache.get(number, clock.make)
    assert cache.fresh(0) is None
    assert cache.fresh(1) is not None
    assert cache.fresh(MAX_ANSWERS) is not None


@pytest.mark.parametrize(
    ("header", "accepts"), [(b"gzip, deflate, br", True), (b"br", False), (b"gzip;q=0", False), (b"gzip; q=0", False)]
)
def test_encoding_is_the_browsers_choice(header: bytes, accepts: bool) -> None:
    assert accepts_gzip({"headers": [(b"accept", b"*/*"), (b"accept-encoding", header)]}) is accepts
    assert accepts_gzip({"headers": []}) is False
