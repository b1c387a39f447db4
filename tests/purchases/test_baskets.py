# REQ T-01 T-06: the basket of a till
import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.cards.kinds import CardState
from erp_club.clubs.commands import join_club
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Conflict, Invalid, NotFound, Refused
from erp_club.purchases.baskets import commands, entering, queries
from erp_club.purchases.baskets.entering import Entered
from erp_club.purchases.models import BasketLine
from erp_club.receipts.kinds import Means
from erp_club.receipts.queries import receipt
from tests.make.clubs import a_card, a_club, a_membership
from tests.make.customers import a_person
from tests.make.purchases import NOW, Till, a_place, a_product, a_till, a_till_in

MILK, COFFEE = "7290000000017", "7290000000024"
TODAY = dt.date(2026, 11, 22)


@pytest.fixture
def till(session: Session) -> Till:
    made = a_till(session)
    a_product(session, MILK, price_minor=6_43)
    a_product(session, COFFEE, price_minor=42_50, name="Coffee")
    return made


def enter(session: Session, till: Till, typed: str) -> Entered:
    return entering.enter(session, typed, a_place(session, till), country="IL")


def basket(session: Session, till: Till) -> list[tuple[str, int]]:
    opened = queries.open_basket(session, till.terminal_id)
    return [(line.sku, line.line.quantity_milli) for line in queries.lines(session, opened.id)] if opened else []


def customer(session: Session, till: Till) -> int | None:
    opened = queries.open_basket(session, till.terminal_id)
    return opened.customer_id if opened else None


def pay(session: Session, till: Till, means: Means = Means.CASH, **known: int) -> commands.Paid:
    return commands.pay(
        session,
        a_place(session, till),
        means=means,
        tendered_minor=known.get("tendered_minor"),
        expected_minor=known.get("expected_minor"),
        currency="ILS",
    )


def test_an_x_means_times_where_no_code_has_it(session: Session, till: Till):
    a_product(session, "3x4011", name="Frame")
    enter(session, till, f"2x{MILK}")
    enter(session, till, f"0.5 X {MILK}")
    enter(session, till, "3x4011")
    assert basket(session, till) == [(MILK, 2500), ("3x4011", 1000)]


def test_an_item_scanned_again_adds_to_its_line(session: Session, till: Till):
    assert enter(session, till, MILK).line_no == 1
    assert enter(session, till, COFFEE).line_no == 2
    assert enter(session, till, MILK).line_no == 1
    enter(session, till, f"3*{COFFEE}")
    assert basket(session, till) == [(MILK, 2000), (COFFEE, 4000)]


def test_weighed_goods_are_typed_with_their_weight(session: Session, till: Till):
    enter(session, till, f"0.755*{MILK}")
    opened = queries.open_basket(session, till.terminal_id)
    assert opened
    assert [line.line.amount_minor for line in queries.lines(session, opened.id)] == [4_85]


def test_a_quantity_is_set_changed_and_taken_away(session: Session, till: Till):
    enter(session, till, MILK)
    enter(session, till, COFFEE)
    commands.set_quantity(session, 1, 5000, now=NOW, by=till.by)
    commands.change_quantity(session, 1, -1000, now=NOW, by=till.by)
    assert basket(session, till) == [(MILK, 4000), (COFFEE, 1000)]
    commands.change_quantity(session, 2, -1000, now=NOW, by=till.by)
    commands.remove_line(session, 1, now=NOW, by=till.by)
    assert basket(session, till) == []
    with pytest.raises(NotFound):
        commands.remove_line(session, 1, now=NOW, by=till.by)


def test_a_line_never_holds_more_than_can_be_right(session: Session, till: Till):
    enter(session, till, f"9999*{MILK}")
    with pytest.raises(Refused) as refused:
        enter(session, till, MILK)
    assert refused.value.code == "quantity"


