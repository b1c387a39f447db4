# REQ M-03 P-18: what a programme would have given, by replaying past receipts beside the programme in force
import datetime as dt
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from erp_club.clubs.models import Membership
from erp_club.customers.models import Customer
from erp_club.kernel.db import Database
from erp_club.points.models import PointsAccount
from erp_club.programmes import documents
from erp_club.programmes.engine.climb import standing
from erp_club.programmes.engine.climber import Climber
from erp_club.programmes.engine.facts import Moved
from erp_club.programmes.engine.levels import Levels
from erp_club.programmes.engine.measure import Lived
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.models import ProgrammeVersion
from erp_club.receipts.kinds import Means, ReceiptSource
from erp_club.receipts.models import Receipt, ReceiptLine, ReceiptPayment, ReceiptReturn, ReceiptReturnLine
from erp_club.reports.what_if import a_year, by_rate, what_if
from erp_club.reports.what_if_rewards import Member, rewarded
from erp_club.reports.what_if_told import WhatIf
from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.organisation import a_chain, a_store
from tests.make.programmes import a_programme, earning_by, purchase
from tests.make.purchases import a_product
from web.cli import main

TODAY = dt.date(2026, 11, 25)
TENTH = {"kind": "money", "points": 1, "per_minor": 10_00}
STEPS = {"levels": [{"code": "basic", "at_least": 0}, {"code": "gold", "at_least": 100_00}]}
numbers = itertools.count(1)


@pytest.fixture
def shop(session: Session) -> tuple[int, int, int]:
    """A store, a product in it, and a customer."""
    a_chain(session)
    return a_store(session).id, a_product(session), a_customer(session)


def bought(
    session: Session, shop: tuple[int, int, int], day: str, units: int = 5, *, back: int = 0, means: str = "card"
) -> int:
    """So many units of 10.00 on a day, or given back of the receipt `back`."""
    store, product, customer = shop
    at = dt.datetime.fromisoformat(f"{day}T09:00:00+00:00")
    minor = units * 10_00
    receipt = Receipt(
        customer_id=customer, store_id=store, receipt_no=f"R{next(numbers)}", sold_at=at, sold_on=at.date(),
        list_minor=minor, total_minor=minor, source=ReceiptSource.IMPORT,
    )  # fmt: skip
    session.add(receipt)
    session.flush()
    key: dict[str, Any] = {"customer_id": customer, "receipt_id": receipt.id}
    session.add(
        ReceiptLine(
            **key, line_no=1, product_id=product, quantity_milli=units * 1000, list_minor=minor, amount_minor=minor,
            vat_bp=1800,
        )
    )  # fmt: skip
    session.add(ReceiptPayment(**key, payment_no=1, means=Means(means), amount_minor=minor))
    session.flush()
    if back:
        said = {**key, "original_receipt_id": back}
        session.execute(sa.insert(ReceiptReturn).values(**said, kind="return", reason=""))
        line = {"line_no": 1, "original_line_no": 1, "quantity_milli": -units * 1000}
        session.execute(sa.insert(ReceiptReturnLine).values(**said, **line))
    return receipt.id


def told(session: Session, tried: Programme, held: Programme | None = None) -> WhatIf:
    return what_if(session, tried, held, today=TODAY, progress=lambda _done, _total: None)


def test_points_and_their_cost_are_told_by_month_beside_the_rate_in_force(
    session: Session, shop: tuple[int, int, int]
) -> None:
    club_id = a_club(session, code="CLUB")
    a_membership(session, shop[2], club_id)
    held = by_rate(session, "CLUB")
    assert held is not None
    assert held.redemption is not None
    bought(session, shop, "2026-11-23")
    made = told(session, earning_by(TENTH | {"points": 3}), held)
    month = dt.date(2026, 11, 1)
    assert made.held is not None
    assert (made.receipts, made.members, made.months) == (1, 1, [month])
    assert made.tried.months == {month: 15}
    assert made.tried.cost_minor(15) == 0
    rule = held.earning.rules[0].model_dump()
    assert made.held.points == 50_00 * rule["points"] // rule["per_minor"]
    worth = held.redemption
    assert made.held.cost_minor(worth.worth_points * 3) == worth.worth_minor * 3


def test_only_days_on_which_the_club_held_the_customer_count(session: Session, shop: tuple[int, int, int]) -> None:
    bought(session, shop, "2026-01-05")
    assert told(session, earning_by(TENTH)).tried.points == 5
    club = a_club(session, code="CLUB")
    nobody_yet = told(session, earning_by(TENTH))
    assert (nobody_yet.tried.points, nobody_yet.everybody) == (5, True)
    a_membership(session, shop[2], club)
    assert told(session, earning_by(TENTH)).receipts == 0


