"""Whether every row that others tell of is there: whoever deletes one around the triggers leaves those behind."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Reference:
    """Columns of a table (`of`) that name a row of another one (`to`), in the same order."""

    of: str
    columns: tuple[str, ...]
    to: str
    named: tuple[str, ...]
    where: str = "true"


@dataclass(frozen=True, slots=True)
class Gone:
    """A row that isn't there, and the one that tells of it; keys are their values, divided by `/`."""

    table: str
    key: str
    teller: str
    teller_key: str


def references_to(metadata: sa.MetaData, tables: Sequence[str]) -> Iterator[Reference]:
    """Every foreign key to one of these tables."""
    for table in metadata.sorted_tables:
        for foreign in sorted(table.foreign_key_constraints, key=lambda each: str(each.name)):
            to = foreign.referred_table.name
            if to in tables:
                named = tuple(element.column.name for element in foreign.elements)
                yield Reference(table.name, tuple(foreign.column_keys), to, named)


def rows_gone(session: Session, metadata: sa.MetaData, references: Sequence[Reference]) -> list[Gone]:
    """The first row that is told of and isn't there, for each reference; empty is what it should be."""
    return [gone for each in references if (gone := _first_gone(session, metadata, each))]


def _first_gone(session: Session, metadata: sa.MetaData, reference: Reference) -> Gone | None:
    of = [f"t.{column}" for column in reference.columns]
    to = [f"n.{column}" for column in reference.named]
    key = ", ".join(f"t.{column.name}" for column in metadata.tables[reference.of].primary_key)
    row = session.execute(
        sa.text(f"""
            SELECT concat_ws('/', {", ".join(of)}), concat_ws('/', {key})
              FROM {reference.of} t
             WHERE {reference.where} AND {" AND ".join(f"{column} IS NOT NULL" for column in of)}
               AND NOT EXISTS (SELECT FROM {reference.to} n WHERE ({", ".join(to)}) = ({", ".join(of)}))
             ORDER BY {key} LIMIT 1
            """)  # noqa: S608 - names of ours
    ).one_or_none()
    return None if row is None else Gone(reference.to, row[0], reference.of, row[1])
