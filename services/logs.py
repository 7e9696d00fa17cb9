"""Structured logs on standard error: one JSON object per line, or coloured lines for people."""
from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

_SHOW_LOCALS = False
"""Variables hold tokens and what people wrote on tickets; a log must not."""


def configure_logs(level: str, form: str) -> None:
    """Everything that logs in this process, the standard library's loggers included, writes the same way."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if form == "json":
        traces = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=_SHOW_LOCALS))
        last: list[Any] = [traces, structlog.processors.JSONRenderer()]
    else:
        people = structlog.dev.RichTracebackFormatter(show_locals=_SHOW_LOCALS)
        last = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=people)]
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, *last], wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr), cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
    ))
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)
