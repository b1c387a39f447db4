# REQ P-12 V-02 O-09 O-06: whoever changes one row around the triggers, of any table that tells of points or money
import datetime as dt
import re

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_club.clubs.models import Membership
from erp_club.jobs.verify import wrong_rows
from erp_club.points.sets.commands import freeze_accounts
from erp_club.purchases.commands import sell
from erp_club.purchases.facts import Asked
from erp_club.purchases.quotes.queries import Buyer
from erp_club.purchases.sale import Payment
from erp_club.purchases.settled import Order
from erp_club.receipts.models import Means
from erp_club.receipts.rollups.commands import roll_all
from erp_club.tables import metadata
from tests.jobs.test_seals import around_the_triggers, seal
from tests.make.coupons import a_batch, some_coupons
from tests.make.households import SKU, a_family
from tests.make.offers import a_published_offer
from tests.make.purchases import a_place
from tests.make.stored_value import a_gift_card, paid
from web.i18n import say

CHANGES = {
    "points_accounts": "SET balance = balance + 1",
    "points_account_standing": "SET state = 'open'",
    "points_lots": "SET remaining = remaining - 1 WHERE remaining > 0",
    "points_lot_terms": "SET last_day = DATE '2030-01-01'",
    "points_movements": "SET balance_after = balance_after + 1",
    "points_movement_lots": "SET points = points + 1",
    "stored_value_cards": "SET balance_minor = balance_minor + 1",
    "stored_value_numbers": "SET number = number || '0'",
    "stored_value_lots": "SET remaining_minor = remaining_minor - 1",
    "stored_value_lot_terms": "SET last_day = DATE '2030-01-01'",
    "stored_value_movements": "SET balance_after_minor = balance_after_minor + 1 WHERE seq = 1",
    "stored_value_movement_lots": "SET amount_minor = amount_minor + 1 WHERE seq = 1",
    "coupons": "SET used = 0",
    "coupon_codes": "SET uses = uses + 1",
    "coupon_uses": "SET given_minor = given_minor + 1",
    "offer_uses": "SET given_minor = given_minor - 1",
    "offer_day_uses": "SET uses = uses - 1",
    "offer_member_uses": "SET uses = uses - 1",
    "receipt_offers": "SET amount_minor = amount_minor + 1",
    "customer_days": "SET spend_minor = spend_minor + 1",
    "customer_years": "SET spend_minor = spend_minor + 1",
    "store_days": "SET spend_minor = spend_minor + 1",
    "product_months": "SET spend_minor = spend_minor + 1",
    "slice_days": "SET spend_minor = spend_minor + 1",
    "slice_buyers": "SET buyers = buyers + 1",
    "customer_group_days": "SET spend_minor = spend_minor + 1",
    "customer_department_days": "SET spend_minor = spend_minor + 1",
    "customer_brand_days": "SET spend_minor = spend_minor + 1",
    "receipt_goods": "SET firsts = firsts # 1",
    "customer_summaries": "SET spend_minor = spend_minor + 1",
    "receipt_lines": "SET amount_minor = amount_minor + 1",
    "receipt_lines_returned": "SET returned_milli = returned_milli - 1",
    "receipt_return_lines": "SET quantity_milli = quantity_milli + 1",
}
"""One change of each table; what is named is the row itself, or the one that follows from it."""
NAMED = {
    "points_account_standing": {"points_accounts"},
    "points_lot_terms": {"points_lots"},
    "stored_value_lot_terms": {"stored_value_lots"},
    "stored_value_numbers": {"stored_value_cards"},
    "points_movement_lots": {"points_movement_lots", "points_movements", "points_lots"},
    "stored_value_movement_lots": {"stored_value_movement_lots", "stored_value_lots", "stored_value_movements"},
    "coupon_codes": {"coupons"},
    "coupon_uses": {"coupons"},
    "receipt_offers": {"offer_day_uses"},
    "receipt_lines": {"customer_days", "store_days"},
    "receipt_return_lines": {"receipt_lines_returned"},
}
FIGURES = (sa.Integer, sa.Date)
SOURCES = {
    "coupons": {"worth_minor"},  # this one has no amount; the table's law forbids one below what was given
    "receipt_lines": {"regular_minor", "tax_minor", "vat_bp"},
    "receipt_offers": {"points", "points_used"},
    "stored_value_cards": {"replaced_by", "wrong_pins"},
}
"""What nothing else tells again: documents from which all is derived, and a few states that aren't sums."""
NOT_DERIVED = {
    "coupon_batches",  # a setting: how often each coupon holds
    "receipt_return_points",  # a document, like the receipt that it belongs to: the ledger is proven from movements
    "day_uses",  # what one person did against the limits of their own day
}


