# REQ M-02 P-18 A-01: a club is set up in a form that asks only what its rules need, and says in words what they do
import json
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.programmes import documents
from erp_club.programmes.engine.checks import findings
from erp_club.programmes.engine.parts import Every, Period
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import Around, ByEvery, ByRate
from tests.make.clubs import a_club
from tests.make.full_programmes import FULL
from tests.make.programmes import example
from tests.make.purchases import a_product
from tests.web.test_clubs import HTML, send, signed_in, submit
from web.forms import nest
from web.programme_forms.deeds import done
from web.programme_forms.layout import layout, visible
from web.programme_forms.paths import Document, at, bare
from web.programme_forms.typed import blank, code_from, opened, overlaid, written
from web.programme_reading import read_programme
from web.views.programme_form import as_far_as_it_can_be_read


def flat(document: Document) -> dict[str, str]:
    """The fields of the form as a browser names them."""
    made: dict[str, str] = {}
    for name, value in written(document).items():
        made |= {f"{name}[{n}]": each for n, each in enumerate(value)} if isinstance(value, list) else {name: value}
    return made


def typed(document: Document, **said: str) -> dict[str, Any]:
    """What a browser sends of the form as it is drawn, with some fields filled in otherwise."""
    fields: list[tuple[str, str]] = []
    for name, value in (written(document) | said).items():
        fields += (
            [(f"{name}[{n}]", each) for n, each in enumerate(value)] if isinstance(value, list) else [(name, value)]
        )
    return nest(fields)


def filled(document: Document, **said: str) -> Document:
    made, faults = overlaid(document, typed(document, **said))
    assert faults == []
    return made


@pytest.mark.parametrize("name", documents.EXAMPLES)
def test_opening_a_club_in_the_form_and_saving_it_changes_nothing(name: str):
    club = example(name)
    assert read_programme(filled(opened(documents.brief(club)))) == club


def test_what_the_form_doesnt_ask_stays_in_the_document():
    club = Programme.model_validate(FULL)
    assert read_programme(filled(opened(documents.brief(club)))) == club


def test_bagel_cafe_from_a_blank_page():
    page = filled(blank("ILS"), **{"names.en": "Bagel", "names.he": "בייגל", "fees.joining_minor": "20",
                                   "fees.renewal_minor": "20.00", "excluded.groups": "Catering, Delicatessen",
                                   "alone": "true"})  # fmt: skip
    for deed in ("add|earning.rules|money", "on|redemption", "add|occasions|joining", "add|occasions|birthday",
                 "add|occasions|anniversary"):  # fmt: skip
        page = done(page, deed)
    page = filled(page, **{"occasions[2].gives[0].form": "percent"})
    page = filled(page, **{
        "earning.rules[0].points": "7", "earning.rules[0].per_minor": "100", "redemption.least_balance": "30",
        "redemption.most_points_visit": "200", "occasions[0].gives[0].amount_minor": "20",
        "occasions[0].issue.usable": "next_purchase", "occasions[0].issue.valid_months": "1",
        "occasions[1].gives[0].amount_minor": "50", "occasions[2].gives[0].off_bp": "30%",
        "occasions[2].when.from_time": "18:00", "occasions[2].when.to_time": "00:00",
        "occasions[2].when.confirm": "COUPLE",
    })  # fmt: skip
    made, there = read_programme(page), example("bagel_cafe")
    same = ("term", "fees", "redemption", "double_benefits", "excluded")
    assert [getattr(made, each) for each in same] == [getattr(there, each) for each in same]
    assert made.code == "BAGEL"
    rules = [(each.occasion, each.gives, each.around) for each in made.occasions]
    assert rules == [(each.occasion, each.gives, each.around) for each in there.occasions]
    assert made.earning.rules[0].model_copy(update={"code": "seven-percent"}) == there.earning.rules[0]
    by_day = read_programme(filled(page, **{"occasions[1].around.whole_months": ""}))
    assert by_day.occasions[1].around == Around(), "without the month it is the day itself, not no day at all"


def test_what_cant_be_read_is_told_at_its_field_and_stays_as_it_was_typed():
    page = done(blank("ILS"), "add|earning.rules|money")
    made, faults = overlaid(page, typed(page, **{"earning.rules[0].points": "seven"}))
    assert [each.field for each in faults] == ["earning.rules[0].points"]
    assert at(made, "earning.rules[0].points") == "seven"


