# REQ M-03: levels are a function of dated movements
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_club.programmes.engine.climb import Override, history, next_level, standing
from erp_club.programmes.engine.facts import Moved
from erp_club.programmes.engine.levels import Levels
from erp_club.programmes.engine.milestones import passed
from erp_club.programmes.engine.outlook import outlook
from tests.make.programmes import day

JOINED = day("2025-03-10")
STEPS: list[dict[str, Any]] = [
    {"code": "BRONZE", "at_least": 0}, {"code": "SILVER", "at_least": 1000}, {"code": "GOLD", "at_least": 5000},
]  # fmt: skip


def levels(**said: Any) -> Levels:
    return Levels.model_validate({"levels": STEPS, **said})


def moved(**by_day: int) -> list[Moved]:
    """`d20260105=500`: so much on a day."""
    return [Moved(dt.date.fromisoformat(on[1:]), value) for on, value in by_day.items()]


def level(rules: Levels, movements: list[Moved], on: str, **said: Any) -> str:
    return standing(rules, movements, day(on), joined_on=JOINED, **said).level


def test_a_level_is_reached_at_once_and_kept_through_the_next_year():
    year = moved(d20260105=600, d20260210=400)
    assert [level(levels(), year, on) for on in ("2026-02-09", "2026-02-10", "2027-12-31", "2028-01-01")] == [
        "BRONZE", "SILVER", "SILVER", "BRONZE",
    ]  # fmt: skip
    assert standing(levels(), year, day("2026-03-01"), joined_on=JOINED).kept_until == day("2027-12-31")


@pytest.mark.parametrize(
    ("said", "on", "before", "after"),
    [
        ({"keep": "window_end"}, "2026-12-31", "SILVER", "BRONZE"),
        ({"keep": "months", "keep_months": 6, "window": {"every": "quarter"}}, "2026-08-09", "SILVER", "BRONZE"),
        ({"keep": "ever"}, "2035-01-01", "SILVER", "SILVER"),
        ({"keep": "while", "window": {"every": "rolling", "months": 12}}, "2027-02-09", "SILVER", "BRONZE"),
        ({"keep": "window_end", "window": {"every": "member_year"}}, "2026-03-09", "SILVER", "BRONZE"),
        ({"keep": "window_end", "window": {"every": "quarter"}}, "2026-03-31", "SILVER", "BRONZE"),
        ({"keep": "next_window", "window": {"every": "half_year"}}, "2026-12-31", "SILVER", "BRONZE"),
        ({"keep": "window_end", "window": {"every": "year", "starts_month": 9}}, "2026-08-31", "SILVER", "BRONZE"),
    ],
)
def test_how_long_a_level_is_kept(said: dict[str, Any], on: str, before: str, after: str):
    rules, year = levels(**said), moved(d20260210=1000)
    assert level(rules, year, on) == before
    assert level(rules, year, str(day(on) + dt.timedelta(days=1))) == after


@pytest.mark.parametrize(
    ("up", "first"), [("at_once", "2026-02-10"), ("next_day", "2026-02-11"), ("next_period", "2027-01-01")]
)
def test_a_level_begins_at_once_the_next_day_or_with_the_next_period(up: str, first: str):
    rules, year = levels(up=up), moved(d20260210=1000)
    assert level(rules, year, str(day(first) - dt.timedelta(days=1))) == "BRONZE"
    assert level(rules, year, first) == "SILVER"


@pytest.mark.parametrize(("down", "then"), [("one", "SILVER"), ("reached", "BRONZE")])
def test_a_level_that_is_not_kept_falls_one_step_or_to_what_is_reached(down: str, then: str):
    rules, year = levels(down=down, keep="window_end"), moved(d20260210=5000)
    assert level(rules, year, "2026-12-31") == "GOLD"
    assert level(rules, year, "2027-01-01") == then


def test_a_level_reached_again_is_kept_longer():
    years = moved(d20260210=1000, d20271130=1000)
    assert level(levels(), years, "2028-12-31") == "SILVER"


def test_less_may_be_enough_to_keep_a_level():
    steps = [STEPS[0], STEPS[1] | {"keep_at_least": 800}]
    years = moved(d20260210=1000, d20270501=800)
    rules = Levels.model_validate({"levels": steps, "keep": "next_window"})
    assert level(rules, years, "2028-12-31") == "SILVER"
    assert level(rules, moved(d20270501=800), "2027-06-01") == "BRONZE"


def test_returns_lower_a_level_from_the_day_on_which_they_come_in():
    back = [*moved(d20260210=1000), Moved(day("2026-02-10"), -500, day("2026-04-01"))]
    assert level(levels(), back, "2026-03-31") == "SILVER"
    assert level(levels(), back, "2026-04-01") == "BRONZE"
    stays = history(levels(), back, day("2026-12-31"), joined_on=JOINED)
    assert [(each.first, each.level) for each in stays] == [
        (JOINED, "BRONZE"), (day("2026-02-10"), "SILVER"), (day("2026-04-01"), "BRONZE"),
    ]  # fmt: skip


def test_a_level_may_be_reached_by_visits_as_well_or_need_them_too():
    visits = {"measure": {"counts": "visits"}, "at_least": 10}
    either = Levels.model_validate({"levels": [STEPS[0], STEPS[1] | {"instead": [visits]}]})
    both = Levels.model_validate({"levels": [STEPS[0], STEPS[1] | {"also": [visits]}]})
    ten = [Moved(day("2026-02-01"), 10, measure=1)]
    assert level(either, ten, "2026-02-01") == "SILVER"
    assert level(both, moved(d20260201=1000), "2026-02-01") == "BRONZE"
    assert level(both, [*ten, *moved(d20260201=1000)], "2026-02-01") == "SILVER"


