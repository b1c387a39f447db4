"""What the form's buttons do to the document: add a rule or a step, take one away, turn a part on. Pure."""

import copy
from typing import Any

from web.programme_forms import fields as f
from web.programme_forms.layout import form_of
from web.programme_forms.paths import Document, at, parent, put, rows

_ON: dict[str, Any] = {
    "fees.waiver.steps": [{"at_least_minor": 100000}],
    "redemption": {"worth_points": 1, "worth_minor": 100},
    "levels": {"levels": [{"code": "BASIC", "at_least": 0}, {"code": "GOLD", "at_least": 100000}]},
}
_KINDS = {"earning.rules": f.EARNING, "earning.events": f.EVENTS, "occasions": f.OCCASIONS, "rewards": f.REWARDS}
_MOST_ROWS = 50


def done(document: Document, deed: str) -> Document:
    """The document after a button; a deed that nobody knows changes nothing."""
    made = copy.deepcopy(document)
    verb, _, rest = deed.partition("|")
    path, _, kind = rest.partition("|")
    match verb:
        case "add" if path in _KINDS and kind in _KINDS[path]:
            _add(made, path, kind)
        case "row" if isinstance(at(made, path), list) and 0 < len(at(made, path)) < _MOST_ROWS:
            put(made, f"{path}[{len(at(made, path))}]", _following(copy.deepcopy(at(made, path)[-1])))
        case "remove" if at(made, path) is not None:
            put(made, path, None)
            if path.endswith("]") and at(made, parent(path)) == []:
                put(made, parent(path), None)
        case "on" if path in _ON:
            put(made, path, copy.deepcopy(_ON[path]))
        case _:
            pass
    return made


def _add(made: Document, path: str, kind: str) -> None:
    begins = copy.deepcopy(_KINDS[path][kind].begins)
    name = kind.replace("_", "-")
    held = rows(made, path)
    taken = _codes(made)
    code = next(each for number in range(1, 1000) if (each := name if number == 1 else f"{name}-{number}") not in taken)
    rule: dict[str, Any] = {"code": code, **begins}
    if path == "occasions":
        rule["gives"] = [copy.deepcopy(f.GIFTS["amount"].begins)]
    if path == "rewards":
        rule |= {"period": {"every": "month"}, "gives": {"kind": "stored_value"}}
    put(made, f"{path}[{len(held)}]", rule)


def _codes(document: Document) -> set[str]:
    lists = ("earning.rules", "earning.events", "counters", "rewards", "occasions", "benefits", "entitlements")
    return {str(each.get("code")) for path in lists for each in rows(document, path) if isinstance(each, dict)}


def _following(row: Any) -> Any:
    """A row after the last one: its figures doubled, so that it stands above it."""
    if not isinstance(row, dict):
        return row
    for name in ("from_minor", "from_amount", "at", "at_least", "at_least_minor", "value", "points"):
        if isinstance(row.get(name), int) and (name not in {"value", "points"} or form_of(row) == ""):
            row[name] = row[name] * 2
    if "code" in row:
        row["code"] = f"{row['code']}-2"
    return row
