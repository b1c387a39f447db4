"""The journey's people and purchases as plain rows, straight from the raw files, and random questions about them."""

import csv
import datetime as dt
import gzip
import random
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from erp_club import demo
from tests.segments.evaluation import Line, Person

DATA = Path(str(demo.__file__)).parent / "data"
OPS = ("eq", "ne", "lt", "le", "gt", "ge", "in", "not_in", "between", "is_null")


def _opened(name: str) -> TextIO:
    path = next(DATA.glob(f"{name}*"))
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def rows(name: str) -> list[dict[str, str]]:
    with _opened(name) as stream:
        return list(csv.DictReader(stream))


def people(customers: list[dict[str, str]], purchases: list[dict[str, str]]) -> dict[str, Person]:
    """Everybody by number, with their lines."""
    products = {row["sku"]: row for row in rows("products")}
    known: dict[str, Person] = {}
    for row in customers:
        person = Person(row["number"], birthday=dt.date.fromisoformat(row["birthday"]) if row["birthday"] else None)
        person.fields = {name: row[name] or None for name in ("gender", "language", "home_store", "number")}
        person.consents = {
            name
            for name in ("sms", "email", "post", "advertising")
            if row[f"consent_{name}"].lower() in {"1", "yes", "true"}
        }
        known[person.number] = person
    for row in purchases:
        product = products.get(row["sku"], {})
        line = Line(
            (row["store"], row["receipt_no"]),
            row["store"],
            dt.datetime.fromisoformat(row["sold_at"]).date(),
            row["sku"],
            product.get("group") or None,
            product.get("department") or None,
            product.get("brand") or None,
            Decimal(row["quantity"]),
            int(Decimal(row["amount"]) * 100),
        )
        if row["customer_number"] in known:
            known[row["customer_number"]].lines.append(line)
    return known


class Asking:
    """Random condition trees about things that occur, of every metric, field, operator and period."""

    def __init__(self, seed: int, everybody: dict[str, Person], as_of: dt.date) -> None:
        self._pick = random.Random(seed)
        self._as_of = as_of
        self._lines = [line for person in everybody.values() for line in person.lines]
        self._people = list(everybody.values())

    def tree(self, depth: int = 3) -> dict[str, Any]:
        kind = self._pick.choice(("all", "any", "not", "leaf", "leaf")) if depth else "leaf"
        if kind == "not":
            return {"not": self.tree(depth - 1)}
        if kind in {"all", "any"}:
            return {kind: [self.tree(depth - 1) for _ in range(self._pick.randint(1, 3))]}
        return self._metric() if self._pick.random() < 0.65 else self._field()

    def _metric(self) -> dict[str, Any]:
        metric = self._pick.choice(("spend", "purchases", "quantity", "visit_days", "returns", "days_since_last"))
        made: dict[str, Any] = {"metric": metric}
        if self._pick.random() < 0.6:
            made["of"] = self._of()
        if self._pick.random() < 0.7:
            made["over"] = self._period()
        top = {"spend": 20_000, "quantity": 30, "days_since_last": 120, "returns": 1}.get(metric, 8)
        return made | self._compared(lambda: self._pick.choice((0, self._pick.randint(0, top))), OPS)

    def _of(self) -> dict[str, list[str]]:
        keys = self._pick.choice((("group",), ("group",), ("store",), ("department",), ("brand", "group"), ("sku",),
                                  ("group", "store"), ("department", "brand", "store")))  # fmt: skip
        lines = self._pick.choices(self._lines, k=self._pick.randint(1, 4))
        found = {key: sorted({value for line in lines if (value := getattr(line, key))}) for key in keys}
        return {key: values for key, values in found.items() if values}

    def _period(self) -> dict[str, Any]:
        kind = self._pick.randint(0, 2)
        if kind == 0:
            return {"last_days": self._pick.choice((1, 7, 30, 90, 365))}
        if kind == 1:
            return {"calendar": self._pick.choice(("last_month", "this_month", "last_year", "this_year"))}
        first = self._as_of - dt.timedelta(days=self._pick.randint(-5, 300))
        last = first + dt.timedelta(days=self._pick.randint(0, 100))
        return {"from": first.isoformat(), "to": last.isoformat()}

    def _field(self) -> dict[str, Any]:
        name = self._pick.choice(("age", "birthday_in_days", "birthday_month", "gender", "language", "home_store",
                                  "consent", "number", "favourite_group"))  # fmt: skip
        same = ("eq", "ne", "in", "not_in", "is_null")
        match name:
            case "age" | "birthday_in_days" | "birthday_month":
                top = {"age": 80, "birthday_in_days": 365, "birthday_month": 12}[name]
                return {"field": name} | self._compared(lambda: self._pick.randint(0, top), OPS)
            case "consent":
                return {"field": name} | self._compared(
                    lambda: self._pick.choice(("sms", "email", "post", "advertising")), same[:4]
                )
            case "favourite_group":
                groups = [line.group for line in self._lines if line.group]
                return {"field": name} | self._compared(lambda: self._pick.choice(groups), same)
            case "number":
                return {"field": name} | self._compared(lambda: self._pick.choice(self._people).number, OPS)
            case _:
                known = [person.fields[name] for person in self._people if person.fields[name]]
                return {"field": name} | self._compared(lambda: self._pick.choice(known), same)

    def _compared(self, value: Any, ops: tuple[str, ...]) -> dict[str, Any]:
        op = self._pick.choice(ops)
        match op:
            case "is_null":
                return {"op": op, "value": self._pick.choice((True, False))}
            case "in" | "not_in":
                return {"op": op, "value": [value() for _ in range(self._pick.randint(1, 4))]}
            case "between":
                return {"op": op, "value": sorted((value(), value()))}
            case _:
                return {"op": op, "value": value()}
