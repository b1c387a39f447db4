# REQ J-01 P-09: a run that is killed anywhere, begun again, and begun twice at once does each account exactly once
import os
import random
import sys
import threading

import sqlalchemy as sa

from erp_club.jobs import points, queries
from erp_club.jobs.kinds import RunState
from erp_club.jobs.models import JobRun
from erp_club.kernel.db import Database
from erp_club.points.models import PointsAccount, PointsMovement
from tests.jobs.processes import begun, ended
from tests.make.organisation import NOW, a_chain
from tests.make.points import ENDS, STAYS, many_accounts
from tests.points.test_expiry import derived
from web.cli import main

ACCOUNTS, BATCH, KILLS = 3_000, 100, int(os.environ.get("ERP_CLUB_KILLS", "3"))
TODAY = NOW.date()
WORDS = ("erp-club", "job", "run", "points-expire", "--as-of", TODAY.isoformat())


def command() -> None:
    """The console's own; only its batches are smaller, so that there are many to be killed in."""
    points.BATCH = BATCH
    sys.argv = [*WORDS]
    main()


def done(database: Database) -> int:
    with database.session() as session:
        return session.scalar(sa.select(JobRun.done).order_by(JobRun.id.desc()).limit(1)) or 0


def test_a_run_killed_at_random_and_begun_again_does_each_account_once(committed: Database) -> None:
    with committed.session() as session:
        a_chain(session)
        many_accounts(session, ACCOUNTS, last_day=TODAY.replace(day=1))
        session.commit()
    chance, waiting = random.Random(7), threading.Event()
    for _ in range(KILLS):
        victim = begun(committed, command)
        until = min(done(committed) + chance.randrange(1, 2 * ACCOUNTS // (KILLS + 2)), ACCOUNTS - BATCH)
        while done(committed) < until and victim.is_alive():
            waiting.wait(chance.random() / 50)
        victim.kill()
        ended(victim)
    for each in [begun(committed, command), begun(committed, command)]:
        assert ended(each) == 0
    with committed.session() as session:
        rows = queries.runs_of(session, "points-expire", limit=10)
        assert (rows[-1].state, rows[-1].done) == (RunState.DONE, ACCOUNTS)
        assert rows[-1].counts == {"accounts": ACCOUNTS, "points": ACCOUNTS * ENDS}
        assert [row.done for row in rows[:-1]] in ([], [0])  # the second of the two came after the end of the first
        expired = sa.select(PointsMovement.account_id).where(PointsMovement.kind == "expired")
        each = session.scalars(expired).all()
        assert (len(each), len(set(each))) == (ACCOUNTS, ACCOUNTS)
        assert session.scalars(sa.select(PointsAccount.balance).distinct()).all() == [STAYS]
        derived(session)
