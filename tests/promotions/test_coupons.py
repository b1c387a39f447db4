# REQ O-04 O-09: coupons as sales meet them
import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from erp_club.kernel.errors import Conflict
from erp_club.permissions.actors import SYSTEM
from erp_club.promotions.coupons import commands
from erp_club.promotions.coupons.batches import commands as batches
from erp_club.promotions.coupons.kinds import BatchState, CouponState
from erp_club.promotions.coupons.models import Coupon, CouponBatch, CouponReservation, CouponUse
from erp_club.purchases.posting.commands import write_sale
from tests.make.clubs import a_customer
from tests.make.coupons import NOW, TODAY, a_batch, read, reserve, some_coupons
from tests.make.purchases import Till, a_line, a_product, a_sale, a_till

LATER = NOW + dt.timedelta(minutes=15)


@pytest.fixture
def till(session: Session) -> Till:
    return a_till(session)


def a_receipt(session: Session, till: Till, *, customer_id: int = 0) -> int:
    product_id = session.scalar(sa.text("SELECT min(id) FROM products")) or a_product(session)
    number = session.scalar(sa.text("SELECT count(*) FROM receipts")) or 0
    sale = a_sale(till, a_line(product_id), receipt_no=f"1-{number:06}", customer_id=customer_id)
    return write_sale(session.connection(), sale, (), now=NOW, by=till.by).receipt_id


def use(
    session: Session,
    till: Till,
    coupon_id: int,
    *,
    gave: int = 5_00,
    customer_id: int = 0,
    sale_id: str = "sale-1",
) -> None:
    commands.use(
        session,
        {coupon_id: gave},
        customer_id=customer_id,
        receipt_id=a_receipt(session, till, customer_id=customer_id),
        sale_id=sale_id,
        now=NOW,
        by=till.by,
    )


def test_a_coupon_is_used_once_and_then_used_up(session: Session, till: Till) -> None:
    a_batch(session)
    (code,) = some_coupons(session)
    (coupon,) = read(session, code)
    assert (coupon.batch, coupon.fault, coupon.left_minor) == ("WINTER", None, None)
    use(session, till, coupon.id)
    (again,) = read(session, code)
    assert (again.batch, again.fault) == ("WINTER", "used_up")
    with pytest.raises(Conflict) as refused:
        use(session, till, coupon.id, sale_id="sale-2")
    assert refused.value.code == "quote-changed"


def test_a_coupon_of_three_uses_is_used_three_times(session: Session, till: Till) -> None:
    a_batch(session, uses=3)
    (code,) = some_coupons(session)
    (coupon,) = read(session, code)
    for number in range(3):
        use(session, till, coupon.id, sale_id=f"sale-{number}")
    assert read(session, code)[0].fault == "used_up"
    kept = session.execute(sa.select(CouponUse.use_no, CouponUse.given_minor).order_by(CouponUse.use_no)).all()
    assert [tuple(row) for row in kept] == [(1, 5_00), (2, 5_00), (3, 5_00)]


def test_the_table_itself_refuses_a_use_too_many(session: Session, till: Till) -> None:
    a_batch(session)
    (code,) = some_coupons(session)
    use(session, till, read(session, code)[0].id)
    with pytest.raises(IntegrityError, match="ck_coupons_no_more_uses"), session.begin_nested():
        session.execute(sa.update(Coupon).values(used=2))
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(sa.delete(CouponUse))


def test_what_is_left_of_a_coupon_with_a_worth_is_used_next_time(session: Session, till: Till) -> None:
    a_batch(session, uses=10, worth_minor=50_00)
    (code,) = some_coupons(session)
    assert read(session, code)[0].left_minor == 50_00
    use(session, till, read(session, code)[0].id, gave=30_00)
    (coupon,) = read(session, code)
    assert (coupon.fault, coupon.left_minor) == (None, 20_00)
    with pytest.raises(Conflict):
        use(session, till, coupon.id, gave=20_01, sale_id="sale-2")
    use(session, till, coupon.id, gave=20_00, sale_id="sale-3")
    assert read(session, code)[0].fault == "used_up"


