# REQ O-06: of all ways to share units out, each offer keeping those that it asks for, competing offers find the best
import itertools
import random
from typing import Any

import pytest

from erp_club.promotions.engine.facts import Line, Policy
from erp_club.promotions.engine.offer import Offer
from erp_club.promotions.engine.priced import Priced
from erp_club.promotions.engine.rewards import Amount, Spread
from erp_club.promotions.engine.scope import EVERYTHING
from erp_club.promotions.engine.scopes import holds
from tests.make.pricing import an_offer, priced

Basket = list[Line]
Counts = tuple[int, ...]
GROUPS = {"A": "g1", "B": "g1", "C": "g2", "D": "g2"}
G1, G2, A, C = {"groups": ["g1"]}, {"groups": ["g2"]}, {"products": ["A"]}, {"products": ["C"]}
SCOPES: list[Any] = [None, G1, G2, A, C, {"products": ["A", "C"]}, {"products": ["B", "C", "D"]}]
PATIENT = Policy(deadline_ms=20_000)


def _a_reward(draw: random.Random) -> dict[str, Any]:
    pick = draw.choice
    rewards: list[dict[str, Any]] = [
        {"kind": "percent", "value_bp": pick((1000, 3333, 5000))},
        {"kind": "percent", "value_bp": pick((2000, 10_000)), "units": pick((1, 2)), "pick": "dearest"},
        {"kind": "amount", "value_minor": pick((100, 300, 800))},
        {"kind": "amount", "value_minor": pick((50, 300)), "spread": "unit"},
        {"kind": "amount", "value_minor": pick((50, 300)), "spread": "unit", "units": 1, "pick": "dearest"},
        {"kind": "fixed_price", "price_minor": pick((100, 900))},
        {"kind": "fixed_price", "price_minor": pick((100, 900)), "units": pick((1, 2))},
        {"kind": "buy_get", "size": 2, "off_bp": 5000, "freed": "each", "applications": pick((None, 1))},
    ]
    bundle = {"kind": "bundle", "slots": [{"quantity": 2, "on": pick(SCOPES)}, {"quantity": 1, "on": pick(SCOPES)}]}
    bundle |= {"applications": pick((None, 1)), **pick(({"price_minor": 1200}, {"off_bp": 2000}, {"off_minor": 150}))}
    return pick([bundle, *(reward | {"on": pick(SCOPES)} for reward in rewards)])


def _a_shop(seed: int) -> tuple[Basket, list[Offer]]:
    draw = random.Random(seed)

    def asked() -> dict[str, Any]:
        return {"quantity": draw.choice((1, 2, 2, 3)), "of": draw.choice(SCOPES), "every": draw.random() < 0.5}

    lines = [
        Line(str(i), word, 1000 * draw.choice((1, 1, 2)), draw.choice((300, 500, 700, 990, 1500)), 0, GROUPS[word])
        for i, word in enumerate(draw.choices("ABCD", k=draw.randint(1, 4)))
    ]
    whens: list[dict[str, Any]] = [{"all": []}, asked(), asked(), {"all": [asked(), asked()]}]
    return lines, [an_offer(f"O{n}", _a_reward(draw), when=draw.choice(whens)) for n in range(draw.randint(1, 3))]


def _given(basket: Basket, *offers: Offer) -> int:
    return priced(basket, *offers, policy=PATIENT).discount_minor


