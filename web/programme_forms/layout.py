"""What the form shows of a document: its sections, the rules in them, and the fields of each. Pure.

What the form doesn't ask stays in the document as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from erp_club.kernel.text import N_
from web.programme_forms import fields as f
from web.programme_forms.fields import Ask, Kind
from web.programme_forms.paths import Document, at, rows


@dataclass(frozen=True, slots=True)
class Button:
    """Draws the form again after doing something: what is done, and how the button is called."""

    do: str
    label: str


@dataclass(frozen=True, slots=True)
class Block:
    """A rule, or the fields of a section that belong together; `asks` are named by their place in the document."""

    title: str = ""
    path: str = ""
    asks: tuple[Ask, ...] = ()
    adds: tuple[Button, ...] = ()
    takes: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, what it is about, and its blocks; `adds` are the buttons for more."""

    id: str
    title: str
    about: str = ""
    blocks: list[Block] = field(default_factory=list[Block])
    adds: list[Button] = field(default_factory=list[Button])


def layout(document: Document) -> list[Section]:
    """All sections, in the order in which somebody sets a club up."""
    return [
        _membership(document),
        _rules(
            document, "earning", N_("What members earn"),
            N_("The first rule that fits a line gives its points; those for more points come on top."),
            "earning.rules", "kind", f.EARNING,
        ),
        _rules(
            document, "events", N_("Points for what members do"),
            N_("Each is told by the shop or the web shop, and given once."), "earning.events", "event", f.EVENTS,
        ),
        _redemption(document),
        _rules(
            document, "occasions", N_("Gifts for joining and for special days"),
            N_("Each is given once; the till shows it."), "occasions", "occasion", f.OCCASIONS,
        ),
        _rules(
            document, "rewards", N_("Rewards for a period"),
            N_("At the end of the period the reward is reckoned and given by itself."), "rewards", "function.kind",
            f.REWARDS,
        ),
        _levels(document),
        _more(document),
    ]  # fmt: skip


def visible(document: Document) -> Iterator[Ask]:
    """Every field that the form shows, named by its place in the document."""
    for section in layout(document):
        for block in section.blocks:
            yield from block.asks


def form_of(gives: Any) -> str:
    """Which of the form's kinds of gift this is."""
    if not isinstance(gives, dict):
        return ""
    kind = str(gives.get("kind", ""))
    return ("percent" if "off_bp" in gives else "amount") if kind == "discount" else kind


def under(base: str, asks: tuple[Ask, ...]) -> tuple[Ask, ...]:
    """The fields named by their place in the document."""
    return tuple(replace(each, name=f"{base}.{each.name}" if base else each.name) for each in asks)


def _membership(document: Document) -> Section:
    term = str(at(document, "term.kind") or "lifetime")
    asks = [Ask("term.kind", N_("How long membership lasts"), "kind", options=f.TERMS)]
    if term in {"months", "sliding"}:
        asks.append(Ask("term.months", N_("So many months")))
    asks.append(Ask("fees.joining_minor", N_("Price of joining"), "amount", optional=True))
    adds: list[Button] = []
    takes: list[Button] = []
    if term == "months":
        asks.append(Ask("fees.renewal_minor", N_("Price of renewing"), "amount", optional=True))
    asks.append(Ask("fees.joining_product", N_("Sold at the till as product"), "text",
                    N_("Its code in the catalogue. Without one a price can't be paid."), optional=True))  # fmt: skip
    if term == "months":
        _waiver(document, asks, adds, takes)
    return Section("membership", N_("Membership"), blocks=[Block("", "", tuple(asks), tuple(adds), tuple(takes))])


