# REQ P-09 P-08 V-01: what is taken first, what a debt takes, and what goes back where
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_club.kernel.lots import DEBT, Lot, Part, available, give, given_back, in_order, pay_debt, take

TODAY = dt.date(2026, 11, 22)
days = st.one_of(st.none(), st.dates(TODAY - dt.timedelta(days=40), TODAY + dt.timedelta(days=40)))
amounts = st.integers(0, 500)


@st.composite
def some_lots(draw: st.DrawFn) -> list[Lot]:
    drawn = draw(st.lists(st.tuples(amounts, days, days), max_size=8))
    return [Lot(number, *each) for number, each in enumerate(drawn, 1)]


def lot(number: int, remaining: int, last_day: dt.date | None = None) -> Lot:
    return Lot(number, remaining, TODAY, last_day)


def test_what_expires_first_is_used_first_then_what_is_oldest() -> None:
    soon, late = TODAY, TODAY + dt.timedelta(days=30)
    lots = [lot(1, 50), lot(2, 40, late), lot(3, 30, soon), lot(4, 20, late)]
    assert take(lots, 95, on=TODAY).parts == (Part(3, -30), Part(2, -40), Part(4, -20), Part(1, -5))


def test_what_waits_or_has_expired_is_not_used() -> None:
    tomorrow, yesterday = TODAY + dt.timedelta(days=1), TODAY - dt.timedelta(days=1)
    lots = [Lot(1, 10, None), Lot(2, 10, tomorrow), Lot(3, 10, yesterday, yesterday), Lot(4, 10, TODAY, TODAY)]
    assert take(lots, 25, on=TODAY).parts == (Part(4, -10),)
    assert take(lots, 25, on=TODAY).missing == 15
    assert available(lots, TODAY) == 10


@given(some_lots(), amounts)
def test_nothing_is_taken_that_is_not_there_and_nothing_is_left_that_was_asked(lots: list[Lot], amount: int) -> None:
    taken = take(lots, amount, on=TODAY)
    by_id = {each.id: each for each in lots}
    assert sum(-part.amount for part in taken.parts) + taken.missing == amount
    assert taken.missing == max(amount - available(lots, TODAY), 0)
    assert all(
        0 < -part.amount <= by_id[part.lot_id].remaining and by_id[part.lot_id].usable(TODAY) for part in taken.parts
    )
    # All but the last of the lots that were touched are used up, in order.
    order = [each.id for each in in_order(lots) if each.usable(TODAY) and each.remaining]
    assert [part.lot_id for part in taken.parts] == order[: len(taken.parts)]
    assert all(-part.amount == by_id[part.lot_id].remaining for part in taken.parts[:-1])


@given(some_lots(), amounts, amounts)
def test_taking_twice_is_taking_the_sum(lots: list[Lot], first: int, second: int) -> None:
    def left(of: list[Lot], parts: tuple[Part, ...]) -> list[Lot]:
        took = {part.lot_id: part.amount for part in parts}
        return [Lot(e.id, e.remaining + took.get(e.id, 0), e.available_on, e.last_day) for e in of]

    once = take(lots, first, on=TODAY)
    twice = take(left(lots, once.parts), second, on=TODAY)
    assert left(left(lots, once.parts), twice.parts) == left(lots, take(lots, first + second, on=TODAY).parts)


@given(amounts, amounts)
def test_a_credit_pays_the_debt_first(debt: int, amount: int) -> None:
    repaid, rest = give(debt, amount)
    assert repaid + rest == amount
    assert repaid == debt or rest == 0
    assert repaid <= debt


@given(some_lots(), amounts, st.lists(st.integers(0, 200), max_size=5))
def test_giving_back_in_parts_comes_to_the_same_as_at_once(lots: list[Lot], amount: int, shares: list[int]) -> None:
    taken = take(lots, amount, on=TODAY).parts
    total = sum(-part.amount for part in taken)
    before, summed = 0, dict[int, int]()
    for asked in shares:
        share = min(asked, total - before)
        for part in given_back(taken, share, before=before):
            summed[part.lot_id] = summed.get(part.lot_id, 0) + part.amount
        before += share
    for part in given_back(taken, total - before, before=before):
        summed[part.lot_id] = summed.get(part.lot_id, 0) + part.amount
    assert summed == {part.lot_id: -part.amount for part in taken}


def test_more_than_was_taken_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="more than was taken"):
        given_back((Part(1, -10),), 6, before=5)


def test_the_debt_takes_from_what_comes_first() -> None:
    assert pay_debt(15, [Part(1, 10), Part(2, 10)]) == (Part(DEBT, 10), Part(DEBT, 5), Part(2, 5))
