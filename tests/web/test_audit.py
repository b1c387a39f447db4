"""The log of changes: who, what, before, after, when, where."""

# REQ A-02
import csv
import datetime as dt
import io
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.demo.offers import OFFERS
from erp_club.kernel import audit
from erp_club.permissions.catalog import Role
from erp_club.permissions.models import Staff
from erp_club.promotions.documents import whole
from erp_club.promotions.engine.offer import Offer
from tests.make.browser import HTML, json_headers, signed_in
from tests.make.clubs import a_customer
from tests.make.organisation import a_chain, a_store, an_actor
from web.formats import instant
from web.i18n import LANGUAGE
from web.views.kept import changes_of

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def _changes(session: Session, staff_id: int, count: int, *, at: dt.datetime, store_id: int | None = None) -> None:
    for number in range(count):
        audit.record(
            session,
            by=an_actor(staff_id, store_id=store_id),
            now=at,
            action="store.edit",
            entity="store",
            entity_id=number,
            before={"name": f"<b>{number}</b>", "stub": True},
            after={"name": None, "stub": False},
        )


def test_the_log_goes_back_page_by_page(client: TestClient, session: Session):
    a_chain(session)
    me = signed_in(client, session)
    _changes(session, me, 60, at=dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC))
    session.commit()
    seen: list[str] = []
    url: str | None = "/audit-entries?entity=store"
    pages = 0
    while url:
        view = client.get(url).json()
        seen += [entry["entity_id"] for entry in view["entries"]]
        url, pages = view["older_url"], pages + 1
    assert pages == 3
    assert seen == [str(number) for number in range(59, -1, -1)]


def test_days_are_the_chains_and_both_ends_are_included(client: TestClient, session: Session):
    a_chain(session)
    me = signed_in(client, session)
    # Half past midnight of 2 November in Jerusalem is still 1 November in UTC.
    _changes(session, me, 1, at=dt.datetime(2026, 11, 1, 22, 30, tzinfo=dt.UTC))
    session.commit()

    def found(first: str, last: str) -> int:
        return len(client.get(f"/audit-entries?staff_id={me}&first={first}&last={last}&entity=").json()["entries"])

    assert found("2026-11-02", "2026-11-02") == 1
    assert found("2026-11-01", "2026-11-01") == 0
    assert found("", "2026-11-02") == 1
    assert found("2026-11-03", "") == 0
    name = session.get_one(Staff, me).username
    for typed, seen in ((name[1:].upper(), 1), ("nobody at all", 0)):
        told = client.get(f"/audit-entries?staff={typed}&first=2026-11-02&last=2026-11-02").json()
        assert len(told["entries"]) == seen


def test_a_person_is_typed_where_the_staff_are_too_many_for_a_list(client: TestClient, session: Session):
    a_chain(session)
    signed_in(client, session)
    assert 'name="staff_id"' in client.get("/audit-entries", headers=HTML).text
    for number in range(31):
        session.add(Staff(username=f"u{number}", name=f"U {number}", role=Role.CASHIER, created_at=NOW))
    session.commit()
    page = client.get("/audit-entries?staff=u7", headers=HTML).text
    assert re.search(r'<input[^>]* name="staff" value="u7"', page)
    assert "U 12" not in page


def test_the_page_shows_fields_and_leads_to_the_thing(client: TestClient, session: Session):
    a_chain(session)
    store = a_store(session)
    me = signed_in(client, session)
    _changes(session, me, 1, at=dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC), store_id=store.id)
    session.commit()
    page = client.get(f"/audit-entries?staff_id={me}", headers=HTML).text
    assert "&lt;b&gt;0&lt;/b&gt;" in page
    assert "Yes" in page
    assert 'href="/stores/0"' in page
    assert f'href="/staff/{me}"' in page
    assert "Store 374" in page
    assert "Nothing matches" in client.get("/audit-entries?entity=club", headers=HTML).text


