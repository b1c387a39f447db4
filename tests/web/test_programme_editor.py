# REQ M-02 P-18 W-03: the guided form of a club: its rules in their order, its fields with their units, its buttons
import json
import re

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.programmes import documents
from erp_club.programmes.engine.programme import Programme
from tests.make.clubs import a_club
from tests.make.full_programmes import FULL
from tests.web.test_clubs import HTML, send, signed_in, submit
from tests.web.test_programme_forms import flat
from tests.web.test_programmes import DOCUMENT
from web.forms import nest
from web.programme_forms.deeds import done, follows
from web.programme_forms.layout import layout, visible
from web.programme_forms.paths import OPEN, Document, at, put
from web.programme_forms.typed import blank, opened, written


def test_a_rule_changes_places_with_the_one_before_it() -> None:
    # REQ P-01: the first rule that fits a line gives its points, so their order is for people to choose
    page = blank("ILS")
    for deed in ("add|earning.rules|money", "add|earning.rules|visit", "more|earning.rules[1]", "up|earning.rules[1]"):
        page = done(page, deed)
    assert [each["kind"] for each in at(page, "earning.rules")] == ["visit", "money"]
    assert at(page, OPEN) == ["earning.rules[0]"], "what was opened of it stays open"
    assert done(page, "up|earning.rules[0]") == page
    assert done(page, "up|earning.rules[7]") == page
    blocks = [block for section in layout(page) for block in section.blocks if block.path]
    assert [follows(block.path) for block in blocks] == [False, True]


def test_a_name_in_the_chain_s_language_is_enough(client: TestClient, session: Session) -> None:
    # REQ M-02, N-01
    signed_in(client, session)
    page = client.get("/programmes/new", headers={"Accept": "text/html", "Accept-Language": "fi"}).text
    asked = re.findall(r'<label for="f-names-(..)">[^<]*(<small>)?', page)
    assert asked == [("en", ""), ("fi", "<small>")]


def test_an_amount_says_in_which_currency_and_a_share_that_it_is_one_of_a_hundred(
    client: TestClient, session: Session
) -> None:
    # REQ W-03: a field says in what it is typed
    signed_in(client, session)
    document = done({**blank("ILS"), "names": {"en": "Club"}}, "on|redemption")
    fields = {"form": "1", "base": json.dumps(document)}
    drawn = send(client, "/programmes/previews", nest([*(fields | flat(document)).items()])).json()
    units = {
        each["name"]: each["unit"] for section in drawn["sections"] for block in section["blocks"]
        for each in block["fields"]
    }  # fmt: skip
    assert (units["fees.joining_minor"], units["redemption.most_bp"], units["term.months"]) == ("₪", "%", None)


def test_no_two_buttons_of_a_block_are_called_the_same() -> None:
    # REQ W-03: a fee in steps for joining, another for renewing, a gift for reaching a level and one for staying on it
    club = opened(documents.brief(Programme.model_validate(FULL)))
    for section in layout(club):
        for block in section.blocks:
            labels = [each.label for each in (*block.adds, *block.takes)]
            assert sorted(labels) == sorted(set(labels)), (section.id, block.path)


def test_of_a_version_is_read_what_it_has_changed(client: TestClient, session: Session) -> None:
    # REQ P-18: rules have versions, which are compared in the words that members read
    signed_in(client, session)
    url = f"/clubs/{a_club(session)}/programme"
    session.commit()
    for balance, day in ((30, None), (40, "2040-01-01")):
        document = json.loads(json.dumps(DOCUMENT))
        document["redemption"]["least_balance"] = balance
        if day:
            document["switch"] = {"effective_from": day}
        assert send(client, url, document).status_code == 201
    second = client.get(f"{url}?version=2").json()
    assert (second["version_no"], second["compared_with"]) == (2, 1)
    (redeeming,) = [each for each in second["sections"] if each["new"] and each["part"] == "redemption"]
    assert [re.sub("[\u2066-\u2069]", "", each) for each in redeeming["new"] + redeeming["gone"]] == [
        "Only with a balance of 40 points.",
        "Only with a balance of 30 points.",
    ]
    page = client.get(f"{url}?version=2", headers=HTML).text
    assert re.search("<ins>[^<]*40[^<]*</ins>", page)
    assert re.search("<del>[^<]*30[^<]*</del>", page)
    assert "the first" in client.get(f"{url}?version=1", headers=HTML).text
    assert client.get(f"{url}?version=3").status_code == 404


