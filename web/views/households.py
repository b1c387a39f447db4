"""What pages and tills show of a household: who shares the points of a membership, and who uses them."""

import datetime as dt

from pydantic import BaseModel

from erp_club.clubs.households import queries
from erp_club.clubs.households.queries import PlaceRow
from erp_club.clubs.queries import MembershipRow, customer_of, memberships
from erp_club.permissions.catalog import Permission
from erp_club.points.ledger.commands import Account
from erp_club.points.units import Unit
from erp_club.programmes.engine.membership import Redeems, Who
from erp_club.programmes.households.queries import not_meeting, own_points, rule_of
from web.deps import Act


class HouseholdMember(BaseModel):
    """Somebody in the household since a day. `own_points`: what they brought and earned less what they used; null for
    who may not see points. `meets`: the conditions of the club's programme."""

    membership_id: int
    customer_id: int
    number: str
    name: str
    is_main: bool
    redeems: bool
    since: dt.date | None
    own_points: int | None
    meets: bool


class FormerMember(BaseModel):
    """A place in the household that somebody had, both days included; no days where it was for less than one."""

    customer_id: int
    name: str
    is_main: bool
    first: dt.date | None
    last: dt.date | None
    by: str
    left_by: str | None


class Invitation(BaseModel):
    """An invitation that can still be answered: of this membership (`is_ours`), or to it; `last_day` is included."""

    id: int
    is_ours: bool
    customer_id: int
    number: str
    name: str
    last_day: dt.date | None
    by: str


class HouseholdView(BaseModel):
    """A membership and with whom it shares its points. `can_…` say what programme and household allow, not who may."""

    membership_id: int
    customer_id: int
    name: str
    club_id: int
    names: dict[str, str]
    household_id: int | None
    most_persons: int | None
    same_address: bool
    balance: int | None
    unit: Unit
    worth_minor: int | None
    currency: str
    members: list[HouseholdMember]
    former: list[FormerMember]
    invitations: list[Invitation]
    can_invite: bool
    can_leave: bool
    can_lead: bool
    names_redeemers: bool


class Departure(BaseModel):
    """What leaving the household would take along."""

    household: HouseholdView
    points: int
    debt: int


class PanelHousehold(BaseModel):
    """A shared account at the till: how many `persons` share it, and what the club lets this customer do with it."""

    persons: int
    main: str
    is_main: bool
    sees: bool
    redeems: bool


def household_view(act: Act, membership_id: int) -> HouseholdView:
    """All that the page of a household shows. Raises NotFound."""
    customer_id = customer_of(act.session, membership_id)
    held = memberships(act.session, customer_id, today=act.today)
    row = next(each for each in held if each.membership_id == membership_id)
    place = queries.place_of(act.session, membership_id)
    rule = rule_of(act.session, row.club_id, on=act.today)
    shows = act.may(Permission.POINTS_VIEW)
    leads = place is None or place.is_main
    return HouseholdView(
        membership_id=membership_id,
        customer_id=customer_id,
        name=queries.name_of(act.session, customer_id),
        club_id=row.club_id,
        names=row.names,
        household_id=place.household_id if place else None,
        most_persons=rule.most_persons if rule else None,
        same_address=rule is not None and rule.same_address,
        balance=row.balance if shows else None,
        unit=row.unit,
        worth_minor=row.worth_minor if shows else None,
        currency=row.currency,
        members=_members(act, place, row) if place else [],
        former=_former(act, membership_id),
        invitations=_invitations(act, membership_id),
        can_invite=rule is not None and leads and row.is_valid,
        can_leave=place is not None and not place.is_main,
        can_lead=place is not None and place.is_main,
        names_redeemers=rule is not None and rule.redeems is Redeems.NAMED,
    )


def panel_household(act: Act, membership_id: int, club_id: int) -> PanelHousehold | None:
    """What the till tells of the account; None where it isn't shared."""
    place = queries.place_of(act.session, membership_id)
    if place is None:
        return None
    there = queries.places_of(act.session, place.household_id)
    rule = rule_of(act.session, club_id, on=act.today)
    return PanelHousehold(
        persons=len(there),
        main=_name(there[0]),
        is_main=place.is_main,
        sees=place.is_main or rule is None or rule.sees is Who.ALL,
        redeems=_redeems(place, None if rule is None else rule.redeems),
    )


def _members(act: Act, place: PlaceRow, row: MembershipRow) -> list[HouseholdMember]:
    there = queries.places_of(act.session, place.household_id)
    rule = rule_of(act.session, row.club_id, on=act.today)
    wrong = frozenset[int]() if rule is None else not_meeting(act.session, rule, there, on=act.today)
    account = Account(row.points_account_id, next(each.customer_id for each in there if each.is_main))
    shows = act.may(Permission.POINTS_VIEW)
    return [
        HouseholdMember(
            membership_id=each.membership_id,
            customer_id=each.customer_id,
            number=each.number,
            name=_name(each),
            is_main=each.is_main,
            redeems=_redeems(each, None if rule is None else rule.redeems),
            since=each.first,
            own_points=own_points(act.session, account, each.customer_id) if shows else None,
            meets=each.customer_id not in wrong,
        )
        for each in there
    ]


def _former(act: Act, membership_id: int) -> list[FormerMember]:
    return [
        FormerMember(
            customer_id=each.customer_id,
            name=_name(each),
            is_main=each.is_main,
            first=each.first,
            last=each.last,
            by=each.by,
            left_by=each.left_by,
        )
        for household in queries.households_of(act.session, membership_id)
        for each in queries.history_of(act.session, household)
        if each.left_by is not None
    ]


def _invitations(act: Act, membership_id: int) -> list[Invitation]:
    made: list[Invitation] = []
    for each in queries.open_invitations(act.session, membership_id, today=act.today):
        ours = each.main_membership_id == membership_id
        made.append(
            Invitation(
                id=each.id,
                is_ours=ours,
                customer_id=each.customer_id if ours else each.main_customer_id,
                number=each.number if ours else each.main_number,
                name=each.name if ours else each.main_name,
                last_day=each.last_day,
                by=each.by,
            )
        )
    return made


def _redeems(place: PlaceRow, rule: Redeems | None) -> bool:
    return place.is_main or rule in {None, Redeems.ALL} or (rule is Redeems.NAMED and place.may_redeem)


def _name(of: PlaceRow) -> str:
    return f"{of.given_name} {of.family_name}".strip()
