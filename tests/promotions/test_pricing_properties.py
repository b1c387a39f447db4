# REQ O-06, O-07: what holds for every basket and every set of offers
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from erp_club.promotions.engine.compile import compile_offers
from erp_club.promotions.engine.conditions import All, ClubIs
from erp_club.promotions.engine.facts import Coupon, Facts, Line, ListPrice, Policy, TaxOfDiscount
from erp_club.promotions.engine.offer import Activation, Limits, Offer, Start
from erp_club.promotions.engine.opening import UNUSED, left_of
from erp_club.promotions.engine.price import is_open, price
from erp_club.promotions.engine.priced import Priced
from erp_club.promotions.engine.ready import Published
from erp_club.promotions.engine.scope import EVERYTHING, Scope
from erp_club.promotions.engine.scopes import holds
from tests.make.pricing import AT, a_shopper, an_offer

WORDS = ["A", "B", "C", "D", "E"]
GROUPS = {"A": "g1", "B": "g1", "C": "g2", "D": "g2", "E": "g3"}
Document = dict[str, Any]

scopes = st.one_of(
    st.none(),
    st.builds(lambda names: {"products": names}, st.lists(st.sampled_from(WORDS), min_size=1, max_size=3, unique=True)),
    st.builds(lambda name: {"groups": [name]}, st.sampled_from(["g1", "g2", "g3"])),
)
minor = st.integers(0, 3000)
shares = st.sampled_from([0, 1, 333, 1000, 2500, 5000, 9999, 10_000])
few = st.integers(1, 4)


def _with(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Document]:
    return st.fixed_dictionaries({"kind": st.just(kind), "on": scopes, **fields})


picks = st.sampled_from(["cheapest", "dearest"])
money_off = st.one_of(
    _with("percent", value_bp=shares),
    _with("percent", value_bp=shares, units=few, pick=picks),
    _with("percent", value_bp=shares, cap_minor=minor, base_cap_minor=minor),
    _with("amount", value_minor=minor),
    _with("amount", value_minor=minor, spread=st.just("line")),
    _with("amount", value_minor=minor, spread=st.just("unit"), group_size=few),
    _with("amount", value_minor=minor, spread=st.just("unit"), group_size=few, units=few, pick=picks),
    _with("amount", value_minor=minor, spread=st.just("unit"), first_minor=minor, units_per_line=few),
    _with("fixed_price", price_minor=minor),
    _with("fixed_price", price_minor=minor, units=few, pick=picks),
    _with("buy_get", size=st.just(3), free=st.integers(1, 3), off_bp=shares, freed=st.sampled_from(["all", "each"])),
    st.builds(
        lambda slots, value, pick: {"kind": "bundle", "slots": slots, "pick": pick, **value},
        st.lists(st.fixed_dictionaries({"on": scopes, "quantity": few}), min_size=1, max_size=2),
        st.one_of(
            st.builds(lambda value: {"price_minor": value}, minor),
            st.builds(lambda value: {"off_bp": value}, shares),
            st.builds(lambda value: {"off_minor": value}, minor),
        ),
        picks,
    ),
)
conditions = st.one_of(
    st.just({"all": []}),
    st.builds(lambda least, on: {"amount_minor": least, "of": on}, minor, scopes),
    st.builds(lambda count, on, every: {"quantity": count, "of": on, "every": every}, few, scopes, st.booleans()),
)
stackable = st.fixed_dictionaries(
    {"mode": st.just("stackable"), "stage": st.sampled_from([None, "item", "basket", "code"])}
)
exclusive = st.fixed_dictionaries({"mode": st.just("exclusive")})
grouped = st.fixed_dictionaries(
    {
        "mode": st.just("exclusive"),
        "group": st.sampled_from([None, "one", "two"]),
        "per": st.sampled_from(["unit", "line", "order"]),
        "priority": st.integers(0, 1),
    }
)


def offers(combinations: st.SearchStrategy[Document], most: int = 4) -> st.SearchStrategy[list[Offer]]:
    rewards = st.lists(money_off, min_size=1, max_size=2)
    parts = st.tuples(rewards, conditions, combinations, st.booleans())
    return st.lists(parts, max_size=most).map(
        lambda many: [
            an_offer(f"O{number}", *rewards, when=when, combination=combination, rest=rest and len(rewards) > 1)
            for number, (rewards, when, combination, rest) in enumerate(many)
        ]
    )


single = st.lists(st.tuples(money_off, conditions), min_size=1, max_size=4).map(
    lambda many: [an_offer(f"O{number}", reward, when=when) for number, (reward, when) in enumerate(many)]
)


