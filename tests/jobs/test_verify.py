# REQ P-12 V-02 O-09 O-06: whoever changes one row around the triggers, of any table that tells of points or money
import datetime as dt
import re
from collections.abc import Iterator
from itertools import product, zip_longest
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_club.birthday.models import BirthdayGrant
from erp_club.birthday.plans.settings import Gift
from erp_club.catalogue.commands import ProductChanges, edit_product
from erp_club.catalogue.models import Product
from erp_club.clubs.models import Membership
from erp_club.jobs import seals
from erp_club.jobs.verify import wrong_rows
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.approvals.models import DayUse
from erp_club.points.conversions.models import PointsConversion
from erp_club.points.models import PointsMove
from erp_club.points.sets.commands import freeze_accounts
from erp_club.programmes.events.models import EventGain, ProgrammeEvent
from erp_club.programmes.rewards.models import PeriodSettlement, RewardCard, RewardCoupon, RewardEntitlement
from erp_club.promotions.coupons.models import CouponCode
from erp_club.purchases.asked import Asked
from erp_club.purchases.commands import sell
from erp_club.purchases.entitlements.models import EntitlementUse
from erp_club.purchases.fees.models import MembershipFee
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.sale import Payment
from erp_club.purchases.settled import Order
from erp_club.receipts.kinds import Means
from erp_club.receipts.rollups.commands import roll_all
from erp_club.stored_value.numbers import CardKey
from erp_club.tables import metadata
from tests.conftest import OneConnection, as_it_was, rolled_back
from tests.jobs.test_seals import around_the_triggers, seal
from tests.make.birthdays import a_plan
from tests.make.coupons import a_batch, some_coupons
from tests.make.households import SKU, TODAY, a_family
from tests.make.offers import a_published_offer
from tests.make.purchases import NOW, Till, a_place
from tests.make.stored_value import a_gift_card, paid
from web.i18n import say

LANES = (
    (
        *("points_accounts", "points_account_standing", "points_lots", "points_lot_terms", "points_movements"),
        *("points_movement_lots", "points_moves", "points_conversions"),
    ),
    (
        *("stored_value_cards", "stored_value_numbers", "stored_value_lots", "stored_value_lot_terms"),
        *("stored_value_movements", "stored_value_movement_lots"),
    ),
    (
        *("receipts", "receipt_lines", "receipt_payments", "receipt_offers", "receipt_discounts", "receipt_returns"),
        *("receipt_lines_returned", "receipt_return_lines", "receipt_return_points"),
        *("coupons", "coupon_codes", "coupon_uses", "offer_uses", "offer_day_uses", "offer_member_uses"),
        *("customer_days", "store_days", "product_months", "customer_group_days", "customer_department_days"),
        *("customer_brand_days", "receipt_goods", "customer_summaries", "customer_years", "slice_days"),
        *("slice_buyers", "club_spans", "cohort_months", "favourite_periods", "product_buyers", "product_days"),
    ),
    ("membership_fees", "entitlement_uses", "kept_rows"),
    (
        *("period_settlements", "reward_entitlements", "reward_coupons", "reward_cards", "birthday_grants"),
        *("programme_events", "event_gains", "day_uses", "coupon_uses_back"),
    ),
)
"""Of each table every figure, day, moment and word is changed in turn. No lane tells of another one's tables."""
TABLES = {table for lane in LANES for table in lane}
RECEIPTS = {"receipts", "receipt_lines", "receipt_payments", "receipt_offers", "receipt_discounts", "receipt_returns"}
NAMED: dict[str, set[str]] = {
    "points_account_standing": {"points_accounts"},
    "points_lot_terms": {"points_lots"},
    "stored_value_lot_terms": {"stored_value_lots"},
    "stored_value_numbers": {"stored_value_cards"},
    "points_movement_lots": {"points_movement_lots", "points_movements", "points_lots"},
    "stored_value_movement_lots": {"stored_value_movement_lots", "stored_value_lots", "stored_value_movements"},
    "coupon_codes": {"coupons"},
    "coupon_uses": {"coupons"},
    "receipt_return_lines": {"receipts", "receipt_lines_returned"},
    **{name: {"receipts"} for name in (*RECEIPTS, "receipt_return_points")},
}
"""What is named is the row itself, or the one that follows from it: a receipt for all that stands on it."""
CHANGED: dict[type[sa.types.TypeEngine[Any]], tuple[str, ...]] = {
    sa.Date: ("coalesce({0}, DATE '2030-01-01') + 1", "{0} - 1"),
    sa.Boolean: ("NOT {0}",),
    sa.DateTime: ("coalesce({0}, TIMESTAMPTZ '2030-01-01 00:00+00') + interval '1 second'",),
    sa.Integer: ("coalesce({0}, 0) + 1", "{0} - 1"),
    sa.Text: (
        *("coalesce({0}, '') || 'x'", "'blocked'", "'open'", "'cancelled'", "'back'", "'cash'"),
        *("'lapse'", "'renewal'", "'adjusted'", "'given'"),
    ),
    JSONB: ("'{{}}'",),
}
"""What a column says instead, the first that its table's own law allows."""
SOURCES = {
    # This one has no amount, and no law allows less than was given.
    "coupons": {"worth_minor", "code", "issued_at"},
    "coupon_uses": {"at"},
    "coupon_uses_back": {"at"},
    "receipt_returns": {"reason"},  # goes with whoever is erased
    "membership_fees": {"customer_id", "staff_id", "store_id"},
}
"""What is proven by no seal and no sum."""
LAWFUL = {
    *("entitlement_uses.line_no", "membership_fees.receipt_id", "points_conversions.to_seq"),
    *("points_accounts.state", "points_lots.waits_for", "receipt_returns.kind", "stored_value_cards.replaced_by"),
}
"""What no row of this shop can say otherwise alone, by the law of its table."""
NOT_DERIVED = {
    "coupon_batches",  # a setting: how often each coupon holds
}


