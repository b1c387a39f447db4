"""Statements that Core builds and compiles once, and that go straight to the driver from then on.

Core looks a statement up in its cache, walks over its parameters and reads the shape of its rows at each execution. For
the few that every sale and every request runs, that costs half as much as PostgreSQL's own work. The connection, its
transaction and its errors are Core's as ever.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, cast

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.visitors import replacement_traverse

_IDLE = psycopg.pq.TransactionStatus.IDLE
_NOTHING = nullcontext()
_NUMBERED = psycopg_dialect(paramstyle="numeric_dollar")


class Prepared:
    """A statement with named parameters.

    Values and rows are the driver's own: our column types don't take part, so whoever runs it sends plain values. The
    placeholders are PostgreSQL's `$1`, since psycopg would read its own anew in every statement above 4,096 characters.
    """

    def __init__(self, statement: sa.Executable) -> None:
        ready = cast("Any", replacement_traverse(cast("Any", statement), {}, _constant))
        compiled: Any = ready.compile(dialect=_NUMBERED)
        self.text: bytes = compiled.string.encode()
        self._order: list[str] = compiled.positiontup

    def execute(self, connection: sa.Connection, values: Mapping[str, Any]) -> psycopg.Cursor[tuple[Any, ...]]:
        """Run it in the connection's transaction; its rows are tuples. Raises what Core would raise."""
        if not connection.in_transaction():
            connection.begin()
        driver: Any = connection.connection.driver_connection
        cursor = psycopg.RawCursor[tuple[Any, ...]](driver)
        # The first statement of a transaction takes its BEGIN along, instead of waiting for that by itself.
        first = not driver.autocommit and driver.pgconn.transaction_status == _IDLE
        try:
            with driver.pipeline() if first else _NOTHING:
                return cursor.execute(self.text, [values[name] for name in self._order], prepare=True)
        except psycopg.Error as error:
            raise _told_by_core(connection, error) from error


def _constant(element: Any, **_: Any) -> sa.ColumnElement[Any] | None:
    """What stands in the statement itself becomes a part of its text, where PostgreSQL can plan for it."""
    if not isinstance(element, sa.BindParameter) or element.required:
        return None
    given = cast("sa.BindParameter[Any]", element)
    written = given.compile(dialect=_NUMBERED, compile_kwargs={"literal_binds": True})
    return sa.literal_column(str(written), given.type)


def _told_by_core(connection: sa.Connection, error: psycopg.Error) -> Exception:
    """The driver's error as Core raises it."""
    dialect: Any = connection.dialect
    if dialect.is_disconnect(error, connection.connection.driver_connection, None):
        # Core has to meet the dead connection itself: then it drops it, and those in the pool that are as old.
        connection.exec_driver_sql("SELECT 1")
    return DBAPIError.instance(None, None, error, psycopg.Error, hide_parameters=True, dialect=dialect)
