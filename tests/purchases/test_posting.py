# REQ P-01 P-03 T-03: a sale and its points in one statement
import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.kinds import ClubState
from erp_club.clubs.rules import EarnedTerms, RulesDocument
from erp_club.clubs.setup.commands import add_rules
from erp_club.kernel.errors import Conflict
from erp_club.permissions.actors import SYSTEM
from erp_club.points.models import PointsAccount, PointsLot, PointsMovement, PointsMovementLot
from erp_club.points.rules import Expiry, ExpiryKind
from erp_club.points.verify.queries import faults
from erp_club.purchases.commands import post_sale
from erp_club.purchases.sale import Payment
from erp_club.receipts.kinds import Means
from erp_club.receipts.models import Receipt, ReceiptLine, ReceiptNumber, ReceiptPayment
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.purchases import NOW, a_line, a_product, a_sale, a_till, another_till, ledger
from tests.make.wire import statements


def test_a_sale_writes_its_receipt_lines_payments_and_points(session: Session) -> None:
    till, milk = a_till(session), a_product(session)
    customer_id = a_customer(session)
    account = a_membership(session, customer_id, a_club(session)).points_account_id
    lines = (a_line(milk, 19_99), a_line(milk, 10_00, list_minor=12_00))
    payments = (Payment(Means.CARD, 20_00), Payment(Means.CASH, 10_00))
    posted = post_sale(session, a_sale(till, *lines, customer_id=customer_id, payments=payments), now=NOW, by=till.by)

    assert [(each.points, each.balance) for each in posted.earned] == [(2, 2)]
    row = session.execute(sa.select(Receipt).where(Receipt.id == posted.receipt_id)).scalar_one()
    assert (row.customer_id, row.store_id, row.terminal_id) == (customer_id, till.store_id, till.terminal_id)
    assert (row.list_minor, row.total_minor, row.rounding_minor) == (31_99, 29_99, 1)
    told = session.execute(
        sa.select(ReceiptLine.line_no, ReceiptLine.list_minor, ReceiptLine.amount_minor).order_by(ReceiptLine.line_no)
    ).all()
    assert [tuple(line) for line in told] == [(1, 19_99, 19_99), (2, 12_00, 10_00)]
    paid = session.execute(
        sa.select(ReceiptPayment.payment_no, ReceiptPayment.means, ReceiptPayment.amount_minor).order_by("payment_no")
    ).all()
    assert [tuple(each) for each in paid] == [(1, "card", 20_00), (2, "cash", 10_00)]
    movement = session.execute(sa.select(PointsMovement)).scalar_one()
    assert (movement.receipt_id, movement.store_id, movement.on_date) == (row.id, till.store_id, NOW.date())
    assert ledger(session, account) == (2, 1, [(1, 2, 2)])


def test_it_takes_one_statement_to_write_and_one_to_read_the_rates(session: Session) -> None:
    till, milk = a_till(session), a_product(session)
    customer_id = a_customer(session)
    a_membership(session, customer_id, a_club(session))
    with statements(session) as sent:
        post_sale(session, a_sale(till, a_line(milk), customer_id=customer_id), now=NOW, by=till.by)
    assert len(sent) == 2


def test_each_sale_continues_the_account_without_gaps(session: Session) -> None:
    till, milk = a_till(session), a_product(session)
    customer_id = a_customer(session)
    account = a_membership(session, customer_id, a_club(session)).points_account_id
    for number, amount in enumerate((10_00, 5_00, 35_00), 1):
        sale = a_sale(till, a_line(milk, amount), customer_id=customer_id, receipt_no=str(number))
        post_sale(session, sale, now=NOW, by=till.by)
    # 5.00 earns nothing at 1 for each 10.00, and leaves no movement.
    assert ledger(session, account) == (4, 2, [(1, 1, 1), (2, 3, 4)])


def test_every_club_gives_by_its_own_rate(session: Session) -> None:
    till, milk = a_till(session), a_product(session)
    customer_id = a_customer(session)
    gold = a_membership(session, customer_id, a_club(session, "GOLD")).points_account_id
    green = a_membership(session, customer_id, a_club(session, "GREEN")).points_account_id
    session.execute(sa.text("UPDATE clubs SET earn_points = 3, earn_per_minor = 500 WHERE code = 'GREEN'"))
    sale = a_sale(till, a_line(milk, 24_00), customer_id=customer_id)
    earned = post_sale(session, sale, now=NOW, by=till.by).earned
    assert {each.names["en"]: each.points for each in earned} == {"Gold club": 2, "Green club": 12}
    assert (ledger(session, gold)[0], ledger(session, green)[0]) == (2, 12)


