"""List prices of a basket of 20 lines: what long lists cost, apart from the pricing itself.

Two lists of a club, each with the entries that the table names, among ten others for other clubs.
"""

import datetime as dt
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks.shop import machine, p95, table
from erp_club.kernel import embedded, schema
from erp_club.kernel.db import Database, parse_url
from erp_club.pricelists import queries

SIZES = (500, 5_000, 50_000)
PRODUCTS, LINES, TIMES = 60_000, 20, 400
DAY = dt.date(2026, 11, 25)


def lay(session: Session) -> None:
    """Products in 300 groups, one club a pair of lists, and one entry for everything in each."""
    session.execute(
        sa.text(
            f"""
            INSERT INTO chain VALUES (1, 'Bench', 'ILS', 'IL', 'en', 'Asia/Jerusalem');
            INSERT INTO stores (code, name, time_zone) VALUES ('1', 'One', 'Asia/Jerusalem');
            INSERT INTO product_groups (name) SELECT 'group ' || n FROM generate_series(1, 300) n;
            INSERT INTO products (sku, name, group_id, list_price_minor, vat_bp)
              SELECT 'p' || n, 'Product', n % 300 + 1, 1000, 1800 FROM generate_series(1, {PRODUCTS}) n;
            INSERT INTO clubs (code, names, currency, state, earn_points, earn_per_minor, worth_points, worth_minor,
                               term_kind)
              SELECT 'CLUB' || n, '{{}}', 'ILS', 'published', 1, 100, 1, 1, 'lifetime' FROM generate_series(0, 5) n;
            INSERT INTO price_lists (code, names, club_id, state)
              SELECT c.code || '-' || n, '{{}}', c.id, 'published' FROM clubs c, generate_series(1, 2) n;
            INSERT INTO price_list_entries (price_list_id, off_bp) SELECT id, 100 FROM price_lists;
            INSERT INTO price_list_entries (price_list_id, group_id, off_bp)
              SELECT l.id, g.id, 200 FROM price_lists l, product_groups g
            """
        )
    )


def grow(session: Session, size: int) -> float:
    """Fill every list up to this many entries; gives the seconds."""
    began = time.perf_counter()
    session.execute(
        sa.text(
            """
            INSERT INTO price_list_entries (price_list_id, product_id, price_minor)
            SELECT l.id, p.id, 900 FROM price_lists l JOIN products p ON p.id <= :size
             WHERE l.code LIKE 'CLUB0-%' AND NOT EXISTS (SELECT FROM price_list_entries e
                                WHERE e.price_list_id = l.id AND e.product_id = p.id)
            """
        ),
        {"size": size},
    )
    session.execute(sa.text("ANALYZE"))
    return time.perf_counter() - began


def measured(session: Session, size: int) -> tuple[float, float, int]:
    """Milliseconds of a basket's list prices (median, p95), and how many there are."""
    taken: list[float] = []
    found = 0
    for turn in range(TIMES):
        wanted = [f"p{(turn * 7919 + line * 131) % size + 1}" for line in range(LINES)]
        began = time.perf_counter()
        found = len(queries.prices_for(session, products=wanted, clubs={"CLUB0": None}, store="1", day=DAY))
        taken.append((time.perf_counter() - began) * 1000)
    return sorted(taken)[TIMES // 2], p95(taken), found


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as home:
        server = embedded.join(Path(home))
        database = Database(parse_url(server.url))
        schema.migrate(database)
        rows: list[tuple[str, ...]] = []
        with database.session() as session:
            lay(session)
            for size in SIZES:
                seconds = grow(session, size)
                median, worst, found = measured(session, size)
                rows.append((f"{size:,}", str(found), f"{median:.2f}", f"{worst:.2f}", f"{seconds:.1f}"))
        database.close()
        server.leave()
    table(
        f"List prices of {LINES} products · {machine()}",
        ("entries in each list", "list prices found", "median ms", "p95 ms", "seconds to lay"),
        rows,
    )


if __name__ == "__main__":
    main()
