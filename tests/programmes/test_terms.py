# REQ M-02, M-09, M-12, P-09, P-18: who may join, for how long, at what fee, and until when points hold
from typing import Any

import pytest

from erp_club.clubs.periods import Span
from erp_club.programmes.engine.expiry import last_day
from erp_club.programmes.engine.membership import Way
from erp_club.programmes.engine.places import Doing, Where, works
from erp_club.programmes.engine.programme import Channels
from erp_club.programmes.engine.renew import (
    Applicant,
    Person,
    fees_for,
    first_term,
    joining_fee,
    lengths,
    may_not_join,
    may_not_share,
    may_renew,
    refund_minor,
    renewal_fee,
    slid_until,
    upgrade_fee,
)
from erp_club.programmes.engine.upgrades import Upgrade, paid_through, upgrades
from tests.make.programmes import a_programme, day

TODAY = day("2026-06-20")


@pytest.mark.parametrize(
    ("joining", "who", "hinders"),
    [
        ({}, {}, ()),
        ({}, {"where": Where("app")}, ("channels.joining",)),
        ({}, {"where": None}, ()),
        ({"ways": ["invitation"]}, {}, ("joining.ways",)),
        ({"ways": ["purchase"], "purchase_minor": 10_000}, {"way": Way.PURCHASE, "purchase_minor": 9_999},
         ("joining.purchase_minor",)),
        ({"ways": ["purchase"], "purchase_minor": 10_000}, {"way": Way.PURCHASE, "purchase_minor": 10_000}, ()),
        ({"ways": ["invitation"], "invitation_days": 14}, {"way": Way.INVITATION, "invited_on": day("2026-06-05")},
         ("joining.invitation_days",)),
        ({"ways": ["invitation"], "invitation_days": 15}, {"way": Way.INVITATION, "invited_on": day("2026-06-05")}, ()),
        ({"eligibility": {"min_age": 18}}, {"age": 17}, ("joining.eligibility.min_age",)),
        ({"eligibility": {"max_age": 30}}, {"age": 31}, ("joining.eligibility.max_age",)),
        ({"eligibility": {"guardian_below_age": 15}}, {"age": 14}, ("joining.eligibility.guardian_below_age",)),
        ({"eligibility": {"guardian_below_age": 15}}, {"age": 14, "has_guardian": True}, ()),
        ({"eligibility": {"private_only": True}}, {"is_private": False}, ("joining.eligibility.private_only",)),
        ({"eligibility": {"staff": "excluded"}}, {"is_staff": True}, ("joining.eligibility.staff",)),
        ({"eligibility": {"staff": "only"}}, {}, ("joining.eligibility.staff",)),
        ({"eligibility": {"countries": ["FI"]}}, {"country": "SE"}, ("joining.eligibility.countries",)),
        ({"eligibility": {"required_data": ["mobile"]}}, {}, ("joining.eligibility.required_data",)),
        ({"eligibility": {"segments": ["STUDENT"]}}, {}, ("joining.eligibility.segments",)),
        ({"eligibility": {"not_with_clubs": ["GOLD"]}}, {"clubs": frozenset({"GOLD"})},
         ("joining.eligibility.not_with_clubs",)),
    ],
)  # fmt: skip
def test_what_keeps_somebody_from_joining(joining: dict[str, Any], who: dict[str, Any], hinders: tuple[str, ...]):
    assert may_not_join(a_programme(joining=joining), Applicant(**who), on=TODAY) == hinders


@pytest.mark.parametrize(
    ("channels", "where", "does"),
    [
        ({}, Where(store="374"), {"joining", "earning", "redeeming", "benefits"}),
        ({}, Where("app", "374"), set()),
        ({"benefits": ["web"], "joining": []}, Where(store="374"), {"earning", "redeeming"}),
        ({"benefits": ["web"], "joining": []}, None, {"earning", "redeeming", "benefits"}),
        ({"stores": ["500"]}, Where(store="374"), set()),
        ({"without_stores": ["500"]}, Where(store="500"), set()),
        ({"stores": ["500"], "benefits": ["store"]}, Where("web", "500"), {"joining", "earning", "redeeming"}),
    ],
)
def test_a_club_is_hidden_from_a_channel_for_all_or_for_some_of_what_it_does(
    channels: dict[str, Any], where: Where | None, does: set[str]
):
    assert {each.value for each in Doing if works(Channels(**channels), each, where)} == does


