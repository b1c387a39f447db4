# REQ O-09: one winner among any number of tills, on a database that really commits
import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.db import Database
from erp_club.kernel.errors import Conflict
from erp_club.permissions.actors import SYSTEM
from erp_club.promotions.coupons import commands, queries
from erp_club.promotions.coupons.batches import commands as batches
from erp_club.promotions.coupons.models import Coupon, CouponBatch, CouponReservation, CouponUse, WrongCode
from erp_club.purchases.posting.commands import write_sale
from tests.make.coupons import NOW, TODAY, a_batch, read, reserve, some_coupons
from tests.make.purchases import a_line, a_product, a_sale, a_till

LATER = NOW + dt.timedelta(minutes=15)
TILLS, SALES = 10, 50


def at_once(database: Database, work: Callable[[Session, int], object]) -> list[object]:
    """What each of 50 sales at ten tills got, each in its own transaction; the code of a refusal."""
    ready = Barrier(TILLS)

    def till(number: int) -> list[object]:
        ready.wait(timeout=30)
        return [_sale(database, work, sale) for sale in range(number, SALES, TILLS)]

    with ThreadPoolExecutor(TILLS) as pool:
        return [each for results in pool.map(till, range(TILLS)) for each in results]


def _sale(database: Database, work: Callable[[Session, int], object], number: int) -> object:
    with database.session() as session:
        try:
            result = work(session, number)
        except Conflict as refused:
            return refused.code
        session.commit()
        return result


def counted(database: Database, column: sa.ColumnElement[int]) -> int:
    with database.session() as session:
        return session.scalar(sa.select(column)) or 0


def sell_with(database: Database, *coupon_ids: int) -> Callable[[Session, int], object]:
    with database.session() as session:
        till, product_id = a_till(session), a_product(session)
        session.commit()

    def work(session: Session, number: int) -> object:
        sale = a_sale(till, a_line(product_id), receipt_no=f"1-{number:06}")
        receipt_id = write_sale(session.connection(), sale, (), now=NOW, by=till.by).receipt_id
        # Half of them name the coupons the other way round: nobody may wait for somebody who waits for them.
        ids = coupon_ids if number % 2 else coupon_ids[::-1]
        commands.use(
            session,
            dict.fromkeys(ids, 100),
            customer_id=0,
            receipt_id=receipt_id,
            sale_id=f"sale-{number}",
            now=NOW,
            by=till.by,
        )
        return "paid"

    return work


def test_fifty_sales_at_once_use_a_last_coupon_once(committed: Database) -> None:
    with committed.session() as session:
        a_batch(session)
        (coupon,) = read(session, *some_coupons(session))
        session.commit()
    results = at_once(committed, sell_with(committed, coupon.id))
    assert sorted(map(str, results)) == ["paid", *["quote-changed"] * (SALES - 1)]
    assert counted(committed, sa.select(sa.func.count()).select_from(CouponUse).scalar_subquery()) == 1
    # Who lost has no receipt either: the whole sale is undone.
    assert counted(committed, sa.text("(SELECT count(*) FROM receipts)")) == 1  # type: ignore[arg-type]


def test_fifty_sales_at_once_use_two_coupons_of_seven_uses_seven_times(committed: Database) -> None:
    with committed.session() as session:
        a_batch(session, uses=7)
        ids = [coupon.id for coupon in read(session, *some_coupons(session, 2))]
        session.commit()
    results = at_once(committed, sell_with(committed, *ids))
    assert (results.count("paid"), results.count("quote-changed")) == (7, SALES - 7)
    with committed.session() as session:
        assert session.scalars(sa.select(Coupon.used)).all() == [7, 7]


def test_fifty_quotes_at_once_hold_a_coupon_for_one_of_them(committed: Database) -> None:
    with committed.session() as session:
        a_batch(session)
        (coupon,) = read(session, *some_coupons(session))
        session.commit()

    def quote(session: Session, number: int) -> object:
        reserve(session, [coupon.id], customer_id=0, sale_id=f"sale-{number}", until=LATER, now=NOW)
        return "held"

    results = at_once(committed, quote)
    assert (results.count("held"), results.count("coupon-held")) == (1, SALES - 1)
    with committed.session() as session:
        assert len(session.scalars(sa.select(CouponReservation.sale_id)).all()) == 1


def test_a_batch_of_twenty_issues_twenty_to_fifty_sales_at_once(committed: Database) -> None:
    with committed.session() as session:
        a_batch(session, most=20)
        session.commit()
    results = at_once(committed, lambda session, _: len(some_coupons(session)))
    assert (results.count(1), results.count(0)) == (20, SALES - 20)
    with committed.session() as session:
        assert session.scalar(sa.select(CouponBatch.issued)) == 20


def test_coupons_made_while_tills_issue_stay_within_the_limit(committed: Database) -> None:
    with committed.session() as session:
        batch_id = a_batch(session, most=30)
        session.commit()
    with committed.session() as making:
        batches.generate(making, batch_id, 20, now=NOW, today=TODAY, by=SYSTEM)
        with ThreadPoolExecutor(1) as pool:

            def till() -> int:
                with committed.session() as session:
                    issued = len(some_coupons(session, 20))
                    session.commit()
                    return issued

            waiting = pool.submit(till)
            making.commit()
            assert waiting.result(timeout=30) == 10


def test_wrong_codes_at_once_are_all_counted(committed: Database) -> None:
    def enter(session: Session, number: int) -> object:
        commands.count_wrong(session, "terminal:1", [f"guess {number}"], now=NOW)
        return None

    at_once(committed, enter)
    with committed.session() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(WrongCode)) == SALES
        assert queries.locked_until(session, "terminal:1", now=NOW) == NOW + commands.LOCKED_FOR
