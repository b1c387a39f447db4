# REQ O-01 O-02 A-01 A-02 I-02: head office writes, publishes and ends offers, as pages and over the API
import json
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Role
from erp_club.promotions.engine.offer import Offer
from tests.make.browser import HTML, form, json_headers, signed_in
from tests.make.clubs import a_club
from tests.make.offers import a_draft, a_published_offer
from tests.make.organisation import a_chain, a_store
from tests.make.purchases import a_product
from web.offer_forms.fields import BEGINNINGS, CONDITIONS, REWARDS
from web.offer_forms.typed import ROW_KINDS, flatten, to_document, to_typed

TENTH: dict[str, Any] = {
    "code": "TENTH",
    "names": {"en": "A tenth off"},
    "rewards": [{"kind": "percent", "value_bp": 1000}],
}


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    a_chain(session)
    signed_in(client, session)
    return client


def send(client: TestClient, method: str, url: str, body: dict[str, Any] | None = None) -> Response:
    return client.request(method, url, json=body or {}, headers=json_headers())


def typed(client: TestClient, url: str, **fields: str) -> Response:
    return client.post(url, data=form(form="1", **fields), headers=HTML)


def wrong(answer: Response) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [each["field"] for each in answer.json()["errors"]]


def test_an_offer_is_written_changed_and_published_over_the_api(office: TestClient) -> None:
    written = send(office, "POST", "/offers", TENTH)
    assert written.status_code == 201, written.text
    url = written.headers["location"]
    assert written.json()["document"] == TENTH
    changed = send(office, "PATCH", url, {"revision": 1, "last_day": "2099-12-31", "names": {"en": "Ten off"}})
    assert changed.status_code == 200, changed.text
    assert changed.json()["document"] == TENTH | {"last_day": "2099-12-31", "names": {"en": "Ten off"}}
    assert send(office, "PATCH", url, {"revision": 1, "hint": False}).json()["code"] == "stale"
    published = send(office, "POST", f"{url}/publications")
    assert (published.status_code, published.json()["state"]) == (201, "published")
    emptied = send(office, "PATCH", url, {"revision": published.json()["revision"], "last_day": None})
    assert "last_day" not in emptied.json()["document"]
    page = office.get(url).json()
    assert (page["standing"], page["live_no"], page["version_no"], page["changed"]) == ("published", 1, 2, True)
    [change] = page["versions"][0]["changes"]
    assert (change["field"], change["before"], change["after"]) == ("last_day", "2099-12-31", None)


