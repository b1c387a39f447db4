"""What pages show of segments: the list, one with who is in it and why, and the builder."""

import datetime as dt
import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from erp_club.kernel.errors import FieldError, Invalid, Refused
from erp_club.kernel.fields import Kind
from erp_club.permissions.catalog import Permission
from erp_club.purchases.segment_registry import REGISTRY
from erp_club.receipts.rollups.queries import latest_day
from erp_club.reports import mailing, segment_use
from erp_club.segments import looking, saved
from erp_club.segments.kinds import SegmentKind, SegmentState
from erp_club.segments.reading import read_condition
from erp_club.segments.sentence import found as found_text
from erp_club.segments.sentence import lines, sentence
from erp_club.segments.tree import Condition, FieldIs, MetricIs
from erp_club.segments.unknown import refuse_unknown
from web import lists
from web.deps import Act
from web.forms import FormState
from web.i18n import say
from web.segment_forms.asks import Ask, asks, of_keys, periods
from web.segment_forms.nodes import Node, from_condition, to_condition
from web.segment_forms.picking import PRODUCT, Lists, called, lists_of, of_products, products

DAYS_SHOWN = 90
QUIET_DAYS = 31
"""After so many days without a sale the builder says when the last one was."""
LIVE_MILLISECONDS = 600
"""So long a count may take while somebody builds; then an estimate stands there until the exact one comes."""


class SegmentLine(BaseModel):
    """A segment in a list. `trend` is its count by day, the oldest first; so many `offers` speak of it."""

    id: int
    name: str
    notes: str
    kind: SegmentKind
    state: SegmentState
    owner: str
    customers: int
    counted_at: dt.datetime | None
    at_till: bool
    version: int
    offers: int
    trend: list[int]


class SegmentsPage(BaseModel):
    """The segments whose name holds the text."""

    text: str | None
    state: lists.ListState
    segments: list[SegmentLine]


class Told(BaseModel):
    """A line of a question told step by step; `holds` is null where nobody was asked about.

    `found` is what it looked at of the customer, for who may see that.
    """

    depth: int
    text: str
    holds: bool | None = None
    found: str | None = None


class Someone(BaseModel):
    """A customer in a sample; no name for those who may not see customers."""

    id: int
    number: str
    name: str


class SegmentVersionLine(BaseModel):
    """A question that the segment asked from a moment on."""

    version_no: int
    at: dt.datetime
    by: str
    sentence: str


class UseLine(BaseModel):
    """What speaks of the segment: an offer, a price list, another segment."""

    kind: str
    id: int
    name: str


class ReachLine(BaseModel):
    """Whom a channel may reach of the segment, and how many are left out and why."""

    channel: str
    reached: int
    without_consent: int
    without_address: int


class DayCount(BaseModel):
    """A count on a day."""

    day: dt.date
    customers: int


class SegmentPage(BaseModel):
    """One segment. `asked` is the customer's number that was asked about, `found` whether there is such a customer."""

    segment: SegmentLine
    condition: dict[str, Any] | None
    told: list[Told]
    versions: list[SegmentVersionLine]
    uses: list[UseLine]
    reach: list[ReachLine]
    days: list[DayCount]
    sample: list[Someone]
    asked: str
    found: bool | None


class Live(BaseModel):
    """A question at work: in words, how many, ten of them. Nothing where it can't be read yet."""

    sentence: str = ""
    customers: int | None = None
    exact: bool = True
    sample: list[Someone] = Field(default_factory=list[Someone])


