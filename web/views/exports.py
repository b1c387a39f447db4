"""What pages show of long files: how far each is, and where it can be fetched."""

import datetime as dt
import re
from urllib.parse import unquote

from pydantic import BaseModel
from starlette.responses import Response

from erp_club.jobs import queue
from erp_club.jobs.exports import job, queries
from erp_club.jobs.exports.queries import KEPT, ExportRow
from web.deps import Act
from web.i18n import LANGUAGE

_FILENAME = re.compile(r"filename\*=UTF-8''(\S+)")


class ExportView(BaseModel):
    """A long file; `url` is where it can be fetched once it is ready, `rows` how many are written."""

    id: int
    filename: str
    state: str
    rows: int
    bytes: int
    url: str | None
    asked_at: dt.datetime
    ended_at: dt.datetime | None
    kept_until: dt.datetime


class ExportsPage(BaseModel):
    """One's own long files, the newest first."""

    exports: list[ExportView]


def export_view(row: ExportRow) -> ExportView:
    """The file as a page shows it. `state`: writing, ready, refused (its address gave no file) or stopped."""
    told = _FILENAME.search(row.headers.get("content-disposition", ""))
    state = "ready" if row.ready else "refused" if row.ended_at else "writing" if row.writing else "stopped"
    return ExportView(
        id=row.id,
        filename=unquote(told[1]) if told else row.path.rsplit("/", 1)[-1],
        state=state,
        rows=row.rows,
        bytes=row.bytes,
        url=f"/exports/{row.id}/file" if row.ready else None,
        asked_at=row.asked_at,
        ended_at=row.ended_at,
        kept_until=row.asked_at + KEPT,
    )


def written_later(act: Act) -> Response:
    """Let a worker write the file that this request asked for: 202 for a machine, for a person the page of the file."""
    assert act.by.staff_id is not None
    export_id = job.ask(
        act.session, path=act.request.url.path, query=act.request.url.query, language=LANGUAGE.get(),
        staff_id=act.by.staff_id, today=act.today, now=act.now, by=act.by,
    )  # fmt: skip
    queue.nudge(act.session)
    view = export_view(queries.one(act.session, export_id, staff_id=act.by.staff_id))
    return act.done(view, f"/exports/{export_id}", status=202)
