"""Converts balances once where a version of a club's programme counts in another unit, or ends its points (P-18)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from erp_club.clubs.conversions.commands import Converting, convert
from erp_club.permissions.actors import Actor
from erp_club.points.conversions.kinds import ConversionCause
from erp_club.points.sets.commands import Key, hold_accounts
from erp_club.programmes.conversions import queries
from erp_club.programmes.conversions.queries import Switched


@dataclass(frozen=True, slots=True)
class Done:
    """What a batch converted, whom it left since they aren't members of the other club, and the last holder."""

    accounts: int
    points: int
    became: int
    left: Sequence[Key]
    last: int | None


def convert_balances(
    session: Session,
    of: Switched,
    *,
    on: dt.date,
    after: int,
    limit: int,
    now: dt.datetime,
    by: Actor,
    run_id: int | None = None,
) -> Done:
    """Convert what the next accounts have of points that earlier rules gave; what these earn by now stays."""
    keys = queries.next_accounts(session, of, on=on, after=after, limit=limit)
    if not keys:
        return Done(0, 0, 0, (), None)
    hold_accounts(session, keys)
    cause = ConversionCause.SWITCH
    how = Converting(of.club_id, of.rules_no, of.conversion, cause, on, now, by, run_id, begins_on=of.begins_on)
    done = convert(session, keys, how)
    return Done(done.accounts, done.points, done.became, done.left, keys[-1][0])