def test_those_who_share_an_account_are_replayed_together(session: Session, shop: tuple[int, int, int]) -> None:
    store, product, main_member = shop
    other, club = a_customer(session, "C2"), a_club(session, code="CLUB")
    for customer in (main_member, other):
        a_membership(session, customer, club, joined_on=dt.date(2026, 1, 1))
    bought(session, shop, "2026-03-05", 10)
    bought(session, (store, product, other), "2026-03-06", 10)
    bought(session, shop, "2026-03-07", 10)
    growing = {"period": {"every": "year"}, "steps": [{"from_minor": 100_00, "points": 2}]}
    month = {
        "code": "month", "period": {"every": "month"}, "gives": {"kind": "stored_value"},
        "function": {"kind": "every", "every": 200_00, "value": 5_00},
    }  # fmt: skip
    tried = a_programme(earning={"rules": [TENTH | {"code": "tenth", "growing": growing}]}, rewards=[month])
    alone = told(session, tried)
    assert (alone.tried.points, alone.tried.rewards) == (10 + 20 + 10, {"month": 5_00})
    account = session.scalars(sa.select(PointsAccount.id).where(PointsAccount.customer_id == main_member)).one()
    shares = {"points_holder_id": main_member, "points_account_id": account}
    session.execute(sa.update(Membership).where(Membership.customer_id == other).values(shares))
    together = told(session, tried)
    assert (together.tried.points, together.members) == (10 + 20 + 20, 2)
    assert together.tried.rewards == {"month": 5_00}
    year = a_year(session, tried, None, other, today=dt.date(2026, 4, 1))
    assert [each.points for each in year.steps] == [(20,)]


def test_what_came_back_counts_as_if_it_had_never_been_bought(session: Session, shop: tuple[int, int, int]) -> None:
    first = bought(session, shop, "2026-09-05", 12)
    club = earning_by(TENTH).model_copy(update={"levels": Levels.model_validate(STEPS)})
    made = told(session, club)
    assert (made.tried.points, made.tried.levels) == (12, {"basic": 0, "gold": 1})
    bought(session, shop, "2026-10-05", -4, back=first)
    made = told(session, club)
    assert made.tried.months == {dt.date(2026, 9, 1): 12, dt.date(2026, 10, 1): -4}
    assert made.tried.levels == {"basic": 1, "gold": 0}


def test_the_level_of_the_day_gives_its_rate(session: Session, shop: tuple[int, int, int]) -> None:
    double = {"kind": "times", "factor_bp": 20_000, "when": {"levels": ["gold"]}}
    club = earning_by(TENTH, double).model_copy(update={"levels": Levels.model_validate(STEPS)})
    for day, units in (("2026-03-05", 10), ("2026-03-06", 5), ("2026-03-07", 5)):
        bought(session, shop, day, units)
    assert told(session, club).tried.points == 10 + 10 + 10


def test_means_and_growing_rates_are_replayed(session: Session, shop: tuple[int, int, int]) -> None:
    bought(session, shop, "2026-03-05", 10)
    bought(session, shop, "2026-03-06", 10)
    bought(session, shop, "2026-03-07", 10, means="cash")
    growing = {"period": {"every": "year"}, "steps": [{"from_minor": 100_00, "points": 2}]}
    assert told(session, earning_by(TENTH | {"growing": growing, "means": ["card"]})).tried.points == 10 + 20


@pytest.mark.parametrize("keep", ["while", "window_end", "next_window", "ever", "months", "since_last"])
@pytest.mark.parametrize("restart", ["never", "reached"])
@pytest.mark.parametrize("window", [{"every": "year"}, {"every": "quarter"}, {"every": "rolling", "months": 3}])
@pytest.mark.parametrize("down", ["one", "reached"])
def test_a_level_looked_at_from_day_to_day_is_the_level_of_the_day(
    keep: str, window: dict[str, Any], down: str, restart: str
) -> None:
    steps = [{"code": str(each), "at_least": each} for each in (0, 30, 60, 90)]
    months = {"keep_months": 4} if keep in {"months", "since_last"} else {}
    said = {"levels": steps, "window": window, "keep": keep, "down": down, "restart": restart}
    levels = Levels.model_validate(said | months)
    joined = dt.date(2024, 1, 10)
    climber, moved = Climber(levels, joined_on=joined), []
    for number in range(60):
        day = joined + dt.timedelta(days=number * number * 7 % 11 + number * 13)
        day = max(day, moved[-1].known if moved else joined)
        assert climber.level(day) == standing(levels, moved, day, joined_on=joined).level
        value = 5 + number * 17 % 29
        back = number % 9 == 8
        new = Moved(moved[-3].on, -moved[-3].value, day) if back else Moved(day, value)
        moved.append(new)
        climber.add([new])
        assert climber.level(day) == standing(levels, moved, day, joined_on=joined).level


def test_the_console_tries_a_file_and_keeps_nothing(
    committed: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_CLUB_DATABASE_URL", committed.url.render_as_string(hide_password=False))
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    with committed.session() as session:
        a_chain(session)
        shop = (a_store(session).id, a_product(session), a_customer(session))
        bought(session, shop, "2026-11-23")
        session.commit()
    file = tmp_path / "club.json"
    club = a_programme(earning={"rules": [TENTH | {"code": "tenth"}]}, levels=STEPS)
    file.write_text(json.dumps(documents.brief(club)))
    result = CliRunner().invoke(main, ["programme", "what-if", str(file)])
    assert result.exit_code == 0, result.output
    for word in ("Replayed: 1 receipts of 1 members.", "nothing to compare with", "2026-11", "basic"):
        assert word in result.output
    with committed.session() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(ProgrammeVersion)) == 0


