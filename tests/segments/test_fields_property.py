"""Fields of the person, memberships, points, coupons, relatives and lists beside an obvious evaluation, at random.

REQ S-01 S-02 S-03
"""

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.models import MembershipPeriod
from erp_club.customers.models import Classification, Customer
from erp_club.customers.relatives.models import Relative
from erp_club.points.models import PointsAccount
from erp_club.promotions.coupons.models import Coupon, CouponBatch
from erp_club.purchases.segment_registry import REGISTRY
from erp_club.segments import queries
from erp_club.segments.compiler import Facts
from erp_club.segments.reading import read_condition
from tests.make.clubs import TODAY, a_club, a_customer, a_membership
from tests.make.coupons import a_batch, some_coupons
from tests.make.organisation import a_chain
from tests.segments.evaluation import celebrated, compared

PEOPLE, TREES = 16, 200
CLUBS, BATCHES = ("GOLD", "LIFE"), ("AUTUMN", "SPRING")


@dataclass
class Held:
    """What is known of somebody: by field the values that it may have, by club too where it is asked of one."""

    rows: dict[tuple[str, str | None], list[Any]] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    consents: set[str] = field(default_factory=set)

    def add(self, name: str, value: Any, club: str | None = None) -> None:
        for whose in {None, club}:
            self.rows.setdefault((name, whose), []).append(value)


def holds(held: Held, said: dict[str, Any]) -> bool:
    if "all" in said:
        return all(holds(held, part) for part in said["all"])
    if "any" in said:
        return any(holds(held, part) for part in said["any"])
    if "not" in said:
        return not holds(held, said["not"])
    name, op, value = said["field"], said["op"], said["value"]
    if name == "consent":
        wanted = set(value) if isinstance(value, list) else {value}
        return bool(held.consents & wanted) == (op in {"eq", "in"})
    if name == "coupon_unused" and op != "is_null" and not isinstance(value, str | list):
        return compared(held.values[name], op, value)
    if name == "coupon_unused" and op == "between":
        return compared(held.values[name], op, value)
    if name in _SINGLE:
        return compared(held.values.get(name), op, value)
    found = [each for each in held.rows.get((name, said.get("club")), []) if each is not None]
    if op == "is_null":
        return (not found) == value
    if op in {"ne", "not_in"} and name != "segment":
        return bool(found) and all(compared(each, op, value) for each in found)
    if op in {"ne", "not_in"}:
        return all(compared(each, op, value) for each in found)
    return any(compared(each, op, value) for each in found)


_SINGLE = frozenset({"anniversary_in_days", "city", "class:Diet", "number"})


def _ahead(born: dt.date | None) -> int | None:
    if born is None:
        return None
    return next(days for days in range(367) if celebrated(born, TODAY + dt.timedelta(days=days)))


def _age(born: dt.date) -> int:
    return TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))


@pytest.fixture
def world(session: Session) -> dict[str, Held]:
    pick = random.Random(8)
    a_chain(session)
    clubs = {"GOLD": a_club(session, "GOLD"), "LIFE": a_club(session, "LIFE", months=None)}
    for code in BATCHES:
        a_batch(session, code, personal=True)
    made: dict[str, Held] = {}
    for index in range(PEOPLE):
        number = f"P{index:02}"
        customer_id, held = a_customer(session, number), Held(values={"number": number})
        made[number] = held
        customer = session.get_one(Customer, customer_id)
        customer.city = held.values["city"] = pick.choice([None, "Haifa", "Turku", "Åbo"])
        customer.anniversary = pick.choice([None, dt.date(2000, 2, 29), TODAY.replace(year=2010), dt.date(2001, 12, 3)])
        held.values["anniversary_in_days"] = _ahead(customer.anniversary)
        for name in ("sms", "email", "post", "advertising"):
            if pick.random() < 0.4:
                setattr(customer, f"consent_{name}", True)
                held.consents.add(name)
        for code in (code for code in CLUBS if pick.random() < 0.5):
            _join(session, held, customer_id, clubs[code], code, pick)
        if pick.random() < 0.5:
            born = dt.date(pick.randint(1940, 2025), pick.randint(1, 12), pick.randint(1, 28))
            session.add(Relative(customer_id=customer_id, kind="child", name=f"R{index}", birthday=born))
            held.add("relative_birthday_in_days", _ahead(born))
            held.add("relative_age", _age(born))
        if pick.random() < 0.6:
            value = pick.choice(["vegan", "5", "12.5"])
            session.add(Classification(customer_id=customer_id, name="Diet", value=value))
            held.values["class:Diet"] = value
        _coupons(session, held, customer_id, pick)
        for name, letters in (("First", "0123"), ("Odd", "13579")):
            if number[-1] in letters:
                held.add("segment", name)
    session.flush()
    over = TODAY - dt.timedelta(days=1)
    session.execute(sa.update(CouponBatch).where(CouponBatch.code == "SPRING").values(valid_to=over))
    return made


