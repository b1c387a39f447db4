"""What a segment's definition may say, and what is told of one that can't be.

REQ S-01
"""

import datetime as dt
from typing import Any

import pytest

from erp_club.kernel.errors import Invalid
from erp_club.purchases.segment_registry import REGISTRY
from erp_club.segments import tree
from erp_club.segments.reading import read_condition, read_definition

SPEND = {"metric": "spend", "op": "ge", "value": 100}


def faults(where: Any) -> list[str]:
    with pytest.raises(Invalid) as refused:
        read_condition(where, REGISTRY)
    return [each.field for each in refused.value.fields]


def deep(levels: int) -> Any:
    condition: Any = SPEND
    for _ in range(levels):
        condition = {"not": condition}
    return condition


@pytest.mark.parametrize(
    ("where", "field"),
    [
        ({"field": "shoe_size", "op": "eq", "value": 43}, "where.field"),
        ({"field": "age", "op": "eq", "value": "old"}, "where.value"),
        ({"field": "age", "op": "eq", "value": True}, "where.value"),
        ({"field": "age", "op": "like", "value": 3}, "where.op"),
        ({"field": "age", "op": "eq"}, "where.value"),
        ({"field": "age", "club": "GREEN", "op": "eq", "value": 3}, "where.club"),
        ({"field": "gender", "op": "eq", "value": "Q"}, "where.value"),
        ({"field": "gender", "op": "lt", "value": "F"}, "where.op"),
        ({"field": "consent", "op": "in", "value": ["sms", "pigeon"]}, "where.value[1]"),
        ({"field": "joined_on", "op": "ge", "value": "2026-02-30"}, "where.value"),
        ({"field": "joined_on", "op": "between", "value": ["2026-03-01", "2026-02-01"]}, "where.value"),
        ({"field": "class", "op": "eq", "value": "x"}, "where.field"),
        ({"field": "age:x", "op": "eq", "value": 3}, "where.field"),
        ({"field": 7, "op": "eq", "value": 3}, "where.field"),
        ({"metric": "profit", "op": "eq", "value": 3}, "where.metric"),
        (SPEND | {"of": {"colour": ["red"]}}, "where.of.colour"),
        (SPEND | {"of": {"group": []}}, "where.of.group"),
        (SPEND | {"of": {"group": ["A", 1.5]}}, "where.of.group[1]"),
        (SPEND | {"of": {"sku": [str(n) for n in range(2_000)]}}, "where.of.sku"),
        (SPEND | {"over": {"from": "2026-05-01", "to": "2026-04-30"}}, "where.over"),
        (SPEND | {"over": {"last_days": 0}}, "where.over.last_days"),
        (SPEND | {"over": {"last_days": "9"}}, "where.over.last_days"),
        (SPEND | {"over": {"calendar": "next_year"}}, "where.over.calendar"),
        (SPEND | {"over": 90}, "where.over"),
        (SPEND | {"value": float("nan")}, "where.value"),
        (SPEND | {"value": 10**30}, "where.value"),
        (SPEND | {"op": "between", "value": [1]}, "where.value"),
        ({"field": "number", "op": "eq", "value": "x" * 501}, "where.value"),
        (SPEND | {"op": "is_null", "value": 1}, "where.value"),
        (SPEND | {"colour": "red"}, "where.colour"),
        ({"field": "\ud800", "op": "eq", "value": 1}, "where.field"),
        ({"all": [SPEND, SPEND | {"of": {"sku": ["1", "a\x00"]}}]}, "where.all[1].of.sku[1]"),
        ({"all": [{"\udfff": 1}]}, "where.all[0]"),
        ({"any": [SPEND, {"all": [{"not": {"field": "x", "op": "eq", "value": 1}}]}]}, "where.any[1].all[0].not.field"),
        ({"all": SPEND}, "where.all"),
        ({"all": [], "any": []}, "where"),
        ({"any": []}, "where.any"),
        ({"all": [SPEND, {"all": []}]}, "where.all[1].all"),
        ({"not": {"any": []}}, "where.not.any"),
        ({"field": "birthday_month", "op": "eq", "value": 13}, "where.value"),
        ({"field": "birthday_month", "op": "in", "value": [1, 0, 2.5]}, "where.value[1] where.value[2]"),
        ({"field": "birthday_in_days", "op": "between", "value": [-7, 7]}, "where.value[0]"),
        ({"field": "anniversary_in_days", "op": "le", "value": 400}, "where.value"),
        ({"field": "relative_birthday_in_days", "op": "lt", "value": -1}, "where.value"),
        ({"field": "age", "op": "ge", "value": 200}, "where.value"),
        ({"field": "relative_age", "op": "lt", "value": -1}, "where.value"),
        ({"field": "money_score", "op": "ge", "value": 6}, "where.value"),
        ({"field": "coupon_unused", "op": "ge", "value": -1}, "where.value"),
        ({}, "where"),
        ([], "where"),
        (None, "where"),
    ],
)
def test_each_fault_names_its_place_in_the_tree(where: Any, field: str):
    assert faults(where) == field.split()


