"""What the buttons inside the form do to what is typed: add and take away rewards, conditions, rows and things.

Each is written in the button's value, parts between bars: `add|rewards[0].on|groups|Tea`, `remove|conditions[1]`.
"""

import copy
import re
from collections.abc import Iterator
from typing import Any

from erp_club.promotions.documents import Thing
from web.offer_forms.fields import CONDITIONS, REWARDS
from web.offer_forms.typed import Typed

_STEP = re.compile(r"([a-z_]+)|\[(\d{1,4})\]")
PLURALS = {
    Thing.PRODUCT: "products", Thing.GROUP: "groups", Thing.DEPARTMENT: "departments", Thing.BRAND: "brands",
    Thing.CLUB: "clubs", Thing.STORE: "stores", Thing.SEGMENT: "segments",
}  # fmt: skip
"""The list of a scope or condition that holds such things."""


def done(typed: Typed, deed: str) -> Typed:
    """What is typed after the button; what makes no sense changes nothing."""
    made = copy.deepcopy(typed)
    verb, *rest = deed.split("|", 3)
    if verb == "add" and len(rest) == 3:
        _add(made, *rest)
    elif verb == "remove" and rest:
        _remove(made, rest[0])
    elif verb == "row" and rest:
        _append(made, rest[0], {})
    elif verb == "reward" and rest and rest[0] in REWARDS:
        _append(made, "rewards", {"kind": rest[0]})
    elif verb == "condition" and rest and rest[0] in CONDITIONS:
        _append(made, "conditions", {"kind": rest[0]})
    return made


def at(typed: Any, path: str) -> Any:
    """What stands at a path; None for nothing."""
    for step in _steps(path):
        if isinstance(typed, dict) and isinstance(step, str):
            typed = typed.get(step)
        elif isinstance(typed, list) and isinstance(step, int) and step < len(typed):
            typed = typed[step]
        else:
            return None
    return typed


def _steps(path: str) -> Iterator[str | int]:
    for word, number in _STEP.findall(path)[:8]:
        yield int(number) if number else word


def _add(typed: Typed, path: str, name: str, key: str) -> None:
    holder = _made(typed, path)
    if holder is None or not re.fullmatch(r"[a-z_]+", name):
        return
    if name in {"club", "member_of", "batch", "product"}:
        holder[name] = key
    else:
        held = holder.setdefault(name, [])
        if isinstance(held, list) and key not in held:
            held.append(key)
    typed.pop("find", None)


def _made(typed: Typed, path: str) -> dict[str, Any] | None:
    """The object at a path, made where it is only missing."""
    *before, last = list(_steps(path)) or [""]
    holder: Any = typed
    for step in before:
        if isinstance(holder, dict) and isinstance(step, str):
            holder = holder.setdefault(step, {})
        elif isinstance(holder, list) and isinstance(step, int) and step < len(holder):
            holder = holder[step]
        else:
            return None
    if isinstance(last, int):
        found = holder[last] if isinstance(holder, list) and last < len(holder) else None
    else:
        found = holder.setdefault(last, {}) if isinstance(holder, dict) else None
    return found if isinstance(found, dict) else None


def _append(typed: Typed, path: str, row: dict[str, Any]) -> None:
    *before, last = list(_steps(path)) or [""]
    holder = typed if not before else at(typed, path.rpartition(".")[0])
    if isinstance(holder, dict) and isinstance(last, str):
        rows = holder.setdefault(last, [])
        if isinstance(rows, list) and len(rows) < 50:
            # A row without a field isn't sent by the browser, so every row has one.
            rows.append(row or {"new": ""})


def _remove(typed: Typed, path: str) -> None:
    steps = list(_steps(path))
    if not steps:
        return
    cut = len(path) - (len(str(steps[-1])) + (2 if isinstance(steps[-1], int) else 0))
    holder = at(typed, path[:cut].rstrip(".")) if cut else typed
    last = steps[-1]
    if isinstance(holder, dict) and isinstance(last, str):
        holder.pop(last, None)
    elif isinstance(holder, list) and isinstance(last, int) and last < len(holder):
        del holder[last]