def test_an_offer_is_paused_resumed_copied_and_ended(office: TestClient, session: Session) -> None:
    url = f"/offers/{a_published_offer(session)}"
    session.commit()
    assert send(office, "POST", f"{url}/resumptions").json()["code"] == "offer-not-paused"
    assert send(office, "POST", f"{url}/pauses").json()["state"] == "paused"
    assert send(office, "POST", f"{url}/resumptions").json()["state"] == "published"
    copied = send(office, "POST", f"{url}/copies").json()
    assert (copied["code"], copied["state"]) == ("TENTH-2", "draft")
    assert send(office, "DELETE", f"/offers/{copied['id']}").status_code == 200
    assert send(office, "DELETE", url).json()["code"] == "offer-not-draft"
    assert send(office, "POST", f"{url}/endings").json()["state"] == "ended"
    assert office.get(url).json()["standing"] == "ended"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "lower"}, "code"),
        ({"rewards": []}, "rewards"),
        ({"rewards": [{"kind": "fish"}]}, "rewards[0]"),
        ({"rewards": [[]]}, "rewards[0]"),
        ({"rewards": [{"value_bp": 1}]}, "rewards[0]"),
        ({"rewards": [{"kind": "percent", "value_bp": 10001}]}, "rewards[0].value_bp"),
        ({"rewards": [{"kind": "percent", "on": {"group": ["Tea"]}}]}, "rewards[0].on.group"),
        ({"rewards": [{"kind": "buy_get", "size": 2, "free": 3}]}, "rewards[0].free"),
        ({"rewards": [{"kind": "bundle", "slots": [{"quantity": 1}]}]}, "rewards[0].price_minor"),
        ({"rewards": [{"kind": "gift", "products": []}]}, "rewards[0].products"),
        ({"when": {"days": [1]}}, "when"),
        ({"when": {"all": [{"not": {"weekdays": [8]}}]}}, "when.all[0].not.weekdays[0]"),
        ({"when": {"any": [{"quantity": 1, "of": {"groups": [""]}}]}}, "when.any[0].of.groups[0]"),
        ({"when": {"from_time": "late", "to_time": "20:00"}}, "when.from_time"),
        ({"when": {"from_time": "10:00", "to_time": "20:00+02:00"}}, "when.to_time"),
        ({"limits": {"uses": 10**30}}, "limits.uses"),
        ({"activation": {"by": "code"}}, "activation.code"),
        ({"activation": {"by": "coupon"}}, "activation.batch"),
        ({"names": {"de": "Zehntel"}}, "names.de"),
        ({"first_day": "tomorrow"}, "first_day"),
        ({"names": {"en": "\x00"}}, "names.en"),
        ({"limits": {"uses": True}}, "limits.uses"),
        ({"rewards": [{"kind": "percent", "value_bp": "1000"}]}, "rewards[0].value_bp"),
        ({"hint": "perhaps"}, "hint"),
        ({"hint": 1}, "hint"),
        ({"colour": "red"}, "colour"),
        ({"when": None}, "when"),
    ],
)
def test_a_wrong_document_is_refused_at_its_field(office: TestClient, changes: dict[str, Any], field: str) -> None:
    answer = send(office, "POST", "/offers", TENTH | changes)
    assert wrong(answer) == [field]
    assert all(each["message"] for each in answer.json()["errors"])


def test_what_no_document_can_be_is_refused_and_never_a_crash(office: TestClient) -> None:
    deep: dict[str, Any] = {"clubs": ["GOLD"]}
    for _ in range(200):
        deep = {"not": deep}
    assert send(office, "POST", "/offers", TENTH | {"when": deep}).status_code == 422
    for document in ("", "[1]", '"text"', "null", "{", "[" * 5_000, "nonsense"):
        assert send(office, "POST", "/offers", {"document": document}).status_code == 422, document[:20]
        assert send(office, "POST", "/offers/previews", {"form": "1", "document": document}).status_code == 200
    assert wrong(send(office, "POST", "/offers", {"document": "null"})) == ["document"]
    for body in ({"rewards": "x", "form": "1"}, {"form": "1", "conditions": ["x", 3]}, {"form": "1", "find": ["a"]}):
        assert send(office, "POST", "/offers", body).status_code == 422
        assert send(office, "POST", "/offers/previews", body).status_code == 200
    for deed in (
        "add|x",
        "add|rewards[7].on|groups|Tea",
        "remove|rewards[9]",
        "remove|",
        "row|rewards",
        "row|a.b",
        "add|||",
    ):
        body = TENTH | {"form": "1", "do": deed}
        assert send(office, "POST", "/offers/previews", body).status_code == 200, deed


@pytest.mark.parametrize("bad", ["\x00", "\ud800"])
def test_what_no_table_can_hold_is_refused_wherever_it_stands(office: TestClient, session: Session, bad: str) -> None:
    offer_id = a_draft(session, "OTHER")
    session.commit()
    bodies: tuple[dict[str, Any], ...] = (
        {"form": "1", "find": {"rewards": [{"on": bad}]}},
        {"form": "1", "rewards": [{"kind": "gift", "products": [bad]}]},
        {"form": "1", "document": bad},
        {"form": "1", "rewards": [{bad: "x"}]},
        {bad: 1},
    )
    for body in bodies:
        for method, url in (("POST", "/offers/previews"), ("POST", "/offers"), ("PATCH", f"/offers/{offer_id}")):
            content = json.dumps(body | {"revision": 1})
            headers = json_headers() | {"Content-Type": "application/json"}
            assert office.request(method, url, content=content, headers=headers).status_code == 422, (url, body)


