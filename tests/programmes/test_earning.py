# REQ P-01, P-02, P-04, P-16, P-17, P-18, M-11, M-12: what a purchase earns, by each kind of rule, and why not
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_club.programmes.engine.conditions import Why
from erp_club.programmes.engine.earn import Earned, earn
from erp_club.programmes.engine.events import About, EventFacts, event_points
from erp_club.programmes.engine.expiry import available_on
from erp_club.programmes.engine.facts import MemberFacts, Tender
from erp_club.programmes.engine.parts import Round
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.past.seen import Seen
from tests.make.programmes import a_programme, bought, day, earning_by, purchase

MEMBER = MemberFacts(joined_on=day("2026-01-10"), birthday=day("1990-06-20"))
TENTH = {"kind": "money", "points": 1, "per_minor": 1000}


def got(programme: Programme, *lines: Any, member: MemberFacts = MEMBER, **said: Any) -> Earned:
    return earn(programme, purchase(*lines, **said), member)


def points(programme: Programme, *lines: Any, member: MemberFacts = MEMBER, **said: Any) -> int:
    return got(programme, *lines, member=member, **said).points


@pytest.mark.parametrize(("per", "expected"), [(10, 1999), (100, 199), (1000, 19)])
def test_points_for_an_amount_of_money(per: int, expected: int):
    assert points(earning_by({"kind": "money", "points": 1, "per_minor": per}), 199.90) == expected


def test_only_full_amounts_count_where_the_rule_says_so():
    rate = {"kind": "money", "points": 5, "per_minor": 1000}
    assert points(earning_by(rate), 19) == 9
    assert points(earning_by(rate | {"full": True}), 19) == 5


def test_a_receipt_is_rounded_once_over_all_rules_and_shared_out_to_its_lines():
    club = earning_by(TENTH | {"on": {"groups": ["Tea"]}, "points": 3}, TENTH)
    lines = [bought(5, id="tea", group="Tea"), bought(5, id="milk")]
    made = got(club, *lines)
    assert made.points == 2
    assert made.by_line == {"tea": 2} or sum(made.by_line.values()) == 2
    assert points(club, lines[0]) + points(club, lines[1]) == 1


def test_a_line_earns_by_the_first_rule_that_fits_and_by_what_comes_on_top():
    club = earning_by(
        {"kind": "money", "points": 3, "per_minor": 100, "on": {"products": ["tea"]}},
        {"kind": "money", "points": 1, "per_minor": 100},
        {"kind": "money", "points": 1, "per_minor": 100, "stands": "on_top", "when": {"channels": ["web"]}},
    )
    assert points(club, bought(10, id="tea"), bought(10, id="milk")) == 40
    assert points(club, bought(10, id="tea"), channel="web") == 40
    assert got(club, bought(10, id="tea")).rules[1].why is Why.EARNED_BY_OTHER


def test_delivery_gift_cards_and_deposits_earn_only_where_they_are_named():
    lines = [bought(100, id="tea"), bought(30, id="way", kind="delivery"), bought(50, id="card", kind="gift_card")]
    assert points(earning_by(TENTH), *lines) == 10
    assert points(earning_by(TENTH | {"on": {"kinds": ["goods", "delivery"]}}), *lines) == 13


def test_excluded_groups_products_price_lists_reduced_and_promoted_lines_earn_nothing():
    club = earning_by(
        TENTH,
        excluded={
            "groups": ["Tobacco"],
            "products": ["stamp"],
            "price_lists": ["B2B"],
            "reduced": True,
            "promoted": True,
        },
    )
    over = [
        bought(100, group="Tobacco"), bought(100, product="stamp"), bought(100, price_list="B2B"),
        bought(100, reduced=True), bought(100, promoted=True),
    ]  # fmt: skip
    for line in over:
        assert (got(club, line).points, got(club, line).rules[0].why) == (0, Why.EXCLUDED)
    assert points(club, bought(100)) == 10


def test_only_the_share_paid_with_allowed_means_counts():
    club = earning_by(TENTH | {"means": ["card"]})
    assert points(club, 100, 100, by={"card": 150, "cash": 50}) == 15
    assert got(club, 100, by={"cash": 100}).rules[0].why is Why.WRONG_MEANS


def test_more_on_the_part_paid_by_the_chains_own_card():
    club = earning_by(TENTH, TENTH | {"means": ["own_card"], "stands": "on_top"})
    assert points(club, 200, by={"own_card": 100, "cash": 100}) == 30


