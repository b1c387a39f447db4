"""The phrases that sentences of a programme are made of: points, goods, conditions, measures, periods. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from erp_club.kernel.text import TN, Listed, Money, Name, Quantity, T, Text, days
from erp_club.points import units
from erp_club.programmes.engine.parts import (
    ALWAYS,
    NOTHING,
    Birthday,
    Counts,
    Every,
    Excluded,
    Measure,
    Need,
    Part,
    Period,
    Scope,
    When,
)
from erp_club.programmes.engine.programme import Programme, Unit
from erp_club.promotions import clauses
from erp_club.promotions.documents import Thing

_DAYS = (
    T("Monday"), T("Tuesday"), T("Wednesday"), T("Thursday"), T("Friday"), T("Saturday"), T("Sunday"),
)  # fmt: skip
MONTHS = clauses.MONTHS
_MEANS = {
    "cash": T("cash"), "card": T("card"), "points": T("points"), "stored_value": T("stored value"),
    "gift_card": T("gift card"), "credit_card": T("credit card"), "invoice": T("invoice"),
}  # fmt: skip
_CHANNELS = {"store": T("in the stores"), "web": T("in the web shop")}


@dataclass(frozen=True, slots=True)
class Words:
    """What sentences are made with: the currency, the account's unit, and what codes are called."""

    currency: str
    unit: Unit
    goods: clauses.Words
    levels: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    def money(self, minor: int) -> Money:
        """An amount."""
        return Money(minor, self.currency)

    def points(self, points: int) -> Text:
        """A number of points, in the account's own unit."""
        of = units.Unit(_texts(self.unit.names), _texts(self.unit.one), self.unit.scale)
        return units.told(points, of)

    def level(self, code: str) -> Name:
        """What a level is called."""
        return Name(self.levels.get(code) or {"": code})

    def code(self, code: str) -> Name:
        """What a counter, an entitlement or a rule is called."""
        return Name(self.codes.get(code) or {"": code})


def _texts(texts: Mapping[Any, str]) -> dict[str, str]:
    return {str(language): text for language, text in texts.items()}


def words_of(programme: Programme, names: clauses.Names | None = None) -> Words:
    """The words of a programme; `names` are those of products, stores, clubs and batches."""
    levels = programme.levels.levels if programme.levels is not None else ()
    coded = (*programme.counters, *programme.entitlements)
    return Words(
        programme.currency,
        programme.unit,
        clauses.Words(programme.currency, names or {}),
        {level.code: name(level.names).texts for level in levels if level.names},
        {each.code: name(each.names).texts for each in coded if each.names},
    )


Say = Callable[[Any], Text]


def name(texts: Mapping[Any, str]) -> Name:
    """What somebody calls a thing, by language."""
    return Name({str(language): text for language, text in texts.items()})


def set_ones(part: Part, table: Mapping[str, Say]) -> Iterator[Text]:
    """A sentence for each parameter of the part that is set to something else than its usual value."""
    for name, say in table.items():
        value = getattr(part, name)
        if value != type(part).model_fields[name].get_default(call_default_factory=True):
            yield say(value)


def called(names: Mapping[Any, str], code: str) -> Name:
    """A rule's name, or its code."""
    return name(names) if names else Name({"": code})


def listed(keys: tuple[str, ...], joined: Any = "or") -> Listed:
    """Several words of somebody's own."""
    return Listed(tuple(Name({"": key}) for key in keys), joined)


def means(keys: tuple[str, ...]) -> Listed:
    """Several means of payment."""
    return Listed(tuple(_MEANS.get(key) or Name({"": key}) for key in keys))


def channels(keys: tuple[str, ...], joined: Any = "and") -> Listed:
    """In several channels: each with its preposition, which in some languages is a part of the word."""
    return Listed(tuple(_CHANNELS.get(key) or T("in %(channel)s", channel=Name({"": key})) for key in keys), joined)


def stores(keys: tuple[str, ...], words: Words) -> Listed:
    """Several stores by name."""
    return words.goods.named(Thing.STORE, keys)


def clubs(keys: tuple[str, ...], words: Words) -> Listed:
    """Several clubs by name."""
    return words.goods.named(Thing.CLUB, keys)


def levels(keys: tuple[str, ...], words: Words) -> Listed:
    """Several levels."""
    return Listed(tuple(words.level(key) for key in keys))


def what(on: Scope, words: Words) -> Text:
    """Which goods."""
    return clauses.what(on, words.goods)


