"""Structured logs: one line of JSON for each event, or coloured text for people.

Modules log with the standard library's ``logging``, and so do the libraries that we use; everything
leaves in the same form. What a log line is about has fields of its own, so that people can look for
it: ``_log.info("charging", extra={"station_id": "CP1", "transaction_id": "..."})``.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

import structlog
import structlog.tracebacks
from structlog.types import EventDict, Processor

from chargeplane.runtime.settings import LogFormat

__all__ = ["LogFormat", "configure"]

VALUE_CHARACTERS_MAX = 4_000
"""Of one text in a log line: stations decide how long some of them are."""
FRAMES_MAX = 30
"""Of the trace of an error."""


def configure(
    form: LogFormat = LogFormat.AUTO, stream: TextIO | None = None, level: int = logging.INFO
) -> None:
    """Send all logs of the program to a stream, stderr if none is named."""
    stream = stream or sys.stderr
    is_pretty = form is LogFormat.PRETTY or (form is LogFormat.AUTO and stream.isatty())
    common: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        _shorten,
    ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(_pretty(stream) if is_pretty else _json()),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Of a library, every request and every start of a server would be a line.
    for name in ("uvicorn.error", "uvicorn.access", "alembic", "httpx", "websockets"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    structlog.configure(
        processors=[*common, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _pretty(stream: TextIO) -> list[Processor]:
    plain = structlog.dev.plain_traceback
    # Who it is about stands first, as it is said; in the order of names it would be far right.
    return [
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=plain, sort_keys=False
        )
    ]


def _json() -> list[Processor]:
    return [
        # Without the values of local variables: passwords and tokens are among them.
        structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=FRAMES_MAX)
        ),
        structlog.processors.JSONRenderer(default=str, ensure_ascii=False),
    ]


def _shorten(_logger: Any, _method: str, event: EventDict) -> EventDict:
    for name, value in event.items():
        if isinstance(value, str) and len(value) > VALUE_CHARACTERS_MAX:
            event[name] = f"{value[:VALUE_CHARACTERS_MAX]}... ({len(value)} characters)"
    return event
