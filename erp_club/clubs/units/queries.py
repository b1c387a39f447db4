"""What the accounts of clubs count."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.kinds import ClubState
from erp_club.clubs.models import Club, Membership
from erp_club.points.units import POINTS, Unit, only


def units(session: Session) -> dict[int, Unit]:
    """What the accounts of each club count."""
    return {row.id: row.unit for row in session.execute(sa.select(Club.id, Club.unit))}


def unit_of_clubs(session: Session, club_id: int | None = None) -> Unit | None:
    """What a club's accounts count; without one what all clubs that aren't drafts count, None where they differ."""
    asked = sa.select(Club.unit).where(Club.state != ClubState.DRAFT if club_id is None else Club.id == club_id)
    found = session.scalars(asked).all()
    return only(found) if found else POINTS


def units_of_accounts(session: Session, account_ids: Collection[int]) -> dict[int, Unit]:
    """What these points accounts count: as their clubs say."""
    found = sa.select(Membership.points_account_id, Club.unit).join(Club, Club.id == Membership.club_id)
    rows = session.execute(found.where(Membership.points_account_id.in_(account_ids)))
    return {row.points_account_id: row.unit for row in rows}


def unit_of_account(session: Session, account_id: int) -> Unit:
    """What a points account counts; points for one without a club."""
    return units_of_accounts(session, [account_id]).get(account_id, POINTS)


def unit_of_membership(session: Session, membership_id: int) -> Unit:
    """What the account of a membership counts; points for one that isn't there."""
    found = sa.select(Club.unit).join(Membership, Membership.club_id == Club.id).where(Membership.id == membership_id)
    return session.scalar(found) or POINTS