@pytest.fixture
def shop(session: Session) -> Session:
    """A sale with an offer by coupon to a member, another with points, a gift card that has paid, a frozen account."""
    family = a_family(session)
    (member, lapsed) = family.join(200, 10)
    account = session.get_one(Membership, (family.customer(lapsed), lapsed))
    freeze_accounts(session, [(account.points_holder_id, account.points_account_id)], until=dt.date(2027, 1, 31))
    a_batch(session)
    a_published_offer(session, "TENTH", activation={"by": "coupon", "batch": "WINTER"})
    asked = Asked(((SKU, 20_000),), Buyer(family.customer(member)), coupons=some_coupons(session), sale_id="S-1")
    order = Order("V-1", asked, (Payment(Means.CARD, 18_00),))
    sell(session, order, a_place(session, family.till), currency="ILS")
    family.buys(member, 10_00, points=40)
    family.returns(family.buys(member, 6_00), 2_000)
    paid(session, a_gift_card(session).key, 10_00)
    roll_all(session)
    seal(session)
    assert wrong_rows(session) == []
    return session


def test_one_changed_row_of_each_table_is_named(shop: Session) -> None:
    unnamed: dict[str, list[str]] = {}
    for table, change in CHANGES.items():
        what, _, which = change.partition(" WHERE ")
        with shop.begin_nested() as undone:
            first = f"SELECT ctid FROM {table} WHERE {which or 'true'} LIMIT 1"
            around_the_triggers(shop, f"UPDATE {table} {what} WHERE ctid = ({first})")
            told = [say(each) for each in wrong_rows(shop)]
            undone.rollback()
        named = {re.split(r"[ :]", each)[0] for each in told}
        if not named & NAMED.get(table, {table}):
            unnamed[table] = told
    assert unnamed == {}


def test_one_changed_row_is_named_whichever_of_its_figures_or_days_was_changed(shop: Session) -> None:
    unnamed: dict[str, list[str]] = {}
    for table in sorted(CHANGES):
        for column in metadata.tables[table].c:
            keys = column.primary_key or column.foreign_keys
            if keys or column.name in SOURCES.get(table, ()) or not isinstance(column.type, FIGURES):
                continue
            told = told_of(shop, table, column)
            named = {re.split(r"[ :]", each)[0] for each in told}
            if not named & NAMED.get(table, {table}):
                unnamed[f"{table}.{column.name}"] = told
    assert not unnamed, " ".join(sorted(unnamed))


def told_of(shop: Session, table: str, column: sa.Column[object]) -> list[str]:
    """What is said once a row says one more of a column, or one less where the table's own law forbids more."""
    none = "DATE '2030-01-01'" if isinstance(column.type, sa.Date) else "0"
    first = f"SELECT ctid FROM {table} ORDER BY {column.name} NULLS LAST LIMIT 1"
    for step in ("+ 1", "- 1"):
        with shop.begin_nested() as undone:
            try:
                around_the_triggers(
                    shop,
                    f"UPDATE {table} SET {column.name} = coalesce({column.name}, {none}) {step} WHERE ctid = ({first})",
                )
            except IntegrityError:
                undone.rollback()
                continue
            told = [say(each) for each in wrong_rows(shop)]
            undone.rollback()
            return told
    return ["it can be changed neither way"]


