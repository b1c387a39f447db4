# REQ M-02, M-03, P-01, P-05, P-07, P-15: a draft that can't be is refused or warned about, with the place named
from typing import Any

import pytest

from erp_club.kernel.errors import Invalid
from erp_club.programmes import documents
from erp_club.programmes.engine.checks import findings, stops
from erp_club.programmes.engine.earn import earn
from erp_club.programmes.engine.facts import MemberFacts
from tests.make.programmes import a_programme, example, purchase
from web.programme_reading import read_programme

RATE = {"kind": "money", "code": "rate", "points": 1, "per_minor": 100}
REWARD: dict[str, Any] = {"code": "r", "gives": {"kind": "code"}, "base": {"counts": "balance"}, "takes": True}
EVERY = {"kind": "every", "every": 100, "value": 5}
STEPS = [{"code": "BASE", "at_least": 0}, {"code": "GOLD", "at_least": 100}]


def percent(*steps: int) -> dict[str, Any]:
    return {"kind": "percent", "steps": [{"from_amount": each, "rate_bp": 100} for each in steps]}


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("channels.joining", {"channels": {"joining": []}}),
    ("channels.earning", {"channels": {"earning": []}, "earning": {"rules": [RATE]}}),
    ("channels.redeeming", {"channels": {"redeeming": []}, "redemption": {"worth_points": 1, "worth_minor": 1}}),
    ("channels.without_stores[0]", {"channels": {"stores": ["374"], "without_stores": ["374"]}}),
    ("joining.eligibility.max_age", {"joining": {"eligibility": {"min_age": 30, "max_age": 20}}}),
    ("joining.eligibility.not_with_clubs", {"joining": {"eligibility": {"not_with_clubs": ["CLUB"]}}}),
    ("fees.instalments.first_minor", {"fees": {"joining_minor": 100, "instalments": {"first_minor": 100}}}),
    ("fees.instalments", {"fees": {"joining_minor": 100, "instalments": {"first_minor": 20}}}),
    ("fees.instalments", {"fees": {"joining_minor": 100, "instalments": {"first_minor": 20}, "segments": [
        {"segments": ["Students"], "joining_minor": 50}]}, "rewards": [REWARD | {"function": EVERY}]}),
    ("fees.terms", {"fees": {"terms": [{"months": 24}]}}),
    ("fees.terms[0].months", {"fees": {"terms": [{"months": 12}]}, "term": {"kind": "months", "months": 12}}),
    ("fees.terms[1]", {"fees": {"terms": [{"months": 24}, {"months": 24}]}, "term": {"kind": "months", "months": 12}}),
    ("fees.terms[0].level", {"fees": {"terms": [{"months": 24, "level": "GOLD"}]},
                             "term": {"kind": "months", "months": 12}}),
    ("entitlements[0].whole_day", {"entitlements": [
        {"code": "e", "whole_day": True, "gives": {"kind": "discount", "off_bp": 1000}}]}),
    ("fees.renewal_minor", {"fees": {"renewal_minor": 100}}),
    ("fees.waiver.of.counts", {"fees": {"renewal_minor": 900, "waiver": {
        "at_least_minor": 100, "of": {"counts": "visits"}}}, "term": {"kind": "months", "months": 12}}),
    ("fees.waiver.fee_minor", {"fees": {"renewal_minor": 900, "waiver": {"at_least_minor": 100, "fee_minor": 900}}}),
    ("fees.waiver.steps[0].at_least_minor", {"fees": {"waiver": {
        "at_least_minor": 100, "off_bp": 100, "steps": [{"at_least_minor": 100}]}}}),
    ("fees.waiver.steps[1]", {"fees": {"waiver": {"at_least_minor": 100, "off_bp": 100, "steps": [
        {"at_least_minor": 200, "off_bp": 200}, {"at_least_minor": 300, "off_bp": 200}]}}}),
    ("joining.purchase_of.counts", {"joining": {"ways": ["purchase"], "purchase_minor": 1, "purchase_of": {
        "counts": "units"}}}),
    ("joining.purchase_of.when.means", {"joining": {"ways": ["purchase"], "purchase_minor": 1, "purchase_of": {
        "when": {"means": ["card"]}}}}),
    ("earning.rules[1]", {"earning": {"rules": [RATE, RATE | {"code": "b", "on": {"groups": ["Tea"]}}]}}),
    ("earning.rules[0].bands[1].from_minor", {"earning": {"rules": [
        {"kind": "table", "code": "t", "bands": [{"from_minor": 500, "points": 1}, {"from_minor": 500, "points": 2}]},
    ]}}),
    ("earning.rules[0].means", {"earning": {"rules": [RATE | {"means": ["card"], "excluded": {"means": ["card"]}}]}}),
    ("earning.rules[0].when.last_day", {"earning": {"rules": [
        RATE | {"when": {"first_day": "2026-02-01", "last_day": "2026-01-01"}},
    ]}}),
    ("earning.rules[0].when.levels[0]", {"earning": {"rules": [RATE | {"when": {"levels": ["GOLD"]}}]}}),
    ("levels.levels[1].at_least", {"levels": {"levels": [STEPS[0], {"code": "GOLD", "at_least": 0}]}}),
    ("levels.levels[1]", {"levels": {"levels": [STEPS[0], {"code": "GOLD"}]}}),
    ("levels.levels[1].code", {"levels": {"levels": [STEPS[0], {"code": "BASE", "at_least": 5}]}}),
    ("levels.levels[1].keep_at_least", {"levels": {"levels": [STEPS[0], STEPS[1] | {"keep_at_least": 200}]}}),
    ("levels.levels[1].staying.each", {"levels": {"window": {"every": "ever"}, "keep": "ever", "levels": [
        STEPS[0], STEPS[1] | {"staying": {"gives": [{"kind": "stored_value", "amount_minor": 100}]}}]}}),
    ("levels.levels[1].staying.gives[0].points", {"levels": {"levels": [
        STEPS[0], STEPS[1] | {"staying": {"gives": [{"kind": "points"}]}}]}}),
    ("levels.measure", {"levels": {"levels": STEPS, "measure": {"counts": "points"}}}),
    ("levels.measure.counts", {"levels": {"levels": STEPS, "measure": {"counts": "balance"}}}),
    ("levels.measure.on", {"earning": {"rules": [RATE]}, "levels": {"levels": STEPS, "measure": {
        "counts": "points", "on": {"groups": ["Tea"]}}}}),
    ("rewards[0].base.means", {"rewards": [REWARD | {"function": EVERY, "base": {
        "counts": "balance", "means": ["card"]}}]}),
    ("rewards[0].when", {"rewards": [REWARD | {"function": EVERY, "gives": {"kind": "payout"}, "when": {
        "weekdays": [1]}}]}),
    ("redemption.when.without_means", {"redemption": {"worth_points": 1, "worth_minor": 1, "when": {
        "without_means": ["points"]}}}),
    ("levels.measure.counter", {"levels": {"levels": STEPS, "measure": {"counts": "counter", "counter": "x"}}}),
    ("redemption.step", {"redemption": {"worth_points": 1, "worth_minor": 1, "step": 50, "most_points": 20}}),
    ("redemption.least_points", {
        "redemption": {"worth_points": 1, "worth_minor": 1, "least_points": 50, "most_points": 20}}),
    ("earning.rules[0].points", {"earning": {"rules": [RATE]}, "redemption": {"worth_points": 1, "worth_minor": 101}}),
    ("rewards[0].function.steps[1].from_amount", {"rewards": [
        {"code": "r", "gives": {"kind": "payout"}, "function": percent(200, 100)}]}),
    ("rewards[0].function.steps[1].value", {"rewards": [REWARD | {
        "function": {"kind": "threshold", "steps": [{"at": 100, "value": 500}, {"at": 200, "value": 500}]}}]}),
    ("rewards[0].function.steps[0].value", {"earning": {"rules": [RATE]}, "rewards": [REWARD | {
        "function": {"kind": "threshold", "steps": [{"at": 100, "value": 10_001}]}}]}),
    ("rewards[0].takes", {"rewards": [REWARD | {"base": {"counts": "spend"}, "function": percent(100)}]}),
    ("rewards[0].most_minor", {"rewards": [
        {"code": "r", "gives": {"kind": "payout"}, "function": percent(1), "least_minor": 5, "most_minor": 4}]}),
    ("occasions[0].gives[0]", {"occasions": [{"code": "o", "occasion": "joining", "gives": [{"kind": "discount"}]}]}),
    ("occasions[0].gives[0].entitlement", {"occasions": [
        {"code": "o", "occasion": "joining", "gives": [{"kind": "entitlement", "entitlement": "coffee"}]}]}),
    ("earning.rules[0].when.joined_for_days", {
        "earning": {"rules": [RATE | {"when": {"joined_for_days": 9, "joined_within_days": 8}}]}}),
    ("earning.events[0].per_minor", {
        "earning": {"events": [{"code": "e", "event": "referral", "points": 5, "per_minor": 100}]}}),
    *((f"entitlements[0].{name}", {"entitlements": [
        {"code": "e", name: 9, "gives": {"kind": "discount", "price_minor": 9}}]})
      for name in ("most_base_month", "most_units_month")),
    ("levels.carry", {"levels": {"levels": STEPS, "carry": {}, "window": {"every": "rolling", "months": 12}}}),
    ("levels.carry", {"levels": {"levels": STEPS, "carry": {}, "restart": "reached"}}),
    ("rewards[0].never_below_minor", {"rewards": [
        {"code": "r", "gives": {"kind": "payout"}, "function": percent(1), "most_minor": 5, "never_below_minor": 6}]}),
    ("rewards[0].never_below_minor", {"rewards": [REWARD | {
        "function": EVERY, "gives": {"kind": "gift", "products": ["1"]}, "never_below_minor": 6}]}),
    ("entitlements[0].apart_minutes", {"entitlements": [
        {"code": "e", "apart_minutes": 60, "gives": {"kind": "discount", "off_bp": 9}}]}),
    ("entitlements[0].period.every", {"entitlements": [
        {"code": "e", "count": 1, "period": {"every": "member_year", "whole_months": True},
         "gives": {"kind": "discount", "off_bp": 9}}]}),
    ("occasions[0].issue.valid_until", {"occasions": [
        {"code": "o", "occasion": "joining", "gives": [{"kind": "points", "points": 9}],
         "issue": {"valid_until": "occasion_end"}}]}),
    ("occasions[0].issue.valid_days", {"occasions": [
        {"code": "o", "occasion": "birthday", "around": {"whole_months": True},
         "gives": [{"kind": "points", "points": 9}], "issue": {"valid_until": "occasion_end", "valid_days": 9}}]}),
    ("rewards[0].period", {"rewards": [REWARD | {
        "period": {"every": "ever"}, "base": {"counts": "spend"}, "takes": False, "function": percent(100)}]}),
    ("earning.rules[0].when.child_max_age", {
        "earning": {"rules": [RATE | {"when": {"child_min_age": 3, "child_max_age": 2}}]}}),
    ("expiry.levels[0]", {"levels": {"levels": STEPS}, "expiry": {
        "rule": {"kind": "inactivity", "months": 12}, "levels": [{"levels": ["GOLD"]}]}}),
    ("switch.last_redeeming_day", {
        "switch": {"last_earning_day": "2026-06-30", "last_redeeming_day": "2026-05-31"}}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "said"), WRONG, ids=[each[0] for each in WRONG])