@pytest.mark.parametrize(
    ("term", "last"),
    [
        ({"kind": "months", "months": 12}, "2027-06-19"),
        ({"kind": "lifetime"}, None),
        ({"kind": "date", "each_year": {"month": 12, "day": 31}}, "2026-12-31"),
        ({"kind": "date", "each_year": {"month": 7, "day": 31}, "least_days": 90}, "2027-07-31"),
        ({"kind": "date", "last_day": "2028-01-31"}, "2028-01-31"),
        ({"kind": "sliding", "months": 24}, "2028-06-19"),
        ({"kind": "age", "age": 12}, "2032-02-28"),
        ({"kind": "age", "age": 18, "of": "child"}, "2038-02-27"),
    ],
)
def test_how_long_a_membership_lasts(term: dict[str, Any], last: str | None):
    assert first_term(a_programme(term=term), TODAY, day("2020-02-29")) == Span(TODAY, day(last) if last else None)


def test_a_sliding_term_starts_again_with_each_purchase():
    term = a_programme(term={"kind": "sliding", "months": 24}).term
    assert slid_until(term, day("2027-01-31")) == day("2029-01-30")  # pyright: ignore[reportArgumentType]


def test_nobody_renews_earlier_than_the_club_lets():
    club = a_programme(renewal={"earliest_days": 60})
    last = day("2026-06-30")
    assert not may_renew(club, last, day("2026-04-30"))
    assert may_renew(club, last, day("2026-05-01"))


FEES: dict[str, Any] = {"joining_minor": 10_000, "renewal_minor": 8_000}
YEAR = Span(day("2026-01-01"), day("2026-12-31"))


def test_a_fee_may_be_paid_in_parts_and_waived_in_part():
    fees = a_programme(fees=FEES | {"instalments": {"first_minor": 2_000}}).fees
    assert (joining_fee(fees).due_minor, joining_fee(fees).now_minor) == (10_000, 2_000)
    half = a_programme(fees=FEES | {"waiver": {"at_least_minor": 50_000, "off_bp": 5_000}}).fees
    assert renewal_fee(half, 50_000).due_minor == 4_000
    assert renewal_fee(half, 49_000).missing_minor == 1_000


@pytest.mark.parametrize(
    ("bought", "due", "missing", "then"),
    [(0, 8_000, 10_000, 6_000), (9_999, 8_000, 1, 6_000), (10_000, 6_000, 20_000, 2_500), (30_000, 2_500, 20_000, 0),
     (49_999, 2_500, 1, 0), (50_000, 0, 0, 0)],
)  # fmt: skip
def test_a_fee_falls_in_steps_with_what_was_bought(bought: int, due: int, missing: int, then: int):
    steps = [{"at_least_minor": 30_000, "fee_minor": 2_500}, {"at_least_minor": 50_000}]
    waiver = {"at_least_minor": 10_000, "off_bp": 2_500, "steps": steps}
    fee = renewal_fee(a_programme(fees=FEES | {"waiver": waiver}).fees, bought)
    assert (fee.due_minor, fee.now_minor, fee.full_minor) == (due, due, 8_000)
    assert (fee.missing_minor, fee.then_minor) == (missing, then)


