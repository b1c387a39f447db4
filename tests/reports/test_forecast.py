# REQ O-12: what an offer would have cost, by replaying past receipts
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.clubs.levels.models import MembershipLevel
from erp_club.jobs import forecasts, runner
from erp_club.jobs import queries as jobs
from erp_club.jobs.kinds import RunState
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Invalid
from erp_club.kernel.settings import Settings
from erp_club.permissions.actors import SYSTEM
from erp_club.receipts.kinds import ReceiptSource
from erp_club.receipts.models import Receipt, ReceiptLine
from erp_club.reports import runs
from erp_club.reports.forecast import Forecast, Period, forecast, last_month, usual_month
from erp_club.segments.kinds import SegmentKind
from erp_club.segments.models import Segment, SegmentCustomer
from tests.make.browser import HTML, json_headers, signed_in
from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.offers import NOW, a_draft, a_published_offer, an_offer
from tests.make.organisation import a_chain, a_store
from tests.make.purchases import a_product
from web.app import create_app
from web.cli import main
from web.deps import Shop

OCTOBER = Period(dt.date(2026, 10, 1), dt.date(2026, 10, 31))


def bought(
    session: Session, store: int, product: int, *, day: int = 5, units: int = 1, minor: int = 10_00, customer: int = 0
) -> None:
    """A past receipt of some units of one product."""
    at = dt.datetime(2026, 10, day, 9, 0, tzinfo=dt.UTC)
    number = f"R{session.scalar(sa.select(sa.func.count()).select_from(Receipt))}"
    receipt = Receipt(
        customer_id=customer, store_id=store, receipt_no=number, sold_at=at, sold_on=at.date(),
        list_minor=minor * units, total_minor=minor * units, source=ReceiptSource.IMPORT,
    )  # fmt: skip
    session.add(receipt)
    session.flush()
    session.add(
        ReceiptLine(
            customer_id=customer, receipt_id=receipt.id, line_no=1, product_id=product, quantity_milli=units * 1000,
            list_minor=minor * units, amount_minor=minor * units, vat_bp=1800,
        )
    )  # fmt: skip
    session.flush()


def told(session: Session, *offers: dict[str, Any], period: Period = OCTOBER) -> Forecast:
    tried = [an_offer("TRIED", **said) for said in offers]
    return forecast(session, tried, period, progress=lambda _done, _total: None)


@pytest.fixture
def milk(session: Session) -> int:
    a_chain(session)
    return a_product(session)


def test_an_offer_costs_what_the_receipts_would_have_come_to_less(session: Session, milk: int) -> None:
    haifa, jaffa = a_store(session).id, a_store(session, "375").id
    yael = a_customer(session)
    bought(session, haifa, milk, day=1, units=2)
    bought(session, jaffa, milk, day=31, customer=yael)
    bought(session, jaffa, milk, day=31, customer=yael)
    outcome = told(session, {})
    assert (outcome.receipts, outcome.baskets, outcome.members) == (3, 3, 1)
    assert (outcome.before_minor, outcome.cost_minor) == (40_00, 4_00)
    assert {day.day: part.cost_minor for day, part in outcome.days.items()} == {1: 2_00, 31: 2_00}
    assert {code: part.baskets for code, part in outcome.stores.items()} == {"374": 1, "375": 2}
    assert outcome.uplift_bp == 1112


def test_gifts_are_told_with_what_they_are_worth(session: Session, milk: int) -> None:
    """Of a free choice the dearest is what the customers will take."""
    store = a_store(session).id
    for sku, price_minor in (("cup", 7_00), ("tin", 9_00)):
        a_product(session, sku, price_minor=price_minor)
    bought(session, store, milk, day=1)
    bought(session, store, milk, day=2, units=2)
    for products, worth in ((["cup"], 7_00), (["cup", "tin"], 9_00)):
        outcome = told(session, {"rewards": [{"kind": "gift", "products": products, "quantity": 2}]})
        assert (outcome.baskets, outcome.cost_minor, outcome.gifts, outcome.gifts_minor) == (2, 0, 4, 4 * worth)


def test_offers_in_force_count_on_both_sides(session: Session, milk: int) -> None:
    store = a_store(session).id
    a_published_offer(session, "FIFTH", rewards=[{"kind": "percent", "value_bp": 2000}])
    bought(session, store, milk)
    assert told(session, {}).cost_minor == 0
    more = told(session, {"rewards": [{"kind": "percent", "value_bp": 3000}]})
    assert (more.before_minor, more.cost_minor) == (8_00, 1_00)


def test_a_new_version_is_compared_with_none_and_not_with_the_old_one(session: Session, milk: int) -> None:
    store = a_store(session).id
    a_published_offer(session, "TRIED", rewards=[{"kind": "percent", "value_bp": 500}])
    bought(session, store, milk)
    assert told(session, {}).cost_minor == 1_00