def test_publishing_tells_what_is_missing_beside_its_field(office: TestClient, session: Session) -> None:
    when = {"all": [{"clubs": ["NOBODY"]}]}
    offer_id = a_draft(session, when=when, names={"he": "הנחה"})
    session.commit()
    url = f"/offers/{offer_id}/publications"
    assert wrong(send(office, "POST", url)) == ["names.en", "when.all[0].clubs[0]"]
    page = office.post(url, data=form(), headers=HTML)
    assert page.status_code == 422
    assert "No club has the code NOBODY." in page.text
    assert re.search(r'name="names\.en"[^>]*aria-invalid="true"', page.text)


def test_a_form_writes_what_was_typed_as_a_document(office: TestClient, session: Session) -> None:
    a_club(session)
    session.commit()
    answer = typed(
        office,
        "/offers",
        code="TEA",
        **{
            "names.en": "Tea",
            "rewards[0].kind": "percent",
            "rewards[0].value_bp": "12,5",
            "rewards[0].on.groups[0]": "Tea",
            "rewards[0].cap_minor": "20.00",
            "rewards[0].steps[0].from_quantity": "3",
            "rewards[0].steps[0].value": "15",
            "rewards[0].steps[1].new": "",
            "match": "any",
            "conditions[0].kind": "clubs",
            "conditions[0].clubs[0]": "GOLD",
            "conditions[0].levels": "Silver, Gold",
            "conditions[1].kind": "from_time",
            "conditions[1].negated": "true",
            "conditions[1].from_time": "18:00",
            "conditions[1].to_time": "20:00",
            "limits.budget_minor": "1000",
            "hint": "true",
            "combination.used": "true",
        },
    )
    assert answer.status_code == 303, answer.text
    kept = office.get(answer.headers["location"], headers={"Accept": "application/json"}).json()["document"]
    assert kept["rewards"] == [
        {
            "kind": "percent",
            "value_bp": 1250,
            "on": {"groups": ["Tea"]},
            "cap_minor": 20_00,
            "steps": [{"from_quantity": 3, "value": 1500}],
        }
    ]
    assert kept["when"] == {
        "any": [
            {"clubs": ["GOLD"], "levels": ["Silver", "Gold"]},
            {"not": {"from_time": "18:00:00", "to_time": "20:00:00"}},
        ]
    }
    assert kept["limits"] == {"budget_minor": 1000_00}


def test_a_wrong_form_comes_back_with_the_fault_beside_its_field(office: TestClient) -> None:
    fields = {
        "code": "TEA",
        "rewards[0].kind": "amount",
        "rewards[0].value_minor": "much",
        "conditions[0].kind": "quantity",
    }
    answer = typed(office, "/offers", **fields)
    assert answer.status_code == 422
    assert 'value="much"' in answer.text
    assert 'id="e-f-rewards-0-value_minor"' in answer.text
    fields["rewards[0].value_minor"] = "5"
    answer = typed(office, "/offers", **fields)
    assert 'id="e-f-conditions-0-quantity"' in answer.text


def test_a_wrong_document_typed_as_json_comes_back_with_the_path_of_each_fault(office: TestClient) -> None:
    answer = typed(office, "/offers", document='{"code": "TEA", "names": {}, "rewards": [{"kind": "fish"}]}')
    assert answer.status_code == 422
    assert "\u2066rewards[0]\u2069: There is no such kind of reward." in answer.text