@pytest.mark.parametrize(
    ("refund", "back"),
    [({}, 0), ({"refund": "whole"}, 10_000), ({"refund": "pro_rata"}, 10_000 * 184 // 365), ({"refund_days": 14}, 0),
     ({"deposit": True}, 10_000)],
)  # fmt: skip
def test_what_of_a_fee_comes_back(refund: dict[str, Any], back: int):
    fees = a_programme(fees=FEES | refund).fees
    assert refund_minor(fees, 10_000, YEAR, day("2026-07-01")) == back


def test_a_fee_comes_back_whole_within_its_days():
    fees = a_programme(fees=FEES | {"refund_days": 14}).fees
    assert refund_minor(fees, 10_000, YEAR, day("2026-01-15")) == 10_000
    assert refund_minor(fees, 10_000, YEAR, day("2026-01-16")) == 0


@pytest.mark.parametrize(("pro_rata", "costs"), [(True, 20_000 * 184 // 365), (False, 20_000)])
def test_a_paid_level_costs_the_difference_for_the_days_left(pro_rata: bool, costs: int):
    level = {"level": "GOLD", "joining_minor": 30_000, "renewal_minor": 25_000, "upgrade_pro_rata": pro_rata}
    club = a_programme(fees=FEES | {"levels": [level]})
    fees = club.fees
    assert upgrade_fee(club, None, "GOLD", YEAR, day("2026-07-01")) == pytest.approx(costs, abs=1)
    assert renewal_fee(fees, 0, "GOLD").due_minor == 25_000


STEPS = {
    "levels": [
        {"code": "BASE", "at_least": 0},
        {"code": "SILVER"},
        {"code": "GOLD"},
        {"code": "GUEST", "by_hand": True},
    ]
}
SOLD = [{"level": "SILVER", "joining_minor": 36_500}, {"level": "GOLD", "joining_minor": 73_000}]


def test_the_levels_above_the_one_held_are_sold_for_the_rest_of_the_term():
    # REQ M-02, M-03
    club = a_programme(levels=STEPS, fees=FEES | {"joining_minor": 0, "levels": SOLD})
    rest = Span(day("2026-11-01"), day("2026-12-31"))
    assert upgrades(club, "BASE", YEAR, rest.first) == (
        Upgrade("SILVER", 6_100, rest, 2, 61), Upgrade("GOLD", 12_200, rest, 2, 61),
    )  # fmt: skip
    assert [(each.level, each.fee_minor) for each in upgrades(club, "SILVER", YEAR, rest.first)] == [("GOLD", 6_100)]
    assert [each.months for each in upgrades(club, "SILVER", YEAR, day("2026-12-02"))] == [0], "30 days are no month"
    assert upgrades(club, "GOLD", YEAR, rest.first) == ()
    assert upgrades(club, "BASE", YEAR, rest.first, by_hand=True) == ()
    assert upgrades(club, "BASE", YEAR, day("2027-01-01")) == ()
    assert upgrades(club, "BASE", Span(YEAR.first, None), rest.first)[0] == Upgrade(
        "SILVER", 36_500, Span(rest.first, None), None, None
    )


def test_renewing_goes_on_with_the_highest_level_that_was_paid_for_to_the_end():
    club = a_programme(levels=STEPS, fees=FEES | {"levels": SOLD})
    assert paid_through(club, {"SILVER": YEAR.last, "GOLD": day("2026-06-30")}, YEAR) == "SILVER"
    assert paid_through(club, {"SILVER": YEAR.last, "GOLD": None}, YEAR) == "GOLD"
    assert paid_through(club, {"GONE": YEAR.last}, YEAR) is None


def test_who_may_share_an_account():
    household = a_programme(household={"most_persons": 3, "same_address": True, "min_age": 13}).household
    assert household is not None
    main = Person("main", "Kiryat Motzkin")
    child, other = Person("child", "Kiryat Motzkin", 12), Person("other", "Haifa", 40)
    assert may_not_share(household, main, (main,), child) == ("household.min_age",)
    assert may_not_share(household, main, (main,), other) == ("household.same_address",)


@pytest.mark.parametrize(
    ("rule", "last"),
    [
        ({"kind": "never"}, None),
        ({"kind": "months", "months": 12}, "2027-06-20"),
        ({"kind": "months", "months": 12, "to_month_end": True}, "2027-06-30"),
        ({"kind": "each_year", "last_day": {"month": 3, "day": 31}}, "2027-03-31"),
        ({"kind": "each_year", "last_day": {"month": 12, "day": 31}, "years_after": 1}, "2027-12-31"),
        ({"kind": "member_year"}, "2026-09-30"),
        ({"kind": "member_year", "years_after": 1}, "2027-09-30"),
        ({"kind": "inactivity", "months": 18}, "2027-12-20"),
    ],
)
def test_until_when_points_hold(rule: dict[str, Any], last: str | None):
    club = a_programme(expiry={"rule": rule})
    got = last_day(club.expiry.rule, TODAY, joined_on=day("2025-10-01"))
    assert got == (day(last) if last else None)


TWO_YEARS = Span(day("2026-01-01"), day("2027-12-31"))
GOLD = {"level": "GOLD", "joining_minor": 30_000, "renewal_minor": 25_000}
LONGER = {"months": 24, "joining_minor": 18_000, "renewal_minor": 15_000}


@pytest.mark.parametrize(
    ("own", "costs"), [([], 20_000 * 549 // 365), ([LONGER | {"level": "GOLD", "joining_minor": 50_000}], 24_066)]
)
def test_a_paid_level_in_a_longer_term_costs_the_difference_for_its_days(own: list[dict[str, Any]], costs: int):
    club = a_programme(fees=FEES | {"levels": [GOLD], "terms": [LONGER, *own]}, term={"kind": "months", "months": 12})
    assert upgrade_fee(club, None, "GOLD", TWO_YEARS, day("2026-07-01")) == pytest.approx(costs, abs=1)


def test_customers_of_a_segment_may_choose_what_others_may_not():
    students = LONGER | {"segments": ["Students"], "joining_minor": 9_000}
    club = a_programme(
        fees=FEES | {"terms": [students, LONGER | {"months": 36}]}, term={"kind": "months", "months": 12}
    )
    assert lengths(club, fees_for(club.fees, frozenset())) == [36]
    of_students = fees_for(club.fees, frozenset({"Students"}))
    assert lengths(club, of_students) == [24, 36]
    assert joining_fee(of_students, months=24).due_minor == 9_000
