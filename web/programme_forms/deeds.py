"""What the form's buttons do to the document: add a rule or a step, take one away, turn a part on. Pure."""

import copy
import re
from typing import Any

from web.programme_forms import fields as f
from web.programme_forms.layout import form_of, layout
from web.programme_forms.paths import OPEN, Document, at, parent, put, rows, steps

_GIFTS = [f.GIFTS["amount"].begins]
_ON: dict[str, Any] = {
    "fees.joining_waiver.steps": [{"at_least_minor": 100000}],
    "fees.waiver.steps": [{"at_least_minor": 100000}],
    "fees.levels": [{"level": "GOLD", "joining_minor": 0, "renewal_minor": 0}],
    "fees.segments": [{"segments": [], "joining_minor": 0, "renewal_minor": 0}],
    "fees.terms": [{"months": 24, "joining_minor": 0, "renewal_minor": 0}],
    "redemption": {"worth_points": 1, "worth_minor": 100},
    "levels": {"levels": [{"code": "BASIC", "at_least": 0}, {"code": "GOLD", "at_least": 100000}]},
    "levels.milestones": [{"code": "milestone", "at": 50000, "gives": _GIFTS}],
    "levels.levels.gives": _GIFTS,
    "levels.levels.staying": {"gives": _GIFTS},
    "levels.levels.instead": [{"measure": {"counts": "visits"}, "at_least": 10}],
    "levels.levels.also": [{"measure": {"counts": "visits"}, "at_least": 10}],
    "expiry.levels": [{"levels": [], "months": 24}],
    "earning.rules.growing.steps": [{"from_minor": 10000, "points": 2}],
    "counters.rules.growing.steps": [{"from_minor": 10000, "points": 2}],
    "rewards.needs": [{"at_least": 10000, "periods": 3}],
    "rewards.extras": [{"code": "extra", "times_bp": 20000}],
}
"""What a part begins with, by its place without the numbers of rows."""
_ONE = {
    "counter": f.Kind("", {"rules": [f.EARNING["unit"].begins]}, ()),
    "benefit": f.Kind("", {}, ()),
}
_KINDS = {
    "earning.rules": f.EARNING, "counters.rules": f.EARNING, "earning.events": f.EVENTS, "occasions": f.OCCASIONS,
    "rewards": f.REWARDS, "counters": {"counter": _ONE["counter"]}, "benefits": {"benefit": _ONE["benefit"]},
    "entitlements": {"benefit": _ONE["benefit"]},
}  # fmt: skip
_ROW = re.compile(r"\[\d+\]")
_MOST_ROWS = 50


def done(document: Document, deed: str) -> Document:
    """The document after a button; a deed that nobody knows changes nothing."""
    made = copy.deepcopy(document)
    verb, _, rest = deed.partition("|")
    path, _, kind = rest.partition("|")
    match verb:
        case "add" if kind in _KINDS.get(_ROW.sub("", path), {}) and _is_there(made, path):
            _add(made, path, kind)
        case "more" if deed in _offered(made):
            put(made, OPEN, [*rows(made, OPEN), path])
        case "row" if isinstance(at(made, path), list) and 0 < len(at(made, path)) < _MOST_ROWS:
            put(made, f"{path}[{len(at(made, path))}]", _following(copy.deepcopy(at(made, path)[-1])))
        case "remove" if at(made, path) is not None:
            _remove(made, path)
        case "up" if follows(path) and at(made, path) is not None:
            _move_up(made, path)
        case "on" if deed in _offered(made):
            put(made, path, copy.deepcopy(_ON[_ROW.sub("", path)]))
        case _:
            pass
    return made


def _offered(document: Document) -> set[str]:
    sections = layout(document)
    held = {each.do for section in sections for block in section.blocks for each in block.adds}
    return held | {each.do for section in sections for each in section.adds}


def _is_there(document: Document, path: str) -> bool:
    return "[" not in path or at(document, parent(path)) is not None


def follows(path: str) -> bool:
    """Whether it is a rule that stands behind another one. Levels stand by their figures, not by hand."""
    return path.endswith("]") and not path.endswith("[0]") and not path.startswith("levels.")


def before(path: str) -> str:
    """The place before that of a rule which follows another one."""
    return f"{parent(path)}[{int(steps(path)[-1]) - 1}]"


def _move_up(made: Document, path: str) -> None:
    """Let it change places with the rule before it, and the marks of both."""
    ahead = before(path)
    rule, other = at(made, path), at(made, ahead)
    put(made, ahead, rule)
    put(made, path, other)
    swapped = {path: ahead, ahead: path}
    marks = (
        re.sub(rf"^{re.escape(parent(path))}\[\d+\]", lambda m: swapped.get(m[0], m[0]), each)
        for each in rows(made, OPEN)
    )
    put(made, OPEN, [*marks] or None)


def _remove(made: Document, path: str) -> None:
    """Take it away, with the marks of the rows after it, which move up."""
    put(made, path, None)
    holder = parent(path)
    if path.endswith("]"):
        if at(made, holder) == []:
            put(made, holder, None)
        put(made, OPEN, [each for each in rows(made, OPEN) if not each.startswith(f"{holder}[")] or None)


def _add(made: Document, path: str, kind: str) -> None:
    begins = copy.deepcopy(_KINDS[_ROW.sub("", path)][kind].begins)
    name = kind.replace("_", "-")
    held = rows(made, path)
    taken = _codes(made)
    code = next(each for number in range(1, 1000) if (each := name if number == 1 else f"{name}-{number}") not in taken)
    rule: dict[str, Any] = {"code": code, **begins}
    match path:
        case "occasions":
            rule["gives"] = copy.deepcopy(_GIFTS)
        case "rewards":
            rule |= {
                "period": rule.get("period", {"every": "month"}),
                "gives": rule.get("gives", {"kind": "stored_value"}),
            }
        case "benefits":
            rule |= {"points": 100, "gives": copy.deepcopy(f.GIFTS["amount"].begins)}
        case "entitlements":
            rule |= {"gives": copy.deepcopy(f.GIFTS["percent"].begins)}
        case "counters":
            rule["rules"][0]["code"] = f"{code}-unit"
        case _:
            pass
    put(made, f"{path}[{len(held)}]", rule)


def _codes(document: Document) -> set[str]:
    lists = ["earning.rules", "earning.events", "counters", "rewards", "occasions", "benefits", "entitlements"]
    lists += [f"counters[{index}].rules" for index in range(len(rows(document, "counters")))]
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
