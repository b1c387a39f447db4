"""Levels given by hand, for a time and with a reason, and levels that were paid for; both are taken back."""

import datetime as dt
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.commands import Held, hold
from erp_club.clubs.levels.kinds import LevelCause
from erp_club.clubs.levels.models import LevelOverride
from erp_club.clubs.periods import Span
from erp_club.kernel import audit
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.permissions.actors import Actor
from erp_club.programmes.overrides import errors
from erp_club.programmes.standings.commands import LookCause, look
from erp_club.programmes.standings.queries import candidates


def give_level(
    session: Session,
    membership_id: int,
    *,
    level: str,
    until: dt.date | None,
    reason: str,
    today: dt.date,
    now: dt.datetime,
    by: Actor,
) -> None:
    """Put a membership on a level from today to `until`, included, or without end, whatever it has reached (M-03).

    A level given before is taken back by it. Raises NotFound, Conflict `no-levels`, Invalid for a level that the club
    doesn't have or a day that is over.
    """
    held = hold(session, membership_id)
    known = next((each for each in candidates(session, [_key(held)], on=today) if _is(each.key, held)), None)
    if known is None:
        raise errors.no_levels()
    wrong: list[FieldError] = []
    if level not in {each.code for each in known.levels.levels}:
        wrong.append(FieldError("level", T("Choose a level of this club.")))
    if until is not None and until < today:
        wrong.append(FieldError("until", T("This day is over already.")))
    if not reason:
        wrong.append(FieldError("reason", T("Say why.")))
    if wrong:
        raise Invalid(wrong)
    _end(session, held, today)
    _add(session, held, level, Span(today, until), reason=reason, now=now, by=by)
    after = {"membership_id": membership_id, "level": level, "until": until, "reason": reason}
    _told(session, held, "membership.level", after, now=now, by=by)
    look(session, [_key(held)], LookCause(LevelCause.BY_HAND, today, now, by, reason=reason))


def take_level_back(session: Session, membership_id: int, *, today: dt.date, now: dt.datetime, by: Actor) -> None:
    """Let the membership stand from today where it has come to by itself.

    Raises NotFound, Conflict `no-level-given`.
    """
    held = hold(session, membership_id)
    if not _end(session, held, today):
        raise errors.not_given()
    _told(session, held, "membership.level_back", {"membership_id": membership_id}, now=now, by=by)
    look(session, [_key(held)], LookCause(LevelCause.BY_HAND_ENDED, today, now, by))


def hold_paid_level(
    session: Session,
    held: Held,
    level: str,
    span: Span,
    *,
    fee_id: int | None,
    today: dt.date,
    now: dt.datetime,
    by: Actor,
) -> None:
    """Let a locked membership hold a level for the days that were paid for, where it hasn't reached a higher one.

    `fee_id` is what was paid, None where nothing had to be.
    """
    _add(session, held, level, span, now=now, by=by, paid=True, fee_id=fee_id)
    after = {"membership_id": held.membership_id, "level": level, "from": span.first, "until": span.last}
    _told(session, held, "membership.level_paid", after, now=now, by=by)
    look(session, [_key(held)], LookCause(LevelCause.PAID, today, now, by))


def drop_paid_level(session: Session, held: Held, fee_id: int, *, today: dt.date, now: dt.datetime, by: Actor) -> None:
    """What was paid for a level came back: from today the membership stands where it has come to by itself."""
    _drop(session, held, LevelOverride.fee_id == fee_id, today=today, now=now, by=by)


def drop_bought_level(session: Session, held: Held, span: Span, *, today: dt.date, now: dt.datetime, by: Actor) -> bool:
    """The same of a level that points were given for, for these days; whether there is one."""
    of = LevelOverride
    last = of.last.is_(None) if span.last is None else of.last == span.last
    mine = of.membership_id == held.membership_id, of.paid, of.fee_id.is_(None), of.first == span.first, last
    latest = sa.select(sa.func.max(of.override_no)).where(*mine).scalar_subquery()
    return _drop(session, held, sa.and_(*mine, of.override_no == latest), today=today, now=now, by=by)


