"""How long a page of many rows takes: customers and receipts by each order, first page and last, and the live count.

Over the members that `segments` has filled in `ERP_CLUB_BENCH_HOME`. A page is what it asks the database: how many rows
there are, as far as lists count, and its rows. The live count is told with whether it is exact or an estimate.
"""

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from benchmarks.segments import AS_OF, CATALOGUE
from benchmarks.shop import machine, table
from erp_club.kernel import db, schema
from erp_club.kernel.settings import Settings
from erp_club.purchases.segment_registry import REGISTRY
from erp_club.receipts import queries as receipts
from erp_club.reports import customers
from erp_club.reports.customers import CustomerFilters
from erp_club.segments.looking import look
from erp_club.segments.queries import facts
from erp_club.segments.reading import read_condition
from web.lists import COUNTED, PER_PAGE
from web.views.purchases import SORTS
from web.views.segments import LIVE_MILLISECONDS

MOST_MS, MOST_MS_OF_COUNTS, TIMES_EACH, STOPPED_MS = 300, 1_000, 3, 10_000
MONTH = AS_OF.replace(day=1)
CUSTOMERS = {
    "customers": CustomerFilters(),
    "customers of a club": CustomerFilters(club="GOLD"),
    "members whose membership holds": CustomerFilters(club="GOLD", membership="valid"),
    "customers of a store": CustomerFilters(store="S9"),
    "customers born in May": CustomerFilters(birthday_month=5),
    "customers who consent to SMS": CustomerFilters(consent="sms"),
    "customers who bought this month": CustomerFilters(bought_from=MONTH),
}
RECEIPTS = {
    "receipts": receipts.ReceiptFilters(),
    "receipts of a store": receipts.ReceiptFilters(store_id=9),
    "receipts of this month": receipts.ReceiptFilters(first=MONTH),
    "receipts of 50.00 and more": receipts.ReceiptFilters(least_minor=50_00),
}


def customer_page(session: Session, filters: CustomerFilters, sort: str, *, last: bool) -> int:
    found = customers.count(session, filters, today=AS_OF, most=COUNTED + 1)
    offset = max(0, min(found, COUNTED) - PER_PAGE) if last else 0
    given = {"sort": sort, "descending": last, "offset": offset, "limit": PER_PAGE, "today": AS_OF}
    return len(customers.listing(session, filters, **given))


def receipt_page(session: Session, filters: receipts.ReceiptFilters, sort: str, *, last: bool) -> int:
    found = receipts.count(session, filters, most=COUNTED + 1)
    offset = max(0, min(found, COUNTED) - PER_PAGE) if last else 0
    given = {"sort": sort, "descending": not last, "offset": offset, "limit": PER_PAGE}
    return len(receipts.listing(session, filters, **given))


def best(work: Callable[[], Any], most_ms: int) -> tuple[float, Any]:
    """Milliseconds, the best of some times unless far too many, and what came."""
    took = float("inf")
    for tried in range(TIMES_EACH):
        began = time.perf_counter()
        came = work()
        took = min(took, (time.perf_counter() - began) * 1000)
        if tried == TIMES_EACH - 1 or took > 3 * most_ms:
            return took, came
    raise AssertionError


def page_ms(session: Session, work: Callable[[], Any]) -> float:
    """The best of some times; infinite for what was stopped."""
    try:
        return best(work, MOST_MS)[0]
    except OperationalError:
        session.rollback()
        return float("inf")


def pages(session: Session) -> list[list[str]]:
    told: list[list[str]] = []
    session.execute(sa.text(f"SET statement_timeout = {STOPPED_MS}"))
    session.commit()
    for name, filters in CUSTOMERS.items():
        for sort in customers.SORTS if name == "customers" else ("name",):
            for last in (False, True):
                took = page_ms(session, partial(customer_page, session, filters, sort, last=last))
                told.append(_row(f"{name}, by {sort}, {'last' if last else 'first'} page", took, MOST_MS))
    for name, filters in RECEIPTS.items():
        for sort in SORTS if name == "receipts" else ("sold_at",):
            for last in (False, True):
                took = page_ms(session, partial(receipt_page, session, filters, sort, last=last))
                told.append(_row(f"{name}, by {sort}, {'last' if last else 'first'} page", took, MOST_MS))
    return told


def counts(session: Session) -> list[list[str]]:
    told: list[list[str]] = []
    for name, document in CATALOGUE.items():
        condition, asked = read_condition(document, REGISTRY), facts(session, AS_OF)
        took, seen = best(
            lambda c=condition, a=asked: look(session, c, a, milliseconds=LIVE_MILLISECONDS), MOST_MS_OF_COUNTS
        )
        what = "exact" if seen.exact else "an estimate"
        told.append([*_row(name, took, MOST_MS_OF_COUNTS), f"{seen.customers:,}", what])
    return told


def _row(name: str, took: float, most_ms: int) -> list[str]:
    said = f"{took:.0f}" if took < STOPPED_MS else f"> {STOPPED_MS:,}"
    row = [name, said, "met" if took <= most_ms else "**missed**"]
    print(*row, flush=True)
    return row


def main() -> None:
    database = db.connect(Settings(home=Path(os.environ["ERP_CLUB_BENCH_HOME"])))
    schema.migrate(database)
    with database.session() as session:
        listed = pages(session)
        counted = counts(session)
        members = session.scalar(sa.text("SELECT count(*) - 1 FROM customers"))
    database.close()
    table(f"Pages of lists at {members:,} members · {machine()}", ("page", "ms", f"≤ {MOST_MS}"), listed)
    titles = ("segment", "ms", f"≤ {MOST_MS_OF_COUNTS:,}", "customers", "is")
    table("The live count while a segment is built", titles, counted)


if __name__ == "__main__":
    main()
