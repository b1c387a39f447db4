"""What fees hang on: the club's programme, who wants to join, and what the ending term has bought."""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased

from erp_club.clubs.kinds import MembershipState
from erp_club.clubs.levels.models import MembershipLevel
from erp_club.clubs.models import Club, Membership
from erp_club.clubs.periods import Span
from erp_club.customers.models import Customer
from erp_club.customers.relatives.kinds import RelativeKind
from erp_club.customers.relatives.queries import CHILDREN, relatives_of
from erp_club.programmes.engine.facts import MemberFacts, Purchase
from erp_club.programmes.engine.measure import Lived, total
from erp_club.programmes.engine.membership import AgeTerm, Fees, Way
from erp_club.programmes.engine.parts import Excluded, Measure
from erp_club.programmes.engine.places import Where
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.renew import Applicant, fees_for
from erp_club.programmes.past.purchase import Past
from erp_club.programmes.past.queries import customers_segments, receipts_of
from erp_club.programmes.queries import programme_in_force
from erp_club.programmes.rewards.kinds import RewardState
from erp_club.programmes.rewards.models import PeriodSettlement
from erp_club.purchases.asked import FEE
from erp_club.purchases.fees.kinds import FeeKind, FeeState
from erp_club.purchases.fees.left.queries import GOES_ON, LEFT_ON, left_since_merge
from erp_club.purchases.fees.models import MembershipFee
from erp_club.receipts.models import ReceiptLine

_CHILDREN = sa.literal_column(CHILDREN.format(who="customers.id"), ARRAY(sa.Date))


@dataclass(frozen=True, slots=True)
class PaidFee:
    """A fee that was paid by a line of a receipt, the days that it was paid for, and whose membership it is.

    `held_by` is the membership that has these days now: another one, where that one was joined to it by a merge.
    `left_on` is the first day without it of one who has left since, and joined again: what holds now was joined anew.
    """

    id: int
    membership_id: int
    kind: FeeKind
    period_no: int
    due_minor: int
    receipt_id: int
    line_no: int
    paid_on: dt.date
    span: Span
    held_by: int
    left_on: dt.date | None = None

    @property
    def joined(self) -> bool:
        """Whether its membership is part of another one by now."""
        return self.held_by != self.membership_id


def joining_due(session: Session, ids: Collection[int]) -> list[tuple[int, int, int, Span]]:
    """Those of these fees that are due for joining, each with its customer, its club and the days that it is for."""
    fee = MembershipFee
    rows = session.execute(
        sa.select(fee.id, fee.customer_id, Membership.club_id, fee.first, fee.last)
        .join(Membership, (Membership.customer_id == fee.customer_id) & (Membership.id == fee.membership_id))
        .where(fee.id.in_(ids), fee.kind == FeeKind.JOINING, fee.state == FeeState.DUE)
    )
    return [(row[0], row[1], row[2], Span(row[3], row[4])) for row in rows]


def kept_for_fee(session: Session, fee: PaidFee) -> int:
    """What was kept from a membership's rewards for its fee, where that is paid in parts.

    Of one that is part of another by now: while it was on its own, for what came since is the other's.
    """
    of = PeriodSettlement
    account = (of.customer_id == Membership.points_holder_id) & (of.account_id == Membership.points_account_id)
    return session.execute(
        sa.select(sa.cast(sa.func.coalesce(sa.func.sum(of.to_fee_minor), 0), sa.BigInteger))
        .select_from(Membership)
        .join(of, of.customer_id == Membership.customer_id if fee.joined else account)
        .where(Membership.id == fee.membership_id, of.club_id == Membership.club_id, of.state == RewardState.GIVEN)
    ).scalar_one()


