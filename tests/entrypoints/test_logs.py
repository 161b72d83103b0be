"""Text from outside stays in its line of the log, and contains no secrets."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

import pytest
import structlog

from entrypoints.logs import OncePerTurn, configure_logging, plain, without_secrets

SESSION = "cs_test_a1B2c3D4e5F6"


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def written(log_format: Literal["console", "json"], message: str, *args: object, **options: Any) -> str:
    """The output of the process for one line of the log."""
    configure_logging(level="INFO", log_format=log_format)
    stream = io.StringIO()
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    logging.getLogger("tests").warning(message, *args, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    "sent",
    [
        "a\n2026-11-28T00:00:00Z [info] all is well",
        "a\r\nb",
        "\x1b[2J\x1b[31mred",
        "\x9b31m",
        "\x07\x08\x7f",
        "a\u2028b",
        "a\u0085b",
        "\u202egnp.exe",
        "\x00",
    ],
)
@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_line_stays_a_line_whatever_is_in_it(log_format: Literal["console", "json"], sent: str) -> None:
    text = written(log_format, "asked for %s", sent)
    assert text.endswith("\n")
    body = text[:-1]
    assert body == plain(body)
    assert len(body.splitlines()) == 1


def test_ordinary_words_stay_as_they_are() -> None:
    assert plain("Ünïcödé 山田 👩‍🎤 ‘tickets’") == "Ünïcödé 山田 👩‍🎤 ‘tickets’"
    assert plain("a\tb\\n") == r"a\tb\n"
    assert "Ünïcödé" in written("console", "Ünïcödé")


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_an_errors_words_do_not_pass_for_a_line_of_the_log(log_format: Literal["console", "json"]) -> None:
    try:
        raise ValueError(f"no\n2026 [info] all is well \x1b[31m {SESSION}")  # noqa: TRY301  # it is what fails
    except ValueError:
        text = written(log_format, "it failed", exc_info=sys.exc_info())
    first, *others = text.splitlines()
    assert "it failed" in first
    assert "\x1b" not in text
    assert SESSION not in text
    if log_format == "console":
        assert others
        assert all(line.startswith("    ") for line in others)
    else:
        assert others == []
        assert "Traceback" in json.loads(text)["exception"]


@pytest.mark.parametrize(
    ("text", "logged"),
    [
        (f"No such session: '{SESSION}'", "No such session: 'cs_test_…e5F6'"),
        ("/x?token=AbC-_123&page=2", "/x?token=…&page=2"),
        ("/x?session_id=cs_live_1 went", "/x?session_id=… went"),
        ("Bearer pqt_AAAABBBB_CCCC", "Bearer pqt_…CCCC"),
        ("sk_live_12345678", "sk_live_…5678"),
        ("evt_1 of order 01a2", "evt_1 of order 01a2"),
    ],
)
def test_what_opens_something_is_left_out(text: str, logged: str) -> None:
    assert without_secrets(text) == logged
    for log_format in ("console", "json"):
        assert logged in written(log_format, "%s", text)


def test_a_line_of_json_has_what_is_bound_to_its_request() -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        line = json.loads(written("json", "Order %s placed", 7))
    moment = line.pop("timestamp")
    assert datetime.fromisoformat(moment).utcoffset() == timedelta()
    assert line == {"event": "Order 7 placed", "request_id": "r-1", "level": "warning", "logger": "tests"}


def into(handler: OncePerTurn, level: int, message: str) -> None:
    handler.handle(logging.makeLogRecord({"msg": message, "levelno": level, "levelname": logging.getLevelName(level)}))


async def test_the_lines_of_a_turn_are_written_together_at_its_end() -> None:
    stream = io.StringIO()
    handler = OncePerTurn(stream)
    for each in ("one", "two", "three"):
        into(handler, logging.INFO, each)
    assert stream.getvalue() == ""
    await asyncio.sleep(0)
    assert stream.getvalue() == "one\ntwo\nthree\n"
    into(handler, logging.INFO, "four")
    await asyncio.sleep(0)
    assert stream.getvalue().endswith("three\nfour\n")


async def test_a_warning_is_written_at_once_after_the_lines_before_it() -> None:
    stream = io.StringIO()
    handler = OncePerTurn(stream)
    into(handler, logging.INFO, "one")
    into(handler, logging.WARNING, "two")
    assert stream.getvalue() == "one\ntwo\n"


def test_a_line_outside_of_a_loop_is_written_at_once() -> None:
    stream = io.StringIO()
    into(OncePerTurn(stream), logging.INFO, "one")
    assert stream.getvalue() == "one\n"


def test_lines_of_a_loop_that_ended_are_not_lost_and_hold_no_later_line_up() -> None:
    stream = io.StringIO()
    handler = OncePerTurn(stream)

    async def log_and_end(message: str) -> None:
        asyncio.get_running_loop().call_soon(into, handler, logging.INFO, message)

    for message in ("one", "two"):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(log_and_end(message))
        loop.close()
    handler.flush()
    assert stream.getvalue() == "one\ntwo\n"
