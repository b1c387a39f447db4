"""A month's rewards for many accounts, beside the ORM in bulk chunks of 1,000 in the same run, on the same tables.

Every account has bought twice in the month. The job is the product's own, with its cursor, counts and commits; the ORM
loads the accounts, receipts and lines of a chunk, lets the same function settle each, and adds a row with one flush and
commit. `ERP_CLUB_BENCH_ACCOUNTS` says how many accounts there are.
"""

import datetime as dt
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

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
    SELECT a.customer_id, :club, a.customer_id, a.id, '2026-01-01' FROM points_accounts a
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


def made(server: str) -> tuple[Database, int]:
    """A database of a club whose members have all bought twice."""
    admin = Database(parse_url(server))
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("CREATE DATABASE rewards")
    admin.engine.dispose()
    database = Database(parse_url(server).set(database="rewards"))
    schema.migrate(database)
    with database.session() as session:
        a_chain(session)
        values = {"store": a_store(session).id, "product": a_product(session)}
        told = load_programme(
            session, CLUB, currency="ILS", language="en", today=FIRST, now=NOW, by=SYSTEM, publish=True
        )
        for start in range(1, ACCOUNTS + 1, 100_000):
            many_accounts(session, min(100_000, ACCOUNTS + 1 - start), last_day=LAST, first=start)
            session.commit()
        for statement in _FILL:
            text = sa.text(statement)
            session.execute(text, {name: (values | {"club": told.club_id})[name] for name in text.compile().params})
        session.commit()
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    print(f"{ACCOUNTS:,} accounts are there", file=sys.stderr)
    return database, told.club_id


def by_orm(database: Database, club_id: int) -> float:
    """Accounts a second; what it wrote is taken away again."""
    begins = time.perf_counter()
    with database.session() as session:
        keys = session.scalars(sa.select(Membership.customer_id).order_by(Membership.customer_id).limit(BY_ORM)).all()
        for start in range(0, len(keys), CHUNK):
            one_chunk(session, club_id, keys[start : start + CHUNK])
            session.commit()
            session.expunge_all()
    rate = len(keys) / (time.perf_counter() - begins)
    with database.session() as session:
        session.execute(sa.delete(PeriodSettlement))
        session.commit()
    return rate


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


def by_job(database: Database, club_id: int) -> float:
    """Accounts a second."""
    with database.session() as session:
        asked = parameters_of(club_id, "bonus", LAST)
        run_id = commands.ask(session, PERIOD_REWARDS, as_of=NOW.date(), parameters=asked, now=NOW, by=SYSTEM)
        session.commit()
    begins = time.perf_counter()
    assert runner.work(database, run_id)
    seconds = time.perf_counter() - begins
    with database.session() as session:
        found = session.scalar(sa.select(sa.func.count()).select_from(PeriodSettlement))
        assert found == ACCOUNTS, found
    return ACCOUNTS / seconds


def main() -> None:
    os.environ.setdefault("ERP_CLUB_REWARDS_LIMIT", str(10**15))
    with tempfile.TemporaryDirectory() as folder:
        joined = embedded.join(Path(folder))
        database, club_id = made(joined.url)
        orm = by_orm(database, club_id)
        job = by_job(database, club_id)
        database.engine.dispose()
        joined.leave()
    table(
        f"period-rewards over {ACCOUNTS:,} accounts, {machine()}",
        ("way", "accounts", "accounts/s", "ratio", "target"),
        [
            ("ORM, chunks of 1,000", f"{BY_ORM:,}", f"{orm:,.0f}", "1", ""),
            ("the job", f"{ACCOUNTS:,}", f"{job:,.0f}", f"{job / orm:.1f} ×", "≥ 5 ×"),
        ],
    )


if __name__ == "__main__":
    main()
