# REQ O-01 O-05: what the form of an offer shows is what it keeps
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from tests.make.browser import HTML, form, json_headers, signed_in
from tests.make.clubs import a_club
from tests.make.offers import a_draft, a_published_offer
from tests.make.organisation import a_chain
from web.offer_forms.deeds import done

EVERYTHING_SAID: dict[str, Any] = {
    "code": "WHOLE",
    "names": {"en": "Whole", "he": "הכול"},
    "rewards": [
        {"kind": "percent", "value_bp": 1250, "units": 2, "measured": True, "pick": "dearest", "cap_minor": 5_00,
         "cap_basis": "excl",
         "on": {"groups": ["Tea"], "without_brands": ["Own"], "regular_price_only": True, "kinds": ["deposit"]}},
        {"kind": "amount", "value_minor": 150, "spread": "unit", "group_size": 2, "units_per_line": 3,
         "steps": [{"from_quantity": 2, "value": 300}], "count_in": {"brands": ["Own"]}},
        {"kind": "points", "multiplier_bp": 15000, "bonus": 5, "per": "unit", "per_units": 2, "club": "GOLD"},
        {"kind": "gift", "products": ["milk"], "quantity": 2, "delivery": "in_basket"},
    ],
    "rest": True,
    "when": {"any": [{"not": {"terminals": [1, 2]}}, {"customer_known": False}, {"weekdays": [5]},
                     {"channels": ["web"]}, {"means": ["card", "own_card"], "alone": True},
                     {"clubs": ["GOLD"], "levels": ["Silver"]},
                     {"member_of": "GOLD", "from_days": 3, "to_days": 30}]},
    "activation": {"by": "cashier", "points": 50, "club": "GOLD"},
    "combination": {"mode": "stackable", "used": False, "group": "tea", "per": "line", "priority": 3, "stage": "code",
                    "position": 7, "other_lines_first": True, "untouched": True, "without_price_lists": ["STAFF"]},
    "limits": {"uses": 5, "uses_per_day": 4, "per_member": 3, "per_member_day": 1, "per_member_week": 2,
               "per_member_month": 2, "per_member_quarter": 2, "per_member_half_year": 3, "per_member_year": 3,
               "per_member_own_year": 1, "per_member_term": 2, "of_club": "GOLD", "whole_day": True,
               "per_basket": 2, "budget_minor": 100_00, "member_month_minor": 50_00,
               "shared_month_minor": 60_00, "shared_as": "TEA"},
    "first_day": "2026-12-01",
    "last_day": "2026-12-31",
    "receipt_message": {"en": "Thanks"},
    "till_message": {"en": "Say thanks"},
    "hint": False,
}  # fmt: skip