def paid_fees(session: Session, *, receipt_id: int | None = None, membership_id: int | None = None) -> list[PaidFee]:
    """The fees that a receipt paid, or that were paid for a membership, the latest first; returned ones aren't any.

    A membership has those too that were paid for one that was joined to it, unless that one had ended before.
    """
    fee, own, other = MembershipFee, Membership, aliased(Membership)
    held_by = sa.func.coalesce(other.id, fee.membership_id)
    asked = (
        sa.select(fee, held_by, sa.func.coalesce(LEFT_ON, left_since_merge(fee, other)))
        .join(Customer, Customer.id == fee.customer_id)
        .join(own, (own.customer_id == fee.customer_id) & (own.id == fee.membership_id))
        .outerjoin(other, (other.customer_id == Customer.merged_into) & (other.club_id == own.club_id))
        .where(fee.state == FeeState.PAID, fee.line_no.is_not(None))
        .order_by(fee.id.desc())
    )
    if receipt_id is not None:
        asked = asked.where(fee.receipt_id == receipt_id)
    if membership_id is not None:
        owner = sa.select(own.customer_id).where(own.id == membership_id).correlate(None).scalar_subquery()
        asked = asked.where(
            (Customer.id == owner) | (Customer.merged_into == owner),
            held_by == membership_id,
            (fee.membership_id == membership_id) | (own.state != MembershipState.ENDED),
        )
    made: list[PaidFee] = []
    for row, now_of, left in session.execute(asked):
        assert row.receipt_id is not None
        assert row.line_no is not None
        assert row.paid_on is not None
        made.append(
            PaidFee(
                id=row.id,
                membership_id=row.membership_id,
                kind=FeeKind(row.kind),
                period_no=row.period_no,
                due_minor=row.due_minor,
                receipt_id=row.receipt_id,
                line_no=row.line_no,
                paid_on=row.paid_on,
                span=Span(row.first, row.last),
                held_by=now_of,
                left_on=left,
            )
        )
    return made


def goes_on(session: Session, fee: PaidFee, *, on: dt.date) -> bool:
    """Whether returning a fee would take days for which another membership, joined with its own, stands as well."""
    if fee.kind == FeeKind.UPGRADE or fee.left_on is not None:
        return False
    renews = fee.kind == FeeKind.RENEWAL
    first = max(on, fee.span.first) if renews else on
    last = max(first, fee.span.last) if renews and fee.span.last else None
    given = {"held_by": fee.held_by, "own": fee.membership_id, "first": first, "last": last}
    return session.scalars(GOES_ON, given).one()


def part_of(session: Session, membership_id: int) -> int | None:
    """The membership of which this one is part, since its customer was merged; None where it is on its own."""
    other = aliased(Membership)
    return session.scalar(
        sa.select(other.id)
        .select_from(Membership)
        .join(Customer, Customer.id == Membership.customer_id)
        .join(other, (other.customer_id == Customer.merged_into) & (other.club_id == Membership.club_id))
        .where(Membership.id == membership_id)
    )


@dataclass(frozen=True, slots=True)
class FeeFor:
    """What a line is paid for: which club, and which level in it, if any, up to which day (None for life)."""

    kind: FeeKind
    club_names: dict[str, str]
    level_names: dict[str, str] | None
    last: dt.date | None


def fees_of_basket(session: Session, basket_id: uuid.UUID) -> dict[int, FeeFor]:
    """What the lines of a basket are paid for that are fees, by their numbers."""
    return _fees_for(session, MembershipFee.basket_id == basket_id, MembershipFee.state == FeeState.DUE)


def fees_of_receipt(session: Session, receipt_id: int) -> dict[int, FeeFor]:
    """The same of a receipt's lines."""
    return _fees_for(session, MembershipFee.receipt_id == receipt_id)


def _fees_for(session: Session, *which: sa.ColumnElement[bool]) -> dict[int, FeeFor]:
    rows = session.execute(_FEES_FOR.where(*which))
    made: dict[int, FeeFor] = {}
    for line_no, kind, level, last, at, club_id, names in rows.all():
        assert line_no is not None
        level_names = None if level is None else _level_names(session, club_id, level, at.date())
        made[line_no] = FeeFor(FeeKind(kind), names, level_names, last)
    return made