def test_the_sentences_say_what_is_whole_while_the_rest_is_being_typed():
    page = done(done(blank("ILS"), "add|earning.rules|money"), "add|earning.rules|visit")
    page["earning"]["rules"][1]["points"] = "x"
    read = as_far_as_it_can_be_read(page)
    assert read is not None
    assert [each.code for each in read.earning.rules] == ["money"]


@pytest.mark.parametrize(
    "deed", ["", "add|earning.rules|", "add|code|money", "row|code", "remove|a[0].b", "on|fees", "x"]
)
def test_a_button_that_nobody_knows_changes_nothing(deed: str):
    assert done(blank("ILS"), deed) == blank("ILS")


def test_a_code_is_made_of_the_name():
    names = ({"en": "Bagel & Café"}, {"he": "קפה", "fi": "Kahvi"}, {"he": "קפה"}, None)
    assert [code_from(each) for each in names] == ["BAGEL-CAFE", "KAHVI", "KPH", ""]


def test_a_code_that_was_made_of_a_name_follows_it():
    begun = blank("ILS") | {"names": {"en": "Ba"}, "code": "BA"}
    for typed, code in (("BA", "BAGEL"), ("", "BAGEL"), ("own", "OWN")):
        made, _ = overlaid(begun, {"names": {"en": "Bagel"}, "code": typed})
        assert made["code"] == code
    assert overlaid(begun, {"names": {"en": "Bagel"}})[0]["code"] == "BA"  # of a club that is there already


