"""The lists of rules that the form shows: what members earn, what is counted apart, gifts, rewards. Pure."""

from collections.abc import Iterator

from erp_club.kernel.text import N_
from web.programme_forms import fields as f
from web.programme_forms import further, spans
from web.programme_forms.blocks import (
    Block,
    Button,
    Drawing,
    Section,
    called,
    form_of,
    is_open,
    names,
    under,
    unit_names,
)
from web.programme_forms.fields import Ask
from web.programme_forms.paths import Document, at, rows, word

_NEED = (
    Ask("at_least", N_("Only who reached"), "amount"), Ask("periods", N_("In so many periods")),
    Ask("of_them", N_("In at least so many of them each"), "number", N_("Empty: all of them together."), optional=True),
)  # fmt: skip
_EXTRA = (
    Ask("times_bp", N_("Times as much"), "times", N_("2 doubles it.")),
    Ask("on.groups", N_("On these product groups"), "words", further.BETWEEN, optional=True),
    Ask("when.weekdays", N_("Only on these days"), "ticks", options=f.DAYS),
    Ask("when.stores", N_("Only in these stores"), "words", further.CODES, optional=True),
    Ask("when.first_day", N_("From this day"), "date", optional=True, starts=True),
    Ask("when.last_day", N_("Until this day"), "date", N_("It is included."), optional=True),
)


def named(document: Document, path: str) -> tuple[Ask, ...]:
    """What a rule is called, in the club's languages."""
    return names(document, path)


def _each(document: Document, path: str) -> Iterator[str]:
    return (f"{path}[{index}]" for index in range(len(rows(document, path))))


def earning(document: Document) -> Section:
    """How purchases earn points, and what holds for all these rules."""
    path = "earning.rules"
    blocks = [_earn_rule(document, each) for each in _each(document, path)]
    general = Drawing(document)
    general.more("all_earning", (*further.EARNING, *unit_names(document)))
    if blocks or general.asks or is_open(document, "all_earning"):
        blocks.append(general.block(N_("For all of these"), ""))
    adds = [Button(f"add|{path}|{kind}", each.label) for kind, each in f.EARNING.items()]
    about = N_("The first rule that fits a line gives its points; those for more points come on top.")
    return Section("earning", N_("What members earn"), about, blocks, adds)


def _earn_rule(document: Document, path: str) -> Block:
    kind = str(at(document, f"{path}.kind"))
    known = f.EARNING.get(kind)
    drawn = Drawing(document)
    if known:
        drawn.asks += under(path, known.asks)
        if kind == "table":
            drawn.rows(f"{path}.bands", f.BAND)
        drawn.more(path, under(path, further.of_rule(kind)))
        if kind == "money":
            _growing(drawn, path)
    return drawn.block(known.label if known else _code(document, path), path)


def _growing(drawn: Drawing, path: str) -> None:
    drawn.rows_or(f"{path}.growing.steps", N_("The rate grows with purchases"), further.GROWING)
    if rows(drawn.document, f"{path}.growing.steps"):
        drawn.asks += under(path, (further.GROWING_PERIOD, further.GROWING_REACH))


def events(document: Document) -> Section:
    """Points for what members do beside buying."""
    path = "earning.events"
    adds = [Button(f"add|{path}|{kind}", each.label) for kind, each in f.EVENTS.items()]
    about = N_("Each is told by the shop or the web shop, and given once.")
    blocks = [_event(document, each) for each in _each(document, path)]
    return Section("events", N_("Points for what members do"), about, blocks, adds)


def _event(document: Document, path: str) -> Block:
    kind = f.EVENTS.get(str(at(document, f"{path}.event")), f.OWN_EVENT)
    drawn = Drawing(document)
    drawn.asks += under(path, kind.asks)
    drawn.more(path, (*under(path, further.EVENT), *names(document, path)))
    return drawn.block(kind.label, path)