def test_each_table_that_keeps_a_running_figure_is_among_them() -> None:
    figures = re.compile(r"(balance|remaining|used|uses|given|paid|spent|debt)(_minor)?$")
    running = {
        table.name
        for table in metadata.tables.values()
        if any(figures.fullmatch(column.name) and isinstance(column.type, sa.Integer) for column in table.c)
    }
    assert running - CHANGES.keys() - NOT_DERIVED == set()


def test_who_changes_a_state_around_the_triggers_is_named(shop: Session) -> None:
    around_the_triggers(shop, "UPDATE points_accounts SET state = 'open', frozen_until = NULL WHERE state = 'frozen'")
    (told,) = [say(each) for each in wrong_rows(shop)]
    assert re.match(r"points_accounts \d+/\d+: (state is open, and frozen|frozen_until is None)", told), told


_THAWED = "SET state = 'open', frozen_until = NULL"
_LATER = "SET last_day = DATE '2031-01-01'"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ((f"points_lots {_LATER}", f"points_lot_terms {_LATER}"), "points_movements"),
        ((f"stored_value_lots {_LATER}", f"stored_value_lot_terms {_LATER}"), "stored_value_movements"),
        ((f"coupons {_LATER}", f"coupon_codes {_LATER}"), "coupon_codes"),
        (("coupons SET uses = uses + 1", "coupon_codes SET uses = uses + 1"), "coupon_codes"),
        (("coupons SET batch_id = batch_id + 1",), "coupon_codes"),
        ((f"points_accounts {_THAWED}", f"points_account_standing {_THAWED}"), "points_account_standing"),
        (
            (
                "points_accounts SET idle_last_day = DATE '2031-01-01'",
                "points_account_standing SET idle_last_day = DATE '2031-01-01'",
            ),
            "points_account_standing",
        ),
    ],
)
def test_who_changes_what_is_kept_beside_it_too_is_found_by_the_seal(
    shop: Session, changes: tuple[str, ...], named: str
) -> None:
    for each in changes:
        around_the_triggers(shop, f"UPDATE {each}")
    told = [say(each) for each in wrong_rows(shop)]
    assert any(re.match(rf"{named} .* isn't what it was when it was sealed", each) for each in told), told


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            "DELETE FROM coupon_codes WHERE code = (SELECT code FROM coupon_seals WHERE n = 1)",
            "coupon_codes .* is gone",
        ),
        ("DELETE FROM coupon_seals WHERE n = 1", "coupon_seals 1 is gone"),
        ("UPDATE coupon_seals SET hash = sha256('x') WHERE n = 1", "coupon_seals 1 isn't what it was"),
        ("DELETE FROM points_account_standing", "points_account_standing .* is gone"),
        ("DELETE FROM points_accounts WHERE balance > 0", "points_accounts .*: id is None"),
        ("DELETE FROM stored_value_cards", "stored_value_cards .*: number is None"),
        ("DELETE FROM points_standing_seals WHERE n = 1", "points_standing_seals 1 is gone"),
        ("UPDATE points_standing_seals SET hash = sha256('x') WHERE n = 1", "points_standing_seals 1 isn't what it"),
    ],
)
def test_a_row_that_others_tell_of_or_a_link_of_a_chain_that_goes_is_named(
    shop: Session, change: str, named: str
) -> None:
    some_coupons(shop, 2)
    # Frozen no longer, which is said beside what was said before.
    shop.execute(sa.text("UPDATE points_accounts SET state = 'open', frozen_until = NULL WHERE state = 'frozen'"))
    seal(shop)
    assert wrong_rows(shop) == []
    around_the_triggers(shop, change)
    told = [say(each) for each in wrong_rows(shop)]
    assert any(re.match(named, each) for each in told), told