def test_the_buttons_of_the_form_work_without_script(office: TestClient, session: Session) -> None:
    a_product(session, "7290000000017", name="Green tea")
    session.commit()
    fields = {"rewards[0].kind": "gift", "find.rewards[0].products": "green"}
    found = typed(office, "/offers/previews", **fields)
    assert found.status_code == 200, found.text
    assert "add|rewards[0]|products|7290000000017" in found.text
    added = typed(office, "/offers/previews", **fields, do="add|rewards[0]|products|7290000000017")
    assert 'name="rewards[0].products[0]" value="7290000000017"' in added.text
    assert "A gift: \u2068Green tea\u2069." in added.text
    slots = {f"rewards[0].slots[{row}].quantity": "1" for row in (0, 1)}
    second = {"find.rewards[0].slots[0].on": "", "find.rewards[0].slots[1].on": "green"}
    bundle = typed(office, "/offers/previews", **{"rewards[0].kind": "bundle", **slots, **second})
    assert "add|rewards[0].slots[1].on|products|7290000000017" in bundle.text
    scanned = typed(office, "/offers/previews", **fields | {"find.rewards[0].products": "7290000000017"}, do="look")
    assert 'name="rewards[0].products[0]" value="7290000000017"' in scanned.text
    more = typed(office, "/offers/previews", **fields, do="condition|clubs")
    assert 'name="conditions[0].kind" value="clubs"' in more.text
    gone = typed(office, "/offers/previews", **fields | {"conditions[0].kind": "clubs"}, do="remove|conditions[0]")
    assert 'name="conditions[0].kind"' not in gone.text
    as_json = typed(office, "/offers/previews", **fields | {"rewards[0].products[0]": "5", "do": "as_json"})
    assert "&#34;products&#34;" in as_json.text


def test_the_sentence_is_drawn_again_while_somebody_types(office: TestClient) -> None:
    fields = {"rewards[0].kind": "amount", "rewards[0].value_minor": "7.50"}
    part = office.post("/offers/previews", data=form(form="1", **fields), headers=HTML | {"HX-Request": "true"})
    assert part.text.lstrip().startswith('<div class="editor" id="offer-editor">')
    assert "7.50" in part.text.split("</section>")[0]


@pytest.mark.parametrize("beginning", BEGINNINGS, ids=lambda each: each.id)
def test_every_kind_has_a_form_to_begin_with(office: TestClient, beginning: Any) -> None:
    page = office.get(f"/offers/new?kind={beginning.id}", headers=HTML)
    assert page.status_code == 200
    assert f'value="{beginning.typed["rewards"][0]["kind"]}"' in page.text
    assert "None" not in page.text


def test_every_kind_of_condition_can_be_asked(office: TestClient) -> None:
    assert set(ROW_KINDS) == set(CONDITIONS)
    for kind in CONDITIONS:
        answer = typed(office, "/offers/previews", **{"rewards[0].kind": "amount"}, do=f"condition|{kind}")
        assert f'value="{kind}"' in answer.text


@pytest.mark.parametrize("kind", REWARDS)
def test_the_form_asks_every_field_of_a_reward(kind: str) -> None:
    schema = Offer.model_json_schema()["$defs"]
    described = next(
        each for each in schema.values() if each.get("properties", {}).get("kind", {}).get("const") == kind
    )
    assert {ask.name for ask in REWARDS[kind]} == set(described["properties"]) - {"kind"}


@pytest.mark.parametrize("kind", CONDITIONS)
def test_the_form_asks_every_field_of_a_condition(kind: str) -> None:
    schema = Offer.model_json_schema()["$defs"]
    described = next(
        each
        for each in schema.values()
        if kind in each.get("required", ()) and "kind" not in each.get("properties", {})
    )
    assert {ask.name for ask in CONDITIONS[kind]} == set(described["properties"])


def test_what_the_form_shows_of_an_offer_says_the_same_offer() -> None:
    offer = Offer.model_validate(
        TENTH
        | {
            "rewards": [
                {"kind": "percent", "value_bp": 1250, "steps": [{"from_quantity": 2, "value": 2000}]},
                {"kind": "amount", "value_minor": 150, "steps": [{"from_quantity": 2, "value": 300}]},
                {"kind": "points", "multiplier_bp": 15000, "per_minor": 1000},
                {"kind": "bundle", "slots": [{"quantity": 2, "on": {"brands": ["Own"]}}], "off_bp": 500},
            ],
            "when": {"any": [{"not": {"terminals": [1, 2]}}, {"customer_known": False}, {"weekdays": [5]}]},
            "activation": {"by": "code", "code": "SAVE"},
            "combination": {"mode": "stackable", "used": False},
            "limits": {"uses": 5, "budget_minor": 100_00},
            "last_day": "2026-12-31",
            "hint": False,
        }
    )
    fields = dict(flatten(to_typed(offer)))
    assert fields["rewards[0].value_bp"] == "12.5"
    assert fields["rewards[1].steps[0].value"] == "3.00"
    assert fields["rewards[2].multiplier_bp"] == "1.5"
    assert Offer.model_validate(to_document(to_typed(offer))) == offer


