# REQ O-09 V-03: wrong codes are counted at each till, and tell nobody what they are
import datetime as dt

import pytest
from sqlalchemy.orm import Session

from erp_club.kernel.errors import Throttled
from erp_club.permissions.actors import SYSTEM, Actor
from erp_club.permissions.catalog import Role
from erp_club.permissions.rules import delivered
from erp_club.promotions.coupons import commands, queries
from erp_club.promotions.coupons.codes import new_codes
from erp_club.promotions.coupons.entry import Entry, take_entries
from erp_club.promotions.engine.facts import Coupon
from tests.make.clubs import a_customer
from tests.make.coupons import NOW, a_batch, read, read_entries, reserve, some_coupons

TILL = "terminal:7"
CASHIER = Actor(name="Dana", held=delivered(Role.CASHIER), staff_id=1, role=Role.CASHIER)
MINUTE = dt.timedelta(minutes=1)
FOUND = (Entry(Coupon("A", "WINTER", id=1)),)


def enter_wrong(session: Session, number: int, *, at: dt.datetime = NOW, scope: str = TILL) -> None:
    commands.count_wrong(session, scope, [f"guess {number}"], now=at)


def test_ten_wrong_codes_in_ten_minutes_lock_a_till_for_ten_minutes(session: Session) -> None:
    for number in range(9):
        enter_wrong(session, number, at=NOW + number * MINUTE)
    assert queries.locked_until(session, TILL, now=NOW + 9 * MINUTE) is None
    last = NOW + 9 * MINUTE
    enter_wrong(session, 9, at=last)
    assert queries.locked_until(session, TILL, now=last) == last + 10 * MINUTE
    assert queries.locked_until(session, TILL, now=last + 10 * MINUTE) is None
    assert queries.locked_until(session, "terminal:8", now=last) is None


def test_a_till_that_was_locked_begins_to_count_anew(session: Session) -> None:
    for number in range(10):
        enter_wrong(session, number)
    after = NOW + 10 * MINUTE
    enter_wrong(session, 11, at=after)
    assert queries.locked_until(session, TILL, now=after) is None


def test_wrong_codes_far_apart_lock_nothing(session: Session) -> None:
    for number in range(30):
        enter_wrong(session, number, at=NOW + number * 2 * MINUTE)
        assert queries.locked_until(session, TILL, now=NOW + number * 2 * MINUTE) is None


def test_the_same_wrong_code_counts_once_however_it_is_typed(session: Session) -> None:
    for text in ("guess 1", "GUESS 1", "guess-1", "ｇｕｅｓｓ１") * 5:
        commands.count_wrong(session, TILL, [text], now=NOW)
    assert queries.locked_until(session, TILL, now=NOW) is None


def test_a_locked_till_says_how_long_it_lasts(session: Session) -> None:
    with pytest.raises(Throttled) as refused:
        take_entries(FOUND, locked_until=NOW + 90 * MINUTE / 60, now=NOW, by=SYSTEM)
    assert (refused.value.status, refused.value.code) == (429, "coupon-entry-locked")
    assert refused.value.retry_after == 90
    assert "in 2 minutes" in str(refused.value.text)


def test_a_sale_that_holds_its_coupons_goes_on_at_a_locked_till() -> None:
    held = tuple(Entry(entry.coupon, held=True) for entry in FOUND)
    assert take_entries(held, locked_until=NOW + MINUTE, now=NOW, by=CASHIER).coupons[0].fault is None
    assert take_entries((), locked_until=NOW + MINUTE, now=NOW, by=CASHIER).coupons == ()
    assert take_entries(FOUND, locked_until=NOW, now=NOW, by=CASHIER).coupons[0].fault is None


def test_a_cashier_cannot_tell_a_foreign_or_used_coupon_from_an_unknown_code(session: Session) -> None:
    yael = a_customer(session)
    a_batch(session, personal=True)
    a_batch(session, "SPRING")
    (hers,) = some_coupons(session, customer_id=yael)
    (held,) = some_coupons(session, code="SPRING")
    reserve(session, [read(session, held)[0].id], customer_id=0, sale_id="sale-9", until=NOW + MINUTE, now=NOW)
    nobodys = next(new_codes(1))
    entries = read_entries(session, hers, held, nobodys, customer_id=0, sale_id="sale-1", now=NOW, today=NOW.date())
    told = take_entries(entries, locked_until=None, now=NOW, by=CASHIER)
    assert told.coupons == tuple(Coupon(text, fault="unknown_code") for text in (hers, held, nobodys))
    assert told.wrong == (hers, held, nobodys)
    known = take_entries(entries, locked_until=None, now=NOW, by=SYSTEM)
    assert [coupon.fault for coupon in known.coupons] == ["not_owner", "used_up", "unknown_code"]
    assert known.wrong == told.wrong


def test_a_coupon_out_of_its_days_is_told_to_everybody_and_is_no_wrong_code(session: Session) -> None:
    a_batch(session, valid_to=NOW.date() - dt.timedelta(days=1))
    a_batch(session, "OPEN", valid_to=NOW.date())
    (code,) = some_coupons(session, code="OPEN")
    later = NOW + dt.timedelta(days=2)
    entries = read_entries(session, code, customer_id=0, sale_id="s", now=later, today=later.date())
    told = take_entries(entries, locked_until=None, now=later, by=CASHIER)
    assert ([coupon.fault for coupon in told.coupons], told.wrong) == (["expired"], ())
