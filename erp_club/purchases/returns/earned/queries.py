"""How a sale had earned by a club's programme: what its rules saw of the goods, and of the member on that day."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.earning.account import Earning
from erp_club.clubs.earning.queries import earning_columns, rules_in_force
from erp_club.clubs.levels.models import LevelChange
from erp_club.clubs.models import Club, Membership, MembershipPeriod
from erp_club.customers.models import Customer
from erp_club.customers.queries import family_of
from erp_club.programmes.documents import level_in, programme_of
from erp_club.programmes.engine.earn import earn
from erp_club.programmes.engine.facts import MemberFacts
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.past.purchase import Past
from erp_club.programmes.past.queries import customers_segments, receipt_as_sold
from erp_club.purchases.explained import Told
from erp_club.purchases.fees.queries import with_fees_told
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

    Without one where there is none to tell.
    """
    if not account.earned or account.club_id is None:
        return account
    return replace(account, programme=by_programme(session, account.member_id, account.club_id, receipt, on=on, at=at))


def told(
    session: Session, member_id: int, receipt: tuple[int, int], *, on: dt.date, at: dt.datetime
) -> Iterator[tuple[Programme, list[Told]]]:
    """What each rule of the clubs gave, or why it gave nothing, in which somebody was a member on a receipt's day."""
    held = sa.select(Membership.club_id).where(
        Membership.customer_id == member_id,
        sa.exists().where(
            MembershipPeriod.customer_id == Membership.customer_id,
            MembershipPeriod.membership_id == Membership.id,
            MembershipPeriod.validity.contains(on),
        ),
    )
    for club_id in session.scalars(held.order_by(Membership.club_id)).all():
        by = by_programme(session, member_id, club_id, receipt, on=on, at=at)
        if by is not None:
            rules = zip(by.programme.earning.rules, earn(by.programme, by.sold, by.member).rules, strict=True)
            yield by.programme, [Told(by.programme, rule, earned) for rule, earned in rules]


def by_programme(
    session: Session, member_id: int, club_id: int, receipt: tuple[int, int], *, on: dt.date, at: dt.datetime
) -> ByProgramme | None:
    """The programme by which a receipt earned for a member, and what it saw of both.

    None where the club had no rules of earning on the day, or doesn't know the member any more. `at` is when the sale
    was written: a level that it brought counted only after it.
    """
    rules = rules_in_force(sa.literal(on, sa.Date()))
    row = session.execute(
        sa.select(*earning_columns(rules), Customer.birthday, _level_at(at, receipt[1]).label("level"))
        .select_from(Membership)
        .join(Club, Club.id == Membership.club_id)
        .join(Customer, Customer.id == Membership.customer_id)
        .outerjoin(rules, sa.true())
        .where(Membership.customer_id == member_id, Membership.club_id == club_id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    held = Earning(*row[:-2])
    programme = programme_of(held.rules_document)
    if programme is None or not programme.earning.rules:
        return None
    sold = receipt_as_sold(session, *receipt)
    known = MemberFacts(
        joined_on=held.joined_on,
        level=level_in(held.rules_document, row.level),
        birthday=row.birthday,
        segments=customers_segments(session, [member_id]).get(member_id, frozenset()),
        purchases=_before(session, sold, member_id) if counts_purchases(held.rules_document) else 0,
        children=sold.children,
    )
    known = looking_back(session, programme, held, known, customer_id=member_id, on=on, before=sold)
    (purchase,) = with_fees_told(session, [sold])
    return ByProgramme(programme, purchase, known)


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