def test_what_levels_and_milestones_give_is_counted(session: Session, shop: tuple[int, int, int]) -> None:
    """100.00 bring gold with 5 points and 7.00, kept; each 50.00 a coffee; who stays on gold has 3.00 a month."""
    gold = STEPS["levels"][1] | {
        "gives": [{"kind": "points", "points": 5}, {"kind": "code", "amount_minor": 7_00}],
        "staying": {"gives": [{"kind": "stored_value", "amount_minor": 3_00}]},
    }
    coffee = {"code": "coffee", "at": 50_00, "every": True, "gives": [{"kind": "gift", "products": ["C"]}]}
    levels = {
        "levels": [STEPS["levels"][0], gold], "window": {"every": "month"}, "keep": "next_window",
        "milestones": [coffee],
    }  # fmt: skip
    for day in ("2026-08-03", "2026-08-20", "2026-09-10"):
        bought(session, shop, day)
    made = told(session, a_programme(levels=levels)).tried
    assert made.rewards == {"coffee.0": 3, "level-gold.0": 5, "level-gold.1": 7_00, "stays-gold.0": 3_00}
    assert made.months == {dt.date(2026, 8, 1): 5}
    assert made.reward_months == {dt.date(2026, 8, 1): 7_00, dt.date(2026, 9, 1): 3_00}


def test_levels_over_a_term_begin_anew_with_each_renewal(session: Session, shop: tuple[int, int, int]) -> None:
    levels = STEPS | {"window": {"every": "term"}, "keep": "window_end"}
    club = a_programme(levels=levels, term={"kind": "months", "months": 3})
    for day in ("2026-02-01", "2026-03-01", "2026-06-01"):
        bought(session, shop, day)
    year = a_year(session, club, None, shop[2], today=TODAY)
    assert [each.levels[0] for each in year.steps] == ["basic", "gold", "basic"]


def test_gifts_for_joining_renewing_and_birthdays_are_counted(session: Session, shop: tuple[int, int, int]) -> None:
    """7.00 for joining, 20 points each birthday month, a coffee for one who bought for 100.00, 3.00 for renewing."""
    session.execute(sa.update(Customer).where(Customer.id == shop[2]).values(birthday=dt.date(1980, 3, 15)))
    month = {"whole_months": True}
    occasions = [
        {"code": "joins", "occasion": "joining", "gives": [{"kind": "code", "amount_minor": 7_00}]},
        {"code": "party", "occasion": "birthday", "around": month, "gives": [{"kind": "points", "points": 20}]},
        {"code": "coffee", "occasion": "birthday", "around": month, "gives": [{"kind": "gift", "products": ["C"]}],
         "needs": [{"at_least": 100_00}]},
        {"code": "again", "occasion": "renewal", "gives": [{"kind": "stored_value", "amount_minor": 3_00}]},
    ]  # fmt: skip
    for day in ("2025-03-20", "2025-08-20", "2026-09-10"):
        bought(session, shop, day)
    made = told(session, a_programme(occasions=occasions, term={"kind": "months", "months": 12})).tried
    assert made.rewards == {"joins.0": 7_00, "party.0": 40, "coffee.0": 1, "again.0": 3_00}
    assert made.months == {dt.date(2025, 3, 1): 20, dt.date(2026, 3, 1): 20}
    assert made.reward_months == {dt.date(2025, 3, 1): 7_00, dt.date(2026, 3, 1): 3_00}


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 900), st.integers(-90, 300)), min_size=1, max_size=8),
    st.sampled_from(["balance", "points"]),
    st.sampled_from(["drop", "carry"]),
)
def test_days_on_which_nothing_moves_are_passed_over_and_change_nothing(
    moved: list[tuple[int, int]], counts: str, rest: str
) -> None:
    first = dt.date(2017, 1, 5)
    past = [Lived(purchase(0, on=first + dt.timedelta(days=day)), points=points) for day, points in sorted(moved)]
    rule = {
        "code": "voucher", "period": {"every": "day"}, "base": {"counts": counts}, "rest": rest,
        "function": {"kind": "every", "every": 200, "value": 500}, "gives": {"kind": "code"}, "issue": {"at": "night"},
    }  # fmt: skip
    if counts == "balance":
        rule["takes"] = True
    # With another rest at the end of a year each day is looked at.
    passing, looking = (a_programme(rewards=[each]) for each in (rule, rule | {"rest_at_year_end": rest}))
    who, today = Member(first, lambda _day: None), dt.date(2020, 3, 1)
    assert [*rewarded(passing, past, who, today=today)] == [*rewarded(looking, past, who, today=today)]
