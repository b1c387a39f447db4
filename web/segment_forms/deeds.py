"""What the builder's buttons do to its form."""

from collections.abc import Callable

from web.segment_forms.asks import Ask, found, new_node
from web.segment_forms.nodes import GROUPS, MOST_NODES, Node, children, without

Means = Callable[[str, str], str | None]


def done(nodes: list[Node], deed: str, known: dict[str, Ask], means: Means) -> tuple[list[Node], dict[str, str]]:
    """The form after a button (`name|node|value`), and what it couldn't do, by field; `means` reads typed values."""
    if not deed:  # only looked at while somebody types: a word half written isn't meant yet
        return nodes, {}
    name, _, rest = deed.partition("|")
    number, _, value = rest.partition("|")
    index = int(number) if number.isdecimal() and len(number) < 6 else -1
    if 0 <= index < len(nodes):
        if name == "remove":
            return without(nodes, index), {}
        if name == "group" and len(nodes) < MOST_NODES and nodes[index].is_group:
            nodes.append(Node(kind=value if value in GROUPS else "any", parent=index))
        if name == "pick":
            nodes[index].new = value
        if name == "drop":
            node = nodes[index]
            node.of = [each for each in node.of if each != value]
            node.values = [each for each in node.values if each != value]
    return nodes, _typed(nodes, known, means)


def _typed(nodes: list[Node], known: dict[str, Ask], means: Means) -> dict[str, str]:
    """Take what stands in the fields that add something: whichever button was pressed, nothing typed is lost."""
    lost: dict[str, str] = {}
    for index in range(len(nodes)):
        node = nodes[index]
        if node.add and node.is_group and len(nodes) < MOST_NODES:
            ask = found(known, node.add)
            if ask is None:
                lost[f"nodes[{index}].add"] = node.add
                continue
            nodes.append(new_node(ask, index))
            node.add = ""
        ask = known.get(node.what)
        if node.new and not node.is_group and ask is not None:
            by_label = {said.casefold(): value for value, label in ask.choices for said in (value, label)}
            meant = by_label.get(node.new.casefold()) or means(node.of_key if ask.metric else ask.picker, node.new)
            if meant is None:
                lost[f"nodes[{index}].new"] = node.new
                continue
            if ask.metric:
                node.of = _more(node.of, meant)
            else:
                node.values = _more(node.values, meant)
            node.new = ""
    return lost


def _more(values: list[str], new: str) -> list[str]:
    return list(dict.fromkeys((*values, new)))


__all__ = ["children", "done"]
