# REQ P-15 J-01: what one statement settles for many accounts is what the engine says of each
import datetime as dt
import itertools
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.permissions.actors import SYSTEM
from erp_club.programmes import queries as programmes
from erp_club.programmes.engine.rewards import PeriodReward
from erp_club.programmes.engine.settle import PeriodFacts, settle
from erp_club.programmes.rewards import commands
from erp_club.programmes.rewards.commands import SettleCause, Settling, settle_accounts
from erp_club.programmes.rewards.many.arithmetic import reckoned
from erp_club.programmes.rewards.many.commands import reckons
from erp_club.programmes.rewards.models import PeriodSettlement
from erp_club.purchases.returns.commands import Asked, return_goods
from erp_club.purchases.returns.facts import Wish
from erp_club.receipts.models import Receipt
from tests.make.clubs import NOW
from tests.make.purchases import a_place
from tests.make.rewards import Shop
from tests.programmes.test_clubs_act import share

STEPS = [{"from_amount": 50_00, "rate_bp": 100}, {"from_amount": 300_00, "rate_bp": 275}]
TIERS = [{"at": 100, "value": 5_00}, {"at": 250_00, "value": 15_01}]
FUNCTIONS: list[dict[str, Any]] = [
    {"kind": "percent", "steps": STEPS},
    {"kind": "percent", "steps": STEPS, "on": "each_step"},
    {"kind": "threshold", "steps": TIERS},
    {"kind": "threshold", "steps": TIERS, "reached": "each"},
    {"kind": "every", "every": 70_00, "value": 3_00},
    {"kind": "declared", "rate_bp": 333},
    {"kind": "declared"},
]
BASES = [-5_00, -1, 0, 1, 49, 99, 100, 49_99, 50_00, 70_00, 140_01, 250_00, 299_99, 300_00, 777_77, 12_345_67]
LIMITS: list[dict[str, Any]] = [
    {},
    {"least_minor": 3_00, "most_minor": 10_00},
    {"least_minor": 1_00, "never_below_minor": 5_50},
]
GIVES: list[dict[str, Any]] = [{"kind": "payout"}, {"kind": "stored_value", "denomination_minor": 2_50}]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: "-".join(map(str, each.values()))[:40])
def test_the_database_reckons_as_the_engine_does(session: Session, function: dict[str, Any]):
    seen = 0
    for rounding, rest, limits, gives in itertools.product(("down", "up", "half_up"), ("carry", "drop"), LIMITS, GIVES):
        said = {"code": "r", "function": function, "gives": gives, "rounding": rounding, "rest": rest}
        rule = PeriodReward.model_validate(said | limits)
        made = reckoned(rule, "met", "'not_member'")
        columns = f"{made.value}, {made.pieces}, {made.rest}, {made.rest_minor}, {made.rate_bp}, {made.why}"
        rows = session.execute(
            sa.text(f"SELECT base, met, {columns} FROM unnest(CAST(:bases AS bigint[])) base, unnest(:both) met"),
            {"bases": BASES, "both": [True, False]},
        ).all()
        for base, met, *found in rows:
            said_of = settle(rule, PeriodFacts(base, member_at_end=met))
            why = None if said_of.value else said_of.why and said_of.why.value
            wanted = [said_of.value, said_of.pieces, said_of.rest, said_of.rest_minor, said_of.rate_bp, why]
            assert found == wanted, (rule, base, met)
            seen += 1
    assert seen == 36 * 2 * len(BASES)


RULES: list[dict[str, Any]] = [
    {"late": "ignore", "returns": "ignore"},
    {},
    {"late": "next", "returns": "next"},
    {"function": {"kind": "every", "every": 100_00, "value": 5_00}, "rest": "carry"},
    {"base": {"counts": "purchases"}, "function": {"kind": "threshold", "steps": [{"at": 2, "value": 7_00}]}},
    {
        "base": {"counts": "units", "on": {"without_groups": ["Wine"]}},
        "function": {"kind": "every", "every": 1000, "value": 1},
    },
    {"member_at_end": False, "gives": {"kind": "stored_value"}},
    {"base": {"on": {"groups": ["No such group"]}}},
    {"gives": {"kind": "points"}},
]


def told(session: Session, club_id: int) -> list[tuple[Any, ...]]:
    of = PeriodSettlement
    columns = (
        of.customer_id, of.account_id, of.first_on, of.last_on, of.base, of.carried, of.value, of.pieces, of.rest,
        of.rest_minor, of.settled_before, of.rate_bp, of.why, of.usable_from, of.last_day, of.form,
    )  # fmt: skip
    rows = session.execute(sa.select(*columns).where(of.club_id == club_id).order_by(of.last_on, of.customer_id))
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("said", RULES, ids=str)
def test_many_are_settled_as_each_by_itself(session: Session, monkeypatch: pytest.MonkeyPatch, said: dict[str, Any]):
    shop = Shop(session, **said)
    members = [shop.member() for _ in range(7)]
    for number, member in enumerate(members[:6]):
        shop.buys(member, 40_00 + 90_00 * number, "2026-10-12")
        shop.buys(member, 15_00 * number, "2026-11-03")
    share(session, members[0], members[1])
    back = session.scalars(sa.select(Receipt.id).where(Receipt.customer_id == members[4]).order_by(Receipt.id)).first()
    assert back is not None

    def settled() -> list[tuple[Any, ...]]:
        with session.begin_nested() as tried:
            for last in (dt.date(2026, 10, 31), dt.date(2026, 11, 30)):
                held = programmes.versions_of(session, shop.club_id)[0]
                of = Settling(shop.club_id, held.version_no, held.programme, held.programme.rewards[0], last)
                assert reckons(of.programme, of.rule)
                cause = SettleCause(last + dt.timedelta(days=1), NOW, SYSTEM)
                after = 0
                while after is not None:
                    after = settle_accounts(session, of, cause, after=after, limit=3).last
                if last.month == 10:
                    shop.buys(members[2], 33_00, "2026-10-30")
                    place = a_place(session, shop.till, now=dt.datetime(2026, 11, 5, 12, tzinfo=dt.UTC))
                    return_goods(session, back, Asked(Wish(), "B1"), place, currency="ILS")
            rows = told(session, shop.club_id)
            tried.rollback()
        return rows

    by_statement = settled()
    monkeypatch.setattr(commands, "reckons", lambda *_: False)
    assert by_statement == settled()
    assert len(by_statement) >= (0 if "No such group" in str(said) else 8)