def test_what_can_not_be_is_named_with_its_place(path: str, said: dict[str, Any]):
    assert path in [each.path for each in stops(a_programme(**said))]


WARNED: list[tuple[str, dict[str, Any]]] = [
    ("fees.waiver", {"fees": {"waiver": {"at_least_minor": 100}}}),
    ("fees.joining_product", {"fees": {"joining_minor": 900}}),
    ("fees.joining_product", {"fees": {"renewal_minor": 900}, "term": {"kind": "months", "months": 12}}),
    ("joining.purchase_of", {"joining": {"purchase_of": {"on": {"groups": ["Tea"]}}}}),
    ("joining.invitation_days", {"joining": {"invitation_days": 14}}),
    ("most_discount_month", {"most_discount_month": 100}),
    ("earning.rules[0].factor_bp", {"earning": {"rules": [{"kind": "times", "code": "t", "factor_bp": 10_000}]}}),
    ("levels.levels[0].at_least", {"levels": {"levels": [{"code": "BASE", "at_least": 5}]}}),
    ("redemption", {"earning": {"rules": [RATE]}}),
    (
        "rewards[0].gives.cap_minor",
        {
            "rewards": [
                REWARD | {"function": EVERY, "gives": {"kind": "discount", "amount_minor": 500, "cap_minor": 300}}
            ]
        },
    ),
    (
        "excluded.means",
        {"excluded": {"means": ["invoice"]}, "redemption": {"worth_points": 1, "worth_minor": 1}},
    ),
    (
        "entitlements[0].gives.least_minor",
        {
            "entitlements": [
                {
                    "code": "e",
                    "gives": {"kind": "discount", "off_bp": 10_000, "on": {"kinds": ["delivery"]}, "least_minor": 9},
                },
            ]
        },
    ),
    ("earning.events[0].event", {"earning": {"events": [{"code": "b", "event": "birthday", "points": 5}]}}),
]


