# REQ J-01 C-10: what head office keeps no longer is taken out each night, and nothing before somebody has decided it
import datetime as dt
import re

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.customers.models import Customer
from erp_club.jobs.declared import Run
from erp_club.jobs.retention import RETENTION
from erp_club.kernel import audit
from erp_club.kernel.audit import AuditValues
from erp_club.kernel.audit_seals import entries_not_as_sealed, seal_entries
from erp_club.kernel.audit_search import Entries, entries
from erp_club.people.retention.rules import DataKind, Rule, faults, last_day_gone
from erp_club.permissions.actors import SYSTEM
from erp_club.receipts.kinds import ReceiptSource
from erp_club.receipts.models import Receipt
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.office import HTML, form, head_office, send
from tests.make.organisation import a_store

TODAY = dt.date(2030, 3, 31)
NOW = dt.datetime(2030, 3, 31, 3, tzinfo=dt.UTC)


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    return head_office(client, session)


def decided(office: TestClient, kind: DataKind, months: int | None) -> None:
    rule = {"kind": kind.value, "months": months, "reason": "The board's decision 7"}
    assert send(office, "PUT", "/retention-rules", {"rules": [rule]}).status_code == 200


def run(session: Session, *, on: dt.date = TODAY) -> dict[str, int]:
    """The whole job; what it counted."""
    made = Run(1, RETENTION.name, on, {}, SYSTEM, NOW)
    counts, cursor, first = dict[str, int](), None, True
    while cursor is not None or first:
        step = RETENTION.batch(session, made, cursor)
        for name, number in step.counts.items():
            counts[name] = counts.get(name, 0) + number
        cursor, first = step.after, False
    return {name: number for name, number in counts.items() if number}


def last_seen(session: Session, customer_id: int, on: dt.date) -> None:
    at = dt.datetime.combine(on, dt.time(12), dt.UTC)
    session.execute(sa.update(Customer).where(Customer.id == customer_id).values(opened_at=at, changed_at=at))


def test_months_end_on_the_same_day_or_the_months_last() -> None:
    assert last_day_gone(12, dt.date(2027, 3, 31)) == dt.date(2026, 3, 31)
    assert last_day_gone(1, dt.date(2027, 3, 31)) == dt.date(2027, 2, 28)


def test_a_rule_needs_its_reason_and_months_that_can_be() -> None:
    before = [Rule(kind, None) for kind in DataKind]
    wanted = [Rule(DataKind.CUSTOMERS, 0, "law"), Rule(DataKind.CHANGES, 12), Rule(DataKind.OFFLINE_SALES, 241, "x")]
    wrong = ["rules[0].months", "rules[1].reason", "rules[2].months"]
    assert [fault.field for fault in faults(before, wanted)] == wrong
    assert faults(before, before) == []


def test_nothing_goes_before_somebody_has_decided_it(office: TestClient, session: Session) -> None:
    last_seen(session, a_customer(session), dt.date(1999, 1, 1))
    assert run(session) == {}
    assert session.scalars(sa.select(Customer.state).where(Customer.number == "100001")).all() == ["active"]


def test_a_customer_without_a_sign_of_life_is_erased_on_the_day_and_not_before(
    office: TestClient, session: Session
) -> None:
    silent, recent = a_customer(session, "1"), a_customer(session, "2")
    last_seen(session, silent, dt.date(2027, 3, 31))
    last_seen(session, recent, dt.date(2027, 4, 1))
    decided(office, DataKind.CUSTOMERS, 36)
    assert RETENTION.preview is not None
    told = RETENTION.preview(session, Run(1, "retention", TODAY, {}, SYSTEM, NOW))
    assert (told.counts["customers"], [each.number for each in told.sample]) == (1, ["1"])
    assert run(session, on=dt.date(2030, 3, 30)) == {}
    assert run(session) == {"customers": 1}
    states = dict(session.execute(sa.select(Customer.id, Customer.state).where(Customer.id != 0)).all())  # type: ignore[arg-type]
    assert states == {silent: "erased", recent: "active"}
    assert run(session) == {}