def test_a_personal_coupon_is_its_owners_alone(session: Session, till: Till) -> None:
    yael, dana = a_customer(session), a_customer(session, "100002")
    a_batch(session, personal=True)
    (code,) = some_coupons(session, customer_id=yael)
    assert read(session, code, customer_id=yael)[0].fault is None
    assert read(session, code, customer_id=dana)[0].fault == "not_owner"
    assert read(session, code)[0].fault == "not_owner"
    (coupon,) = read(session, code, customer_id=yael)
    with pytest.raises(Conflict):
        use(session, till, coupon.id, customer_id=dana)
    use(session, till, coupon.id, customer_id=yael)


def test_a_personal_coupon_is_not_issued_to_nobody(session: Session) -> None:
    a_batch(session, personal=True)
    assert some_coupons(session, customer_id=0) == ()


def test_a_coupon_holds_on_its_first_and_last_day(session: Session) -> None:
    day = dt.timedelta(days=1)
    a_batch(session, valid_from=TODAY, valid_to=TODAY + day)
    (code,) = some_coupons(session)

    def fault(today: dt.date) -> str | None:
        return read(session, code, today=today)[0].fault

    assert [fault(TODAY + number * day) for number in (-1, 0, 1, 2)] == ["not_yet_valid", None, None, "expired"]


def test_a_coupon_that_ends_days_after_issue_holds_on_that_day(session: Session) -> None:
    a_batch(session, days_from_issue=30)
    (code,) = some_coupons(session)
    assert read(session, code, today=TODAY + dt.timedelta(days=30))[0].fault is None
    assert read(session, code, today=TODAY + dt.timedelta(days=31))[0].fault == "expired"


def test_a_batch_whose_last_day_is_moved_takes_its_coupons_along(session: Session) -> None:
    batch_id = a_batch(session, valid_to=TODAY)
    (code,) = some_coupons(session)
    tomorrow = TODAY + dt.timedelta(days=1)
    session.get_one(CouponBatch, batch_id).valid_to = tomorrow
    session.flush()
    assert read(session, code, today=tomorrow)[0].fault is None


def test_a_blocked_coupon_and_a_blocked_batch_are_taken_nowhere(session: Session, till: Till) -> None:
    batch_id = a_batch(session)
    first, second = some_coupons(session, 2)
    one, two = read(session, first, second)
    batches.set_coupon_state(session, one.id, CouponState.BLOCKED, now=NOW, by=SYSTEM)
    assert [coupon.fault for coupon in read(session, first, second)] == ["unknown_code", None]
    batches.set_coupon_state(session, one.id, CouponState.ACTIVE, now=NOW, by=SYSTEM)
    batches.set_batch_state(session, batch_id, BatchState.BLOCKED, now=NOW, by=SYSTEM)
    assert [coupon.fault for coupon in read(session, first, second)] == ["unknown_code", "unknown_code"]
    with pytest.raises(Conflict):
        use(session, till, two.id)
    assert some_coupons(session) == ()


def test_coupons_of_a_closed_batch_are_still_taken(session: Session) -> None:
    batch_id = a_batch(session)
    (code,) = some_coupons(session)
    batches.set_batch_state(session, batch_id, BatchState.CLOSED, now=NOW, by=SYSTEM)
    assert some_coupons(session) == ()
    assert read(session, code)[0].fault is None


def test_a_batch_gives_no_more_than_it_may(session: Session) -> None:
    a_batch(session, most=3)
    assert len(some_coupons(session, 2)) == 2
    assert len(some_coupons(session, 2)) == 1
    assert some_coupons(session) == ()
    assert some_coupons(session, code="NOBODY") == ()


def test_texts_are_read_in_order_and_each_coupon_once(session: Session) -> None:
    a_batch(session)
    first, second = some_coupons(session, 2)
    typed = f" {first[:4].lower()}-{first[4:]} "
    found = read(session, second, "SUMMER", typed, first)
    assert [(coupon.text, coupon.fault) for coupon in found] == [
        (second, None),
        ("SUMMER", "unknown_code"),
        (typed, None),
    ]


def test_a_coupon_that_another_sale_holds_is_used_up_until_it_is_let_go(session: Session) -> None:
    a_batch(session)
    (code,) = some_coupons(session)
    (coupon,) = read(session, code)
    reserve(session, [coupon.id], customer_id=0, sale_id="sale-1", until=LATER, now=NOW)
    assert read(session, code, sale_id="sale-1")[0].fault is None
    assert read(session, code, sale_id="sale-2")[0].fault == "used_up"
    assert read(session, code, sale_id="sale-2", now=LATER)[0].fault is None
    with pytest.raises(Conflict) as refused:
        reserve(session, [coupon.id], customer_id=0, sale_id="sale-2", until=LATER, now=NOW)
    assert refused.value.code == "coupon-held"
    commands.release(session, "sale-1")
    reserve(session, [coupon.id], customer_id=0, sale_id="sale-2", until=LATER, now=NOW)
    assert read(session, code, sale_id="sale-1")[0].fault == "used_up"


