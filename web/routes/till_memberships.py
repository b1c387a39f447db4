"""The memberships of a sale's customer at the till: renewed, extended, paused, resumed, ended, and an ending undone."""

import datetime as dt
import re
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from erp_club.clubs import commands as clubs
from erp_club.clubs.breaks import commands as breaks
from erp_club.kernel.text import T, Text
from erp_club.permissions.catalog import Permission
from erp_club.purchases.baskets import commands, memberships
from erp_club.purchases.confirming.commands import confirm_membership
from erp_club.purchases.fees.joining import Day
from erp_club.purchases.places import where_of
from web.deps import Act, ActRoute, needs
from web.fields import Body, ChosenMonths, Line, RowId, Word
from web.forms import FormState
from web.i18n import say
from web.refusals import again
from web.routes.membership_breaks import LossView, NewPause, Resumption, Termination, loss_view
from web.routes.memberships import Extension
from web.routes.till import AtTill, shown, till_instead, till_page
from web.views.clubs import MembershipLine, MembershipsView, membership_line, memberships_view
from web.views.renewal import RenewalView, renewal_view
from web.views.till import TillPage, till_view

router = APIRouter(route_class=ActRoute, tags=["till"])
Renewing = Annotated[Act, needs(Permission.MEMBERSHIPS_RENEW, at_till=True)]
Upgrading = Annotated[Act, needs(Permission.MEMBERSHIPS_UPGRADE, at_till=True)]
Extending = Annotated[Act, needs(Permission.MEMBERSHIPS_EXTEND, at_till=True)]
Pausing = Annotated[Act, needs(Permission.MEMBERSHIPS_PAUSE, at_till=True)]
Ending = Annotated[Act, needs(Permission.MEMBERSHIPS_END, at_till=True)]
BASE = "/baskets/current/memberships"
_ROW = re.compile(r"[0-9]{1,19}")


class RenewalAtTill(Body):
    """The membership of the sale's customer that goes on, and the card that was shown for it (M-07).

    `valid_until` is the `last_day` that was shown: where somebody has made it later since, nothing is renewed. `months`
    where another length than the usual one was chosen.
    """

    membership_id: Annotated[int, Field(ge=1, le=2**63 - 1)]
    card: Line | None = None
    valid_until: dt.date | None = None
    months: ChosenMonths | None = None


class UpgradeAtTill(Body):
    """The membership of the sale's customer, the level that it is to hold, and the price that the cashier was shown."""

    membership_id: Annotated[int, Field(ge=1, le=2**63 - 1)]
    level: Word
    fee_minor: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None


def drawn(act: Act, view: BaseModel, name: str, form: FormState) -> Response:
    """A dialog of the till, or without script a page of its own."""
    response = act.answer(view, f"till/_{name}.html" if act.htmx else f"till/{name}.html", form=form)
    response.headers["HX-Retarget"] = "#dialog"
    response.headers["HX-Reswap"] = "innerHTML"
    return response


def _id(act: Act) -> int:
    return int(act.request.path_params["membership_id"])


def _done(act: Act, said: Text, *, undo: str | None = None) -> Response:
    toast: dict[str, Any] = {"text": say(said), "kind": "ok"}
    if undo:
        toast["undo"] = {"url": undo}
    return shown(act, till_view(act), toast=toast)


@router.get(BASE, name="baskets.memberships", response_model=MembershipsView)
@again(till_instead)
def show_memberships(act: AtTill) -> Response:
    """What the sale's customer is a member of, and what can be done about it here."""
    customer_id = commands.current_customer(act.session, by=act.by)
    return drawn(act, memberships_view(act, customer_id), "memberships", FormState())


def renewal_page(act: Act, form: FormState) -> Response:
    """The dialog of renewing; a card's number never goes back to the page."""
    if act.identity.terminal is None or not act.by.may(Permission.MEMBERSHIPS_RENEW):
        return till_page(act, form)
    told = str(act.request.path_params.get("membership_id") or form.values.get("membership_id"))
    form.values.pop("card", None)
    if not _ROW.fullmatch(told) or int(told) >= 2**63:
        return till_page(act, form)
    return drawn(act, renewal_view(act, int(told)), "renewal", form)


@router.get(BASE + "/{membership_id}/renewals/new", name="baskets.renew.form", response_model=RenewalView)
@again(till_instead)
def show_renewal(act: Renewing, membership_id: RowId) -> Response:  # noqa: ARG001
    """Until when a renewal runs, and whether the card must be shown for it."""
    return renewal_page(act, FormState())


@router.post("/baskets/current/renewals", name="baskets.renew", response_model=TillPage)
@again(renewal_page)
def renew(act: Renewing, body: RenewalAtTill) -> Response:
    """Renew a membership of the sale's customer, with their card; a sale after its end earns by it again."""
    added = memberships.renew_of_buyer(
        act.session,
        body.membership_id,
        card=body.card or None,
        seen=body.valid_until,
        months=body.months,
        where=where_of(act.terminal),
        today=act.today,
        now=act.now,
        by=act.by,
    )
    return _done(act, _runs(added))


