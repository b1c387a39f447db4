"""Pausing, resuming and ending memberships, undoing an ending, correcting their days."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from erp_club.clubs.breaks import commands
from erp_club.clubs.kinds import MembershipState
from erp_club.clubs.periods import Span, days_held
from erp_club.clubs.queries import clubs
from erp_club.kernel.text import T, Text
from erp_club.permissions.catalog import Permission
from erp_club.points.units import POINTS, Unit
from erp_club.purchases.fees.queries import paid_fees
from erp_club.purchases.fees.refunds import given_back, kept_back
from web.deps import Act, ActRoute, needs
from web.fields import AskedDay, Body, Line, RowId, Unsaid, Word
from web.forms import FormState
from web.refusals import again
from web.routes.memberships import changed
from web.views.clubs import MembershipLine, membership_line

router = APIRouter(route_class=ActRoute, tags=["memberships"])
Pause = Annotated[Act, needs(Permission.MEMBERSHIPS_PAUSE)]
End = Annotated[Act, needs(Permission.MEMBERSHIPS_END)]
Correct = Annotated[Act, needs(Permission.MEMBERSHIPS_CORRECT)]
MOST_PERIODS = 100


class NewPause(Body):
    """`on` is the first day without membership, today where left out."""

    on: dt.date | None = None
    reason: Line = ""


class Resumption(Body):
    """Why, if there is something to say."""

    reason: Line = ""


class Termination(Body):
    """`on` is the first day without membership, today where left out. `points_lost` is what was shown and confirmed."""

    on: dt.date | None = None
    points_lost: Annotated[int, Field(ge=0)]
    reason: Line = ""


class CorrectedPeriod(Body):
    """Days that are held, both included; no `last` for life."""

    first: dt.date
    last: Annotated[dt.date | None, Unsaid] = None


class Correction(Body):
    """All days that the membership held and holds, and why. With `preview` nothing is written."""

    periods: Annotated[list[CorrectedPeriod], Field(max_length=MOST_PERIODS)] = []
    reason: Word
    preview: bool = False


class ChangedView(BaseModel):
    """What the membership is now; `valid_until` as a `MembershipLine` says it."""

    membership_id: int
    customer_id: int
    state: MembershipState
    valid_until: dt.date | None


class LossView(BaseModel):
    """A membership, and what ending it on that day would take; `days_lost` is null for life.

    `fee_back_minor` of its last fee comes back where that is returned; null where none was paid. With `joined_fees` it
    is of those of two memberships that a merge joined, which come back once it is ended. `kept_back_minor` of
    what was kept from rewards for the fee is to be paid out. Where the club
    converts the points, they become `becomes_minor` on a gift card, or `becomes_points` of the club `becomes_club`.
    """

    membership: MembershipLine
    on: dt.date
    points_lost: int
    worth_minor: int
    days_lost: int | None
    fee_back_minor: int | None = None
    joined_fees: bool = False
    kept_back_minor: int = 0
    becomes_minor: int | None = None
    becomes_points: int | None = None
    becomes_club: str | None = None
    becomes_unit: Unit = POINTS


class CorrectionForm(BaseModel):
    """A membership and its days as they are, or as they would be."""

    membership: MembershipLine
    periods: list[CorrectedPeriod]
    preview: bool = False
    days_before: int | None = None
    days_after: int | None = None


def _id(act: Act) -> int:
    return int(act.request.path_params["membership_id"])


def _dialog(act: Act, view: BaseModel, name: str, form: FormState) -> Response:
    """The dialog, or without script a page of its own."""
    return act.answer(view, f"clubs/_{name}.html" if act.htmx else f"clubs/{name}.html", form=form)


def pause_page(act: Act, form: FormState) -> Response:
    """The form of a pause."""
    return _dialog(act, membership_line(act, _id(act)), "pause", form)


@router.get("/memberships/{membership_id}/pauses/new", name="memberships.pause.form", response_model=MembershipLine)
def pause_form(act: Pause, membership_id: RowId) -> Response:  # noqa: ARG001
    """The form of a pause."""
    return pause_page(act, FormState())


@router.post(
    "/memberships/{membership_id}/pauses", name="memberships.pause", status_code=201, response_model=ChangedView
)
@again(pause_page)
def pause(act: Pause, membership_id: RowId, body: NewPause) -> Response:
    """Interrupt a membership until it is resumed. An earlier day needs the permission to correct."""
    made = commands.pause_membership(
        act.session,
        membership_id,
        on=body.on or act.today,
        reason=body.reason,
        today=act.today,
        now=act.now,
        by=act.by,
        backdated=act.may(Permission.MEMBERSHIPS_CORRECT),
    )
    return _changed(act, made, T("The membership is paused."))


@router.post(
    "/memberships/{membership_id}/resumptions", name="memberships.resume", status_code=201, response_model=ChangedView
)
@again(pause_page)
def resume(act: Pause, membership_id: RowId, body: Resumption | None = None) -> Response:
    """End a pause: the membership holds again from today."""
    reason = body.reason if body else ""
    made = commands.resume_membership(
        act.session, membership_id, today=act.today, now=act.now, by=act.by, reason=reason
    )
    return _changed(act, made, T("The membership holds again."))


def end_page(act: Act, form: FormState) -> Response:
    """The form of an ending, with what would be lost."""
    return _dialog(act, loss_view(act, _id(act), None), "end", form)


@router.get("/memberships/{membership_id}/terminations/new", name="memberships.end.form", response_model=LossView)
def end_form(
    act: End, membership_id: RowId, on: Annotated[AskedDay, Query(description="Today where left out")] = None
) -> Response:
    """What ending the membership would take, and the form that does it."""
    return _dialog(act, loss_view(act, membership_id, on), "end", FormState())


@router.post(
    "/memberships/{membership_id}/terminations", name="memberships.end", status_code=201, response_model=ChangedView
)
@again(end_page)
def end(act: End, membership_id: RowId, body: Termination) -> Response:
    """End a membership: benefits and points go at once. It can be undone for some days."""
    made = commands.end_membership(
        act.session,
        membership_id,
        on=body.on or act.today,
        points_lost=body.points_lost,
        reason=body.reason,
        today=act.today,
        now=act.now,
        by=act.by,
        backdated=act.may(Permission.MEMBERSHIPS_CORRECT),
    )
    return _changed(act, made, T("The membership has ended."))


@router.post(
    "/memberships/{membership_id}/restorations", name="memberships.restore", status_code=201, response_model=ChangedView
)
@again(pause_page)
def restore(act: End, membership_id: RowId, body: Resumption | None = None) -> Response:
    """Undo an ending: days and points are as they were."""
    reason = body.reason if body else ""
    made = commands.restore_membership(
        act.session, membership_id, today=act.today, now=act.now, by=act.by, reason=reason
    )
    return _changed(act, made, T("The ending is undone."))


def correction_page(act: Act, form: FormState) -> Response:
    """The form of a correction, with the days as they are."""
    return _dialog(act, _correction(membership_line(act, _id(act)), None), "correct", form)


@router.get(
    "/memberships/{membership_id}/corrections/new", name="memberships.correct.form", response_model=CorrectionForm
)
def correction_form(act: Correct, membership_id: RowId) -> Response:  # noqa: ARG001
    """The form of a correction."""
    return correction_page(act, FormState())


@router.post(
    "/memberships/{membership_id}/corrections",
    name="memberships.correct",
    status_code=201,
    response_model=ChangedView | CorrectionForm,
)
@again(correction_page)
def correct(act: Correct, membership_id: RowId, body: Correction) -> Response:
    """Say anew on which days the membership held and holds; `preview` shows it and writes nothing."""
    spans = [Span(each.first, each.last) for each in body.periods]
    if body.preview:
        commands.check_correction(act.session, membership_id, spans=spans)
        view = _correction(membership_line(act, membership_id), body.periods)
        values = {"reason": body.reason}
        return _dialog(act, view, "correct", FormState(values=values))
    made = commands.correct_membership(
        act.session, membership_id, spans=spans, reason=body.reason, now=act.now, by=act.by
    )
    return _changed(act, made, T("The days of the membership are corrected."))


def _unit_of(act: Act, code: str | None) -> Unit:
    return next((each.unit for each in clubs(act.session) if each.code == code), POINTS)


def loss_view(act: Act, membership_id: int, on: dt.date | None) -> LossView:
    """What ending a membership on that day, else today, would take. Raises NotFound."""
    day = on or act.today
    loss = commands.loss_of(act.session, membership_id, on=day)
    line = membership_line(act, membership_id)
    worth = line.worth_minor if loss.points else 0
    # What was paid before somebody left, and joined again, isn't touched by this ending.
    paid = [each for each in paid_fees(act.session, membership_id=membership_id) if each.left_on is None]
    # A level that was bought within the term has a fee of its own; so has what was joined by a merge.
    terms = {each.membership_id: each.period_no for each in reversed(paid)}
    of_term = [each for each in paid if each.period_no == terms[each.membership_id]]
    becoming = loss.becoming
    money = becoming is not None and becoming.conversion.to_points is None
    return LossView(
        becomes_minor=becoming.became if becoming and money else None,
        becomes_points=becoming.became if becoming and not money else None,
        becomes_club=becoming.conversion.to_club if becoming else None,
        becomes_unit=_unit_of(act, becoming.conversion.to_club) if becoming else POINTS,
        membership=line,
        on=day,
        points_lost=loss.points,
        worth_minor=worth,
        days_lost=loss.days,
        fee_back_minor=sum(given_back(act.session, each, on=day) for each in of_term) if of_term else None,
        joined_fees=any(each.joined for each in of_term),
        kept_back_minor=sum(kept_back(act.session, each, on=day) for each in paid),
    )


def _correction(line: MembershipLine, wanted: list[CorrectedPeriod] | None) -> CorrectionForm:
    held = [CorrectedPeriod(first=each.starts_on, last=each.ends_on) for each in line.periods if each.starts_on]
    held.sort(key=lambda each: each.first)
    shown = held if wanted is None else wanted
    return CorrectionForm(
        membership=line,
        periods=shown,
        preview=wanted is not None,
        days_before=days_held([Span(each.first, each.last) for each in held]),
        days_after=days_held([Span(each.first, each.last) for each in shown]),
    )


def _changed(act: Act, made: commands.Changed, said: Text) -> Response:
    view = ChangedView(
        membership_id=made.membership_id,
        customer_id=made.customer_id,
        state=made.state,
        valid_until=membership_line(act, made.membership_id).valid_until,
    )
    return changed(act, made.customer_id, view, said)
