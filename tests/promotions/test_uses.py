# REQ O-02 O-06: limits of offers, counted when a sale is committed
import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.db import Database
from erp_club.kernel.errors import Conflict
from erp_club.permissions.actors import SYSTEM
from erp_club.promotions import commands, queries
from erp_club.promotions.engine.facts import Used
from erp_club.promotions.engine.priced import Applied
from erp_club.promotions.uses.commands import count_uses
from tests.make.clubs import a_customer
from tests.make.offers import NOW, TODAY, a_published_offer
from tests.make.organisation import a_store

TOMORROW = TODAY + dt.timedelta(days=1)


def use(
    session: Session, *codes: str, store: int, customer: int = 0, on: dt.date = TODAY, times: int = 1, given: int = 100
) -> dict[str, int]:
    applied = [Applied(code, given, times=times) for code in codes]
    return count_uses(session, applied, customer_id=customer, store_id=store, on=on)


def refused(session: Session, *codes: str, **asked: Any) -> bool:
    try:
        use(session, *codes, **asked)
    except Conflict as conflict:
        return conflict.code == "quote-changed" and bool(conflict.facts["offers"])
    return False


def used(session: Session, customer: int = 0, day: dt.date = TODAY) -> dict[str, Used]:
    asked = {"customer": customer, "day": day}
    rows = queries.used_by_code(session.execute(queries.USES, asked))
    as_json = session.execute(sa.select(queries.USES_JSON), asked).scalar_one()
    assert queries.used_by_code(as_json) == rows
    return rows


def test_uses_are_counted_in_all_by_day_and_by_member(session: Session) -> None:
    store, yael = a_store(session).id, a_customer(session)
    offer_id = a_published_offer(session, limits={"uses": 100})
    assert use(session, "TENTH", store=store, customer=yael, times=2) == {"TENTH": offer_id}
    use(session, "TENTH", store=store)
    use(session, "TENTH", store=store, customer=yael, on=TOMORROW)
    assert used(session) == {"TENTH": Used(uses=4, today=3, given_minor=300)}
    assert used(session, yael, TOMORROW)["TENTH"] == Used(4, 1, 300, 3, 1, 3, 3, 1, 3, 3)
    next_year = dt.date(2027, 1, 1)
    assert used(session, yael, next_year)["TENTH"] == Used(4, 0, 300, 3, 0, 0, 0)


def test_only_offers_in_force_with_limits_are_read_with_a_basket(session: Session) -> None:
    a_published_offer(session, "FREE")
    a_published_offer(session, "BASKET", limits={"per_basket": 1})
    paused = a_published_offer(session, "PAUSED", limits={"uses": 1})
    commands.pause_offer(session, paused, now=NOW, by=SYSTEM)
    a_published_offer(session, "LIMITED", limits={"budget_minor": 10_00})
    assert list(used(session)) == ["LIMITED"]


def test_without_limits_uses_are_counted_all_the_same(session: Session) -> None:
    store = a_store(session).id
    a_published_offer(session)
    for _ in range(3):
        use(session, "TENTH", store=store)
    a_published_offer(session, "OTHER")
    use(session, "OTHER", "TENTH", store=store)
    rows = session.execute(queries.uses_of(sa.true()), {"customer": 0, "day": TODAY})
    assert {code: (each.uses, each.today) for code, each in queries.used_by_code(rows).items()} == {
        "TENTH": (4, 4),
        "OTHER": (1, 1),
    }


@pytest.mark.parametrize(
    ("limits", "allowed", "again"),
    [
        ({"uses": 2}, 2, {"on": TOMORROW}),
        ({"budget_minor": 250}, 2, {"on": TOMORROW}),
        ({"per_member": 2}, 2, {"on": TOMORROW}),
        ({"per_member_month": 2}, 2, {"on": TOMORROW}),
        ({"per_member_year": 2}, 2, {"on": TOMORROW}),
    ],
)
def test_a_limit_holds_over_days(session: Session, limits: dict[str, int], allowed: int, again: Any) -> None:
    store, yael = a_store(session).id, a_customer(session)
    a_published_offer(session, limits=limits)
    for _ in range(allowed):
        assert not refused(session, "TENTH", store=store, customer=yael)
    assert refused(session, "TENTH", store=store, customer=yael)
    assert refused(session, "TENTH", store=store, customer=yael, **again)


