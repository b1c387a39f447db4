"""What the form shows of a document: its sections, the rules in them, and the fields of each. Pure.

What the form doesn't ask stays in the document as it is.
"""

from collections.abc import Iterator
from dataclasses import replace

from erp_club.kernel.text import N_
from web.programme_forms import fields as f
from web.programme_forms import further, levels, rules, spans
from web.programme_forms.blocks import Block, Button, Drawing, Section, form_of, is_open, under
from web.programme_forms.fields import Ask
from web.programme_forms.paths import Document, at, rows
from web.programme_forms.units import in_units

__all__ = ["Block", "Button", "Section", "form_of", "layout", "under", "visible"]


_FREE = N_("Empty is free of charge.")


def layout(document: Document) -> list[Section]:
    """All sections, in the order in which somebody sets a club up."""
    sections = [
        _membership(document),
        rules.earning(document),
        rules.events(document),
        rules.counters(document),
        _redemption(document),
        rules.benefits(document),
        rules.occasions(document),
        rules.entitlements(document),
        rules.rewards(document),
        _levels(document),
        _household(document),
        _more(document),
    ]
    for each in sections:
        each.blocks = [replace(block, asks=tuple(in_units(block.asks, document))) for block in each.blocks]
    return sections


def visible(document: Document) -> Iterator[Ask]:
    """Every field that the form shows, named by its place in the document."""
    for section in layout(document):
        for block in section.blocks:
            yield from block.asks


def _membership(document: Document) -> Section:
    drawn = Drawing(document)
    term = str(at(document, "term.kind") or "lifetime")
    drawn.asks.append(Ask("term.kind", N_("How long membership lasts"), "kind", options=spans.TERMS))
    if term in {"months", "sliding"}:
        drawn.asks.append(Ask("term.months", N_("So many months")))
    if term == "date":
        drawn.asks += [Ask("term.each_year.day", N_("Day")), Ask("term.each_year.month", N_("Month"))]
    if term == "age":
        drawn.asks += [Ask("term.age", N_("Age")), Ask("term.of", N_("Whose age"), "select", options=spans.WHOSE_AGE)]
    drawn.asks.append(Ask("fees.joining_minor", N_("Price of joining"), "amount", _FREE, optional=True))
    renewed = term in {"months", "date"}
    if renewed:
        drawn.asks.append(Ask("fees.renewal_minor", N_("Price of renewing"), "amount", _FREE, optional=True))
    _waiver(drawn, "fees.joining_waiver", _JOINING_COSTS)
    about = N_("Its code in the catalogue. Left empty, a product is opened for it.")
    if renewed:
        _waiver(drawn, "fees.waiver", _RENEWING_COSTS)
    drawn.asks.append(Ask("fees.joining_product", N_("Sold at the till as product"), "text", about, optional=True))
    paid = isinstance(at(document, "fees"), dict)
    drawn.more("membership", further.of_membership(term, paid=paid))
    if rows(document, "fees.levels") or (is_open(document, "membership") and rows(document, "levels.levels")):
        _paid_levels(drawn)
    if rows(document, "fees.segments") or (paid and is_open(document, "membership")):
        _other_prices(drawn)
    if rows(document, "fees.terms") or (term == "months" and paid and is_open(document, "membership")):
        _lengths(drawn)
    return Section("membership", N_("Membership"), blocks=[drawn.block("", "")])


def _other_prices(drawn: Drawing) -> None:
    about = N_("Names of lists of customers, between commas: soldiers, teachers.")
    asked = (
        Ask("segments", N_("These customers pay another price"), "words", about),
        Ask("joining_minor", N_("Price of joining"), "amount", _FREE, optional=True),
        Ask("renewal_minor", N_("Price of renewing"), "amount", _FREE, optional=True),
    )
    if rows(drawn.document, "fees.segments"):
        called = N_("Another price for other customers"), N_("Take the last of these prices away")
        drawn.rows("fees.segments", asked, least=0, called=called)
    else:
        drawn.adds.append(Button("on|fees.segments", N_("Some customers pay another price")))


def _lengths(drawn: Drawing) -> None:
    price = N_("Price of joining"), N_("Price of renewing")
    asked = (
        Ask("months", N_("One may choose so many months")),
        *(Ask(name, label, "amount", _FREE, optional=True)
          for name, label in zip(("joining_minor", "renewal_minor"), price, strict=True)),
        Ask("level", N_("Only at the paid level"), "text", optional=True),
        Ask("segments", N_("Only for customers of"), "words", optional=True),
        Ask("waived", N_("Purchases don't make it cheaper"), "unless"),
    )  # fmt: skip
    if rows(drawn.document, "fees.terms"):
        drawn.rows("fees.terms", asked, least=0)
    else:
        drawn.adds.append(Button("on|fees.terms", N_("Another length can be chosen")))