def test_the_part_paid_with_points_earns_nothing_where_the_club_says_so():
    paid: dict[str, Any] = {"by": {"points": 40, "card": 60}}
    assert points(earning_by(TENTH), 100, **paid) == 10
    assert points(earning_by(TENTH, excluded={"means": ["points", "gift_card"]}), 100, **paid) == 6


def test_what_a_tender_paid_for_which_line_is_told():
    club = earning_by(TENTH | {"on": {"groups": ["Tea"]}, "means": ["card"]})
    lines = [bought(100, id="tea", group="Tea"), bought(100, id="milk")]
    receipt = purchase(*lines)
    tenders = (Tender("card", 10_000, (("milk", 10_000),)), Tender("cash", 10_000))
    assert earn(club, receipt.__class__(receipt.at, receipt.lines, tenders), MEMBER).points == 0


@pytest.mark.parametrize(
    ("so_far", "reach", "expected"),
    [(0, "each_part", 1), (50, "each_part", 1), (80, "each_part", 1), (120, "each_part", 2), (120, "before", 2),
     (80, "before", 1), (80, "after", 2)],
)  # fmt: skip
def test_the_rate_grows_with_what_was_bought_in_the_period(so_far: float, reach: str, expected: int):
    growing = {"period": {"every": "month"}, "steps": [{"from_minor": 10_000, "points": 2}], "reach": reach}
    club = earning_by({"kind": "money", "points": 1, "per_minor": 10_000, "growing": growing}, rounding="down")
    member = MemberFacts(so_far={"rule-0": round(so_far * 100)})
    assert points(club, 100, member=member) == expected


def test_a_purchase_over_a_step_earns_each_part_at_its_own_rate():
    growing = {"steps": [{"from_minor": 10_000, "points": 2}, {"from_minor": 50_000, "points": 3}]}
    club = earning_by({"kind": "money", "points": 1, "per_minor": 100, "growing": growing})
    assert points(club, 600) == 100 + 800 + 300


def test_points_per_visit_count_a_store_and_day_once_where_a_visit_is_a_day():
    club = earning_by({"kind": "visit", "points": 1, "visit": "day", "least_minor": 2000})
    assert points(club, 30) == 1
    assert got(club, 10).rules[0].why is Why.TOO_LITTLE
    again = got(club, 30, store="374", member=MemberFacts(visited=frozenset({("rule-0", "374")})))
    assert again.rules[0].why is Why.VISITED_ALREADY
    assert (
        points(earning_by({"kind": "visit", "points": 1}), 30, member=MemberFacts(visited=frozenset({("rule-0", "")})))
        == 1
    )


@pytest.mark.parametrize("first", [120, 40])
def test_of_two_visits_on_a_day_the_better_one_counts_whichever_comes_first(first: int):
    """Two stamps for a visit of 100.00 and one for 30.00, once a day; breakfast has a stamp of its own."""
    breakfast = {"kind": "visit", "points": 1, "visit": "day", "on": {"groups": ["Breakfast"]}}
    big = {"kind": "visit", "points": 2, "visit": "day", "least_minor": 100_00}
    small = {"kind": "visit", "points": 1, "visit": "day", "least_minor": 30_00}
    club = earning_by(breakfast, big, small)
    member, seen = Seen(club, None), list[int]()
    for total in (first, 160 - first, 120, 40):
        made = earn(club, purchase(total, store="374"), member.facts(MemberFacts(), purchase(1).on, customer_id=1))
        member.note(purchase(total, store="374"), made, customer_id=1)
        seen.append(made.points)
    assert seen == ([2, 0, 0, 0] if first == 120 else [1, 1, 0, 0])
    facts = member.facts(MemberFacts(), purchase(1).on, customer_id=1)
    assert points(club, bought(20, group="Breakfast"), store="374", member=facts) == 1
    assert points(club, 40, store="375", member=facts) == 1


def test_points_per_litre_and_stamps_per_coffee():
    club = earning_by({"kind": "unit", "points": 2, "on": {"products": ["fuel"]}, "full": False})
    assert points(club, bought(80, product="fuel", quantity_milli=40_500)) == 81
    stamps = earning_by({"kind": "unit", "points": 1, "on": {"groups": ["Coffee"]}})
    assert points(stamps, bought(30, group="Coffee", quantity_milli=3_000), bought(9)) == 3
    assert (
        points(earning_by({"kind": "unit", "points": 1, "per_milli": 10_000}), bought(30, quantity_milli=25_000)) == 2
    )


