"""A month's rewards for many accounts, beside the ORM in bulk chunks of 1,000 in the same run, on the same tables.

Every account has bought twice in the month. The job is the product's own, with its cursor, counts and commits; the ORM
loads the accounts, receipts and lines of a chunk, lets the same function settle each, and adds a row with one flush and
commit. Its accounts are another club's, and its chunks lie between the job's batches, evenly over the run. The job is
killed half way and resumed. `ERP_CLUB_BENCH_ACCOUNTS` says how many accounts there are.
"""

import datetime as dt
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks.cpu import of_tree, postmaster
from benchmarks.shop import machine, table
from erp_club.clubs.models import Membership
from erp_club.jobs import commands, runner
from erp_club.jobs.rewards import PERIOD_REWARDS, parameters_of
from erp_club.kernel import embedded, schema
from erp_club.kernel.db import Database, parse_url
from erp_club.permissions.actors import SYSTEM
from erp_club.points.models import PointsAccount
from erp_club.programmes.commands import load_programme
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.settle import PeriodFacts, settle
from erp_club.programmes.rewards.models import PeriodSettlement
from erp_club.receipts.models import Receipt, ReceiptLine
from tests.make.organisation import a_chain, a_store
from tests.make.points import many_accounts
from tests.make.purchases import a_product

ACCOUNTS = int(os.environ.get("ERP_CLUB_BENCH_ACCOUNTS", "1000000"))
BY_ORM = min(ACCOUNTS, 20_000)
CHUNK = 1_000
FIRST, LAST = dt.date(2026, 10, 1), dt.date(2026, 10, 31)
NOW = dt.datetime(2026, 11, 1, 4, tzinfo=dt.UTC)
CLUB = Programme.model_validate(
    {
        "code": "CLUB",
        "names": {"en": "Club"},
        "currency": "ILS",
        "rewards": [
            {
                "code": "bonus",
                "function": {"kind": "percent", "steps": [{"from_amount": 50_00, "rate_bp": 100}]},
                "gives": {"kind": "payout"},
                "rest": "drop",
                "late": "ignore",
                "returns": "ignore",
                "issue": {"at": "period_end"},
            }
        ],
        "switch": {"effective_from": "2026-01-01"},
    }
)
_FILL = (
    """
    INSERT INTO memberships (customer_id, club_id, points_holder_id, points_account_id, joined_on)
    SELECT a.customer_id, CASE WHEN a.id > :accounts THEN :other ELSE :club END, a.customer_id, a.id, '2026-01-01'
      FROM points_accounts a
    """,
    """
    INSERT INTO membership_periods (customer_id, membership_id, period_no, validity, kind, at)
    SELECT customer_id, id, 1, daterange('2026-01-01', NULL), 'joining', now() FROM memberships
    """,
    """
    INSERT INTO receipts (customer_id, store_id, receipt_no, sold_at, sold_on, list_minor, total_minor, source)
    SELECT m.customer_id, :store, m.customer_id || '-' || n, CAST('2026-10-05' AS date) + n * 9,
           CAST('2026-10-05' AS date) + n * 9, 4000 + m.customer_id % 5000, 4000 + m.customer_id % 5000, 'import'
      FROM memberships m CROSS JOIN generate_series(0, 1) n
    """,
    """
    INSERT INTO receipt_lines (customer_id, receipt_id, line_no, product_id, quantity_milli, list_minor, amount_minor,
                               vat_bp)
    SELECT customer_id, id, 1, :product, 1000, total_minor, total_minor, 1800 FROM receipts
    """,
)


def made(server: str) -> tuple[Database, int, int]:
    """A database of two clubs whose members have all bought twice: the job's, and the ORM's."""
    admin = Database(parse_url(server))
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("CREATE DATABASE rewards")
    admin.engine.dispose()
    database = Database(parse_url(server).set(database="rewards"))
    schema.migrate(database)
    with database.session() as session:
        a_chain(session)
        values = {"store": a_store(session).id, "product": a_product(session), "accounts": ACCOUNTS}
        for name, code in (("club", "CLUB"), ("other", "OTHER")):
            club = CLUB.model_copy(update={"code": code})
            told = load_programme(
                session, club, currency="ILS", language="en", today=FIRST, now=NOW, by=SYSTEM, publish=True
            )
            values[name] = told.club_id
        for start in range(1, ACCOUNTS + BY_ORM + 1, 100_000):
            many_accounts(session, min(100_000, ACCOUNTS + BY_ORM + 1 - start), last_day=LAST, first=start)
            session.commit()
        for statement in _FILL:
            text = sa.text(statement)
            session.execute(text, {name: values[name] for name in text.compile().params})
        session.commit()
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    print(f"{ACCOUNTS:,} accounts are there", file=sys.stderr)
    return database, values["club"], values["other"]


