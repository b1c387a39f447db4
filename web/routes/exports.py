"""Long files: how far a worker is with each, and fetching it."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.routing import iter_route_contexts
from starlette.responses import Response, StreamingResponse

from erp_club.jobs.exports import commands, queries
from erp_club.kernel.db import Database
from erp_club.permissions.catalog import Permission
from erp_club.permissions.errors import not_permitted
from erp_club.permissions.rules import Outcome
from web import lists
from web.declared import declared_by
from web.deps import Act, ActRoute, needs, shop
from web.fields import RowId
from web.views.exports import ExportsPage, ExportView, export_view

router = APIRouter(route_class=ActRoute, tags=["exports"])
Own = Annotated[Act, needs(Permission.SELF)]


def _own(act: Act) -> int:
    assert act.by.staff_id is not None
    return act.by.staff_id


@router.get("/exports", name="exports", response_model=ExportsPage)
def exports(act: Own) -> Response:
    """One's own long files of the last day, the newest first."""
    rows = queries.of_staff(act.session, _own(act))
    return act.answer(ExportsPage(exports=[export_view(row) for row in rows]), "exports/exports.html")


@router.get("/exports/{export_id}", name="exports.export", response_model=ExportView)
def export(act: Own, export_id: RowId) -> Response:
    """A long file: how many rows are written, and where it can be fetched once it is whole."""
    view = export_view(queries.one(act.session, export_id, staff_id=_own(act)))
    return act.answer(view, "exports/_export.html" if act.htmx else "exports/export.html")


@router.get("/exports/{export_id}/file", name="exports.file", responses=lists.FILE_ANSWERS)
def export_file(act: Annotated[Act, needs(Permission.SELF, fresh=True)], export_id: RowId) -> Response:
    """The file itself."""
    row = queries.whole(act.session, export_id, staff_id=_own(act))
    _check_still_theirs(act, row.path)
    headers = {**row.headers, "content-length": str(row.bytes)}
    return StreamingResponse(_parts(shop(act.request).database, export_id), 200, headers)


def _check_still_theirs(act: Act, path: str) -> None:
    """Raises Forbidden where the person may no longer ask for what stands in the file, which was written before."""
    for context in iter_route_contexts(act.request.app.routes):
        route: Any = context.original_route
        declared = declared_by(getattr(route, "dependant", None))
        if declared and declared.permission and "GET" in route.methods and route.path_regex.match(path):
            decision = act.by.decide(declared.permission)
            if decision.outcome is Outcome.REFUSED:
                raise not_permitted(declared.permission, decision)
            return


def _parts(database: Database, export_id: int) -> Iterator[bytes]:
    """Piece by piece, each in a transaction of its own: whoever fetches slowly holds none open."""
    no = 0
    while True:
        with database.session() as session:
            piece = queries.part(session, export_id, no)
        if piece is None:
            return
        yield piece
        no += 1


@router.delete("/exports/{export_id}", name="exports.export.remove", response_model=ExportsPage)
def remove_export(act: Own, export_id: RowId) -> Response:
    """Take the file away, and stop who writes it."""
    commands.drop(act.session, export_id, staff_id=_own(act), now=act.now, by=act.by)
    rows = queries.of_staff(act.session, _own(act))
    return act.done(ExportsPage(exports=[export_view(row) for row in rows]), "/exports", status=200)
