"""Customers in clubs: a valid default of each, and what only a test needs."""

import datetime as dt

from sqlalchemy.orm import Session

from erp_club.cards.kinds import CardState
from erp_club.cards.models import Card
from erp_club.clubs import commands
from erp_club.clubs.kinds import ClubState, TermKind
from erp_club.clubs.setup import commands as setup
from erp_club.clubs.setup.settings import ClubSettings
from erp_club.customers.models import Customer
from erp_club.permissions.actors import SYSTEM
from erp_club.points.commands import earn_points, take_back_points
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Account, Cause
from erp_club.points.rules import Terms, bucket

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
TODAY = NOW.date()


def a_customer(
    session: Session, number: str = "100001", *, given_name: str = "Yael", family_name: str = "Cohen"
) -> int:
    """A customer with a name and nothing else."""
    customer = Customer(number=number, given_name=given_name, family_name=family_name, opened_at=NOW, changed_at=NOW)
    session.add(customer)
    session.flush()
    return customer.id


def settings(code: str = "GOLD", *, months: int | None = 12, earn_points: int = 1, earn_per_minor: int = 10_00):
    return ClubSettings(
        code=code,
        names={"en": f"{code.title()} club", "he": "מועדון זהב"},
        earn_points=earn_points,
        earn_per_minor=earn_per_minor,
        worth_points=100,
        worth_minor=5_00,
        term_kind=TermKind.LIFETIME if months is None else TermKind.MONTHS,
        term_months=months,
    )


def a_club(
    session: Session, code: str = "GOLD", *, months: int | None = 12, state: ClubState = ClubState.PUBLISHED
) -> int:
    """A club of a year that gives 1 point for each 10.00; 100 points are worth 5.00."""
    club_id = setup.create_club(
        session, settings(code, months=months), currency="ILS", language="he", now=NOW, by=SYSTEM
    )
    if state is not ClubState.DRAFT:
        setup.publish_club(session, club_id, now=NOW, by=SYSTEM)
    if state is ClubState.CLOSED:
        setup.close_club(session, club_id, now=NOW, by=SYSTEM)
    return club_id


def a_membership(session: Session, customer_id: int, club_id: int, *, joined_on: dt.date = TODAY) -> commands.Joined:
    return commands.join_club(session, customer_id, club_id=club_id, today=joined_on, now=NOW, by=SYSTEM)


def a_card(
    session: Session, customer_id: int, number: str, *, state: CardState = CardState.ACTIVE, club_id: int | None = None
) -> str:
    session.add(Card(number=number, customer_id=customer_id, club_id=club_id, state=state, issued_at=NOW))
    session.flush()
    return number


def moved(session: Session, customer_id: int, account_id: int, *points: int, on: dt.date = TODAY) -> None:
    """Add movements to an account: points earned, and below zero points taken back, as a debt where need be."""
    account = Account(account_id, customer_id)
    for number, each in enumerate(points):
        now = dt.datetime.combine(on, dt.time(10, number % 60), dt.UTC)
        if each > 0:
            cause = Cause(MovementKind.EARNED, on, now, SYSTEM)
            earn_points(session, account, each, to=bucket(Terms(), on), cause=cause)
        else:
            cause = Cause(MovementKind.RETURNED, on, now, SYSTEM)
            take_back_points(session, account, -each, of=None, cause=cause)
