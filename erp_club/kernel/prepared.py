"""Statements that Core builds and compiles once, and that go straight to libpq from then on.

Core looks a statement up in its cache, walks over its parameters and reads the shape of its rows at each execution, and
psycopg's cursor does as much again. For the few that every sale and every request runs, that costs more than
PostgreSQL's own work. The connection, its transaction, its errors and its types are theirs as ever.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import psycopg
import sqlalchemy as sa
from psycopg import generators, waiting
from psycopg._preparing import Prepare
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.visitors import replacement_traverse

_NUMBERED = psycopg_dialect(paramstyle="numeric_dollar")
_DONE = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.PIPELINE_SYNC})
_PATIENCE = 0.1
"""Seconds between two looks for Ctrl-C while the server is silent."""
_IDLE, _READ_OR_WRITE, _READABLE = TransactionStatus.IDLE, waiting.Wait.RW, waiting.Ready.R


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement told: its rows, and how many it read or wrote."""

    rows: list[tuple[Any, ...]]
    rowcount: int


@dataclass(frozen=True, slots=True)
class _Typed:
    """A statement with the types of its values, as psycopg's record of what is prepared on a connection knows it."""

    query: bytes
    types: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A prepared statement's name with its values as they are sent, and what reads its answer."""

    transformer: Any
    name: bytes
    values: Any
    formats: Any


class Prepared:
    """A statement with named parameters.

    Values and rows are the driver's own: our column types don't take part, so whoever runs it sends plain values. The
    placeholders are PostgreSQL's `$1`.
    """

    def __init__(self, statement: sa.Executable) -> None:
        compiled: Any = cast("Any", statement).compile(dialect=_NUMBERED)
        if not all(bound.required for bound in compiled.binds.values()):
            # Copies the statement, and some copies tell one CTE as two; so only where there is anything to write in.
            ready = cast("Any", replacement_traverse(cast("Any", statement), {}, _constant))
            compiled = ready.compile(dialect=_NUMBERED)
        self.text: bytes = compiled.string.encode()
        self._order: list[str] = compiled.positiontup
        self._formats = [PyFormat.AUTO] * len(self._order)
        self._typed: dict[tuple[int, ...], _Typed] = {}

    def execute(
        self,
        connection: sa.Connection,
        values: Mapping[str, Any],
        *,
        last: bool = False,
        after: "tuple[Prepared, Mapping[str, Any]] | None" = None,
        ahead: "Ahead | None" = None,
    ) -> Answer:
        """Run it in the connection's transaction. Raises what Core would raise.

        The first statement of a transaction takes its BEGIN along, instead of waiting for that by itself, and one that
        is said to be the `last` its COMMIT, which isn't reached where the statement fails. `after` is run before it in
        the same round trip, and its rows are dropped: locks, since what follows sees all that they have waited for.
        `ahead` is run behind it in the same round trip, and keeps its answer.
        """
        if not connection.in_transaction():
            connection.begin()
        driver: Any = connection.connection.driver_connection
        asked: list[tuple[Prepared, Mapping[str, Any]]] = [(self, values)] if after is None else [after, (self, values)]
        if ahead is not None:
            asked.append((ahead.statement, ahead.values))
        try:
            ready = [each._ready(driver, connection.info, given) for each, given in asked]  # noqa: SLF001
            told = _run(driver, ready, last=last)
        except psycopg.Error as error:
            raise _told_by_core(connection, error) from error
        if ahead is not None:
            ahead.answer = _read(ready.pop(), told.pop())
        return _read(ready[-1], told[-1])

    def _ready(self, driver: Any, info: dict[Any, Any], values: Mapping[str, Any]) -> "_Ready":
        """The statement with its values, as the server takes it."""
        transformer: Any = info.get(self)
        if transformer is None:
            transformer = info[self] = Transformer(driver)
        sent = transformer.dump_sequence([values[name] for name in self._order], self._formats)
        return _Ready(transformer, self._named(driver, transformer.types or ()), sent, transformer.formats)

    def _named(self, driver: Any, types: tuple[int, ...]) -> bytes:
        """The statement's name on this connection, where it is prepared if it isn't yet.

        psycopg keeps the names, since it has the server forget them all after a rollback.
        """
        typed = self._typed.get(types)
        if typed is None:
            typed = self._typed[types] = _Typed(self.text, types)
        known = driver._prepared  # noqa: SLF001 - psycopg shows it nowhere else
        state, name = known.get(typed, True)
        if state is not Prepare.YES:
            _check([driver.pgconn.prepare(name, self.text, types)])
        known.maybe_add_to_cache(typed, state, name)
        return name


@dataclass(slots=True)
class Ahead:
    """A question that a transaction is known to come to, asked in the round trip of the statement before it."""

    statement: Prepared
    values: Mapping[str, Any]
    answer: Answer | None = None

    def execute(self, session: Session) -> Answer:
        """The answer: of the same question where that was asked ahead in this session, which is told once, else now."""
        known = session.info.pop(Ahead, None)
        if known is not None and known.statement is self.statement and known.values == self.values:
            return known.answer
        return self.statement.execute(session.connection(), self.values)


def _run(driver: Any, statements: "Sequence[_Ready]", *, last: bool) -> list[PGresult]:
    pgconn: PGconn = driver.pgconn
    before = not driver.autocommit and pgconn.transaction_status == _IDLE
    if before or last or len(statements) > 1:
        return _at_once(pgconn, statements, begin=before, commit=last)
    (ready,) = statements
    result = pgconn.exec_prepared(ready.name, ready.values, ready.formats)
    _check([result])
    return [result]


def _read(ready: _Ready, result: PGresult) -> Answer:
    transformer = ready.transformer
    transformer.set_pgresult(result)
    rows = transformer.load_rows(0, result.ntuples, tuple)
    transformer.set_pgresult(None)
    return Answer(rows, result.command_tuples or 0)


def _at_once(pgconn: PGconn, statements: "Sequence[_Ready]", *, begin: bool, commit: bool) -> list[PGresult]:
    """The statements, with BEGIN before them or COMMIT after them, in one round trip: what each of them tells."""
    pgconn.enter_pipeline_mode()
    if begin:
        pgconn.send_query_params(b"BEGIN", None)
    for each in statements:
        pgconn.send_query_prepared(each.name, each.values, each.formats)
    if commit:
        pgconn.send_query_params(b"COMMIT", None)
    pgconn.pipeline_sync()
    try:
        count = len(statements) + 1 + begin + commit
        results = waiting.wait(_results(pgconn, count), pgconn.socket, _PATIENCE)
        pgconn.exit_pipeline_mode()
    except BaseException:
        pgconn.finish()  # nobody knows what it would answer next
        raise
    _check(results)
    return results[begin : begin + len(statements)]


def _results(pgconn: PGconn, count: int) -> Generator[waiting.Wait, waiting.Ready | int, list[PGresult]]:
    """Send what waits to be sent, and read the results of so many commands."""
    while pgconn.flush():
        if (yield _READ_OR_WRITE) & _READABLE:
            pgconn.consume_input()
    found: list[PGresult] = []
    for _ in range(count):
        found += yield from generators.fetch_many(pgconn)
    return found


def _check(results: Sequence[PGresult]) -> None:
    for result in results:
        if result.status not in _DONE:
            raise psycopg.errors.error_from_result(result, encoding="utf-8")


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
