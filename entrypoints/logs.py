"""Logging: everything goes through the standard library, and comes out as a line for people or as JSON."""

from __future__ import annotations

import logging
import sys
from typing import Literal

import msgspec
import structlog
from structlog.types import Processor


def configure_logging(*, level: str, log_format: Literal["console", "json"]) -> None:
    """One handler on standard error for the whole process. Log lines hold ids, never names or addresses."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info if log_format == "json" else structlog.processors.StackInfoRenderer(),
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(serializer=_json)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # The pretty ones show local variables, and with them names, addresses and secrets.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    # What no line of ours says is not asked for at every line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
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
        "adapters.stripe.sandbox",
    ):
        logging.getLogger(name).setLevel(max(logging.getLevelName(level), logging.WARNING))
    # Its warnings tell of cancellation at every stop; what it raises, our worker logs.
    logging.getLogger("taskiq").setLevel(logging.ERROR)


def _json(event: structlog.types.EventDict, **_: object) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()