@pytest.mark.parametrize(
    "where",
    [
        {"all": []},
        SPEND | {"value": -100},
        {"field": "points", "op": "lt", "value": -1},
        {"field": "ends_in_days", "op": "between", "value": [-30, -1]},
        {"field": "birthday_in_days", "op": "le", "value": 366},
    ],
)
def test_what_may_be_below_nothing_and_everybody_can_be_asked_for(where: Any):
    read_condition(where, REGISTRY)


def test_conditions_40_levels_deep_are_refused_where_they_become_too_deep():
    assert faults(deep(40)) == ["where" + ".not" * tree.MOST_DEEP]
    read_condition(deep(tree.MOST_DEEP - 1), REGISTRY)


def test_a_tree_of_too_many_conditions_is_told_once():
    assert faults({"all": [SPEND] * 500}) == [f"where.all[{tree.MOST_LEAVES}]"]


def test_every_fault_is_told_at_once():
    bad = {"all": [{"field": "x", "op": "eq", "value": 1}, SPEND | {"op": "near"}]}
    assert faults(bad) == ["where.all[0].field", "where.all[1].op"]


@pytest.mark.parametrize("document", [[], {"name": 3, "where": SPEND}, {"name": "x"}, {"where": SPEND, "x": 1}])
def test_a_definition_has_a_name_and_a_condition(document: Any):
    with pytest.raises(Invalid):
        read_definition(document, REGISTRY)


def test_codes_may_be_written_as_numbers():
    read = read_condition({"field": "home_store", "op": "eq", "value": 374}, REGISTRY)
    assert isinstance(read, tree.FieldIs)
    assert read.value == "374"


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        (tree.LastDays(1), (2024, 2, 29), (2024, 2, 29)),
        (tree.LastDays(30), (2024, 1, 31), (2024, 2, 29)),
        (tree.Calendar.THIS_MONTH, (2024, 2, 1), (2024, 2, 29)),
        (tree.Calendar.LAST_MONTH, (2024, 1, 1), (2024, 1, 31)),
        (tree.Calendar.THIS_YEAR, (2024, 1, 1), (2024, 2, 29)),
        (tree.Calendar.LAST_YEAR, (2023, 1, 1), (2023, 12, 31)),
        (tree.Between(dt.date(2024, 1, 1), dt.date(2024, 12, 31)), (2024, 1, 1), (2024, 2, 29)),
    ],
)
def test_a_period_ends_with_the_as_of_day_at_the_latest(
    period: tree.Period, first: tuple[int, int, int], last: tuple[int, int, int]
):
    assert tree.days_of(period, dt.date(2024, 2, 29)) == (dt.date(*first), dt.date(*last))
