"""Structured logs: one JSON object a line on standard error; no names, numbers, queries or bodies come in."""

import logging
import re
import sys

import structlog

_DETAIL = re.compile(r"^(DETAIL|CONTEXT): .*$", re.MULTILINE)


def without_details(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Take the lines out of a trace in which PostgreSQL shows the row that it refused."""
    if "exception" in event:
        event["exception"] = _DETAIL.sub(r"\1: …", event["exception"])
    return event


def start(level: str) -> None:
    """Send our own events and those of the libraries the same way."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_details,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # psycopg's and SQLAlchemy's own lines can hold values of statements.
    for quiet in ("sqlalchemy", "psycopg", "alembic"):
        logging.getLogger(quiet).setLevel(logging.WARNING)