def test_only_members_of_the_day_are_members(session: Session, milk: int) -> None:
    store, gold = a_store(session).id, a_club(session)
    yael = a_customer(session)
    a_membership(session, yael, gold, joined_on=dt.date(2026, 10, 10))
    bought(session, store, milk, day=9, customer=yael)
    bought(session, store, milk, day=10, customer=yael)
    bought(session, store, milk, day=10)
    outcome = told(session, {"when": {"clubs": ["GOLD"]}})
    assert (outcome.baskets, list(outcome.days)) == (1, [dt.date(2026, 10, 10)])


def test_an_offer_for_a_segment_or_a_level_costs_what_those_customers_bought(session: Session, milk: int) -> None:
    # REQ O-12 S-05
    store, gold = a_store(session).id, a_club(session)
    yael, noa = a_customer(session), a_customer(session, "100002")
    membership = a_membership(session, noa, gold, joined_on=dt.date(2026, 10, 1)).membership_id
    session.add(
        MembershipLevel(
            customer_id=noa,
            membership_id=membership,
            level="BEST",
            since=NOW.date(),
            counted=0,
            rules_no=1,
            looked_on=NOW.date(),
        )
    )
    segment = Segment(name="Milk lovers", kind=SegmentKind.FROZEN, created_at=NOW)
    session.add(segment)
    session.flush()
    session.add(SegmentCustomer(segment_id=segment.id, customer_id=yael))
    bought(session, store, milk, day=5, customer=yael)
    bought(session, store, milk, day=6, units=2, customer=noa)
    bought(session, store, milk, day=7)
    for when, cost in (
        ({"segments": ["Milk lovers"]}, 1_00),
        ({"not": {"segments": ["Milk lovers"]}}, 3_00),
        ({"segments": ["Nobody's"]}, 0),
        ({"clubs": ["GOLD"], "levels": ["BEST"]}, 2_00),
        ({"clubs": ["GOLD"], "levels": ["BASIC"]}, 0),
    ):
        assert told(session, {"when": when}).cost_minor == cost, when


def test_receipts_of_somebody_who_became_another_customer_count_for_that_one(session: Session, milk: int) -> None:
    store, gold = a_store(session).id, a_club(session)
    yael, double = a_customer(session), a_customer(session, "100002")
    a_membership(session, yael, gold, joined_on=dt.date(2026, 10, 1))
    session.execute(
        sa.text("UPDATE customers SET state = 'merged', merged_into = :yael WHERE id = :double"),
        {"yael": yael, "double": double},
    )
    bought(session, store, milk, day=5, customer=double)
    bought(session, store, milk, day=20, customer=yael)
    members = told(session, {"when": {"clubs": ["GOLD"]}})
    assert (members.baskets, members.members) == (2, 1)
    assert told(session, {"limits": {"per_member": 1}}).baskets == 1
    assert list(told(session, {"when": {"first": 2}}).days) == [dt.date(2026, 10, 20)]


def test_limits_and_budgets_run_out_in_the_replay_too(session: Session, milk: int) -> None:
    store, yael = a_store(session).id, a_customer(session)
    for day in (1, 1, 2, 3):
        bought(session, store, milk, day=day, customer=yael)
    assert told(session, {"limits": {"uses": 3}}).baskets == 3
    assert told(session, {"limits": {"per_member_day": 1}}).baskets == 3
    assert told(session, {"limits": {"per_member_month": 2}}).baskets == 2
    assert told(session, {"limits": {"budget_minor": 2_00}}).cost_minor == 2_00


def test_what_is_started_by_code_or_cashier_is_priced_as_if_everybody_used_it(session: Session, milk: int) -> None:
    bought(session, a_store(session).id, milk)
    for activation in ({"by": "code", "code": "SAVE"}, {"by": "cashier"}, {"by": "coupon", "batch": "WINTER"}):
        assert told(session, {"activation": activation}).cost_minor == 1_00, activation


def test_first_purchases_birthdays_days_and_returns_are_told_apart(session: Session, milk: int) -> None:
    store, yael = a_store(session).id, a_customer(session)
    session.execute(sa.text("UPDATE customers SET birthday = '1990-10-05' WHERE id = :id"), {"id": yael})
    for day in (5, 20):
        bought(session, store, milk, day=day, customer=yael)
    bought(session, store, milk, units=-1)
    assert list(told(session, {"when": {"first": 1, "last": 1}}).days) == [dt.date(2026, 10, 5)]
    assert list(told(session, {"when": {"days_before": 0}}).days) == [dt.date(2026, 10, 5)]
    assert told(session, {}).baskets == 2
    assert told(session, {}, period=Period(dt.date(2026, 10, 6), dt.date(2026, 10, 31))).receipts == 1
    assert told(session, {}, period=Period(OCTOBER.first, OCTOBER.last, store_id=store + 1)).receipts == 0


