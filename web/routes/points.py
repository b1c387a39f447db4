"""The history of points."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from erp_club.clubs.queries import club_of_account
from erp_club.customers.queries import names_of
from erp_club.permissions.catalog import Permission
from erp_club.points import queries
from erp_club.points.kinds import MovementKind
from erp_club.points.queries import Flow, Which
from erp_club.programmes.queries import VersionNumber, names_written, version_numbers
from web import lists
from web.deps import Act, ActRoute, needs
from web.fields import AskedDay, RowId, Unsaid
from web.formats import counts
from web.taken_out import taken_out
from web.views.points import HistoryView, history_view, reason_of, unit_of, version_of

router = APIRouter(route_class=ActRoute, tags=["points"])
HEADER = ("at", "points", "balance", "kind", "store", "till", "receipt", "staff", "reason", "version", "unit")


def which(
    flow: Flow = Flow.ALL,
    kind: Annotated[MovementKind | None, Query(description="Movements for one reason only"), Unsaid] = None,
    first: Annotated[AskedDay, Query(description="The first day, included")] = None,
    last: Annotated[AskedDay, Query(description="The last day, included")] = None,
) -> Which:
    """Which movements the address asks for."""
    return Which(flow, kind, first, last)


FromAddress = Annotated[Which, Depends(which)]


@router.get("/points-accounts/{account_id}/movements", name="points.account.movements", response_model=HistoryView)
def movements(
    act: Annotated[Act, needs(Permission.POINTS_VIEW)],
    account_id: RowId,
    asked: FromAddress,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    year: Annotated[int | None, Query(ge=1900, le=2999)] = None,
) -> Response:
    """An account's movements, the newest first; `before` asks for older ones as the answer's `older` says."""
    customer_id = queries.account(act.session, account_id).customer_id
    view = history_view(act, customer_id, account_id=account_id, which=asked, before=before, year=year)
    if not act.htmx:
        if act.may(Permission.CUSTOMERS_VIEW):
            view.customer = names_of(act.session, [customer_id]).get(customer_id)
        return act.answer(view, "points/history.html")
    return act.answer(view, "points/_history.html" if before is None else "points/_movements.html")


@router.get(
    "/points-accounts/{account_id}/movements.{suffix}", name="points.account.file", responses=lists.FILE_ANSWERS
)
def movements_file(
    act: Annotated[Act, needs(Permission.POINTS_VIEW, fresh=True)],
    account_id: RowId,
    suffix: Literal["csv", "xlsx"],
    asked: FromAddress,
) -> Response:
    """The account's movements that match as a file, the newest first, in the time of their stores."""
    customer_id = queries.account(act.session, account_id).customer_id
    found = queries.all_movements(act.session, customer_id, account_id, which=asked)
    club_id = club_of_account(act.session, account_id)
    versions = [] if club_id is None else version_numbers(act.session, club_id)
    names = {} if club_id is None else names_written(act.session, club_id)
    return taken_out(act, f"points-{account_id}.{suffix}", HEADER, _rows(found, act.zone, versions, names))


def _rows(
    found: Iterator[queries.MovementRow],
    zone: str,
    versions: Sequence[VersionNumber],
    names: Mapping[str, Mapping[str, str]],
) -> Iterator[tuple[lists.Cell, ...]]:
    for row in found:
        at, version = row.at.astimezone(ZoneInfo(row.zone or zone)), version_of(row, versions)
        unit = unit_of(version, versions)
        yield (
            at,
            unit.cell(row.points),
            unit.cell(row.balance_after),
            row.kind.value,
            row.store,
            row.terminal,
            row.receipt_no,
            row.staff,
            reason_of(row, names),
            version.version_no if version else None,
            counts(unit),
        )