def test_what_changed_in_a_document_is_told_part_by_part_in_words(client: TestClient, session: Session):
    a_chain(session)
    me = signed_in(client, session)
    was = {"rewards": [{"kind": "percent", "value_bp": 1000}], "limits": {"uses": 3}}
    new = {"rewards": [{"kind": "percent", "value_bp": 1500}], "limits": {"uses": 3}}
    rules = {"term": {"kind": "months", "months": 12}, "earning": {"rules": [{"kind": "money", "points": 1}]}}
    other = {"term": {"kind": "lifetime"}, "earning": {"rules": [{"kind": "money", "points": 2}]}}
    asks = {"metric": "purchases", "op": "ge", "value": 3}
    for entity, before, after in (
        ("offer", was, new),
        ("club", {"document": rules}, {"document": other}),
        ("role", {"points.adjust": [{"scope": "chain"}]}, {"points.adjust": [{"scope": "store", "per_sale": 500}]}),
        ("segment", {"condition": asks}, {"condition": asks | {"value": 4}}),
    ):
        audit.record(
            session, by=an_actor(me), now=NOW, action=f"{entity}.edit", entity=entity, entity_id=1, before=before,
            after=after,
        )  # fmt: skip
    session.commit()
    entries = {each["entity"]: each["changes"] for each in client.get("/audit-entries").json()["entries"]}
    assert entries["offer"] == [{"field": "rewards[0].value_bp", "before": 1000, "after": 1500}]
    assert [each["field"] for each in entries["club"]] == [
        "document.term.kind", "document.term.months", "document.earning.rules[0].points",
    ]  # fmt: skip
    page = " ".join(re.sub(r"<[^>]+>", "", client.get("/audit-entries", headers=HTML).text).split())
    for told in (
        "What is given · Percent off: 10% became 15%",
        "How long membership lasts: For some months became For life",
        "What members earn · Rules · So many points: 1 became 2",
        "Change points by hand and undo that · Reaches: Whole chain became Own store",
        "Conditions: Purchases: at least 3 became Purchases: at least 4",
    ):
        assert told in page


def _documents(folder: str, has: str) -> Iterator[dict[str, Any]]:
    for file in (Path(__file__).parents[1] / folder).rglob("*.json"):
        waiting: list[Any] = [json.loads(file.read_text())]
        while waiting:
            one = waiting.pop()
            if isinstance(one, dict) and has in one and "names" in one:
                yield one
            waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()


def test_every_part_of_the_rules_and_offers_that_our_tests_know_has_a_name():
    parts = [each for one in _documents("programmes", "earning") for each in changes_of({}, {"document": one})]
    parts += [each for one in OFFERS for each in changes_of({}, whole(Offer.model_validate(one)))]
    assert len(parts) > 1000
    # Names of ours begin with a capital; a field that has none is told as it is kept.
    assert {each.field for each in parts for name in (each.label or "").split(" · ") if name[:1].islower()} == set()


def test_a_moment_is_shown_as_one_and_a_text_that_only_looks_like_it_as_it_stands():
    assert instant("2026-11-26T02:32:26.922293+00:00") == dt.datetime(2026, 11, 26, 2, 32, 26, 922293, tzinfo=dt.UTC)
    assert [instant(kept) for kept in ("2026-19-39T25:00:00+00:00", "Haifa", "+00:00", 7, None)] == [None] * 5


def test_a_day_is_told_as_whoever_reads_it_writes_days():
    def told_in(language: str) -> str | None:
        token = LANGUAGE.set(language)
        try:
            return changes_of({}, {"last_day": "2026-12-31"})[0].became
        finally:
            LANGUAGE.reset(token)

    assert [told_in(language) for language in ("en", "sv")] == ["31 Dec 2026", "2026-12-31"]


def _yael_moves(session: Session, by: int, *cities: str) -> int:
    yael = a_customer(session)
    for before, after in itertools.pairwise(cities):
        audit.record(
            session,
            by=an_actor(by),
            now=dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC),
            action="customer.edit",
            entity="customer",
            entity_id=yael,
            before={"city": before, "consent_sms": False},
            after={"city": after, "consent_sms": True},
        )
    session.commit()
    return yael