@pytest.mark.parametrize(("path", "said"), WARNED, ids=[each[0] for each in WARNED])
def test_what_has_no_effect_is_warned_about_and_may_be_published(path: str, said: dict[str, Any]):
    programme = a_programme(**said)
    assert path in [each.path for each in findings(programme)]
    assert path not in [each.path for each in stops(programme)]


@pytest.mark.parametrize(
    ("first", "of", "earns"),
    [
        (RATE | {"code": "big", "points": 5, "least_minor": 200_00}, (200, 199.99), (1000, 199)),
        ({"kind": "table", "code": "t", "bands": [{"from_minor": 50_00, "points": 9}]}, (50, 49), (9, 49)),
        ({"kind": "visit", "code": "v", "points": 7, "least_minor": 20_00}, (20, 19), (7, 19)),
    ],
)
def test_what_a_rule_leaves_to_the_next_one_may_follow_it(
    first: dict[str, Any], of: tuple[float, ...], earns: tuple[int, ...]
):
    club = a_programme(earning={"rules": [first, RATE]})
    assert stops(club) == ()
    assert tuple(earn(club, purchase(each), MemberFacts()).points for each in of) == earns


@pytest.mark.parametrize("name", documents.EXAMPLES)
def test_the_six_clubs_can_be_published_and_read_as_they_were_written(name: str):
    club = example(name)
    assert stops(club) == ()
    assert read_programme(documents.whole(club)) == club
    assert read_programme(documents.brief(club)) == club


