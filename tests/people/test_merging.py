# REQ C-08: two records of one person become one, and can be parted again
import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.cards.queries import read_card
from erp_club.catalogue.commands import ProductChanges, edit_product
from erp_club.clubs.commands import renew_membership
from erp_club.clubs.models import Membership
from erp_club.clubs.queries import memberships
from erp_club.customers import queries as customers
from erp_club.customers.commands import edit_customer
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import ConsentChange, Customer
from erp_club.customers.relatives.commands import add_relative
from erp_club.customers.relatives.kinds import RelativeKind
from erp_club.customers.relatives.queries import relatives_of
from erp_club.jobs.verify import wrong_rows
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Conflict, Invalid, NotFound, Refused
from erp_club.people.merging.commands import merge_customers
from erp_club.people.merging.undoing.commands import undo_merge
from erp_club.people.models import CustomerMerge
from erp_club.permissions.actors import SYSTEM
from erp_club.points.commands import freeze_account, redeem_points, revive_account
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Account, Cause
from erp_club.points.models import PointsAccount, PointsMovement
from erp_club.purchases.commands import post_sale
from erp_club.purchases.segment_registry import REGISTRY
from erp_club.receipts.queries import ReceiptFilters, listing, months
from erp_club.receipts.rollups.commands import roll_all
from erp_club.segments import queries
from erp_club.segments.reading import read_condition
from erp_club.tables import metadata
from tests.make.clubs import a_card, a_club, a_membership
from tests.make.customers import a_person
from tests.make.purchases import a_line, a_product, a_sale, a_till

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
TODAY = NOW.date()
LATER = NOW + dt.timedelta(days=3)


def merge(session: Session, survivor: int, merged: int, *take: str) -> int:
    return merge_customers(session, survivor, merged, take=take, today=TODAY, now=NOW, by=SYSTEM)


def undo(session: Session, merge_id: int) -> int:
    return undo_merge(session, merge_id, today=LATER.date(), now=LATER, by=SYSTEM)


def found(session: Session, text: str) -> list[int]:
    return [each.customer_id for each in customers.find(session, text, country="IL")]


def value(session: Session, customer_id: int, column: str) -> Any:
    return session.execute(sa.select(Customer.__table__.c[column]).where(Customer.id == customer_id)).scalar_one()


@pytest.fixture
def two(session: Session) -> tuple[int, int]:
    """Yael Cohen, and what was opened a second time as Yaeli Kohen."""
    survivor = a_person(session, number="S1", mobile="0530302018", city="Haifa")
    merged = a_person(
        session,
        number="M1",
        given_name="Yaeli",
        family_name="Kohensky",
        phone="048123456",
        email="yaeli@example.org",
        id_number="355675463",
        own_id="FOB-77",
    )
    return survivor, merged


def test_all_that_was_known_of_the_other_finds_the_one_who_is_left(session: Session, two: tuple[int, int]):
    survivor, merged = two
    a_card(session, merged, "2900000000018")
    merge(session, survivor, merged)
    for text in ("M1", "048123456", "yaeli@example.org", "355675463", "FOB-77", "Yaeli Kohensky", "2900000000018"):
        assert found(session, text) == [survivor], text
    assert found(session, "S1") == [survivor]
    assert read_card(session, "2900000000018").customer_id == survivor
    assert customers.customer_id_by_number(session, "M1") == survivor
    with pytest.raises(Refused) as led:
        customers.record(session, merged)
    assert (led.value.status, led.value.facts) == (308, {"customer_id": survivor})


def test_the_fields_that_were_picked_come_over_and_go_back(session: Session, two: tuple[int, int]):
    survivor, merged = two
    merge_id = merge(session, survivor, merged, "email", "id_number", "own_id", "family_name")
    record = customers.record(session, survivor)
    assert (record.given_name, record.family_name, record.email) == ("Yael", "Kohensky", "yaeli@example.org")
    assert (record.id_country, record.own_id, record.phone) == ("IL", "FOB-77", None)
    assert found(session, "Kohensky") == [survivor]
    undo(session, merge_id)
    record, back = customers.record(session, survivor), customers.record(session, merged)
    assert (record.family_name, record.email, record.id_number, record.own_id) == ("Cohen", None, None, None)
    assert (back.family_name, back.email, back.own_id) == ("Kohensky", "yaeli@example.org", "FOB-77")
    assert found(session, "355675463") == [merged]