def test_every_look_at_a_record_is_kept_with_its_request(client: TestClient, session: Session):
    a_chain(session)
    me = signed_in(client, session)
    yael = _yael_moves(session, me, "Haifa", "Acre")
    answer = client.get(f"/customers/{yael}", headers=HTML)
    assert "Acre" in client.get(f"/customers/{yael}?tab=changes", headers=HTML).text
    [*_, look] = client.get("/audit-entries?action=customer.look").json()["entries"]
    assert (look["customer_id"], look["staff_id"], look["changes"]) == (yael, me, [])
    assert look["request_id"] == answer.headers["X-Request-ID"]
    found = client.get("/audit-entries?customer=100001").json()["entries"]
    assert [entry["action"] for entry in found] == ["customer.look", "customer.look", "customer.edit"]
    assert client.get("/audit-entries?customer=0815").json()["entries"] == []


def test_what_entries_tell_of_people_is_masked_for_a_manager(client: TestClient, session: Session):
    a_chain(session)
    hq = signed_in(client, session)
    yael = _yael_moves(session, hq, "Haifa", "Acre")
    words = {"text": "acr"}
    assert len(client.post("/audit-searches", json=words, headers=json_headers()).json()["entries"]) == 1
    client.cookies.clear()
    signed_in(client, session, Role.MANAGER)
    for url in ("/audit-entries?entity=customer", f"/customers/{yael}?tab=changes"):
        page = client.get(url, headers=HTML).text
        assert "Acre" not in page.replace("<title>", "")
        assert "•••" in page
    # Nor is it found by what is hidden, which would tell it all the same.
    assert client.post("/audit-searches", json=words, headers=json_headers()).json()["entries"] == []


def test_words_find_entries_and_punctuation_alone_finds_none(client: TestClient, session: Session):
    a_chain(session)
    me = signed_in(client, session)
    _changes(session, me, 3, at=dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC))
    session.commit()
    audit.record(
        session,
        by=an_actor(me),
        now=dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC),
        action="store.edit",
        entity="store",
        entity_id=1,
        after={"name": "Quaint Bakery"},
    )
    session.commit()
    for text, count in (("bakery quain", 1), ("quaint tea", 0), ("!!! ' & | :*", 0), ("nobody", 0)):
        view = client.post("/audit-searches", json={"text": text}, headers=json_headers()).json()
        assert len(view["entries"]) == count, text
    assert "Search" in client.post("/audit-searches", data={"text": "2"}, headers=HTML).text
    assert client.post("/audit-searches", data={"text": ""}, headers=HTML).status_code == 422


def test_head_office_takes_the_log_out_as_a_file_and_that_is_kept(client: TestClient, session: Session):
    a_chain(session)
    me = signed_in(client, session)
    _yael_moves(session, me, "Haifa", "=HYPERLINK(1)", "Acre")
    page = client.get("/audit-entries?customer=100001&older_than=9", headers=HTML).text
    assert "/audit-entries.csv?customer=100001" in page
    answer = client.get("/audit-entries.csv?customer=100001")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert {row["action"] for row in rows} == {"customer.edit"}
    assert [(row["field"], row["name"], row["before"], row["after"]) for row in rows] == [
        ("city", "City", "'=HYPERLINK(1)", "Acre"),
        ("consent_sms", "SMS", "No", "Yes"),
        ("city", "City", "Haifa", "'=HYPERLINK(1)"),
        ("consent_sms", "SMS", "No", "Yes"),
    ]
    assert client.get("/audit-entries.xlsx").content.startswith(b"PK")
    [_, taken] = client.get("/audit-entries?action=audit.export").json()["entries"]
    assert {"field": "customer", "before": None, "after": "100001"} in taken["changes"]
    client.cookies.clear()
    signed_in(client, session, Role.MANAGER)
    assert client.get("/audit-entries.csv").status_code == 403


def test_a_manager_reads_the_log_and_a_cashier_does_not(client: TestClient, session: Session):
    a_chain(session)
    signed_in(client, session, Role.MANAGER)
    assert client.get("/audit-entries").status_code == 200
    client.cookies.clear()
    signed_in(client, session, Role.CASHIER)
    assert client.get("/audit-entries").status_code == 403