def _paid_levels(drawn: Drawing) -> None:
    asked = (
        Ask("level", N_("Paid level"), "text"), Ask("joining_minor", N_("Price of joining"), "amount", optional=True),
        Ask("renewal_minor", N_("Price of renewing"), "amount", optional=True),
        Ask("upgrade_pro_rata", N_("An upgrade costs the whole difference"), "unless"),
    )  # fmt: skip
    if rows(drawn.document, "fees.levels"):
        called = N_("Another paid level"), N_("Take the last paid level away")
        drawn.rows("fees.levels", asked, least=0, called=called)
    else:
        drawn.adds.append(Button("on|fees.levels", N_("A level can be bought")))


_JOINING_COSTS = (
    N_("Joining costs less with a purchase of"), N_("In the same sale in which one joins."), N_("Joining then costs"),
    N_("Another price of joining"), N_("Take the last price of joining away"),
)  # fmt: skip
_RENEWING_COSTS = (
    N_("Renewing costs less from purchases of"), N_("What was bought in the term that ends."),
    N_("Renewing then costs"), N_("Another price of renewing"), N_("Take the last price of renewing away"),
)  # fmt: skip


def _waiver(drawn: Drawing, path: str, words: tuple[str, str, str, str, str]) -> None:
    """From which purchases on a fee is less, and what it is then; further sums once there is a first."""
    document, (label, about, then, another, last) = drawn.document, words
    costs = Ask("fee_minor", then, "amount", _FREE, optional=True)
    said = at(document, f"{path}.at_least_minor") is not None
    drawn.asks.append(Ask(f"{path}.at_least_minor", label, "amount", about, optional=True, starts=said))
    if not said:
        return
    if at(document, f"{path}.off_bp") is None:
        drawn.asks += under(path, (costs,))
    if at(document, f"{path}.steps"):
        step = (Ask("at_least_minor", N_("From purchases of"), "amount"), costs)
        drawn.rows(f"{path}.steps", step, least=0, called=(another, last))
    else:
        drawn.adds.append(Button(f"on|{path}.steps", another))


def _redemption(document: Document) -> Section:
    title, about = N_("Paying with points"), N_("What points are worth when they pay at the till.")
    if not isinstance(at(document, "redemption"), dict):
        adds = [Button("on|redemption", N_("Points can pay"))]
        return Section("redemption", title, about, adds=adds)
    drawn = Drawing(document)
    drawn.asks += under("redemption", (
        Ask("worth_points", N_("So many points")),
        Ask("worth_minor", N_("Are worth"), "amount"),
        Ask("least_balance", N_("Only from a balance of"), "number", N_("In points."), optional=True),
        Ask("most_points_visit", N_("At most in one visit"), "number", N_("In points."), optional=True),
        Ask("step", N_("In steps of"), "number", N_("In points."), optional=True),
        Ask("most_bp", N_("At most this share of a purchase"), "percent", optional=True),
    ))  # fmt: skip
    drawn.more("redemption", under("redemption", further.REDEMPTION))
    return Section("redemption", title, about, [drawn.block(N_("Points can pay"), "redemption")])


def _levels(document: Document) -> Section:
    title, about = N_("Levels"), N_("From the lowest to the highest; whoever joins has the lowest.")
    held = at(document, "levels.levels")
    if not isinstance(held, list):
        return Section("levels", title, about, adds=[Button("on|levels", N_("The club has levels"))])
    counts = str(at(document, "levels.measure.counts") or "spend")
    figure = f.COUNTED_IN.get(counts, "number")
    head = Drawing(document)
    head.asks.append(Ask("levels.measure.counts", N_("They go by"), "kind", options=f.COUNTED))
    if counts == "counter":
        head.asks.append(Ask("levels.measure.counter", N_("Code of the counter"), "text"))
    head.asks.append(Ask("levels.window.every", N_("Counted"), "kind", options=spans.WINDOWS))
    if at(document, "levels.window.every") == "rolling":
        head.asks += [
            Ask("levels.window.months", N_("So many months"), optional=True),
            Ask("levels.window.last_days", N_("Or so many days"), "number", N_("Instead of months."), optional=True),
        ]
    head.more("all_levels", levels.of_levels(str(at(document, "levels.keep") or "next_window"), figure))
    blocks = [head.block(N_("The club has levels"), "levels")]
    blocks += [_level(document, index, figure) for index in range(len(held))]
    blocks += [_milestone(document, index, figure) for index in range(len(rows(document, "levels.milestones")))]
    adds = [Button("row|levels.levels", N_("Another level"))]
    row = bool(rows(document, "levels.milestones"))
    adds.append(Button("row|levels.milestones" if row else "on|levels.milestones", N_("A reward on the way")))
    return Section("levels", title, about, blocks, adds)


