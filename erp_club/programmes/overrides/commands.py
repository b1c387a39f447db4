"""Levels given by hand: for a time, with a reason, and taken back."""

import datetime as dt
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.commands import Held, hold
from erp_club.clubs.levels.models import LevelCause, LevelOverride
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
    session.execute(
        sa.insert(LevelOverride).values(
            customer_id=held.customer_id,
            membership_id=membership_id,
            override_no=sa.select(sa.func.count() + 1)
            .where(LevelOverride.customer_id == held.customer_id, LevelOverride.membership_id == membership_id)
            .scalar_subquery(),
            level=level,
            first=today,
            last=until,
            reason=reason,
            at=now,
            staff_id=by.staff_id,
        )
    )
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


def _key(held: Held) -> tuple[int, int]:
    return held.account.holder_id, held.account.id


def _is(key: tuple[int, int], held: Held) -> bool:
    return key == (held.customer_id, held.membership_id)


def _end(session: Session, held: Held, today: dt.date) -> bool:
    """End what holds today or will; whether there was anything."""
    ended = session.execute(
        sa.update(LevelOverride)
        .where(
            LevelOverride.customer_id == held.customer_id,
            LevelOverride.membership_id == held.membership_id,
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