def _level_names(session: Session, club_id: int, level: str, on: dt.date) -> dict[str, str]:
    """A level's name in each language by the programme of a day; its code where that doesn't know it."""
    programme = programme_in_force(session, club_id, on)
    levels = programme.levels.levels if programme is not None and programme.levels is not None else ()
    found = next((each for each in levels if each.code == level), None)
    return {str(language): text for language, text in found.names.items()} if found else {"en": level}


def applicant(
    session: Session, customer_id: int, *, way: Way, where: Where | None, purchase_minor: int, on: dt.date
) -> Applicant:
    """Who wants to join, as a programme asks it."""
    row = session.execute(_APPLICANT, {"customer": customer_id, "on": on}).one()
    known: dict[str, Any] = row.known
    return Applicant(
        way=way,
        age=row.age,
        has_guardian=row.has_guardian,
        country=row.country,
        known=frozenset(name for name, value in known.items() if value not in (None, "")),
        segments=frozenset(row.segments or ()),
        clubs=frozenset(row.clubs or ()),
        where=where,
        purchase_minor=purchase_minor,
    )


def born_of(session: Session, programme: Programme, customer_id: int) -> dt.date | None:
    """The birthday by which the club's term goes: the customer's, or that of the youngest child; None for none."""
    term = programme.term
    if not isinstance(term, AgeTerm):
        return None
    if term.of == "child":
        born = [each.birthday for each in relatives_of(session, customer_id) if each.kind is RelativeKind.CHILD]
        return max((each for each in born if each is not None), default=None)
    return session.scalar(sa.select(Customer.birthday).where(Customer.id == customer_id))


NO_FEES = Excluded(kinds=(FEE,))
"""Fees count for nothing, also where a rule names their product."""


def bought_in(session: Session, customer_id: int, of: Measure, span: Span, *, until: dt.date) -> int:
    """What counts of what the customer bought in these days up to `until`, net of returns, without fees."""
    last = until if span.last is None else min(span.last, until)
    if of == Measure():
        return session.scalar(_BOUGHT, {"customer": customer_id, "first": span.first, "last": last}) or 0
    receipts = receipts_of(session, None, [customer_id], days=(span.first, last))[customer_id]
    who = who_buys(session, customer_id)
    lives = [Lived(each, member=who) for each in with_fees_told(session, receipts)]
    return total(of, lives, span.first, last, excluded=NO_FEES)


def fees_of(session: Session, programme: Programme, customer_id: int) -> Fees:
    """What membership costs this customer."""
    if not programme.fees.segments and not any(each.segments for each in programme.fees.terms):
        return programme.fees
    segments = customers_segments(session, [customer_id]).get(customer_id, frozenset[str]())
    return fees_for(programme.fees, segments)


def membership_in(session: Session, customer_id: int, club_id: int) -> int | None:
    """The membership of a customer in a club; None where there is none, or an ended one."""
    return session.scalar(
        sa.select(Membership.id).where(
            Membership.customer_id == customer_id,
            Membership.club_id == club_id,
            Membership.state != MembershipState.ENDED,
        )
    )


def who_buys(session: Session, customer_id: int, *, club_id: int | None = None) -> MemberFacts:
    """The customer as conditions see them today; of a club, as its member."""
    row = session.execute(
        sa.select(Customer.birthday, Membership.joined_on, MembershipLevel.level, _CHILDREN.label("children"))
        .select_from(Customer)
        .outerjoin(Membership, (Membership.customer_id == Customer.id) & (Membership.club_id == club_id))
        .outerjoin(MembershipLevel, MembershipLevel.membership_id == Membership.id)
        .where(Customer.id == customer_id)
        .limit(1)
    ).one()
    segments = customers_segments(session, [customer_id]).get(customer_id, frozenset())
    return MemberFacts(row.joined_on, row.level, row.birthday, segments, children=tuple(row.children))


