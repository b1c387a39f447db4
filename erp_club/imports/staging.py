"""The temporary tables of one import: rows come in by COPY, faults are gathered, and both end with the transaction."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, cast

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.orm import Session

from erp_club.imports.formats import Reading, Refusal
from erp_club.kernel.text import Text


class Progress(Protocol):
    """Who watches an import: how much of the file is read, and what is being done once it is."""

    def read(self, done: int, total: int) -> None:
        """Bytes of the file as it lies on the disk."""

    def phase(self, doing: Text) -> None:
        """The next step; it takes as long as it takes."""


def begin(session: Session, kind: str, progress: Progress, waiting: Text) -> None:
    """Let one import of a kind work at a time, and make the table of its refusals.

    The lock is held to the end of the transaction; where another import has it, `waiting` is told first.
    """
    lock = {"kind": f"import {kind}"}
    if not session.scalar(sa.text("SELECT pg_try_advisory_xact_lock(hashtextextended(:kind, 0))"), lock):
        progress.phase(waiting)
        session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:kind, 0))"), lock)
    # Sorts and hashes over a whole file; one import at a time needs no more than this.
    session.execute(sa.text("SET LOCAL work_mem = '128MB'"))
    create(
        session,
        "import_refusals",
        'line bigint, "column" text, value text, msgid text, facts jsonb, no bigint GENERATED ALWAYS AS IDENTITY',
    )


def create(session: Session, table: str, columns: str) -> None:
    """An empty temporary table that ends with the transaction."""
    session.execute(sa.text(f"DROP TABLE IF EXISTS pg_temp.{table}"))
    session.execute(sa.text(f"CREATE TEMPORARY TABLE {table} ({columns}) ON COMMIT DROP"))


def copy(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows into a table by COPY."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with driver(session).cursor() as cursor, cursor.copy(statement) as into:
        for row in rows:
            into.write_row(row)


def stage(session: Session, table: str, reading: Reading, progress: Progress) -> int:
    """All rows of a file that can be read into a table with a column `line` and the file's; gives how many there are.

    Those that can't are refused.
    """
    read = 0
    for batch in reading.batches():
        read += len(batch.lines) + len({refusal.line for refusal in batch.refusals})
        copy(session, table, ("line", *reading.columns), zip(batch.lines, *batch.values, strict=True))
        refuse(session, batch.refusals)
        progress.read(reading.table.bytes_read, reading.table.total_bytes)
    run(session, f"ANALYZE {table}")
    return read


def driver(session: Session) -> "psycopg.Connection[tuple[Any, ...]]":
    """The psycopg connection under the session, in the same transaction."""
    connection: Any = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return cast("psycopg.Connection[tuple[Any, ...]]", connection)


def refuse(session: Session, refusals: Iterable[Refusal]) -> None:
    """Keep refusals with the import; their rows aren't taken."""
    found = list(refusals)
    if found:
        rows = (
            (each.line, each.column, each.value, each.text.msgid, json.dumps(dict(each.text.values))) for each in found
        )
        copy(session, "import_refusals", ("line", "column", "value", "msgid", "facts"), rows)


def refuse_where(
    session: Session, column: str | None, why: Text, rows: str, given: Mapping[str, object] | None = None
) -> int:
    """Refuse what a query finds, in sentences that name what it found; gives how many.

    `rows` is a SELECT of `line`, `value` and `facts` (a jsonb object of the sentence's values, or null).
    """
    return rowcount(
        session,
        f"""
        INSERT INTO import_refusals (line, "column", value, msgid, facts)
        SELECT found.line, :_column, found.value, :_msgid, coalesce(found.facts, '{{}}') FROM ({rows}) AS found
         ORDER BY found.line
        """,
        {"_column": column, "_msgid": why.msgid, **(given or {})},
    )


def refusals(session: Session) -> Iterator[Refusal]:
    """All refusals of the running import by line, streamed."""
    rows = session.execute(
        sa.text('SELECT line, "column", value, msgid, facts FROM import_refusals ORDER BY line, no'),
        execution_options={"yield_per": 2000},
    )
    for line, column, value, msgid, facts in rows:
        yield Refusal(line, column, value, Text(msgid, facts))


def refused_rows(session: Session) -> int:
    """How many rows of the file are refused."""
    return session.scalar(sa.text("SELECT count(DISTINCT line) FROM import_refusals")) or 0


def run(session: Session, statement: str, given: Mapping[str, object] | None = None) -> None:
    """A statement over the staged rows."""
    session.execute(sa.text(statement), given or {})


def rowcount(session: Session, statement: str, given: Mapping[str, object] | None = None) -> int:
    """A statement over the staged rows; gives how many rows it touched."""
    result = session.execute(sa.text(statement), given or {})
    assert isinstance(result, sa.CursorResult)
    return result.rowcount


def number(session: Session, query: str, given: Mapping[str, object] | None = None) -> int:
    """A query that counts or sums."""
    return session.scalar(sa.text(query), given or {}) or 0