def _waiver(document: Document, asks: list[Ask], adds: list[Button], takes: list[Button]) -> None:
    """From which purchases on renewing costs less, and what it costs then; further sums once there is a first."""
    costs = Ask("fee_minor", N_("Renewing then costs"), "amount", N_("Empty is free of charge."), optional=True)
    asks.append(Ask("fees.waiver.at_least_minor", N_("Renewing costs less from purchases of"), "amount",
                    N_("What was bought in the term that ends."), optional=True))  # fmt: skip
    if at(document, "fees.waiver.at_least_minor") is None:
        return
    if at(document, "fees.waiver.off_bp") is None:
        asks += under("fees.waiver", (costs,))
    if at(document, "fees.waiver.steps"):
        step = (Ask("at_least_minor", N_("From purchases of"), "amount"), costs)
        _rows(document, "fees.waiver.steps", step, asks, adds, takes)
        last = len(rows(document, "fees.waiver.steps")) - 1
        takes[:] = [Button(f"remove|fees.waiver.steps[{last}]", N_("Take the last step away"))]
    else:
        adds.append(Button("on|fees.waiver.steps", N_("Another step")))


def _rules(
    document: Document, name: str, title: str, about: str, path: str, tag: str, kinds: dict[str, Kind]
) -> Section:
    held = at(document, path)
    blocks = [
        _rule(document, f"{path}[{index}]", tag, kinds) for index in range(len(held) if isinstance(held, list) else 0)
    ]
    adds = [Button(f"add|{path}|{kind}", each.label) for kind, each in kinds.items()]
    return Section(name, title, about, blocks, adds)


def _rule(document: Document, path: str, tag: str, kinds: dict[str, Kind]) -> Block:
    kind = kinds.get(str(at(document, f"{path}.{tag}")), f.OWN_EVENT if kinds is f.EVENTS else None)
    title = kind.label if kind else str(at(document, f"{path}.code") or "")
    asks: list[Ask] = []
    adds: list[Button] = []
    takes: list[Button] = []
    if kinds is f.REWARDS:
        _reward(document, path, asks, adds, takes)
    elif kinds is f.OCCASIONS and kind:
        asks += _gift(document, f"{path}.gives[0]")
        asks += [each for each in under(path, kind.asks) if not _idle(document, path, each)]
    elif kind:
        asks += under(path, kind.asks)
        if at(document, f"{path}.kind") == "table":
            _rows(document, f"{path}.bands", f.BAND, asks, adds, takes)
    return Block(title, path, tuple(asks), tuple(adds), tuple(takes))


def _idle(document: Document, path: str, ask: Ask) -> bool:
    """Days around the day are asked only where it isn't the whole month."""
    return ".around.days" in ask.name and bool(at(document, f"{path}.around.whole_months"))


def _gift(document: Document, path: str, *, of_rule: bool = False) -> list[Ask]:
    kinds = {name: kind for name, kind in f.GIFTS.items() if of_rule != (name in {"amount", "percent", "gift"})}
    if not of_rule:
        kinds = {name: kind for name, kind in f.GIFTS.items() if name != "payout"}
    options = tuple((name, kind.label) for name, kind in kinds.items())
    form = form_of(at(document, path))
    made = [Ask(f"{path}.form", N_("What is given"), "kind", options=options)]
    if form in f.GIFTS and (not of_rule or form == "coupon"):
        made += under(path, f.GIFTS[form].asks)
    return made


def _reward(document: Document, path: str, asks: list[Ask], adds: list[Button], takes: list[Button]) -> None:
    counts = str(at(document, f"{path}.base.counts") or "spend")
    of_money = counts == "spend"
    asks += [
        Ask(f"{path}.period.every", N_("Reckoned"), "select", options=f.PERIODS),
        Ask(f"{path}.base.counts", N_("From"), "kind", options=f.COUNTED),
    ]
    number = "amount" if of_money else "number"
    valued = "number" if at(document, f"{path}.gives.kind") == "points" else "amount"
    match at(document, f"{path}.function.kind"):
        case "percent":
            step = (Ask("from_amount", N_("From"), number), Ask("rate_bp", N_("Percent"), "percent"))
            _rows(document, f"{path}.function.steps", step, asks, adds, takes)
        case "threshold":
            step = (Ask("at", N_("From"), number), Ask("value", N_("The reward"), valued))
            _rows(document, f"{path}.function.steps", step, asks, adds, takes)
        case "every":
            asks += [
                Ask(f"{path}.function.every", N_("For each"), number),
                Ask(f"{path}.function.value", N_("The reward"), valued),
            ]
        case _:
            pass
    asks += _gift(document, f"{path}.gives", of_rule=True)
    if not of_money:
        asks.append(Ask(f"{path}.takes", N_("The points are used up by it"), "check"))