@pytest.mark.parametrize(
    ("lines", "price_minor", "code"), [(2000, 1_00, "too-many-lines"), (2, 10**11 - 20_00, "total-too-large")]
)
def test_what_no_receipt_could_hold_is_refused_as_it_is_scanned(
    session: Session, till: Till, lines: int, price_minor: int, code: str
):
    enter(session, till, MILK)
    opened = queries.open_basket(session, till.terminal_id)
    assert opened is not None
    milk = queries.product_by_code(session, MILK)
    row = {"basket_id": opened.id, "product_id": milk, "quantity_milli": 1000, "price_minor": price_minor}
    session.execute(sa.insert(BasketLine), [row | {"line_no": nth} for nth in range(2, lines + 1)])
    opened.last_line = lines
    commands.set_quantity(session, 1, 2000, now=NOW, by=till.by)
    with pytest.raises(Refused) as refused, session.begin_nested():
        enter(session, till, COFFEE)
    assert refused.value.code == code
    assert len(basket(session, till)) == lines


def test_a_card_a_phone_and_a_name_identify_the_customer(session: Session, till: Till):
    noa = a_person(session, given_name="Noa", family_name="Levi", mobile="0526961785")
    a_card(session, noa, "2900000000018")
    for typed in ("2900000000018", ";2900000000018=2512?", "052-696 1785", "+972526961785", "noa levi"):
        commands.remove_customer(session, now=NOW, by=till.by)
        assert enter(session, till, typed) == Entered()
        assert customer(session, till) == noa


def test_a_blocked_card_identifies_nobody(session: Session, till: Till):
    a_card(session, a_person(session), "2900000000018", state=CardState.BLOCKED)
    with pytest.raises(Conflict) as refused:
        enter(session, till, "2900000000018")
    assert refused.value.code == "card-blocked"
    assert customer(session, till) is None


def test_several_customers_are_left_to_choose_from(session: Session, till: Till):
    people = {a_person(session, given_name="Noa"), a_person(session, given_name="Noam")}
    entered = enter(session, till, "noa")
    assert {each.customer_id for each in entered.found} == people
    assert customer(session, till) is None


def test_the_beginning_of_somebodys_number_is_shown_before_it_counts(session: Session, till: Till):
    a_person(session, number="55001234")
    assert len(enter(session, till, "5500").found) == 1
    assert customer(session, till) is None


@pytest.mark.parametrize(
    ("typed", "code"),
    [("7290011234562", "unknown-code"), ("3*7290011234562", "unknown-code"), ("0521112222", "nobody-found")],
)
def test_what_nothing_has_is_told_and_changes_nothing(session: Session, till: Till, typed: str, code: str):
    enter(session, till, MILK)
    with pytest.raises(Refused) as refused:
        enter(session, till, typed)
    assert refused.value.code == code
    assert basket(session, till) == [(MILK, 1000)]


def test_a_sale_is_held_and_taken_up_again_with_its_customer(session: Session, till: Till):
    noa = a_person(session)
    enter(session, till, MILK)
    commands.set_customer(session, noa, now=NOW, by=till.by)
    commands.hold(session, now=NOW, by=till.by)
    enter(session, till, f"2*{COFFEE}")
    [held] = queries.held(session, till.terminal_id)
    assert (held.items, held.total_minor, held.family_name) == (1, 6_43, "Cohen")
    commands.resume(session, held.basket_id, now=NOW, by=till.by)
    assert (basket(session, till), customer(session, till)) == ([(MILK, 1000)], noa)
    [instead] = queries.held(session, till.terminal_id)
    assert (instead.items, instead.total_minor) == (2, 85_00)


def test_another_till_does_not_take_up_a_held_sale(session: Session, till: Till):
    other = a_till_in(session, till.store_id, username="other")
    enter(session, till, MILK)
    commands.hold(session, now=NOW, by=till.by)
    [held] = queries.held(session, till.terminal_id)
    with pytest.raises(NotFound):
        commands.resume(session, held.basket_id, now=NOW, by=other.by)
    assert queries.held(session, other.terminal_id) == []


