"""Replays of programmes that people ask for on a club's page: the document that is tried, and what came out."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel import audit
from erp_club.kernel.errors import Conflict, NotFound
from erp_club.kernel.text import T
from erp_club.permissions.actors import Actor
from erp_club.programmes import documents, errors
from erp_club.programmes.engine.checks import stops
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.queries import programme_in_force
from erp_club.reports.models import WhatIfRun
from erp_club.reports.what_if import by_rate
from erp_club.reports.what_if_told import Side, WhatIf


@dataclass(frozen=True, slots=True)
class WhatIfRow:
    """A replay; `outcome` as `kept` wrote it, None before it is done."""

    id: int
    club_id: int
    programme: Programme
    outcome: dict[str, Any] | None
    asked_at: dt.datetime


def ask(session: Session, club_id: int, tried: Programme, *, currency: str, now: dt.datetime, by: Actor) -> int:
    """Ask for the replay of a programme that may be another than the club's, and give its id.

    Raises Invalid with what keeps the document from being published.
    """
    faults = stops(tried)
    if faults:
        raise errors.cannot_be(faults)
    if tried.currency != currency:
        raise errors.wrong_currency()
    run_id = session.scalar(
        sa.insert(WhatIfRun)
        .values(club_id=club_id, document=documents.whole(tried), asked_at=now, staff_id=by.staff_id)
        .returning(WhatIfRun.id)
    )
    assert run_id is not None
    after = {"club_id": club_id, "document": documents.brief(tried)}
    audit.record(session, by=by, now=now, action="what_if.ask", entity="club", entity_id=club_id, after=after)
    return run_id


def run(session: Session, run_id: int) -> WhatIfRow:
    """One replay. Raises NotFound."""
    row = session.execute(
        sa.select(WhatIfRun.id, WhatIfRun.club_id, WhatIfRun.document, WhatIfRun.outcome, WhatIfRun.asked_at).where(
            WhatIfRun.id == run_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound(T("There is no such replay."), code="what-if-unknown")
    return WhatIfRow(row.id, row.club_id, Programme.model_validate(row.document), row.outcome, row.asked_at)


def club_of(session: Session, run_id: int) -> int | None:
    """Of which club a replay is; None where there is no such one."""
    return session.scalar(sa.select(WhatIfRun.club_id).where(WhatIfRun.id == run_id))


def beside(session: Session, row: WhatIfRow, *, today: dt.date) -> Programme | None:
    """What the replay is compared with: the version in force today, else the club's own rate."""
    return programme_in_force(session, row.club_id, today) or by_rate(session, row.programme.code)


def keep(session: Session, run_id: int, outcome: WhatIf) -> None:
    """Keep what came out."""
    session.execute(sa.update(WhatIfRun).where(WhatIfRun.id == run_id).values(outcome=kept(outcome)))


def kept(made: WhatIf) -> dict[str, Any]:
    """The outcome as JSON: months, levels and rewards with the figures of both sides."""
    held = made.held or Side(0, 0)
    return {
        "receipts": made.receipts,
        "members": made.members,
        "everybody": made.everybody,
        "compared": made.held is not None,
        "months": [
            {"month": month.isoformat(), "tried": _month(made.tried, month), "held": _month(held, month)}
            for month in made.months
        ],
        "levels": [
            {"level": level, "tried": made.tried.levels.get(level, 0), "held": held.levels.get(level, 0)}
            for level in made.levels
        ],
        "rewards": [
            {"rule": rule, "tried": made.tried.rewards.get(rule, 0), "held": held.rewards.get(rule, 0)}
            for rule in dict.fromkeys([*held.rewards, *made.tried.rewards])
        ],
    }


def _month(side: Side, month: dt.date) -> dict[str, int]:
    points = side.months.get(month, 0)
    rewards = side.reward_months.get(month, 0)
    return {"points": points, "rewards_minor": rewards, "cost_minor": side.cost_minor(points) + rewards}


def not_done() -> Conflict:
    """The replay is still going on."""
    return Conflict(T("The replay isn't done yet. Wait for it."), code="what-if-running")
