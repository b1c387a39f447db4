"""The pages of segments: the list, the builder with and without script, one segment, lists taken out.

REQ S-01 S-03 S-05 X-05
"""

import json
import re
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.catalogue.commands import ProductChanges, edit_product
from erp_club.catalogue.models import ProductGroup
from erp_club.customers.models import Customer
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.errors import Invalid
from erp_club.permissions.actors import SYSTEM
from erp_club.purchases.segment_registry import REGISTRY
from erp_club.segments import saved
from tests.make.clubs import a_customer
from tests.make.office import HTML, form, head_office, send
from tests.make.purchases import NOW, a_product
from web.segment_forms.nodes import Node, from_condition, to_condition

OURS = {"name": "Ours", "where": {"field": "number", "op": "in", "value": ["A", "B"]}}


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    made = head_office(client, session)
    for number in ("A", "B", "C"):
        a_customer(session, number)
    session.commit()
    return made


def add(office: TestClient, **other: Any) -> int:
    told = send(office, "POST", "/segments", OURS | other)
    assert told.status_code == 201, told.text
    return told.json()["id"]


def condition_of(session: Session, segment_id: int) -> Any:
    return saved.one(session, segment_id).condition


def fields(page: str) -> dict[str, str]:
    """What a browser would send of the builder without pressing any button."""
    part = page.split('id="segment-form"')[1].split("</form>", maxsplit=1)[0]
    sent: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", part):
        said = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if "name" in said and (said.get("type") != "checkbox" or " checked" in tag):
            sent[said["name"]] = said.get("value", "")
    for name, options in re.findall(r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>', part, re.DOTALL):
        chosen = re.findall(r'<option value="([^"]*)" selected', options) or re.findall(r'value="([^"]*)"', options)
        sent[name] = chosen[0]
    sent.pop("idempotency_key")
    return sent


def press(office: TestClient, sent: dict[str, str], do: str, **typed: str) -> dict[str, str]:
    """The form as it comes back after a button, without script."""
    page = form(office, "/segment-previews", sent | typed | {"do": do})
    assert page.status_code == 200, page.text
    return fields(page.text)


def test_segments_are_listed_with_their_counts(office: TestClient):
    assert "No segments yet" in office.get("/segments", headers=HTML).text
    add(office)
    add(office, name="<i>Others</i>")
    assert [(each["name"], each["customers"]) for each in office.get("/segments").json()["segments"]] == [
        ("<i>Others</i>", 2), ("Ours", 2),
    ]  # fmt: skip
    page = office.get("/segments?text=oth", headers=HTML).text
    assert "<i>" not in page
    assert "Ours" not in page.split('id="segments"')[1]
    assert "Nothing matches" in office.get("/segments?text=zzz", headers=HTML).text
    add(office, name="Alone", where={"field": "number", "op": "in", "value": ["A"]})
    second = office.get("/segments?sort=customers&direction=desc&per_page=1&page=2", headers=HTML).text
    assert ["Ours" in second, "Others" in second, "Alone" in second] == [True, False, False]
    file = office.get("/segments.csv?sort=customers&direction=asc&page=2").text
    assert [line.split(",")[0] for line in file.splitlines()[1:]] == ["Alone", "<i>Others</i>", "Ours"]


def coffee(session: Session) -> None:
    """Two products called the same, of one group."""
    for sku in ("C-1", "C-2"):
        changes = ProductChanges(group="COFFEE")
        edit_product(session, a_product(session, sku, name="Ground coffee"), changes, now=NOW, by=SYSTEM)
    session.commit()


def test_products_are_found_by_their_names_and_what_nothing_is_called_is_told_there(
    office: TestClient, session: Session
):
    coffee(session)
    sent = fields(office.get("/segments/new", headers=HTML).text)
    sent = press(office, sent, "add|0", **{"nodes[0].add": "metric:purchases"})
    sent = press(office, sent | {"nodes[1].of_key": "sku"}, "look")
    typed = sent | {"nodes[1].new": "coffee", "do": "take|1"}
    page = form(office, "/segment-previews", typed).text
    assert ("pick|1|C-1" in page, "pick|1|C-2" in page, "Nothing is called so" in page) == (True, True, False)
    sent = press(office, sent, "pick|1|C-2")
    assert (sent["nodes[1].of[0]"], sent["nodes[1].new"]) == ("C-2", "")
    for key, nothing in (("sku", "tea"), ("group", "TEA")):
        page = form(office, "/segment-previews", sent | {"nodes[1].of_key": key, "nodes[1].new": nothing, "do": "look"})
        assert "Nothing is called so" in page.text
        assert fields(page.text)["nodes[1].new"] == nothing


def test_faults_of_a_question_as_json_are_told_with_their_place(office: TestClient):
    wrong = {"any": [{"metric": "spend", "over": {"from": "2020-02-01", "to": "2020-01-01"}, "op": "ge", "value": 1},
                     {"field": "nonsense", "op": "eq", "value": 1}]}  # fmt: skip
    sent = {"form": "1", "name": "Wrong", "document": json.dumps(wrong)}
    told = form(office, "/segments", sent)
    assert told.status_code == 422
    below = told.text.split('id="e-f-document"')[1].split("</div>")[0]
    assert ("any[0].over" in below, "any[1]" in told.text) == (True, True)


def test_a_question_is_built_without_script(office: TestClient, session: Session):
    coffee(session)
    sent = fields(office.get("/segments/new", headers=HTML).text)
    sent = press(office, sent, "add|0", **{"nodes[0].add": "Amount bought for"})
    sent |= {"nodes[1].value": "10.50", "nodes[1].period": "last_month", "nodes[1].new": "coffee"}
    sent = press(office, sent, "take|1")
    assert sent["nodes[1].of[0]"] == "COFFEE"
    sent = press(office, sent, "group|0|none")
    sent = press(office, sent, "add|2", **{"nodes[2].add": "Consent"})
    sent = press(office, sent, "take|3", **{"nodes[3].new": "SMS"})
    told = form(office, "/segments", sent | {"name": "Coffee", "notes": "for May", "at_till": "true"})
    assert told.status_code == 303, told.text
    made = int(told.headers["Location"].rsplit("/", 1)[1])
    assert condition_of(session, made) == {
        "all": [
            {"metric": "spend", "of": {"group": ["COFFEE"]}, "over": {"calendar": "last_month"}, "op": "ge",
             "value": 1050},
            {"not": {"any": [{"field": "consent", "op": "in", "value": ["sms"]}]}},
        ]
    }  # fmt: skip
    again = fields(office.get(f"/segments/{made}/edit", headers=HTML).text)
    again = press(office, again, "remove|2")
    changed = form(office, f"/segments/{made}", again | {"_method": "PATCH"})
    assert changed.status_code == 303, changed.text
    assert len(condition_of(session, made)["all"]) == 1
    assert [each["version_no"] for each in office.get(f"/segments/{made}").json()["versions"]] == [2, 1]


def test_the_builder_tells_count_sample_and_sentence_while_it_is_built(office: TestClient):
    told = send(office, "POST", "/segment-previews", {"where": OURS["where"]}).json()["live"]
    assert (told["customers"], told["exact"]) == (2, True)
    assert {each["number"] for each in told["sample"]} == {"A", "B"}
    past = {"where": OURS["where"], "as_of": "2020-01-01"}
    assert send(office, "POST", "/segment-previews", past).json()["as_of"] == "2020-01-01"
    assert send(office, "POST", "/segment-previews", past | {"as_of": "0001-01-01"}).status_code == 422
    assert "Customer number" in told["sentence"]
    spend = {"metric": "spend", "over": {"last_days": 90}, "op": "ge", "value": 5_00}
    never = {"metric": "returns", "over": {"calendar": "this_month"}, "op": "eq", "value": 0}
    long = {"all": [spend, never, {"field": "consent", "op": "eq", "value": "sms"}]}
    said = send(office, "POST", "/segment-previews", {"where": long}).json()["live"]["sentence"]
    assert said.endswith("; Returns, this month: 0 and Consent: SMS"), said  # what has commas isn't parted by them
    assert send(office, "POST", "/segment-previews", {"where": {"field": "x"}}).status_code == 422


def test_a_faulty_form_comes_back_with_the_message_at_its_field(office: TestClient):
    sent = fields(office.get("/segments/new", headers=HTML).text)
    sent = press(office, sent, "add|0", **{"nodes[0].add": "Age"})
    page = form(office, "/segments", sent | {"name": "Old", "nodes[1].value": "old"})
    assert page.status_code == 422
    assert 'id="e-f-nodes-1-value"' in page.text
    assert 'value="old"' in page.text
    lost = form(office, "/segment-previews", sent | {"nodes[0].add": "shoe size", "do": "add|0"})
    assert "There is no such question." in lost.text


@pytest.mark.parametrize(
    ("what", "typed", "meant"),
    [
        *(("field:points", "2,000", 2000), ("field:points", "2 000", 2000), ("metric:spend", "1,250.50", 125_050)),
        *(("metric:quantity", "1.125", 1.125), ("metric:purchases", "1,000", 1000)),
    ],
)
def test_thousands_are_read_as_they_are_meant(what: str, typed: str, meant: float):
    nodes = [Node("all"), Node(parent=0, what=what, op="ge", value=typed)]
    assert to_condition(nodes, REGISTRY)[0]["all"][0]["value"] == meant
    with pytest.raises(Invalid):  # 1.125 kilograms, or so many?
        to_condition([nodes[0], Node(parent=0, what="metric:quantity", op="ge", value="1,125")], REGISTRY)


@pytest.mark.parametrize(
    ("where", "field"),
    [
        ({"any": [{"field": "shoe", "op": "eq", "value": 1}]}, "where.any[0].field"),
        ({"metric": "spend", "over": {"from": "2026-02-01", "to": "2026-01-01"}, "op": "ge", "value": 1}, "where.over"),
        ({"field": "segment", "op": "eq", "value": "Nobody's"}, "where.value"),
        (None, "where"),
        ("x" * 10, "where"),
    ],
)
def test_a_machine_is_told_the_place_in_the_tree(office: TestClient, where: Any, field: str):
    told = send(office, "POST", "/segments", OURS | {"where": where})
    assert told.status_code == 422
    assert [each["field"] for each in told.json()["errors"]] == [field]


def test_what_the_form_cannot_say_is_edited_as_json(office: TestClient, session: Session):
    made = add(office, where={"field": "number", "op": "between", "value": ["A", "B"]})
    page = office.get(f"/segments/{made}/edit", headers=HTML).text
    assert 'name="document"' in page
    where = {"field": "number", "op": "between", "value": ["B", "C"]}
    sent = {"form": "1", "version": "1", "document": json.dumps(where), "_method": "PATCH"}
    assert form(office, f"/segments/{made}", sent).status_code == 303
    assert condition_of(session, made) == where
    assert form(office, f"/segments/{made}", sent | {"document": "{", "version": "2"}).status_code == 422
    assert form(office, f"/segments/{made}", sent).status_code == 409


def test_why_somebody_is_in_it_is_told_step_by_step(office: TestClient):
    never = {"metric": "purchases", "op": "eq", "value": 0}
    made = add(office, where={"all": [OURS["where"], {"field": "number", "op": "in", "value": ["B"]}, never]})
    told = office.get(f"/segments/{made}?customer=A").json()["told"]
    assert [each["holds"] for each in told] == [False, True, False, True]
    assert [each["found"] for each in told] == [
        None,
        *(f"This customer: {said}" for said in ("\u2068A\u2069", "\u2068A\u2069", "0")),
    ]
    assert office.get(f"/segments/{made}?customer=B").json()["told"][0]["holds"] is True
    assert office.get(f"/segments/{made}?customer=ZZ").json()["found"] is False
    assert office.get(f"/segments/{made}?customer=A", headers=HTML).status_code == 200


def test_a_mailing_list_holds_who_consents_and_says_who_is_left_out(office: TestClient, session: Session):
    made = add(office, where={"all": []})
    session.execute(sa.update(Customer).where(Customer.number == "A").values(consent_sms=True, mobile="+972501234567"))
    session.execute(sa.update(Customer).where(Customer.number == "B").values(consent_sms=True))
    session.commit()
    reach = office.get(f"/segments/{made}").json()["reach"][0]
    assert reach == {"channel": "sms", "reached": 1, "without_consent": 1, "without_address": 1}
    lines = office.get(f"/segments/{made}/mailing-list.csv?channel=sms").content.decode("utf-8-sig").splitlines()
    assert lines == ["number,given_name,family_name,language,mobile", "A,Yael,Cohen,,+972501234567"]
    assert office.get(f"/segments/{made}/customers.csv").content.decode("utf-8-sig").splitlines()[1] == "Ours,A"
    taken = session.scalars(
        sa.select(AuditEntry.after).where(AuditEntry.action == "segment.export").order_by(AuditEntry.id)
    ).all()
    assert [entry and entry.get("without_consent") for entry in taken] == [1, None]


def test_a_segments_page_counts_those_of_its_file_whoever_was_merged_since(office: TestClient, session: Session):
    made = add(office)
    a, b = (session.scalars(sa.select(Customer.id).where(Customer.number == number)).one() for number in "AB")
    assert send(office, "POST", f"/customers/{a}/merges", {"merged_id": b}).status_code == 201
    told = office.get(f"/segments/{made}").json()
    assert (told["segment"]["customers"], [each["without_consent"] for each in told["reach"]]) == (1, [1, 1, 1])
    lines = office.get(f"/segments/{made}/customers.csv").content.decode("utf-8-sig").splitlines()
    assert lines[1:] == ["Ours,A"]
    kept = session.scalars(sa.select(AuditEntry.after).where(AuditEntry.action == "segment.export")).one()
    assert kept
    assert kept["customers"] == 1


def test_a_segment_is_frozen_closed_and_opened(office: TestClient, session: Session):
    made = add(office)
    assert send(office, "PATCH", f"/segments/{made}", {"at_till": True, "version": 1}).status_code == 200
    frozen = form(office, f"/segments/{made}/frozen-copies", {"name": "Then"})
    assert frozen.status_code == 303
    assert form(office, f"/segments/{made}/frozen-copies", {"name": "Then"}).status_code == 409
    told = office.get(frozen.headers["Location"], headers=HTML).text
    assert "List" in told
    assert "Frozen: Ours, " in told
    shown = {each["name"]: each["at_till"] for each in office.get("/segments").json()["segments"]}
    assert shown == {"Ours": True, "Then": True}  # tills show the list as they show what it is made of
    assert "/frozen-copies" not in told  # a list is what it is: there is nothing to freeze
    assert form(office, f"/segments/{made}/closures").status_code == 303
    assert office.get(f"/segments/{made}").json()["segment"]["state"] == "closed"
    assert form(office, f"/segments/{made}/openings").status_code == 303
    assert form(office, f"/segments/{made}/refreshes").status_code == 303


def test_a_list_by_numbers_is_refused_where_nobody_has_one(office: TestClient):
    page = form(office, "/segment-lists", {"name": "Staff", "numbers": "A, ZZ"})
    assert page.status_code == 422
    assert "ZZ" in page.text
    assert form(office, "/segment-lists", {"name": "Staff", "numbers": "A\nB"}).status_code == 303
    assert office.get("/segments").json()["segments"][0]["customers"] == 2


def test_a_segment_names_what_speaks_of_it(office: TestClient):
    made = add(office)
    other = add(office, name="Both", where={"any": [{"field": "segment", "op": "in", "value": ["Ours"]}]})
    assert office.get(f"/segments/{made}").json()["uses"] == [{"kind": "segment", "id": other, "name": "Both"}]


def test_whose_goods_are_gone_takes_other_notes_but_no_other_question(office: TestClient, session: Session):
    coffee(session)
    bought = {"metric": "purchases", "of": {"group": ["COFFEE"]}, "op": "ge", "value": 4}
    where = {"any": [bought, {"field": "consent", "op": "eq", "value": "sms"}]}
    made = add(office, name="Coffee", where=where)
    session.execute(sa.update(ProductGroup).where(ProductGroup.name == "COFFEE").values(name="Beans"))
    session.commit()
    sent = fields(office.get(f"/segments/{made}/edit", headers=HTML).text) | {"_method": "PATCH"}
    told = form(office, f"/segments/{made}", sent | {"notes": "for May"})
    assert told.status_code == 303, told.text
    as_json = fields(office.get(f"/segments/{made}/edit", headers=HTML).text) | {"_method": "PATCH"}
    as_json = {name: value for name, value in as_json.items() if not name.startswith("nodes")}
    told = form(office, f"/segments/{made}", as_json | {"notes": "for June", "document": json.dumps(where)})
    assert told.status_code == 303, told.text
    told = send(office, "PATCH", f"/segments/{made}", {"notes": "for July", "where": where})
    assert told.status_code == 200, told.text
    row = saved.one(session, made)
    assert (row.notes, row.version_no, row.condition) == ("for July", 1, where)
    sent = fields(office.get(f"/segments/{made}/edit", headers=HTML).text) | {"_method": "PATCH"}
    told = form(office, f"/segments/{made}", sent | {"nodes[1].value": "5"})
    assert (told.status_code, "There is no product group COFFEE" in told.text) == (422, True)


@pytest.mark.parametrize(
    "where",
    [
        {"all": [{"metric": "purchases", "over": {"last_days": 9}, "op": "between", "value": [1, 2]}]},
        {"any": [{"metric": "spend", "of": {"sku": ["7"]}, "op": "lt", "value": 1234},
                 {"not": {"any": [{"field": "points", "op": "ge", "value": 5, "club": "GOLD"}]}}]},
        {"all": [{"field": "joined_on", "op": "between", "value": ["2026-01-01", "2026-02-01"]},
                 {"field": "class:Diet", "op": "in", "value": ["vegan"]}]},
        {"all": [{"metric": "visit_days", "over": {"from": "2026-01-01", "to": "2026-02-01"}, "op": "eq", "value": 0}]},
    ],
)  # fmt: skip
def test_the_form_says_again_what_it_was_filled_from(where: Any):
    nodes = from_condition(where, REGISTRY)
    assert nodes is not None
    assert to_condition(nodes, REGISTRY)[0] == where


def test_a_forgotten_group_and_a_class_that_nobody_has_are_told_beside_their_own_fields(office: TestClient):
    sent = {
        "form": "1", "name": "Forgotten", "nodes[0].kind": "all",
        "nodes[1].kind": "leaf", "nodes[1].parent": "0", "nodes[1].what": "field:class", "nodes[1].name": "Colour",
        "nodes[1].op": "in", "nodes[1].values[0]": "red",
    }  # fmt: skip
    told = form(office, "/segments", sent)
    assert told.status_code == 422
    assert 'href="#f-nodes-1-what"' in told.text
    for kind in ("any", "none"):
        told = form(office, "/segments", sent | {"nodes[2].kind": kind, "nodes[2].parent": "0"})
        assert told.status_code == 422
        assert 'href="#f-nodes-2-add"' in told.text