def _rows(
    document: Document, path: str, asked: tuple[Ask, ...], asks: list[Ask], adds: list[Button], takes: list[Button]
) -> None:
    held = at(document, path)
    for index in range(len(held) if isinstance(held, list) else 0):
        asks += under(f"{path}[{index}]", asked)
    adds.append(Button(f"row|{path}", N_("Another step")))
    if isinstance(held, list) and len(held) > 1:
        takes.append(Button(f"remove|{path}[{len(held) - 1}]", N_("Take the last step away")))


def _redemption(document: Document) -> Section:
    title, about = N_("Paying with points"), N_("What points are worth when they pay at the till.")
    if not isinstance(at(document, "redemption"), dict):
        adds = [Button("on|redemption", N_("Points can pay"))]
        return Section("redemption", title, about, adds=adds)
    asks = (
        Ask("worth_points", N_("So many points")),
        Ask("worth_minor", N_("Are worth"), "amount"),
        Ask("least_balance", N_("Only from a balance of"), "number", N_("In points."), optional=True),
        Ask("most_points_visit", N_("At most in one visit"), "number", N_("In points."), optional=True),
        Ask("step", N_("In steps of"), "number", N_("In points."), optional=True),
        Ask("most_bp", N_("At most this share of a purchase"), "percent", optional=True),
    )
    block = Block(N_("Points can pay"), "redemption", under("redemption", asks))
    return Section("redemption", title, about, [block])


def _levels(document: Document) -> Section:
    title, about = N_("Levels"), N_("From the lowest to the highest; whoever joins has the lowest.")
    held = at(document, "levels.levels")
    if not isinstance(held, list):
        return Section("levels", title, about, adds=[Button("on|levels", N_("The club has levels"))])
    money = str(at(document, "levels.measure.counts") or "spend") == "spend"
    blocks = [
        Block(
            N_("The club has levels"), "levels",
            (
                Ask("levels.measure.counts", N_("They go by"), "kind", options=f.COUNTED),
                Ask("levels.window.every", N_("Counted"), "select", options=f.WINDOWS),
            ),
        )
    ]  # fmt: skip
    for index in range(len(held)):
        path = f"levels.levels[{index}]"
        asks = [Ask(f"{path}.code", N_("Name of the level"), "text")]
        if index:
            asks.append(Ask(f"{path}.at_least", N_("From"), "amount" if money else "number"))
        blocks.append(Block(N_("Level"), path if index else "", tuple(asks)))
    return Section("levels", title, about, blocks, [Button("row|levels.levels", N_("Another level"))])


def _more(document: Document) -> Section:
    expiry = str(at(document, "expiry.rule.kind") or "never")
    asks = [Ask("expiry.rule.kind", N_("Points expire"), "kind", options=f.EXPIRY)]
    if expiry in {"months", "inactivity"}:
        asks.append(Ask("expiry.rule.months", N_("So many months")))
    if expiry == "each_year":
        asks += [Ask("expiry.rule.last_day.day", N_("Day")), Ask("expiry.rule.last_day.month", N_("Month"))]
    asks += [
        Ask("channels.joining", N_("Where one can join"), "ticks", options=f.CHANNELS),
        Ask("channels.earning", N_("Where points are earned"), "ticks", options=f.CHANNELS),
        Ask("channels.redeeming", N_("Where points pay"), "ticks", options=f.CHANNELS),
        Ask("channels.benefits", N_("Where gifts can be used"), "ticks", options=f.CHANNELS),
        Ask("excluded.groups", N_("Product groups without benefits"), "words",
            N_("Names between commas: they earn nothing, and nothing is taken off them."), optional=True),
        Ask("alone", N_("Only one benefit in a purchase"), "check"),
        Ask("switch.effective_from", N_("Holds from"), "date", N_("Empty is from today on."), optional=True),
    ]  # fmt: skip
    return Section("more", N_("Where it works, and what it leaves out"), blocks=[Block(asks=tuple(asks))])
