"""Joining clubs, renewing and extending memberships."""

import datetime as dt
import json
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from erp_club.birthday.grants.commands import grant_to
from erp_club.clubs import commands, queries
from erp_club.customers.queries import record
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T, Text
from erp_club.permissions.catalog import Permission
from erp_club.programmes.events.queries import person_called
from erp_club.programmes.needs.queries import giving
from erp_club.programmes.welcoming.commands import Welcome, welcome
from erp_club.purchases.confirming.commands import confirm_membership
from erp_club.purchases.fees import unsold
from erp_club.purchases.fees.commands import Day
from erp_club.purchases.places import where_of
from web.deps import Act, ActRoute, needs
from web.fields import AskedDay, Body, ChosenMonths, Line, RowId, SmallRowId, Word
from web.forms import FormState
from web.i18n import say
from web.refusals import again
from web.views.clubs import MembershipLine, MembershipsView, membership_line, memberships_view

router = APIRouter(route_class=ActRoute, tags=["memberships"])


class Joining(Body):
    """Which club to join: `club` is its code, or `club_id` its number.

    `household_of`: the number or card of the main member whose membership it is to share.
    """

    club: Word | None = None
    club_id: SmallRowId | None = None
    household_of: Word | None = None
    months: ChosenMonths | None = None


class Renewal(Body):
    """The card that was presented, if any: it must be the member's (M-07).

    `valid_until` is the `last_day` that was shown: where somebody has made it later since, nothing is renewed. `months`
    where another length than the usual one was chosen.
    """

    card: Line | None = None
    valid_until: dt.date | None = None
    months: ChosenMonths | None = None


class Extension(Body):
    """The new last day, included."""

    until: dt.date


class JoinedView(BaseModel):
    """A new membership. `card` is the number of the card issued with it, if one was; for life there is no last day."""

    membership_id: int
    points_account_id: int
    card: str | None
    valid_until: dt.date | None


class ProlongedView(BaseModel):
    """The period that was added, both days included; for life there is no last day."""

    membership_id: int
    customer_id: int
    starts_on: dt.date
    valid_until: dt.date | None


@router.get("/customers/{customer_id}/memberships", name="memberships", response_model=MembershipsView)
def memberships(
    act: Annotated[Act, needs(Permission.CUSTOMERS_VIEW)],
    customer_id: RowId,
    on: Annotated[AskedDay, Query(description="As of this day; today where left out")] = None,
) -> Response:
    """The customer's memberships as they hold on a day, valid ones first, and the clubs that they can join."""
    return act.answer(_headed(act, customer_id, on), _template(act))


def _headed(act: Act, customer_id: int, on: dt.date | None = None) -> MembershipsView:
    found = record(act.session, customer_id)
    name = f"{found.given_name} {found.family_name}".strip()
    return memberships_view(act, customer_id, on=on).model_copy(update={"customer": name, "number": found.number})


def memberships_page(act: Act, form: FormState) -> Response:
    """The memberships with what was refused."""
    asked = act.request.path_params
    customer_id = (
        int(asked["customer_id"])
        if "customer_id" in asked
        else queries.customer_of(act.session, int(asked["membership_id"]))
    )
    view = memberships_view(act, customer_id) if act.htmx else _headed(act, customer_id)
    return act.answer(view, _template(act), form=form)


@router.post(
    "/memberships/{membership_id}/confirmations", name="memberships.confirm", status_code=201,
    response_model=ProlongedView,
)  # fmt: skip
@again(memberships_page)
def confirm(act: Annotated[Act, needs(Permission.MEMBERSHIPS_JOIN)], membership_id: RowId) -> Response:
    """The member has answered the message that asked for it: a membership that waits for this begins today."""
    span = confirm_membership(act.session, membership_id, day=_day(act))
    customer_id = queries.customer_of(act.session, membership_id)
    view = ProlongedView(
        membership_id=membership_id, customer_id=customer_id, starts_on=span.first, valid_until=span.last
    )
    return act.done(view, f"/customers/{customer_id}/memberships")


