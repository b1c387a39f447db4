"""Between a form and a document: what people type as amounts, percentages and lists, and what the document says.

The form's fields have the names of the document's, so that a fault stands beside the field it is about. Conditions are
rows instead of a tree: `conditions[i]` with a kind, `negated`, and whether all or any of them must hold (`match`).
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.money import to_text
from erp_club.kernel.text import T
from erp_club.kernel.typed_numbers import read_scaled
from erp_club.promotions.documents import short
from erp_club.promotions.engine.conditions import All, AnyOf, Not
from erp_club.promotions.engine.offer import Offer
from web.typed_days import read_days, write_days

Typed = dict[str, Any]
ROW_KINDS = (
    "quantity", "amount_minor", "clubs", "weekdays", "dates", "from_time", "stores", "channels", "terminals", "means",
    "segments", "days_before", "celebrates", "from_age", "member_of", "first", "customer_known", "confirm",
)  # fmt: skip
"""Conditions that a row can be, each named by the field that only it has."""
_LISTS = frozenset({"terminals", "levels", "without_price_lists"})
"""Typed as words between commas."""
_FORM_ONLY = frozenset({"form", "offer_id", "revision", "do", "find", "conditions", "match", "document"})


def filled(value: Any) -> Any:
    """The same without fields and rows in which nothing is typed."""
    if isinstance(value, dict):
        return {name: made for name, each in value.items() if (made := filled(each)) not in (None, {})}
    return [made for each in value if (made := filled(each)) not in (None, {})] if isinstance(value, list) else value


def to_document(typed: Mapping[str, Any]) -> dict[str, Any]:
    """What the form says as a document, not validated yet. Raises Invalid where a number can't be read."""
    faults: list[FieldError] = []
    rest = {name: value for name, value in typed.items() if name not in _FORM_ONLY}
    made: dict[str, Any] = _document(rest, "", faults) or {}
    rows = typed.get("conditions")
    leaves = [_leaf(row, index, faults) for index, row in enumerate(rows if isinstance(rows, list) else [])]
    if leaves:
        made["when"] = {"any" if typed.get("match") == "any" else "all": leaves}
    if faults:
        raise Invalid(faults)
    return made


def _leaf(row: Any, index: int, faults: list[FieldError]) -> dict[str, Any]:
    if not isinstance(row, dict):
        return {}
    said = {name: value for name, value in row.items() if name not in {"kind", "negated"}}
    leaf = _document(said, f"conditions[{index}]", faults) or {}
    kind = row.get("kind")
    if isinstance(kind, str) and kind in ROW_KINDS:
        leaf.setdefault(kind, None)  # so that a row without a value is still known for what it is
    return {"not": leaf} if row.get("negated") == "true" else leaf


def _document(value: Any, path: str, faults: list[FieldError]) -> Any:
    """The value without what is empty, numbers read; None where nothing is left."""
    if isinstance(value, dict):
        inner = {
            name: _field(name, each, f"{path}{'.' if path else ''}{name}", faults, value)
            for name, each in value.items()
        }
        return {name: each for name, each in inner.items() if each is not None} or None
    if isinstance(value, list):
        made = [_document(each, f"{path}[{index}]", faults) for index, each in enumerate(value)]
        return [each for each in made if each is not None] or None
    if isinstance(value, str):
        return value.strip() or None
    return value


def _field(name: str, value: Any, path: str, faults: list[FieldError], beside: Mapping[str, Any]) -> Any:
    if name == "steps" and isinstance(value, list):
        unit = "_bp" if beside.get("kind") == "percent" else "_minor"
        made = [_step(step, unit, f"{path}[{index}]", faults) for index, step in enumerate(value)]
        return [step for step in made if step] or None
    if name == "means" and isinstance(value, list):
        return _words(value)
    if not isinstance(value, str):
        return _document(value, path, faults)
    if not value.strip():
        return None
    if name in _LISTS:
        return _words([value])
    if name == "dates":
        return read_days(value)
    return _number(name, value.strip(), path, faults)