_REACHING = (
    N_("Given for reaching it"), (N_("Another gift for reaching it"), N_("Take the last gift for reaching it away")),
)  # fmt: skip
_STAYING = (
    N_("Given for staying on it"), (N_("Another gift for staying"), N_("Take the last gift for staying away")),
)  # fmt: skip


def _level(document: Document, index: int, figure: f.Control) -> Block:
    path = f"levels.levels[{index}]"
    drawn = Drawing(document)
    drawn.asks.append(Ask(f"{path}.code", N_("Name of the level"), "text"))
    if index:
        drawn.asks.append(
            Ask(f"{path}.at_least", N_("From so much on"), figure, optional=at(document, f"{path}.at_least") is None)
        )
        if rows(document, f"{path}.gives"):
            drawn.gifts(f"{path}.gives", *_REACHING)
            drawn.takes.append(Button(f"remove|{path}.gives", N_("Nothing for reaching it")))
        else:
            drawn.adds.append(Button(f"on|{path}.gives", N_("A gift for reaching it")))
        if at(document, f"{path}.staying") is not None:
            drawn.asks.append(levels.staying(path))
            drawn.gifts(f"{path}.staying.gives", *_STAYING)
            drawn.takes.append(Button(f"remove|{path}.staying", N_("Nothing for staying on it")))
        else:
            drawn.adds.append(Button(f"on|{path}.staying", N_("A gift for staying on it")))
        drawn.more(path, (
            Ask(f"{path}.keep_at_least", N_("Kept from"), figure, optional=True),
            Ask(f"{path}.after_months", N_("Or after so many months of membership"), optional=True),
            Ask(f"{path}.by_hand", N_("Given by people alone"), "check"),
            *rules.named(document, path),
        ))  # fmt: skip
        _needs(drawn, f"{path}.instead", N_("Another way to reach it"), opened=path)
        if at(document, f"{path}.at_least") is not None:
            _needs(drawn, f"{path}.also", N_("Something beside it must be reached"), opened=path)
    return drawn.block(N_("Level"), path if index else "")


def _needs(drawn: Drawing, path: str, label: str, *, opened: str) -> None:
    """What else brings a level, each measured in its own way; a button begins the first."""
    document, held = drawn.document, rows(drawn.document, path)
    if not held:
        if is_open(document, opened):
            drawn.adds.append(Button(f"on|{path}", label))
        return
    instead = path.endswith(".instead")
    for index in range(len(held)):
        counts = str(at(document, f"{path}[{index}].measure.counts") or "spend")
        first = N_("Or by") if instead else N_("And by")
        drawn.asks.append(Ask(f"{path}[{index}].measure.counts", first, "kind", options=f.COUNTED))
        if counts == "counter":
            drawn.asks.append(Ask(f"{path}[{index}].measure.counter", N_("Code of the counter"), "text"))
        drawn.asks.append(Ask(f"{path}[{index}].at_least", N_("From so much on"), f.COUNTED_IN.get(counts, "number")))
        drawn.asks += levels.of_window(f"{path}[{index}].period", document)
    drawn.adds.append(Button(f"row|{path}", N_("Another way") if instead else N_("One more condition")))
    last = N_("Take the last way away") if instead else N_("Take the last condition away")
    drawn.takes.append(Button(f"remove|{path}[{len(held) - 1}]", last))


def _milestone(document: Document, index: int, figure: f.Control) -> Block:
    path = f"levels.milestones[{index}]"
    drawn = Drawing(document)
    drawn.asks += [
        Ask(f"{path}.at", N_("From so much on"), figure),
        Ask(f"{path}.every", N_("Again for each so much"), "check"),
    ]
    drawn.gifts(f"{path}.gives")
    drawn.more(path, under(path, further.VALID))
    return drawn.block(N_("A reward on the way"), path)


