"""What the benchmarks share: a shop on an embedded server of its own, clients as processes, and a table at the end."""

import datetime as dt
import multiprocessing
import os
import platform
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.cpu import Used, of_tree, postmaster
from erp_club.kernel import db, schema
from erp_club.kernel.settings import Settings
from erp_club.permissions import commands as permissions
from erp_club.permissions import passwords
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Role
from erp_club.permissions.places import TerminalFacts

CLIENTS = 8
LINES = 8
CUSTOMERS = 4_000
PRODUCTS = 2_000
PRICE_MINOR = 1_250
SECONDS = float(os.environ.get("ERP_CLUB_BENCH_SECONDS", "5"))
ROUNDS = int(os.environ.get("ERP_CLUB_BENCH_ROUNDS", "5"))


@dataclass(frozen=True)
class Shop:
    """Where the shop is, and what a till of it needs."""

    home: Path
    url: str
    store_id: int
    terminal_ids: tuple[int, ...]
    terminal_keys: tuple[str, ...]
    staff_tokens: tuple[str, ...]
    staff_id: int


@contextmanager
def a_shop() -> Iterator[Shop]:
    """A store with eight tills, a club, and customers who are members of it for life, on a server of its own."""
    with tempfile.TemporaryDirectory(prefix="erp-club-bench-", ignore_cleanup_errors=True) as folder:
        settings = Settings(home=Path(folder))
        settings.home.chmod(0o755)
        database = db.connect(settings)
        try:
            schema.migrate(database)
            yield _furnish(database, settings.home)
        finally:
            database.close()


_SHOP = """
INSERT INTO chain (id, name, currency, country, language, time_zone)
  VALUES (1, 'Bench', 'ILS', 'IL', 'en', 'Asia/Jerusalem');
INSERT INTO stores (code, name, time_zone) VALUES ('1', 'Store', 'Asia/Jerusalem');
UPDATE roles SET second_factor = false;
INSERT INTO clubs (code, names, currency, state, earn_points, earn_per_minor, worth_points, worth_minor, term_kind)
  VALUES ('BENCH', '{"en": "Bench"}', 'ILS', 'published', 1, 100, 100, 500, 'lifetime');
INSERT INTO product_groups (name) SELECT 'Group ' || n FROM generate_series(1, 50) n;
"""
_MANY = (
    """INSERT INTO products (sku, name, group_id, list_price_minor, vat_bp)
    SELECT 'S' || n, 'Product ' || n, 1 + n % 50, :price, 1700 FROM generate_series(1, :products) n""",
    """INSERT INTO customers (number, given_name, family_name, opened_at, changed_at)
    SELECT 'C' || n, 'Given ' || n, 'Family ' || n, now(), now() FROM generate_series(1, :customers) n""",
    "INSERT INTO points_accounts (customer_id, id) SELECT id, id FROM customers WHERE id > 0",
    """INSERT INTO memberships (customer_id, club_id, points_holder_id, points_account_id, joined_on)
    SELECT id, (SELECT id FROM clubs), id, id, DATE '2020-01-01' FROM customers WHERE id > 0""",
    """INSERT INTO membership_periods (customer_id, membership_id, period_no, validity, kind, at)
    SELECT customer_id, id, 1, daterange('2020-01-01', NULL), 'joining', now() FROM memberships""",
)


def _furnish(database: db.Database, home: Path) -> Shop:
    now = dt.datetime.now(dt.UTC)
    keys = tuple(passwords.new_token("till") for _ in range(CLIENTS))
    with database.session() as session:
        session.connection().exec_driver_sql(_SHOP)
        for statement in _MANY:
            values = {"price": PRICE_MINOR, "products": PRODUCTS, "customers": CUSTOMERS}
            session.execute(sa.text(statement), {name: values[name] for name in values if f":{name}" in statement})
        for number, key in enumerate(keys, 1):
            session.execute(
                sa.text(
                    "INSERT INTO terminals (store_id, number, name, key_hash, created_at)"
                    " VALUES (1, :n, 'Till', :k, :at)"
                ),
                {"n": number, "k": passwords.token_hash(key), "at": now},
            )
        staff_id = permissions.add_staff(
            session, username="cashier", name="Cashier", role=Role.CASHIER, password="bench bench", pin="2580",
            store_id=1, now=now, by=SYSTEM,
        )  # fmt: skip
        terminals = tuple(session.scalars(sa.text("SELECT id FROM terminals ORDER BY number")))
        tokens = tuple(
            permissions.sign_on(
                session, username="cashier", pin="2580", now=now, hours=10,
                terminal=TerminalFacts(terminal, number, "Till", 1, "1", "Store", "Asia/Jerusalem"),
            )[1]
            for number, terminal in enumerate(terminals, 1)
        )  # fmt: skip
        session.commit()
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    return Shop(home, database.url.render_as_string(hide_password=False), 1, terminals, keys, tokens, staff_id)


Work = Callable[[Shop, int], Callable[[], None]]
"""Given the shop and the client's number: what the client does again and again."""


@dataclass(frozen=True)
class Round:
    """What one round of all clients came to."""

    rate: float
    p95_ms: float
    cpu_ms: Used
    """For each piece of work."""


def run(shop: Shop, work: Work, *, clients: int = CLIENTS, seconds: float = SECONDS) -> Round:
    """Let all clients work at once for so many seconds, each a process of its own."""
    context = multiprocessing.get_context("fork")
    results: Any = context.Queue()
    start = context.Event()
    processes = [context.Process(target=_client, args=(shop, n, work, start, seconds, results)) for n in range(clients)]
    for process in processes:
        process.start()
    for _ in processes:
        results.get(timeout=60)
    # The server that a benchmark has started is its child, as the clients are; the database isn't.
    roots = (os.getpid(), postmaster(shop.home))
    before = [of_tree(root) for root in roots]
    start.set()
    told: list[tuple[list[float], float]] = [results.get(timeout=seconds + 60) for _ in processes]
    ours, postgres = [of_tree(root) - earlier for root, earlier in zip(roots, before, strict=True)]
    for process in processes:
        process.join()
    times = sorted(each for client, _ in told for each in client)
    spent = sum(cpu for _, cpu in told)
    used = Used(*(1000 * each / len(times) for each in (spent, max(0.0, ours - spent), postgres)))
    return Round(len(times) / seconds, times[int(len(times) * 0.95)] * 1000, used)


def _client(shop: Shop, number: int, work: Work, start: Event, seconds: float, results: Any) -> None:
    from time import perf_counter, process_time

    do = work(shop, number)
    for _ in range(20):
        do()
    results.put("ready")
    start.wait()
    times: list[float] = []
    used = process_time()
    until = perf_counter() + seconds
    while (began := perf_counter()) < until:
        do()
        times.append(perf_counter() - began)
    results.put((times, process_time() - used))


def alternate(shop: Shop, works: dict[str, Work]) -> dict[str, Round]:
    """The median round of each work; the works take turns, so that a slow minute of the machine hits them alike."""
    rounds: dict[str, list[Round]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            rounds[name].append(run(shop, work))
    return {name: sorted(told, key=lambda each: each.rate)[len(told) // 2] for name, told in rounds.items()}


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows as a Markdown table below the title."""
    print(f"\n{title}\n\n| {' | '.join(head)} |\n|{'|'.join(' --- ' for _ in head)}|")
    for row in rows:
        print(f"| {' | '.join(str(cell) for cell in row)} |")


def machine() -> str:
    """What this ran on, in one line."""
    python, load = platform.python_version(), os.getloadavg()[0]
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {python}, load before {load:.1f}"


def p95(values: Sequence[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(values, n=20)[-1]