@pytest.mark.parametrize("state", [ClubState.DRAFT, ClubState.CLOSED])
def test_a_club_that_is_not_published_gives_nothing(session: Session, state: ClubState) -> None:
    till, milk = a_till(session), a_product(session)
    customer_id, club_id = a_customer(session), a_club(session)
    account = a_membership(session, customer_id, club_id).points_account_id
    session.execute(sa.text("UPDATE clubs SET state = :state"), {"state": state.value})
    posted = post_sale(session, a_sale(till, a_line(milk), customer_id=customer_id), now=NOW, by=till.by)
    assert posted.earned == ()
    assert ledger(session, account) == (0, 0, [])


def test_points_need_a_membership_that_holds_on_the_day_of_the_sale(session: Session) -> None:
    till, milk = a_till(session), a_product(session)
    customer_id = a_customer(session)
    a_membership(session, customer_id, a_club(session), joined_on=NOW.date())
    before = NOW - dt.timedelta(days=1)
    late = a_sale(till, a_line(milk), customer_id=customer_id, sold_at=before)
    assert post_sale(session, late, now=NOW, by=till.by).earned == ()


def test_nobody_known_earns_nothing(session: Session) -> None:
    till, milk = a_till(session), a_product(session)
    posted = post_sale(session, a_sale(till, a_line(milk)), now=NOW, by=till.by)
    assert (posted.customer_id, posted.earned) == (0, ())
    assert session.scalar(sa.select(sa.func.count()).select_from(PointsMovement)) == 0


def test_what_earns_no_points_is_left_out(session: Session) -> None:
    till, milk = a_till(session), a_product(session)
    customer_id = a_customer(session)
    a_membership(session, customer_id, a_club(session))
    lines = (a_line(milk, 10_00), a_line(milk, 50_00, earns=False))
    posted = post_sale(session, a_sale(till, *lines, customer_id=customer_id), now=NOW, by=till.by)
    assert [each.points for each in posted.earned] == [1]


def test_a_store_has_each_receipt_number_once_and_another_store_its_own(session: Session) -> None:
    till, milk = a_till(session), a_product(session)
    customer_id = a_customer(session)
    account = a_membership(session, customer_id, a_club(session)).points_account_id
    sale = a_sale(till, a_line(milk), customer_id=customer_id)
    post_sale(session, sale, now=NOW, by=till.by)
    with pytest.raises(Conflict) as caught:
        post_sale(session, sale, now=NOW, by=till.by)
    assert (caught.value.code, caught.value.fields[0].field) == ("receipt-exists", "receipt_no")
    assert ledger(session, account) == (1, 1, [(1, 1, 1)])
    assert session.scalar(sa.select(sa.func.count()).select_from(ReceiptLine)) == 1
    elsewhere = another_till(session, store_code="375", username="cashier2")
    post_sale(session, a_sale(elsewhere, a_line(milk)), now=NOW, by=elsewhere.by)
    assert session.scalar(sa.select(sa.func.count()).select_from(ReceiptNumber)) == 2


