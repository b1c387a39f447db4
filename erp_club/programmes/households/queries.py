"""What a club's programme says of households, and what it comes to for the persons in one."""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.earning.queries import rules_in_force
from erp_club.clubs.households.queries import PlaceRow
from erp_club.clubs.kinds import MembershipState
from erp_club.clubs.models import Club, Membership, MembershipPeriod
from erp_club.customers.models import Customer
from erp_club.customers.queries import family_of
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Account
from erp_club.points.models import PointsMovement
from erp_club.points.queries import formers_of
from erp_club.programmes.documents import programme_of
from erp_club.programmes.engine.membership import Household
from erp_club.programmes.engine.renew import Person, no_longer_share
from erp_club.programmes.households.addresses import address_key, first_letters


def rule_of(session: Session, club_id: int, *, on: dt.date) -> Household | None:
    """How memberships of the club share an account on a day; None where they don't."""
    rules = rules_in_force(sa.literal(on, sa.Date))
    document = session.scalar(
        sa.select(rules.c.document).select_from(Club).join(rules, sa.true()).where(Club.id == club_id)
    )
    programme = None if document is None else programme_of(document)
    return None if programme is None else programme.household


def persons(session: Session, customers: Sequence[int], *, on: dt.date) -> dict[int, Person]:
    """These customers as the rule asks for them: where they are registered, and how old they are."""
    rows = session.execute(
        sa.select(Customer.id, Customer.street, Customer.postcode, Customer.city, Customer.birthday).where(
            Customer.id.in_(customers)
        )
    )
    return {row.id: Person(str(row.id), address_key(*row[1:4]), _age(row.birthday, on)) for row in rows}


def lives_with_member(session: Session, club_id: int, customer_id: int, *, on: dt.date) -> bool:
    """Whether somebody else who is a member of the club on the day is registered at the customer's address."""
    me = session.execute(
        sa.select(Customer.street, Customer.postcode, Customer.city).where(Customer.id == customer_id)
    ).one()
    here = address_key(*me)
    if here is None or me.street is None:
        return False
    holds = sa.exists().where(
        MembershipPeriod.customer_id == Membership.customer_id,
        MembershipPeriod.membership_id == Membership.id,
        MembershipPeriod.validity.contains(sa.literal(on, sa.Date)),
    )
    rows = session.execute(
        sa.select(Customer.street, Customer.postcode, Customer.city)
        .join(Membership, Membership.customer_id == Customer.id)
        .where(
            Customer.street.icontains(first_letters(me.street), autoescape=True),
            Membership.club_id == club_id,
            Membership.customer_id != customer_id,
            Membership.state != MembershipState.ENDED,
            holds,
        )
    )
    return any(address_key(*row) == here for row in rows)


def not_meeting(session: Session, rule: Household, places: Sequence[PlaceRow], *, on: dt.date) -> frozenset[int]:
    """The customers of a household who no longer meet the club's conditions."""
    known = persons(session, [each.customer_id for each in places], on=on)
    main = next((known[each.customer_id] for each in places if each.is_main), None)
    if main is None:
        return frozenset()
    return frozenset(int(each) for each in no_longer_share(rule, main, tuple(known.values())))


def own_points(session: Session, account: Account, customer_id: int) -> int:
    """What a customer brought to an account and moved there since: earned, used, and lost; below zero where they owe.

    It is told by the movements of that customer, in the accounts too of which this one is the heir; pairs by which
    points went from one of these to another say nothing.
    """
    keys = [(each.holder_id, each.id) for each in formers_of(session, account)]
    total = session.scalar(
        sa.select(sa.func.sum(PointsMovement.points)).where(
            sa.tuple_(PointsMovement.customer_id, PointsMovement.account_id).in_(keys),
            PointsMovement.by_customer_id.in_(family_of(customer_id)),
            PointsMovement.kind != MovementKind.TRANSFERRED,
        )
    )
    return int(total or 0)


def _age(birthday: dt.date | None, on: dt.date) -> int | None:
    if birthday is None:
        return None
    return on.year - birthday.year - ((on.month, on.day) < (birthday.month, birthday.day))