def test_a_club_is_set_up_in_the_form_and_changed_in_it(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    assert "Points for money" in client.get("/programmes/new", headers=HTML).text
    start = {
        "form": "1",
        "base": client.get("/programmes/new").json()["base"],
        "names.en": "Bagel",
        "names.he": "בייגל",
    }
    view = send(client, "/programmes/previews", nest([*start.items(), ("do", "add|earning.rules|money")])).json()
    more = nest([*start.items(), ("base", view["base"]), ("do", "add|earning.events|own")])
    view = send(client, "/programmes/previews", more).json()
    own = {"earning.events[0].event": "survey-answered", "earning.events[0].points": "3",
           "earning.events[0].once": "ever"}  # fmt: skip
    fields = start | own | {"base": view["base"], "term.kind": "lifetime", "channels.joining[0]": "store",
                      "channels.earning[0]": "store", "earning.rules[0].per_minor": "10"}  # fmt: skip
    refused = submit(client, "/programmes", fields)
    assert refused.status_code == 422
    assert 'id="e-f-earning-rules-0-points"' in refused.text
    made = submit(client, "/programmes", fields | {"earning.rules[0].points": "7"})
    assert made.status_code == 303
    page = client.get(made.headers["location"], headers=HTML).text
    assert "7 points" in page
    assert "3 points for the event" in page
    for names, code in (({}, "BAGEL-2"), ({"names.en": ""}, "BYYGL"), ({"names.en": ""}, "BYYGL-2")):
        again = submit(client, "/programmes", fields | {"earning.rules[0].points": "7", "code": "BAGEL"} | names)
        assert again.status_code == 303
        assert client.get(again.headers["location"]).json()["document"]["code"] == code
    other = {"earning.rules[0].points": "7", "code": "bagel-2", "names.en": "Bagel bar"}
    typed = submit(client, "/programmes", fields | other)
    assert typed.status_code == 409
    assert "BAGEL-2-2" in typed.text
    for names, field in (({"names.en": "", "names.he": "☕"}, "code"), ({"names.en": "", "names.he": ""}, "names")):
        unnamed = submit(client, "/programmes", {**start, **names})
        assert unnamed.status_code == 422
        assert f'id="e-f-{field}"' in unnamed.text
    for broken in ("", "{", "[]", '{"earning": 5, "levels": {"levels": 3}, "names": 4}'):
        answer = send(client, "/programmes/previews", {"form": "1", "base": broken, "do": "row|levels.levels"})
        assert answer.status_code in {200, 422}


def test_the_form_of_a_club_begins_with_what_holds(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    url = f"/clubs/{a_club(session)}/programme/edit"
    session.commit()
    begun = client.get(url).json()["document"]
    assert (begun["code"], begun["term"]) == ("GOLD", {"kind": "months", "months": 12})
    (rule,) = begun["earning"]["rules"]
    assert (rule["points"], rule["per_minor"]) == (1, 10_00), "a club set up without a document keeps what it does"
    assert begun["redemption"]["worth_points"] == 100
    assert client.get(url, headers=HTML).status_code == 200
    said = bare(begun) | {"switch": {"effective_from": "2026-01-01", "last_earning_day": "2030-12-31"}}
    assert send(client, url.removesuffix("/edit"), said).status_code == 201
    again = client.get(url).json()["document"]
    assert again["switch"] == {"last_earning_day": "2030-12-31"}, "what is changed now holds from now on"


def test_what_a_check_finds_stands_beside_its_field(client: TestClient, session: Session) -> None:
    # REQ P-18: overlapping steps, a code worth more than it costs, a level nobody can reach, no channel
    signed_in(client, session)
    rate = {"kind": "money", "code": "rate", "points": 1, "per_minor": 100}
    steps = [{"at": 100, "value": 50_000}, {"at": 100, "value": 60_000}]
    document = opened({
        "code": "CLUB", "names": {"en": "Club", "he": "Club"}, "currency": "ILS", "earning": {"rules": [rate]},
        "fees": {"joining_minor": 2000}, "channels": {"joining": []},
        "rewards": [{"code": "r", "gives": {"kind": "code"}, "base": {"counts": "points"},
                     "function": {"kind": "threshold", "steps": steps}}],
        "levels": {"levels": [{"code": "BASE", "at_least": 0}, {"code": "GOLD"}]},
    })  # fmt: skip
    fields = {"form": "1", "base": json.dumps(document)}
    drawn = send(client, "/programmes/previews", nest([*(fields | flat(document)).items()])).json()
    beside = {
        each["name"]: each["warnings"]
        for section in drawn["sections"]
        for block in section["blocks"]
        for each in block["fields"]
        if each["warnings"]
    }
    assert set(beside) == {
        "channels.joining", "rewards[0].function.steps[0].value",
        "rewards[0].function.steps[1].at", "rewards[0].function.steps[1].value", "levels.levels[1].code",
    }  # fmt: skip
    page = submit(client, "/programmes/previews", fields | flat(document)).text
    assert 'id="w-f-channels-joining"' in page
    assert 'href="#f-channels-joining"' in page


def test_a_renewal_that_costs_less_in_steps_is_asked_step_by_step() -> None:
    first = {**blank("ILS"), "fees": {"renewal_minor": 3900, "waiver": {"at_least_minor": 30_000, "fee_minor": 2500}}}
    more = done(done(first, "on|fees.waiver.steps"), "row|fees.waiver.steps")
    assert at(more, "fees.waiver.steps") == [{"at_least_minor": 100_000}, {"at_least_minor": 200_000}]
    made, faults = overlaid(more, typed(more, **{"fees.waiver.steps[0].fee_minor": "10"}))
    assert (faults, at(made, "fees.waiver.steps[0].fee_minor")) == ([], 1000)
    fewer = done(done(made, "remove|fees.waiver.steps[1]"), "remove|fees.waiver.steps[0]")
    assert at(fewer, "fees.waiver") == {"at_least_minor": 30_000, "fee_minor": 2500}


def test_a_button_leads_into_the_first_field_of_what_it_adds(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    document = {**blank("ILS"), "names": {"en": "Club"}}
    begins = [("add|occasions|birthday", "occasions[0].gives[0].form"), ("on|redemption", "redemption.worth_points"),
              ("add|earning.rules|table", "earning.rules[0].bands[0].from_minor"), ("look|term.kind", "term.kind"),
              ("look", None)]  # fmt: skip
    for deed, wanted in begins:
        fields = {"form": "1", "base": json.dumps(document), "do": deed} | flat(document)
        drawn = send(client, "/programmes/previews", nest([*fields.items()])).json()
        found = [
            each["name"] for section in drawn["sections"] for block in section["blocks"]
            for each in block["fields"] if each["focus"]
        ]  # fmt: skip
        assert found == ([wanted] if wanted else []), deed


def test_a_fee_that_is_sold_as_no_product_of_the_catalogue_is_told_at_its_field(
    client: TestClient, session: Session
) -> None:
    signed_in(client, session)
    a_product(session, "FEE")
    session.commit()
    for sku, told in (("FEE", []), ("FEEE", ["No product has the code FEEE."])):
        fees = {"joining_minor": 2000, "joining_product": sku}
        document = {**blank("ILS"), "names": {"en": "Club"}, "fees": fees}
        fields = {"form": "1", "base": json.dumps(document)} | flat(document)
        drawn = send(client, "/programmes/previews", nest([*fields.items()])).json()
        asked = [each for part in drawn["sections"] for block in part["blocks"] for each in block["fields"]]
        assert [each["warnings"] for each in asked if each["name"] == "fees.joining_product"] == [told]


def test_a_price_without_a_product_gets_one_that_the_till_can_sell(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    document = {**blank("ILS"), "names": {"en": "Bagel", "he": "בייגל"}, "fees": {"joining_minor": 2000}}
    fields = {"form": "1", "base": json.dumps(document)} | flat(document)
    drawn = send(client, "/programmes/previews", nest([*fields.items()])).json()
    assert [each["text"] for each in drawn["warnings"]] == []
    made = submit(client, "/programmes", fields)
    assert made.status_code == 303, made.text
    kept = client.get(made.headers["location"]).json()["document"]
    assert kept["fees"] == {"joining_minor": 2000, "joining_product": "BAGEL-FEE"}
    sold = session.execute(sa.select(Product.name, Product.list_price_minor, Product.earns_points)).all()
    assert [tuple(each) for each in sold] == [("Bagel", 2000, False)]


def test_more_is_asked_of_a_rule_behind_a_button_and_what_is_said_is_shown() -> None:
    page = done(blank("ILS"), "add|earning.rules|money")
    name = "earning.rules[0].when.levels"
    assert name not in written(page)
    wide = done(page, "more|earning.rules[0]")
    assert name in written(wide)
    made = filled(wide, **{name: "GOLD, SILVER", "earning.rules[0].when.month_days": "1, 15"})
    assert at(made, "earning.rules[0].when") == {"levels": ["GOLD", "SILVER"], "month_days": [1, 15]}
    shut = "earning.rules[0].when.without_days"
    days = filled(wide, **{shut: "24.12, 1.12–6.1, 21.4.2027"})
    assert at(days, shut) == ["12-24", "12-01/01-06", "2027-04-21"]
    assert written(days)[shut] == "24.12, 1.12–6.1, 21.4.2027"
    assert [each.field for each in overlaid(wide, typed(wide, **{shut: "32.1"}))[1]] == [shut]
    closed = opened(documents.brief(read_programme(bare({**made, "code": "CLUB", "names": {"en": "Club"}}))))
    assert name in written(closed)
    assert "earning.rules[0].when.birthday" not in written(closed)
    assert done(page, "more|earning.rules[7]") == page


def test_one_hour_alone_lasts_until_midnight() -> None:
    page = done(blank("ILS"), "add|occasions|anniversary")
    made = filled(page, **{"occasions[0].when.from_time": "18:00"})
    assert at(made, "occasions[0].when") == {"from_time": "18:00", "to_time": "00:00"}


def test_a_club_with_counters_levels_households_and_rewards_is_set_up_by_the_form_alone() -> None:
    """Ten coffees are one, silver by two windows, four persons, a declared share, and a tenth off for members."""
    page = filled(blank("ILS"), **{"names.en": "Club", "household.most_persons": "4"})
    for deed in (
        "add|counters|counter", "on|levels", "on|levels.milestones", "add|rewards|every", "add|rewards|declared",
        "add|benefits|benefit", "add|entitlements|benefit", "more|household", "more|membership",
        "more|all_levels",
    ):  # fmt: skip
        page = done(page, deed)
    page = filled(page, **{
        "counters[0].code": "coffees", "rewards[0].base.counts": "counter", "rewards[0].gives.form": "gift",
        "levels.window.every": "rolling", "levels.keep": "months",
    })  # fmt: skip
    page = filled(page, **{
        "rewards[0].base.counter": "coffees", "rewards[0].gives.products": "LATTE", "rewards[0].function.every": "10",
        "rewards[0].function.value": "1", "rewards[0].takes": "", "rewards[1].function.rate_bp": "2.5",
        "levels.window.months": "24", "levels.keep_months": "6", "household.shared_level": "true",
        "joining.eligibility.min_age": "16", "entitlements[0].gives.off_bp": "10",
    })  # fmt: skip
    made = read_programme(bare(page))
    assert [each.path for each in findings(made) if each.stops] == []
    assert made.counters[0].rules[0].kind == "unit"
    gift, share = made.rewards
    assert (gift.base.counter, gift.gives.kind, gift.function) == ("coffees", "gift", ByEvery(every=10, value=1))
    assert share.function == ByRate(rate_bp=250)
    assert made.levels is not None
    assert (made.levels.window.months, made.levels.keep_months, len(made.levels.milestones)) == (24, 6, 1)
    assert made.household is not None
    assert (made.household.most_persons, made.household.shared_level) == (4, False)
    assert (made.joining.eligibility.min_age, made.entitlements[0].gives.kind) == (16, "discount")


# REQ P-01: what an account counts in halves is typed as people see it, whatever parts the document says
def test_points_are_typed_in_what_the_account_counts() -> None:
    shown = written(opened(documents.brief(example("waterstones"))))
    assert (shown["earning.rules[0].bands[0].points"], shown["rewards[0].function.every"]) == ("0.5", "10")
    club: Document = {"code": "HALF", "names": {"en": "Half"}, "currency": "ILS", "~open": ["all_earning"]}
    club |= {"earning": {"rules": [{"kind": "visit", "code": "v", "points": 1}]}, "redemption": {"worth_points": 20}}
    stars = nest([("earning.rules[0].points", "0,5"), ("redemption.worth_points", "10"), ("unit.scale", "2")])
    made, faults = overlaid(opened(club), stars)
    assert (made["earning"]["rules"][0]["points"], made["redemption"]["worth_points"], faults) == (1, 20, [])
    wrong, faults = overlaid(made, nest([("earning.rules[0].points", "1.3"), ("unit.scale", "2")]))
    assert ([each.field for each in faults], at(wrong, "earning.rules[0].points")) == (
        ["earning.rules[0].points"],
        "1.3",
    )


def test_what_a_level_asks_for_beside_is_counted_in_a_time_of_its_own() -> None:
    """Gold by money in a year, and by seven visits in the last ninety days; then in the same year again."""
    page = filled(blank("ILS"), **{"names.en": "Club"})
    path = "levels.levels[1].also[0].period"
    for deed in ("on|levels", "more|levels.levels[1]", "on|levels.levels[1].also"):
        page = done(page, deed)
    page = filled(page, **{f"{path}.every": "rolling"})
    assert at(page, path) == {"every": "rolling", "months": 12}
    page = filled(page, **{f"{path}.last_days": "90"})
    made = read_programme(bare(page)).levels
    assert made is not None
    assert made.levels[1].also[0].period == Period(every=Every.ROLLING, last_days=90)
    assert at(filled(page, **{f"{path}.every": ""}), path) is None


def test_two_lists_of_one_level_have_buttons_that_tell_them_apart() -> None:
    page = filled(blank("ILS"), **{"names.en": "Club"})
    for deed in ("on|levels", "more|levels.levels[1]", "on|levels.levels[1].also", "on|levels.levels[1].instead"):
        page = done(page, deed)
    (level,) = [block for section in layout(page) for block in section.blocks if block.path == "levels.levels[1]"]
    assert len({each.label for each in level.takes}) == len(level.takes) == 2


def test_a_gift_of_an_amount_asks_for_pieces_only_among_more_settings():
    page = done(blank("ILS"), "add|occasions|joining")
    rare = {"occasions[0].gives[0].per_unit", "occasions[0].gives[0].units"}
    assert not rare & {each.name for each in visible(page)}
    assert rare <= {each.name for each in visible(done(page, "more|occasions[0]"))}
    page = filled(done(page, "more|occasions[0]"), **{"occasions[0].gives[0].units": "2"})
    assert "occasions[0].gives[0].units" in {each.name for each in visible(bare(page))}


def test_more_of_membership_shows_that_one_joins_by_asking_where_nothing_else_is_said():
    page = done(blank("ILS"), "more|membership")
    assert written(page)["joining.ways"] == ["request"]
    assert "joining" not in filled(page), "what holds anyway isn't written down"
    page, faults = overlaid(page, nest([("joining.ways[2]", "invitation"), ("term.months", "12")]))
    assert (at(page, "joining.ways"), faults) == (["invitation"], [])


def test_all_that_is_wrong_in_the_form_is_told_at_once(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    document = done({**blank("ILS"), "names": {}}, "add|earning.rules|money")
    fields = {"form": "1", "base": json.dumps(document)} | flat(document)
    wrong = {"fees.joining_minor": "twenty", "term.months": "0", "earning.rules[0].points": "-1"}
    faults = send(client, "/programmes", nest([*(fields | wrong).items()])).json()["errors"]
    assert sorted(each["field"] for each in faults) == [
        "earning.rules[0].points", "fees.joining_minor", "names", "term.months"
    ]  # fmt: skip
