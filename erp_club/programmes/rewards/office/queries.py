"""What pages tell of settled periods: which there are, and to whom each gave what."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """A settled period of a rule: to how many it gave how much, and how many rows were taken back."""

    rule: str
    first_on: dt.date
    last_on: dt.date
    form: str
    accounts: int
    given: int
    value: int
    to_fee_minor: int
    undone: int
    run_id: int | None


@dataclass(frozen=True, slots=True)
class IssuedRow:
    """What one account was given. `used` of so many `codes` were used; `left_minor` lies on its gift card still."""

    settlement_id: int
    customer_id: int
    number: str
    name: str
    first_on: dt.date
    base: int
    rate_bp: int | None
    value: int
    to_fee_minor: int
    taken: int
    last_day: dt.date | None
    state: str
    codes: tuple[str, ...]
    used: int
    left_minor: int | None
    why: str | None


_PERIODS = sa.text("""
    SELECT rule, min(first_on), last_on, min(form), count(*) FILTER (WHERE state = 'given'),
           count(*) FILTER (WHERE state = 'given' AND value > 0),
           CAST(coalesce(sum(value) FILTER (WHERE state = 'given'), 0) AS bigint),
           CAST(coalesce(sum(to_fee_minor) FILTER (WHERE state = 'given'), 0) AS bigint),
           count(*) FILTER (WHERE state = 'undone'), max(run_id)
      FROM period_settlements
     WHERE club_id = :club AND (CAST(:rule AS text) IS NULL OR rule = :rule AND last_on = :last)
     GROUP BY rule, last_on
     ORDER BY last_on DESC, rule
     LIMIT :most
""")
_ISSUED = sa.text("""
    SELECT s.id, s.customer_id, c.number, concat_ws(' ', c.given_name, c.family_name), s.first_on, s.base, s.rate_bp,
           s.value, s.to_fee_minor, s.taken, s.last_day, s.state,
           coalesce((SELECT array_agg(k.code ORDER BY k.id) FROM reward_coupons r
                       JOIN coupons k ON k.customer_id = r.customer_id AND k.id = r.coupon_id
                      WHERE r.customer_id = s.customer_id AND r.settlement_id = s.id), '{}'),
           (SELECT count(*) FROM reward_coupons r
              JOIN coupons k ON k.customer_id = r.customer_id AND k.id = r.coupon_id
             WHERE r.customer_id = s.customer_id AND r.settlement_id = s.id AND k.used > 0),
           (SELECT v.balance_minor FROM reward_cards r
              JOIN stored_value_cards v ON v.customer_id = r.card_customer_id AND v.id = r.card_id
             WHERE r.customer_id = s.customer_id AND r.settlement_id = s.id),
           s.why
      FROM period_settlements s JOIN customers c ON c.id = s.customer_id
     WHERE s.club_id = :club AND s.rule = :rule AND s.last_on = :last
     ORDER BY s.value DESC, s.customer_id, s.id
    OFFSET :skip LIMIT :most
""")


def periods(session: Session, club_id: int, *, limit: int) -> list[PeriodRow]:
    """The settled periods of a club, the latest first."""
    rows = session.execute(_PERIODS, {"club": club_id, "rule": None, "last": None, "most": limit})
    return [PeriodRow(*row) for row in rows]


def period(session: Session, club_id: int, rule: str, last: dt.date) -> PeriodRow | None:
    """One of them; None where it wasn't settled."""
    row = session.execute(_PERIODS, {"club": club_id, "rule": rule, "last": last, "most": 1}).one_or_none()
    return None if row is None else PeriodRow(*row)


def issued(session: Session, club_id: int, rule: str, last: dt.date, *, offset: int, limit: int) -> list[IssuedRow]:
    """To whom a period gave what, the most first."""
    bound = {"club": club_id, "rule": rule, "last": last, "skip": offset, "most": limit}
    rows = session.execute(_ISSUED, bound)
    return [IssuedRow(*row[:12], codes=tuple(row[12]), used=row[13], left_minor=row[14], why=row[15]) for row in rows]