def test_a_sale_opens_a_lot_or_adds_to_it(session: Session) -> None:
    """REQ P-09: one lot a month where points never expire, one for each last day where they do."""
    till, milk = a_till(session), a_product(session)
    customer_id, club_id = a_customer(session), a_club(session)
    a_membership(session, customer_id, club_id)

    def sell(number: int) -> None:
        sale = a_sale(till, a_line(milk, 30_00), customer_id=customer_id, receipt_no=str(number))
        post_sale(session, sale, now=NOW, by=till.by)

    sell(1)
    sell(2)
    month_end = RulesDocument(EarnedTerms(expiry=Expiry(ExpiryKind.MONTHS_END, months=3)))
    add_rules(session, club_id, month_end, effective_from=NOW.date(), now=NOW, by=SYSTEM)
    sell(3)
    lots = session.execute(
        sa.select(PointsLot.available_on, PointsLot.last_day, PointsLot.rule_version, PointsLot.earned_month)
        .add_columns(PointsLot.earned, PointsLot.remaining)
        .order_by(PointsLot.id)
    ).all()
    first = dt.date(2026, 11, 1)
    assert [tuple(lot) for lot in lots] == [
        (first, None, 1, first, 6, 6),
        (first, dt.date(2027, 2, 28), 2, None, 3, 3),
    ]
    parts = session.execute(sa.select(PointsMovementLot.seq, PointsMovementLot.points).order_by("seq")).all()
    assert [tuple(part) for part in parts] == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("debt", "left", "parts"), [(2, 1, [("debt", 2), ("lot", 1)]), (3, 0, [("debt", 3)]), (5, -2, [("debt", 3)])]
)
def test_what_a_sale_earns_pays_a_debt_first(
    session: Session, debt: int, left: int, parts: list[tuple[str, int]]
) -> None:
    """REQ P-08"""
    till, milk = a_till(session), a_product(session)
    customer_id = a_customer(session)
    account = a_membership(session, customer_id, a_club(session)).points_account_id
    moved(session, customer_id, account, -debt)
    sale = a_sale(till, a_line(milk, 30_00), customer_id=customer_id)
    post_sale(session, sale, now=NOW, by=till.by)
    row = session.execute(sa.select(PointsAccount.balance, PointsAccount.debt)).one()
    assert tuple(row) == (left, max(-left, 0))
    rows = session.execute(
        sa.select(PointsMovementLot.lot_id, PointsMovementLot.points)
        .where(PointsMovementLot.seq == 2)
        .order_by(PointsMovementLot.lot_id)
    )
    assert [("lot" if lot_id else "debt", points) for lot_id, points in rows] == parts


def test_where_inactivity_ends_a_balance_each_purchase_moves_its_last_day_even_if_it_earns_nothing(
    session: Session,
) -> None:
    """REQ P-09"""
    till, milk = a_till(session), a_product(session)
    customer_id, club_id = a_customer(session), a_club(session)
    account = a_membership(session, customer_id, club_id).points_account_id
    idle = RulesDocument(EarnedTerms(expiry=Expiry(ExpiryKind.INACTIVITY, months=6)))
    add_rules(session, club_id, idle, effective_from=NOW.date(), now=NOW, by=SYSTEM)
    sale = a_sale(till, a_line(milk, 5_00), customer_id=customer_id)
    assert post_sale(session, sale, now=NOW, by=till.by).earned == ()
    assert session.scalar(sa.select(PointsAccount.idle_last_day)) == dt.date(2027, 5, 22)
    assert ledger(session, account) == (0, 0, [])
    late = a_sale(
        till, a_line(milk, 5_00), customer_id=customer_id, receipt_no="LATE", sold_at=NOW - dt.timedelta(days=2)
    )
    post_sale(session, late, now=NOW, by=till.by)
    assert session.scalar(sa.select(PointsAccount.idle_last_day)) == dt.date(2027, 5, 22), "an offline sale came late"


@pytest.mark.parametrize("ended", [True, False])
def test_a_purchase_gives_back_nothing_that_was_idle_for_too_long_before_it_though_the_night_is_late(
    session: Session, ended: bool
) -> None:
    """REQ P-09 J-01"""
    till, milk = a_till(session), a_product(session)
    customer_id, club_id = a_customer(session), a_club(session)
    account = a_membership(session, customer_id, club_id).points_account_id
    idle = RulesDocument(EarnedTerms(expiry=Expiry(ExpiryKind.INACTIVITY, months=6)))
    add_rules(session, club_id, idle, effective_from=NOW.date(), now=NOW, by=SYSTEM)
    moved(session, customer_id, account, 100)
    last_day = NOW.date() - dt.timedelta(days=1 if ended else 0)
    session.execute(sa.update(PointsAccount).values(idle_last_day=last_day))
    sale = a_sale(till, a_line(milk, 50_00), customer_id=customer_id)
    assert post_sale(session, sale, now=NOW, by=till.by).earned[0].balance == (5 if ended else 105)
    assert session.scalar(sa.select(PointsAccount.idle_last_day)) == dt.date(2027, 5, 22)
    kinds = session.scalars(sa.select(PointsMovement.kind).order_by(PointsMovement.seq)).all()
    assert kinds == (["earned", "expired", "earned"] if ended else ["earned", "earned"])
    assert faults(session) == []
