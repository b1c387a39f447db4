"""Conditions of all kinds, negated and nested at random, against a slow reading of them that knows no gates.

REQ O-02, O-03, O-08
"""

import datetime as dt
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from erp_club.promotions.engine.facts import Facts, Line, Member, Shopper
from erp_club.promotions.engine.price import price
from tests.make.pricing import AT, an_offer, compiled

Tree = dict[str, Any]
TEA, MILK = {"groups": ["tea"]}, {"products": ["milk"]}
leaves = st.sampled_from(
    [
        {"quantity": 1, "of": TEA},
        {"quantity": 3},
        {"quantity": 2, "of": MILK, "every": True},
        {"amount_minor": 1500},
        {"amount_minor": 1, "of": TEA},
        {"amount_minor": 0, "of": TEA},
        {"stores": ["042"]},
        {"channels": ["web"]},
        {"terminals": [3]},
        {"weekdays": [3]},
        {"from_time": "11:00", "to_time": "13:00"},
        {"from_time": "22:00", "to_time": "06:00"},
        {"means": ["card"]},
        {"clubs": ["CLUB", "OTHER"]},
        {"clubs": ["CLUB"], "levels": ["gold"]},
        {"segments": ["parents"]},
        {"days_before": 3, "days_after": 1},
        {"celebrates": "month"},
        {"from_age": 18, "to_age": 60},
        {"member_of": "CLUB", "from_days": 0, "to_days": 9},
        {"first": 1, "last": 1},
        {"first": 2},
        {"customer_known": True},
        {"customer_known": False},
        {"confirm": "PAIR", "question": {"en": "Two?"}},
    ]
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda each: {"not": each}, inner),
        st.builds(lambda each: {"all": each}, st.lists(inner, max_size=3)),
        st.builds(lambda each: {"any": each}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=6,
)
shoppers = st.none() | st.builds(
    Shopper,
    st.just("7"),
    st.sampled_from(
        [{}, {"CLUB": Member("gold", joined_on=AT.date())}, {"CLUB": Member("base")}, {"OTHER": Member("gold")}]
    ),
    st.sampled_from([frozenset[str](), frozenset({"parents"})]),
    st.sampled_from([None, -2, -1, 0, 3, 4]),
    st.integers(0, 2),
    st.sampled_from([None, dt.date(1966, 11, 3), dt.date(2008, 11, 25), dt.date(2008, 12, 26)]),
)
lines = st.lists(
    st.builds(
        lambda word, milli, unit: Line(word, word, milli, unit, 1800, group="tea" if word == "green" else "food"),
        st.sampled_from(["green", "milk", "bread"]),
        st.sampled_from([1000, 2000, 3000, 400, 1500]),
        st.sampled_from([100, 500, 999]),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda line: line.id,
)
facts = st.builds(
    lambda held, **said: Facts(tuple(held), **said),
    lines,
    at=st.sampled_from([AT, AT.replace(hour=23), AT + dt.timedelta(days=1), AT.replace(hour=13), AT.replace(hour=11)]),
    shopper=shoppers,
    store=st.sampled_from(["042", "043"]),
    channel=st.sampled_from(["store", "web"]),
    terminal=st.sampled_from([None, 3, 4]),
    means=st.sampled_from([(), ("card",), ("cash", "card"), ("cash",)]),
    confirmed=st.sampled_from([frozenset[str](), frozenset({"PAIR"})]),
)


def holds(tree: Tree, here: Facts) -> bool:
    """The condition as it reads."""
    match tree:
        case {"not": inner}:
            return not holds(inner, here)
        case {"all": several}:
            return all(holds(each, here) for each in several)
        case {"any": several}:
            return any(holds(each, here) for each in several)
        case {"quantity": least}:
            return sum(max(1, line.quantity_milli // 1000) for line in named(tree, here)) >= least
        case {"amount_minor": least}:
            return sum((line.unit_minor * line.quantity_milli + 500) // 1000 for line in named(tree, here)) >= least
        case {"customer_known": known}:
            return (here.shopper is not None) == known
        case {"confirm": name}:
            return name in here.confirmed
        case _:
            found = of_place(tree, here)
            return of_shopper(tree, here.shopper) if found is None else found


def of_place(tree: Tree, here: Facts) -> bool | None:
    match tree:
        case {"stores": stores}:
            return here.store in stores
        case {"channels": channels}:
            return here.channel in channels
        case {"terminals": terminals}:
            return here.terminal in terminals
        case {"weekdays": days}:
            return here.at.isoweekday() in days
        case {"from_time": "22:00"}:
            return here.at.hour >= 22 or here.at.hour < 6
        case {"from_time": _}:
            return 11 <= here.at.hour < 13
        case {"means": means}:
            return bool(set(means) & set(here.means))
        case _:
            return None


def of_shopper(tree: Tree, who: Shopper | None) -> bool:
    if who is None:
        return False
    match tree:
        case {"clubs": clubs, "levels": levels}:
            return any(code in clubs and held.level in levels for code, held in who.clubs.items())
        case {"clubs": clubs}:
            return bool(set(clubs) & set(who.clubs))
        case {"segments": segments}:
            return bool(set(segments) & who.segments)
        case {"days_before": before, "days_after": after}:
            return who.birthday_in is not None and -after <= who.birthday_in <= before
        case {"celebrates": "month"}:
            return who.born is not None and who.born.month == AT.month
        case {"from_age": 18, "to_age": 60}:
            return who.born is not None and (who.born.month, who.born.year) != (12, 2008)
        case {"member_of": club}:
            return club in who.clubs and who.clubs[club].joined_on is not None
        case {"first": first}:
            return first <= who.purchases + 1 <= tree.get("last", who.purchases + 1)
        case _:
            raise AssertionError(tree)


def named(tree: Tree, here: Facts) -> list[Line]:
    of = tree.get("of", {})
    return [
        line
        for line in here.lines
        if not of or line.product in of.get("products", ()) or line.group in of.get("groups", ())
    ]


REWARDS: tuple[Tree, ...] = (
    {"kind": "percent", "value_bp": 1000},
    {"kind": "coupon", "batch": "NEXT"},
    {"kind": "gift", "products": ["mug"]},
)


@settings(max_examples=400, deadline=None)
@given(trees, facts)
@example({"not": {"quantity": 1, "of": TEA}}, Facts((Line("milk", "milk", 1000, 500),), AT))
def test_an_offer_is_given_where_its_condition_reads_so_and_nowhere_else(when: Tree, here: Facts) -> None:
    offers = [an_offer(f"O{nth}", reward, when=when) for nth, reward in enumerate(REWARDS)]
    offers += [an_offer(f"N{nth}", reward, when={"not": when}) for nth, reward in enumerate(REWARDS)]
    offers = [
        offer.model_copy(update={"combination": offer.combination.model_copy(update={"group": offer.code})})
        for offer in offers
    ]
    answer = price(here, compiled(*offers), explain_all=True)
    sign, other = ("O", "N") if holds(when, here) else ("N", "O")
    assert sorted(each.offer for each in answer.applied) == [f"{sign}{nth}" for nth in range(len(REWARDS))]
    assert sorted(each.offer for each in answer.refused) == [f"{other}{nth}" for nth in range(len(REWARDS))]