def of_goods(on: Scope, whole: Text, some: Text, words: Words, values: Mapping[str, object]) -> Text:
    """`whole` where it is of everything, else `some`, which names the goods."""
    if on == Scope():
        return Text(whole.msgid, values)
    return Text(some.msgid, {**values, "what": what(on, words)})


def excluded_parts(excluded: Excluded, words: Words) -> tuple[object, ...]:
    """What is passed over, one phrase each."""
    named = Scope(
        products=excluded.products,
        groups=excluded.groups,
        departments=excluded.departments,
        brands=excluded.brands,
        kinds=excluded.kinds,
    )
    made: list[object] = [] if named.everything else [clauses.what(named, words.goods)]
    if excluded.price_lists:
        made.append(T("goods at the prices of list %(lists)s", lists=listed(excluded.price_lists)))
    if excluded.reduced:
        made.append(T("goods below their regular price"))
    if excluded.promoted:
        made.append(T("goods in an offer"))
    if excluded.means:
        made.append(T("what is paid by %(means)s", means=means(excluded.means)))
    return tuple(made)


def not_for(excluded: Excluded, words: Words) -> Iterator[Text]:
    """What is passed over, as a sentence; nothing where nothing is."""
    made = excluded_parts(excluded, words)
    if made:
        yield T("Not counted: %(what)s.", what=Listed(made, "and"))


def only_if(when: When, words: Words) -> Iterator[Text]:
    """When it holds, as a sentence; nothing where it always does."""
    made = tuple(conditions(when, words))
    if made:
        yield T("Only if %(conditions)s.", conditions=Listed(made, "and"))


def conditions(when: When, words: Words) -> Iterator[Text]:
    """Each condition as a clause."""
    if when is ALWAYS:
        return
    yield from _dates(when)
    yield from _places(when, words)
    yield from _sums(when, words)
    yield from _persons(when, words)


def _dates(when: When) -> Iterator[Text]:
    if when.first_day is not None:
        yield T("it is %(day)s or later", day=when.first_day)
    if when.last_day is not None:
        yield T("it is %(day)s or earlier", day=when.last_day)
    if when.weekdays:
        yield T("it is %(days)s", days=Listed(tuple(_DAYS[day - 1] for day in when.weekdays)))
    if when.month_days:
        yield T("the day of the month is %(days)s", days=Listed(when.month_days))
    if when.days:
        yield T("it is %(days)s", days=clauses.dates(when.days))
    if when.without_days:
        yield T("it isn't %(days)s", days=clauses.dates(when.without_days))
    if when.from_time is not None and when.to_time is not None:
        yield clauses.hours(when.from_time, when.to_time)


def _places(when: When, words: Words) -> Iterator[Text]:
    if when.stores:
        yield T("it is bought at %(stores)s", stores=stores(when.stores, words))
    if when.without_stores:
        yield T("it isn't bought at %(stores)s", stores=stores(when.without_stores, words))
    if when.channels:
        yield T("it is bought %(channels)s", channels=channels(when.channels, "or"))


def _sums(when: When, words: Words) -> Iterator[Text]:
    if when.least_minor is not None:
        yield T("the purchase comes to at least %(amount)s", amount=words.money(when.least_minor))
    if when.most_minor is not None:
        yield T("the purchase comes to at most %(amount)s", amount=words.money(when.most_minor))
    if when.first_purchase is not None:
        yield T("it is the member's purchase number %(first)s or a later one", first=when.first_purchase)
    if when.last_purchase is not None:
        yield T("it is the member's purchase number %(last)s or an earlier one", last=when.last_purchase)
    if when.means:
        yield T("it is paid by %(means)s", means=means(when.means))
    if when.without_means:
        yield T("nothing of it is paid by %(means)s", means=means(when.without_means))


_BIRTHDAYS = {
    Birthday.DAY: T("it is the member's birthday"),
    Birthday.WEEK: T("it is the week of the member's birthday"),
    Birthday.MONTH: T("it is the month of the member's birthday"),
}


def _persons(when: When, words: Words) -> Iterator[Text]:
    if when.levels:
        yield T("the member's level is %(levels)s", levels=levels(when.levels, words))
    if when.segments:
        yield T("the customer is in segment %(segments)s", segments=listed(when.segments))
    if when.birthday is not None:
        before, after = when.birthday_before, when.birthday_after
        if before or after:
            said = T("it is from %(before)s before the member's birthday to %(after)s after it")
            yield Text(said.msgid, {"before": days(before), "after": days(after)})
        else:
            yield _BIRTHDAYS[when.birthday]
    if when.joined_within_days is not None:
        yield TN(
            "the member joined at most %(num)s day ago",
            "the member joined at most %(num)s days ago",
            when.joined_within_days,
        )
    if when.joined_for_days is not None:
        yield TN(
            "the member joined at least %(num)s day ago",
            "the member joined at least %(num)s days ago",
            when.joined_for_days,
        )
    if when.min_age is not None:
        yield T("the member is at least %(age)s years old", age=when.min_age)
    if when.max_age is not None:
        yield T("the member is at most %(age)s years old", age=when.max_age)
    yield from _of_children(when)
    if when.confirm is not None:
        yield T("the cashier confirms “%(question)s”", question=Name({"": when.confirm}))