@pytest.mark.parametrize("sign", ["membership", "consent", "receipt of a merged one"])
def test_any_sign_of_life_keeps_a_customer(office: TestClient, session: Session, sign: str) -> None:
    silent = a_customer(session)
    if sign == "membership":
        a_membership(session, silent, a_club(session))
        session.execute(sa.text("UPDATE membership_periods SET at = '2028-01-01T12:00Z'"))
    last_seen(session, silent, dt.date(2020, 1, 1))
    if sign == "consent":
        session.execute(
            sa.text(
                "INSERT INTO consent_changes (customer_id, channel, given, at, source) "
                "VALUES (:id, 'sms', true, '2028-01-01T12:00Z', 'import')"
            ),
            {"id": silent},
        )
    if sign == "receipt of a merged one":
        other = a_customer(session, "7")
        session.execute(sa.update(Customer).where(Customer.id == other).values(state="merged", merged_into=silent))
        store = a_store(session).id
        at = dt.datetime(2028, 1, 1, 12, tzinfo=dt.UTC)
        session.add(
            Receipt(
                customer_id=other, store_id=store, receipt_no="1", sold_at=at, sold_on=at.date(), list_minor=100,
                total_minor=100, source=ReceiptSource.IMPORT,
            )
        )  # fmt: skip
        session.flush()
    decided(office, DataKind.CUSTOMERS, 36)
    assert run(session) == {}


def test_points_of_the_silent_are_dropped_and_the_ledger_still_holds(office: TestClient, session: Session) -> None:
    silent = a_customer(session)
    joined = a_membership(session, silent, a_club(session))
    moved(session, silent, joined.points_account_id, 50)
    session.execute(sa.text("UPDATE membership_periods SET at = '2020-01-01T12:00Z'"))
    session.execute(sa.text("UPDATE membership_events SET at = '2020-01-01T12:00Z'"))
    last_seen(session, silent, dt.date(2020, 1, 1))
    decided(office, DataKind.CUSTOMERS, 36)
    assert run(session) == {"customers": 1}
    assert session.scalar(sa.text("SELECT sum(balance) FROM points_accounts")) == 0


def test_the_change_log_keeps_who_did_it_and_loses_what_the_field_held(office: TestClient, session: Session) -> None:
    customer = a_customer(session)
    for year, name in ((2020, "Old"), (2029, "New")):
        at = dt.datetime(year, 1, 1, tzinfo=dt.UTC)
        audit.record(
            session, by=SYSTEM, now=at, action="customer.edit", entity="customer", entity_id=customer,
            after={"given_name": name},
        )  # fmt: skip
    seal_entries(session, now=NOW, limit=1000)
    decided(office, DataKind.CHANGES, 36)
    assert run(session) == {"changes": 1}
    assert session.scalars(sa.select(AuditValues.after).where(AuditValues.after.is_not(None))).all() == [
        {"given_name": "New"}
    ]
    assert len([each for each in entries(session, Entries(), limit=50) if each.action == "customer.edit"]) == 2
    assert list(entries_not_as_sealed(session)) == []
    assert run(session) == {}


def test_head_office_decides_on_a_page_that_says_what_is_usual_and_how_much_is_older(
    office: TestClient, session: Session
) -> None:
    last_seen(session, a_customer(session), dt.date(2000, 1, 1))
    page = office.get("/retention-rules", headers=HTML).text
    assert re.search("usual here: <bdi[^>]*>84<", page)
    typed = {"_method": "PUT", "rules[0].kind": "customers", "rules[0].months": "84", "rules[0].reason": ""}
    refused = form(office, "/retention-rules", typed)
    assert refused.status_code == 422
    assert "Say why" in refused.text
    assert 'value="84"' in refused.text
    assert form(office, "/retention-rules", typed | {"rules[0].reason": "Tax law"}).status_code == 303
    first = office.get("/retention-rules").json()["rules"][0]
    assert (first["months"], first["reason"], first["over"]) == (84, "Tax law", 1)
    told = [each for each in entries(session, Entries(), limit=5) if each.action == "retention.decide"]
    assert [(each.before, each.after) for each in told] == [
        ({"months": None, "reason": ""}, {"months": 84, "reason": "Tax law"})
    ]
