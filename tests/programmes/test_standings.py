# REQ M-03: levels follow what is bought, are kept and lost as the club says, and act at once
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from erp_club.clubs.levels import queries as levels
from erp_club.clubs.levels.models import LevelChange
from erp_club.jobs.declared import Run
from erp_club.jobs.levels import LEVELS
from erp_club.kernel.errors import Conflict, Invalid
from erp_club.permissions.actors import SYSTEM
from erp_club.points.models import PointsAccount
from erp_club.programmes import commands as programmes
from erp_club.programmes.overrides.commands import give_level, take_level_back
from erp_club.purchases.asked import Asked, PointsPayment
from erp_club.purchases.pricing import price_basket
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.returns.commands import Asked as AskedBack
from erp_club.purchases.returns.commands import return_goods
from erp_club.purchases.returns.facts import Wish
from erp_club.purchases.segment_registry import REGISTRY
from erp_club.segments.compiler import Facts
from erp_club.segments.queries import count
from erp_club.segments.reading import read_condition
from tests.make.clubs import NOW, TODAY, a_club, a_membership
from tests.make.levels import STEPS, TENTH, a_club_with_levels, a_member, buys
from tests.make.offers import a_published_offer, points_that_pay
from tests.make.pricelists import a_list, an_entry
from tests.make.programmes import a_programme, day
from tests.make.purchases import Till, a_place, a_product, a_till


@pytest.fixture
def till(session: Session) -> Till:
    return a_till(session)


@pytest.fixture
def member(session: Session, till: Till) -> tuple[int, int]:
    """A member of the club of three levels."""
    assert till
    return a_member(session, a_club_with_levels(session))


def level(session: Session, member: tuple[int, int]) -> str | None:
    row = levels.levels(session, member[0]).get(member[1])
    return None if row is None else row.level


def night(session: Session, on: str) -> dict[str, int]:
    """The nightly job for a day, all its batches."""
    counts: dict[str, int] = {}
    cursor = None
    while True:
        step = LEVELS.batch(session, Run(1, LEVELS.name, day(on), {}, SYSTEM, NOW), cursor)
        for name, number in step.counts.items():
            counts[name] = counts.get(name, 0) + number
        cursor = step.after
        if cursor is None:
            return counts


def told(session: Session, member: tuple[int, int]) -> list[tuple[str, str, str]]:
    """The history, the oldest first: level, first day, cause."""
    rows = levels.changes(session, member[0]).get(member[1], [])
    return [(row.level, row.first.isoformat(), row.cause.value) for row in reversed(rows)]


def test_a_purchase_that_reaches_a_level_has_it_at_once(session: Session, till: Till, member: tuple[int, int]):
    assert buys(session, till, member[0], 499_99).turned == ()
    sold = buys(session, till, member[0], 1)
    assert [(each.before, each.level, each.up) for each in sold.turned] == [("bronze", "silver", True)]
    row = levels.levels(session, member[0])[member[1]]
    assert (row.level, row.counted, row.next_level, row.missing) == ("silver", 500_00, "gold", 500_00)
    assert (row.kept_until, row.next_until) == (day("2027-12-31"), day("2026-12-31"))
    assert told(session, member) == [("bronze", "2026-11-22", "purchase"), ("silver", "2026-11-22", "purchase")]


def test_a_return_counts_as_if_the_goods_had_never_been_bought(session: Session, till: Till, member: tuple[int, int]):
    sold = buys(session, till, member[0], 600_00)
    assert level(session, member) == "silver"
    wish = Wish(lines=((1, 1000),))
    return_goods(session, sold.posted.receipt_id, AskedBack(wish, "B-1"), a_place(session, till), currency="ILS")
    assert level(session, member) == "bronze"
    assert told(session, member)[-1] == ("bronze", "2026-11-22", "return")


def test_burning_points_lowers_no_level(session: Session, till: Till):
    club_id = a_club_with_levels(
        session,
        levels={"measure": {"counts": "points"}, "levels": [STEPS[0], STEPS[1] | {"at_least": 50}]},
    )
    member = a_member(session, club_id)
    buys(session, till, member[0], 500_00)
    assert level(session, member) == "silver"
    points_that_pay(session, club="CLUB")
    sold = buys(session, till, member[0], 10_00, points=(PointsPayment(40, "CLUB"),), paid_minor=8_00)
    assert [each.points for each in sold.posted.spent] == [40]
    assert level(session, member) == "silver"
    assert night(session, "2026-11-23") == {}