@pytest.mark.parametrize(("factor", "expected"), [(20_000, 20), (15_000, 15), (0, 0)])
def test_special_days_multiply_or_cancel(factor: int, expected: int):
    club = earning_by(TENTH, {"kind": "times", "factor_bp": factor, "when": {"weekdays": [6]}})
    assert points(club, 100, on="2026-06-20") == expected
    assert points(club, 100, on="2026-06-19") == 10


@pytest.mark.parametrize(("several", "expected"), [("highest", 30), ("added", 40), ("multiplied", 60)])
def test_several_multiples_take_the_highest_add_or_multiply(several: str, expected: int):
    club = earning_by(
        TENTH, {"kind": "times", "factor_bp": 20_000}, {"kind": "times", "factor_bp": 30_000}, several=several
    )
    assert points(club, 100) == expected


def test_what_cancels_wins_over_what_multiplies():
    club = earning_by(TENTH, {"kind": "times", "factor_bp": 30_000}, {"kind": "times", "factor_bp": 0})
    assert points(club, 100) == 0


WHENS: list[tuple[dict[str, Any], dict[str, Any], Why]] = [
    ({"first_day": "2026-06-21"}, {}, Why.WRONG_DAY),
    ({"last_day": "2026-06-19"}, {}, Why.WRONG_DAY),
    ({"weekdays": [1]}, {}, Why.WRONG_DAY),
    ({"month_days": [1]}, {}, Why.WRONG_DAY),
    ({"from_time": "18:00", "to_time": "20:00"}, {}, Why.WRONG_HOUR),
    ({"from_time": "22:00", "to_time": "06:00"}, {}, Why.WRONG_HOUR),
    ({"stores": ["375"]}, {}, Why.WRONG_STORE),
    ({"without_stores": ["374"]}, {"store": "374"}, Why.WRONG_STORE),
    ({"channels": ["web"]}, {}, Why.WRONG_CHANNEL),
    ({"levels": ["GOLD"]}, {}, Why.WRONG_LEVEL),
    ({"segments": ["VIP"]}, {}, Why.NOT_IN_SEGMENT),
    ({"birthday": "day"}, {"on": "2026-06-21"}, Why.NOT_BIRTHDAY),
    ({"birthday": "week"}, {"on": "2026-06-22"}, Why.NOT_BIRTHDAY),
    ({"birthday": "month"}, {"on": "2026-07-01"}, Why.NOT_BIRTHDAY),
    ({"least_minor": 10_001}, {}, Why.TOO_LITTLE),
    ({"most_minor": 9_999}, {}, Why.TOO_MUCH),
    ({"first_purchase": 2}, {}, Why.WRONG_PURCHASE_NUMBER),
    ({"joined_within_days": 30}, {}, Why.JOINED_TOO_LONG_AGO),
    ({"min_age": 40}, {}, Why.WRONG_AGE),
    ({"max_age": 30}, {}, Why.WRONG_AGE),
    ({"means": ["card"]}, {"by": {"cash": 100}}, Why.WRONG_MEANS),
    ({"confirm": "PAIR"}, {}, Why.NOT_CONFIRMED),
]


@pytest.mark.parametrize(("when", "said", "why"), WHENS, ids=[next(iter(each[0])) for each in WHENS])
def test_a_rule_tells_why_it_gave_nothing(when: dict[str, Any], said: dict[str, Any], why: Why):
    made = got(earning_by(TENTH | {"when": when}), 100, **said)
    assert (made.points, made.rules[0].why) == (0, why)


HOLDS: list[dict[str, Any]] = [
    {"birthday": "day"}, {"birthday": "week"}, {"birthday": "month"}, {"from_time": "08:00", "to_time": "14:00"},
    {"from_time": "11:00", "to_time": "06:00"}, {"weekdays": [6]}, {"month_days": [20]}, {"min_age": 36, "max_age": 36},
    {"first_purchase": 1, "last_purchase": 1}, {"least_minor": 10_000, "most_minor": 10_000},
]  # fmt: skip


@pytest.mark.parametrize("when", HOLDS)
def test_a_rule_gives_where_its_conditions_hold(when: dict[str, Any]):
    assert points(earning_by(TENTH | {"when": when}), 100) == 10


def test_ceilings_of_a_rule_a_receipt_and_a_day():
    assert points(earning_by(TENTH | {"most_points": 7}), 100) == 7
    assert points(earning_by(TENTH, most_points=8), 100) == 8
    today = MemberFacts(points_today={"": 95, "rule-0": 95})
    assert points(earning_by(TENTH, most_points_day=100), 100, member=today) == 5
    assert points(earning_by(TENTH | {"most_points_day": 100}), 100, member=today) == 5