def _words(typed: list[Any]) -> list[str] | None:
    """What stands between commas; None for nothing."""
    return [word.strip() for text in typed if isinstance(text, str) for word in text.split(",") if word.strip()] or None


def _step(step: Any, unit: str, path: str, faults: list[FieldError]) -> Any:
    if not isinstance(step, dict):
        return step
    made = _document({name: each for name, each in step.items() if name != "value"}, path, faults) or {}
    if isinstance(step.get("value"), str) and step["value"].strip():
        made["value"] = _number(f"value{unit}", step["value"].strip(), f"{path}.value", faults)
    return made


def _number(name: str, text: str, path: str, faults: list[FieldError]) -> Any:
    if not name.endswith(("_minor", "_bp")):
        return text
    number = read_scaled(text, 4) if name == "multiplier_bp" else read_scaled(text.removesuffix("%"), 2)
    if number is None:
        faults.append(FieldError(path, T("Enter a number.")))
    return text if number is None else number


def to_typed(offer: Offer) -> Typed:
    """The offer as the form shows it, without conditions where no rows can show them."""
    made = _typed(short(offer), None)
    made.pop("when", None)
    rows = condition_rows(offer)
    if rows is not None:
        made["match"], made["conditions"] = rows
    return made


def condition_rows(offer: Offer) -> tuple[str, list[Typed]] | None:
    """`all` or `any` and a row for each condition; None where the tree is deeper than rows can show."""
    when = offer.when
    match, each = (
        ("any", when.any) if isinstance(when, AnyOf) else ("all", when.all if isinstance(when, All) else (when,))
    )
    rows: list[Typed] = []
    for one in each:
        leaf = one.no if isinstance(one, Not) else one
        if isinstance(leaf, All | AnyOf | Not):
            return None
        said = short(leaf)
        kind = next(name for name in ROW_KINDS if name in said)
        rows.append({"kind": kind, "negated": "true" if isinstance(one, Not) else "", **_typed(said, None)})
    return match, rows


def _typed(value: Any, name: str | None, kind: str = "") -> Any:
    if isinstance(value, dict):
        kind = str(value.get("kind", kind))
        return {key: _typed(each, key, kind) for key, each in value.items()}
    if isinstance(value, list):
        if name == "dates":
            return write_days(value)
        if name in _LISTS:
            return ", ".join(str(each) for each in value)
        return [_typed(each, None, kind) for each in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and name is not None:
        return written(name, value, kind)
    return str(value)


def written(name: str, value: int, kind: str) -> str:
    """A number of a document as the form writes it: amounts and shares by their names."""
    if name == "multiplier_bp":
        return f"{Decimal(value).scaleb(-4).normalize():f}"
    if name.endswith("_bp") or (name == "value" and kind == "percent"):
        return f"{Decimal(value).scaleb(-2).normalize():f}"
    return to_text(value) if name.endswith("_minor") or name == "value" else str(value)


def flatten(typed: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The form's fields by name, as they are sent: `rewards[0].on.groups[1]`."""
    if isinstance(typed, dict):
        for name, value in typed.items():
            yield from flatten(value, f"{path}{'.' if path else ''}{name}")
    elif isinstance(typed, list):
        for index, value in enumerate(typed):
            yield from flatten(value, f"{path}[{index}]")
    elif typed is not None:
        yield path, str(typed)


_WHEN = re.compile(r"^when\.(?:all|any)\[(\d+)\](?:\.not)?\.?")
_INSIDE = re.compile(r"\.(?:without_)?(?:products|groups|departments|brands|kinds)(?:\[\d+\])?$")
_ITEM = re.compile(
    r"\.(without_price_lists|products|clubs|stores|terminals|levels|segments|weekdays|dates|channels|means)\[\d+\]$"
)


def field_of(path: str) -> str:
    """The form's field that a fault of the document belongs to."""
    at = _WHEN.sub(lambda match: f"conditions[{match[1]}].", path).rstrip(".")
    if re.search(r"(\.|^)(on|of|count_in)\.", at):
        return _INSIDE.sub("", at)
    return _ITEM.sub(r".\1", at)
