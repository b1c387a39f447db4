"""The customer gets the combination of offers that saves most (REQ O-06)."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erp_club.kernel.money import allocate
from erp_club.promotions.engine.rewards import Freed
from erp_club.promotions.engine.scope import Pick
from erp_club.promotions.engine.solve import (
    Bundle,
    Buy,
    Contender,
    Lump,
    Need,
    Off,
    PerUnit,
    Proof,
    Stack,
    solve,
)
from erp_club.promotions.engine.solve.combine import by_fills
from erp_club.promotions.engine.solve.greedy import greedy, saving, without
from erp_club.promotions.engine.solve.prune import nothing_passed_over
from erp_club.promotions.engine.solve.shapes import Shape
from erp_club.promotions.engine.solve.single import flats_of, single
from tests.promotions.solve.truth import best_saving, shape, shop, shop_with_needs

MINUTES = 60_000


def _stacks(*prices: int) -> list[Stack]:
    return [Stack(1, price) for price in prices]


def test_one_scope_is_always_the_best_there_is() -> None:  # REQ O-06
    draw = random.Random(1)
    for _ in range(150):
        stacks, offers = shop(draw, lines=4, offers=4, one_scope=True)
        found = solve(stacks, offers, deadline_ms=MINUTES)
        assert (found.saving_minor, found.proof) == (best_saving(stacks, offers), Proof.PROVED), (stacks, offers)


def test_overlapping_offers_are_combined_to_the_best_there_is() -> None:  # REQ O-06
    draw = random.Random(2)
    for _ in range(150):
        stacks, offers = shop(draw, lines=4, offers=4)
        found = solve(stacks, offers, deadline_ms=MINUTES)
        assert (found.saving_minor, found.proof) == (best_saving(stacks, offers), Proof.PROVED), (stacks, offers)


def test_an_offer_on_everything_beside_offers_on_their_own_goods_gives_the_best_there_is() -> None:  # REQ O-06
    draw = random.Random(9)
    for _ in range(60):
        stacks = [Stack(draw.choice((1, 1, 2)), cost) for cost in (draw.randrange(5, 400) for _ in range(5))]
        everything = PerUnit(tuple(range(5)), Off.SHARE, draw.choice((333, 500, 1250)))
        offers = [Contender("ALL", everything)]
        for key, on in (("A", (0, 1)), ("B", (2, 3))):
            rules = (
                PerUnit(on, Off.SHARE, draw.choice((250, 750, 1000))),
                Buy(on, 2, off_bp=draw.choice((2500, 5000)), freed=draw.choice(tuple(Freed))),
                Bundle(((on, 2),), Off.SHARE, 1500),
                Lump(on, draw.randrange(10, 100)),
            )
            offers.append(Contender(key, draw.choice(rules)))
        found = solve(stacks, offers, deadline_ms=MINUTES)
        assert (found.saving_minor, found.proof) == (best_saving(stacks, offers), Proof.PROVED), (stacks, offers)


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (PerUnit((0, 1), Off.SHARE, 2000, 1), PerUnit((0, 1), Off.SHARE, 1000, 1), 200 + 100),
        (PerUnit((0, 1), Off.SHARE, 5000, cap_minor=300), PerUnit((0, 1), Off.SHARE, 2500, cap_minor=300), 300 + 250),
        (Buy((0, 1), 1, times=1), Buy((0, 1), 1, off_bp=5000, times=1), 1000 + 500),
        (Bundle((((0, 1), 1),), Off.PRICE, 700, times=1), Bundle((((0, 1), 1),), Off.PRICE, 900, times=1), 300 + 100),
    ],
)
def test_what_an_offer_leaves_over_a_lesser_one_may_have(one: Shape, other: Shape, together: int) -> None:  # REQ O-06
    offers = [Contender("A", one), Contender("B", other), Contender("C", other)]
    found = solve(_stacks(1000, 1000), offers, deadline_ms=MINUTES)
    assert (found.saving_minor, found.proof) == (together, Proof.PROVED)
    assert [each.key for each in found.assignment] == ["A", "B"]


def test_limited_offers_of_one_kind_are_the_best_there_is() -> None:  # REQ O-06
    draw = random.Random(11)
    kinds = ("few", "cheapest", "cap", "buy", "buy all")
    for _ in range(60):
        stacks, offers = shop(draw, lines=3, offers=4, one_scope=True, kinds=[draw.choice(kinds)])
        found = solve(stacks, offers, deadline_ms=MINUTES)
        assert (found.saving_minor, found.proof) == (best_saving(stacks, offers), Proof.PROVED), (stacks, offers)


def test_one_offer_beside_those_on_everything_is_found_as_among_several() -> None:  # REQ O-06
    draw, certain = random.Random(13), 0
    kinds = ("share", "amount", "price", "buy", "buy all", "bundle")
    for _ in range(400):
        costs = [draw.choice((draw.randrange(1, 60), draw.randrange(90, 900))) for _ in range(5)]
        stacks = [Stack(draw.choice((1, 1, 2, 3)), cost) for cost in costs]
        left = [stack.units for stack in stacks]
        flats = [Contender("ALL", PerUnit((0, 1, 2, 3, 4), Off.SHARE, draw.choice((333, 500, 1000))))]
        if draw.random() < 0.4:
            flats.append(Contender("SOME", PerUnit((1, 2, 3), Off.AMOUNT, draw.choice((7, 50)))))
        one = Contender("ONE", shape(draw, (0, 1, 2), (0, 1, 2), kinds))
        found = single(stacks, one, flats_of(stacks, flats), left)
        if found is None:
            continue
        certain += 1
        inside = [
            flat._replace(shape=flat.shape._replace(on=tuple(i for i in flat.shape.on if i < 3)))
            for flat in flats
            if isinstance(flat.shape, PerUnit)
        ]
        same = by_fills(stacks, [one, *inside], left, elsewhere={flat.key for flat in flats})
        assert same is not None
        assert (found.scaled, found.rounds) == (same.scaled, same.rounds), (stacks, one, flats)
        given = [[each for each in answer.taken if each.key == "ONE"] for answer in (found, same)]
        assert given[0] == given[1], (stacks, one, flats)
    assert certain > 200


def test_an_amount_off_all_of_a_scope_is_never_given_beside_another_offer_on_a_unit_of_it() -> None:  # REQ O-06
    stacks = [Stack(1, 369), Stack(2, 226), Stack(1, 21), Stack(1, 299), Stack(2, 268)]
    offers = [
        Contender("A", Lump((0, 1), 88)),
        Contender("ALL", PerUnit((0, 1, 2, 3, 4), Off.SHARE, 333)),
        Contender("ALL-BUT-ONE", PerUnit((0, 1, 2, 3), Off.SHARE, 333)),
        Contender("B", Bundle((((2, 3), 2),), Off.SHARE, 1500)),
        Contender("C", Lump((1,), 77)),
    ]
    assert solve(stacks, offers, deadline_ms=MINUTES).saving_minor == best_saving(stacks, offers) == 155


def test_units_that_fulfil_a_condition_are_chosen_so_that_most_is_saved() -> None:  # REQ O-06
    draw = random.Random(3)
    for _ in range(150):
        stacks, offers = shop_with_needs(draw)
        found = solve(stacks, offers, deadline_ms=MINUTES)
        assert (found.saving_minor, found.proof) == (best_saving(stacks, offers), Proof.PROVED), (stacks, offers)


def test_the_deadline_never_gives_less_than_one_offer_after_the_other() -> None:  # REQ O-06
    draw = random.Random(4)
    for _ in range(10):
        stacks, offers = shop(draw, lines=20, offers=12, kinds=("share", "buy", "buy all", "bundle", "slots", "cap"))
        quick = saving(greedy(stacks, offers, [stack.units for stack in stacks]))
        assert solve(stacks, offers, deadline_ms=1).saving_minor >= quick


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.randoms(use_true_random=False))
def test_the_order_of_lines_and_offers_changes_nothing(seed: int, shuffle: random.Random) -> None:  # REQ O-06
    draw = random.Random(seed)
    stacks, offers = shop(draw, lines=6, offers=4)
    found = solve(stacks, offers, deadline_ms=MINUTES)
    shuffled = list(offers)
    shuffle.shuffle(shuffled)
    assert solve(stacks, shuffled, deadline_ms=MINUTES) == found
    last = len(stacks) - 1
    turned = [Contender(offer.key, _turned(offer.shape, last)) for offer in offers]
    assert solve(stacks[::-1], turned, deadline_ms=MINUTES).saving_minor == found.saving_minor


def _turned(shape: Shape, last: int) -> Shape:
    """The same offer where the lines stand in the opposite order."""

    def turn(on: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(last - i for i in on))

    if isinstance(shape, Bundle):
        return shape._replace(slots=tuple((turn(on), quantity) for on, quantity in shape.slots))
    return shape._replace(on=turn(shape.on))


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**9))
def test_no_unit_serves_two_offers_and_none_is_worth_less_than_nothing(seed: int) -> None:  # REQ O-06
    stacks, offers = shop(random.Random(seed), lines=6, offers=5)
    found = solve(stacks, offers, deadline_ms=MINUTES)
    taken = [0] * len(stacks)
    for offer in found.assignment:
        parts = allocate(offer.saving_minor, [share.weight for share in offer.shares])
        for share, part in zip(offer.shares, parts, strict=True):
            taken[share.stack] += share.units
            assert 0 <= part <= share.units * stacks[share.stack].cost_minor
        for stack, count in offer.used:
            taken[stack] += count
    assert all(count <= stack.units for count, stack in zip(taken, stacks, strict=True))
    assert found.saving_minor == sum(offer.saving_minor for offer in found.assignment)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_one_more_offer_never_makes_a_basket_dearer(seed: int) -> None:  # REQ O-06
    stacks, offers = shop(random.Random(seed), lines=5, offers=5)
    fewer = solve(stacks, offers[:-1], deadline_ms=MINUTES)
    assert solve(stacks, offers, deadline_ms=MINUTES).saving_minor >= fewer.saving_minor


def test_a_higher_priority_chooses_first_even_where_it_saves_less() -> None:
    stacks = _stacks(1000, 2000)
    offers = [
        Contender("FIVE", PerUnit((0,), Off.SHARE, 500), priority=1),
        Contender("HALF", PerUnit((0, 1), Off.SHARE, 5000)),
    ]
    found = solve(stacks, offers)
    assert [(offer.key, offer.saving_minor) for offer in found.assignment] == [("FIVE", 50), ("HALF", 1000)]


def test_of_two_equal_offers_the_first_by_name_gives() -> None:
    offers = [Contender(key, PerUnit((0,), Off.SHARE, 1000)) for key in ("B", "A")]
    assert [offer.key for offer in solve(_stacks(1000), offers).assignment] == ["A"]


@pytest.mark.parametrize(
    ("freed", "free_line"),
    [(Freed.CHEAPEST_OF_ALL, 3), (Freed.CHEAPEST_OF_EACH, 2)],
)
def test_three_for_two_frees_the_cheapest_of_all_or_that_of_its_group(freed: Freed, free_line: int) -> None:
    found = solve(_stacks(1000, 900, 800, 100), [Contender("3FOR2", Buy((0, 1, 2, 3), 3, freed=freed))])
    (offer,) = found.assignment
    assert [share.stack for share in offer.shares] == [free_line]
    assert [stack for stack, _ in offer.used] == [0, 1]


def test_an_offer_that_frees_the_cheapest_may_not_leave_it_to_nobody() -> None:
    stacks = _stacks(1000, 900, 800, 100)
    everything = (0, 1, 2, 3)
    three = Contender("3FOR2", Buy(everything, 3))
    assert solve(stacks, [three, Contender("FEW", PerUnit((0,), Off.SHARE, 1))]).saving_minor == 100
    # Where another offer takes the cheapest one, the next is free.
    found = solve(stacks, [three, Contender("TEN", PerUnit(everything, Off.SHARE, 1000))])
    assert [(offer.key, offer.saving_minor) for offer in found.assignment] == [("3FOR2", 800), ("TEN", 10)]


def test_units_that_fill_no_set_are_still_those_of_their_offer() -> None:  # REQ O-06
    stacks, on = [Stack(2, 289), Stack(4, 129)], (0, 1)
    offers = [Contender("HALF", Buy(on, 2, off_bp=5000)), Contender("3FOR2", Buy(on, 3))]
    found = solve(stacks, offers, deadline_ms=MINUTES)
    assert {each.key: each.saving_minor for each in found.assignment} == {"HALF": 145, "3FOR2": 129}
    assert (found.saving_minor, found.proof) == (best_saving(stacks, offers), Proof.PROVED)


def test_sets_of_several_slots_stand_beside_others_without_a_search() -> None:  # REQ O-06
    draw = random.Random(12)
    kinds = ("share", "buy", "buy all", "bundle")
    for _ in range(60):
        stacks = [Stack(draw.choice((1, 1, 2)), cost) for cost in (draw.randrange(5, 900) for _ in range(4))]
        value = draw.choice(((Off.PRICE, 500), (Off.SHARE, 2550), (Off.AMOUNT, 5)))
        slots = Bundle((((0, 1), draw.choice((1, 2))), ((2, 3), 1)), *value, times=draw.choice((None, 1)))
        offers = [Contender("SETS", slots)]
        for nth in range(draw.randint(1, 2)):
            on = tuple(sorted(draw.sample(range(4), 2)))
            offers.append(Contender(f"O{nth}", shape(draw, on, on, kinds)))
        left = [stack.units for stack in stacks]
        found = by_fills(stacks, sorted(offers, key=lambda each: each.key), left)
        assert found is not None
        assert saving(found.taken) <= best_saving(stacks, offers) <= found.bound
        assert solve(stacks, offers, deadline_ms=MINUTES).saving_minor == best_saving(stacks, offers)


def test_no_set_that_is_given_up_leaves_the_cheapest_to_nobody() -> None:
    # A set for 38.69 of two things for 6.80 would let another offer free dearer ones, were it really sold.
    draw = random.Random(6)
    for _ in range(300):
        stacks, offers = shop(draw, lines=12, offers=3, kinds=("buy all", "bundle", "share"))
        if sum(isinstance(offer.shape, Buy) for offer in offers) > 1:
            continue  # what fills no set of one is its own, so that the other may pass it over
        taken = solve(stacks, offers).assignment
        over = without([stack.units for stack in stacks], taken)
        assert nothing_passed_over(stacks, offers, over, taken), (stacks, offers)


def test_a_bundle_takes_the_dearest_and_never_raises_a_price() -> None:
    bundle = Contender("TWO-FOR-15", Bundle((((0, 1, 2, 3), 2),), Off.PRICE, 1500))
    (offer,) = solve(_stacks(1000, 900, 800, 100), [bundle]).assignment
    assert (offer.saving_minor, offer.times, [share.stack for share in offer.shares]) == (400, 1, [0, 1])


def test_a_bundle_of_several_slots_needs_a_unit_in_each() -> None:
    burger_and_drink = Bundle((((0, 1), 1), ((2,), 1)), Off.PRICE, 2500)
    (offer,) = solve(_stacks(2000, 2500, 900), [Contender("MENU", burger_and_drink)]).assignment
    assert (offer.saving_minor, [share.stack for share in offer.shares]) == (900, [1, 2])
    assert solve(_stacks(2000, 2500), [Contender("MENU", Bundle((((0,), 1), ((), 1)), Off.PRICE, 1))]).assignment == ()


def test_an_amount_over_a_scope_stands_against_what_its_units_could_have_instead() -> None:
    stacks = _stacks(3000, 3000)
    lump, ten = Contender("FIVE-OFF", Lump((0, 1), 500)), Contender("TEN", PerUnit((0, 1), Off.SHARE, 1000))
    assert [offer.key for offer in solve(stacks, [lump, ten]).assignment] == ["TEN"]


def test_every_second_shampoo_halves_a_conditioner_and_keeps_the_shampoos() -> None:
    stacks = [Stack(5, 1500), Stack(3, 2000)]
    half = Contender("CARE", PerUnit((1,), Off.SHARE, 5000, most=1), needs=(Need((0,), 2),), every=True)
    (offer,) = solve(stacks, [half]).assignment
    assert (offer.saving_minor, offer.times, offer.used) == (2000, 2, ((0, 4),))
    found = solve(stacks, [half, Contender("TEN", PerUnit((0,), Off.SHARE, 1000))])
    assert found.saving_minor == 2000 + 150


def test_a_share_is_rounded_once_over_its_units_and_never_above_its_cap() -> None:
    stacks = _stacks(5, 5, 5)
    assert solve(stacks, [Contender("TEN", PerUnit((0, 1, 2), Off.SHARE, 1000))]).saving_minor == 2
    assert solve(stacks, [Contender("TEN", PerUnit((0, 1, 2), Off.SHARE, 1000, cap_minor=1))]).saving_minor == 1


@pytest.mark.parametrize(("pick", "saved"), [(Pick.CHEAPEST, 50), (Pick.DEAREST, 500)])
def test_at_most_one_unit_is_the_cheapest_or_the_dearest_as_the_offer_says(pick: Pick, saved: int) -> None:
    half = Contender("HALF", PerUnit((0, 1), Off.SHARE, 5000, most=1, pick=pick))
    assert solve(_stacks(1000, 100), [half]).saving_minor == saved


def test_a_share_from_three_units_on_needs_three_of_its_own() -> None:
    ten = Contender("TEN", PerUnit((0, 1, 2), Off.SHARE, 1000, least=3))
    assert solve(_stacks(1000, 1000), [Contender("TEN", PerUnit((0, 1), Off.SHARE, 1000, least=3))]).saving_minor == 0
    half = Contender("HALF", PerUnit((2,), Off.SHARE, 1500))
    assert solve(_stacks(1000, 1000, 1000), [ten, half]).saving_minor == 300
    assert solve(_stacks(100, 100, 3000), [ten, half]).saving_minor == 450


def test_nothing_to_give_is_an_empty_answer() -> None:
    assert solve([], []).assignment == ()
    assert solve([Stack(0, 0)], [Contender("TEN", PerUnit((0,), Off.SHARE, 1000))]).assignment == ()


def test_a_basket_of_two_thousand_lines_is_answered_when_its_time_is_up() -> None:
    draw = random.Random(5)
    stacks = [Stack(draw.randint(1, 5), price) for price in (draw.randrange(100, 9000) for _ in range(2000))]
    offers = []
    for nth in range(8):
        on = tuple(sorted(draw.sample(range(2000), 800)))
        offers.append(Contender(f"SHARE-{nth}", PerUnit(on, Off.SHARE, 500 + 100 * nth)))
        offers.append(Contender(f"BUY-{nth}", Buy(on, 3)))
        offers.append(Contender(f"BUNDLE-{nth}", Bundle(((on, 2), (on[:400], 1)), Off.PRICE, 5000)))
    found = solve(stacks, offers)
    assert found.saving_minor > 0
    assert found.proof is Proof.TIME_LIMIT