@dataclass
class Took:
    """Seconds by the clock, and of CPU: this process's and PostgreSQL's."""

    postgres: int
    seconds: float = 0.0
    python: float = 0.0
    server: float = 0.0

    @contextmanager
    def measured(self) -> Iterator[None]:
        """What happens within is counted."""
        began = time.perf_counter(), time.process_time(), of_tree(self.postgres)
        yield
        self.seconds += time.perf_counter() - began[0]
        self.python += time.process_time() - began[1]
        self.server += of_tree(self.postgres) - began[2]

    @property
    def cpu(self) -> float:
        """Of both."""
        return self.python + self.server


class ByOrm:
    """The ORM at work on accounts of its own club, some chunks at a time."""

    def __init__(self, database: Database, club_id: int, took: Took) -> None:
        self.database, self.club_id, self.took = database, club_id, took
        with database.session() as session:
            mine = sa.select(Membership.customer_id).where(Membership.club_id == club_id)
            self.keys = session.scalars(mine.order_by(Membership.customer_id)).all()
        self.done = 0

    def work_until(self, part: float) -> None:
        """Go on until this part of its accounts is done."""
        with self.took.measured(), self.database.session() as session:
            while self.done < min(part, 1) * len(self.keys):
                one_chunk(session, self.club_id, self.keys[self.done : self.done + CHUNK])
                session.commit()
                session.expunge_all()
                self.done += CHUNK


def one_chunk(session: Session, club_id: int, keys: Sequence[int]) -> None:
    rule = CLUB.rewards[0]
    held = sa.select(PointsAccount).where(PointsAccount.customer_id.in_(keys)).order_by(PointsAccount.id)
    accounts = session.scalars(held.with_for_update(key_share=True)).all()
    receipts = {
        receipt.id
        for receipt in session.scalars(
            sa.select(Receipt).where(Receipt.customer_id.in_(keys), Receipt.sold_on.between(FIRST, LAST))
        )
    }
    spent: dict[int, int] = defaultdict(int)
    for line in session.scalars(sa.select(ReceiptLine).where(ReceiptLine.customer_id.in_(keys))):
        if line.receipt_id in receipts:
            spent[line.customer_id] += line.amount_minor
    for account in accounts:
        base = spent[account.customer_id]
        done = settle(rule, PeriodFacts(base))
        session.add(
            PeriodSettlement(
                customer_id=account.customer_id, account_id=account.id, club_id=club_id, rule=rule.code, first_on=FIRST,
                last_on=LAST, version_no=1, form="payout", base=base, value=done.value, pieces=done.pieces,
                rate_bp=done.rate_bp, why=done.why and done.why.value, usable_from=NOW.date(), at=NOW,
            )
        )  # fmt: skip


def by_job(database: Database, club_id: int, orm: ByOrm, took: Took) -> None:
    """The job between the ORM's chunks; killed when half of it is done, and taken up again."""
    with database.session() as session:
        asked = parameters_of(club_id, "bonus", LAST)
        run_id = commands.ask(session, PERIOD_REWARDS, as_of=NOW.date(), parameters=asked, now=NOW, by=SYSTEM)
        session.commit()
    killed = False

    def told(done: int, total: int) -> None:
        nonlocal killed
        timing.close()
        orm.work_until(1.1 * done / total)
        timing.enter_context(took.measured())
        if not killed and done >= total / 2:
            killed = True
            raise KeyboardInterrupt

    orm.work_until(0.1)
    timing = ExitStack()
    timing.enter_context(took.measured())
    with suppress(KeyboardInterrupt):
        runner.work(database, run_id, told=told)
    assert runner.work(database, run_id, told=told)
    timing.close()
    with database.session() as session:
        mine = PeriodSettlement.club_id == club_id
        rows = sa.select(sa.func.count(), sa.func.count(sa.distinct(PeriodSettlement.account_id))).where(mine)
        assert tuple(session.execute(rows).one()) == (ACCOUNTS, ACCOUNTS)


def main() -> None:
    os.environ.setdefault("ERP_CLUB_REWARDS_LIMIT", str(10**15))
    with tempfile.TemporaryDirectory() as folder:
        joined = embedded.join(Path(folder))
        database, club_id, other = made(joined.url)
        server = postmaster(Path(folder))
        orm, job = Took(server), Took(server)
        by_job(database, club_id, ByOrm(database, other, orm), job)
        database.engine.dispose()
        joined.leave()
    rows = [
        (f"ORM, chunks of {CHUNK:,}", BY_ORM, orm, ""),
        ("the job, killed half way and resumed", ACCOUNTS, job, "≥ 5 ×"),
    ]
    table(
        f"period-rewards over {ACCOUNTS:,} accounts, {machine()}",
        ("way", "accounts", "accounts/s", "ratio", "CPU µs each: Python", "PostgreSQL", "ratio of CPU", "target"),
        [
            (
                way,
                f"{number:,}",
                f"{number / took.seconds:,.0f}",
                f"{number / took.seconds / (BY_ORM / orm.seconds):.1f} ×",
                f"{took.python / number * 1e6:.0f}",
                f"{took.server / number * 1e6:.0f}",
                f"{orm.cpu / BY_ORM / (took.cpu / number):.1f} ×",
                target,
            )
            for way, number, took, target in rows
        ],
    )


if __name__ == "__main__":
    main()
