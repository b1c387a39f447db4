"""Nonsense sent to the builder and to the API: a clear answer that names the place, never a fault of ours.

REQ S-01
"""

import datetime as dt
import itertools
import json
import random
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Brand, Department, Product, ProductGroup
from erp_club.clubs.models import ClubRules
from erp_club.customers.models import Classification
from erp_club.kernel.fields import Ask
from erp_club.purchases.segment_registry import REGISTRY
from erp_club.segments.tree import MetricName
from tests.make.clubs import a_club, a_customer
from tests.make.coupons import NOW, a_batch
from tests.make.office import HTML, form, head_office
from tests.make.organisation import a_store
from tests.make.purchases import a_product

TREES = 100
SPEND = {"metric": "spend", "op": "ge", "value": 100}


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    made = head_office(client, session)
    session.add(Classification(customer_id=a_customer(session, "A"), name="Size", value="42"))
    club = a_club(session)
    rules = {"programme": {"levels": {"levels": [{"code": "BRONZE", "names": {"en": "Bronze", "he": "ארד"}}]}}}
    session.add(ClubRules(club_id=club, version_no=9, effective_from=dt.date(2020, 1, 1), document=rules, at=NOW))
    product = a_product(session, "7")
    for name, named in (("department_id", Department), ("group_id", ProductGroup), ("brand_id", Brand)):
        session.add(made_of := named(name="7"))
        session.flush()
        session.execute(sa.update(Product).where(Product.id == product).values({name: made_of.id}))
    a_batch(session, "7")
    a_store(session, "374")
    session.commit()
    return made


