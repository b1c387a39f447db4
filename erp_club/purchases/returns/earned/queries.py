"""How a sale had earned by a club's programme: what its rules saw of the goods, and of the member on that day."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.earning.queries import Earning, earning_columns, rules_in_force
from erp_club.clubs.levels.models import LevelChange
from erp_club.clubs.models import Club, Membership
from erp_club.customers.models import Customer
from erp_club.customers.queries import family_of
from erp_club.programmes.documents import level_in, programme_of
from erp_club.programmes.engine.facts import MemberFacts
from erp_club.programmes.past.queries import Past, customers_segments, receipt_as_sold
from erp_club.purchases.history.queries import counts_purchases, looking_back
from erp_club.purchases.returns.facts import Account, ByProgramme
from erp_club.receipts.models import Receipt


def clubs_of(session: Session, accounts: Sequence[int], *, on: dt.date) -> dict[int, Any]:
    """The club of each account, with its rules of a day."""
    rules = rules_in_force(sa.literal(on, sa.Date()))
    rows = session.execute(
        sa.select(
            Membership.points_account_id,
            Club.id,
            Club.code,
            Club.names,
            Club.unit,
            Club.earn_points,
            Club.earn_per_minor,
            Club.worth_points,
            Club.worth_minor,
            rules.c.version_no,
            rules.c.document,
        )
        .join(Club, Club.id == Membership.club_id)
        .outerjoin(rules, sa.true())
        .where(Membership.points_account_id.in_(accounts))
    )
    return {row.points_account_id: row for row in rows}


def as_earned(session: Session, account: Account, receipt: tuple[int, int], *, on: dt.date, at: dt.datetime) -> Account:
    """The account with the programme by which a receipt (customer and number) earned in it, told of it as the sale was.

    Without one where the club had no rules of earning on the day, or doesn't know the member any more. `at` is when the
    sale was written: a level that it brought counted only after it.
    """
    if not account.earned or account.club_id is None:
        return account
    rules = rules_in_force(sa.literal(on, sa.Date()))
    row = session.execute(
        sa.select(*earning_columns(rules), Customer.birthday, _level_at(at, receipt[1]).label("level"))
        .select_from(Membership)
        .join(Club, Club.id == Membership.club_id)
        .join(Customer, Customer.id == Membership.customer_id)
        .outerjoin(rules, sa.true())
        .where(Membership.customer_id == account.member_id, Membership.club_id == account.club_id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return account
    held = Earning(*row[:-2])
    programme = programme_of(held.rules_document)
    if programme is None or not programme.earning.rules:
        return account
    sold = receipt_as_sold(session, *receipt)
    known = MemberFacts(
        joined_on=held.joined_on,
        level=level_in(held.rules_document, row.level),
        birthday=row.birthday,
        segments=customers_segments(session, [account.member_id]).get(account.member_id, frozenset()),
        purchases=_before(session, sold, account.member_id) if counts_purchases(held.rules_document) else 0,
    )
    known = looking_back(session, programme, held, known, customer_id=account.member_id, on=on, before=sold)
    return replace(account, programme=ByProgramme(programme, sold.purchase, known))


def _level_at(at: dt.datetime, receipt_id: int) -> sa.ScalarSelect[str]:
    """The level of a membership when the receipt was written."""
    earlier = sa.or_(LevelChange.at < at, sa.and_(LevelChange.at == at, LevelChange.receipt_id < receipt_id))
    return (
        sa.select(LevelChange.level)
        .where(
            LevelChange.customer_id == Membership.customer_id, LevelChange.membership_id == Membership.id, earlier
        )
        .order_by(LevelChange.change_no.desc())
        .limit(1)
        .correlate(Membership)
        .scalar_subquery()
    )  # fmt: skip


def _before(session: Session, sold: Past, member_id: int) -> int:
    """How many purchases the member had made before."""
    earlier = Receipt.customer_id.in_(family_of(member_id)), Receipt.id < sold.id, Receipt.total_minor >= 0
    return session.execute(sa.select(sa.func.count()).where(*earlier)).scalar_one()