def _household(document: Document) -> Section:
    drawn = Drawing(document)
    drawn.asks.append(Ask("household.most_persons", N_("So many persons share a membership"), "number",
                          N_("Empty: each has an account of their own."), optional=True))  # fmt: skip
    if at(document, "household.most_persons") is not None:
        drawn.more("household", further.HOUSEHOLD)
    return Section("household", N_("Households"), blocks=[drawn.block("", "")])


_GIVING = ("occasions", "rewards", "levels.milestones", "levels.levels")


def _has_points(document: Document) -> bool:
    """Whether anything gives points, or lets them expire: else nothing is asked of them."""
    rules = (rule for name in _GIVING for rule in rows(document, name))
    gives = (at(rule, name) for rule in rules if isinstance(rule, dict) for name in ("gives", "staying.gives"))
    kinds = (at(gift, "kind") for each in gives for gift in (each if isinstance(each, list) else [each]))
    earns = any(rows(document, f"earning.{name}") for name in ("rules", "events"))
    said = str(at(document, "expiry.rule.kind") or "never") != "never" or isinstance(at(document, "redemption"), dict)
    return earns or said or "points" in kinds


def _expiry(document: Document) -> Iterator[Block]:
    """When points expire; nothing where there are none."""
    expiry = str(at(document, "expiry.rule.kind") or "never")
    drawn = Drawing(document)
    if _has_points(document):
        drawn.asks.append(Ask("expiry.rule.kind", N_("Points expire"), "kind", options=spans.EXPIRY))
    if expiry in {"months", "inactivity"}:
        drawn.asks.append(Ask("expiry.rule.months", N_("So many months"), optional=True))
        drawn.asks.append(Ask("expiry.rule.days", N_("Or so many days"), optional=True))
        drawn.asks.append(Ask("expiry.rule.to_month_end", N_("To the end of that month"), "check"))
    if expiry == "each_year":
        drawn.asks += [
            Ask("expiry.rule.last_day.day", N_("Day")), Ask("expiry.rule.last_day.month", N_("Month")),
            Ask("expiry.rule.of_calendar_year", N_("Those of a calendar year together"), "check"),
        ]  # fmt: skip
    if expiry == "member_year":
        drawn.asks.append(
            Ask("expiry.rule.whole_months", N_("That year begins on the first of the month of joining"), "check")
        )
    if expiry == "period_end":
        drawn.asks += [
            Ask("expiry.rule.every", N_("Those that were earned in one"), "select", options=further.CALENDAR),
            Ask("expiry.rule.starts_month", N_("The year of which begins in month"), optional=True),
            Ask("expiry.rule.periods_after", N_("Expire at the end of the one that is so many later")),
        ]
    if expiry in {"each_year", "member_year"}:
        drawn.asks.append(Ask("expiry.rule.years_after", N_("So many years later"), optional=True))
    if rows(document, "expiry.levels"):
        called = N_("Other months for other levels"), N_("Take the last levels away")
        drawn.rows("expiry.levels", further.LEVEL_EXPIRY, least=0, called=called)
    elif rows(document, "levels.levels") and _has_points(document) and expiry != "inactivity":
        drawn.adds.append(Button("on|expiry.levels", N_("Points of some levels live longer")))
    if drawn.asks:
        yield drawn.block("", "")


def _more(document: Document) -> Section:
    drawn = Drawing(document)
    drawn.asks += [
        Ask("channels.joining", N_("Where one can join"), "ticks", options=f.CHANNELS),
        Ask("channels.earning", N_("Where points are earned"), "ticks", options=f.CHANNELS),
        Ask("channels.redeeming", N_("Where points pay"), "ticks", options=f.CHANNELS),
        Ask("channels.benefits", N_("Where gifts can be used"), "ticks", options=f.CHANNELS),
        Ask("excluded.groups", N_("Product groups without benefits"), "words",
            N_("Names between commas: they earn nothing, and nothing is taken off them."), optional=True),
        Ask("excluded.promoted", N_("No benefits on goods with an offer"), "check"),
        Ask("alone", N_("Only one benefit in a purchase"), "check"),
        Ask("switch.effective_from", N_("Holds from"), "date", N_("Empty is from today on."), optional=True),
    ]  # fmt: skip
    drawn.more("more", further.MORE)
    blocks = [*_expiry(document), drawn.block("", "")]
    return Section("more", N_("Where it works, and what it leaves out"), blocks=blocks)
