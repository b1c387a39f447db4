# REQ P-12 V-02 O-09 O-06: whoever changes one row around the triggers, of any table that tells of points or money
import re

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_club.jobs.verify import wrong_rows
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
    "points_lots": "SET remaining = remaining - 1 WHERE remaining > 0",
    "points_lot_terms": "SET last_day = DATE '2030-01-01'",
    "points_movements": "SET balance_after = balance_after + 1",
    "points_movement_lots": "SET points = points + 1",
    "stored_value_cards": "SET balance_minor = balance_minor + 1",
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
    "store_days": "SET spend_minor = spend_minor + 1",
    "product_months": "SET spend_minor = spend_minor + 1",
    "customer_group_days": "SET spend_minor = spend_minor + 1",
    "customer_department_days": "SET spend_minor = spend_minor + 1",
    "customer_brand_days": "SET spend_minor = spend_minor + 1",
    "receipt_goods": "SET firsts = firsts # 1",
    "customer_summaries": "SET spend_minor = spend_minor + 1",
    "receipt_lines": "SET amount_minor = amount_minor + 1",
}
"""One change of each table; what is named is the row itself, or the one that follows from it."""
NAMED = {
    "points_lot_terms": {"points_lots"},
    "stored_value_lot_terms": {"stored_value_lots"},
    "points_movement_lots": {"points_movement_lots", "points_movements", "points_lots"},
    "stored_value_movement_lots": {"stored_value_movement_lots", "stored_value_lots", "stored_value_movements"},
    "coupon_codes": {"coupons"},
    "coupon_uses": {"coupons"},
    "receipt_offers": {"offer_day_uses"},
    "receipt_lines": {"customer_days", "store_days"},
}
FIGURES = (sa.Integer, sa.Date)
SOURCES = {
    "coupons": {"worth_minor"},  # this one has no amount; the table's law forbids one below what was given
    "points_accounts": {
        "repaid",  # between two steps of one statement
        "idle_last_day",  # by the rules of the day of each purchase that counted, wherever it was made
        "frozen_until",  # by the rules of the day on which a membership lapsed, as long as that one isn't renewed
    },
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
    """A sale with an offer by coupon to a member, another with points, and a gift card that has paid."""
    family = a_family(session)
    (member,) = family.join(200)
    a_batch(session)
    a_published_offer(session, "TENTH", activation={"by": "coupon", "batch": "WINTER"})
    asked = Asked(((SKU, 20_000),), Buyer(family.customer(member)), coupons=some_coupons(session), sale_id="S-1")
    order = Order("V-1", asked, (Payment(Means.CARD, 18_00),))
    sell(session, order, a_place(session, family.till), currency="ILS")
    family.buys(member, 10_00, points=40)
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