def test_a_field_that_somebody_changed_since_stays_when_the_merge_is_undone(session: Session, two: tuple[int, int]):
    survivor, merged = two
    merge_id = merge(session, survivor, merged, "email", "phone")
    edit_customer(session, survivor, {"email": "new@example.org"}, country="IL", now=NOW, by=SYSTEM)
    undo(session, merge_id)
    assert (value(session, survivor, "email"), value(session, survivor, "phone")) == ("new@example.org", None)


@pytest.mark.parametrize(
    ("ours", "theirs", "together"),
    [(True, False, False), (False, True, False), (None, True, True), (True, None, True), (None, False, False)],
)
def test_no_merge_makes_a_yes_of_a_no(session: Session, ours: bool | None, theirs: bool | None, together: bool):
    survivor, merged = a_person(session, consent_sms=ours), a_person(session, consent_sms=theirs)
    merge_id = merge(session, survivor, merged)
    assert value(session, survivor, "consent_sms") is together
    undo(session, merge_id)
    assert value(session, survivor, "consent_sms") is (False if together is False else ours)
    assert value(session, merged, "consent_sms") is theirs
    log = session.scalars(
        sa.select(ConsentChange.given).where(ConsentChange.customer_id == survivor, ConsentChange.source == "merge")
    ).all()
    assert log == ([] if together is ours else [together])


def test_a_no_that_was_said_since_the_merge_holds_for_both(session: Session):
    survivor, merged = a_person(session, consent_sms=True), a_person(session, consent_sms=True)
    merge_id = merge(session, survivor, merged)
    edit_customer(session, survivor, {"consent_sms": False}, country="IL", now=NOW, by=SYSTEM)
    undo(session, merge_id)
    assert (value(session, survivor, "consent_sms"), value(session, merged, "consent_sms")) == (False, False)


def test_a_membership_that_only_the_other_has_moves_with_its_points_and_back_with_those_earned_since(session: Session):
    till = a_till(session)
    milk, club = a_product(session, price_minor=100_00), a_club(session)
    survivor, merged = a_person(session), a_person(session)
    joined = a_membership(session, merged, club)
    post_sale(session, a_sale(till, a_line(milk, 100_00), customer_id=merged, receipt_no="1-1"), now=NOW, by=till.by)
    merge_id = merge(session, survivor, merged)
    (held,) = memberships(session, survivor, today=TODAY)
    assert (held.membership_id, held.balance, held.is_valid) == (joined.membership_id, 10, True)
    post_sale(session, a_sale(till, a_line(milk, 100_00), customer_id=survivor, receipt_no="1-2"), now=NOW, by=till.by)
    undo(session, merge_id)
    assert memberships(session, survivor, today=TODAY) == []
    (back,) = memberships(session, merged, today=TODAY)
    assert (back.membership_id, back.points_account_id, back.balance) == (
        joined.membership_id,
        joined.points_account_id,
        20,
    )
    assert wrong_rows(session) == []


def test_in_a_club_that_both_are_in_days_and_points_join_and_part_again(session: Session):
    till = a_till(session)
    milk, club = a_product(session, price_minor=100_00), a_club(session)
    survivor, merged = a_person(session), a_person(session)
    ours = a_membership(session, survivor, club, joined_on=dt.date(2026, 1, 1))
    a_membership(session, merged, club, joined_on=dt.date(2026, 6, 1))
    for customer, number in ((survivor, "1-1"), (merged, "1-2")):
        sale = a_sale(till, a_line(milk, 100_00), customer_id=customer, receipt_no=number)
        post_sale(session, sale, now=NOW, by=till.by)
    merge_id = merge(session, survivor, merged)
    (held,) = memberships(session, survivor, today=TODAY)
    assert (held.membership_id, held.valid_until, held.balance) == (ours.membership_id, dt.date(2027, 5, 31), 20)
    account = Account(held.points_account_id, survivor)
    redeem_points(session, account, 15, cause=Cause(MovementKind.REDEEMED, TODAY, NOW, SYSTEM))
    undo(session, merge_id)
    (left,), (back,) = (memberships(session, each, today=TODAY) for each in (survivor, merged))
    assert (left.valid_until, back.valid_until) == (dt.date(2026, 12, 31), dt.date(2027, 5, 31))
    assert (left.balance, back.balance) == (0, 5)
    assert wrong_rows(session) == []


def in_segment(session: Session, where: object) -> list[str]:
    return sorted(queries.numbers(session, read_condition(where, REGISTRY), queries.facts(session, TODAY)))