def test_a_dropped_sale_leaves_a_trace_and_can_be_had_back(session: Session, till: Till):
    enter(session, till, MILK)
    dropped = commands.drop(session, now=NOW, by=till.by)
    assert (basket(session, till), queries.held(session, till.terminal_id)) == ([], [])
    entry = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "basket.drop")).one()
    assert entry.before == {"lines": 1, "total_minor": 6_43}
    commands.resume(session, dropped, now=NOW, by=till.by)
    assert basket(session, till) == [(MILK, 1000)]


def test_an_empty_basket_is_neither_held_nor_dropped_nor_paid(session: Session, till: Till):
    for command in (commands.hold, commands.drop):
        with pytest.raises(Conflict):
            command(session, now=NOW, by=till.by)
    with pytest.raises(Conflict):
        pay(session, till)


def test_paying_in_cash_rounds_and_gives_change(session: Session, till: Till):
    enter(session, till, MILK)
    paid = pay(session, till, tendered_minor=10_00, expected_minor=6_43)
    assert (paid.posted.total_minor, paid.posted.rounding_minor, paid.change_minor) == (6_43, -3, 3_60)
    found = receipt(session, paid.posted.receipt_id)
    assert [(each.means, each.amount_minor) for each in found.payments] == [(Means.CASH, 6_40)]
    assert basket(session, till) == []


def test_paying_by_card_rounds_nothing(session: Session, till: Till):
    enter(session, till, MILK)
    paid = pay(session, till, Means.CARD)
    assert (paid.posted.rounding_minor, paid.tendered_minor, paid.change_minor) == (0, None, 0)


def test_too_little_cash_or_another_total_posts_nothing(session: Session, till: Till):
    enter(session, till, MILK)
    with pytest.raises(Invalid):
        pay(session, till, tendered_minor=6_39)
    with pytest.raises(Conflict) as refused:
        pay(session, till, expected_minor=6_40)
    assert refused.value.code == "total-changed"
    assert basket(session, till) == [(MILK, 1000)]


def test_each_tills_receipts_have_numbers_of_their_own(session: Session, till: Till):
    other = a_till_in(session, till.store_id, username="other")
    numbers: list[str] = []
    for each in (till, till, other):
        enter(session, each, MILK)
        numbers.append(pay(session, each).posted.receipt_no)
    assert numbers == ["T1-000001", "T1-000002", "T2-000001"]


def test_who_joins_in_the_sale_earns_by_it(session: Session, till: Till):
    noa, club = a_person(session), a_club(session)
    enter(session, till, COFFEE)
    commands.set_customer(session, noa, now=NOW, by=till.by)
    join_club(session, noa, club_id=club, today=TODAY, now=NOW, by=till.by)
    [earned] = pay(session, till).posted.earned
    assert (earned.points, earned.balance) == (4, 4)


def test_a_customer_of_long_ago_is_shown_as_no_longer_valid(session: Session, till: Till):
    noa, club = a_person(session), a_club(session)
    a_membership(session, noa, club, joined_on=dt.date(2024, 1, 1))
    enter(session, till, COFFEE)
    commands.set_customer(session, noa, now=NOW, by=till.by)
    assert pay(session, till).posted.earned == ()


def test_ten_scans_at_once_make_ten_units(committed: Database):
    with committed.session() as session:
        till = a_till(session)
        a_product(session, MILK)
        session.commit()
    together = Barrier(10)

    def scan(_: int) -> None:
        together.wait()
        with committed.session() as session:
            enter(session, till, MILK)
            session.commit()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(scan, range(10)))
    with committed.session() as session:
        assert basket(session, till) == [(MILK, 10_000)]


def test_a_basket_paid_twice_at_once_makes_one_sale(committed: Database):
    with committed.session() as session:
        till = a_till(session)
        a_product(session, MILK)
        enter(session, till, MILK)
        session.commit()
    together = Barrier(2)

    def pay_at_once(_: int) -> str:
        together.wait()
        with committed.session() as session:
            try:
                made = pay(session, till).posted.receipt_no
            except Conflict as refused:
                return refused.code
            session.commit()
            return made

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(pay_at_once, range(2))) == ["T1-000001", "basket-empty"]
