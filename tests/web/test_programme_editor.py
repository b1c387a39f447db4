# REQ M-02 P-18 W-03: the guided form of a club: its rules in their order, its fields with their units, its buttons
import json
import re

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from tests.web.test_clubs import send, signed_in
from tests.web.test_programme_forms import flat
from web.forms import nest
from web.programme_forms.deeds import done, follows
from web.programme_forms.layout import layout
from web.programme_forms.paths import OPEN, at
from web.programme_forms.typed import blank


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
