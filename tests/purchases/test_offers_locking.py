# REQ O-02 O-09: many tills want the last uses of an offer, or one coupon, at once
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.jobs.verify import wrong_rows
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Refused
from erp_club.promotions.coupons.models import Coupon
from erp_club.promotions.models import OfferUses
from erp_club.purchases.asked import Asked, Place
from erp_club.purchases.commands import sell
from erp_club.purchases.quotes.commands import sale_key
from erp_club.purchases.returns import commands as returns
from erp_club.purchases.returns.facts import Wish
from erp_club.purchases.sale import Payment
from erp_club.purchases.settled import Order
from erp_club.receipts.kinds import Means, ReturnKind
from erp_club.receipts.models import Receipt, ReceiptOffer
from tests.make.coupons import a_batch, some_coupons
from tests.make.offers import a_published_offer
from tests.make.purchases import a_place, a_product, a_till

MILK = "7290000000017"
TILLS = 50


def at_once(database: Database, place: Place, total_minor: int, *coupons: str) -> Counter[str]:
    """What came of fifty sales of milk at this price that began at the same moment."""
    gate = threading.Barrier(TILLS)

    def buy(number: int) -> str:
        gate.wait()
        asked = Asked(((MILK, 1000),), coupons=coupons, sale_id=sale_key(place.terminal.id, str(number)))
        order = Order(str(number), asked, (Payment(Means.CARD, total_minor),))
        with database.session() as session:
            try:
                sell(session, order, place, currency="ILS")
            except Refused as refused:
                return refused.code
            session.commit()
            return "sold"

    with ThreadPoolExecutor(TILLS) as pool:
        return Counter(pool.map(buy, range(TILLS)))


def count(session: Session, what: type) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(what)) or 0


def shop(database: Database, fill: Callable[[Session], str | None]) -> tuple[Place, str | None]:
    """A till that sells milk at 10.00, and what the filling gave."""
    with database.session() as session:
        till = a_till(session)
        a_product(session, MILK)
        filled = fill(session)
        place = a_place(session, till)
        session.commit()
    return place, filled


def test_fifty_tills_use_a_limited_offer_exactly_as_often_as_it_may(committed: Database) -> None:
    def limited(session: Session) -> None:
        a_published_offer(session, limits={"uses": 7})

    place, _ = shop(committed, limited)
    told = at_once(committed, place, 9_00)
    assert told["sold"] == 7
    assert set(told) <= {"sold", "quote-changed", "payments-differ"}
    with committed.session() as session:
        assert session.scalar(sa.select(OfferUses.uses)) == 7
        assert (count(session, Receipt), count(session, ReceiptOffer)) == (7, 7)


def test_fifty_tills_spend_no_more_than_the_budget(committed: Database) -> None:
    def limited(session: Session) -> None:
        a_published_offer(session, limits={"budget_minor": 5_50})

    place, _ = shop(committed, limited)
    assert at_once(committed, place, 9_00)["sold"] == 5
    with committed.session() as session:
        assert session.scalar(sa.select(OfferUses.given_minor)) == 5_00


def test_of_fifty_tills_one_uses_the_last_coupon(committed: Database) -> None:
    def with_coupon(session: Session) -> str:
        a_batch(session)
        reward = {"kind": "amount", "value_minor": 2_00}
        a_published_offer(session, "TWO", rewards=[reward], activation={"by": "coupon", "batch": "WINTER"})
        return some_coupons(session)[0]

    place, code = shop(committed, with_coupon)
    assert code
    told = at_once(committed, place, 8_00, code)
    assert told["sold"] == 1
    assert set(told) <= {"sold", "quote-changed", "payments-differ"}
    with committed.session() as session:
        assert session.scalar(sa.select(Coupon.used)) == 1
        assert count(session, Receipt) == 1


def test_a_cancellation_asked_for_twenty_times_gives_one_use_back_while_others_buy(committed: Database) -> None:
    def limited(session: Session) -> None:
        a_published_offer(session, limits={"uses": 1})

    place, _ = shop(committed, limited)
    with committed.session() as session:
        asked = Asked(((MILK, 1000),), sale_id=sale_key(place.terminal.id, "first"))
        sold = sell(session, Order("first", asked, (Payment(Means.CARD, 9_00),)), place, currency="ILS")
        session.commit()

    def cancel(number: int) -> str:
        with committed.session() as session:
            wish = returns.Asked(Wish(None), f"R-{number}", kind=ReturnKind.CANCELLATION)
            try:
                returns.return_goods(session, sold.posted.receipt_id, wish, place, currency="ILS")
            except Refused as refused:
                return refused.code
            session.commit()
            return "cancelled"

    with ThreadPoolExecutor(20) as pool:
        told = [pool.submit(cancel, number) for number in range(20)]
        bought = at_once(committed, place, 9_00)
        assert Counter(each.result() for each in told) == {"cancelled": 1, "nothing-to-return": 19}
    with committed.session() as session:
        assert bought["sold"] <= 1
        assert session.scalar(sa.select(OfferUses.uses)) == bought["sold"]
        assert not wrong_rows(session)