BROKEN: list[tuple[str, dict[str, Any]]] = [
    ("earning.rules[0].points", {"earning": {"rules": [RATE | {"points": -1}]}}),
    ("earning.rules[1].kind", {"earning": {"rules": [RATE, {"kind": "money", "code": "a", "points": 1, "kynd": 1}]}}),
    ("earning.rules[0]", {"earning": {"rules": [{"kind": "gold", "code": "x"}]}}),
    ("term.months", {"term": {"kind": "months"}}),
    ("expiry.rule.months", {"expiry": {"rule": {"kind": "months"}}}),
    ("expiry.rule.months", {"expiry": {"rule": {"kind": "inactivity", "months": 1, "days": 1}}}),
    ("rewards[0].function.steps", {"rewards": [REWARD | {"function": {"kind": "percent"}}]}),
    ("rewards[0].gives", {"rewards": [REWARD | {"function": percent(1), "gives": {"kind": "cake"}}]}),
    ("occasions[0]", {"occasions": [
        {"code": "b", "occasion": "birthday", "gives": [{"kind": "gift", "products": ["1"]}]}]}),
    ("names.no", {"names": {"no": "Klubb"}}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "said"), BROKEN, ids=[each[0] for each in BROKEN])
def test_a_broken_document_is_refused_at_its_field(path: str, said: dict[str, Any]):
    with pytest.raises(Invalid) as refused:
        read_programme({"code": "CLUB", "names": {"en": "Club"}, "currency": "ILS"} | said)
    got = [each.field for each in refused.value.fields]
    assert got == [path.replace("kind", "kynd")]


def test_the_schema_names_every_kind_of_rule():
    schema = documents.schema()
    assert schema["$schema"].endswith("2020-12/schema")
    assert {"PerMoney", "PerTable", "PerVisit", "PerUnit", "Multiplied", "Extra", "Levels", "PeriodReward"} <= set(
        schema["$defs"]
    )
    meant = schema["$defs"]["When"]["properties"]["joined_for_days"]["description"]
    assert meant == "Not before so many days after joining: with 1 from the day after on."
    assert schema["properties"]["visit"]["description"].startswith("What a visit is")


def test_a_club_is_copied_under_another_code():
    copy = documents.copied(example("bagel_cafe"), "COPY", {"en": "Copy"})
    assert copy.code == "COPY"
    assert copy.earning == example("bagel_cafe").earning