@st.composite
def lines(draw: st.DrawFn) -> tuple[Line, ...]:
    quantities = st.sampled_from([1000, 1000, 2000, 3000, 7000, 345, 1500, 3500, 1, 40_000])
    prices = st.one_of(st.integers(0, 2500), st.just(0))
    many = draw(st.lists(st.tuples(st.sampled_from(WORDS), quantities, prices, st.booleans()), max_size=6))
    made = [
        Line(str(i), word, quantity, unit, draw(st.sampled_from([0, 1000, 1800, 2550])), GROUPS[word], levy_minor=levy)
        for i, (word, quantity, unit, levied) in enumerate(many)
        for levy in [25 if levied else 0]
    ]
    if draw(st.integers(0, 4)) == 0:
        made.append(Line("hand", "hand", 1000, -draw(minor), 1800))
    return tuple(made)


policies = st.builds(
    Policy,
    prices_include_tax=st.booleans(),
    tax_of_discount=st.sampled_from(list(TaxOfDiscount)),
    deadline_ms=st.just(50),
)


def compute(basket: tuple[Line, ...], held: list[Offer], **said: Any) -> Priced:
    return price(Facts(basket, AT, **said), compile_offers(Published(offer) for offer in held))


@settings(max_examples=100, deadline=None)
@given(lines(), offers(st.one_of(stackable, exclusive, grouped)), policies)
def test_sums_are_exact_and_nothing_is_negative(basket: tuple[Line, ...], held: list[Offer], policy: Policy) -> None:
    answer = compute(basket, held, policy=policy)
    taken: dict[str, int] = {}
    for applied in answer.applied:
        own = compile_offers(Published(offer) for offer in held if offer.code == applied.offer)
        assert is_open(Facts(basket, AT, policy=policy), own)
        assert applied.amount_minor == sum(share.amount_minor for share in applied.shares)
        for share in applied.shares:
            assert share.amount_minor > 0
            taken[share.line] = taken.get(share.line, 0) + share.amount_minor
    for line, asked in zip(answer.lines, basket, strict=True):
        assert line.discount_minor == taken.get(line.id, 0)
        assert line.total_minor == line.list_minor - line.discount_minor + line.levy_minor
        if asked.unit_minor >= 0:
            assert 0 <= line.discount_minor <= line.list_minor
            assert line.levy_minor <= line.tax_minor <= line.total_minor
            if line.discount_minor == line.list_minor:
                assert (line.total_minor, line.tax_minor) == (line.levy_minor, line.levy_minor)
    assert answer.total_minor == sum(line.total_minor for line in answer.lines) >= 0
    assert answer.discount_minor == sum(applied.amount_minor for applied in answer.applied)


limits = st.sampled_from(
    [{}, {"uses": 3}, {"per_basket": 1}, {"budget_minor": 700}, {"uses": 2, "budget_minor": 500}, {"uses": 1}]
)


@settings(max_examples=150, deadline=None)
@given(
    lines(),
    offers(st.one_of(stackable, exclusive, grouped)),
    st.lists(limits, min_size=4, max_size=4),
    st.lists(st.lists(st.sampled_from([None, 3, 400]), max_size=3), min_size=4, max_size=4),
    st.lists(st.sampled_from([0, 0, 40, 50]), min_size=4, max_size=4),
)
def test_nothing_is_given_beyond_a_limit_a_budget_the_points_or_what_is_left_of_a_coupon(
    basket: tuple[Line, ...],
    held: list[Offer],
    said: list[Document],
    entered: list[list[int | None]],
    costs: list[int],
) -> None:
    coupons = [
        Coupon(f"{nth}-{place}", f"B{nth}", id=nth * 4 + place + 1, left_minor=left)
        for nth, several in enumerate(entered[: len(held)])
        for place, left in enumerate(several)
    ]
    held = [
        offer.model_copy(
            update={
                "limits": Limits.model_validate(said[nth]),
                "activation": Activation(by=Start.COUPON, batch=f"B{nth}", points=costs[nth], club="CLUB")
                if entered[nth]
                else Activation(),
            }
        )
        for nth, offer in enumerate(held)
    ]
    answer = compute(basket, held, coupons=tuple(coupons), shopper=a_shopper(points=100))
    assert sum(each.points_used for each in answer.applied) == answer.points_used <= 100
    for offer in held:
        cost = offer.activation.points
        assert all(each.points_used == cost * each.times for each in answer.applied if each.offer == offer.code)
        mine = [each for each in answer.applied if each.offer == offer.code]
        most = left_of(offer.limits, UNUSED)
        assert most is None or sum(each.times for each in mine) <= most
        budget = offer.limits.budget_minor
        assert budget is None or sum(each.amount_minor for each in mine) <= budget
    for coupon in coupons:
        given = sum(each.amount_minor for each in answer.applied if each.coupon == coupon.text)
        assert coupon.left_minor is None or given <= coupon.left_minor


