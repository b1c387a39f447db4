"""How many links all chains have is kept each night beside them: whoever cuts the end of one off is found by that.

It is one more thing that is kept (`kept_rows`) and sealed. Of its own chain's end only a copy elsewhere tells.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.kept_rows import KeptRow

_NAME = "seals"


@dataclass(frozen=True, slots=True)
class CutOff:
    """A table of seals that has fewer links (`there`) of those until `at` than there were then (`kept`)."""

    table: str
    at: dt.datetime
    kept: int
    there: int


def keep_counts(session: Session, tables: Sequence[str], *, now: dt.datetime) -> None:
    """Keep how many links each of these tables has, where that is something else than was kept last."""
    counts = {table: session.scalar(sa.select(sa.func.count()).select_from(sa.table(table))) for table in tables}
    last = _kept(session)
    if not last or last[-1].said.get("links") != counts:
        said = {"at": now.isoformat(), "links": counts}
        session.add(KeptRow(of_table=_NAME, row_id=1, n=len(last) + 1, said=said))
        session.flush()


def chains_cut(session: Session) -> list[CutOff]:
    """The first night of each table of which links are gone; empty is what it should be."""
    # The chain over what is kept names a row that was changed: here it is passed over.
    kept = [each for each in _kept(session) if {"at", "links"} <= each.said.keys()]
    tables = kept[-1].said["links"] if kept else ()
    return [cut for table in tables if (cut := _first_cut(session, table, kept))]


def _first_cut(session: Session, table: str, kept: Sequence[KeptRow]) -> CutOff | None:
    nights = [dt.datetime.fromisoformat(each.said["at"]) for each in kept]
    # A link of a night's very moment is the night's.
    after = sa.cast([night + dt.timedelta(microseconds=1) for night in nights], sa.ARRAY(sa.DateTime(timezone=True)))
    night = sa.func.width_bucket(sa.column("at"), after).label("night")
    rows = session.execute(sa.select(night, sa.func.count()).select_from(sa.table(table)).group_by(night))
    added = {number: count for number, count in rows}  # noqa: C416 - rows are no pairs to the type checker
    there = 0
    for number, (row, at) in enumerate(zip(kept, nights, strict=True)):
        there += added.get(number, 0)
        links: int = row.said["links"].get(table, 0)
        if there < links:
            return CutOff(table, at, links, there)
    return None


def _kept(session: Session) -> Sequence[KeptRow]:
    return session.scalars(sa.select(KeptRow).where(KeptRow.of_table == _NAME).order_by(KeptRow.n)).all()
