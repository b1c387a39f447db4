# REQ O-01, O-02, O-06, O-07, O-08, O-11, L-01, P-01, P-05, P-08: 50 small shops with the price that must come out
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from erp_club.promotions.price_cases.form import Case
from erp_club.promotions.price_cases.told import answer, differences
from web.cli import main

FILE = Path(__file__).parent / "price_cases.json"
CASES: list[dict[str, Any]] = json.loads(FILE.read_text())["cases"]
MORE = FILE.with_name("more_price_cases.json")
"""Reckoned by hand, around the edges: thousandths, a million units, odd agorot, sets that cost more, tax, codes."""
LINE = {"id": "tea", "product": "tea", "qty": 2, "unit_price": 500}


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def a_case(**said: Any) -> Case:
    return Case.model_validate({"id": "case", "basket": [LINE], **said})


ALL = [*CASES, *json.loads(MORE.read_text(encoding="utf-8"))["cases"]]


@pytest.mark.parametrize("case", ALL, ids=[case["id"] for case in ALL])
def test_the_price_comes_out(case: dict[str, Any]) -> None:
    got = answer(Case.model_validate(case))
    assert case["expect"]
    assert {key: got[key] for key in differences(case["expect"], got)} == {}


def test_the_command_checks_all_cases() -> None:
    result = run("price-case", str(FILE), "--check")
    assert result.exit_code == 0, result.output
    assert [each["id"] for each in json.loads(result.stdout)] == [case["id"] for case in CASES]


def test_a_wrong_expectation_is_named_and_ends_with_1(tmp_path: Path) -> None:
    case = CASES[0] | {"expect": {"total": 1, "discount": 3200}}
    file = tmp_path / "cases.json"
    file.write_text(json.dumps([case]))
    result = run("price-case", str(file), "--check")
    assert result.exit_code == 1
    assert json.loads(result.stderr) == {"id": case["id"], "differs": {"total": {"expect": 1, "got": 28800}}}
    assert run("price-case", str(file)).exit_code == 0


@pytest.mark.parametrize(
    "content", ["", "1", "[1]", "[" * 100_000, '{"cases": [{"id": "x"}]}', '{"id": "x", "basket": [{"id": "a"}]}']
)
def test_a_file_that_holds_no_cases_is_refused_in_a_sentence(tmp_path: Path, content: str) -> None:
    file = tmp_path / "cases.json"
    file.write_text(content)
    result = run("price-case", str(file))
    assert result.exit_code == 2
    assert "can't be read as price cases" in result.stderr


