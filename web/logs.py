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
    """Send our own events and those of the libraries to the same place in the same form."""
    shared: list[structlog.typing.Processor] = [
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_details,
    ]
    written = structlog.processors.JSONRenderer(ensure_ascii=False)
    # Ours go past the standard library's loggers, which cost several times what the line itself does.
    structlog.configure(
        processors=[structlog.processors.add_log_level, _named, *shared, written],
        wrapper_class=structlog.make_filtering_bound_logger(level.lower()),
        logger_factory=_Stream,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, written],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # psycopg's and SQLAlchemy's own lines can hold values of statements; procrastinate's come each minute.
    for quiet in ("sqlalchemy", "psycopg", "alembic", "procrastinate"):
        logging.getLogger(quiet).setLevel(logging.WARNING)


class _Stream(structlog.WriteLogger):
    """Standard error, under the name that the logger was asked for by."""

    def __init__(self, name: str) -> None:
        super().__init__(sys.stderr)
        self.name = name


def _named(logger: _Stream, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    event["logger"] = logger.name
    return event
