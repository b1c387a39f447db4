"""`POST /quotes` for baskets of 20 lines: CPU of the process that serves, apart from the database.

The workload is that of `benchmarks.workload`; offers are published in the database, and the customer is a member.
*Empty route*: `GET /healthz`, which does nothing at all, through the same client in the same process.
"""

import time
from collections.abc import Callable

import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from benchmarks.pricing import published
from benchmarks.shop import Shop, a_shop, machine, p95, table
from benchmarks.workload import baskets, groups_of, products
from erp_club.kernel.db import Database, parse_url
from erp_club.kernel.settings import Settings
from web.app import create_app
from web.deps import Shop as Served

SIZES = (0, 10, 1_000)
BASKETS, WARM = 300, 30


def lay(session: Session, groups: int) -> None:
    """The products of the workload."""
    session.execute(
        sa.text("INSERT INTO product_groups (name) SELECT 'G' || n FROM generate_series(0, :groups - 1) n"),
        {"groups": groups},
    )
    session.execute(
        sa.text(
            "INSERT INTO products (sku, name, group_id, list_price_minor, vat_bp)"
            " SELECT 'P' || :n, 'Product', id, :price, 1800 FROM product_groups WHERE name = 'G' || :group"
        ),
        [{"n": each.number, "price": each.price_minor, "group": each.group} for each in products(groups)],
    )


def publish(session: Session, count: int) -> None:
    """So many offers in force, and no others."""
    session.execute(sa.text("UPDATE offers SET state = 'ended'"))
    for each in published(count):
        document = each.offer.model_copy(update={"code": f"{each.offer.code}-OF-{count}"})
        values = {"code": document.code, "document": document.model_dump_json(by_alias=True)}
        session.execute(
            sa.text(
                "WITH made AS (INSERT INTO offers (code, state, created_at) VALUES (:code, 'draft', now())"
                " RETURNING id), written AS (INSERT INTO offer_versions (offer_id, version_no, document, changed_at)"
                " SELECT id, 1, :document, now() FROM made) INSERT INTO offer_uses (offer_id) SELECT id FROM made"
            ),
            values,
        )
    session.execute(sa.text("UPDATE offers SET state = 'published', live_no = 1 WHERE state = 'draft'"))
    session.execute(sa.text("UPDATE offer_catalogue SET version = gen_random_uuid()"))


def measured(ask: Callable[[int], Response], status: int) -> list[float]:
    """Milliseconds of CPU for each request."""
    taken: list[float] = []
    for number in range(WARM + BASKETS):
        began = time.process_time_ns()
        answer = ask(number)
        taken.append((time.process_time_ns() - began) / 1e6)
        if answer.status_code != status:
            raise RuntimeError(answer.text)
    return sorted(taken[WARM:])


def rows(shop: Shop) -> list[tuple[object, ...]]:
    """What each number of offers costs."""
    database = Database(parse_url(shop.url))
    groups = groups_of(max(SIZES), dense=False)
    with database.session() as session:
        lay(session, groups)
        session.commit()
    asked = list(baskets(WARM + BASKETS, groups))
    headers = {"Authorization": f"Bearer {shop.terminal_keys[0]}", "X-Staff-Session": shop.staff_tokens[0]}
    made: list[tuple[object, ...]] = []
    with TestClient(create_app(Served(database, Settings()))) as client:

        def quote(number: int) -> Response:
            lines = [{"sku": f"P{product}", "quantity": str(quantity)} for product, quantity in asked[number]]
            body = {"sale_id": str(number), "customer": {"number": f"C{number + 1}"}, "lines": lines}
            return client.post("/quotes", json=body, headers=headers)

        empty = measured(lambda _: client.get("/healthz"), 200)
        made.append(("empty route", *_figures(empty), ""))
        for size in SIZES:
            with database.session() as session:
                publish(session, size)
                session.commit()
            taken = measured(quote, 201)
            more = f"{taken[len(taken) // 2] - empty[len(empty) // 2]:.2f}"
            made.append((f"POST /quotes, {size:,} offers", *_figures(taken), more))
    database.engine.dispose()
    return made


def _figures(taken: list[float]) -> tuple[str, str]:
    return f"{taken[len(taken) // 2]:.2f}", f"{p95(taken):.2f}"


def main() -> None:
    """Measure and print."""
    with a_shop() as shop:
        found = rows(shop)
    table(f"**`POST /quotes`, 20 lines** ({machine()})", ("work", "p50 ms CPU", "p95 ms CPU", "p50 more"), found)


if __name__ == "__main__":
    main()