def test_a_later_quote_takes_its_sales_coupons_over_and_lets_the_others_go(session: Session) -> None:
    a_batch(session)
    first, second = (coupon.id for coupon in read(session, *some_coupons(session, 2)))
    reserve(session, [first, second], customer_id=0, sale_id="sale-1", until=LATER, now=NOW)
    much_later = LATER + dt.timedelta(minutes=5)
    reserve(session, [second], customer_id=0, sale_id="sale-1", until=much_later, now=NOW)
    held = session.execute(sa.select(CouponReservation.coupon_id, CouponReservation.until)).all()
    assert [tuple(row) for row in held] == [(second, much_later)]
    reserve(session, [], customer_id=0, sale_id="sale-1", until=LATER, now=NOW)
    assert session.scalar(sa.select(sa.func.count()).select_from(CouponReservation)) == 0


def test_a_reservation_that_ran_out_is_taken_by_another_sale(session: Session) -> None:
    a_batch(session)
    (coupon,) = read(session, *some_coupons(session))
    reserve(session, [coupon.id], customer_id=0, sale_id="sale-1", until=LATER, now=NOW)
    reserve(session, [coupon.id], customer_id=0, sale_id="sale-2", until=LATER + dt.timedelta(hours=1), now=LATER)
    assert session.scalars(sa.select(CouponReservation.sale_id)).all() == ["sale-2"]


def test_a_coupon_of_two_uses_is_held_by_two_sales(session: Session) -> None:
    a_batch(session, uses=2)
    (code,) = some_coupons(session)
    (coupon,) = read(session, code)
    for sale_id in ("sale-1", "sale-2"):
        reserve(session, [coupon.id], customer_id=0, sale_id=sale_id, until=LATER, now=NOW)
    assert read(session, code, sale_id="sale-3")[0].fault == "used_up"
    assert read(session, code, sale_id="sale-2")[0].fault is None


def test_a_sale_does_not_use_what_another_holds_and_its_own_is_free_afterwards(session: Session, till: Till) -> None:
    a_batch(session)
    (coupon,) = read(session, *some_coupons(session))
    reserve(session, [coupon.id], customer_id=0, sale_id="sale-1", until=LATER, now=NOW)
    with pytest.raises(Conflict) as refused:
        use(session, till, coupon.id, sale_id="sale-2")
    assert refused.value.code == "quote-changed"


def test_using_a_coupon_frees_the_sales_other_coupons(session: Session, till: Till) -> None:
    a_batch(session)
    first, second = some_coupons(session, 2)
    one, two = (coupon.id for coupon in read(session, first, second))
    reserve(session, [one, two], customer_id=0, sale_id="sale-1", until=LATER, now=NOW)
    use(session, till, one)
    assert [coupon.fault for coupon in read(session, first, second, sale_id="sale-9")] == ["used_up", None]


def test_old_reservations_are_cleared_away_in_passing(session: Session) -> None:
    a_batch(session)
    first, second = (coupon.id for coupon in read(session, *some_coupons(session, 2)))
    reserve(session, [first], customer_id=0, sale_id="sale-1", until=LATER, now=NOW)
    days_later = NOW + dt.timedelta(days=3)
    reserve(session, [second], customer_id=0, sale_id="sale-2", until=days_later, now=days_later)
    assert session.scalars(sa.select(CouponReservation.sale_id)).all() == ["sale-2"]


def test_coupons_of_a_sale_name_its_receipt(session: Session, till: Till) -> None:
    a_batch(session)
    receipt_id = a_receipt(session, till)
    commands.issue(session, "WINTER", 2, customer_id=0, now=NOW, today=TODAY, by=till.by, receipt_id=receipt_id)
    assert set(session.scalars(sa.select(Coupon.receipt_id))) == {receipt_id}
    assert session.scalar(sa.select(CouponBatch.issued)) == 2