@pytest.mark.parametrize(
    ("limit", "first", "same", "then"),
    [
        ("per_member_week", "2026-11-23", "2026-11-29", "2026-11-30"),
        ("per_member_month", "2026-11-01", "2026-11-30", "2026-12-01"),
        ("per_member_quarter", "2026-10-01", "2026-12-31", "2027-01-01"),
        ("per_member_half_year", "2026-01-01", "2026-06-30", "2026-07-01"),
        ("per_member_half_year", "2026-07-01", "2026-12-31", "2027-01-01"),
        ("per_member_year", "2026-01-01", "2026-12-31", "2027-01-01"),
    ],
)
def test_a_limit_of_a_period_holds_to_its_last_day(session: Session, limit: str, first: str, same: str, then: str):
    store, yael = a_store(session).id, a_customer(session)
    a_published_offer(session, limits={limit: 1})
    days = [dt.date.fromisoformat(each) for each in (first, same, then)]
    assert [refused(session, "TENTH", store=store, customer=yael, on=day) for day in days] == [False, True, False]


def test_a_day_of_ones_own_choosing_is_one_use_however_much_is_bought_on_it(session: Session) -> None:
    # REQ M-13: a day of the month, picked by the member; the first purchase of another day finds it used up
    store, yael = a_store(session).id, a_customer(session)
    a_published_offer(session, limits={"per_member_month": 1, "per_member_quarter": 2, "whole_day": True})
    days = [dt.date(2026, 11, day) for day in (23, 23, 23, 24)] + [dt.date(2026, 12, 1)]
    refusals = [refused(session, "TENTH", store=store, customer=yael, on=day) for day in days]
    assert refusals == [False, False, False, True, False]


@pytest.mark.parametrize("limits", [{"uses_per_day": 1}, {"per_member_day": 1}])
def test_a_limit_of_a_day_begins_anew_the_next_day(session: Session, limits: dict[str, int]) -> None:
    store, yael = a_store(session).id, a_customer(session)
    a_published_offer(session, limits=limits)
    assert not refused(session, "TENTH", store=store, customer=yael)
    assert refused(session, "TENTH", store=store, customer=yael)
    assert not refused(session, "TENTH", store=store, customer=yael, on=TOMORROW)


def test_a_limit_per_member_is_each_members_own(session: Session) -> None:
    store, yael, dan = a_store(session).id, a_customer(session), a_customer(session, "100002", given_name="Dan")
    a_published_offer(session, limits={"per_member": 1})
    assert not refused(session, "TENTH", store=store, customer=yael)
    assert not refused(session, "TENTH", store=store, customer=dan)
    assert refused(session, "TENTH", store=store, customer=dan)


def test_a_refused_sale_counts_nothing_of_its_other_offers(session: Session) -> None:
    store = a_store(session).id
    a_published_offer(session, "ONCE", limits={"uses": 1})
    a_published_offer(session, "TWICE", limits={"uses": 2})
    assert not refused(session, "ONCE", "TWICE", store=store)
    assert refused(session, "TWICE", "ONCE", store=store)
    assert used(session)["TWICE"].uses == 1


def test_a_sale_without_offers_counts_nothing(session: Session) -> None:
    assert use(session, store=a_store(session).id) == {}


def test_fifty_sales_at_once_use_a_limited_offer_exactly_as_often_as_it_allows(committed: Database) -> None:
    with committed.session() as session:
        store, yael = a_store(session).id, a_customer(session)
        for code in ("ALPHA", "BETA"):
            a_published_offer(session, code, limits={"uses": 7, "budget_minor": 10_00})
        session.commit()

    def sale(number: int) -> bool:
        # Some name the offers the other way round: without an order of locks they would wait for each other.
        codes = ("ALPHA", "BETA") if number % 2 else ("BETA", "ALPHA")
        with committed.session() as session:
            if refused(session, *codes, store=store, customer=yael if number % 3 else 0):
                return False
            session.commit()
            return True

    with ThreadPoolExecutor(50) as pool:
        taken = list(pool.map(sale, range(50)))
    assert taken.count(True) == 7
    with committed.session() as session:
        assert {code: (each.uses, each.given_minor) for code, each in used(session).items()} == {
            "ALPHA": (7, 700),
            "BETA": (7, 700),
        }


def test_two_who_change_one_offer_at_once_come_one_after_the_other(committed: Database) -> None:
    with committed.session() as session:
        offer_id = a_published_offer(session)
        session.commit()

    def pause(_: int) -> bool:
        with committed.session() as session:
            try:
                commands.pause_offer(session, offer_id, now=NOW, by=SYSTEM)
            except Conflict:
                return False
            session.commit()
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(pause, range(4))) == [False, False, False, True]
