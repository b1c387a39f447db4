# REQ O-06: what holds whatever the order of lines and of offers
from random import Random
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from erp_club.promotions.engine.facts import Line, Policy
from erp_club.promotions.engine.offer import Offer
from tests.make.pricing import an_offer
from tests.promotions.test_pricing_properties import GROUPS, compute, exclusive, grouped, lines, offers, stackable


@settings(max_examples=100, deadline=None)
@given(lines(), offers(st.one_of(stackable, exclusive, grouped)), st.randoms(use_true_random=False))
def test_the_price_hangs_on_no_order_of_offers(basket: tuple[Line, ...], held: list[Offer], random: Any) -> None:
    shuffled = list(held)
    random.shuffle(shuffled)
    assert compute(basket, shuffled) == compute(basket, held)


def _sale(*goods: tuple[str, int, int]) -> tuple[Line, ...]:
    return tuple(Line(str(i), word, 1000 * n, unit, 0, GROUPS[word]) for i, (word, n, unit) in enumerate(goods))


G1, G2 = {"groups": ["g1"]}, {"groups": ["g2"]}
PER_UNIT = {"kind": "amount", "spread": "unit"}
# Units of one price on lines that offers tell apart, then an amount by line, then a search that isn't proved.
CHEAPEST_IN_TWO_SLOTS = (
    _sale(("A", 3, 500), ("D", 3, 500)),
    [
        an_offer(
            "O0",
            {"kind": "bundle", "slots": [{"on": G1, "quantity": 1}, {"quantity": 1}], "price_minor": 308}
            | {"pick": "cheapest"},
        ),
        an_offer("O1", {"kind": "buy_get", "size": 3, "off_bp": 333}),
    ],
)
PRICE_AND_BY_LINE = (
    _sale(("D", 3, 990), ("E", 1, 500), ("E", 1, 500), ("C", 2, 990), ("C", 5, 990)),
    [
        an_offer("O0", {"kind": "amount", "value_minor": 300, "spread": "line"}, combination={"per": "line"}),
        an_offer(
            "O1",
            {"kind": "fixed_price", "price_minor": 0, "on": {"products": ["C"]}, "units": 2},
            combination={"group": "two", "per": "line"},
        ),
        an_offer("O2", PER_UNIT | {"value_minor": 50, "on": G2}),
    ],
)
NOT_PROVED = (
    _sale(("A", 1, 990), ("D", 5, 100), ("B", 3, 500), ("E", 2, 990), ("B", 3, 2372), ("A", 3, 390)),
    [
        an_offer(
            "O0",
            {"kind": "buy_get", "size": 4, "free": 4, "off_bp": 5000, "freed": "each", "on": {"products": ["C", "E"]}},
        ),
        an_offer(
            "O1",
            {"kind": "bundle", "slots": [{"on": G1, "quantity": 3}], "off_minor": 2794, "pick": "cheapest"}
            | {"applications": 2},
        ),
        an_offer("O2", PER_UNIT | {"value_minor": 10, "group_size": 4, "on": {"groups": ["g1", "g3"]}}),
    ],
)
# An odd agora of the first offer changes what the second one is rounded to.
ODD_AGORA = (
    _sale(("C", 1, 990), ("A", 1, 990), ("E", 1, 990)),
    [
        an_offer("O0", {"kind": "amount", "value_minor": 100}, combination={"mode": "stackable", "stage": "item"}),
        an_offer(
            "O1",
            {"kind": "percent", "value_bp": 5000, "on": G2},
            combination={"mode": "stackable", "stage": "basket"},
        ),
    ],
)


@settings(max_examples=100, deadline=None)
@given(lines(), offers(st.one_of(stackable, exclusive, grouped)), st.randoms(use_true_random=False))
@example(*CHEAPEST_IN_TWO_SLOTS, Random(0))
@example(*PRICE_AND_BY_LINE, Random(0))
@example(*NOT_PROVED, Random(0))
@example(*ODD_AGORA, Random(0))
def test_the_price_hangs_on_no_order_of_lines(  # REQ O-06
    basket: tuple[Line, ...], held: list[Offer], random: Any
) -> None:
    shuffled = list(basket)
    random.shuffle(shuffled)
    patient = Policy(deadline_ms=60_000)
    orders = (basket, tuple(shuffled), basket[::-1])
    answers = [compute(each, held, policy=patient) for each in orders]
    assert len({answer.total_minor for answer in answers}) == 1
    for answer, order in zip(answers, orders, strict=True):
        assert [line.id for line in answer.lines] == [line.id for line in order]
        assert answer.total_minor == sum(line.total_minor for line in answer.lines)


def test_an_odd_minor_unit_lies_on_the_first_line_whatever_it_is() -> None:
    for basket in (ODD_AGORA[0], ODD_AGORA[0][::-1]):
        assert [line.discount_minor for line in compute(basket, ODD_AGORA[1][:1]).lines] == [34, 33, 33]