PURCHASES = {"metric": "purchases", "op": "ge"}
SEGMENTS: dict[str, Any] = {
    "summaries": PURCHASES | {"value": 3},
    "days": PURCHASES | {"value": 3, "over": {"last_days": 30}},
    "groups": PURCHASES | {"value": 3, "of": {"group": ["DAIRY"]}},
    "lines": PURCHASES | {"value": 3, "of": {"sku": ["7290000000017"]}},
    "favourite": {"field": "favourite_product", "op": "eq", "value": "7290000000017"},
    "score": {"field": "frequency_score", "op": "eq", "value": 1},
}


def test_segments_and_the_proof_of_sums_hold_after_a_merge_and_after_its_undoing(session: Session):
    till = a_till(session)
    milk = a_product(session, "7290000000017", price_minor=10_00)
    edit_product(session, milk, ProductChanges(group="DAIRY"), now=NOW, by=SYSTEM)
    survivor, merged = a_person(session, number="S1"), a_person(session, number="M1")
    a_person(session, number="N1")

    def buy(customer_id: int, number: str) -> None:
        sale = a_sale(till, a_line(milk, 10_00), customer_id=customer_id, receipt_no=number)
        post_sale(session, sale, now=NOW, by=till.by)

    buy(survivor, "1")
    buy(merged, "2")
    roll_all(session)
    buy(merged, "3")  # waits for the rollups while the two become one
    asked = {name: in_segment(session, where) for name, where in SEGMENTS.items()}
    assert asked == {name: [] for name in SEGMENTS} | {"favourite": ["M1", "S1"], "score": ["S1"]}
    merge_id = merge(session, survivor, merged)
    for _ in range(2):
        assert {(name, *in_segment(session, where)) for name, where in SEGMENTS.items()} == {
            (n, "S1") for n in SEGMENTS
        }
        assert wrong_rows(session) == []
        roll_all(session)
    buy(survivor, "4")
    undo(session, merge_id)
    two = PURCHASES | {"value": 2}
    for _ in range(2):
        assert {name: in_segment(session, where) for name, where in SEGMENTS.items()} == asked
        assert in_segment(session, two) == ["M1", "S1"]
        assert wrong_rows(session) == []
        roll_all(session)


def test_points_that_are_frozen_stay_frozen_with_whoever_they_go_to(session: Session):
    survivor, merged = a_person(session), a_person(session)
    joined = a_membership(session, merged, a_club(session))
    until = dt.date(2027, 1, 31)
    freeze_account(session, Account(joined.points_account_id, merged), until=until)
    merge_id = merge(session, survivor, merged)
    (held,) = memberships(session, survivor, today=TODAY)
    standing = sa.select(PointsAccount.state, PointsAccount.frozen_until).where(PointsAccount.customer_id == survivor)
    assert [tuple(row) for row in session.execute(standing)] == [("frozen", until)]
    revive_account(session, Account(held.points_account_id, survivor))
    undo(session, merge_id)
    back = sa.select(PointsAccount.state).where(PointsAccount.id == joined.points_account_id)
    assert session.scalars(back).all() == ["open"]


def test_receipts_and_movements_are_not_rewritten_and_are_shown_together(session: Session):
    till = a_till(session)
    milk, club = a_product(session, price_minor=100_00), a_club(session)
    survivor, merged = a_person(session), a_person(session)
    account = a_membership(session, merged, club).points_account_id
    post_sale(session, a_sale(till, a_line(milk, 100_00), customer_id=merged, receipt_no="1-1"), now=NOW, by=till.by)
    post_sale(session, a_sale(till, a_line(milk, 50_00), customer_id=survivor, receipt_no="1-2"), now=NOW, by=till.by)
    merge(session, survivor, merged)
    shown = listing(
        session, ReceiptFilters(person_id=survivor), sort="receipt_no", descending=False, offset=0, limit=10
    )
    assert [(each.receipt_no, each.customer_id) for each in shown] == [("1-1", merged), ("1-2", survivor)]
    assert [each.total_minor for each in months(session, survivor)] == [150_00]
    rows = session.execute(
        sa.select(PointsMovement.customer_id, PointsMovement.kind, PointsMovement.points)
        .where(PointsMovement.customer_id.in_((survivor, merged)))
        .order_by(PointsMovement.customer_id.desc(), PointsMovement.seq)
    ).all()
    assert [tuple(row) for row in rows] == [
        (merged, "earned", 10),
        (merged, "transferred", -10),
        (survivor, "transferred", 10),
    ]
    assert account


