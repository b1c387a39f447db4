"""The job that writes a long file, and the one that takes old ones away."""

import datetime as dt
from functools import partial

from sqlalchemy.orm import Session

from erp_club.jobs import commands as runs
from erp_club.jobs.declared import Cursor, Job, Run, Said, Step
from erp_club.jobs.exports import commands, queries
from erp_club.jobs.exports.writing import Parts, writer
from erp_club.jobs.kinds import Level
from erp_club.kernel.text import N_, T
from erp_club.permissions.actors import Actor

PART_BYTES = 1_000_000
FORGET = 500
"""Files taken away in one transaction."""


def _write(session: Session, run: Run, _cursor: Cursor) -> Step:
    """The whole file in one transaction: begun again where a worker dies, so that it is of one moment."""
    export_id = int(run.parameters["export"])
    asked = queries.asked(session, export_id)
    if asked is None:
        return Step(None, 0)
    commands.begin(session, export_id)
    parts = Parts(partial(commands.add_part, session, export_id), size=PART_BYTES)
    written = writer()(
        staff_id=asked.staff_id, path=asked.path, query=asked.query, language=asked.language, put=parts.put,
        told=lambda rows: run.tell(rows, 0),
    )  # fmt: skip
    parts.end()
    commands.end(session, export_id, written, now=run.now)
    refused = Said(T("The file was refused: its address answers with %(status)s.", status=written.status), Level.WARN)
    return Step(None, written.rows, {"rows": written.rows}, [] if written.status == queries.READY else [refused])


EXPORT = Job(
    name="export",
    title=N_("Long files"),
    about=N_("Writes a file that is too long for one answer. Started where a list is downloaded."),
    batch=_write,
    counts={"rows": N_("Rows")},
    by_hand=False,
)


def ask(
    session: Session, *, path: str, query: str, language: str, staff_id: int, today: dt.date, now: dt.datetime,
    by: Actor,
) -> int:  # fmt: skip
    """Let a worker write the file that this address answers with, and give the export's id.

    The same file asked for again while it isn't written is that export.
    """
    export_id = commands.add(session, path=path, query=query, language=language, staff_id=staff_id, now=now)
    if export_id is None:
        return queries.being_written(session, path=path, query=query, language=language, staff_id=staff_id)
    run_id = runs.ask(session, EXPORT, as_of=today, parameters={"export": export_id}, now=now, by=by)
    commands.written_by(session, export_id, run_id)
    return export_id


def _forget(session: Session, run: Run, _cursor: Cursor) -> Step:
    gone = commands.forget(session, before=run.now - queries.KEPT, limit=FORGET)
    return Step([0] if gone == FORGET and not run.dry_run else None, gone, {"files": gone})


EXPORTS_FORGET = Job(
    name="exports-forget",
    title=N_("Long files fetched or not"),
    about=N_("Takes away files that were written for somebody more than a day ago."),
    batch=_forget,
    counts={"files": N_("Files taken away")},
    schedule="20 * * * *",
)