def send(office: TestClient, url: str, body: dict[str, Any]) -> Response:
    """As JSON in ASCII, which can say half a character."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": f"hostile-{next(_numbers)}"}
    return office.post(url, content=json.dumps(body), headers=headers)


_numbers = itertools.count()


def deep(levels: int) -> Any:
    condition: Any = SPEND
    for _ in range(levels):
        condition = {"all": [condition]}
    return condition


WRONG: list[tuple[Any, str]] = [
    ({"any": [{"field": "shoe", "op": "eq", "value": 1}]}, "where.any[0].field"),
    ({"all": [SPEND, SPEND | {"value": "much"}]}, "where.all[1].value"),
    ({"not": SPEND | {"over": {"from": "2026-05-01", "to": "2026-04-30"}}}, "where.not.over"),
    ({"field": "number", "op": "in", "value": [str(each) for each in range(2_000)]}, "where.value"),
    (deep(40), "where" + ".all[0]" * 20),
    (SPEND | {"value": 10**40}, "where.value"),
    (SPEND | {"value": 1e300}, "where.value"),
    ({"field": "number", "op": "eq", "value": "\x00"}, "where.value"),
    ({"field": "number", "op": "eq", "value": "\ud83d"}, "where.value"),
    ({"field": "\udfff", "op": "eq", "value": 1}, "where.field"),
    ([], "where"),
    ({"all": [SPEND, {"field": "class:Colour", "op": "eq", "value": "red"}]}, "where.all[1].field"),
    ({"field": "club", "op": "in", "value": ["GOLD", "GRAY"]}, "where.value[1]"),
    ({"not": {"field": "points", "club": "GRAY", "op": "ge", "value": 5}}, "where.not.club"),
    ({"any": [SPEND, {"field": "home_store", "op": "in", "value": ["374", "9999"]}]}, "where.any[1].value[1]"),
    ({"field": "level", "club": "GOLD", "op": "eq", "value": "PLATINUM"}, "where.value"),
    ({"not": {"field": "level", "op": "eq", "value": "PLATINUM"}}, "where.not.value"),
    ({"field": "favourite_product", "op": "ne", "value": "N-1"}, "where.value"),
    ({"field": "coupon_unused", "op": "in", "value": ["N-1"]}, "where.value[0]"),
    *(
        ({"not": SPEND | {"of": {key: ["N-1"]}}}, f"where.not.of.{key}[0]")
        for key in ("sku", "group", "department", "brand", "store")
    ),
]


@pytest.mark.parametrize(("where", "place"), WRONG)
def test_a_machine_is_told_where_it_is_wrong_whether_it_saves_or_looks(
    office: TestClient, where: Any, place: str
) -> None:
    for url in ("/segments", "/segment-previews"):
        told = send(office, url, {"name": "Wrong", "where": where})
        assert told.status_code == 422, (url, told.text)
        assert [each["field"] for each in told.json()["errors"]] == [place], url


def test_a_machine_may_look_at_a_question_as_deep_as_it_may_be_saved(office: TestClient) -> None:
    told = send(office, "/segment-previews", {"where": {"not": deep(18)}})
    assert (told.status_code, told.json()["live"]["customers"]) == (200, 1)


VALUES: list[Any] = [
    None, True, False, 0, -1, 7, 10**15, -(10**15), 10**18, 10**40, 0.1, -2.5, 1e-300, 1e300, "", "7", "2017-02-30",
    "2026-01-01",
    "0001-01-01", "9999-12-31", "F", "sms", "374", "x" * 600, "\x00", "\ud800", "\u202e", "𝔘", [], ["7"], [7, "7"],
    [1, 2], [2, 1],
    [1e300, 1], ["2026-01-01", "2025-01-01"], ["0001-01-01", "9999-12-31"], [None], {}, {"a": 1}, [[1]], ["a"] * 2_000,
]  # fmt: skip
PERIODS: list[Any] = [
    None, {}, [], "ever", {"last_days": 0}, {"last_days": 1}, {"last_days": 36_500}, {"last_days": 10**9},
    {"last_days": "7"},
    {"calendar": "last_month"}, {"calendar": "last_year"}, {"calendar": "tomorrow"}, {"from": "2026-01-01"},
    {"from": "0001-01-01", "to": "9999-12-31"}, {"from": "2026-02-01", "to": "2026-01-01"}, {"from": 1, "to": 2},
]  # fmt: skip
THINGS: list[Any] = [
    None, {}, [], {"sku": []}, {"sku": ["1"]}, {"sku": [7]}, {"group": ["7"], "store": ["374"]}, {"colour": ["red"]},
    {"brand": "x"}, {"department": ["\x00"]}, {"group": ["a"] * 1_000},
]  # fmt: skip
OPS = ("eq", "ne", "lt", "le", "gt", "ge", "in", "not_in", "between", "is_null", "like", "", None, 3)
FIELDS = [
    *(field.name for field in REGISTRY),
    "segment",
    "class:Size",
    "class:Colour",
    "class:",
    "class:\x00",
    "age:x",
    "shoe",
    "",
    None,
    7,
]


class Nonsense:
    """Trees of which anything may be wrong."""

    def __init__(self, seed: int) -> None:
        self._pick = random.Random(seed)

    def tree(self, depth: int = 4) -> Any:
        pick = self._pick
        match pick.choice(("all", "any", "not", "leaf", "leaf", "leaf") if depth else ("leaf",)):
            case "not":
                return {"not": self.tree(depth - 1)}
            case "leaf":
                return self._leaf()
            case kind:
                return {kind: [self.tree(depth - 1) for _ in range(pick.randint(0, 3))]}

    def _leaf(self) -> Any:
        pick = self._pick
        if pick.random() < 0.03:
            return pick.choice(VALUES)
        said: dict[str, Any] = {
            "op": pick.choice(OPS[:10] if pick.random() < 0.9 else OPS),
            "value": pick.choice(VALUES),
        }
        if pick.random() < 0.5:
            said["metric"] = pick.choice([*MetricName, "profit", None])
            if pick.random() < 0.5:
                said["over"] = pick.choice(PERIODS)
            if pick.random() < 0.5:
                said["of"] = pick.choice(THINGS)
        else:
            said["field"] = pick.choice(FIELDS)
            if pick.random() < 0.2:
                said["club"] = pick.choice(["GOLD", "", None, 7, "\x00"])
        if pick.random() < 0.03:
            said.pop(pick.choice([*said]))
        return said


def answered(told: Response) -> bool:
    """Whether it was taken; else each fault names its place and says something."""
    assert told.status_code in {200, 201, 422, 409}, told.text[:500]
    if told.status_code == 422:
        faults = told.json()["errors"]
        assert faults
        assert all(each["field"].startswith("where") and each["message"] for each in faults), faults
    return told.status_code < 300


def test_whatever_tree_is_sent_is_answered_or_refused_at_its_place(office: TestClient) -> None:
    nonsense, taken = Nonsense(1), 0
    for number in range(TREES):
        where = nonsense.tree()
        looked = answered(send(office, "/segment-previews", {"where": where}))
        saved = answered(send(office, "/segments", {"name": f"No. {number}", "where": where}))
        assert looked == saved, where
        taken += saved
    assert TREES // 20 < taken < TREES  # some are taken, and so really asked of the database


def test_what_there_is_can_be_named(office: TestClient) -> None:
    for where in (
        {"field": "level", "op": "in", "value": ["BRONZE"]},
        {"field": "level", "club": "GOLD", "op": "eq", "value": "BRONZE"},
        {"field": "level", "op": "is_null", "value": True},
        {"field": "home_store", "op": "eq", "value": 374},
        SPEND | {"of": {"sku": ["7"], "group": ["7"], "department": ["7"], "brand": ["7"], "store": ["374"]}},
    ):
        assert send(office, "/segment-previews", {"where": where}).status_code == 200, where


def test_the_form_marks_the_condition_that_names_what_is_not_there_and_offers_levels_by_name(
    office: TestClient,
) -> None:
    sent = {"form": "1", "name": "Levels", "nodes[0].kind": "all", "nodes[1].kind": "leaf", "nodes[1].parent": "0",
            "nodes[1].what": "field:level", "nodes[1].op": "in", "nodes[1].values[0]": "PLATINUM"}  # fmt: skip
    told = form(office, "/segments", sent)
    assert told.status_code == 422
    assert "No club has a level with the code PLATINUM." in told.text
    assert 'href="#f-nodes-1-new"' in told.text
    drawn = form(office, "/segment-previews", sent | {"nodes[1].new": "ארד", "do": "take|1"})
    assert 'value="BRONZE"' in drawn.text


def test_every_field_answers_every_comparison_that_it_names(office: TestClient, session: Session) -> None:
    """No value within its type makes the database stumble: the smallest, the largest, the oldest."""
    of_kind: dict[str, list[Any]] = {
        "number": [0, -1, 10**15, -(10**15), 0.000001], "text": ["x", "\u202e"], "yes_no": [True, False],
        "date": ["0001-01-01", "9999-12-31", "2024-02-29"],
    }  # fmt: skip
    conditions: list[Any] = []
    for field in REGISTRY:
        values = [each.value for each in field.choices] or of_kind[field.kind.value]
        if field.known is not None:
            values = list(session.scalars(field.known(Ask(dt.date(2026, 1, 1)))))
        if field.least is not None:
            values = [field.least, field.least + 1 if field.most is None else field.most]
        for op in field.ops:
            for value in values:
                said = (
                    [value, values[0]]
                    if op in {"in", "not_in"}
                    else sorted((value, values[0]))
                    if op == "between"
                    else value
                )
                name = f"{field.name}:Size" if field.named else field.name
                conditions.append({"field": name, "op": op.value, "value": True if op == "is_null" else said})
    for metric in MetricName:
        conditions += [
            {"metric": metric, "op": op, "value": value} for op in ("eq", "lt", "ge") for value in of_kind["number"]
        ]
    assert len(conditions) > 200
    for start in range(0, len(conditions), 40):
        told = send(office, "/segment-previews", {"where": {"any": conditions[start : start + 40]}, "exact": True})
        assert told.status_code == 200, told.text
        assert told.json()["live"]["customers"] is not None


ODD = ["", "7", "-1", "1e400", "1e-400", "NaN", "sNaN", "Infinity", "9" * 400, "0x10", "½", "٣", "1,5", "2026-02-30",
    "a" * 600, "\x00",
       "\U0001f600", "<b>", "|", "x|y|z"]  # fmt: skip
NODE = ("kind", "parent", "what", "name", "club", "op", "value", "last", "of_key", "period", "days", "first_day",
        "last_day", "new", "add")  # fmt: skip


def test_whatever_the_form_holds_it_comes_back(office: TestClient) -> None:
    pick = random.Random(2)
    asks = [f"field:{field.name}" for field in REGISTRY] + [f"metric:{name}" for name in MetricName]
    choices = {"kind": ["all", "any", "none", "leaf"], "what": asks, "op": [*OPS[:10]], "period": ["last_days",
        "between", "this_month"],
               "of_key": ["sku", "group", "store"], "parent": ["0", "1", "2"]}  # fmt: skip
    for _ in range(TREES):
        sent = {
            "form": "1",
            "name": "Odd",
            "do": pick.choice(
                ["", "look", "add|0", "take|1", "remove|1", "group|0|any", "as_json", "x|1|2", "drop|9|"]
            ),
        }
        for node in range(pick.randint(1, 5)):
            for name in NODE:
                if pick.random() < 0.7:
                    known = choices.get(name, ODD)
                    sent[f"nodes[{node}].{name}"] = pick.choice(known if pick.random() < 0.85 else ODD)
            for list_ in ("values", "of"):
                sent[f"nodes[{node}].{list_}[0]"] = pick.choice(ODD)
        assert form(office, "/segment-previews", sent).status_code == 200, sent
        assert form(office, "/segments", sent).status_code in {303, 409, 422}, sent


@pytest.mark.parametrize(
    "document",
    ["", "{", "[" * 100_000, "[" * 900, "NaN", "9" * 5_000,
     '{"all": [{"field": "number", "op": "eq", "value": "\\ud800"}]}',
     '{"all": [{"metric": "spend", "op": "ge", "value": 1e999}]}', json.dumps(deep(40))],
)  # fmt: skip
def test_a_question_typed_as_json_is_told_what_is_wrong_with_it(office: TestClient, document: str) -> None:
    sent = {"form": "1", "name": "Typed", "document": document}
    assert form(office, "/segment-previews", sent).status_code == 200
    told = form(office, "/segments", sent)
    assert told.status_code == 422
    assert "e-document" in told.text or "e-name" in told.text or 'role="alert"' in told.text


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"where": ' + b"9" * 5_000 + b"}", b'{"where": {"all": [' * 3_000])
def test_a_body_that_no_parser_takes_is_refused(office: TestClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": f"raw-{len(body)}"}
    for url in ("/segments", "/segment-previews"):
        assert office.post(url, content=body, headers=headers).status_code in {400, 413, 422}
    assert office.get("/segments", headers=HTML).status_code == 200