def test_the_last_full_month_is_meant_without_days() -> None:
    assert last_month(dt.date(2026, 11, 1)) == (dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    assert last_month(dt.date(2026, 3, 31)) == (dt.date(2026, 2, 1), dt.date(2026, 2, 28))


def test_where_sales_ended_long_ago_the_last_month_before_is_meant(session: Session, milk: int) -> None:
    assert usual_month(session, dt.date(2026, 11, 26)) == (OCTOBER.first, OCTOBER.last)
    bought(session, a_store(session).id, milk, day=31)
    for today in (dt.date(2026, 11, 26), dt.date(2027, 3, 1)):
        assert usual_month(session, today) == (OCTOBER.first, OCTOBER.last)
    assert usual_month(session, dt.date(2026, 10, 31)) == (dt.date(2026, 9, 1), dt.date(2026, 9, 30))


def test_a_period_that_cant_be_is_refused(session: Session, milk: int) -> None:
    for first, last in ((dt.date(2026, 2, 1), dt.date(2026, 1, 1)), (dt.date(2000, 1, 1), dt.date(2026, 1, 1))):
        with pytest.raises(Invalid):
            runs.ask(session, [an_offer()], Period(first, last), offer_id=None, now=NOW, by=SYSTEM)


def laid(database: Database) -> tuple[int, int]:
    """A shop with one receipt, a draft, and a forecast that was asked for: their ids."""
    with database.session() as session:
        a_chain(session)
        bought(session, a_store(session).id, a_product(session))
        offer_id = a_draft(session)
        run_id = runs.ask(session, [an_offer()], OCTOBER, offer_id=offer_id, now=NOW, by=SYSTEM)
        forecasts.start(session, run_id, today=NOW.date(), now=NOW, by=SYSTEM)
        session.commit()
    return offer_id, run_id


def work_of(database: Database, run_id: int) -> jobs.RunRow:
    with database.session() as session:
        return jobs.run_with(session, "forecast", {"forecast": run_id})


def test_a_forecast_is_worked_off_once_and_kept(committed: Database) -> None:
    _, run_id = laid(committed)
    assert runner.work_waiting(committed) == 1
    assert runner.work_waiting(committed) == 0
    work = work_of(committed, run_id)
    assert (work.state, work.done, work.total) == (RunState.DONE, 1, 1)
    with committed.session() as session:
        row = runs.run(session, run_id)
    assert row.outcome is not None
    assert row.outcome["cost_minor"] == 1_00
    assert row.outcome["offers"] == [{"name": "TENTH", "baskets": 1, "cost_minor": 1_00, "uses": 1}]


def test_a_forecast_that_is_stopped_half_way_waits_again(committed: Database) -> None:
    _, run_id = laid(committed)
    looks = iter((False, False, True, True))
    runner.work_waiting(committed, stopping=lambda: next(looks))
    assert work_of(committed, run_id).state is RunState.QUEUED
    runner.work_waiting(committed)
    assert work_of(committed, run_id).state is RunState.DONE


def test_head_office_asks_on_the_offers_page_and_sees_it_come_along(committed: Database) -> None:
    offer_id, _ = laid(committed)
    with TestClient(create_app(Shop(committed, Settings())), follow_redirects=False) as client:
        with committed.session() as session:
            signed_in(client, session)
        asked = {"first_day": "2026-10-01", "last_day": "2026-10-31"}
        answer = client.post(f"/offers/{offer_id}/forecasts", json=asked, headers=json_headers())
        assert answer.status_code == 201, answer.text
        url = answer.headers["location"]
        assert client.get(url).json()["state"] == "queued"
        assert "is about to begin" in client.get(url, headers=HTML).text
        runner.work_waiting(committed)
        seen = client.get(url).json()
        assert seen["state"] == "done"
        assert seen["outcome"]["cost_minor"] == 1_00
        page = client.get(url, headers=HTML)
        assert "Cost by day" in page.text
        assert "isn't in the cost" not in page.text
        with committed.session() as session:
            session.execute(sa.text("""UPDATE forecast_runs SET outcome = outcome || '{"cost_minor": 0}'"""))
            session.commit()
        assert "isn't in the cost" in client.get(url, headers=HTML).text
        assert client.get(f"/offers/{offer_id}", headers=HTML).status_code == 200
        assert client.get(f"/offers/{offer_id}/forecasts/new", headers=HTML).status_code == 200
        for wrong in ({"last_day": "2020-01-01"}, {"store_id": 10**30}):
            refused = client.post(f"/offers/{offer_id}/forecasts", json=wrong, headers=json_headers())
            assert refused.status_code == 422, wrong


def test_the_console_tells_the_same(committed: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    laid(committed)
    monkeypatch.setenv("ERP_CLUB_DATABASE_URL", committed.url.render_as_string(hide_password=False))
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    document = {"code": "TRIED", "names": {"en": "Tried"}, "rewards": [{"kind": "percent", "value_bp": 1000}]}
    file = tmp_path / "offers.json"

    def run(content: Any, *more: str) -> Any:
        file.write_text(json.dumps(content), encoding="utf-8")
        return CliRunner().invoke(main, ["forecast", str(file), "--from", "2026-10-01", "--to", "2026-10-31", *more])

    for content in (document, [document]):
        done = run(content, "--store", "374")
        assert done.exit_code == 0, done.output
        assert "Cost: 1.00 ILS of 10.00." in done.stdout
    wrong = run([document, document | {"rewards": [{"kind": "fish"}]}])
    assert wrong.exit_code == 2
    assert "[1].rewards[0]" in wrong.stderr
    assert run(document, "--store", "nowhere").exit_code == 2
