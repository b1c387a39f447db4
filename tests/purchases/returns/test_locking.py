# REQ P-08 T-03: many tills at once take the same goods back
from collections.abc import Callable

import sqlalchemy as sa

from erp_club.kernel.db import Database
from erp_club.kernel.errors import Refused
from erp_club.points.models import PointsAccount
from erp_club.purchases.commands import post_sale
from erp_club.purchases.returns.commands import Asked, return_goods
from erp_club.purchases.returns.facts import Wish
from erp_club.receipts.models import Receipt, ReceiptLineReturned
from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.purchases import NOW, a_line, a_place, a_product, a_sale, a_till
from tests.purchases.test_locking import at_once

ONE_UNIT = Wish(((1, 1000),))


def test_of_fifty_returns_of_one_unit_at_once_one_is_booked(committed: Database) -> None:
    with committed.session() as session:
        till, milk = a_till(session), a_product(session)
        customer_id = a_customer(session)
        a_membership(session, customer_id, a_club(session))
        sale = a_sale(till, a_line(milk, 20_00), customer_id=customer_id)
        sold = post_sale(session, sale, now=NOW, by=till.by)
        place = a_place(session, till)
        session.commit()

    def back(number: int) -> Callable[[], str]:
        def work() -> str:
            with committed.session() as session:
                try:
                    return_goods(session, sold.receipt_id, Asked(ONE_UNIT, f"R-{number}"), place, currency="ILS")
                except Refused as refused:
                    return refused.code
                session.commit()
                return "returned"

        return work

    # As many as there are connections at once.
    told = [each for _ in range(2) for each in at_once(*(back(number) for number in range(25)))]
    assert sorted(set(told)) == ["nothing-to-return", "returned"]
    assert told.count("returned") == 1
    with committed.session() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Receipt)) == 2
        assert session.scalar(sa.select(ReceiptLineReturned.returned_milli)) == 1000
        assert session.scalar(sa.select(PointsAccount.balance)) == 0
