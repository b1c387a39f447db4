"""Households: who shares the points of a membership, inviting and linking others, leaving, and who leads."""

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from erp_club.clubs.households import queries
from erp_club.clubs.households.kinds import InvitationState
from erp_club.permissions.catalog import Permission
from erp_club.programmes.households import commands
from erp_club.programmes.households.commands import When
from web.deps import Act, ActRoute, needs
from web.fields import Body, RowId, Word
from web.forms import FormState
from web.refusals import again
from web.views.households import Departure, HouseholdView, household_view

router = APIRouter(route_class=ActRoute, tags=["households"])
View = Annotated[Act, needs(Permission.CUSTOMERS_VIEW)]
Invite = Annotated[Act, needs(Permission.HOUSEHOLDS_INVITE)]
Answer = Annotated[Act, needs(Permission.HOUSEHOLDS_ANSWER)]
Link = Annotated[Act, needs(Permission.HOUSEHOLDS_LINK)]
Leave = Annotated[Act, needs(Permission.HOUSEHOLDS_LEAVE)]
Lead = Annotated[Act, needs(Permission.HOUSEHOLDS_LEAD)]
BASE = "/memberships/{membership_id}/household"
ANSWERED = "/household-invitations/{invitation_id}"


class Other(Body):
    """Whom to take into the household: the number, or a card, of a customer who is in the club."""

    customer: Word


class Redeemer(Body):
    """Whether this member uses the points of the household."""

    may_redeem: bool = False


def household_page(act: Act, form: FormState) -> Response:
    """The household with what was refused."""
    return _shown(act, _membership(act), form)


def leave_page(act: Act, form: FormState) -> Response:
    """What leaving takes along, and the form that does it."""
    membership_id = int(act.request.path_params["membership_id"])
    share = commands.share_of(act.session, membership_id, when=_when(act))
    view = Departure(household=household_view(act, membership_id), points=share.points, debt=share.debt)
    return act.answer(view, "households/leave.html", form=form)


@router.get(BASE, name="households.household", response_model=HouseholdView)
def household(act: View, membership_id: RowId) -> Response:
    """Who shares the points of this membership, who did, and who is invited."""
    return _shown(act, membership_id, FormState())


@router.post(f"{BASE}/members", name="households.link", status_code=201, response_model=HouseholdView)
@again(household_page)
def link(act: Link, membership_id: RowId, body: Other) -> Response:
    """Let another member share the points of this one at once, both persons agreeing."""
    commands.link_members(act.session, membership_id, _other(act, membership_id, body), when=_when(act))
    return _done(act, membership_id)


@router.post(f"{BASE}/invitations", name="households.invite", status_code=201, response_model=HouseholdView)
@again(household_page)
def invite(act: Invite, membership_id: RowId, body: Other) -> Response:
    """Ask another member into the household; nothing moves before they accept."""
    commands.invite(act.session, membership_id, _other(act, membership_id, body), when=_when(act))
    return _done(act, membership_id)


@router.post(f"{ANSWERED}/acceptances", name="households.accept", status_code=201, response_model=HouseholdView)
@again(household_page)
def accept(act: Answer, invitation_id: RowId) -> Response:
    """Accept an invitation: the member's points go to the shared account with the days that they have."""
    return _answer(act, invitation_id, InvitationState.ACCEPTED)


@router.post(f"{ANSWERED}/refusals", name="households.refuse", status_code=201, response_model=HouseholdView)
@again(household_page)
def refuse(act: Answer, invitation_id: RowId) -> Response:
    """Refuse an invitation."""
    return _answer(act, invitation_id, InvitationState.REFUSED)


@router.post(f"{ANSWERED}/withdrawals", name="households.withdraw", status_code=201, response_model=HouseholdView)
@again(household_page)
def withdraw(act: Invite, invitation_id: RowId) -> Response:
    """Take an invitation back."""
    return _answer(act, invitation_id, InvitationState.WITHDRAWN)


@router.get(f"{BASE}/departures/new", name="households.leave.form", response_model=Departure)
def leave_form(act: Leave, membership_id: RowId) -> Response:  # noqa: ARG001
    """What leaving would take along by the club's programme."""
    return leave_page(act, FormState())


@router.post(f"{BASE}/departures", name="households.leave", status_code=201, response_model=HouseholdView)
@again(household_page)
def leave(act: Leave, membership_id: RowId) -> Response:
    """Let this member go on alone, with what the club's programme lets a leaver take along."""
    commands.leave(act.session, membership_id, when=_when(act))
    return _done(act, membership_id)


@router.post(f"{BASE}/leaders", name="households.lead", status_code=201, response_model=HouseholdView)
@again(household_page)
def lead(act: Lead, membership_id: RowId) -> Response:
    """Make this member the main one of the household."""
    commands.lead(act.session, membership_id, when=_when(act))
    return _done(act, membership_id)


@router.post(f"{BASE}/redeemers", name="households.redeemers", status_code=201, response_model=HouseholdView)
@again(household_page)
def redeemers(act: Lead, membership_id: RowId, body: Redeemer) -> Response:
    """Say whether this member uses the points, where the club leaves that to the main member."""
    commands.let_redeem(act.session, membership_id, body.may_redeem, when=_when(act))
    return _done(act, membership_id)


def _answer(act: Act, invitation_id: int, state: InvitationState) -> Response:
    commands.answer(act.session, invitation_id, state, when=_when(act))
    return _done(act, _membership(act))


def _membership(act: Act) -> int:
    """Whose household it is about; of an invitation, the one whose page the person came from, or the one asked."""
    asked = act.request.path_params
    if "membership_id" in asked:
        return int(asked["membership_id"])
    return queries.invited(act.session, int(asked["invitation_id"]))


def _other(act: Act, membership_id: int, body: Other) -> int:
    return queries.other_member(act.session, membership_id, body.customer)


def _when(act: Act) -> When:
    return When(act.today, act.now, act.by)


def _shown(act: Act, membership_id: int, form: FormState) -> Response:
    return act.answer(household_view(act, membership_id), "households/household.html", form=form)


def _done(act: Act, membership_id: int) -> Response:
    return act.done(household_view(act, membership_id), f"/memberships/{membership_id}/household")
