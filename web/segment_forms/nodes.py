"""The builder's form as a definition, and a definition as the form: a flat list of nodes that name their parent.

A node is a group (`all`, `any`, `none`) or a condition. Values are as somebody types them: amounts with a
point, several as the chips of `values`. What a form can't say, such as an order among texts, is edited as JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.fields import Kind, Op, Registry
from erp_club.kernel.money import to_text
from erp_club.kernel.text import T
from erp_club.kernel.typed_numbers import read_number, read_scaled
from erp_club.segments.sentence import AMOUNTS
from erp_club.segments.tree import MOST_LEAVES, Calendar, MetricName, OfKey

GROUPS = ("all", "any", "none")
SEGMENT = "field:segment"
CLASS = "field:class"
_MOST_PLACES = 6
"""Decimals of quantities and of classifications; other figures are counted, and have none or few."""
MOST_NODES = 2 * MOST_LEAVES
TEXT_OPS = (Op.IN, Op.NOT_IN, Op.IS_NULL)


@dataclass
class Node:
    """A group or a condition of the form; `path` is where its faults are told."""

    kind: str = "leaf"
    parent: int | None = None
    what: str = ""
    name: str = ""
    club: str = ""
    op: str = ""
    value: str = ""
    last: str = ""
    values: list[str] = field(default_factory=list[str])
    of_key: str = ""
    of: list[str] = field(default_factory=list[str])
    period: str = ""
    days: str = ""
    first_day: str = ""
    last_day: str = ""
    new: str = ""
    add: str = ""

    @property
    def is_group(self) -> bool:
        """Whether other nodes stand in it."""
        return self.kind in GROUPS

    @property
    def metric(self) -> MetricName | None:
        """The figure that it asks for."""
        name = self.what.removeprefix("metric:")
        return MetricName(name) if self.what.startswith("metric:") and name in set(MetricName) else None


_TEXTS = (
    "what",
    "name",
    "club",
    "op",
    "value",
    "last",
    "of_key",
    "period",
    "days",
    "first_day",
    "last_day",
    "new",
    "add",
)


def typed_nodes(said: Any) -> list[Node]:
    """The nodes of a posted form, whatever it holds; the first is always a group."""
    rows = said if isinstance(said, list) else []
    made: list[Node] = []
    for index, row in enumerate(rows[:MOST_NODES]):
        given: Mapping[str, Any] = row if isinstance(row, dict) else {}
        node = Node()
        for name in _TEXTS:
            setattr(node, name, _text(given.get(name)))
        node.kind = _text(given.get("kind")) if _text(given.get("kind")) in GROUPS else "leaf"
        node.values, node.of = _texts(given.get("values")), _texts(given.get("of"))
        parent = _text(given.get("parent"))
        node.parent = int(parent) if index and parent.isdecimal() and len(parent) < 6 and int(parent) < index else None
        if index and (node.parent is None or not made[node.parent].is_group):
            node.parent = 0
        made.append(node)
    if not made or not made[0].is_group:
        made = [Node(kind="all")]
    return made


def _text(value: Any) -> str:
    return str(value)[:500].strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _texts(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return list(dict.fromkeys(text for text in map(_text, found) if text))[:1_000]


def children(nodes: list[Node], parent: int) -> list[int]:
    """The nodes right below one, in order."""
    return [index for index, node in enumerate(nodes) if node.parent == parent and index]


def without(nodes: list[Node], gone: int) -> list[Node]:
    """The form without a node and all that stands in it."""
    if gone == 0:
        return [Node(kind=nodes[0].kind)]
    lost = {gone}
    for index, node in enumerate(nodes):
        if node.parent in lost:
            lost.add(index)
    return _renumbered([(index, node) for index, node in enumerate(nodes) if index not in lost])


def _renumbered(kept: list[tuple[int, Node]]) -> list[Node]:
    places = {old: new for new, (old, _) in enumerate(kept)}
    for _, node in kept:
        node.parent = None if node.parent is None else places[node.parent]
    return [node for _, node in kept]


def to_condition(nodes: list[Node], registry: Registry) -> tuple[dict[str, Any], dict[str, int]]:
    """The definition's condition, and by path in it the node it came from, so that faults find their place.

    Raises Invalid for what can't be read at all.
    """
    builder = _Builder(nodes, registry)
    made = builder.made(0, "where")
    if builder.faults:
        raise Invalid(builder.faults)
    return made, builder.places


def says_still(nodes: list[Node], held: Any, registry: Registry) -> bool:
    """Whether the form is as it was filled from the condition that is held."""
    filled = None if held is None else from_condition(held, registry)
    try:
        return filled is not None and to_condition(nodes, registry)[0] == to_condition(filled, registry)[0]
    except Invalid:
        return False


class _Builder:
    def __init__(self, nodes: list[Node], registry: Registry) -> None:
        self._nodes, self._registry = nodes, registry
        self.places: dict[str, int] = {}
        self.faults: list[FieldError] = []

    def made(self, index: int, path: str) -> dict[str, Any]:
        node = self._nodes[index]
        self.places[path] = index
        if not node.is_group:
            return self._leaf(index, node)
        inner, below = ("any", f"{path}.not.any") if node.kind == "none" else (node.kind, f"{path}.{node.kind}")
        found = children(self._nodes, index)
        parts = [self.made(child, f"{below}[{place}]") for place, child in enumerate(found)]
        return {"not": {"any": parts}} if node.kind == "none" else {inner: parts}

    def _leaf(self, index: int, node: Node) -> dict[str, Any]:
        metric = node.metric
        made: dict[str, Any] = {}
        kind = Kind.NUMBER
        if metric is not None:
            made["metric"] = metric.value
            if node.of:
                made["of"] = {node.of_key or OfKey.GROUP.value: node.of}
            if over := self._period(node):
                made["over"] = over
        else:
            asked = node.what.removeprefix("field:")
            made["field"] = f"{asked}:{node.name}" if asked == "class" else asked
            known = self._registry.find(made["field"])
            kind = known[0].kind if known else Kind.TEXT
            if node.club and known and known[0].by_club:
                made["club"] = node.club
        made["op"] = node.op
        if node.op == Op.IS_NULL:
            made["value"] = node.value != "false"
        elif kind is Kind.TEXT:
            made["value"] = node.values
        elif node.op == Op.BETWEEN:
            made["value"] = [self._one(index, kind, each, metric) for each in (node.value, node.last)]
        else:
            made["value"] = self._one(index, kind, node.value, metric)
        return made

    def _period(self, node: Node) -> dict[str, Any] | None:
        if node.period == "last_days":
            return {"last_days": int(node.days) if node.days.isdecimal() and len(node.days) < 9 else node.days}
        if node.period == "between":
            return {"from": node.first_day, "to": node.last_day}
        return {"calendar": node.period} if node.period in set(Calendar) else None

    def _one(self, index: int, kind: Kind, typed: str, metric: MetricName | None) -> Any:
        if kind is Kind.DATE:
            return typed
        parted = metric is MetricName.QUANTITY or self._nodes[index].what == CLASS
        found = read_scaled(typed, 2) if metric in AMOUNTS else read_number(typed, _MOST_PLACES if parted else 2)
        if found is None:
            self.faults.append(FieldError(f"nodes[{index}].value", T("A number is needed here.")))
            return 0
        return int(found) if found == int(found) else float(found)


def from_condition(condition: Any, registry: Registry) -> list[Node] | None:
    """The form of a definition; None where a form can't say it."""
    nodes: list[Node] = []
    try:
        if not isinstance(condition, dict) or not ({"all", "any", "not"} & condition.keys()):
            condition = {"all": [condition]}
        _place(condition, None, nodes, registry)
    except (KeyError, TypeError, ValueError, IndexError):
        return None
    return nodes if nodes and nodes[0].is_group else None