@router.post(
    "/customers/{customer_id}/memberships", name="memberships.join", status_code=201, response_model=JoinedView
)
@again(memberships_page)
def join(act: Annotated[Act, needs(Permission.MEMBERSHIPS_JOIN)], customer_id: RowId, body: Joining) -> Response:
    """Join a club. Its benefits hold at once; a card is issued to whoever has none."""
    if (body.club is None) == (body.club_id is None):
        raise Invalid([FieldError("club", T("Say which club: by its code, or by its number."))])
    club_id = body.club_id if body.club is None else queries.club_id_by_code(act.session, body.club)
    assert club_id is not None
    if body.household_of is None:
        joined = unsold.join(act.session, customer_id, club_id, day=_day(act), months=body.months)
    else:
        main_id = person_called(act.session, body.household_of, field="household_of")
        joined = unsold.join_household(act.session, customer_id, club_id, main_id, day=_day(act))
    grant_to(act.session, customer_id, giving(act.today, act.now, act.by))
    welcome(act.session, customer_id, Welcome(act.today, act.now, act.by))
    view = JoinedView(
        membership_id=joined.membership_id,
        points_account_id=joined.points_account_id,
        card=joined.card_number,
        valid_until=joined.valid_until,
    )
    return changed(act, customer_id, view, T("The customer has joined."))


@router.post(
    "/memberships/{membership_id}/renewals", name="memberships.renew", status_code=201, response_model=ProlongedView
)
@again(memberships_page)
def renew(
    act: Annotated[Act, needs(Permission.MEMBERSHIPS_RENEW)], membership_id: RowId, body: Renewal | None = None
) -> Response:
    """Renew by the club's term: after the last paid day, or from today where that is over."""
    asked = body or Renewal()
    renewed = unsold.renew(
        act.session,
        membership_id,
        card=asked.card or None,
        day=_day(act),
        seen=asked.valid_until,
        months=asked.months,
    )
    return _prolonged(act, renewed)


def extension_page(act: Act, form: FormState) -> Response:
    """The form of an extension, as a dialog or a page."""
    membership_id = int(act.request.path_params["membership_id"])
    view = membership_line(act, membership_id)
    return act.answer(view, "clubs/_extend.html" if act.htmx else "clubs/extend.html", form=form)


@router.get(
    "/memberships/{membership_id}/extensions/new", name="memberships.extend.form", response_model=MembershipLine
)
def extension_form(act: Annotated[Act, needs(Permission.MEMBERSHIPS_EXTEND)], membership_id: RowId) -> Response:  # noqa: ARG001
    """The form of an extension."""
    return extension_page(act, FormState())


@router.post(
    "/memberships/{membership_id}/extensions", name="memberships.extend", status_code=201, response_model=ProlongedView
)
@again(extension_page)
def extend(
    act: Annotated[Act, needs(Permission.MEMBERSHIPS_EXTEND)], membership_id: RowId, body: Extension
) -> Response:
    """Carry a membership on, without a gap, to a day of one's choice."""
    added = commands.extend_membership(
        act.session, membership_id, until=body.until, today=act.today, now=act.now, by=act.by
    )
    return _prolonged(act, added)


def _day(act: Act) -> Day:
    return Day(act.today, act.now, act.by, where_of(act.identity.terminal))


def _template(act: Act) -> str:
    return "clubs/_memberships.html" if act.htmx else "clubs/memberships.html"


def _prolonged(act: Act, added: commands.Prolonged) -> Response:
    view = ProlongedView(
        membership_id=added.membership_id,
        customer_id=added.customer_id,
        starts_on=added.starts_on,
        valid_until=added.valid_until,
    )
    said = (
        T("The membership now runs until %(day)s.", day=added.valid_until)
        if added.valid_until
        else T("The membership is now for life.")
    )
    return changed(act, added.customer_id, view, said)


def changed(act: Act, customer_id: int, made: BaseModel, said: Text) -> Response:
    """The region again for htmx, the customer's page for a form, what was made for a machine."""
    if not act.htmx:
        return act.done(made, f"/customers/{customer_id}")
    triggers = json.dumps({"dialogclose": True, "toast": {"text": say(said), "kind": "ok"}})
    headers: dict[str, Any] = {"HX-Trigger": triggers}
    return act.answer(memberships_view(act, customer_id), "clubs/_memberships.html", status=201, **headers)
