"""Somebody's long files, how far they are, and what stands in them."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.jobs.exports.models import Export, ExportPart
from erp_club.jobs.kinds import OPEN, RunState
from erp_club.jobs.models import JobRun
from erp_club.kernel.errors import NotFound
from erp_club.kernel.text import T

KEPT = dt.timedelta(hours=24)
"""How long a file can be fetched from when it was asked for."""
MOST_SHOWN = 50
READY = 200
"""The status of an answer that is a file."""


@dataclass(frozen=True, slots=True)
class ExportRow:
    """A long file. `rows` are those written so far; `status` that of its answer, 200 once it can be fetched."""

    id: int
    path: str
    asked_at: dt.datetime
    ended_at: dt.datetime | None
    status: int | None
    headers: Mapping[str, str]
    rows: int
    bytes: int
    run_id: int | None
    run_state: RunState | None

    @property
    def ready(self) -> bool:
        """Whether it can be fetched."""
        return self.status == READY

    @property
    def writing(self) -> bool:
        """Whether somebody is still at it, or will be."""
        return self.ended_at is None and self.run_state in OPEN


def one(session: Session, export_id: int, *, staff_id: int) -> ExportRow:
    """A file of this person's. Raises NotFound."""
    row = session.execute(_rows(staff_id).where(Export.id == export_id)).one_or_none()
    if row is None:
        raise unknown()
    return _row(row)


def whole(session: Session, export_id: int, *, staff_id: int) -> ExportRow:
    """The same, ready to be fetched. Raises NotFound."""
    row = one(session, export_id, staff_id=staff_id)
    if not row.ready:
        raise unknown()
    return row


def unknown() -> NotFound:
    """Nobody's file, or one that isn't written or was taken away."""
    return NotFound(T("There is no such file. Files are kept for a day."), code="export-unknown")


def of_staff(session: Session, staff_id: int) -> list[ExportRow]:
    """This person's files, the newest first."""
    return [_row(row) for row in session.execute(_rows(staff_id).order_by(Export.id.desc()).limit(MOST_SHOWN))]


def part(session: Session, export_id: int, no: int) -> bytes | None:
    """A piece of the file; None behind the last."""
    return session.scalar(sa.select(ExportPart.content).where(ExportPart.export_id == export_id, ExportPart.no == no))


def being_written(session: Session, *, path: str, query: str, language: str, staff_id: int) -> int:
    """The export of this file that isn't written yet."""
    same = (Export.path == path, Export.query == query, Export.language == language, Export.staff_id == staff_id)
    return session.execute(sa.select(Export.id).where(Export.ended_at.is_(None), *same)).scalar_one()


def asked(session: Session, export_id: int) -> Export | None:
    """What was asked for; None where it was taken back meanwhile."""
    return session.get(Export, export_id)


_COLUMNS = (
    Export.id, Export.path, Export.asked_at, Export.ended_at, Export.status, Export.headers,
    sa.case((Export.ended_at.is_(None), sa.func.coalesce(JobRun.done, 0)), else_=Export.rows), Export.bytes,
    Export.run_id, JobRun.state,
)  # fmt: skip


def _rows(staff_id: int) -> sa.Select[*tuple[Any, ...]]:
    return sa.select(*_COLUMNS).outerjoin(JobRun, JobRun.id == Export.run_id).where(Export.staff_id == staff_id)


def _row(row: Any) -> ExportRow:
    values: list[Any] = list(row)
    values[5] = values[5] or {}
    return ExportRow(*values)
