"""How fast a receipt of eight lines with its points is posted, beside bare inserts of the same rows.

Bare: psycopg alone, prepared, no rule and no balance, one round trip and one commit a receipt, in the faster of two
ways: one statement of six INSERTs, or six INSERTs in a pipeline. They write every row that a sale adds: its number, the
receipt, lines, payment, the movement of points and the lot that it went to; a day's lot and the account are rows that
are there already.
"""

import datetime as dt
import itertools
import random
from collections.abc import Callable
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks.shop import (
    CLIENTS,
    CUSTOMERS,
    LINES,
    PRICE_MINOR,
    PRODUCTS,
    Shop,
    Work,
    a_shop,
    alternate,
    machine,
    run,
    table,
)
from erp_club import tables as _tables  # noqa: F401 - foreign keys name tables of every domain
from erp_club.clubs.earning.account import Earning
from erp_club.permissions.actors import Actor
from erp_club.permissions.rules import NOTHING
from erp_club.purchases import commands
from erp_club.purchases.posting.commands import write_sale
from erp_club.purchases.sale import Payment, Sale, SaleLine
from erp_club.receipts.kinds import Means

TOTAL = LINES * PRICE_MINOR
JOINED_ON = dt.date(2020, 1, 1)
ID_BLOCK = 1_000_000_000
_serial = itertools.count(1)


def a_sale(shop: Shop, client: int, customer_id: int, rng: random.Random) -> Sale:
    """A sale of this client's till, just now, to this customer."""
    now = dt.datetime.now(dt.UTC)
    products = [rng.randrange(1, PRODUCTS + 1) for _ in range(LINES)]
    return Sale(
        store_id=shop.store_id,
        terminal_id=shop.terminal_ids[client],
        receipt_no=f"{client}-{rng.getrandbits(48):x}",
        sold_at=now,
        sold_on=now.date(),
        customer_id=customer_id,
        lines=tuple(SaleLine(product, 1000, PRICE_MINOR, PRICE_MINOR, 1700, True) for product in products),
        payments=(Payment(Means.CARD, TOTAL),),
        currency="ILS",
    )