def test_a_level_is_kept_through_the_next_year_and_then_falls_one_step(
    session: Session, till: Till, member: tuple[int, int]
):
    buys(session, till, member[0], 1_200_00)
    assert level(session, member) == "gold"
    assert night(session, "2027-12-31") == {}
    assert night(session, "2028-01-01") == {"looked_at": 1, "down": 1}
    assert level(session, member) == "silver"
    assert told(session, member)[-1] == ("silver", "2028-01-01", "time")
    assert night(session, "2028-01-01") == {}


def test_a_level_may_fall_to_what_is_reached(session: Session, till: Till):
    member = a_member(session, a_club_with_levels(session, levels={"down": "reached"}))
    buys(session, till, member[0], 1_200_00)
    night(session, "2028-01-01")
    assert level(session, member) == "bronze"


def test_a_level_reached_for_the_next_period_comes_with_the_night(session: Session, till: Till):
    member = a_member(session, a_club_with_levels(session, levels={"up": "next_period"}))
    assert buys(session, till, member[0], 600_00).turned == ()
    night(session, "2026-12-31")
    assert level(session, member) == "bronze"
    assert night(session, "2027-01-01") == {"looked_at": 1, "up": 1}
    assert level(session, member) == "silver"


def test_receipts_that_came_as_a_file_count_in_the_night(session: Session, till: Till, member: tuple[int, int]):
    buys(session, till, member[0], 100_00)
    session.execute(
        sa.text(
            "INSERT INTO receipts (customer_id, store_id, receipt_no, sold_at, sold_on, list_minor, total_minor,"
            " source) VALUES (:c, :s, 'F-1', :at, :on, 90000, 90000, 'import')"
        ),
        {"c": member[0], "s": till.store_id, "at": NOW, "on": TODAY},
    )
    session.execute(
        sa.text(
            "INSERT INTO receipt_lines (customer_id, receipt_id, line_no, product_id, quantity_milli, list_minor,"
            " amount_minor, vat_bp) SELECT customer_id, id, 1, (SELECT min(id) FROM products), 1000, 90000, 90000, 1800"
            " FROM receipts WHERE receipt_no = 'F-1'"
        )
    )
    assert level(session, member) == "bronze"
    assert night(session, "2026-11-23") == {"looked_at": 1, "up": 1}
    assert level(session, member) == "gold"


def test_whoever_only_joined_stands_on_the_lowest_level(session: Session, member: tuple[int, int]):
    assert level(session, member) is None
    assert night(session, "2026-11-23") == {"looked_at": 1}
    assert told(session, member) == [("bronze", "2026-11-23", "first")]


def test_new_rules_are_applied_in_the_night(session: Session, till: Till, member: tuple[int, int]):
    buys(session, till, member[0], 600_00)
    easier = [STEPS[0], STEPS[1], STEPS[2] | {"at_least": 600_00}]
    document = a_programme(
        earning={"rules": [TENTH]}, levels={"levels": easier}, switch={"effective_from": "2026-12-01"}
    )
    programmes.load_programme(session, document, currency="ILS", language="he", today=TODAY, now=NOW, by=SYSTEM)
    assert night(session, "2026-11-30") == {}
    assert night(session, "2026-12-01") == {"looked_at": 1, "up": 1}
    assert told(session, member)[-1] == ("gold", "2026-12-01", "rules")


def test_what_another_club_counts_is_its_own(session: Session, till: Till, member: tuple[int, int]):
    other = a_membership(session, member[0], a_club(session, "GOLD"))
    buys(session, till, member[0], 600_00)
    assert set(levels.levels(session, member[0])) == {member[1]}
    assert other.membership_id != member[1]


def test_points_grow_with_the_level_from_the_next_purchase_on(session: Session, till: Till):
    double = {"kind": "times", "code": "silver", "factor_bp": 20_000, "when": {"levels": ["silver", "gold"]}}
    member = a_member(session, a_club_with_levels(session, rules=(double,)))
    earned = [buys(session, till, member[0], 500_00).posted.earned[0].points for _ in range(2)]
    assert earned == [50, 100]