def _by_itself(basket: Basket, counts: Counts, offer: Offer) -> int:
    """What the offer gives where only these units are there; an amount once takes all that it is about."""
    reward = offer.rewards[0]
    if isinstance(reward, Amount) and reward.spread is Spread.ONCE:
        about = [count for line, count in zip(basket, counts, strict=True) if holds(reward.on or EVERYTHING, line)]
        whole = [line.quantity_milli // 1000 for line in basket if holds(reward.on or EVERYTHING, line)]
        if about != whole:
            return 0
    there = [
        Line(line.id, line.product, 1000 * count, line.unit_minor, 0, line.group)
        for line, count in zip(basket, counts, strict=True)
        if count
    ]
    return _given(there, offer) if there else 0


def _best(basket: Basket, offers: list[Offer]) -> int:
    """The most of all ways to give units to offers, or to none."""
    ways = [
        [way for way in itertools.product(range(line.quantity_milli // 1000 + 1), repeat=len(offers))
         if sum(way) <= line.quantity_milli // 1000]
        for line in basket
    ]  # fmt: skip
    known: dict[tuple[int, Counts], int] = {}
    best = 0
    for has in itertools.product(*ways):
        given = 0
        for nth, offer in enumerate(offers):
            mine = nth, tuple(line[nth] for line in has)
            if mine not in known:
                known[mine] = _by_itself(basket, mine[1], offer)
            given += known[mine]
        best = max(best, given)
    return best


@pytest.mark.parametrize("seed", range(120))
def test_the_units_are_shared_out_as_no_other_way_saves_more(seed: int) -> None:
    basket, offers = _a_shop(seed)
    assert _given(basket, *offers) == _best(basket, offers)


def _applied(answer: Priced) -> dict[str, int]:
    return {each.offer: each.amount_minor for each in answer.applied}


def test_units_that_fulfil_a_condition_serve_no_other_offer_though_the_reward_lies_on_some_of_them() -> None:
    three = an_offer("THREE", {"kind": "percent", "value_bp": 5000, "on": A}, when={"quantity": 3, "of": G1})
    five = an_offer("FIVE", {"kind": "amount", "value_minor": 5, "spread": "unit", "on": {"products": ["B"]}})
    basket = [Line("1", "A", 1000, 1000, 0, "g1"), Line("2", "B", 3000, 1000, 0, "g1")]
    assert _applied(priced(basket, three, five)) == {"THREE": 500, "FIVE": 5}


def test_an_offer_whose_condition_has_lost_its_units_is_told_to_whom() -> None:  # REQ O-08
    half = {"kind": "percent", "value_bp": 5000}
    first = an_offer("FIRST", half | {"on": A}, combination={"priority": 1})
    second = an_offer("SECOND", half | {"on": C}, when={"quantity": 1, "of": A})
    basket = [Line("1", "A", 1000, 1000, 0, "g1"), Line("2", "C", 1000, 1000, 0, "g2")]
    answer = priced(basket, first, second)
    assert _applied(answer) == {"FIRST": 500}
    assert [(each.reason, each.beaten_by) for each in answer.refused] == [("beaten", "FIRST")]


def test_a_condition_holds_no_more_units_than_it_asks_for_lest_a_dearer_one_become_the_cheapest() -> None:
    half = {"kind": "percent", "value_bp": 5000, "units": 1, "pick": "cheapest"}
    cheapest = an_offer("CHEAPEST", half | {"on": {"products": ["A", "C"]}})
    pair = {"kind": "bundle", "slots": [{"quantity": 2, "on": {"products": ["B"]}}], "off_minor": 150}
    every = an_offer("PAIR", pair | {"applications": 1}, when={"quantity": 3, "of": C, "every": True})
    basket = [
        Line(str(i), word, count, unit)
        for i, (word, count, unit) in enumerate((("C", 5000, 990), ("A", 1000, 1500), ("B", 2000, 333)))
    ]
    answer = priced(basket, cheapest, every, policy=PATIENT)
    assert (_applied(answer), answer.proof) == ({"CHEAPEST": 495, "PAIR": 150}, "proved")


def test_the_cheapest_of_its_goods_is_none_of_those_that_its_condition_asks_for() -> None:
    some = {"kind": "percent", "value_bp": 3333, "units": 3, "pick": "cheapest"}
    cheapest = an_offer("CHEAPEST", some | {"on": G1}, when={"quantity": 3, "of": C})
    slots = [{"quantity": 1, "on": G1}, {"quantity": 1}]
    pair = an_offer("PAIR", {"kind": "bundle", "slots": slots, "off_bp": 2000, "applications": 2})
    basket = [
        Line(str(i), word, count, unit, 0, GROUPS[word])
        for i, (word, count, unit) in enumerate(
            (("C", 5000, 500), ("D", 2000, 991), ("B", 2000, 990), ("B", 1500, 500))
        )
    ]
    answer = priced(basket, cheapest, pair, policy=PATIENT)
    assert (_applied(answer), answer.proof) == ({"CHEAPEST": 330, "PAIR": 744}, "proved")


def test_an_amount_for_every_two_units_is_given_less_often_where_another_offer_does_more_with_some() -> None:
    each = {"kind": "amount", "value_minor": 100, "spread": "unit", "on": C}
    every = an_offer("EVERY", each, when={"quantity": 2, "of": A, "every": True})
    half = an_offer("HALF", {"kind": "percent", "value_bp": 5000, "on": A, "units": 2, "pick": "dearest"})
    basket = [Line("1", "A", 4000, 1000, 0, "g1"), Line("2", "C", 1000, 1000, 0, "g2")]
    assert _applied(priced(basket, every, half)) == {"EVERY": 100, "HALF": 1000}


def test_what_is_weighed_counts_for_its_whole_kilograms_and_no_gram_more() -> None:
    four = an_offer("FOUR", {"kind": "percent", "value_bp": 5000, "on": C}, when={"quantity": 4, "of": G1})
    ten = an_offer("TEN", {"kind": "percent", "value_bp": 1000, "on": A})
    goods = [Line("1", "A", 3500, 1000, 0, "g1"), Line("2", "B", 2000, 100, 0, "g1")]
    # The two others are two: for four the weighed ones are kept, and ten per cent off these is more, or less.
    assert _applied(priced([*goods, Line("3", "C", 1000, 500, 0, "g2")], four, ten)) == {"TEN": 350}
    assert _applied(priced([*goods, Line("3", "C", 1000, 900, 0, "g2")], four, ten)) == {"FOUR": 450}


@pytest.mark.parametrize(
    "each",
    [
        {"kind": "amount", "value_minor": 100, "spread": "unit"},
        {"kind": "fixed_price", "price_minor": 900},
    ],
    ids=["amount", "price"],
)
def test_what_is_weighed_beside_pieces_keeps_none_of_them_from_an_offer_that_does_more(each: dict[str, object]) -> None:
    half = an_offer("HALF", {"kind": "percent", "value_bp": 5000, "units": 1, "on": {"products": ["A"]}})
    answer = priced([Line("0", "A", 2000, 1000), Line("1", "B", 1500, 1000)], an_offer("EACH", each), half)
    assert _applied(answer) == {"HALF": 500, "EACH": 250}
