# REQ O-03, O-06: offers of all stages, groups and kinds beside each other make nothing dearer by being more
import random

import pytest

from erp_club.promotions.engine.conditions import All, ClubIs
from erp_club.promotions.engine.facts import Line, Policy
from erp_club.promotions.engine.offer import Offer
from tests.make.pricing import a_line, a_shopper, an_offer, priced, refusal

GROUPS = {"A": "g1", "B": "g1", "C": "g2", "D": "g2"}
SCOPES = [
    None, {"groups": ["g1"]}, {"groups": ["g2"]}, {"products": ["A"]}, {"products": ["C"]}, {"products": ["A", "C"]},
]  # fmt: skip
PATIENT = Policy(deadline_ms=60_000)
DEARER = [33, 126, 865, 1176, 1762, 1764, 1800, 1993, 2081, 2385]
"""Shops in which one offer more, or a member's, made a basket dearer before all was decided again without some."""


def _reward(draw: random.Random) -> dict[str, object]:
    of, pick = draw.choice, draw.choice(("dearest", "cheapest"))
    return of(
        [
            {"kind": "percent", "value_bp": of((1000, 3333, 5000)), "on": of(SCOPES)},
            {"kind": "percent", "value_bp": of((2000, 10_000)), "units": of((1, 2)), "pick": pick, "on": of(SCOPES)},
            {"kind": "percent", "value_bp": of((2000, 10_000)), "cap_minor": of((200, 1000)), "on": of(SCOPES)},
            {"kind": "amount", "value_minor": of((100, 300, 800)), "on": of(SCOPES)},
            {"kind": "amount", "value_minor": of((50, 300)), "spread": of(("unit", "line")), "on": of(SCOPES)},
            {"kind": "fixed_price", "price_minor": of((100, 900)), "on": of(SCOPES)},
            {"kind": "fixed_price", "price_minor": of((100, 400)), "units": 1, "pick": pick, "on": of(SCOPES)},
            {"kind": "buy_get", "size": of((2, 3)), "off_bp": of((5000, 10_000)), "freed": "each", "on": of(SCOPES)},
            {"kind": "bundle", "slots": [{"quantity": of((2, 3)), "on": of(SCOPES)}], "price_minor": of((300, 900))},
            {
                "kind": "bundle",
                "slots": [{"quantity": 1, "on": of(SCOPES)}, {"quantity": 1, "on": of(SCOPES)}],
                **of(({"price_minor": 700}, {"off_bp": 3000}, {"off_minor": 400})),
            },
        ]
    )


def _offer(draw: random.Random, code: str) -> Offer:
    stage, of = draw.choice((None, "item", "basket", "code")), draw.choice(SCOPES)
    combination = draw.choice(
        [
            {"mode": "stackable", "stage": stage},
            {"stage": stage},
            {"group": draw.choice(("one", "two")), "per": draw.choice(("unit", "line", "order")), "stage": stage},
        ]
    )
    when = draw.choice(
        [
            {"all": []},
            {"quantity": draw.choice((1, 2)), "of": of, "every": draw.random() < 0.5},
            {"amount_minor": draw.choice((500, 1500)), "of": of},
        ]
    )
    return an_offer(code, _reward(draw), when=when, combination=combination)


def _shop(draw: random.Random) -> tuple[list[Line], list[Offer]]:
    """A basket and offers of one priority."""
    lines = [
        Line(str(i), word, draw.choice((1, 1, 2, 3)) * 1000, draw.choice((300, 333, 500, 990, 1500)), 0, GROUPS[word])
        for i, word in enumerate(draw.choices("ABCD", k=draw.randint(1, 5)))
    ]
    return lines, [_offer(draw, f"O{nth}") for nth in range(draw.randint(2, 5))]


@pytest.mark.parametrize("seeds", [DEARER, range(40)], ids=["dearer once", "any"])
def test_one_offer_more_makes_no_basket_dearer(seeds: list[int]) -> None:
    for seed in seeds:
        lines, offers = _shop(random.Random(seed))
        more, fewer = (priced(lines, *some, policy=PATIENT).total_minor for some in (offers, offers[:-1]))
        assert more <= fewer, seed


@pytest.mark.parametrize("seeds", [DEARER, range(40)], ids=["dearer once", "any"])
def test_a_member_pays_no_more_than_a_stranger_whatever_stands_beside(seeds: list[int]) -> None:
    for seed in seeds:
        draw = random.Random(seed)
        lines, offers = _shop(draw)
        some = [
            offer.model_copy(update={"when": All(all=(offer.when, ClubIs(clubs=("CLUB",))))})
            if draw.random() < 0.5
            else offer
            for offer in offers
        ]
        member, stranger = (priced(lines, *some, shopper=each, policy=PATIENT) for each in (a_shopper(), None))
        assert member.total_minor <= stranger.total_minor, seed


def test_what_wins_its_group_is_left_out_where_a_later_offer_makes_the_same_of_it() -> None:
    a, b = {"products": ["A"]}, {"products": ["B"]}
    once = {"group": "one", "per": "order"}
    most = an_offer("MOST", {"kind": "amount", "value_minor": 300, "on": a}, combination=once)
    less = an_offer("LESS", {"kind": "amount", "value_minor": 250, "on": b}, combination=once)
    fixed = an_offer(
        "FIXED",
        {"kind": "fixed_price", "price_minor": 600, "on": a},
        combination={"mode": "stackable", "stage": "code"},
    )
    lines = [a_line("A"), a_line("B")]
    assert priced(lines, most, less).total_minor == 1700
    answer = priced(lines, most, less, fixed)
    assert {each.offer: each.amount_minor for each in answer.applied} == {"LESS": 250, "FIXED": 400}
    assert (refusal(answer, "MOST").reason, refusal(answer, "MOST").beaten_by) == ("beaten", "LESS")
    urgent = most.model_copy(update={"combination": most.combination.model_copy(update={"priority": 1})})
    assert priced(lines, urgent, less, fixed).total_minor == 1600
