"""Which clubs convert balances since a version began, and which accounts still have points of before it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.kinds import ClubState
from erp_club.clubs.models import Club
from erp_club.points.rules import Conversion
from erp_club.points.sets.commands import Key
from erp_club.programmes.models import ProgrammeVersion
from erp_club.programmes.queries import versions_of
from erp_club.programmes.settings import conversion

LONGEST = dt.timedelta(days=366)
"""So long after a version began what comes to light of before it is converted still."""


@dataclass(frozen=True, slots=True)
class Switched:
    """A club whose points are converted: those that rules before `rules_no` gave."""

    club_id: int
    rules_no: int
    conversion: Conversion
    begins_on: dt.date

    @property
    def is_new_unit(self) -> bool:
        """Whether the same accounts go on in another unit."""
        return self.conversion.to_points is not None and self.conversion.to_club is None


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a run would do: accounts, points taken, what they become, and a few holders with their points."""

    accounts: int
    points: int
    became: int
    some: Sequence[tuple[int, int]]


# With what was bought before and came to light later; what waits for an event is converted once that has come, and what
# was taken back isn't converted again by itself.
_WAITING = """
      FROM memberships m
      JOIN points_accounts a ON a.customer_id = m.points_holder_id AND a.id = m.points_account_id
     WHERE m.club_id = :club AND m.customer_id = m.points_holder_id AND a.state <> 'closed'
       AND m.customer_id > :after
       AND NOT EXISTS (SELECT FROM points_conversions c
                        WHERE c.account_id = a.id AND c.club_id = :club AND c.cause = 'switch' AND c.rules_no = :rules
                          AND c.undone_at IS NOT NULL)
       AND (EXISTS (SELECT FROM points_lots l
                     WHERE l.customer_id = a.customer_id AND l.account_id = a.id AND l.open AND l.rule_version < :rules
                       AND l.waits_for IS NULL
                       AND coalesce(l.last_day, 'infinity') >= :on AND coalesce(a.idle_last_day, 'infinity') >= :on)
            OR :debts AND a.debt > 0 AND NOT EXISTS (
                   SELECT FROM points_conversions c
                    WHERE c.account_id = a.id AND c.club_id = :club AND c.cause = 'switch' AND c.rules_no = :rules)
               AND (SELECT coalesce(sum(p.points), 0) FROM points_movement_lots p
                      JOIN points_movements v ON v.customer_id = p.customer_id AND v.account_id = p.account_id
                                             AND v.seq = p.seq
                     WHERE p.customer_id = a.customer_id AND p.account_id = a.id AND p.lot_id = 0
                       AND v.on_date < :begins) < 0)
"""
_NEXT = sa.text(f"SELECT a.customer_id, a.id {_WAITING} ORDER BY m.customer_id LIMIT :most")
_COUNT = sa.text(f"SELECT count(*) {_WAITING}")
_HELD = f"""
    WITH held AS (
        SELECT m.customer_id, (
                   SELECT coalesce(sum(l.remaining), 0) FROM points_lots l
                    WHERE l.customer_id = a.customer_id AND l.account_id = a.id AND l.open AND l.rule_version < :rules
                      AND l.waits_for IS NULL AND coalesce(l.last_day, 'infinity') >= :on
                      AND coalesce(a.idle_last_day, 'infinity') >= :on) AS points
        {_WAITING}
    )
"""  # noqa: S608 - ours
_WEIGH = sa.text(f"""
    {_HELD} SELECT count(*), coalesce(sum(points), 0), coalesce(sum(div(points, :each) * :rate), 0) FROM held
""")  # noqa: S608 - ours
_SOME = sa.text(f"{_HELD} SELECT customer_id, points FROM held ORDER BY customer_id LIMIT :most")  # noqa: S608 - ours


def switched(session: Session, *, on: dt.date) -> list[Switched]:
    """The clubs whose version in force converts balances, by their ids.

    A later version that says the same is the same conversion: what was converted isn't again.
    """
    with_one = sa.select(ProgrammeVersion.club_id).where(
        ProgrammeVersion.effective_from <= on,
        sa.func.jsonb_typeof(ProgrammeVersion.document["switch"]["conversion"]) == "object",
    )
    clubs = sa.select(Club.id).where(Club.id.in_(with_one), Club.state != ClubState.DRAFT).order_by(Club.id)
    found = (of_club(session, club_id, on=on) for club_id in session.scalars(clubs).all())
    return [each for each in found if each is not None and on <= each.begins_on + LONGEST]


def writers(session: Session, clubs: Sequence[Switched]) -> list[int]:
    """The people who wrote the versions by which these clubs convert."""
    version = ProgrammeVersion
    key = sa.tuple_(version.club_id, version.rules_no)
    wanted = [(each.club_id, each.rules_no) for each in clubs]
    asked = sa.select(version.staff_id).where(key.in_(wanted), version.staff_id.is_not(None))
    return [each for each in session.scalars(asked) if each is not None]


def of_club(session: Session, club_id: int, *, on: dt.date) -> Switched | None:
    """What a club converts by the version in force on a day; None where it converts nothing, or has one version."""
    rows = [each for each in versions_of(session, club_id) if each.effective_from <= on]
    rows.sort(key=lambda each: (each.effective_from, each.version_no), reverse=True)
    if not rows or rows[0].programme.switch.conversion is None:
        return None
    said = rows[0].programme.switch.conversion
    first = rows[0]
    for each in rows[1:]:
        if each.programme.switch.conversion != said:
            break
        first = each
    return Switched(club_id, first.rules_no, conversion(said), first.effective_from)


def next_accounts(session: Session, of: Switched, *, on: dt.date, after: int, limit: int) -> Sequence[Key]:
    """The next accounts with something to convert, by their holders."""
    return [(row[0], row[1]) for row in session.execute(_NEXT, _bound(of, on, after) | {"most": limit})]


def count_accounts(session: Session, of: Switched, *, on: dt.date) -> int:
    """How many there are."""
    return session.execute(_COUNT, _bound(of, on, 0)).scalar_one()


def waits(session: Session, club_id: int, *, on: dt.date) -> bool:
    """Whether balances of a club still stand in the unit of before, so that they aren't worth what new points are."""
    of = of_club(session, club_id, on=on)
    return of is not None and of.is_new_unit and bool(next_accounts(session, of, on=on, after=0, limit=1))


def weighed(session: Session, of: Switched, *, on: dt.date, some: int) -> Weighed:
    """What a run would do for a club now, with a few of its accounts."""
    rate = of.conversion.to_points if of.conversion.to_minor is None else of.conversion.to_minor
    bound = _bound(of, on, 0) | {"each": of.conversion.from_points, "rate": rate}
    row = session.execute(_WEIGH, bound).one()
    rows = session.execute(_SOME, bound | {"most": some})
    return Weighed(row[0], int(row[1]), int(row[2]), [(each[0], int(each[1])) for each in rows])


def _bound(of: Switched, on: dt.date, after: int) -> dict[str, object]:
    return {
        "club": of.club_id,
        "rules": of.rules_no,
        "on": on,
        "after": after,
        "debts": of.is_new_unit,
        "begins": of.begins_on,
    }