def test_a_level_that_was_paid_for_hides_none_that_was_reached():
    # REQ M-02
    paid = [
        Override("SILVER", day("2026-05-01"), day("2026-06-30"), paid=True),
        Override("SILVER", day("2026-07-01"), day("2027-06-30"), paid=True),
    ]
    made = standing(levels(), [], day("2026-05-01"), joined_on=JOINED, overrides=paid)
    assert (made.level, made.paid, made.by_hand, made.kept_until) == ("SILVER", True, False, day("2027-06-30"))
    assert level(levels(), [], "2027-07-01", overrides=paid) == "BRONZE"
    reached = standing(levels(), moved(d20260510=5000), day("2026-05-10"), joined_on=JOINED, overrides=paid)
    assert (reached.level, reached.paid) == ("GOLD", False)
    by_hand = [Override("BRONZE", day("2026-05-01"), day("2026-05-31"), "Guest"), *paid]
    assert level(levels(), [], "2026-05-20", overrides=by_hand) == "BRONZE"


def test_a_level_given_by_hand_holds_to_its_end_whatever_was_bought():
    by_hand = [Override("GOLD", day("2026-05-01"), day("2026-06-30"), "Guest of honour")]
    made = standing(levels(), [], day("2026-06-30"), joined_on=JOINED, overrides=by_hand)
    assert (made.level, made.by_hand, made.kept_until) == ("GOLD", True, day("2026-06-30"))
    assert level(levels(), [], "2026-07-01", overrides=by_hand) == "BRONZE"


def test_what_is_missing_for_the_next_level_is_told_with_its_last_day():
    near = next_level(levels(), moved(d20260210=700), day("2026-03-01"), joined_on=JOINED)
    assert near is not None
    assert (near.level, near.missing, near.until) == ("SILVER", 300, day("2026-12-31"))
    assert next_level(levels(), moved(d20260210=9000), day("2026-03-01"), joined_on=JOINED) is None


def test_milestones_are_passed_once_a_window_or_for_each_so_much():
    give = [{"kind": "points", "points": 50}]
    rules = levels(milestones=[
        {"code": "half", "at": 500, "gives": give}, {"code": "each", "at": 400, "every": True, "gives": give},
    ])  # fmt: skip
    found = passed(rules, moved(d20260105=900, d20270105=500), day("2027-12-31"), joined_on=JOINED)
    assert [(each.code, str(each.on), each.times) for each in found] == [
        ("each", "2026-01-05", 1), ("each", "2026-01-05", 2), ("half", "2026-01-05", 1),
        ("each", "2027-01-05", 1), ("half", "2027-01-05", 1),
    ]  # fmt: skip


DAYS = st.dates(day("2025-03-10"), day("2027-12-31"))
MOVED = st.lists(st.builds(Moved, on=DAYS, value=st.integers(-1500, 3000)), max_size=12)
RULES = st.sampled_from([
    levels(), levels(keep="window_end", down="reached"), levels(up="next_period"), levels(up="next_day"),
    levels(keep="while", window={"every": "rolling", "months": 12}), levels(keep="months", keep_months=9),
    levels(keep="since_last", keep_months=3, keep_to_month_end=True, window={"every": "ever"}),
    levels(keep="while", window={"every": "rolling", "last_days": 90}),
    levels(keep="while", window={"every": "ever"}, grace_days=5),
    levels(keep="while", window={"every": "declared", "days": ["2027-03-01"]}, grace_days=5),
])  # fmt: skip


@given(RULES, MOVED, st.randoms(), DAYS)
def test_the_order_of_movements_changes_no_level(rules: Levels, movements: list[Moved], random: Any, on: dt.date):
    mixed = list(movements)
    random.shuffle(mixed)
    assert standing(rules, mixed, on, joined_on=JOINED) == standing(rules, movements, on, joined_on=JOINED)
    assert history(rules, mixed, on, joined_on=JOINED) == history(rules, movements, on, joined_on=JOINED)


@given(RULES, MOVED, DAYS)
def test_the_history_says_for_each_day_what_its_standing_was(rules: Levels, movements: list[Moved], on: dt.date):
    stays = history(rules, movements, day("2027-12-31"), joined_on=JOINED)
    told = [each.level for each in stays if each.first <= on][-1]
    assert told == standing(rules, movements, on, joined_on=JOINED).level


@pytest.mark.parametrize("keep", ["while", "next_window", "ever"])
def test_years_of_membership_reach_a_level_as_well_and_keep_it(keep: str):
    steps = [STEPS[0], STEPS[1] | {"after_months": 24}, STEPS[2] | {"after_months": 60}]
    rules = Levels.model_validate({"levels": steps, "keep": keep})
    days = ("2027-03-09", "2027-03-10", "2029-12-31", "2030-03-09", "2030-03-10", "2035-01-01")
    assert [level(rules, [], on) for on in days] == ["BRONZE", "SILVER", "SILVER", "SILVER", "GOLD", "GOLD"]
    seen = outlook(rules, [], day("2025-04-01"), joined_on=JOINED)
    assert seen.due_on == day("2027-03-10")
    bought = moved(d20250401=5000)
    later = "GOLD" if keep == "ever" else "SILVER"
    assert [level(rules, bought, on) for on in ("2025-04-01", "2027-05-01")] == ["GOLD", later]