@settings(max_examples=100, deadline=None)
@given(lines(), offers(st.one_of(stackable, exclusive, grouped)))
def test_every_offer_that_could_touch_the_basket_has_its_word(basket: tuple[Line, ...], held: list[Offer]) -> None:
    facts = Facts(basket, AT)
    answer = price(facts, compile_offers(Published(offer) for offer in held), explain_all=True)
    applied, refused = [each.offer for each in answer.applied], [each.offer for each in answer.refused]
    assert sorted([*applied, *refused]) == sorted(offer.code for offer in held)


# What HiGHS finds leaves a cheaper unit to nobody, and one offer after the other finds less than without the last.
UNPROVED = (
    tuple(Line(name, "A", quantity, unit, 0, "g1") for name, quantity, unit in (("0", 1000, 0), ("1", 41_000, 1))),
    [
        an_offer("O0", {"kind": "amount", "value_minor": 1, "spread": "unit", "group_size": 4}),
        an_offer("O1", {"kind": "percent", "value_bp": 0, "units": 1}),
        an_offer("O2", {"kind": "percent", "value_bp": 5000, "units": 1}),
    ],
)


@settings(max_examples=100, deadline=None)
@given(lines(), single)
@example(*UNPROVED)
def test_an_added_offer_never_makes_the_best_basket_dearer(basket: tuple[Line, ...], held: list[Offer]) -> None:
    assert compute(basket, held).total_minor <= compute(basket, held[:-1]).total_minor


pieces = st.lists(st.tuples(st.sampled_from(WORDS), few, st.integers(1, 2500)), min_size=1, max_size=2).map(
    lambda many: [Line(str(i), word, 1000 * n, unit, 0, GROUPS[word]) for i, (word, n, unit) in enumerate(many)]
)
asking = st.builds(lambda count, on: {"quantity": count, "of": on}, st.integers(3, 9), scopes)


@settings(max_examples=200, deadline=None)
@given(pieces, money_off, st.one_of(asking, conditions))
def test_a_hint_comes_true(basket: list[Line], reward: Document, when: Document) -> None:  # REQ O-11
    offer = an_offer("O", reward, when=when)
    before = compute(tuple(basket), [offer])
    for hint in before.hints:
        if hint.kind != "buy_more_units" or hint.gain_minor is None:
            continue
        more = list(basket)
        anything = hint.missing - sum(count for _, count in hint.goods)
        for scope, count in (*hint.goods, (EVERYTHING, anything)):
            i = min((i for i, line in enumerate(basket) if holds(scope, line)), key=lambda i: basket[i].unit_minor)
            more[i] = replace(more[i], quantity_milli=more[i].quantity_milli + 1000 * count)
        gained = compute(tuple(more), [offer]).discount_minor - before.discount_minor
        assert gained == hint.gain_minor, (hint, offer.rewards, offer.when)


COMBINATIONS: list[Document] = [
    {"mode": "stackable"}, {}, {"used": False}, {"group": "one"}, {"priority": 1}, {"per": "line"}, {"per": "order"},
]  # fmt: skip
HALF = {"kind": "amount", "value_minor": 50, "spread": "unit", "on": {"groups": ["g2"]}}
ONE_SET = {"kind": "bundle", "slots": [{"on": {"groups": ["g2"]}, "quantity": 1}], "price_minor": 10, "applications": 1}
SIX_OF_TWO = (Line("0", "A", 6000, 900, 0, "g1"), Line("1", "C", 9000, 700, 0, "g2"))

# The third slot needs what the first would take, and that one the goods which only it has besides.
CROSSED = tuple(
    Line(str(i), word, 1000 * count, unit, 0, GROUPS[word])
    for i, (word, count, unit) in enumerate((("B", 1, 35), ("C", 2, 500), ("D", 1, 500), ("E", 5, 1525), ("A", 1, 456)))
)
ON: list[Document] = [{"products": ["E", "D", "C"]}, {"groups": ["g1", "g3"]}, {"products": ["D", "E", "B"]}]
THREE_SLOTS = {
    "kind": "bundle",
    "slots": [{"on": on, "quantity": count} for on, count in zip(ON, (3, 2, 4), strict=True)],
    "price_minor": 2557,
}
WEIGHED = (Line("0", "A", 3500, 900, 0, "g1"), Line("1", "C", 2000, 700, 0, "g2"))


