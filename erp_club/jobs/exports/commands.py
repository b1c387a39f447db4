"""Asking for a long file, writing it in parts, and forgetting it."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.jobs import commands as runs
from erp_club.jobs.exports.models import Export, ExportPart
from erp_club.jobs.exports.queries import one
from erp_club.jobs.exports.writing import Written
from erp_club.permissions.actors import Actor


def add(session: Session, *, path: str, query: str, language: str, staff_id: int, now: dt.datetime) -> int | None:
    """Note that somebody wants this file, and give the export's id; None where it is being written already."""
    values = {"staff_id": staff_id, "path": path, "query": query, "language": language, "asked_at": now}
    return session.scalar(insert(Export).values(values).on_conflict_do_nothing().returning(Export.id))


def written_by(session: Session, export_id: int, run_id: int) -> None:
    """Note the run that writes the file."""
    session.execute(sa.update(Export).where(Export.id == export_id).values(run_id=run_id))


def begin(session: Session, export_id: int) -> None:
    """Begin the file anew: what a worker that died had written isn't kept."""
    session.execute(sa.delete(ExportPart).where(ExportPart.export_id == export_id))


def add_part(session: Session, export_id: int, no: int, content: bytes) -> None:
    """Keep a piece of the file."""
    session.execute(sa.insert(ExportPart).values(export_id=export_id, no=no, content=content))


def end(session: Session, export_id: int, written: Written, *, now: dt.datetime) -> None:
    """Say that the file is whole, or was refused."""
    session.execute(
        sa.update(Export)
        .where(Export.id == export_id)
        .values(
            ended_at=now, status=written.status, headers=dict(written.headers), rows=written.rows, bytes=written.bytes
        )
    )


def drop(session: Session, export_id: int, *, staff_id: int, now: dt.datetime, by: Actor) -> None:
    """Take the file away, and stop who writes it. Raises NotFound where it isn't this person's."""
    export = one(session, export_id, staff_id=staff_id)
    if export.writing and export.run_id is not None:
        runs.stop_run(session, export.run_id, now=now, by=by)
    session.execute(sa.delete(Export).where(Export.id == export_id))


def forget(session: Session, *, before: dt.datetime, limit: int) -> int:
    """Take away files that were asked for before this moment; gives how many."""
    old = sa.select(Export.id).where(Export.asked_at < before).order_by(Export.id).limit(limit)
    return len(session.scalars(sa.delete(Export).where(Export.id.in_(old)).returning(Export.id)).all())
