"""Refused webhooks are logged, without filling the log."""

from __future__ import annotations

import logging

import pytest

from entrypoints.http.webhooks import RefusalLog


class Watch:
    """A clock that a test advances, in seconds."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def refusals(watch: Watch, caplog: pytest.LogCaptureFixture) -> RefusalLog:
    caplog.set_level(logging.WARNING)
    return RefusalLog(pause_seconds=60, now=watch)


def test_first_refusal_is_told_with_its_reason(refusals: RefusalLog, caplog: pytest.LogCaptureFixture) -> None:
    refusals.note("no signature")

    assert caplog.messages == ["A webhook was refused: no signature (0 more since the last such line)"]


def test_refusals_that_follow_are_counted_into_the_next_line(
    refusals: RefusalLog, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(1000):
        refusals.note("no signature")
    watch.seconds += 59.9
    refusals.note("no signature")
    assert len(caplog.messages) == 1

    watch.seconds += 0.1
    refusals.note("too old")

    assert caplog.messages[1:] == ["A webhook was refused: too old (1000 more since the last such line)"]
