# REQ O-09 I-02: batches of coupons set up, changed, closed and listed
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.jobs import coupons as issuing
from erp_club.jobs import runner
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.db import Database
from erp_club.kernel.settings import Settings
from tests.make.coupons import a_batch, some_coupons
from tests.make.offers import a_published_offer
from tests.make.office import HTML, WINTER, a_set_up_batch, form, head_office, send
from web.app import create_app
from web.deps import Shop


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    return head_office(client, session)


def test_batches_are_listed_filtered_and_sorted(office: TestClient, session: Session) -> None:
    a_batch(session, "WINTER", valid_to=dt.date(2020, 1, 31))
    a_batch(session, "SPRING", personal=True, valid_from=dt.date(2999, 1, 1))
    a_batch(session, "ALWAYS", most=100)
    some_coupons(session, 3, "ALWAYS")
    session.commit()

    def found(query: str = "") -> list[str]:
        return [each["code"] for each in office.get(f"/coupon-batches{query}").json()["batches"]]

    assert found("?sort=code") == ["ALWAYS", "SPRING", "WINTER"]
    assert found("?sort=issued&direction=desc")[0] == "ALWAYS"
    assert found("?standing=current") == ["ALWAYS"]
    assert found("?standing=coming") == ["SPRING"]
    assert found("?standing=ended") == ["WINTER"]
    assert found("?standing=blocked") == []
    assert found("?personal=true&text=") == ["SPRING"]
    assert found("?text=inter") == ["WINTER"]
    assert found("?text=always%20coup") == ["ALWAYS"]
    assert found("?text=%25") == []
    first = office.get("/coupon-batches?text=always").json()["batches"][0]
    assert (first["issued"], first["left"], first["used"], first["standing"]) == (3, 97, 0, "current")
    lines = office.get("/coupon-batches.csv?sort=code").content.decode("utf-8-sig").splitlines()
    assert lines[1].startswith("ALWAYS,Always coupons,active,no,1,,,,,100,3,0,no")
    assert office.get("/coupon-batches.xlsx").status_code == 200


def test_the_list_is_drawn_empty_full_and_without_a_match(office: TestClient, session: Session) -> None:
    assert "No coupons yet" in office.get("/coupon-batches", headers=HTML).text
    a_batch(session, days_from_issue=30, names={"en": "<b>Winter</b>"})
    session.commit()
    page = office.get("/coupon-batches", headers=HTML).text
    assert "30 days from issue" in page
    assert "<b>Winter" not in page
    assert "Nothing matches" in office.get("/coupon-batches?text=zzz", headers=HTML).text