def test_a_case_that_cannot_be_read_leaves_the_others_their_price(tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    file.write_text(json.dumps([{"id": "odd", "basket": [{}]}, CASES[0]]))
    result = run("price-case", str(file), "--check")
    assert result.exit_code == 2
    assert "odd" in result.stderr
    assert [each["id"] for each in json.loads(result.stdout)] == [CASES[0]["id"]]


OFF: dict[str, Any] = {"type": "percent_off", "value_bp": 1000}


def with_reward(**said: Any) -> dict[str, Any]:
    return {"programmes": [{"id": "p", "reward": said}]}


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({"basket": [LINE | {"qty": 0}]}, "basket.0.qty"),
        ({"basket": [LINE, LINE | {"id": "b", "qty": -1}]}, "basket.1.qty"),
        ({"basket": [LINE | {"qty": True}]}, "basket.0.qty"),
        ({"basket": [LINE | {"unit_price": 500.0}]}, "basket.0.unit_price"),
        ({"basket": [LINE | {"unit_price": "500"}]}, "basket.0.unit_price"),
        ({"basket": [LINE | {"unit_price": None}]}, "basket.0.unit_price"),
        ({"basket": [LINE | {"price": 5}]}, "basket.0.price"),
        ({"basket": [LINE | {"tax_bp": 18.0}]}, "basket.0.tax_bp"),
        ({"basket": [LINE, LINE]}, "basket: tea"),
        ({"settings": {"prices_include_tax": "yes"}}, "settings.prices_include_tax"),
        ({"settings": {"round": "up"}}, "settings.round"),
        ({"settings": {"order": ["q"]}}, "settings.order: q"),
        ({"customer": {"points": 5.0}}, "customer.points"),
        ({"programme": []}, "programme"),
        ({"programmes": [{"id": "p"}]}, "programmes.0: reward or earn"),
        ({"programmes": [{"id": "p", "earn": {"per": "line"}}]}, "programmes.0.earn.per"),
        ({"programmes": [{"id": "p", "reward": OFF, "trigger": "always"}]}, "programmes.0.trigger"),
        ({"programmes": [{"id": "p", "reward": OFF, "stacking": "best"}]}, "programmes.0.stacking"),
        ({"programmes": [{"id": "p", "reward": OFF, "condition": {"min_quantity": 2}}]}, "condition.min_quantity"),
        ({"programmes": [{"id": "p", "reward": OFF, "condition": {"min_amount": 9.5}}]}, "condition.min_amount"),
        (with_reward(type="half_off"), "programmes.0.reward.type"),
        (with_reward(type="percent_off"), "programmes.0.reward: percent_off needs tiers_by_qty / value_bp"),
        (with_reward(type="percent_off", value_bp=1000.0), "programmes.0.reward.value_bp"),
        (with_reward(type="amount_off", value_bp=1000), "programmes.0.reward: amount_off needs"),
        (with_reward(**OFF, value=500), "programmes.0.reward: value"),
        (with_reward(**OFF, scope="each_line"), "programmes.0.reward: scope each_line"),
        (with_reward(**OFF, scope="products"), "programmes.0: reward: scope products"),
        (with_reward(type="bundle_price", value=500), "programmes.0.reward: bundle_price needs qty"),
        (with_reward(type="cheapest_free", per_qty=2, pick="dearest"), "programmes.0.reward: pick"),
        (with_reward(type="free_product", product="tea", delivery="post"), "programmes.0.reward.delivery"),
        (with_reward(type="price_list", value=400, value_bp=1000), "programmes.0.reward: value / value_bp"),
        ({"actions": [{"do": "give"}]}, "actions.0.do"),
        ({"actions": [{"do": "enter_code"}]}, "actions.0: enter_code needs code"),
        ({"actions": [{"do": "price"}, {"do": "claim", "id": "q"}]}, "actions.1.id: q"),
        ({"actions": [{"do": "refund", "line": "milk"}]}, "actions.0.line: milk"),
    ],
)
def test_a_malformed_case_is_refused_at_its_place(tmp_path: Path, said: dict[str, Any], place: str) -> None:
    file = tmp_path / "case.json"
    file.write_text(
        json.dumps({"id": "mine", "basket": [LINE], "expect": {"total": 1000}, "note": "passed over"} | said)
    )
    result = run("price-case", str(file))
    assert (result.exit_code, json.loads(result.stdout)) == (2, [])
    assert f"mine: {place}" in result.stderr or f".{place}" in result.stderr


def test_a_policy_that_is_not_known_is_told(tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps({"id": "mine", "basket": [LINE], "settings": {"stack_base": "gross", "fill": "plain"}}))
    result = run("price-case", str(file))
    assert result.exit_code == 0
    assert result.stderr.splitlines() == ["mine: settings.stack_base: gross isn't known and is passed over."]


def test_what_is_null_in_a_case_is_left_out() -> None:
    nulls = dict.fromkeys(("settings", "customer", "actions", "programmes", "expect"))
    off = {
        "id": "off",
        "condition": None,
        "reward": {"type": "percent_off", "value_bp": 1000, "scope": None, "cap": None},
    }
    assert answer(a_case(**nulls)) == answer(a_case())
    assert answer(a_case(programmes=[off | {"code": None}]))["total"] == 900


def test_a_case_that_expects_nothing_tells_all_figures(tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps({"id": "mine", "basket": [LINE]}))
    (told,) = json.loads(run("price-case", str(file)).stdout)
    assert (told["got"]["total"], told["got"]["lines"]) == (1000, {"tea": 0})