@pytest.fixture
def shop(furnished: OneConnection) -> Iterator[Session]:
    with as_it_was(furnished) as session:
        yield session


@pytest.fixture(scope="module")
def furnished(engine: sa.Engine) -> Iterator[OneConnection]:
    with rolled_back(engine) as database, pytest.MonkeyPatch.context() as changed:
        changed.setattr(seals, "BATCH", 3)
        with database.session() as session:
            furnish(session)
            session.commit()
        yield database


def furnish(session: Session) -> None:
    """A sale with an offer by coupon to a member, one that came back with it, another with points, a gift card that has
    paid, a frozen account.
    """
    family = a_family(session)
    for each in session.scalars(sa.select(Product.id)).all():
        edit_product(session, each, ProductChanges(group="MILK"), now=NOW, by=SYSTEM)
    (member, lapsed) = family.join(200, 10)
    account = session.get_one(Membership, (family.customer(lapsed), lapsed))
    freeze_accounts(session, [(account.points_holder_id, account.points_account_id)], until=dt.date(2027, 1, 31))
    a_batch(session, back_on_return=True)
    a_published_offer(session, "TENTH", activation={"by": "coupon", "batch": "WINTER"})
    for number in ("V-1", "V-2"):
        asked = Asked(((SKU, 20_000),), Buyer(family.customer(member)), coupons=some_coupons(session), sale_id=number)
        order = Order(number, asked, (Payment(Means.CARD, 18_00),))
        sold = sell(session, order, a_place(session, family.till), currency="ILS")
    family.returns(sold)
    family.buys(member, 10_00, points=40)
    family.returns(family.buys(member, 6_00), 2_000)
    card = a_gift_card(session).key
    paid(session, card, 10_00)
    of_member = session.get_one(Membership, (family.customer(member), member))
    add_rare_rows(session, of_member, *family.join(0, 0))
    add_what_was_given(session, of_member, card, family.till)
    roll_all(session)
    assert seal(session)["receipts"] == 6
    assert wrong_rows(session) == []


def add_rare_rows(session: Session, member: Membership, *others: int) -> None:
    """A fee, a use, a move and a conversion, as no sale alone makes them."""
    accounts = [
        (each.points_holder_id, each.points_account_id)
        for each in session.scalars(sa.select(Membership).where(Membership.id.in_(others)))
    ]
    (one, another) = accounts
    of_member = {"customer_id": member.customer_id, "membership_id": member.id, "first": TODAY, "at": NOW}
    fee = MembershipFee(**of_member, kind="joining", state="due", period_no=1, full_minor=50_00, due_minor=9_00)
    use = EntitlementUse(**of_member, code="coffee", use_no=1, state="used")
    move = PointsMove(
        customer_id=one[0], account_id=one[1], up_to_seq=0, to_customer_id=another[0], to_account_id=another[1], at=NOW
    )
    became = {"cause": "switch", "rules_no": 1, "from_points": 10, "to_points": 1, "points": 10, "became": 1}
    conversion = PointsConversion(
        customer_id=one[0], account_id=one[1], club_id=member.club_id, **became, on_date=TODAY, at=NOW
    )
    session.add_all([fee, use, move, conversion])
    session.flush()