def with_fees_told(session: Session, receipts: Sequence[Past]) -> list[Purchase]:
    """The purchases, with the lines that were fees, or took them back, as the kind that they are."""
    fees = _fee_lines(session, [each.original_id or each.id for each in receipts])
    return [_marked(each, fees) for each in receipts]


def _fee_lines(session: Session, receipts: Sequence[int]) -> set[tuple[int, int]]:
    """The lines of these receipts that were fees of memberships."""
    fee = MembershipFee
    asked = sa.select(fee.receipt_id, fee.line_no).where(fee.receipt_id.in_(receipts))
    return {(row[0] or 0, row[1] or 0) for row in session.execute(asked)}


def _marked(past: Past, fees: Set[tuple[int, int]]) -> Purchase:
    if past.original_id is None:
        numbers = [int(line.id) for line in past.purchase.lines]
    else:
        numbers = [number or 0 for number in past.original_lines]
    of = past.original_id or past.id
    lines = (
        replace(line, kind=FEE) if (of, number) in fees else line
        for line, number in zip(past.purchase.lines, numbers, strict=True)
    )
    return replace(past.purchase, lines=tuple(lines))


IS_FEE = sa.exists().where(
    MembershipFee.receipt_id == ReceiptLine.receipt_id, MembershipFee.line_no == ReceiptLine.line_no
)
"""Whether a receipt's line is a membership's fee, which earns nothing whatever its product would."""
_APPLICANT = sa.text("""
    SELECT CAST(date_part('year', age(:on, c.birthday)) AS integer) AS age, c.country, to_jsonb(c) AS known,
           EXISTS (SELECT FROM customer_relatives r WHERE r.customer_id = c.id AND r.kind = 'parent') AS has_guardian,
           (SELECT array_agg(s.name) FROM segment_customers i JOIN segments s ON s.id = i.segment_id
             WHERE i.customer_id = c.id AND s.state = 'active') AS segments,
           (SELECT array_agg(b.code) FROM memberships m JOIN clubs b ON b.id = m.club_id
             WHERE m.customer_id = c.id AND m.state <> 'ended'
               AND EXISTS (SELECT FROM membership_periods p WHERE p.customer_id = m.customer_id
                             AND p.membership_id = m.id AND p.validity @> CAST(:on AS date))) AS clubs
      FROM customers c WHERE c.id = :customer
""").columns(age=sa.Integer)
_BOUGHT = sa.text("""
    SELECT CAST(coalesce(sum(r.total_minor), 0)
           - coalesce(sum((SELECT sum(f.due_minor) FROM membership_fees f
                            WHERE f.receipt_id = r.id AND f.line_no IS NOT NULL)), 0)
           + coalesce(sum((SELECT sum(f.refunded_minor) FROM membership_fees f
                             JOIN receipt_returns t ON t.customer_id = r.customer_id AND t.receipt_id = r.id
                            WHERE f.receipt_id = t.original_receipt_id AND f.state = 'returned')), 0) AS bigint)
      FROM receipts r
     WHERE r.customer_id IN (SELECT id FROM customers WHERE id = :customer OR merged_into = :customer)
       AND r.sold_on BETWEEN :first AND :last
""")


# Built once, since every receipt that is shown asks it.
_FEES_FOR = (
    sa.select(
        MembershipFee.line_no,
        MembershipFee.kind,
        MembershipFee.level,
        MembershipFee.last,
        MembershipFee.at,
        Club.id,
        Club.names,
    )
    .join(
        Membership,
        (Membership.customer_id == MembershipFee.customer_id) & (Membership.id == MembershipFee.membership_id),
    )
    .join(Club, Club.id == Membership.club_id)
    .where(MembershipFee.line_no.is_not(None))
)
