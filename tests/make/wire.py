"""What goes over the wire to PostgreSQL, as libpq itself tells it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import pq
from sqlalchemy.orm import Session


@contextmanager
def statements(session: Session) -> Iterator[list[str]]:
    """A list that holds, once the block has ended, one line for each statement that the block had executed."""
    driver: Any = session.connection().connection.driver_connection
    sent: list[str] = []
    with tempfile.TemporaryFile("w+") as file:
        driver.pgconn.trace(file.fileno())
        driver.pgconn.set_trace_flags(pq.Trace.SUPPRESS_TIMESTAMPS)
        try:
            yield sent
        finally:
            driver.pgconn.untrace()
        file.seek(0)
        sent.extend(line for line in file if line.split("\t")[2:3] in (["Bind"], ["Query"]))