@router.post("/baskets/current/upgrades", name="baskets.upgrade", response_model=TillPage)
@again(till_instead)
def upgrade(act: Upgrading, body: UpgradeAtTill) -> Response:
    """Sell the sale's customer a higher level for the rest of the term: it is held at once, its price is a line."""
    memberships.upgrade_of_buyer(
        act.session,
        body.membership_id,
        body.level,
        expected_minor=body.fee_minor,
        where=where_of(act.terminal),
        today=act.today,
        now=act.now,
        by=act.by,
    )
    return _done(act, T("The level holds from this sale on."))


def _runs(added: clubs.Prolonged) -> Text:
    if added.valid_until is None:
        return T("The membership is now for life.")
    return T("The membership now runs until %(day)s.", day=added.valid_until)


def extension_page(act: Act, form: FormState) -> Response:
    """The dialog of an extension."""
    return drawn(act, membership_line(act, _id(act)), "extend", form)


@router.get(BASE + "/{membership_id}/extensions/new", name="baskets.extend.form", response_model=MembershipLine)
@again(till_instead)
def show_extension(act: Extending, membership_id: RowId) -> Response:
    """The dialog of an extension."""
    memberships.of_buyer(act.session, membership_id, by=act.by)
    return extension_page(act, FormState())


@router.post(BASE + "/{membership_id}/extensions", name="baskets.extend", response_model=TillPage)
@again(extension_page)
def extend(act: Extending, membership_id: RowId, body: Extension) -> Response:
    """Carry a membership of the sale's customer on, without a gap, to a day of one's choice."""
    memberships.of_buyer(act.session, membership_id, by=act.by)
    added = clubs.extend_membership(
        act.session, membership_id, until=body.until, today=act.today, now=act.now, by=act.by
    )
    return _done(act, _runs(added))


def pause_page(act: Act, form: FormState) -> Response:
    """The dialog of a pause."""
    return drawn(act, membership_line(act, _id(act)), "pause", form)


@router.get(BASE + "/{membership_id}/pauses/new", name="baskets.pause.form", response_model=MembershipLine)
@again(till_instead)
def show_pause(act: Pausing, membership_id: RowId) -> Response:
    """The dialog of a pause."""
    memberships.of_buyer(act.session, membership_id, by=act.by)
    return pause_page(act, FormState())


@router.post(BASE + "/{membership_id}/pauses", name="baskets.pause", response_model=TillPage)
@again(pause_page)
def pause(act: Pausing, membership_id: RowId, body: NewPause) -> Response:
    """Interrupt a membership of the sale's customer until it is resumed."""
    memberships.of_buyer(act.session, membership_id, by=act.by)
    breaks.pause_membership(
        act.session,
        membership_id,
        on=body.on or act.today,
        reason=body.reason,
        today=act.today,
        now=act.now,
        by=act.by,
        backdated=act.may(Permission.MEMBERSHIPS_CORRECT),
    )
    return _done(act, T("The membership is paused."))


@router.post(BASE + "/{membership_id}/resumptions", name="baskets.resume_membership", response_model=TillPage)
@again(till_instead)
def resume(act: Pausing, membership_id: RowId, body: Resumption | None = None) -> Response:
    """End a pause: the membership holds again from today, and the sale earns by it."""
    memberships.of_buyer(act.session, membership_id, by=act.by)
    reason = body.reason if body else ""
    breaks.resume_membership(act.session, membership_id, today=act.today, now=act.now, by=act.by, reason=reason)
    return _done(act, T("The membership holds again."))


def end_page(act: Act, form: FormState) -> Response:
    """The dialog of an ending, with what would be lost now."""
    return drawn(act, loss_view(act, _id(act), None), "end", form)


@router.get(BASE + "/{membership_id}/terminations/new", name="baskets.end.form", response_model=LossView)
@again(till_instead)
def show_end(act: Ending, membership_id: RowId) -> Response:
    """What ending the membership would take (M-08)."""
    memberships.of_buyer(act.session, membership_id, by=act.by)
    return end_page(act, FormState())


@router.post(BASE + "/{membership_id}/terminations", name="baskets.end", response_model=TillPage)
@again(end_page)
def end(act: Ending, membership_id: RowId, body: Termination) -> Response:
    """End a membership of the sale's customer: benefits and points go at once; it can be undone for some days."""
    memberships.of_buyer(act.session, membership_id, by=act.by)
    breaks.end_membership(
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
    return _done(act, T("The membership has ended."), undo=f"{BASE}/{membership_id}/restorations")


@router.post(BASE + "/{membership_id}/confirmations", name="baskets.confirm", response_model=TillPage)
@again(till_instead)
def confirm(act: Annotated[Act, needs(Permission.MEMBERSHIPS_JOIN, at_till=True)], membership_id: RowId) -> Response:
    """The sale's customer has answered the message: their membership that waits for it begins today."""
    memberships.of_buyer(act.session, membership_id, by=act.by)
    confirm_membership(act.session, membership_id, day=Day(act.today, act.now, act.by, where_of(act.terminal)))
    return _done(act, T("The membership holds from today on."))


@router.post(BASE + "/{membership_id}/restorations", name="baskets.restore", response_model=TillPage)
@again(till_instead)
def restore(act: Ending, membership_id: RowId, body: Resumption | None = None) -> Response:
    """Undo an ending: days and points are as they were."""
    memberships.of_buyer(act.session, membership_id, by=act.by)
    reason = body.reason if body else ""
    breaks.restore_membership(act.session, membership_id, today=act.today, now=act.now, by=act.by, reason=reason)
    return _done(act, T("The ending is undone."))