class Builder(BaseModel):
    """The builder's form. `document` is the question as JSON where it is edited so; `as_of` the day that is counted.

    `last_sale` is the last day with one where that is long ago: nothing was bought in days that end today.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    segment_id: int | None
    name: str
    document: str | None
    live: Live
    as_of: dt.date | None
    last_sale: dt.date | None
    nodes: list[Node] = Field(exclude=True)
    asks: dict[str, Ask] = Field(exclude=True)
    of_keys: list[tuple[str, str]] = Field(exclude=True)
    periods: list[tuple[str, str]] = Field(exclude=True)
    lists: Lists = Field(exclude=True)
    found: dict[int, list[tuple[str, str]]] = Field(default_factory=dict[int, list[tuple[str, str]]], exclude=True)

    def below(self, index: int) -> list[int]:
        """The nodes right below one."""
        return [place for place, node in enumerate(self.nodes) if place and node.parent == index]

    def called(self, picker: str) -> dict[str, str]:
        """What the values of a list are called, where they are called otherwise."""
        return {value: label for value, label in self.lists.get(picker, []) if label}

    def options(self, picker: str) -> list[tuple[str, str]]:
        """A list as the options of a select."""
        return [(value, label or value) for value, label in self.lists.get(picker, [])]


def segment_line(row: saved.Row, trend: list[tuple[dt.date, int]], *, offers: int = 0) -> SegmentLine:
    """A row of the list."""
    return SegmentLine(
        id=row.id, name=row.name, notes=row.notes, kind=row.kind, state=row.state, owner=row.owner,
        customers=row.customers, counted_at=row.counted_at, at_till=row.at_till, version=row.version, offers=offers,
        trend=[count for _, count in trend],
    )  # fmt: skip


def _in_words(act: Act, condition: Any) -> str:
    return say(sentence(read_condition(condition, REGISTRY, kept=True), act.chain.currency))


def segments_page(act: Act, text: str | None, state: lists.ListState) -> SegmentsPage:
    """The segments of one page."""
    rows = saved.every(act.session, text=text, sort=state.sort, descending=state.descending)
    state = state.counted(len(rows))
    shown = rows[state.offset : state.offset + state.per_page]
    since = act.today - dt.timedelta(days=DAYS_SHOWN)
    trends = saved.trend(act.session, [row.id for row in shown], since=since)
    offers = segment_use.in_offers(act.session)
    lines = [segment_line(row, trends.get(row.id, []), offers=offers.get(row.name, 0)) for row in shown]
    return SegmentsPage(text=text, state=state, segments=lines)


def segment_page(act: Act, segment_id: int, *, asked: str = "") -> SegmentPage:
    """One segment; with a customer's number also why that customer is in it or not."""
    row = saved.one(act.session, segment_id)
    trend = saved.trend(act.session, [row.id], since=act.today - dt.timedelta(days=DAYS_SHOWN)).get(row.id, [])
    condition = None if row.condition is None else read_condition(row.condition, REGISTRY, kept=True)
    told, found = _told(act, condition, asked)
    uses = segment_use.uses(act.session, row.name)
    reach = mailing.reach(act.session, row.id)
    line = segment_line(row, trend, offers=sum(use.kind == "offer" for use in uses))
    return SegmentPage(
        segment=line.model_copy(update={"customers": reach[0].customers}),
        condition=row.condition,
        told=told,
        versions=[
            SegmentVersionLine(version_no=each.version_no, at=each.at, by=each.by,
                               sentence=_in_words(act, each.condition))
            for each in saved.versions(act.session, row.id)
        ],
        uses=[UseLine(kind=use.kind, id=use.id, name=use.name) for use in uses],
        reach=[
            ReachLine(channel=each.channel, reached=each.reached, without_consent=each.without_consent,
                      without_address=each.without_address)
            for each in reach
        ],
        days=[DayCount(day=day, customers=count) for day, count in trend],
        sample=_people(act, saved.sample(act.session, row.id)),
        asked=asked,
        found=found,
    )  # fmt: skip


def _told(act: Act, condition: Condition | None, asked: str) -> tuple[list[Told], bool | None]:
    if condition is None:
        return [], None
    steps = list(lines(condition, act.chain.currency))
    held: list[looking.Held] | None = None
    found: bool | None = None
    if asked:
        customer_id = saved.customer_id(act.session, asked)
        found = customer_id is not None
        if customer_id is not None:
            facts = saved.facts(act.session, act.today, REGISTRY, only=(customer_id,))
            held = looking.held_by(act.session, [step.condition for step in steps], facts)
    if held is None:
        return [Told(depth=step.depth, text=say(step.text)) for step in steps], found
    return [
        Told(depth=step.depth, text=say(step.text), holds=each.holds, found=_found(act, step.condition, each.value))
        for step, each in zip(steps, held, strict=True)
    ], found


def _found(act: Act, condition: Condition, value: object) -> str | None:
    """The customer's own figure. What was bought is of all stores: not for who sees the receipts of some only."""
    seen = Permission.PURCHASES_VIEW if isinstance(condition, MetricIs) else Permission.CUSTOMERS_VIEW
    if not isinstance(condition, MetricIs | FieldIs) or not act.by.may(seen) or act.by.narrowed(seen):
        return None
    text = found_text(condition, value, act.chain.currency)
    return None if text is None else say(text)