def add_what_was_given(session: Session, member: Membership, card: CardKey, till: Till) -> None:
    """A month's settlement and all that one can hand out, a birthday, an event, and what somebody did in a day."""
    customer_id = member.customer_id
    (code,) = some_coupons(session)
    coupon_id, owner_id = session.execute(
        sa.select(CouponCode.coupon_id, CouponCode.customer_id).where(CouponCode.code == code)
    ).one()
    days = {"first_on": TODAY, "last_on": TODAY, "usable_from": TODAY, "last_day": TODAY, "due_on": TODAY}
    settled = PeriodSettlement(
        customer_id=customer_id, account_id=member.points_account_id, club_id=member.club_id, rule="bonus", **days,
        version_no=1, form="points", base=10, value=5, promised={"gives": 1}, state="waiting", taken_seq=1, at=NOW,
    )  # fmt: skip
    plan_id = a_plan(session, member.club_id, gift=Gift.POINTS, points=5)
    days = {"day": TODAY, "first_day": TODAY, "last_day": TODAY, "on_date": TODAY, "at": NOW}
    grant = BirthdayGrant(customer_id=customer_id, plan_id=plan_id, person=0, year=2026, age=30, points=5, **days)
    event = ProgrammeEvent(customer_id=customer_id, event="app", awaited_id=customer_id, on_date=TODAY, at=NOW)
    used = DayUse(day=TODAY, store_id=till.store_id, staff_id=till.by.staff_id, action="points.adjust", used=3)
    session.add_all([settled, grant, event, used])
    session.flush()
    of_settled = {"customer_id": customer_id, "settlement_id": settled.id}
    of_card = {"card_customer_id": card.customer_id, "card_id": card.card_id}
    of_points = {"holder_id": member.points_holder_id, "account_id": member.points_account_id, "seq": 1}
    of_event = {"event_customer_id": customer_id, "event_id": event.id, "club_id": member.club_id, "on_date": TODAY}
    session.add_all(
        [
            RewardEntitlement(**of_settled, entitlement="coffee", count=2),
            RewardCoupon(**of_settled, owner_id=owner_id, coupon_id=coupon_id),
            RewardCard(**of_settled, **of_card),
            EventGain(
                customer_id=customer_id, **of_event, rule="app", once_key="1", points=5, **of_points, taken_seq=2
            ),
        ]
    )
    session.flush()


def test_one_changed_row_is_named_whichever_of_its_figures_days_or_words_was_changed(shop: Session) -> None:
    unnamed: dict[str, list[str]] = {}
    lawful: set[str] = set()
    lanes = [[column for table in lane for column in changeable(metadata.tables[table])] for lane in LANES]
    for at_once in zip_longest(*lanes):
        columns = [column for column in at_once if column is not None]
        with shop.begin_nested() as undone:
            changed = [column for column in columns if is_changed(shop, column)]
            told = [say(each) for each in wrong_rows(shop)]
            undone.rollback()
        named = {re.split(r"[ :]", each)[0] for each in told}
        lawful |= {str(column) for column in columns if column not in changed}
        unnamed |= {str(each): told for each in changed if not named & NAMED.get(each.table.name, {each.table.name})}
    assert lawful <= LAWFUL
    assert not unnamed, "\n".join(f"{each}: {told}" for each, told in unnamed.items())


def changeable(table: sa.Table) -> list[sa.Column[Any]]:
    return [
        column
        for column in table.c
        if not (column.primary_key or column.foreign_keys or column.computed)
        and column.name not in SOURCES.get(table.name, ())
        and isinstance(column.type, tuple(CHANGED))
    ]


def is_changed(shop: Session, column: sa.Column[Any]) -> bool:
    """Whether a row says something else in a column now; not where the table's own law allows nothing else."""
    table, name = column.table.name, column.name
    key = ", ".join(each.name for each in column.table.primary_key)  # equal rows lie as the pages had room
    ways = next(each for kind, each in CHANGED.items() if isinstance(column.type, kind))
    for other, order in product((each.format(name) for each in ways), ("ASC NULLS LAST", "DESC")):
        first = f"SELECT ctid FROM {table} WHERE {name} IS DISTINCT FROM {other} ORDER BY {name} {order}, {key} LIMIT 1"
        change = f"UPDATE {table} SET {name} = {other} WHERE ctid = ({first}) RETURNING 1"
        with shop.begin_nested() as undone:
            try:
                if around_the_triggers(shop, change).all():
                    return True
            except IntegrityError:
                undone.rollback()
    return False


def test_each_table_that_keeps_a_running_figure_is_among_them() -> None:
    figures = re.compile(r"(balance|remaining|used|uses|given|paid|spent|debt)(_minor)?$")
    running = {
        table.name
        for table in metadata.tables.values()
        if any(figures.fullmatch(column.name) and isinstance(column.type, sa.Integer) for column in table.c)
    }
    assert running - TABLES - NOT_DERIVED == set()