def _of_children(when: When) -> Iterator[Text]:
    least, most = when.child_min_age, when.child_max_age
    if least is not None and most is not None:
        yield T("the member has a child from %(from)s to %(to)s years old", **{"from": least, "to": most})
    elif least is not None:
        yield T("the member has a child aged %(age)s or older", age=least)
    elif most is not None:
        yield T("the member has a child aged %(age)s or younger", age=most)


_COUNTED: dict[Counts, tuple[Text, Text]] = {
    Counts.SPEND: (T("the sum of the purchases"), T("what is paid for %(what)s")),
    Counts.PURCHASES: (T("purchases"), T("purchases of %(what)s")),
    Counts.VISITS: (T("visits"), T("visits with a purchase of %(what)s")),
    Counts.UNITS: (T("units bought"), T("units of %(what)s")),
}
_ENTERED = {Counts.POINTS: T("points earned"), Counts.BALANCE: T("the points that can be used")}


def measure(of: Measure, words: Words) -> Text:
    """What is counted, as a phrase."""
    if of.counts in _COUNTED:
        said = of_goods(of.on, *_COUNTED[of.counts], words, {})
    else:
        said = _ENTERED.get(of.counts) or T("the counter %(counter)s", counter=words.code(of.counter or ""))
        if of.on != Scope():
            said = T("%(measure)s from %(what)s", measure=said, what=what(of.on, words))
    if of.means:
        said = T("%(measure)s, only the part paid by %(means)s", measure=said, means=means(of.means))
    if of.excluded != NOTHING:
        parts = Listed(excluded_parts(of.excluded, words), "and")
        said = T("%(measure)s, not counting %(what)s", measure=said, what=parts)
    if of.when != ALWAYS:
        said = T(
            "%(measure)s if %(conditions)s", measure=said, conditions=Listed(tuple(conditions(of.when, words)), "and")
        )
    return said


def amount(of: Measure, value: int, words: Words) -> object:
    """A figure of a measure, in its own kind: money, points, or a number."""
    if of.counts is Counts.SPEND:
        return words.money(value)
    if of.counts in {Counts.POINTS, Counts.BALANCE}:
        return words.points(value)
    if of.counts is Counts.UNITS:
        return Quantity(value)
    if of.counts is Counts.COUNTER and words.unit.scale > 1:
        return Quantity(value * 1000 // words.unit.scale)
    return value


def time(minutes: int) -> Text:
    """So many minutes, or hours where they are full."""
    if minutes % 60:
        return TN("%(num)s minute", "%(num)s minutes", minutes)
    return TN("%(num)s hour", "%(num)s hours", minutes // 60)


_PERIODS: dict[Every, Text] = {
    Every.DAY: T("one day"),
    Every.WEEK: T("a week"),
    Every.MONTH: T("a calendar month"),
    Every.QUARTER: T("a quarter"),
    Every.HALF_YEAR: T("half a year"),
    Every.YEAR: T("a calendar year"),
    Every.MEMBER_YEAR: T("a year of membership"),
    Every.TERM: T("a term of membership"),
    Every.EVER: T("the whole membership"),
}


def period(of: Period) -> Text:
    """A period, as a phrase."""
    if of.every is Every.ROLLING:
        if of.last_days is not None:
            return TN("the last day", "the last %(num)s days", of.last_days)
        return TN("the last month", "the last %(num)s months", of.months or 1)
    if of.every is Every.DECLARED:
        return T("the time up to %(days)s", days=Listed(of.days, "and"))
    said = T("a year from the month of joining") if of.whole_months else _PERIODS[of.every]
    if of.starts_month != 1:
        said = T("%(period)s counted from %(month)s", period=said, month=MONTHS[of.starts_month - 1])
    return said


def need(of: Need, words: Words) -> Text:
    """So much of a measure, as a phrase."""
    values = {"amount": amount(of.measure, of.at_least, words), "measure": measure(of.measure, words)}
    if of.period is None:
        return T("%(amount)s at least of %(measure)s", **values)
    return T("%(amount)s at least of %(measure)s in %(period)s", period=period(of.period), **values)
