"""Points stand on pages in what their club counts, by one way: the filters that take a unit."""

from collections.abc import Iterator

from jinja2 import nodes

from tests.house import tree
from web.templating import ENVIRONMENT

IN_UNITS = ("amount", "points", "typed_points")
PLAIN = {"num", "string", "ltr"}
"""Filters that write a number as it is kept."""
POINTS = {
    "available", "balance", "balance_after", "cost_points", "debt", "earns", "given_back", "least_points",
    "most_points", "next_month_points", "next_points", "own_points", "pending", "points", "points_lost", "points_used",
    "taken_back", "written_off",
}  # fmt: skip
HANDED_ON = {("clubs/_end.html", "points_lost"), ("people/erase.html", "points")}
"""What a hidden field hands on, by template and name, stands in the parts that it is kept in."""


def _written(node: nodes.Node | None) -> Iterator[str]:
    """The figures of points that an expression comes to, as they are kept."""
    match node:
        case nodes.Getattr() if node.attr in POINTS:
            yield node.attr
        case nodes.Neg() | nodes.Pos():
            yield from _written(node.node)
        case nodes.BinExpr():
            yield from (*_written(node.left), *_written(node.right))
        case nodes.CondExpr():
            yield from (*_written(node.expr1), *_written(node.expr2))
        case _:
            pass


def _bare(source: str) -> Iterator[str]:
    """Such figures that are written out, or fill a sentence, or make its plural."""
    page = ENVIRONMENT.parse(source)
    for output in page.find_all(nodes.Output):
        for each in output.nodes:
            yield from _written(each)
    for used in page.find_all(nodes.Filter):
        if used.name in PLAIN:
            yield from _written(used.node)
    for said in page.find_all(nodes.Call):
        if isinstance(said.node, nodes.Name) and said.node.name in {"_", "ngettext"}:
            for each in (*said.args[2:], *(filled.value for filled in said.kwargs)):
                yield from _written(each)


def test_every_figure_of_points_on_a_page_is_in_its_unit():
    wrong = [
        f"{short}: {figure}"
        for path in tree.files("web/templates", ".html")
        for short in [tree.name(path).removeprefix("web/templates/")]
        for figure in _bare(path.read_text(encoding="utf-8"))
        if (short, figure) not in HANDED_ON
    ]
    assert not wrong, f"Write them with one of the filters {IN_UNITS}, which take the club's unit: {wrong}"


def test_a_figure_without_its_unit_is_found():
    for source in (
        "{{ held.points|num }}", "{{ each.balance }}", "{{ (-each.points)|num(sign=True) }}",
        '{{ _("%(points)s left", points=view.points|num) }}', '{{ ngettext("%(num)s", "%(num)s", held.debt) }}',
    ):  # fmt: skip
        assert list(_bare(source)), source
    assert not list(_bare("{{ held.points|points(held.unit) }}{{ each.balance|amount(unit) }}"))