def _people(act: Act, sample: list[Any]) -> list[Someone]:
    named = act.by.may(Permission.CUSTOMERS_VIEW)
    return [
        Someone(id=each.id, number=each.number, name=f"{each.given_name} {each.family_name}".strip() if named else "")
        for each in sample
    ]


def condition_of(nodes: list[Node], form: FormState, act: Act | None = None) -> Any:
    """The question that the form says, of what there is. Raises Invalid with faults at the form's own fields."""
    made, places = to_condition(nodes, REGISTRY)
    try:
        asked = read_condition(made, REGISTRY)
        if act is not None:
            refuse_unknown(act.session, asked)
    except Invalid as error:
        faults = [FieldError(_place(each.field, places, nodes), each.text) for each in error.fields]
        raise Invalid(faults) from error
    form.facts["condition"] = made
    return made


_FIELD_OF = {
    "over": "days", "of": "new", "field": "what", "metric": "what", "op": "op", "club": "club",
    **dict.fromkeys(("", "all", "any", "not"), "add"),
}  # fmt: skip
"""Where the form shows the faults of a condition's parts; those of a group where one is added to it."""


def _place(path: str, places: dict[str, int], nodes: list[Node]) -> str:
    known = max((each for each in places if path.startswith(each)), key=len, default="where")
    rest = path[len(known) :].lstrip(".").split(".")[0].split("[")[0]
    name, index = _FIELD_OF.get(rest, "value"), places.get(known, 0)
    asked = asks(REGISTRY).get(nodes[index].what)
    if name == "value" and asked is not None and asked.kind is Kind.TEXT:
        name = "new"  # the chosen ones are chips, without a field of their own
    return f"nodes[{index}].{name}"


def builder(
    act: Act, nodes: list[Node], *, segment_id: int | None = None, name: str = "", document: str | None = None,
    exact: bool = False, as_of: dt.date | None = None, lists: Lists | None = None,
) -> Builder:  # fmt: skip
    """The builder with what its question finds, and the products that are looked for in it."""
    condition: Any = None
    try:
        condition = json.loads(document) if document is not None else to_condition(nodes, REGISTRY)[0]
    except (ValueError, RecursionError, Invalid):
        condition = None
    questions = asks(REGISTRY)
    naming = dict(of_products(nodes, {what: ask.picker for what, ask in questions.items()}))
    named = called(act, {sku for node in naming.values() for sku in (*node.of, *node.values)})
    return Builder(
        segment_id=segment_id,
        name=name,
        document=document,
        live=live(act, condition, exact=exact, as_of=as_of),
        as_of=as_of,
        last_sale=_long_ago(act),
        nodes=nodes,
        asks=questions,
        of_keys=of_keys(),
        periods=periods(),
        lists={**(lists or lists_of(act)), PRODUCT: named},
        found={index: products(act, node.new) for index, node in naming.items() if node.new},
    )


def _long_ago(act: Act) -> dt.date | None:
    last = latest_day(act.session)
    return last if dt.date.min < last < act.today - dt.timedelta(days=QUIET_DAYS) else None


def live(act: Act, condition: Any, *, exact: bool, as_of: dt.date | None = None) -> Live:
    """A question in words with its count and ten customers; nothing of it where it can't be read."""
    try:
        asked = read_condition(condition, REGISTRY, kept=True)
        facts = saved.facts(act.session, as_of or act.today, REGISTRY)
        found = looking.look(act.session, asked, facts, milliseconds=None if exact else LIVE_MILLISECONDS)
    except Refused:
        return Live()
    return Live(
        sentence=say(sentence(asked, act.chain.currency)),
        customers=found.customers,
        exact=found.exact,
        sample=_people(act, found.sample),
    )


def stored_nodes(condition: dict[str, Any] | None) -> tuple[list[Node], str | None]:
    """A saved question for the form, or as JSON where the form can't say it."""
    nodes = from_condition(condition, REGISTRY)
    if nodes is None:
        return [Node(kind="all")], json.dumps(condition, ensure_ascii=False, indent=2)
    return nodes, None
