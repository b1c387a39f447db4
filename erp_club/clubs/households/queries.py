"""Who is in which household, on which day, and who was invited."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_club.cards.kinds import CardState
from erp_club.cards.models import Card
from erp_club.cards.numbers import compact
from erp_club.clubs import errors as club_errors
from erp_club.clubs.households import errors
from erp_club.clubs.households.kinds import InvitationState
from erp_club.clubs.households.models import Household, HouseholdInvitation, HouseholdPlace
from erp_club.clubs.models import Membership
from erp_club.clubs.queries import club_of_membership
from erp_club.customers.models import UNIDENTIFIED, Customer


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One membership in a household: who, since when, until when (included; None: still), and by whom."""

    household_id: int
    place_no: int
    membership_id: int
    customer_id: int
    number: str
    given_name: str
    family_name: str
    is_main: bool
    may_redeem: bool
    first: dt.date | None
    last: dt.date | None
    by: str
    left_by: str | None


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """An invitation, with whom it asks and who asks."""

    id: int
    main_membership_id: int
    customer_id: int
    number: str
    name: str
    main_customer_id: int
    main_number: str
    main_name: str
    last_day: dt.date | None
    by: str


def places_of(session: Session, household_id: int, *, on: dt.date | None = None) -> list[PlaceRow]:
    """Who is in a household (now, or on a day), the main member first."""
    held = _STILL if on is None else HouseholdPlace.held.contains(on)
    return [_place(row) for row in session.execute(_PLACES.where(HouseholdPlace.household_id == household_id, held))]


def place_of(session: Session, membership_id: int, *, on: dt.date | None = None) -> PlaceRow | None:
    """Where a membership is now, or was on a day; None in no household."""
    held = _STILL if on is None else HouseholdPlace.held.contains(on)
    row = session.execute(_PLACES.where(HouseholdPlace.membership_id == membership_id, held)).one_or_none()
    return None if row is None else _place(row)


def history_of(session: Session, household_id: int) -> list[PlaceRow]:
    """All who are and were in a household, the latest first; a place taken and left on one day has no days."""
    asked = _PLACES.where(HouseholdPlace.household_id == household_id).order_by(None)
    return [_place(row) for row in session.execute(asked.order_by(HouseholdPlace.place_no.desc()))]


def households_of(session: Session, membership_id: int) -> list[int]:
    """The households in which a membership is or was, the latest first."""
    key = HouseholdPlace.household_id
    asked = sa.select(key).where(HouseholdPlace.membership_id == membership_id).group_by(key).order_by(key.desc())
    return list(session.scalars(asked))


def open_invitations(session: Session, membership_id: int, *, today: dt.date) -> list[InvitationRow]:
    """Invitations by and to a membership that can still be answered, the oldest first."""
    main, asked, row = aliased(Customer), aliased(Customer), HouseholdInvitation
    rows = session.execute(
        sa.select(
            row.id, row.main_membership_id, asked.id, asked.number, _name(asked), main.id, main.number, _name(main),
            row.last_day, row.by,
        )
        .join(main, main.id == row.main_customer_id)
        .join(asked, asked.id == row.customer_id)
        .where(
            (row.membership_id == membership_id) | (row.main_membership_id == membership_id),
            row.state == InvitationState.OPEN,
            sa.func.coalesce(row.last_day, today) >= today,
        )
        .order_by(row.id)
    )  # fmt: skip
    return [InvitationRow(*each) for each in rows]


def invited(session: Session, invitation_id: int) -> int:
    """The membership that an invitation asks. Raises NotFound."""
    found = session.scalar(sa.select(HouseholdInvitation.membership_id).where(HouseholdInvitation.id == invitation_id))
    if found is None:
        raise errors.no_invitation()
    return found


def club_of_invitation(session: Session, invitation_id: int) -> int | None:
    """The club of the membership that an invitation asks; None without such an invitation."""
    invitation = HouseholdInvitation
    asked = sa.select(Membership.club_id).join(invitation, invitation.membership_id == Membership.id)
    return session.scalar(asked.where(invitation.id == invitation_id))


def other_member(session: Session, membership_id: int, number: str) -> int:
    """The membership, in the club of this one, of the customer with this number or card, or of whom they became.

    Raises NotFound; Invalid where nobody has it, Conflict `other-club` where whoever has it isn't in the club.
    """
    club_id = club_of_membership(session, membership_id)
    if club_id is None:
        raise club_errors.no_membership()
    named = aliased(Customer)
    holder = sa.select(Card.customer_id).where(Card.number == compact(number), Card.state == CardState.ACTIVE)
    meant = (named.number == number) | named.id.in_(holder)
    found = session.scalar(
        sa.select(Membership.id)
        .join(named, sa.func.coalesce(named.merged_into, named.id) == Membership.customer_id)
        .where(meant, Membership.club_id == club_id)
        .order_by((named.number == number).desc())
        .limit(1)
    )
    if found is None:
        known = session.scalar(sa.select(named.id).where(meant, named.id != UNIDENTIFIED).limit(1))
        raise errors.nobody() if known is None else errors.other_club()
    return found


def name_of(session: Session, customer_id: int) -> str:
    """A customer's given and family name."""
    return session.execute(sa.select(_name(Customer)).where(Customer.id == customer_id)).scalar_one()


def _name(of: type[Customer]) -> sa.ColumnElement[str]:
    return sa.func.trim(of.given_name + " " + of.family_name)


def _place(row: Any) -> PlaceRow:
    told: list[Any] = list(row)
    if told[10] is not None:
        told[10] -= dt.timedelta(days=1)
    return PlaceRow(*told)


_STILL = sa.func.upper_inf(HouseholdPlace.held) & ~sa.func.isempty(HouseholdPlace.held)
_PLACES = (
    sa.select(
        HouseholdPlace.household_id,
        HouseholdPlace.place_no,
        HouseholdPlace.membership_id,
        HouseholdPlace.customer_id,
        Customer.number,
        Customer.given_name,
        Customer.family_name,
        HouseholdPlace.is_main,
        HouseholdPlace.may_redeem,
        sa.func.lower(HouseholdPlace.held),
        sa.func.upper(HouseholdPlace.held),
        HouseholdPlace.by,
        HouseholdPlace.left_by,
    )
    .join(Customer, Customer.id == HouseholdPlace.customer_id)
    .join(Household, Household.id == HouseholdPlace.household_id)
    .order_by(HouseholdPlace.is_main.desc(), HouseholdPlace.place_no)
)