def test_relatives_move_and_a_link_between_the_two_goes(session: Session):
    survivor, merged, child = a_person(session), a_person(session), a_person(session, number="K1", given_name="Noa")
    say: dict[str, Any] = {"today": TODAY, "now": NOW, "by": SYSTEM}
    add_relative(session, merged, kind=RelativeKind.CHILD, number="K1", **say)
    add_relative(session, survivor, kind=RelativeKind.CHILD, number="K1", **say)
    add_relative(session, merged, kind=RelativeKind.SPOUSE, name="Moshe", **say)
    add_relative(session, merged, kind=RelativeKind.OTHER, number=customers.record(session, survivor).number, **say)
    merge_id = merge(session, survivor, merged)
    assert [each.name for each in relatives_of(session, survivor)] == ["Moshe", "Noa Cohen"]
    undo(session, merge_id)
    assert [each.name for each in relatives_of(session, merged)] == ["Moshe", "Noa Cohen", "Yael Cohen"]
    assert child in {each.customer_id for each in relatives_of(session, survivor)}


def test_a_chain_of_merges_leads_to_the_last_and_is_undone_from_its_end(session: Session):
    a, b, c = (a_person(session, number=f"{each}-1") for each in "ABC")
    first, second = merge(session, b, a), merge(session, c, b)
    assert found(session, "A-1") == found(session, "B-1") == [c]
    with pytest.raises(Conflict) as refused:
        undo(session, first)
    assert refused.value.code == "survivor-gone"
    undo(session, second)
    assert (found(session, "A-1"), found(session, "C-1")) == ([b], [c])
    undo(session, first)
    assert [found(session, f"{each}-1") for each in "ABC"] == [[a], [b], [c]]
    with pytest.raises(Conflict, match="undone already"):
        undo(session, first)


def test_nobody_is_merged_with_themselves_or_with_nobody(session: Session):
    yael = a_person(session)
    with pytest.raises(Invalid):
        merge(session, yael, yael)
    with pytest.raises(NotFound):
        merge(session, yael, 2_000_000_000)
    with pytest.raises(NotFound):
        merge(session, yael, 0)


def test_of_a_into_b_and_b_into_a_at_once_one_wins_and_the_other_is_told(committed: Database):
    with committed.session() as session:
        pairs = [(a_person(session, number=f"A{n}"), a_person(session, number=f"B{n}")) for n in range(10)]
        session.commit()
    ready = Barrier(2)

    def one(turn: int) -> list[str]:
        told: list[str] = []
        for pair in pairs:
            ready.wait(timeout=30)
            survivor, merged = pair if turn else pair[::-1]
            with committed.session() as session:
                try:
                    merge(session, survivor, merged)
                    session.commit()
                    told.append("merged")
                except Conflict as refused:
                    told.append(refused.code)
        return told

    with ThreadPoolExecutor(2) as pool:
        left, right = pool.map(one, (0, 1))
    assert {frozenset(each) for each in zip(left, right, strict=True)} == {frozenset({"merged", "merged-already"})}
    with committed.session() as session:
        states = session.scalars(sa.select(Customer.state).where(Customer.id != 0)).all()
        assert sorted(states) == [CustomerState.ACTIVE] * 10 + [CustomerState.MERGED] * 10
        assert session.scalar(sa.select(sa.func.count()).select_from(CustomerMerge)) == 10


def test_what_belongs_to_a_membership_or_coupon_follows_it_to_another_owner():
    for table in metadata.tables.values():
        for key in table.foreign_key_constraints:
            if key.referred_table.name in {"memberships", "coupons"} and "customer_id" in key.column_keys:
                assert key.onupdate == "CASCADE", f"{key.name} would stop a merge"
    assert Membership.__table__ in metadata.tables.values()


def test_a_renewal_that_waits_for_a_merge_renews_what_came_over(committed: Database):
    with committed.session() as session:
        survivor, merged = a_person(session), a_person(session)
        joined = a_membership(session, merged, a_club(session))
        session.commit()

    def renew() -> int:
        with committed.session() as session:
            made = renew_membership(session, joined.membership_id, today=TODAY, now=NOW, by=SYSTEM)
            session.commit()
            return made.customer_id

    with ThreadPoolExecutor(1) as pool, committed.session() as session:
        merge(session, survivor, merged)
        renewing = pool.submit(renew)
        while not waits_for_a_lock(committed):
            assert not renewing.done()
        session.commit()
        assert renewing.result(30) == survivor


def waits_for_a_lock(database: Database) -> bool:
    """Whether anybody does; in a transaction of its own, since one looks at the activity once."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with database.session() as session:
        return session.scalars(sa.text(waiting)).one() > 0
