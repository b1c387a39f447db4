"""A whole programme in plain sentences, section by section: the ground of its terms page. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from erp_club.kernel.text import TN, Listed, Name, Quantity, T, Text
from erp_club.programmes.engine.gifts import PointsGiven
from erp_club.programmes.engine.membership import Fate, LifetimeTerm
from erp_club.programmes.engine.programme import Channels, Programme, Switch
from erp_club.programmes.sentences import earning, levels, membership, rewards, spending
from erp_club.programmes.sentences.words import (
    Say,
    Words,
    channels,
    excluded_parts,
    name,
    set_ones,
    stores,
    words_of,
)
from erp_club.promotions.clauses import Names


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it; `part` is the field of the document."""

    part: str
    title: Text
    sentences: tuple[Text, ...]


def sections(programme: Programme, names: Names | None = None) -> tuple[Section, ...]:
    """All that is set, in the order in which people ask; what isn't set isn't mentioned."""
    words = words_of(programme, names)
    made = (Section(part, title, tuple(said)) for part, title, said in _sections(programme, words))
    return tuple(section for section in made if section.sentences)


def sentences(programme: Programme, names: Names | None = None) -> tuple[Text, ...]:
    """The same without headings."""
    return tuple(text for section in sections(programme, names) for text in section.sentences)


def _sections(of: Programme, words: Words) -> Iterator[tuple[str, Text, Iterable[Text]]]:
    yield "programme", T("The club"), _club(of, words)
    yield "joining", T("Joining"), membership.joining(of.joining, words)
    yield "term", T("Term"), membership.term(of.term, words)
    yield "renewal", T("Renewal"), membership.renewal(of.renewal, words)
    yield "fees", T("Fees"), membership.fees(of.fees, words)
    yield "earning", T("Earning"), earning.earning(of.earning, words)
    yield "counters", T("Counters"), _each(earning.counter(each, words) for each in of.counters)
    if of.levels is not None:
        yield "levels", T("Levels"), levels.level_rules(of.levels, words)
    yield "entitlements", T("Entitlements"), _each(rewards.entitlement(each, words) for each in of.entitlements)
    if of.redemption is not None:
        yield "redemption", T("Redeeming"), spending.redemption(of.redemption, words)
    yield "benefits", T("Benefits for points"), _each(spending.benefit(each, words) for each in of.benefits)
    if of.charity is not None:
        yield "charity", T("Charity"), spending.charity(of.charity, words)
    yield "rewards", T("Period rewards"), _each(rewards.period_reward(each, words) for each in of.rewards)
    yield "occasions", T("Occasions"), _each(rewards.occasion(each, words) for each in of.occasions)
    if _has_points(of):
        yield "expiry", T("Expiry"), spending.expiry(of.expiry, words)
        yield "returns", T("Returns"), spending.returns(of.returns)
    if _has_points(of) or of.occasions:
        yield "lapse", T("At the end"), _end(of, words)
    if of.household is not None:
        yield "household", T("Household"), membership.household(of.household)
    yield "channels", T("Where"), _channels(of.channels, words)
    yield "switch", T("From this version on"), _switch(of.switch, words)


def _has_points(of: Programme) -> bool:
    """Whether anything is kept on an account of which something could become."""
    given = [gives for each in of.occasions for gives in each.gives] + [each.gives for each in of.rewards]
    counted = of.earning.rules or of.earning.events or of.counters or of.redemption
    return bool(counted) or any(isinstance(each, PointsGiven) for each in given)


def _each(many: Iterable[Iterable[Text]]) -> Iterator[Text]:
    for one in many:
        yield from one


def _club(of: Programme, words: Words) -> Iterator[Text]:
    yield T("%(name)s (%(code)s), in %(currency)s.", name=name(of.names), code=Name({"": of.code}),
            currency=of.currency)  # fmt: skip
    if of.unit.names:
        yield T("The account counts %(unit)s.", unit=name(of.unit.names))
    if of.unit.scale != 1:
        yield T("The smallest part is %(part)s.", part=Quantity(1000 // of.unit.scale))
    if of.visit == "day":
        yield T("A visit is all purchases in one store on one day.")
    left_out = excluded_parts(of.excluded, words)
    if left_out:
        yield T("These earn nothing, and nothing is taken off them: %(what)s.", what=Listed(left_out, "and"))
    if not of.double_benefits:
        yield T("One benefit a purchase: no double benefits.")
    if of.most_discount_month is not None:
        amount = words.money(of.most_discount_month)
        yield T("All discounts of the club together take at most %(amount)s off in a month.", amount=amount)
    if of.most_rewards is not None:
        yield TN(
            "A member holds at most %(num)s unused reward.",
            "A member holds at most %(num)s unused rewards.",
            of.most_rewards,
        )
        yield T("What comes while there are so many isn't given. Gifts around a day come all the same.")
    for texts in (of.texts.presentation, of.texts.terms, of.texts.receipt):
        if texts:
            yield Text("%(text)s", {"text": name(texts)})


def _end(of: Programme, words: Words) -> Iterator[Text]:
    if not isinstance(of.term, LifetimeTerm) or of.lapse != Fate():
        lapsed = T("When it isn't renewed, %(points)s and %(coupons)s.")
        yield from membership.fate(lapsed, of.lapse, words)
    ended = T("When it is ended, %(points)s and %(coupons)s.")
    yield from membership.fate(ended, of.end, words)
    yield TN("An ending can be undone for %(num)s day.", "An ending can be undone for %(num)s days.", of.undo.days)


def _channels(of: Channels, words: Words) -> Iterator[Text]:
    table: dict[str, Say] = {
        "joining": lambda keys: T("One can join %(channels)s.", channels=channels(keys)),
        "earning": lambda keys: T("One earns %(channels)s.", channels=channels(keys)),
        "redeeming": lambda keys: T("One redeems %(channels)s.", channels=channels(keys)),
        "benefits": lambda keys: T("Benefits are given %(channels)s.", channels=channels(keys)),
    }
    for action, say in table.items():
        keys: tuple[str, ...] = getattr(of, action)
        yield say(keys) if keys else _NOWHERE[action]
    yield from set_ones(of, {
        "stores": lambda keys: T("Only at %(stores)s.", stores=stores(keys, words)),
        "without_stores": lambda keys: T("Not at %(stores)s.", stores=stores(keys, words)),
    })  # fmt: skip


_NOWHERE = {
    "joining": T("One can join nowhere."),
    "earning": T("One earns nowhere."),
    "redeeming": T("One redeems nowhere."),
    "benefits": T("Benefits are given nowhere."),
}


def _switch(of: Switch, words: Words) -> Iterator[Text]:
    if of.effective_from is not None:
        yield T("These rules hold from %(day)s on.", day=of.effective_from)
    if of.conversion is not None:
        yield T("Once, when they begin: %(conversion)s", conversion=membership.conversion(of.conversion, words))
    if of.last_earning_day is not None:
        yield T("Points can be earned until %(day)s.", day=of.last_earning_day)
    if of.last_redeeming_day is not None:
        yield T("Points can be redeemed until %(day)s.", day=of.last_redeeming_day)
