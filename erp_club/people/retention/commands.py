"""Deciding how long data about people is kept, and taking out what is older."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.kernel import audit
from erp_club.kernel.audit import AuditEntry, AuditValues
from erp_club.kernel.errors import Conflict, Invalid
from erp_club.people.erasure.commands import TakenOut, forget, take_out
from erp_club.people.erasure.queries import taken
from erp_club.people.retention import queries
from erp_club.people.retention.models import RetentionRule
from erp_club.people.retention.rules import Rule, faults
from erp_club.permissions.actors import Actor


def decide(session: Session, wanted: Sequence[Rule], *, now: dt.datetime, by: Actor) -> None:
    """Decide how long kinds of data are kept from the next run on, each change with its reason.

    Raises Invalid with the rule that is wrong.
    """
    # Two people who decide at once: the second judges by what the first has decided.
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext("retention-rules"))))
    before = queries.rules(session)
    wrong = faults(before, wanted)
    if wrong:
        raise Invalid(wrong)
    known = {rule.kind: rule for rule in before}
    for rule in wanted:
        old = known[rule.kind]
        if rule == old:
            continue
        values = {"months": rule.months, "reason": rule.reason, "staff_id": by.staff_id, "at": now}
        statement = insert(RetentionRule).values(kind=rule.kind, **values)
        session.execute(statement.on_conflict_do_update(index_elements=[RetentionRule.kind], set_=values))
        audit.record(
            session, by=by, now=now, action="retention.decide", entity="retention", entity_id=rule.kind,
            before={"months": old.months, "reason": old.reason}, after={"months": rule.months, "reason": rule.reason},
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gone:
    """What a batch took out, what it had to leave, and the id behind which the next one goes on; None at the end."""

    done: int
    left: int
    last: int | None


def erase_silent(
    session: Session, *, before: dt.datetime, after: int, limit: int, today: dt.date, now: dt.datetime, by: Actor
) -> Gone:
    """Erase customers without a sign of life. Where something stands in the way, they wait for the next run."""
    found = queries.silent(session, before=before, after=after, limit=limit)
    gone: list[TakenOut] = []
    for each in found:
        lost = taken(session, each.customer_id)
        try:
            with session.begin_nested():
                gone.append(take_out(session, each.customer_id, points=lost.points, today=today, now=now, by=by))
        except Conflict:
            continue
    forget(session, gone, now=now)
    return Gone(len(gone), len(found) - len(gone), found[-1].customer_id if len(found) == limit else None)


def empty_changes(
    session: Session, *, before: dt.datetime, after: int, limit: int, now: dt.datetime, by: Actor
) -> Gone:
    """Empty what the change log told of people before this moment, some people at a time."""
    people = session.scalars(
        sa.select(AuditValues.customer_id)
        .join(AuditEntry, AuditEntry.id == AuditValues.entry_id)
        .where(AuditValues.emptied_at.is_(None), AuditEntry.at < before, AuditValues.customer_id > after)
        .distinct()
        .order_by(AuditValues.customer_id)
        .limit(limit)
    ).all()
    done = sum(audit.empty_values(session, each, before=before, now=now, by=by) for each in people)
    return Gone(done, 0, people[-1] if len(people) == limit else None)


def empty_offline_sales(session: Session, *, before: dt.datetime, limit: int) -> Gone:
    """Empty the documents of offline sales that somebody looked at before this moment."""
    done = len(session.execute(_EMPTY_OFFLINE, {"before": before, "limit": limit}).all())
    return Gone(done, 0, 0 if done == limit else None)


_EMPTY_OFFLINE = sa.text(
    """
    UPDATE upload_conflicts SET document = '{}', facts = '{}' WHERE id IN (
      SELECT id FROM upload_conflicts WHERE seen_at < :before AND document <> '{}' ORDER BY id LIMIT :limit
    ) RETURNING id
    """
)
