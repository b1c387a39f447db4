"""Approval on the spot: asked for at the till, given by PIN there or from another's own screen."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from erp_club.customers.queries import names_of
from erp_club.kernel.errors import FieldError, Invalid, Refused
from erp_club.kernel.text import T
from erp_club.permissions.approvals import commands, queries
from erp_club.permissions.approvals.commands import Deed
from erp_club.permissions.approvals.queries import ApprovalRow
from erp_club.permissions.catalog import Permission, Unit
from erp_club.points.units import PointsUnit
from web.deps import Act, ActRoute, needs, wants_html
from web.fields import Body, Line, RowId, SmallRowId, Storable, Word
from web.refusals import again
from web.views.approvals import Resend, ask_page, points_units, resend_of, url_of

router = APIRouter(route_class=ActRoute, tags=["access"])
MOST, MOST_SHOWN = 10**12, 50
PIN_BODY = "it carries a PIN, and a repeat only asks once more"
Anybody = Annotated[Act, needs(Permission.SELF)]
Giving = Annotated[Act, needs(Permission.APPROVALS_GIVE)]
Pin = Annotated[str, StringConstraints(pattern=r"^\d{4,8}$")]


class NewApproval(Body):
    """What a refusal `approval-required` gave as `approval`. With `staff` and `pin` approved at once.

    With `later` it waits, whatever stands beside it. `send` is for browsers: the request that goes on afterwards.
    """

    action: Permission
    about: Word
    amount: Annotated[int | None, Field(ge=0, le=MOST)] = None
    percent_bp: Annotated[int | None, Field(ge=0, le=10_000)] = None
    customer_id: RowId | None = None
    club_id: SmallRowId | None = None
    store_id: SmallRowId | None = None
    staff: Line = ""
    pin: Pin | None = None
    later: bool = False
    send: Annotated[str, StringConstraints(max_length=200_000), Storable] = ""

    def deed(self) -> Deed:
        """The deed that it is about."""
        named = ("action", "about", "amount", "percent_bp", "customer_id", "club_id", "store_id")
        return Deed(**{name: getattr(self, name) for name in named})


class Decision(Body):
    """Whether the deed is approved."""

    approve: bool


class ApprovalLine(BaseModel):
    """One deed; `state`: waiting, approved, used, declined, over. `amount` is in `unit`, `url` leads to its object.

    Points are parts of `points_unit`; null where they are of clubs that count differently.
    """

    id: int
    state: str
    action: Permission
    sentence: str
    unit: Unit | None
    points_unit: PointsUnit | None
    amount: int | None
    percent_bp: int | None
    customer_id: int | None
    about: str
    url: str | None
    store: str | None
    asked_by: str
    asked_at: dt.datetime
    ends_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None
    by_pin: bool
    used_at: dt.datetime | None


class AskedApproval(ApprovalLine):
    """With the token, told this once: send it as `Approval` with the request again, under a new key, once approved."""

    token: str
    resend: Resend | None = Field(default=None, exclude=True)


class ApprovalsPage(BaseModel):
    """What waits for this person, the oldest first, and what was decided lately; `customers` are the names by id."""

    waiting: list[ApprovalLine]
    decided: list[ApprovalLine]
    customers: dict[int, str]


def _line(act: Act, row: ApprovalRow) -> ApprovalLine:
    return _lines(act, [row])[0]


def _lines(act: Act, rows: Sequence[ApprovalRow]) -> list[ApprovalLine]:
    made: list[ApprovalLine] = []
    for row, unit in zip(rows, points_units(act, [(row.about, row.club_id) for row in rows]), strict=True):
        action = Permission(row.action)
        said = {"action": action, "sentence": action.sentence, "unit": action.unit, "url": url_of(row.about)}
        kept = {name: getattr(row, name) for name in ApprovalRow.__slots__}
        made.append(ApprovalLine.model_validate(kept | said | {"points_unit": unit}))
    return made


@router.post("/approvals", name="approvals.ask", status_code=201, response_model=AskedApproval)
@again(ask_page)
def ask(act: Annotated[Act, needs(Permission.SELF, keyless=PIN_BODY)], body: NewApproval) -> Response:
    """Put what met a limit before somebody else: approved at once by their PIN, else it waits on their screen."""
    by = None
    if not body.later and (body.staff or body.pin is not None or wants_html(act.request)):
        if body.pin is None:
            raise Invalid([FieldError("pin", T("Enter the PIN."))])
        try:
            by = commands.approver(act.session, body.staff, body.pin, at=act.by, place=act.tried_from, now=act.now)
        except Refused as wrong:
            if wrong.counts:
                act.refuse_after_commit(wrong)
            raise
    # Only now, as a wrong PIN is counted in a transaction that ends with the refusal.
    made, token = commands.ask(act.session, body.deed(), now=act.now, by=act.by)
    if by is not None:
        commands.decide_approval(act.session, made, approve=True, with_pin=True, now=act.now, by=by)
    row = queries.approval(act.session, made, now=act.now, by=act.by)
    view = AskedApproval(**_line(act, row).model_dump(), token=token, resend=resend_of(body.send))
    if not wants_html(act.request):
        return act.done(view, f"/approvals/{made}")
    return act.answer(view, "approvals/_asked.html" if act.htmx else "approvals/asked.html", status=201)


@router.get("/approvals", name="approvals", response_model=ApprovalsPage)
def approvals(act: Giving) -> Response:
    """What waits for this person's approval."""
    waiting = _lines(act, queries.waiting(act.session, now=act.now, by=act.by, limit=MOST_SHOWN))
    decided = _lines(act, queries.decided(act.session, now=act.now, by=act.by, limit=MOST_SHOWN))
    known = {each.customer_id for each in (*waiting, *decided) if each.customer_id}
    names = names_of(act.session, list(known)) if act.may(Permission.CUSTOMERS_VIEW) else {}
    view = ApprovalsPage(waiting=waiting, decided=decided, customers=names)
    return act.answer(view, "approvals/_approvals.html" if act.htmx else "approvals/approvals.html")


@router.get("/approvals/{approval_id}", name="approvals.approval", response_model=ApprovalLine)
def approval(act: Anybody, approval_id: RowId) -> Response:
    """How one stands that this person has asked for, or may approve."""
    view = _line(act, queries.approval(act.session, approval_id, now=act.now, by=act.by))
    return act.answer(view, "approvals/_state.html" if act.htmx else "approvals/approval.html")


@router.post(
    "/approvals/{approval_id}/decisions", name="approvals.decide", status_code=201, response_model=ApprovalLine
)
def decide(act: Giving, approval_id: RowId, body: Decision) -> Response:
    """Approve what somebody else asks for, or decline it."""
    commands.decide_approval(act.session, approval_id, approve=body.approve, now=act.now, by=act.by)
    view = _line(act, queries.approval(act.session, approval_id, now=act.now, by=act.by))
    return act.done(view, "/approvals")