def test_only_the_payer_earns_where_the_club_says_so():
    assert got(earning_by(TENTH, payer_only=True), 100, payer=False).rules[0].why is Why.NOT_PAYER
    assert points(earning_by(TENTH, payer_only=True), 100) == 10


def test_points_may_be_earned_on_what_goods_cost_before_offers():
    line = bought(80, before_minor=10_000)
    assert points(earning_by(TENTH), line) == 8
    assert points(earning_by(TENTH, before_discounts=True), line) == 10
    assert points(earning_by(TENTH, before_discounts=True), line, by={"card": 80}) == 10


def test_a_channel_that_the_club_is_hidden_from_earns_nothing():
    club = a_programme(earning={"rules": [TENTH | {"code": "a"}]}, channels={"earning": ["store"]})
    assert got(club, 100, channel="web").rules[0].why is Why.WRONG_CHANNEL


def test_earning_ends_on_its_last_day():
    club = a_programme(earning={"rules": [TENTH | {"code": "a"}]}, switch={"last_earning_day": "2026-06-20"})
    assert points(club, 100, on="2026-06-20") == 10
    assert got(club, 100, on="2026-06-21").rules[0].why is Why.EARNING_ENDED


def test_an_event_gives_once_for_each_thing_that_it_is_about():
    said = {"code": "review", "event": "review-approved", "points": 20, "once": "subject", "within_days": 30}
    rule = a_programme(earning={"events": [said]}).earning.events[0]
    how: dict[str, Any] = {"at": purchase(on="2026-06-20"), "about": About(day("2026-06-01"), 161_00), "member": MEMBER}
    assert event_points(rule, EventFacts(times=3), **how).points == 20
    assert event_points(rule, EventFacts(times=3, for_subject=1), **how).why is Why.USED_UP
    share = a_programme(earning={"events": [said | {"points": 5, "per_minor": 100_00}]}).earning.events[0]
    assert [event_points(share, EventFacts(), rounding=each, **how).points for each in Round] == [8, 9, 8]
    without: dict[str, Any] = how | {"about": None}
    assert event_points(share, EventFacts(), **without).why is Why.TOO_LITTLE
    late: dict[str, Any] = how | {"about": About(day("2026-05-20"), 161_00)}
    assert event_points(rule, EventFacts(), **late).why is Why.TOO_LATE


@pytest.mark.parametrize(
    ("said", "first"),
    [({}, "2026-06-20"), ({"after_days": 14}, "2026-07-04"), ({"on_event": "delivered"}, None),
     ({"next_purchase": True}, "2026-06-21")],
)  # fmt: skip
def test_points_become_available_at_once_after_days_or_on_an_event(said: dict[str, Any], first: str | None):
    rule = a_programme(earning={"available": said}).earning.available
    assert available_on(rule, day("2026-06-20")) == (dt.date.fromisoformat(first) if first else None)


AMOUNTS = st.lists(st.integers(1, 50_000), min_size=2, max_size=8)


@given(AMOUNTS, st.integers(1, 7), st.integers(1, 8), st.sampled_from([10, 100, 1000, 2500]))
def test_a_receipt_split_in_two_never_earns_more_than_whole(amounts: list[int], cut: int, rate: int, per: int):
    club = earning_by({"kind": "money", "points": rate, "per_minor": per})
    lines = [bought(amount / 100, id=str(i)) for i, amount in enumerate(amounts)]
    whole = points(club, *lines)
    assert points(club, *lines[:cut]) + (points(club, *lines[cut:]) if lines[cut:] else 0) <= whole


@given(AMOUNTS, st.permutations([0, 1, 2]), st.integers(0, 3))
def test_what_lines_earn_sums_to_the_receipt_and_is_never_below_zero(amounts: list[int], order: list[int], top: int):
    rules = [
        {"kind": "money", "points": 3, "per_minor": 1000, "on": {"groups": ["Tea"]}},
        {"kind": "money", "points": 1, "per_minor": 700},
        {"kind": "times", "factor_bp": 5_000 * top},
    ]
    club = earning_by(*(rules[i] for i in order))
    lines = [bought(a / 100, id=str(i), group="Tea" if i % 2 else None) for i, a in enumerate(amounts)]
    made = got(club, *lines)
    assert sum(made.by_line.values()) == made.points == sum(rule.points for rule in made.rules)
    assert min([0, *made.by_line.values()]) >= 0