def test_a_club_is_copied_and_taken_from_a_file(client: TestClient, session: Session) -> None:
    # REQ M-02
    signed_in(client, session)
    club_id = a_club(session)
    session.commit()
    assert send(client, f"/clubs/{club_id}/programme", DOCUMENT).status_code == 201
    copy = client.get(f"/programmes/new?copy={club_id}").json()["document"]
    assert (copy["code"], copy["names"], copy["redemption"]) == ("", {}, DOCUMENT["redemption"])
    assert "joining_product" not in copy["fees"]
    assert client.get("/programmes/new?copy=999").status_code == 404
    file = client.get(f"/clubs/{club_id}/programme.json")
    assert file.headers["content-disposition"] == 'attachment; filename="GOLD.json"'
    assert json.loads(file.text) == DOCUMENT
    wrong = submit(client, "/programmes", {"document": file.text.replace('"GOLD"', '"gold club"')})
    assert wrong.status_code == 422
    assert "gold club" in wrong.text
    there = submit(client, "/programmes", {"document": file.text.replace('"GOLD"', '"OTHER"')})
    assert there.status_code == 303


def test_a_warning_leads_to_the_field_it_is_about(client: TestClient, session: Session) -> None:
    # REQ P-18: with the place named
    signed_in(client, session)
    club_id = a_club(session)
    session.commit()
    made = send(client, f"/clubs/{club_id}/programme", DOCUMENT).json()
    assert {(each["field"], each["label"]) for each in made["warnings"] if each["path"] == "excluded.groups"} == {
        ("excluded.groups", "Product groups without benefits")
    }
    page = client.get(f"/clubs/{club_id}/programme", headers=HTML).text
    assert f'/clubs/{club_id}/programme/edit#f-excluded-groups">Product groups without benefits</a>' in page


def test_a_document_of_another_shape_is_drawn_as_far_as_it_goes() -> None:
    # REQ A-01: what a page sends back of itself may be anything, and is no reason to fall over
    club: Document = {
        "code": "CLUB", "names": {"en": "Club"}, "currency": "ILS", "unit": {"scale": 2},
        "occasions": [{"occasion": "birthday", "gives": [{"kind": "points", "points": 1}]}],
        "rewards": [{"base": {}, "function": {"kind": "every", "every": 10, "value": 1}, "gives": {"kind": "points"}}],
    }  # fmt: skip
    shapes = [
        ("rewards[0].gives", -1), ("rewards[0].gives.kind", {"kind": "money"}), ("rewards[0].base.counts", {"en": ""}),
        ("occasions[0].gives[0].kind", ["points"]), ("occasions[0].gives", "points"),
    ]  # fmt: skip
    for path, shape in shapes:
        document = json.loads(json.dumps(club))
        put(document, path, shape)
        assert "rewards[0].period.every" in {each.name for each in visible(document)}, path
        assert written(document), path


def test_a_blank_form_keeps_what_joining_and_renewing_cost_side_by_side() -> None:
    # REQ W-03: a row begins only where more belongs to its first field
    starts = {each.name: each.starts for each in visible(blank("ILS"))}
    assert not starts["fees.joining_waiver.at_least_minor"]
    less = {**blank("ILS"), "fees": {"waiver": {"at_least_minor": 100}}}
    assert {each.name: each.starts for each in visible(less)}["fees.waiver.at_least_minor"]