def test_offers_and_price_lists_of_a_level_hold_from_the_next_basket_on(
    session: Session, till: Till, member: tuple[int, int]
):
    a_product(session, "MILK", price_minor=100_00)
    a_product(session, "BREAD", price_minor=10_00)
    an_entry(session, a_list(session, "SILVER-26", club="CLUB", level="silver"), sku="MILK", price_minor=80_00)
    a_published_offer(
        session,
        "BREAD10",
        when={"clubs": ["CLUB"], "levels": ["silver"]},
        rewards=[{"kind": "percent", "value_bp": 1000, "on": {"products": ["BREAD"]}}],
    )

    def total() -> int:
        asked = Asked(lines=(("MILK", 1000), ("BREAD", 1000)), buyer=Buyer(customer_id=member[0]))
        return price_basket(session, asked, a_place(session, till)).priced.total_minor

    assert total() == 110_00
    buys(session, till, member[0], 500_00)
    assert total() == 89_00


def test_segments_know_the_level(session: Session, till: Till, member: tuple[int, int]):
    def numbers(value: str, **more: Any) -> int:
        where = {"field": "level", "op": "eq", "value": value, **more}
        return count(session, read_condition(where, REGISTRY), Facts(TODAY))

    assert (numbers("bronze"), numbers("silver")) == (1, 0)
    buys(session, till, member[0], 500_00)
    assert (numbers("bronze"), numbers("silver"), numbers("silver", club="CLUB")) == (0, 1, 1)


def test_a_level_given_by_hand_holds_to_its_last_day_with_its_reason(
    session: Session, till: Till, member: tuple[int, int]
):
    buys(session, till, member[0], 500_00)
    give(session, member, "gold", until=day("2026-12-10"), reason="A complaint")
    row = levels.levels(session, member[0])[member[1]]
    assert (row.level, row.by_hand, row.kept_until) == ("gold", True, day("2026-12-10"))
    night(session, "2026-12-10")
    assert level(session, member) == "gold"
    night(session, "2026-12-11")
    assert told(session, member)[-2:] == [("gold", "2026-11-22", "by_hand"), ("silver", "2026-12-11", "by_hand_ended")]
    assert levels.changes(session, member[0])[member[1]][1].reason == "A complaint"


def test_a_level_given_by_hand_is_taken_back(session: Session, member: tuple[int, int]):
    give(session, member, "gold", until=None, reason="A friend of the house")
    take_level_back(session, member[1], today=TODAY, now=NOW, by=SYSTEM)
    assert level(session, member) == "bronze"
    with pytest.raises(Conflict):
        take_level_back(session, member[1], today=TODAY, now=NOW, by=SYSTEM)


def test_only_levels_of_the_club_are_given_for_days_to_come_with_a_reason(session: Session, member: tuple[int, int]):
    with pytest.raises(Invalid) as refused:
        give(session, member, "platinum", until=day("2026-11-21"), reason="")
    assert [each.field for each in refused.value.fields] == ["level", "until", "reason"]
    plain = a_membership(session, member[0], a_club(session, "GOLD"))
    with pytest.raises(Conflict):
        give(session, (member[0], plain.membership_id), "gold", until=None, reason="No levels here")


def test_milestones_and_levels_give_once_when_they_are_reached(session: Session, till: Till):
    every = {"code": "hundreds", "at": 100_00, "every": True, "gives": [{"kind": "points", "points": 7}]}
    silver = STEPS[1] | {"gives": [{"kind": "points", "points": 50}]}
    levels_of = {"levels": [STEPS[0], silver], "milestones": [every]}
    member = a_member(session, a_club_with_levels(session, levels=levels_of))
    points = sa.select(PointsAccount.balance).where(PointsAccount.customer_id == member[0])
    for minor, balance in ((90_00, 9), (20_00, 9 + 2 + 7), (400_00, 9 + 2 + 40 + 5 * 7 + 50), (10_00, 137)):
        buys(session, till, member[0], minor)
        assert session.scalars(points).one() == balance
    assert night(session, "2026-11-23") == {}
    assert session.scalars(points).one() == 137


def test_the_history_of_levels_is_never_changed(session: Session, member: tuple[int, int]):
    night(session, "2026-11-23")
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(sa.delete(LevelChange).where(LevelChange.membership_id == member[1]))


def give(session: Session, member: tuple[int, int], code: str, *, until: dt.date | None, reason: str) -> None:
    give_level(session, member[1], level=code, until=until, reason=reason, today=TODAY, now=NOW, by=SYSTEM)
