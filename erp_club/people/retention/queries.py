"""What head office has decided, and what is older than that."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.organisation.models import Chain
from erp_club.people.retention.models import RetentionRule
from erp_club.people.retention.rules import DataKind, Rule, completed, last_day_gone
from erp_club.permissions.models import Staff


@dataclass(frozen=True, slots=True)
class Decided:
    """A rule, who decided it and when; None where nobody has."""

    rule: Rule
    by: str | None
    at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Silent:
    """A customer who gave no sign of life, and the points that would go with them."""

    customer_id: int
    number: str
    points: int


def rules(session: Session) -> list[Rule]:
    """A rule for each kind."""
    return [each.rule for each in decided(session)]


def decided(session: Session) -> list[Decided]:
    """A rule for each kind, in the order in which they are shown."""
    rows = session.execute(
        sa.select(RetentionRule, Staff.name).outerjoin(Staff, Staff.id == RetentionRule.staff_id)
    ).all()
    who = {row.kind: (name, row.at) for row, name in rows}
    made = completed(Rule(DataKind(row.kind), row.months, row.reason) for row, _ in rows)
    return [Decided(rule, *who.get(rule.kind, (None, None))) for rule in made]


def over(session: Session, kind: DataKind, *, today: dt.date) -> dt.datetime | None:
    """The moment before which a kind isn't kept any more; None where it is kept for good."""
    months = next(rule.months for rule in rules(session) if rule.kind is kind)
    if months is None:
        return None
    zone = ZoneInfo(session.execute(sa.select(Chain.time_zone)).scalar_one())
    return dt.datetime.combine(last_day_gone(months, today) + dt.timedelta(days=1), dt.time(), zone)


def count(session: Session, kind: DataKind, *, before: dt.datetime) -> int:
    """How many of a kind are older than this moment: customers, or rows."""
    return session.scalar(_COUNTS[kind], {"before": before}) or 0


def silent(session: Session, *, before: dt.datetime, after: int, limit: int) -> list[Silent]:
    """Customers without a sign of life since this moment, by their ids behind `after`."""
    found = session.execute(_SILENT, {"before": before, "after": after, "limit": limit})
    return [Silent(*row) for row in found]


# Whoever became this customer has lived on as them.
_NO_SIGN = """
    c.state = 'active' AND c.id <> 0 AND c.opened_at < :before AND c.changed_at < :before
    AND NOT EXISTS (SELECT FROM receipts r JOIN customers f ON f.id = r.customer_id
                     WHERE (f.id = c.id OR f.merged_into = c.id) AND r.sold_at >= :before)
    AND NOT EXISTS (SELECT FROM membership_periods p WHERE p.customer_id = c.id AND p.at >= :before)
    AND NOT EXISTS (SELECT FROM membership_events e WHERE e.customer_id = c.id AND e.at >= :before)
    AND NOT EXISTS (SELECT FROM consent_changes k WHERE k.customer_id = c.id AND k.at >= :before)
"""
_SILENT = sa.text(f"""
    SELECT c.id, c.number, (SELECT coalesce(sum(l.remaining), 0)::bigint FROM points_lots l WHERE l.customer_id = c.id)
      FROM customers c WHERE {_NO_SIGN} AND c.id > :after ORDER BY c.id LIMIT :limit
""")  # noqa: S608 - the parts are ours
_COUNTS = {
    DataKind.CUSTOMERS: sa.text(f"SELECT count(*) FROM customers c WHERE {_NO_SIGN}"),  # noqa: S608
    DataKind.CHANGES: sa.text(
        "SELECT count(*) FROM audit_values v JOIN audit_entries e ON e.id = v.entry_id "
        "WHERE v.emptied_at IS NULL AND e.at < :before"
    ),
    DataKind.OFFLINE_SALES: sa.text(
        "SELECT count(*) FROM upload_conflicts WHERE seen_at < :before AND document <> '{}'"
    ),
}