def test_a_batch_is_set_up_changed_and_traced(office: TestClient, session: Session) -> None:
    batch_id = a_set_up_batch(office)
    told = office.get(f"/coupon-batches/{batch_id}").json()["batch"]
    assert (told["code"], told["prefix"], told["uses"], told["days_from_issue"]) == ("WINTER-26", "VAK", 1, 30)
    change = {"version": told["version"], "uses": 3, "worth_minor": 50_00, "most": 10, "back_on_return": True}
    changed = send(office, "PATCH", f"/coupon-batches/{batch_id}", change)
    assert (changed.json()["uses"], changed.json()["worth_minor"], changed.json()["left"]) == (3, 50_00, 10)
    assert changed.json()["names"] == WINTER["names"]
    again = send(office, "PATCH", f"/coupon-batches/{batch_id}", change)
    assert (again.status_code, again.json()["code"]) == (409, "stale")
    entry = session.execute(sa.select(AuditEntry).where(AuditEntry.action == "coupon_batch.change")).scalar_one()
    assert entry.before == {"uses": 1, "worth_minor": None, "most": None, "back_on_return": False}
    assert entry.after == {"uses": 3, "worth_minor": 50_00, "most": 10, "back_on_return": True}
    assert "can be used again" in office.get(f"/coupon-batches/{batch_id}", headers=HTML).text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "winter 26"}, "code"),
        ({"names": {"he": "חורף"}}, "names.en"),
        ({"prefix": "OIL"}, "prefix"),
        ({"prefix": "ААА"}, "prefix"),
        ({"uses": 0}, "uses"),
        ({"uses": 100_001}, "uses"),
        ({"worth_minor": 50_00}, "uses"),
        ({"worth_minor": 0, "uses": 2}, "worth_minor"),
        ({"days_from_issue": -1}, "days_from_issue"),
        ({"valid_to": "2026-12-31"}, "days_from_issue"),
        ({"valid_from": "2026-12-31", "valid_to": "2026-12-30", "days_from_issue": None}, "valid_to"),
        ({"valid_from": "3000-01-01"}, "valid_from"),
        ({"valid_from": "yesterday"}, "valid_from"),
        ({"most": 0}, "most"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_is_wrong_with_a_batch_is_told_at_its_field(
    office: TestClient, changes: dict[str, Any], field: str
) -> None:
    refused = send(office, "POST", "/coupon-batches", WINTER | changes)
    assert refused.status_code == 422
    assert [each["field"] for each in refused.json()["errors"]] == [field]


def test_a_form_sets_a_batch_up_and_empties_a_day(office: TestClient) -> None:
    typed = {
        "code": "spring",
        "names.en": "Spring",
        "uses": "2",
        "worth": "12,50",
        "valid_to": "2999-12-31",
        "personal": "true",
    }
    made = form(office, "/coupon-batches", typed)
    assert made.status_code == 303, made.text
    url = made.headers["location"]
    told = office.get(url).json()["batch"]
    assert (told["worth_minor"], told["valid_to"], told["personal"]) == (12_50, "2999-12-31", True)
    typed |= {
        "_method": "PATCH",
        "version": "1",
        "valid_to": "",
        "worth": "",
        "prefix": "",
        "most": "",
        "valid_from": "",
    }
    assert form(office, url, typed).status_code == 303
    told = office.get(url).json()["batch"]
    assert (told["worth_minor"], told["valid_to"], told["uses"]) == (None, None, 2)
    wrong = form(office, "/coupon-batches", {"code": "x y", "names.en": "X", "uses": "many"})
    assert wrong.status_code == 422
    assert 'value="many"' in wrong.text
    missing = form(office, "/coupon-batches", {"code": "EMPTY"})
    assert missing.status_code == 422
    assert 'href="#f-names-en"' in missing.text


def test_what_coupons_were_promised_stays_once_they_are_out(office: TestClient) -> None:
    batch_id = a_set_up_batch(office)
    assert send(office, "POST", "/coupon-batches", WINTER).json()["code"] == "batch-code-taken"
    assert send(office, "POST", f"/coupon-batches/{batch_id}/coupons", {"count": 2}).status_code == 201
    for changes in ({"code": "OTHER"}, {"prefix": "VAP"}, {"personal": True}):
        refused = send(office, "PATCH", f"/coupon-batches/{batch_id}", changes | {"version": 1})
        assert (refused.status_code, refused.json()["code"]) == (409, "batch-fixed")
    fewer = send(office, "PATCH", f"/coupon-batches/{batch_id}", {"version": 1, "most": 1})
    assert [each["field"] for each in fewer.json()["errors"]] == ["most"]


def test_a_batch_with_a_limit_or_an_end_says_so(office: TestClient) -> None:
    limited = a_set_up_batch(office, most=10)
    refused = send(office, "POST", f"/coupon-batches/{limited}/coupons", {"count": 11})
    assert (refused.status_code, refused.json()["code"], refused.json()["left"]) == (409, "batch-limit", 10)
    page = form(office, f"/coupon-batches/{limited}/coupons", {"count": "11"})
    assert page.status_code == 409
    assert "Only 10 more coupons" in page.text
    ended = a_set_up_batch(office, code="PAST", days_from_issue=None, valid_to="2020-01-01")
    refused = send(office, "POST", f"/coupon-batches/{ended}/coupons", {"count": 1})
    assert refused.json()["code"] == "batch-ended"


def test_many_coupons_are_issued_by_a_job_with_its_progress_on_the_page(
    committed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuing, "MOST_AT_ONCE", 5)
    monkeypatch.setattr(issuing, "_PORTION", 4)
    with TestClient(create_app(Shop(committed, Settings())), follow_redirects=False) as client:
        with committed.session() as session:
            office = head_office(client, session)
            session.commit()
        batch_id = a_set_up_batch(office, most=20)
        url = f"/coupon-batches/{batch_id}"
        assert send(office, "POST", f"{url}/coupons", {"count": 21}).json()["code"] == "batch-limit"
        waiting = send(office, "POST", f"{url}/coupons", {"count": 10})
        assert (waiting.status_code, waiting.json()["issued"], waiting.json()["waiting"]) == (202, 0, 10)
        assert send(office, "POST", f"{url}/coupons", {"count": 9}).json()["code"] == "batch-issuing"
        assert '<progress max="10" value="0"' in office.get(url, headers=HTML).text
        looks = iter((False, False))
        runner.work_waiting(committed, stopping=lambda: next(looks, True))
        assert office.get(f"{url}/issuing").json()["done"] == 4
        runner.work_waiting(committed)
        told = office.get(url).json()
        assert (told["batch"]["issued"], told["state"]["total"], told["issuing"]) == (10, 10, None)
        assert len({each["code"] for each in told["coupons"]}) == 10
        assert "coupons were issued" in office.get(f"{url}/issuing", headers=HTML).text


def test_a_batch_is_closed_blocked_and_opened_again(office: TestClient) -> None:
    batch_id = a_set_up_batch(office)
    for noun, state in (("closures", "closed"), ("blocks", "blocked"), ("openings", "active")):
        assert send(office, "POST", f"/coupon-batches/{batch_id}/{noun}").json()["state"] == state
        again = send(office, "POST", f"/coupon-batches/{batch_id}/{noun}")
        assert (again.status_code, again.json()["code"]) == (409, "state-already")
        assert office.get(f"/coupon-batches/{batch_id}", headers=HTML).status_code == 200
        if state != "active":
            refused = send(office, "POST", f"/coupon-batches/{batch_id}/coupons", {"count": 1})
            assert refused.json()["code"] == "batch-not-active"


def test_a_batch_names_the_offers_that_its_coupons_start_and_that_issue_them(
    office: TestClient, session: Session
) -> None:
    batch_id = a_batch(session)
    session.commit()
    assert "so they give nothing" in office.get(f"/coupon-batches/{batch_id}", headers=HTML).text
    a_published_offer(session, "FIVE", activation={"by": "coupon", "batch": "WINTER"})
    a_published_offer(session, "NEXT", rewards=[{"kind": "coupon", "batch": "WINTER"}])
    a_published_offer(session, "OTHER")
    session.commit()
    offers = office.get(f"/coupon-batches/{batch_id}").json()["offers"]
    assert [(each["code"], each["started"], each["standing"]) for each in offers] == [
        ("FIVE", True, "published"),
        ("NEXT", False, "published"),
    ]
    page = office.get(f"/coupon-batches/{batch_id}", headers=HTML).text
    assert f'href="/offers/{offers[0]["id"]}"' in page
    assert "so they give nothing" not in page
