"""Logging: all of it goes through the standard library, and is written as lines for people or as JSON."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import sys
from collections.abc import MutableMapping
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO

import msgspec
import structlog
from structlog.types import ExcInfo, Processor
from typing_extensions import override

#: Characters that a terminal, or a reader of lines, treats as more than text: controls, line and paragraph separators,
#: and the marks that turn the direction of the following text.
_NO_TEXT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
#: Secrets that open an order, or let their holder act for a producer or for us. The end stays, to identify the object.
_SECRETS: Final = re.compile(
    r"\b(?P<kind>cs_(?:test|live)_|pqt_|whsec_|[sr]k_(?:test|live)_)\w*?(?P<end>\w{0,4})\b"
    r"|(?P<name>\b(?:token|session_id)=)[^&\s\"']+"
)


def without_secrets(text: str) -> str:
    """The text without payment sessions, order tokens and keys: "cs_test_…1a2b", "token=…"."""
    return _SECRETS.sub(lambda found: found["name"] + "…" if found["name"] else f"{found['kind']}…{found['end']}", text)


def plain(text: str) -> str:
    """The text with characters that are not text written out: ``\\n``, ``\\x1b``, ``\\u2028``."""
    return _NO_TEXT.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _clean(value: str, *, lines: bool = False) -> str:
    """Text from outside without secrets, and kept in its line unless it may have ``lines``."""
    # Nearly every line has neither, and a sale writes thousands a second: these two checks cost next to nothing.
    if "_" in value or "=" in value:
        value = without_secrets(value)
    return value if lines or value.isprintable() else plain(value)


def _clean_event(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _clean(value, lines=name == "exception")
    return event


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON: ``event``, what is bound to the request, ``level``, ``logger``,
    ``timestamp``, and ``exception`` if there is one.

    structlog's chain of processors, which writes the lines for people, takes twice as long; in a sale each order has a
    line.
    """

    @override
    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, object] = {"event": _clean(record.getMessage())}
        line |= structlog.contextvars.get_contextvars()
        line["level"] = record.levelname.lower()
        line["logger"] = record.name
        line["timestamp"] = datetime.fromtimestamp(record.created, UTC)
        if record.exc_info:
            line["exception"] = _clean(self.formatException(record.exc_info), lines=True)
        return msgspec.json.encode(line, enc_hook=str).decode()


def _write_traceback(stream: TextIO, error: ExcInfo) -> None:
    """Write the traceback indented, so no line of an error's message can pass for a log line."""
    text = io.StringIO()
    structlog.dev.plain_traceback(text, error)
    lines = without_secrets(text.getvalue()).strip("\n").split("\n")
    stream.write("\n" + "\n".join(f"    {plain(line)}" for line in lines))


def _for_people() -> logging.Formatter:
    """Writes a record as a line that is coloured on a terminal."""
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        # The pretty tracebacks show local variables, and with them names, addresses and secrets.
        exception_formatter=_write_traceback,
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _clean_event, renderer],
    )


class OncePerTurn(logging.StreamHandler[TextIO]):
    """Writes the lines of one turn of the event loop together: in a sale fifty orders end in the same turn, and a line
    for each would be a system call for each.

    Outside of a loop, and from a warning on, lines are written at once, after those that wait.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._waiting: list[str] = []
        self._will_flush: asyncio.AbstractEventLoop | None = None

    @override
    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._waiting.append(self.format(record) + self.terminator)
            loop = asyncio.get_running_loop() if record.levelno < logging.WARNING else None
        except RuntimeError:  # no loop runs in this thread
            loop = None
        except Exception:  # noqa: BLE001  # as logging has it: a line that cannot be written stops no sale
            self.handleError(record)
            return
        if loop is None:
            self.flush()
        elif loop is not self._will_flush:
            self._will_flush = loop
            loop.call_soon(self.flush)

    @override
    def flush(self) -> None:
        with self.lock or nullcontext():
            waiting, self._waiting, self._will_flush = self._waiting, [], None
            try:
                if waiting:
                    self.stream.write("".join(waiting))
                super().flush()
            except Exception:  # noqa: BLE001
                self.handleError(logging.makeLogRecord({}))


def configure_logging(*, level: str, log_format: Literal["console", "json"]) -> None:
    """Log to one handler on standard error for the whole process. Log lines hold ids, never names or addresses."""
    # Our lines do not use these values, so do not compute them for every line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001  # as "Optimization" in its documentation says
    handler = OncePerTurn(sys.stderr)
    handler.setFormatter(JsonLines() if log_format == "json" else _for_people())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Libraries that would put addresses, bodies or every connection into our log.
    for name in (
        "stripe",
        "aiohttp",
        "uvicorn",
        "asyncio",
        "alembic",
        "fontTools",
        "fpdf",
        "mail.log",
    ):
        logging.getLogger(name).setLevel(max(logging.getLevelName(level), logging.WARNING))
    # Its warnings report cancellation at every stop; its exceptions are logged by our worker.
    logging.getLogger("taskiq").setLevel(logging.ERROR)