def _join(session: Session, held: Held, customer_id: int, club_id: int, code: str, pick: random.Random) -> None:
    joined = TODAY - dt.timedelta(days=pick.choice([0, 1, 40, 300]))
    made = a_membership(session, customer_id, club_id, joined_on=joined)
    period = session.scalars(sa.select(MembershipPeriod).where(MembershipPeriod.membership_id == made.membership_id))
    upper = period.one().validity.upper
    last = None if upper is None else upper - dt.timedelta(days=1)
    points = pick.choice([0, 5, 250])
    account = sa.select(PointsAccount.id).where(PointsAccount.customer_id == customer_id)
    newest = session.scalars(account.order_by(PointsAccount.id.desc())).first()
    session.execute(sa.update(PointsAccount).where(PointsAccount.id == newest).values(balance=points))
    if last is None or last >= TODAY:
        held.add("club", code)
    held.add("joined_on", joined, code)
    held.add("joined_days_ago", (TODAY - joined).days, code)
    held.add("ends_on", last, code)
    held.add("ends_in_days", None if last is None else (last - TODAY).days, code)
    held.add("points", points, code)


def _coupons(session: Session, held: Held, customer_id: int, pick: random.Random) -> None:
    unused = 0
    for code in BATCHES:
        for _ in range(pick.choice([0, 0, 1, 2])):
            some_coupons(session, 1, code, customer_id=customer_id)
            newest = session.scalars(
                sa.select(Coupon).where(Coupon.customer_id == customer_id).order_by(Coupon.id.desc())
            ).first()
            assert newest is not None
            if pick.random() < 0.3:
                newest.used = 1
            elif code == "AUTUMN":
                unused += 1
                held.add("coupon_unused", code)
    held.values["coupon_unused"] = unused


def _leaf(pick: random.Random) -> dict[str, Any]:
    days = [(TODAY + dt.timedelta(days=each)).isoformat() for each in (-300, -40, -1, 0, 64, 324, 365)]
    order, same = ("eq", "ne", "lt", "le", "gt", "ge", "between"), ("eq", "ne", "in", "not_in")
    asked: dict[str, tuple[tuple[str, ...], list[Any]]] = {
        "club": (same, [*CLUBS]), "joined_on": ((*order, "is_null"), days), "ends_on": ((*order, "is_null"), days),
        "joined_days_ago": ((*order, *same, "is_null"), [0, 1, 40, 300]),
        "ends_in_days": ((*order, "is_null"), [0, 64, 324, 364]), "points": ((*order, *same, "is_null"), [0, 5, 250]),
        "relative_birthday_in_days": ((*order, "is_null"), [0, 30, 180]), "relative_age": (order, [0, 18, 60]),
        "anniversary_in_days": ((*order, *same, "is_null"), [0, 11, 98]),
        "city": ((*same, "is_null"), ["Haifa", "Åbo"]),
        "class:Diet": ((*same, "is_null"), ["vegan", "5"]), "consent": (same, ["sms", "email", "post"]),
        "segment": (same, ["First", "Odd"]), "number": (same, ["P00", "P03", "P99"]),
        "coupon_unused": pick.choice([((*same, "is_null"), [*BATCHES]), (order, [0, 1, 2])]),
    }  # fmt: skip
    name = pick.choice([*asked])
    ops, values = asked[name]
    op = pick.choice(ops)
    value: Any = pick.choice(values)
    if op == "is_null":
        value = pick.choice([True, False])
    elif op in {"in", "not_in"}:
        value = pick.choices(values, k=2)
    elif op == "between":
        value = sorted(pick.choices(values, k=2))
    club = {"club": pick.choice(CLUBS)} if name in _BY_CLUB and pick.random() < 0.5 else {}
    return {"field": name, "op": op, "value": value} | club


_BY_CLUB = frozenset({"joined_on", "joined_days_ago", "ends_on", "ends_in_days", "points"})


def _tree(pick: random.Random, depth: int = 3) -> dict[str, Any]:
    kinds: dict[str, Callable[[], Any]] = {
        "not": lambda: _tree(pick, depth - 1),
        "all": lambda: [_tree(pick, depth - 1) for _ in range(pick.randint(1, 3))],
        "any": lambda: [_tree(pick, depth - 1) for _ in range(pick.randint(1, 3))],
    }
    kind = pick.choice([*kinds, "leaf", "leaf"]) if depth else "leaf"
    return _leaf(pick) if kind == "leaf" else {kind: kinds[kind]()}


def test_random_trees_of_fields_hold_for_whom_the_obvious_evaluation_says(session: Session, world: dict[str, Held]):
    named = {
        "First": read_condition({"any": [_begins(each) for each in "0123"]}, REGISTRY),
        "Odd": read_condition({"any": [_begins(each) for each in "13579"]}, REGISTRY),
    }
    facts, pick, some = Facts(TODAY, segments=named), random.Random(9), 0
    for _ in range(TREES):
        asked = _tree(pick)
        expected = sorted(number for number, held in world.items() if holds(held, asked))
        assert list(queries.numbers(session, read_condition(asked, REGISTRY), facts)) == expected, asked
        some += 0 < len(expected) < PEOPLE
    assert some > TREES // 2


def _begins(letter: str) -> dict[str, Any]:
    return {"field": "number", "op": "in", "value": [f"P{tens}{letter}" for tens in "01"]}