@settings(max_examples=150, deadline=None)
@given(
    lines(),
    st.lists(money_off, min_size=1, max_size=2),
    st.one_of(conditions, st.builds(lambda one, other: {"all": [one, other]}, conditions, conditions)),
    st.sampled_from([{}, {"per_basket": 2}, {"budget_minor": 700}]),
)
@example(SIX_OF_TWO, [HALF], {"quantity": 2, "of": {"groups": ["g1"]}, "every": True}, {})
@example(SIX_OF_TWO, [ONE_SET | {"applications": None}], {"amount_minor": 100, "every": True}, {})
@example(CROSSED, [THREE_SLOTS], {"all": []}, {})
@example(WEIGHED, [HALF], {"quantity": 2, "of": {"groups": ["g1"]}}, {})
@example(WEIGHED, [{"kind": "percent", "value_bp": 1000}], {"quantity": 4}, {})
@example(SIX_OF_TWO, [ONE_SET], {"quantity": 2, "of": {"groups": ["g1"]}, "every": True}, {})
def test_an_offer_alone_gives_the_same_however_it_combines(  # REQ O-06
    basket: tuple[Line, ...], rewards: list[Document], when: Document, limits: Document
) -> None:
    given_by = [an_offer("O", *rewards, when=when, limits=limits, combination=each) for each in COMBINATIONS]
    patient = Policy(deadline_ms=60_000)
    answers = [compute(basket, [offer], policy=patient) for offer in given_by]
    sets = len(rewards) == 1 and rewards[0]["kind"] in {"buy_get", "bundle"}
    given = [(answer.total_minor, *(each.times for each in answer.applied if sets)) for answer in answers]
    assert len(set(given)) == 1, list(zip(given, COMBINATIONS, strict=True))


@settings(max_examples=100, deadline=None)
@given(lines(), offers(st.one_of(stackable, exclusive, grouped)), policies)
def test_pricing_twice_is_pricing_once(basket: tuple[Line, ...], held: list[Offer], policy: Policy) -> None:
    compiled = compile_offers(Published(offer) for offer in held)
    facts = Facts(basket, AT, policy=policy)
    assert price(facts, compiled) == price(facts, compiled)


only_members = st.lists(st.booleans(), min_size=4, max_size=4)
lists = st.lists(
    st.builds(lambda off, on: ListPrice(Scope.model_validate(on or {}), off_bp=off), shares, scopes), max_size=2
)


@settings(max_examples=100, deadline=None)
@given(lines(), single, only_members, lists, st.booleans())
def test_a_member_never_pays_more_than_a_stranger(
    basket: tuple[Line, ...], held: list[Offer], for_members: list[bool], prices: list[ListPrice], regular: bool
) -> None:
    offers_here = [
        offer.model_copy(update={"when": All(all=(offer.when, ClubIs(clubs=("CLUB",))))}) if club else offer
        for offer, club in zip(held, for_members, strict=False)
    ]
    if regular:
        on = {"regular_price_only": True}
        offers_here.append(an_offer("REGULAR", {"kind": "percent", "value_bp": 2000, "on": on}))
    member = compute(basket, offers_here, shopper=a_shopper(), price_lists=tuple(prices))
    assert member.total_minor <= compute(basket, offers_here).total_minor


@pytest.mark.parametrize("milli", [-1000, 0, 1, 999, 1_000_000_000])
@pytest.mark.parametrize("unit", [0, 1, 99_999])
def test_odd_quantities_and_prices_get_a_clear_answer(milli: int, unit: int) -> None:
    rewards: list[Document] = [
        {"kind": "percent", "value_bp": 1000},
        {"kind": "percent", "value_bp": 1000, "units": 1},
        {"kind": "amount", "value_minor": 7},
        {"kind": "amount", "value_minor": 7, "spread": "unit", "group_size": 3},
        {"kind": "fixed_price", "price_minor": 11},
        {"kind": "buy_get", "size": 3},
        {"kind": "buy_get", "size": 3, "freed": "each"},
        {"kind": "bundle", "slots": [{"quantity": 3}], "price_minor": 500},
    ]
    for mode in ("exclusive", "stackable"):
        held = [an_offer(f"O{i}", each, combination={"mode": mode}) for i, each in enumerate(rewards)]
        answer = compute((Line("0", "A", milli, unit), Line("1", "B", 2000, 500)), held)
        first, second = answer.lines
        assert abs(first.total_minor) <= abs(first.list_minor)
        assert first.discount_minor == 0 or milli > 0
        assert answer.total_minor == first.total_minor + second.total_minor


def test_a_receipt_of_2000_lines_is_priced() -> None:
    basket = tuple(
        Line(str(i), f"P{i % 700}", 1000 * (1 + i % 3), 100 + i % 900, 1800, f"g{i % 40}") for i in range(2000)
    )
    held = [
        an_offer(f"G{i}", {"kind": "buy_get", "size": 3, "on": {"groups": [f"g{i}", f"g{i + 1}"]}})
        for i in range(0, 40, 2)
    ]
    held += [an_offer(f"P{i}", {"kind": "percent", "value_bp": 1500, "on": {"groups": [f"g{i}"]}}) for i in range(40)]
    answer = compute(basket, held, policy=Policy(deadline_ms=50))
    assert answer.total_minor == sum(line.total_minor for line in answer.lines)
    assert answer.discount_minor > answer.list_minor * 15 // 100