def counters(document: Document) -> Section:
    """What is counted apart from the points that buy."""
    blocks: list[Block] = []
    for path in _each(document, "counters"):
        drawn = Drawing(document)
        drawn.asks += [Ask(f"{path}.code", N_("Code of the counter"), "text"), *names(document, path)]
        drawn.adds += [Button(f"add|{path}.rules|{kind}", each.label) for kind, each in f.EARNING.items()]
        blocks.append(drawn.block(N_("A counter"), path))
        blocks += [_earn_rule(document, each) for each in _each(document, f"{path}.rules")]
    about = N_("They buy nothing: levels and rewards may go by them, such as stamps of one kind.")
    adds = [Button("add|counters|counter", N_("A counter"))]
    return Section("counters", N_("What is counted apart"), about, blocks, adds)


def benefits(document: Document) -> Section:
    """What has a price in points."""
    blocks: list[Block] = []
    for path in _each(document, "benefits"):
        drawn = Drawing(document)
        drawn.asks += [Ask(f"{path}.points", N_("It costs so many points")), *names(document, path)]
        drawn.gift(f"{path}.gives", also=(("renewal", f.RENEWAL), ("level", f.LEVEL)))
        drawn.more(path, under(path, further.BENEFIT))
        blocks.append(drawn.block(N_("A benefit for points"), path))
    about = N_("The cashier chooses it for the customer, and the points go.")
    adds = [Button("add|benefits|benefit", N_("A benefit for points"))]
    return Section("benefits", N_("What points buy"), about, blocks, adds)


def entitlements(document: Document) -> Section:
    """What a membership gives directly."""
    blocks: list[Block] = []
    for path in _each(document, "entitlements"):
        drawn = Drawing(document)
        drawn.asks += names(document, path)
        drawn.gift(f"{path}.gives", also=(("service", f.SERVICE),))
        drawn.asks += [
            Ask(f"{path}.count", N_("So many uses"), "number", N_("Empty is as often as one likes."), optional=True),
            Ask(f"{path}.period.every", N_("Counted"), "select", options=spans.PERIODS),
        ]
        if at(document, f"{path}.count") is not None and at(document, f"{path}.gives.kind") == "discount":
            drawn.asks.append(Ask(f"{path}.whole_day", N_("Each use is a day that the member chooses"), "check"))
        ceilings = f.CEILINGS.get(form_of(at(document, f"{path}.gives")), ())
        asked = under(path, (*ceilings, *further.ENTITLEMENT))
        drawn.more(path, (*asked, Ask(f"{path}.code", N_("Its code"), "text")))
        blocks.append(drawn.block(N_("A benefit of membership"), path))
    about = N_("Used at the till as often as it says, such as a coffee a month or a tenth off each visit.")
    adds = [Button("add|entitlements|benefit", N_("A benefit of membership"))]
    return Section("entitlements", N_("What membership gives"), about, blocks, adds)


def occasions(document: Document) -> Section:
    """Gifts for joining and for special days."""
    path = "occasions"
    adds = [Button(f"add|{path}|{kind}", each.label) for kind, each in f.OCCASIONS.items()]
    about = N_("Each is given once; the till shows it.")
    blocks = [_occasion(document, each) for each in _each(document, path)]
    return Section(path, N_("Gifts for joining and for special days"), about, blocks, adds)


def _occasion(document: Document, path: str) -> Block:
    name = str(at(document, f"{path}.occasion"))
    kind = f.OCCASIONS.get(name)
    drawn = Drawing(document)
    if kind:
        drawn.gifts(f"{path}.gives")
        if len(rows(document, f"{path}.gives")) > 1:
            drawn.asks.append(Ask(f"{path}.choose", N_("The customer chooses one of them"), "check"))
        whole = bool(at(document, f"{path}.around.whole_months"))
        asked = [*under(path, kind.asks)]
        drawn.asks += [each for each in asked if not (whole and ".around.days" in each.name)]
        rest = under(path, further.of_occasion(name))
        kept = [each for each in rest if whole or ".around.months" not in each.name]
        kinds = {word(each, "kind") for each in rows(document, f"{path}.gives")}
        if at(document, f"{path}.around") is not None and kinds == {"points"}:
            kept = [*under(path, further.OF_POINTS), *kept]
        drawn.more(path, (*kept, *names(document, path)))
    return drawn.block(kind.label if kind else _code(document, path), path)