def _drop(
    session: Session, held: Held, which: sa.ColumnElement[bool], *, today: dt.date, now: dt.datetime, by: Actor
) -> bool:
    dropped = session.execute(
        sa.update(LevelOverride)
        .where(which)
        .values(last=sa.func.greatest(today, LevelOverride.first) - 1)
        .returning(LevelOverride.level)
    ).all()
    if dropped:
        after = {"membership_id": held.membership_id, "level": dropped[0].level}
        _told(session, held, "membership.level_paid_back", after, now=now, by=by)
        look(session, [_key(held)], LookCause(LevelCause.PAID_ENDED, today, now, by))
    return bool(dropped)


def share_levels(session: Session, source: Held, target: Held, *, on: dt.date) -> list[int]:
    """Let a membership hold the levels of another of the same person's too, to the days to which they were paid for
    or given; gives the numbers under which it does.

    A level that was given by hand stays behind where the target has one of its own.
    """
    numbers = session.scalars(_SHARED, {"source": source.membership_id, "target": target.membership_id, "on": on})
    return list(numbers)


def drop_shared(session: Session, membership_id: int, numbers: Sequence[int], *, today: dt.date) -> None:
    """Let a membership hold what it shared no longer, from today."""
    session.execute(
        sa.update(LevelOverride)
        .where(LevelOverride.membership_id == membership_id, LevelOverride.override_no.in_(numbers))
        .where(LevelOverride.last.is_(None) | (LevelOverride.last >= today))
        .values(last=sa.func.greatest(today, LevelOverride.first) - 1)
    )


_SHARED = sa.text("""
    INSERT INTO level_overrides (customer_id, membership_id, override_no, level, first, last, reason, paid, fee_id, at,
                                 staff_id)
    SELECT m.customer_id, m.id, count_of.own + row_number() OVER (ORDER BY o.override_no), o.level,
           greatest(o.first, :on), o.last, o.reason, o.paid, o.fee_id, o.at, o.staff_id
      FROM memberships m
      CROSS JOIN LATERAL (SELECT count(*) AS own,
                                 coalesce(bool_or(NOT t.paid AND (t.last IS NULL OR t.last >= :on)), false) AS by_hand
                            FROM level_overrides t WHERE t.membership_id = m.id) count_of
      JOIN level_overrides o ON o.membership_id = :source
     WHERE m.id = :target AND (o.last IS NULL OR o.last >= greatest(o.first, CAST(:on AS date)))
       AND (o.paid OR NOT count_of.by_hand)
    RETURNING override_no
""")


def _add(
    session: Session,
    held: Held,
    level: str,
    span: Span,
    *,
    now: dt.datetime,
    by: Actor,
    reason: str = "",
    paid: bool = False,
    fee_id: int | None = None,
) -> None:
    """Write a level under the next number of the locked membership."""
    session.execute(
        sa.insert(LevelOverride).values(
            customer_id=held.customer_id,
            membership_id=held.membership_id,
            override_no=sa.select(sa.func.count() + 1)
            .where(LevelOverride.customer_id == held.customer_id, LevelOverride.membership_id == held.membership_id)
            .scalar_subquery(),
            level=level,
            first=span.first,
            last=span.last,
            reason=reason,
            paid=paid,
            fee_id=fee_id,
            at=now,
            staff_id=by.staff_id,
        )
    )


def _key(held: Held) -> tuple[int, int]:
    return held.account.holder_id, held.account.id


def _is(key: tuple[int, int], held: Held) -> bool:
    return key == (held.customer_id, held.membership_id)


def _end(session: Session, held: Held, today: dt.date) -> bool:
    """End what was given and holds today or will; whether there was anything."""
    ended = session.execute(
        sa.update(LevelOverride)
        .where(
            LevelOverride.customer_id == held.customer_id,
            LevelOverride.membership_id == held.membership_id,
            ~LevelOverride.paid,
            sa.or_(LevelOverride.last.is_(None), LevelOverride.last >= today),
        )
        .values(last=today - dt.timedelta(days=1))
        .returning(LevelOverride.override_no)
    ).all()
    return bool(ended)


def _told(
    session: Session, held: Held, action: str, after: Mapping[str, object], *, now: dt.datetime, by: Actor
) -> None:
    customer_id = held.customer_id
    audit.record(session, by=by, now=now, action=action, entity="customer", entity_id=customer_id, after=after)