def spread(client: int, rng: random.Random) -> int:
    """A customer of this client's own part of them all."""
    return 2 + client + CLIENTS * rng.randrange((CUSTOMERS - 1) // CLIENTS)


def _hot(_client: int, _rng: random.Random) -> int:
    return 1


Choice = Callable[[int, random.Random], int]


def _poster(choose: Choice) -> Work:
    """The one statement on a connection of Core's that the client keeps; each is a transaction, as bare inserts are."""

    def work(shop: Shop, client: int) -> Callable[[], None]:
        connection = sa.create_engine(shop.url, isolation_level="AUTOCOMMIT").connect()
        rng = random.Random()
        by = a_cashier(shop, client)

        def post() -> None:
            sale = a_sale(shop, client, choose(client, rng), rng)
            club = Earning(sale.customer_id, sale.customer_id, 1, {"en": "Bench"}, 1, 100, JOINED_ON, 100, 500)
            write_sale(connection, sale, [(club, TOTAL // 100)], now=sale.sold_at, by=by)

        return post

    return work


def _whole(shop: Shop, client: int) -> Callable[[], None]:
    """`post_sale` in a session of its own: checks, the read of the rates, the one statement, commit."""
    engine = sa.create_engine(shop.url, pool_size=1)
    rng = random.Random()
    by = a_cashier(shop, client)

    def post() -> None:
        sale = a_sale(shop, client, spread(client, rng), rng)
        with Session(engine) as session:
            commands.post_sale(session, sale, now=sale.sold_at, by=by)
            session.commit()

    return post


def a_cashier(shop: Shop, client: int) -> Actor:
    """Who works at the client's till."""
    return Actor("Cashier", NOTHING, shop.staff_id, None, shop.terminal_ids[client], shop.store_id)


RECEIPT = """INSERT INTO receipts (customer_id, id, store_id, terminal_id, staff_id, receipt_no, sold_at, sold_on,
  list_minor, total_minor, rounding_minor, source) VALUES (%(customer)s, %(id)s, %(store)s, %(terminal)s, %(staff)s,
  %(number)s, %(at)s, %(on)s, %(total)s, %(total)s, 0, 'till')"""
NUMBER = """INSERT INTO receipt_numbers (store_id, receipt_no, customer_id, receipt_id, content_hash)
  VALUES (%(store)s, %(number)s, %(customer)s, %(id)s, %(hash)s)"""
LINE = """INSERT INTO receipt_lines (customer_id, receipt_id, line_no, product_id, quantity_milli, list_minor,
  amount_minor, vat_bp) VALUES """ + ", ".join(
    f"(%(customer)s, %(id)s, {n}, %(p{n})s, 1000, {PRICE_MINOR}, {PRICE_MINOR}, 1700)" for n in range(1, LINES + 1)
)
PAYMENT = """INSERT INTO receipt_payments (customer_id, receipt_id, payment_no, means, amount_minor)
  VALUES (%(customer)s, %(id)s, 1, 'card', %(total)s)"""
MOVEMENT = f"""INSERT INTO points_movements (customer_id, account_id, seq, kind, points, balance_after, at, on_date,
  by_customer_id, receipt_id, store_id, terminal_id, staff_id) VALUES (%(customer)s, %(customer)s, %(seq)s, 'earned',
  {TOTAL // 100}, %(seq)s, %(at)s, %(on)s, %(customer)s, %(id)s, %(store)s, %(terminal)s, %(staff)s)"""
PART = f"""INSERT INTO points_movement_lots (customer_id, account_id, seq, lot_id, points) VALUES (%(customer)s,
  %(customer)s, %(seq)s, %(customer)s, {TOTAL // 100})"""
INSERTS = (RECEIPT, NUMBER, LINE, PAYMENT, MOVEMENT, PART)
ONE_STATEMENT = f"WITH a AS ({RECEIPT}), b AS ({NUMBER}), c AS ({LINE}), d AS ({PAYMENT}), e AS ({MOVEMENT}) {PART}"


def bare(*, pipeline: bool) -> Work:
    """The same rows and nothing else."""

    def work(shop: Shop, client: int) -> Callable[[], None]:
        url = sa.make_url(shop.url).set(drivername="postgresql").render_as_string(hide_password=False)
        connection = psycopg.connect(url, autocommit=not pipeline)
        rng = random.Random()
        ids = itertools.count(ID_BLOCK * (client + 1) + rng.randrange(ID_BLOCK // 1000) * 1000)

        def values() -> dict[str, Any]:
            now = dt.datetime.now(dt.UTC)
            number = next(ids)
            # The movement's number is unique by being the receipt's: bare inserts keep no balance to count by.
            return {
                "customer": spread(client, rng), "id": number, "store": shop.store_id, "staff": shop.staff_id,
                "terminal": shop.terminal_ids[client], "number": f"{client}-{rng.getrandbits(48):x}", "at": now,
                "on": now.date(), "total": TOTAL, "hash": bytes(32), "seq": number,
                **{f"p{n}": rng.randrange(1, PRODUCTS + 1) for n in range(1, LINES + 1)},
            }  # fmt: skip

        def statement() -> None:
            connection.execute(ONE_STATEMENT.encode(), values(), prepare=True)

        def pipelined() -> None:
            given = values()
            with connection.pipeline():
                for insert in INSERTS:
                    connection.execute(insert.encode(), given, prepare=True)
                connection.commit()

        return pipelined if pipeline else statement

    return work


WORKS = {
    "bare inserts, one statement": bare(pipeline=False),
    "bare inserts, pipeline": bare(pipeline=True),
    "posting, spread accounts": _poster(spread),
    "posting, one hot account": _poster(_hot),
    "post_sale in a session (reads the rates first)": _whole,
}


def sold_before(shop: Shop) -> None:
    """Give the shop a history that PostgreSQL knows of: what it takes for empty tables, it reads as a whole."""
    run(shop, _poster(spread))
    with sa.create_engine(shop.url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def main() -> None:
    """Measure and print."""
    where = machine()
    with a_shop() as shop:
        sold_before(shop)
        found = alternate(shop, WORKS)
    base = max(found["bare inserts, one statement"].rate, found["bare inserts, pipeline"].rate)
    wide = found["posting, spread accounts"].rate
    rows = [
        (name, f"{got.rate:,.0f}", f"{got.p95_ms:.1f}", f"{got.rate / base:.2f}", f"{got.rate / wide:.2f}")
        for name, got in found.items()
    ]
    table(
        f"**Posting a receipt of {LINES} lines with points, {CLIENTS} clients** ({where})",
        ("work", "receipts/s", "p95 ms", "× bare", "× spread"),
        rows,
    )


if __name__ == "__main__":
    main()