def test_who_changes_a_state_around_the_triggers_is_named(shop: Session) -> None:
    around_the_triggers(shop, "UPDATE points_accounts SET state = 'open', frozen_until = NULL WHERE state = 'frozen'")
    (told,) = [say(each) for each in wrong_rows(shop)]
    assert re.match(r"points_accounts \d+/\d+: (state is open, and frozen|frozen_until is None)", told), told


_THAWED = "SET state = 'open', frozen_until = NULL"
_BLOCKED = "stored_value_cards SET state = 'blocked'"
_SAID_BLOCKED = "said = said || '{\"state\": \"blocked\"}' WHERE of_table = 'stored_value_cards'"
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
        (("receipts SET total_minor = total_minor - 1",), "receipts"),
        (("receipt_payments SET means = 'cash'",), "receipts"),
        ((_BLOCKED, f"kept_rows SET {_SAID_BLOCKED}"), "kept_rows"),
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
        ("DELETE FROM membership_fees", "membership_fees .*: membership_id is None"),
        ("DELETE FROM kept_rows", "kept_rows .* is gone"),
        ("DELETE FROM period_settlements", "period_settlements .*: customer_id is None"),
        ("DELETE FROM reward_coupons", "reward_coupons .*: customer_id is None"),
        ("DELETE FROM birthday_grants", "birthday_grants .*: customer_id is None"),
        ("DELETE FROM event_gains", "event_gains .*: customer_id is None"),
        ("UPDATE birthday_grants SET year = year - 1", "birthday_grants .*: year is 2025"),
        ("DELETE FROM coupon_uses_back", "coupons .*: uses is 2"),
        ("UPDATE coupon_uses_back SET receipt_id = receipt_id + 1", "coupon_uses_back .*: receipt_id is"),
        ("DELETE FROM kept_row_seals WHERE n = 1", "kept_row_seals 1 is gone"),
        ("DELETE FROM receipt_payments", "receipts .* isn't what it was"),
        ("DELETE FROM receipt_seals WHERE n = 1", "receipt_seals 1 is gone"),
        ("UPDATE receipt_seals SET hash = sha256('x') WHERE n = 1", "receipt_seals 1 isn't what it was"),
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


_FIRST = "(SELECT min(id) FROM receipts)"
_LAST = "ctid = (SELECT ctid FROM {0} ORDER BY {1} DESC LIMIT 1)"


@pytest.mark.parametrize(
    "changes",
    [
        {
            f"UPDATE receipts SET list_minor = list_minor + 1 WHERE id = {_FIRST}": r"receipts .*: list_minor is",
            f"DELETE FROM receipt_payments WHERE receipt_id = {_FIRST}": r"receipt_payments .*: amount_minor is 0",
            "UPDATE receipt_discounts SET amount_minor = amount_minor + 1": r"receipt_discounts \d+/\d+/1: amount",
            "DELETE FROM receipt_offers": r"receipt_offers .*: amount_minor is None",
            "DELETE FROM receipt_return_points": r"receipt_return_points .*: receipt_id is None",
            "DELETE FROM offer_uses": r"offer_uses \d+: uses is None",
            "DELETE FROM coupons WHERE used = 0": r"coupons .*: uses is None",
            "DELETE FROM points_accounts WHERE balance = 0": r"points_accounts .* isn't there, and ",
            f"DELETE FROM points_movements WHERE {_LAST.format('points_movements', 'customer_id, seq')}": (
                r"points_movements .* isn't there, and points_movement_lots"
            ),
        },
        {
            f"DELETE FROM receipts WHERE id = {_FIRST}": r"receipts .* isn't there",
            "UPDATE receipt_offers SET amount_minor = amount_minor + 1": r"receipt_offers .*: amount_minor is",
            "DELETE FROM receipt_returns": r"receipt_returns .* isn't there, and receipt_return_lines",
            "DELETE FROM coupon_codes": r"coupons .*: uses is \d+, and None",
            "DELETE FROM stored_value_movements WHERE seq = 2": r"stored_value_movements .* isn't there",
            "DELETE FROM kept_rows WHERE of_table = 'stored_value_cards' AND n = 1": r"kept_rows stored_value_cards/",
        },
    ],
)
def test_what_waits_for_its_seal_is_proven_by_what_else_tells_of_it(shop: Session, changes: dict[str, str]) -> None:
    shop.execute(sa.text("UPDATE stored_value_cards SET state = 'blocked'"))
    for table in seals.SEALS:
        around_the_triggers(shop, f"DELETE FROM {table}")
    around_the_triggers(shop, "DELETE FROM kept_rows WHERE of_table = 'seals'")
    assert wrong_rows(shop) == []
    for change in changes:
        around_the_triggers(shop, change)
    told = [say(each) for each in wrong_rows(shop)]
    unnamed = [named for named in changes.values() if not any(re.match(named, each) for each in told)]
    assert not unnamed, told