def rewards(document: Document) -> Section:
    """What a period brings."""
    path = "rewards"
    adds = [Button(f"add|{path}|{kind}", each.label) for kind, each in f.REWARDS.items()]
    about = N_("At the end of the period the reward is reckoned and given by itself.")
    blocks = [_reward(document, each) for each in _each(document, path)]
    return Section(path, N_("Rewards for a period"), about, blocks, adds)


def _reward(document: Document, path: str) -> Block:
    function = str(at(document, f"{path}.function.kind"))
    kind = f.REWARDS.get(function)
    counts = str(at(document, f"{path}.base.counts") or "spend")
    drawn = Drawing(document)
    drawn.asks += [
        Ask(f"{path}.period.every", N_("Reckoned"), "select", options=spans.PERIODS),
        Ask(f"{path}.base.counts", N_("It goes by"), "kind", options=(*f.COUNTED, f.BALANCE)),
    ]
    if counts == "counter":
        drawn.asks.append(Ask(f"{path}.base.counter", N_("Code of the counter"), "text"))
    _function(drawn, path, function, f.COUNTED_IN.get(counts, "number"))
    drawn.gift(f"{path}.gives", of_rule=True)
    if counts in {"points", "balance"}:
        drawn.asks.append(Ask(f"{path}.takes", N_("The points are used up by it"), "check"))
    _further(drawn, path, function)
    return drawn.block(kind.label if kind else _code(document, path), path)


def _function(drawn: Drawing, path: str, function: str, figure: f.Control) -> None:
    gives = at(drawn.document, f"{path}.gives")
    valued: f.Control = "number" if word(gives, "kind") == "points" else "amount"
    whole = form_of(gives) in f.BY_THE_PIECE and at(gives, "denomination_minor") is None
    match function:
        case "percent":
            step = (Ask("from_amount", N_("From so much on"), figure), Ask("rate_bp", N_("Percent"), "percent"))
            drawn.rows(f"{path}.function.steps", step)
        case "threshold":
            value = () if whole else (Ask("value", N_("The reward"), valued),)
            drawn.rows(f"{path}.function.steps", (Ask("at", N_("From so much on"), figure), *value))
        case "every":
            drawn.asks.append(Ask(f"{path}.function.every", N_("For each"), figure))
            if not whole:
                drawn.asks.append(Ask(f"{path}.function.value", N_("The reward"), valued))
        case "average":
            hint = N_("Of so many the average is given: what they have cost.")
            drawn.asks.append(Ask(f"{path}.function.every", N_("For each"), figure, hint))
        case "declared":
            drawn.asks.append(Ask(f"{path}.function.rate_bp", N_("Percent"), "percent",
                                  N_("Empty until it is declared."), optional=True))  # fmt: skip
        case _:
            pass


def _further(drawn: Drawing, path: str, function: str) -> None:
    document, own = drawn.document, list[Ask]()
    if word(document, f"{path}.gives.kind") in {"coupon", "code", "stored_value"}:
        own.append(further.DENOMINATION)
    if function == "threshold":
        own.append(further.REACHED)
    if function == "percent":
        own.append(further.WHOLE)
    drawn.more(path, (*under(path, (*own, *further.REWARD)), *names(document, path)))
    counts = str(at(document, f"{path}.needs[0].measure.counts") or "spend")
    least, *others = _NEED
    need = (called(least, least.label, f.COUNTED_IN.get(counts, "number")), *others)
    called_so = N_("One more condition"), N_("Take the last condition away")
    drawn.rows_or(f"{path}.needs", N_("Only who bought so much in several periods"), need, called_so)
    if function in {"percent", "declared"}:
        parts = N_("Another part that counts more"), N_("Take the last part away")
        drawn.rows_or(f"{path}.extras", N_("A part counts more"), _EXTRA, parts)


def _code(document: Document, path: str) -> str:
    return str(at(document, f"{path}.code") or "")
