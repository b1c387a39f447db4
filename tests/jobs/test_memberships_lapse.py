# REQ M-14 M-08 J-01: points of a membership that ran out are kept, frozen or dropped, once, and revive on renewal
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.commands import Joined, renew_membership
from erp_club.clubs.models import Club, ClubRules
from erp_club.jobs import commands, queries, runner
from erp_club.jobs.approvals.commands import decide_run
from erp_club.jobs.declared import Run
from erp_club.jobs.kinds import RunState
from erp_club.jobs.memberships import MEMBERSHIPS_LAPSE
from erp_club.jobs.models import JobRun
from erp_club.kernel.dates import add_months
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Forbidden
from erp_club.permissions.actors import SYSTEM, Actor
from erp_club.permissions.catalog import Role
from erp_club.points.kinds import MovementKind
from erp_club.points.models import PointsAccount, PointsMovement
from erp_club.points.verify.queries import faults
from tests.make.clubs import NOW, TODAY, a_club, a_customer, a_membership, moved
from tests.make.organisation import a_chain, an_actor, somebody

DAY = dt.timedelta(days=1)
NOTHING = {"accounts": 0, "frozen": 0, "dropped": 0, "points": 0}
FREEZE = {"lapsed": {"fate": "freeze", "freeze_months": 3}}
DROP = {"lapsed": {"fate": "drop"}}
GRACE = 10
ENDS = add_months(TODAY, 12) - DAY
LAPSES = ENDS + (GRACE + 1) * DAY


def a_shop(database: Database, document: dict[str, Any], *, since: dt.date = TODAY) -> Joined:
    """A club with ten days of grace and these rules, and a member of a year with 70 points."""
    with database.session() as session:
        a_chain(session)
        club_id = a_club(session)
        session.execute(sa.update(Club).values(grace_days=GRACE))
        session.add(ClubRules(club_id=club_id, version_no=9, effective_from=since, document=document, at=NOW))
        yael = a_customer(session)
        joined = a_membership(session, yael, club_id)
        moved(session, yael, joined.points_account_id, 100, -30)
        session.commit()
    return joined


def run(database: Database, on: dt.date, *, dry_run: bool = False) -> dict[str, Any]:
    with database.session() as session:
        run_id = commands.ask(session, MEMBERSHIPS_LAPSE, as_of=on, dry_run=dry_run, now=NOW, by=SYSTEM)
        session.commit()
    return worked(database, run_id)


def worked(database: Database, run_id: int) -> dict[str, Any]:
    runner.work(database, run_id)
    with database.session() as session:
        return dict(queries.run(session, run_id).counts)


def undone(database: Database, on: dt.date, *, by: Actor = SYSTEM) -> dict[str, Any]:
    with database.session() as session:
        run_id = session.execute(sa.select(sa.func.max(JobRun.id)).where(JobRun.undo_of.is_(None))).scalar_one()
        undo_id = commands.undo_run(session, run_id, MEMBERSHIPS_LAPSE, today=on, now=NOW, by=by)
        session.commit()
    return worked(database, undo_id)


def account(session: Session) -> tuple[str, int, dt.date | None]:
    assert faults(session) == []
    row = session.execute(sa.select(PointsAccount.state, PointsAccount.balance, PointsAccount.frozen_until)).one()
    return row.state, row.balance, row.frozen_until


def held(database: Database) -> tuple[str, int, dt.date | None]:
    with database.session() as session:
        return account(session)


def renewed(database: Database, joined: Joined, today: dt.date) -> None:
    with database.session() as session:
        renew_membership(session, joined.membership_id, today=today, now=NOW, by=SYSTEM)
        session.commit()


def test_points_are_dropped_once_after_the_grace_and_not_a_day_before(committed: Database) -> None:
    a_shop(committed, DROP)
    assert run(committed, LAPSES - DAY) == NOTHING
    assert run(committed, LAPSES, dry_run=True) == {"accounts": 1, "frozen": 0, "dropped": 1, "points": 70}
    assert held(committed) == ("open", 70, None)
    assert run(committed, LAPSES) == {"accounts": 1, "frozen": 0, "dropped": 1, "points": 70}
    assert run(committed, LAPSES + DAY) == NOTHING
    assert held(committed) == ("closed", 0, None)
    with committed.session() as session:
        told = sa.select(PointsMovement.points, PointsMovement.on_date).where(PointsMovement.kind == MovementKind.ENDED)
        assert [tuple(row) for row in session.execute(told)] == [(-70, LAPSES)]


