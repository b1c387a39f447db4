"""Expiry of points over many accounts, beside the ORM in bulk chunks of 1,000 in the same run.

Each account has a lot that ends and one that stays; the last ones are left to the ORM. The job is the product's own,
with its cursor, counts and commits. The ORM loads accounts and lots of a chunk, changes them, and adds movements and
their parts with one flush and commit. Its chunks lie between the job's batches, evenly over the run, so that both have
the same machine, tables of the same size, and the same other work beside them.
"""

import datetime as dt
import os
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks.shop import machine, table
from erp_club.jobs import commands, runner
from erp_club.jobs.points import POINTS_EXPIRE
from erp_club.kernel import embedded, schema
from erp_club.kernel.db import Database, parse_url
from erp_club.permissions.actors import SYSTEM
from erp_club.points.kinds import MovementKind
from erp_club.points.models import PointsAccount, PointsLot, PointsMovement, PointsMovementLot
from tests.make.organisation import a_chain
from tests.make.points import many_accounts

ACCOUNTS = int(os.environ.get("ERP_CLUB_BENCH_ACCOUNTS", "1000000"))
BY_ORM = min(ACCOUNTS, 20_000)
CHUNK = 1_000
NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
TODAY = NOW.date()


def filled(database: Database, number: int, first: int) -> None:
    step = 100_000
    with database.session() as session:
        for start in range(first, first + number, step):
            size = min(step, first + number - start)
            many_accounts(session, size, last_day=TODAY.replace(day=1), first=start)
            session.commit()
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


class ByOrm:
    """The ORM at work on the last accounts, some chunks at a time; its own seconds are counted apart."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.session() as session:
            last = sa.select(PointsAccount.id).order_by(PointsAccount.id.desc()).limit(BY_ORM)
            self.keys = sorted(session.scalars(last))
        self.done = 0
        self.seconds = 0.0

    def work_until(self, part: float) -> None:
        """Go on until this part of its accounts is done."""
        begins = time.perf_counter()
        with self.database.session() as session:
            while self.done < min(part, 1) * len(self.keys):
                one_chunk(session, self.keys[self.done : self.done + CHUNK])
                session.commit()
                session.expunge_all()
                self.done += CHUNK
        self.seconds += time.perf_counter() - begins

    @property
    def rate(self) -> float:
        """Accounts a second."""
        return len(self.keys) / self.seconds


def one_chunk(session: Session, keys: Sequence[int]) -> None:
    held = sa.select(PointsAccount).where(PointsAccount.id.in_(keys)).order_by(PointsAccount.id)
    accounts = {account.id: account for account in session.scalars(held.with_for_update(key_share=True))}
    ended = sa.select(PointsLot).where(
        PointsLot.customer_id.in_([account.customer_id for account in accounts.values()]),
        PointsLot.open,
        PointsLot.last_day < TODAY,
    )
    for lot in session.scalars(ended):
        account = accounts[lot.account_id]
        points, lot.remaining = lot.remaining, 0
        account.balance -= points
        account.last_seq += 1
        key = {"customer_id": account.customer_id, "account_id": account.id, "seq": account.last_seq}
        session.add(
            PointsMovement(
                **key, kind=MovementKind.EXPIRED, points=-points, balance_after=account.balance, at=NOW, on_date=TODAY,
                by_customer_id=account.customer_id,
            )
        )  # fmt: skip
        session.add(PointsMovementLot(**key, lot_id=lot.id, points=-points))


def by_job(database: Database, orm: ByOrm) -> tuple[float, float, float, int]:
    """Accounts a second, the slowest batch and all in seconds, and what memory grew by after the first batch, in kB."""
    with database.session() as session:
        run_id = commands.ask(session, POINTS_EXPIRE, as_of=TODAY, now=NOW, by=SYSTEM)
        session.commit()
    batches: list[float] = []
    memory: list[int] = []

    def told(done: int, total: int) -> None:
        nonlocal begins
        batches.append(time.perf_counter() - begins)
        memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        # All of its own while the job is still at work: what the job takes first is nothing to the ORM.
        orm.work_until(1.1 * done / total)
        begins = time.perf_counter()

    orm.work_until(0.1)
    begins = time.perf_counter()
    assert runner.work(database, run_id, told=told)
    batches.append(time.perf_counter() - begins)
    with database.session() as session:
        expired = PointsMovement.kind == MovementKind.EXPIRED
        found = session.scalar(sa.select(sa.func.count()).select_from(PointsMovement).where(expired))
        assert found == ACCOUNTS + BY_ORM, found
    return ACCOUNTS / sum(batches), max(batches), sum(batches), memory[-1] - memory[len(memory) // 5]


def made(server: str, name: str, number: int) -> Database:
    """A database of its own with as many accounts."""
    admin = Database(parse_url(server))
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    admin.engine.dispose()
    database = Database(parse_url(server).set(database=name))
    schema.migrate(database)
    with database.session() as session:
        a_chain(session)
        session.commit()
    filled(database, number, 1)
    print(f"{name}: {number:,} accounts are there", file=sys.stderr)
    return database


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        joined = embedded.join(Path(folder))
        database = made(joined.url, "job", ACCOUNTS + BY_ORM)
        beside = ByOrm(database)
        job, slowest, seconds, grown = by_job(database, beside)
        orm = beside.rate
        database.engine.dispose()
        joined.leave()
    ratio = job / orm
    table(
        f"points-expire over {ACCOUNTS:,} accounts, {machine()}",
        ("way", "accounts", "accounts/s", "ratio", "slowest batch s", "memory grown MB", "target"),
        [
            (f"ORM, chunks of {CHUNK:,}", f"{BY_ORM:,}", f"{orm:,.0f}", "1", "", "", ""),
            (
                "the job, batches of 10,000",
                f"{ACCOUNTS:,} in {seconds:,.0f} s",
                f"{job:,.0f}",
                f"{ratio:.1f} ×",
                f"{slowest:.2f}",
                f"{grown / 1024:.1f}",
                "≥ 5 ×, memory flat",
            ),
        ],
    )


if __name__ == "__main__":
    main()