class Sent(HTMLParser):
    """What a browser sends of a form when somebody changes nothing and saves."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self.form, self.inside = form, False
        self.fields: dict[str, str] = {}
        self.choosing = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "form":
            self.inside = given.get("id") == self.form
        if tag == "select":
            self.choosing = name
        if not self.inside:
            return
        ticked = given.get("type") not in {"checkbox", "radio"} or "checked" in given
        if tag == "input" and name and ticked:
            self.fields[name] = value
        elif tag == "option" and ("selected" in given or self.choosing not in self.fields):
            self.fields[self.choosing] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False


def test_saving_an_untouched_form_changes_nothing_of_the_offer(client: TestClient, session: Session) -> None:
    a_chain(session)
    signed_in(client, session)
    a_club(session)
    said = dict(EVERYTHING_SAID)
    offer_id = a_draft(session, said.pop("code"), **said)
    session.commit()
    url = f"/offers/{offer_id}"
    before = client.get(url + "/document.json").json()
    sent = Sent("offer-form")
    sent.feed(client.get(url + "/edit", headers=HTML).text)
    fields = sent.fields | form(_method="PATCH", **{"names.fi": "Kaikki"})
    saved = client.post(url, data=fields, headers=HTML)
    assert saved.status_code == 303, saved.text
    after = client.get(url + "/document.json").json()
    assert after == before | {"names": before["names"] | {"fi": "Kaikki"}}


def test_steps_ask_for_no_value_besides_theirs(client: TestClient, session: Session) -> None:
    a_chain(session)
    signed_in(client, session)
    session.commit()
    asks = 'name="rewards[0].value_bp"'
    assert asks not in client.get("/offers/new?kind=steps", headers=HTML).text
    assert asks in client.get("/offers/new?kind=percent", headers=HTML).text
    typed = {"rewards[0].kind": "percent", "rewards[0].value_bp": "7", "rewards[0].steps[0].value": "5", "form": "1"}
    assert asks in client.post("/offers/previews", data=form(do="look", **typed), headers=HTML).text


def test_a_row_emptied_in_the_middle_keeps_the_others_where_they_stand(client: TestClient, session: Session) -> None:
    """A button names its row by its place, and a fault is told beside the row that was sent."""
    a_chain(session)
    signed_in(client, session)
    session.commit()
    row = "rewards[0].steps[{}].{}"
    fields = {"code": "STEPS", "names.en": "Steps", "rewards[0].kind": "percent", "form": "1", "_rows": "1"}
    for index, (least, value) in enumerate([("2", "5"), ("", ""), ("4", "10"), ("6", "many")]):
        new = row.format(index, "new")
        fields |= {row.format(index, "from_quantity"): least, row.format(index, "value"): value, new: ""}

    def drawn(deed: str) -> dict[str, str]:
        sent = Sent("offer-form")
        sent.feed(client.post("/offers/previews", data=form(do=deed, **fields), headers=HTML).text)
        return {name: text for name, text in sent.fields.items() if name.startswith("rewards[0].steps")}

    taken = drawn("remove|rewards[0].steps[2]")
    assert [taken.get(row.format(index, "value")) for index in range(4)] == ["5", "", "many", None]
    added = drawn("row|rewards[0].steps")
    assert [added.get(row.format(index, "value")) for index in range(6)] == ["5", "", "10", "many", "", None]
    refused = client.post("/offers", data=form(**fields), headers=HTML)
    shown = Sent("offer-form")
    shown.feed(refused.text)
    faulty = "rewards[0].steps[2].value"
    assert (refused.status_code, shown.fields[faulty]) == (422, "many")
    assert 'id="e-f-rewards-0-steps-2-value"' in refused.text


def test_an_offer_that_costs_points_is_written_by_the_form(client: TestClient, session: Session) -> None:  # REQ O-05
    a_chain(session)
    signed_in(client, session)
    a_club(session)
    session.commit()
    fields = {
        "code": "FIVE", "names.en": "Five off", "rewards[0].kind": "amount", "rewards[0].value_minor": "5",
        "activation.by": "cashier", "activation.points": "50", "activation.club": "GOLD",
    }  # fmt: skip
    looked = client.post("/offers/previews", data=form(form="1", **fields), headers=HTML)
    assert "It costs the customer 50 points." in looked.text
    unasked = "The points are used without anybody choosing it."
    redeem = Sent("offer-form")
    redeem.feed(client.get("/offers/new?kind=redeem", headers=HTML).text)
    for by, told in (("cashier", False), ("auto", True)):
        assert redeem.fields["activation.by"] == "cashier"
        page = client.post("/offers/previews", data=form(**redeem.fields | {"activation.by": by}), headers=HTML).text
        assert (unasked in page) is told
    made = client.post("/offers", data=form(form="1", **fields), headers=HTML)
    assert made.status_code == 303, made.text
    kept = client.get(made.headers["location"] + "/document.json").json()
    assert kept["activation"] == {"by": "cashier", "points": 50, "club": "GOLD"}
    wrong_number = client.post("/offers", data=form(form="1", **fields | {"activation.points": "many"}), headers=HTML)
    assert wrong_number.status_code == 422
    assert 'id="e-f-activation-points"' in wrong_number.text


def test_what_changed_between_versions_is_said_in_the_words_of_the_form(client: TestClient, session: Session) -> None:
    a_chain(session)
    signed_in(client, session)
    ten, over = {"kind": "percent", "value_bp": 1000}, {"amount_minor": 100_00}
    offer_id = a_published_offer(session, rewards=[ten], when={"all": [over]})
    session.commit()
    page = client.get(f"/offers/{offer_id}").json()
    changes = {
        "revision": page["revision"], "rewards": [{"kind": "percent", "value_bp": 1250}], "limits": {"per_basket": 2},
        "when": {"all": [{"amount_minor": 150_00}]}, "combination": {"mode": "stackable"},
    }  # fmt: skip
    assert client.patch(f"/offers/{offer_id}", json=changes, headers=json_headers()).status_code == 200
    said = client.get(f"/offers/{offer_id}").json()["versions"][0]["changes"]
    assert {each["label"]: (each["was"], each["became"]) for each in said} == {
        "Percent off": ("10", "12.5"),
        "Amount at least": ("100.00", "150.00"),
        "Times a basket": (None, "2"),
        "Beside other offers": (None, "It comes on top of other offers"),
    }
    assert "Times a basket" in client.get(f"/offers/{offer_id}", headers=HTML).text


@pytest.mark.parametrize(
    ("reward", "field"),
    [
        ({"kind": "percent"}, "value_bp"),
        ({"kind": "amount", "on": {"groups": ["Tea"]}}, "value_minor"),
        ({"kind": "buy_get", "size": 3, "off_bp": 0}, "off_bp"),
        ({"kind": "points"}, "multiplier_bp"),
        ({"kind": "surprise", "prizes": [{"weight": 1}]}, "prizes[0].off_minor"),
    ],
    ids=lambda each: each["kind"] if isinstance(each, dict) else each,
)
def test_an_offer_whose_value_was_forgotten_is_not_published(
    client: TestClient, session: Session, reward: dict[str, Any], field: str
) -> None:
    a_chain(session)
    signed_in(client, session)
    offer_id = a_draft(session, rewards=[reward])
    session.commit()
    refused = client.post(f"/offers/{offer_id}/publications", headers=json_headers())
    assert refused.status_code == 422, refused.text
    assert f"rewards[0].{field}" in [each["field"] for each in refused.json()["errors"]]


def test_an_offer_that_costs_points_does_not_take_them_unasked(client: TestClient, session: Session) -> None:
    a_chain(session)
    signed_in(client, session)

    def published(by: str) -> Any:
        reward = {"kind": "amount", "value_minor": 500}
        offer_id = a_draft(session, code=f"BY-{by.upper()}", rewards=[reward], activation={"by": by, "points": 50})
        session.commit()
        return client.post(f"/offers/{offer_id}/publications", headers=json_headers())

    refused = published("auto")
    assert refused.status_code == 422
    assert [each["field"] for each in refused.json()["errors"]] == ["activation.by"]
    assert published("cashier").status_code == 201


def test_what_a_picker_of_one_thing_has_taken_is_not_looked_for_any_more() -> None:
    found = {"rewards": [{"kind": "redeem"}], "find": {"rewards": [{"club": "gold"}]}}
    assert done(found, "add|rewards[0]|club|GOLD") == {"rewards": [{"kind": "redeem", "club": "GOLD"}]}


def test_a_search_of_which_nothing_was_chosen_is_not_taken_for_all_products(
    client: TestClient, session: Session
) -> None:
    a_chain(session)
    signed_in(client, session)
    session.commit()
    fields = {
        "form": "1",
        "code": "SOUP",
        "names.en": "Soup",
        "rewards[0].kind": "percent",
        "rewards[0].value_bp": "10",
    }

    def saved(searched: str) -> Any:
        return client.post("/offers", data=form(**fields, **{"find.rewards[0].on": searched}), headers=HTML)

    refused = saved("soup")
    assert refused.status_code == 422
    assert re.search(r'name="find\.rewards\[0\]\.on" value="soup"[^>]*aria-invalid="true"', refused.text)
    assert saved(" ").status_code == 303
