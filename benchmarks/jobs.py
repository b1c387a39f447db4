"""Expiry of points over many accounts, beside the ORM in bulk chunks of 1,000 in the same run.

Each account has a lot that ends and one that stays; some of them are left to the ORM. The job is the product's own,
with its cursor, counts and commits. The ORM loads accounts and lots of a chunk, changes them, and adds movements and
their parts with one flush and commit.
"""

import datetime as dt
import itertools
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
from erp_club.points.models import (
    MovementKind,
    PointsAccount,
    PointsLot,
    PointsMovement,
    PointsMovementLot,
)
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


def by_orm(database: Database) -> float:
    begins = time.perf_counter()
    with database.session() as session:
        keys = session.scalars(sa.select(PointsAccount.id).order_by(PointsAccount.id).limit(BY_ORM)).all()
        for start in range(0, len(keys), CHUNK):
            one_chunk(session, keys[start : start + CHUNK])
            session.commit()
            session.expunge_all()
    return len(keys) / (time.perf_counter() - begins)


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


def by_job(database: Database) -> tuple[float, float, float, int]:
    """Accounts a second, the slowest batch and all in seconds, and what memory grew by after the first batch, in kB."""
    with database.session() as session:
        run_id = commands.ask(session, POINTS_EXPIRE, as_of=TODAY, now=NOW, by=SYSTEM)
        session.commit()
    moments: list[float] = []
    memory: list[int] = []

    def told(_done: int, _total: int) -> None:
        moments.append(time.perf_counter())
        memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

    begins = time.perf_counter()
    assert runner.work(database, run_id, told=told)
    seconds = time.perf_counter() - begins
    with database.session() as session:
        expired = PointsMovement.kind == MovementKind.EXPIRED
        found = session.scalar(sa.select(sa.func.count()).select_from(PointsMovement).where(expired))
        assert found == ACCOUNTS + BY_ORM, found
    slowest = max(after - before for before, after in itertools.pairwise(moments))
    return ACCOUNTS / seconds, slowest, seconds, memory[-1] - memory[1]


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
        orm = by_orm(database)
        job, slowest, seconds, grown = by_job(database)
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
