# REQ T-03 P-03: many tills at once
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.kernel.db import Database
from erp_club.kernel.errors import Conflict
from erp_club.kernel.settings import Settings
from erp_club.purchases.commands import post_sale
from erp_club.receipts.models import Receipt
from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.purchases import NOW, Till, a_line, a_product, a_sale, a_till, a_till_in, ledger
from web.app import create_app
from web.deps import Shop

TILLS, EACH = 8, 6


def at_once(*works: Callable[[], str]) -> list[str]:
    """What each of the works gave, all begun at the same moment."""
    gate = threading.Barrier(len(works))

    def begin(work: Callable[[], str]) -> str:
        gate.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(begin, works))


def _sell(database: Database, till: Till, product_id: int, customer_id: int, receipt_no: str) -> str:
    with database.session() as session:
        sale = a_sale(till, a_line(product_id), customer_id=customer_id, receipt_no=receipt_no)
        try:
            post_sale(session, sale, now=NOW, by=till.by)
        except Conflict as conflict:
            return conflict.code
        session.commit()
        return "sold"


def _count(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(Receipt)) or 0


def test_eight_tills_sell_to_one_member_and_no_point_is_lost(committed: Database) -> None:
    with committed.session() as session:
        till, milk = a_till(session), a_product(session)
        customer_id = a_customer(session)
        accounts = [a_membership(session, customer_id, a_club(session, c)).points_account_id for c in ("GOLD", "GREEN")]
        session.commit()

    def work(number: int) -> Callable[[], str]:
        return lambda: "".join(_sell(committed, till, milk, customer_id, f"{number}-{each}") for each in range(EACH))

    assert at_once(*(work(number) for number in range(TILLS))) == ["sold" * EACH] * TILLS
    sales = TILLS * EACH
    with committed.session() as session:
        for account in accounts:
            balance, last, movements = ledger(session, account)
            assert (balance, last) == (sales, sales)
            assert movements == [(seq, 1, seq) for seq in range(1, sales + 1)]


def test_a_receipt_number_from_two_tills_of_a_store_is_sold_once(committed: Database) -> None:
    with committed.session() as session:
        first, milk = a_till(session), a_product(session)
        second = a_till_in(session, first.store_id, username="cashier2")
        session.commit()
    told = at_once(*(lambda till=till: _sell(committed, till, milk, 0, "7") for till in (first, second)))
    assert sorted(told) == ["receipt-exists", "sold"]
    with committed.session() as session:
        assert _count(session) == 1


def test_one_key_sent_twice_at_once_sells_once(committed: Database) -> None:
    with committed.session() as session:
        till = a_till(session)
        a_product(session)
        session.commit()
    body = {
        "receipt_no": "8",
        "lines": [{"sku": "7290000000017", "quantity": "1"}],
        "payments": [{"means": "card", "amount_minor": 1000}],
    }
    app = create_app(Shop(committed, Settings()))
    with TestClient(app, base_url="http://testserver") as client:

        def post() -> str:
            answer = client.post("/purchases", json=body, headers=till.headers | {"Idempotency-Key": "one"})
            return f"{answer.status_code} {answer.headers.get('idempotency-replayed', '')}".strip()

        told = at_once(post, post, post)
        assert told.count("201") == 1
        assert set(told) <= {"201", "201 true", "409"}
        assert post() == "201 true"
    with committed.session() as session:
        assert _count(session) == 1