def test_frozen_points_revive_when_the_member_renews(committed: Database) -> None:
    joined = a_shop(committed, FREEZE)
    assert run(committed, LAPSES) == {"accounts": 1, "frozen": 1, "dropped": 0, "points": 0}
    assert held(committed) == ("frozen", 70, add_months(ENDS, 3))
    renewed(committed, joined, LAPSES + DAY)
    assert held(committed) == ("open", 70, None)
    assert run(committed, LAPSES + DAY) == NOTHING


def test_frozen_points_are_lost_after_their_last_day(committed: Database) -> None:
    joined = a_shop(committed, FREEZE)
    run(committed, LAPSES)
    assert run(committed, add_months(ENDS, 3)) == NOTHING
    assert run(committed, add_months(ENDS, 3) + DAY) == {"accounts": 1, "frozen": 0, "dropped": 1, "points": 70}
    renewed(committed, joined, add_months(ENDS, 3) + DAY)
    assert held(committed) == ("open", 0, None)


def test_a_renewal_after_that_day_revives_nothing_where_the_night_has_not_run_yet(committed: Database) -> None:
    joined = a_shop(committed, FREEZE)
    run(committed, LAPSES)
    renewed(committed, joined, add_months(ENDS, 3) + DAY)
    assert held(committed) == ("open", 0, None)


@pytest.mark.parametrize(
    ("document", "since"),
    [({}, TODAY), ({"lapsed": {"fate": "convert"}}, TODAY), (DROP, LAPSES + DAY)],
    ids=["kept", "nothing to convert to", "rules made after the lapse"],
)
def test_points_stay_where_the_rules_of_that_day_take_none(
    committed: Database, document: dict[str, Any], since: dt.date
) -> None:
    a_shop(committed, document, since=since)
    assert run(committed, LAPSES + 30 * DAY) == NOTHING
    assert held(committed) == ("open", 70, None)


def test_whoever_renews_in_time_loses_nothing(committed: Database) -> None:
    joined = a_shop(committed, DROP)
    renewed(committed, joined, ENDS)
    assert run(committed, LAPSES) == NOTHING
    assert held(committed) == ("open", 70, None)


def test_a_run_is_undone_once_and_what_it_gave_back_waits_for_the_renewal(committed: Database) -> None:
    joined = a_shop(committed, DROP)
    run(committed, LAPSES)
    told = {"returned": 1, "points_returned": 70}
    assert undone(committed, LAPSES + DAY) == told
    assert undone(committed, LAPSES + DAY) == told
    assert held(committed) == ("frozen", 70, None)
    assert run(committed, LAPSES + 2 * DAY) == NOTHING
    renewed(committed, joined, LAPSES + 3 * DAY)
    assert held(committed) == ("open", 70, None)


def test_a_night_that_drops_more_than_the_limit_waits_for_another_person_and_so_does_its_undoing(
    committed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:  # REQ A-03
    a_shop(committed, DROP)
    with committed.session() as session:
        first, second, third = (an_actor(somebody(session, Role.HQ, username=name)) for name in ("one", "two", "three"))
        asked = Run(0, MEMBERSHIPS_LAPSE.name, LAPSES, {}, SYSTEM, NOW)
        assert MEMBERSHIPS_LAPSE.preview is not None
        preview = MEMBERSHIPS_LAPSE.preview(session, asked)
        session.commit()
    assert (preview.counts["dropped"], preview.counts["points"], [each.points for each in preview.sample]) == (
        1,
        70,
        [-70],
    )
    monkeypatch.setenv("ERP_CLUB_EXPIRY_LIMIT", "69")
    assert run(committed, LAPSES) == {}
    run_id = newest(committed)
    assert (state_of(committed, run_id), held(committed)) == (RunState.AWAITS, ("open", 70, None))
    decided(committed, run_id, first)
    assert state_of(committed, run_id) == RunState.AWAITS, "the schedule is nobody who could be the second"
    decided(committed, run_id, third)
    assert (state_of(committed, run_id), held(committed)) == (RunState.DONE, ("closed", 0, None))
    assert undone(committed, LAPSES + DAY, by=first) == {}
    undo_id = newest(committed)
    with pytest.raises(Forbidden):
        decided(committed, undo_id, first)
    assert held(committed) == ("closed", 0, None)
    decided(committed, undo_id, second)
    assert held(committed) == ("frozen", 70, None)


def newest(database: Database) -> int:
    with database.session() as session:
        return session.execute(sa.select(sa.func.max(JobRun.id))).scalar_one()


def state_of(database: Database, run_id: int) -> RunState:
    with database.session() as session:
        return queries.run(session, run_id).state


def decided(database: Database, run_id: int, by: Actor) -> None:
    with database.session() as session:
        decide_run(session, run_id, approve=True, now=NOW, by=by)
        session.commit()
    runner.work(database, run_id)
