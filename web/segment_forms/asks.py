"""What the builder offers to ask: figures and fields by their names in the reader's language, and how they compare."""

from dataclasses import dataclass

from erp_club.kernel.fields import Field, Kind, Op, Registry
from erp_club.kernel.text import N_, T
from erp_club.segments.sentence import METRICS, OF
from erp_club.segments.tree import Calendar, MetricName
from web.i18n import say, translate
from web.segment_forms.nodes import SEGMENT, Node

OPS: dict[Op, str] = {
    Op.GE: N_("at least"), Op.LE: N_("at most"), Op.EQ: N_("exactly"), Op.GT: N_("over"), Op.LT: N_("below"),
    Op.NE: N_("not"), Op.BETWEEN: N_("from … to …"), Op.IN: N_("is one of"), Op.NOT_IN: N_("is none of"),
    Op.IS_NULL: N_("is not known"),
}  # fmt: skip
PERIODS: dict[str, str] = {
    "": N_("ever"), "last_days": N_("in the last days"), "between": N_("between two days"),
    Calendar.THIS_MONTH.value: N_("this month"), Calendar.LAST_MONTH.value: N_("last month"),
    Calendar.THIS_YEAR.value: N_("this year"), Calendar.LAST_YEAR.value: N_("last year"),
}  # fmt: skip
_NUMBER_OPS = (Op.GE, Op.LE, Op.EQ, Op.GT, Op.LT, Op.NE, Op.BETWEEN)


@dataclass(frozen=True, slots=True)
class Ask:
    """A question of the builder, with how it may be answered. `picker` names the list its values come from."""

    what: str
    label: str
    kind: Kind
    ops: tuple[tuple[str, str], ...]
    picker: str = ""
    by_club: bool = False
    named: bool = False
    metric: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    about: str = ""

    @property
    def called(self) -> dict[str, str]:
        """What its possible values are called."""
        return dict(self.choices)


def asks(registry: Registry) -> dict[str, Ask]:
    """Every question by its name in the form, in the order of the words."""
    found = [_of_metric(metric) for metric in MetricName] + [_of_field(field) for field in registry]
    found.append(Ask(SEGMENT, say(T("Segment")), Kind.TEXT, _ops((Op.IN, Op.NOT_IN)), picker="segment"))
    return {ask.what: ask for ask in sorted(found, key=lambda ask: ask.label.casefold())}


def _of_metric(metric: MetricName) -> Ask:
    return Ask(f"metric:{metric.value}", say(METRICS[metric]), Kind.NUMBER, _ops(_NUMBER_OPS), metric=True)


def _of_field(field: Field) -> Ask:
    if field.kind is Kind.TEXT:
        wanted = tuple(op for op in (Op.IN, Op.NOT_IN, Op.IS_NULL) if op in field.ops)
    else:
        wanted = (*_NUMBER_OPS, Op.IS_NULL)
    return Ask(
        f"field:{field.name}", say(field.label), field.kind, _ops(wanted), picker=field.picker, by_club=field.by_club,
        named=field.named, choices=tuple((choice.value, say(choice.label)) for choice in field.choices),
        about=say(field.about) if field.about else "",
    )  # fmt: skip


def _ops(ops: tuple[Op, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((op.value, translate(OPS[op])) for op in ops)


def of_keys() -> list[tuple[str, str]]:
    """What lines may be of."""
    return [(key.value, say(label)) for key, label in OF.items()]


def periods() -> list[tuple[str, str]]:
    """The periods."""
    return [(name, translate(label)) for name, label in PERIODS.items()]


def found(known: dict[str, Ask], typed: str) -> Ask | None:
    """The question that somebody typed: by its whole name, else the only one that holds these letters."""
    wanted = typed.strip().casefold()
    whole = [ask for ask in known.values() if ask.label.casefold() == wanted or ask.what == typed]
    part = [ask for ask in known.values() if wanted and wanted in ask.label.casefold()]
    return whole[0] if whole else part[0] if len(part) == 1 else None


def new_node(ask: Ask, parent: int) -> Node:
    """A condition as it begins."""
    node = Node(parent=parent, what=ask.what, op=ask.ops[0][0])
    if ask.metric:
        node.period, node.days, node.of_key = "last_days", "90", "group"
    return node