def test_conditions_that_no_rows_can_show_are_edited_as_json(office: TestClient, session: Session) -> None:
    when = {"all": [{"any": [{"weekdays": [1]}, {"weekdays": [2]}]}]}
    offer_id = a_draft(session, when=when)
    session.commit()
    page = office.get(f"/offers/{offer_id}/edit", headers=HTML)
    assert 'name="document"' in page.text
    document = json.dumps(TENTH | {"when": when, "hint": False})
    answer = typed(office, f"/offers/{offer_id}", _method="PATCH", revision="1", document=document)
    assert answer.status_code == 303, answer.text
    assert office.get(f"/offers/{offer_id}", headers={"Accept": "application/json"}).json()["document"]["hint"] is False


def test_offers_are_filtered_sorted_and_exported(office: TestClient, session: Session) -> None:
    a_published_offer(session, "ALPHA")
    a_draft(session, "BETA", rewards=[{"kind": "free_delivery"}], activation={"by": "cashier"})
    session.commit()

    def found(query: str = "") -> list[str]:
        return [each["code"] for each in office.get(f"/offers{query}").json()["offers"]]

    assert found() == found("?text=&standing=&kind=") == ["ALPHA", "BETA"]
    assert found("?sort=code&direction=desc") == ["BETA", "ALPHA"]
    assert found("?standing=draft") == found("?kind=free_delivery") == found("?start=cashier") == ["BETA"]
    assert found("?text=alp") == ["ALPHA"]
    assert office.get("/offers?standing=asleep").status_code == 422
    lines = office.get("/offers.csv?standing=published").content.decode("utf-8-sig").splitlines()
    assert lines[0] == "code,name,state,kind,start,first_day,last_day,gives,uses,given"
    assert lines[1] == "ALPHA,A tenth off,published,percent,auto,,,10% off all products.,0,0.00"
    assert office.get("/offers.xlsx").status_code == 200


def test_the_schema_is_published_and_a_document_goes_out_and_in(office: TestClient, session: Session) -> None:
    schema = office.get("/schemas/offer.json").json()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "rewards" in schema["required"]
    offer_id = a_draft(session, first_day="2026-12-01")
    session.commit()
    file = office.get(f"/offers/{offer_id}/document.json")
    assert 'filename="TENTH.json"' in file.headers["content-disposition"]
    again = send(office, "POST", "/offers", file.json() | {"code": "AGAIN"})
    assert again.json()["document"] == file.json() | {"code": "AGAIN"}


def test_every_page_of_offers_is_drawn(office: TestClient, session: Session) -> None:
    a_store(session)
    offer_id = a_published_offer(session, names={"en": "<b>Tenth", "he": "עשירית"})
    cup_id = a_draft(session, "CUP", rewards=[{"kind": "gift", "products": ["CUP"]}])
    session.commit()
    assert office.get(f"/offers/{cup_id}").json()["unknown"] == ["No product has the code CUP."]
    assert "No product has the code CUP." in office.get(f"/offers/{cup_id}", headers=HTML).text
    for url in ("/offers", "/offers/new", "/offers/new?kind=json", f"/offers/{offer_id}", f"/offers/{offer_id}/edit"):
        page = office.get(url, headers=HTML)
        assert page.status_code == 200, url
        assert "<b>Tenth" not in page.text
    assert office.get("/offers/99999", headers=HTML).status_code == 404


def test_a_store_manager_sees_offers_and_changes_none(client: TestClient, session: Session) -> None:
    a_chain(session)
    offer_id = a_draft(session)
    signed_in(client, session, Role.MANAGER)
    assert client.get(f"/offers/{offer_id}").status_code == 200
    assert client.get("/offers/new").status_code == 403
    assert send(client, "POST", "/offers", TENTH).status_code == 403
    assert send(client, "POST", f"/offers/{offer_id}/publications").status_code == 403