def _place(said: dict[str, Any], parent: int | None, nodes: list[Node], registry: Registry) -> None:
    here = len(nodes)
    if "not" in said:
        inner = said["not"]
        nodes.append(Node(kind="none", parent=parent))
        for part in inner.get("any", [inner]):
            _place(part, here, nodes, registry)
        return
    for kind in ("all", "any"):
        if kind in said:
            nodes.append(Node(kind=kind, parent=parent))
            for part in said[kind]:
                _place(part, here, nodes, registry)
            return
    nodes.append(_of_metric(said, parent) if "metric" in said else _of_field(said, parent, registry))


def _of_metric(said: dict[str, Any], parent: int | None) -> Node:
    node = Node(parent=parent, what=f"metric:{said['metric']}", op=said["op"])
    of = said.get("of") or {}
    if len(of) > 1:
        raise ValueError
    for key, values in of.items():
        node.of_key, node.of = key, [str(value) for value in values]
    match said.get("over"):
        case None:
            pass
        case {"last_days": days}:
            node.period, node.days = "last_days", str(days)
        case {"calendar": name}:
            node.period = name
        case {"from": first, "to": last}:
            node.period, node.first_day, node.last_day = "between", first, last
        case _:
            raise ValueError
    _set_value(node, said, Kind.NUMBER, amounts=node.metric in AMOUNTS)
    return node


def _of_field(said: dict[str, Any], parent: int | None, registry: Registry) -> Node:
    asked, _, name = said["field"].partition(":")
    known = registry.find(said["field"])
    kind = Kind.TEXT if asked == "segment" else known[0].kind
    node = Node(parent=parent, what=f"field:{asked}", name=name, club=said.get("club", ""), op=said["op"])
    if kind is Kind.TEXT:
        value = said.get("value")
        if (not isinstance(value, str | list) and said["op"] != Op.IS_NULL) or said["op"] not in {
            *TEXT_OPS,
            "eq",
            "ne",
        }:
            raise ValueError
        node.op = {"eq": "in", "ne": "not_in"}.get(said["op"], said["op"])
    _set_value(node, said, kind, amounts=False)
    return node


def _set_value(node: Node, said: dict[str, Any], kind: Kind, *, amounts: bool) -> None:
    value = said.get("value", True)
    if node.op == Op.IS_NULL:
        node.value = "true" if value else "false"
    elif kind is Kind.TEXT:
        node.values = [str(each) for each in value] if isinstance(value, list) else [str(value)]
    elif node.op in {Op.IN, Op.NOT_IN}:
        raise ValueError
    else:
        ends = value if isinstance(value, list) else [value]
        told = [to_text(each) if amounts else str(each) for each in ends]
        node.value, node.last = told[0], told[-1] if len(told) > 1 else ""
