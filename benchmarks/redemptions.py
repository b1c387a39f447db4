"""What it costs to pay with points out of an account with 5,000 past receipts, beside one of a single receipt.

Points of the shop's club end 60 months after the day of earning, and the receipts are of 1,250 days, so the old account
has as many lots, of which the sale takes the oldest. Measured is what hangs on the account: reading its customer with
the basket, and the statement that posts the sale. Both accounts take turns.
"""

import datetime as dt
import os
import random
import statistics
import time
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks.posting import TOTAL, a_cashier, a_sale
from benchmarks.shop import Shop, a_shop, machine, p95, table
from erp_club import tables as _tables  # noqa: F401 - foreign keys name tables of every domain
from erp_club.clubs.rules import FIRST_DAY, EarnedTerms, RulesDocument
from erp_club.clubs.setup.commands import add_rules
from erp_club.permissions.actors import SYSTEM
from erp_club.points.rules import Expiry, ExpiryKind
from erp_club.purchases.commands import book_sale
from erp_club.purchases.posting.commands import write_sale_with_points
from erp_club.purchases.quotes.queries import tell
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.spending import Spending

RECEIPTS = int(os.environ.get("ERP_CLUB_BENCH_RECEIPTS", "5000"))
REDEMPTIONS = 300
POINTS = 50
OLD = 1
"""The customer with the past; the fresh ones are those that follow."""
_DAYS = 1250


def _earn(session: Session, shop: Shop, customer_id: int, *, receipts: int) -> None:
    rng, by, now = random.Random(), a_cashier(shop, 0), dt.datetime.now(dt.UTC)
    for number in range(receipts):
        sold_at = now - dt.timedelta(days=1 + number % _DAYS)
        sale = replace(a_sale(shop, 0, customer_id, rng), sold_at=sold_at, sold_on=sold_at.date())
        book_sale(session, sale, now=sold_at, by=by)


def _redeem(session: Session, shop: Shop, customer_id: int) -> float:
    """Milliseconds of one sale that points pay for."""
    rng, by = random.Random(), a_cashier(shop, 0)
    sale = a_sale(shop, 0, customer_id, rng)
    began = time.perf_counter()
    told = tell(session, ["S1"], Buyer(customer_id), store_id=shop.store_id, day=sale.sold_on)
    account = told.memberships[0]
    if account.available < POINTS:
        raise RuntimeError("too few points to redeem")
    spending = [Spending(account.earning, POINTS, TOTAL // 100)]
    write_sale_with_points(session.connection(), sale, spending, now=sale.sold_at, by=by)
    session.commit()
    return (time.perf_counter() - began) * 1000


def main() -> None:
    """Measure and print."""
    where = machine()
    with a_shop() as shop, Session(sa.create_engine(shop.url)) as session:
        months = RulesDocument(EarnedTerms(expiry=Expiry(ExpiryKind.MONTHS, 60)))
        add_rules(session, 1, months, effective_from=FIRST_DAY, now=dt.datetime.now(dt.UTC), by=SYSTEM)
        _earn(session, shop, OLD, receipts=RECEIPTS)
        for number in range(1, REDEMPTIONS + 1):
            _earn(session, shop, OLD + number, receipts=1)
        session.commit()
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"}).exec_driver_sql("VACUUM ANALYZE")
        session.commit()
        times = [
            (_redeem(session, shop, OLD), _redeem(session, shop, OLD + number)) for number in range(1, REDEMPTIONS + 1)
        ]
        lots = session.scalar(sa.text("SELECT count(*) FROM points_lots WHERE account_id = :old"), {"old": OLD})
    # What comes first prepares statements.
    old, fresh = (list(each) for each in zip(*times[20:], strict=True))
    base = statistics.median(fresh)
    table(
        f"**Points that pay** ({where}; {len(old)} sales of each)",
        ("account", "median ms", "p95 ms", "× fresh"),
        [
            (name, f"{statistics.median(each):.2f}", f"{p95(each):.2f}", f"{statistics.median(each) / base:.2f}")
            for name, each in (("one receipt", fresh), (f"{RECEIPTS:,} receipts, {lots:,} lots", old))
        ],
    )


if __name__ == "__main__":
    main()
