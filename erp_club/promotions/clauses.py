"""What a scope and a condition say, as phrases and clauses that stand inside a sentence. Pure.

A clause follows "only if". A condition that doesn't hold has a clause of its own where the languages have one.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from erp_club.kernel.text import TN, Listed, Money, Name, T, Text, days
from erp_club.points.units import POINTS, Unit, only, told
from erp_club.promotions.documents import Thing
from erp_club.promotions.engine import conditions as c
from erp_club.promotions.engine.conditions import Condition
from erp_club.promotions.engine.dates import parts_of
from erp_club.promotions.engine.offer import Limits
from erp_club.promotions.engine.scope import Basis, Scope

Names = Mapping[tuple[Thing, str], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Words:
    """What a sentence is made with: the currency of its amounts, what codes are called, by language or not, and what
    the points of clubs count, by code.
    """

    currency: str
    names: Names = field(default_factory=dict[tuple[Thing, str], Mapping[str, str]])
    units: Mapping[str, Unit] = field(default_factory=dict[str, Unit])

    def money(self, minor: int) -> Money:
        """An amount."""
        return Money(minor, self.currency)

    def points(self, points: int, club: str | None) -> Text:
        """So many points: of the club or, without one, of all clubs where they count the same."""
        named = None if club is None else self.units.get(club)
        return told(points, named or only(self.units.values()) or POINTS)

    def name(self, thing: Thing, key: str) -> Name:
        """What something is called; its code where nobody knows."""
        return Name(self.names.get((thing, key)) or {"": key})

    def named(self, thing: Thing, keys: tuple[str, ...]) -> Listed:
        """Several of them."""
        return Listed(tuple(self.name(thing, key) for key in keys))


_KINDS = {
    "goods": T("goods"), "delivery": T("delivery"), "gift_card": T("gift cards"), "deposit": T("deposits"),
}  # fmt: skip
_DAYS = (
    T("Monday"), T("Tuesday"), T("Wednesday"), T("Thursday"), T("Friday"), T("Saturday"), T("Sunday"),
)  # fmt: skip
MONTHS = (
    T("January"), T("February"), T("March"), T("April"), T("May"), T("June"), T("July"), T("August"), T("September"),
    T("October"), T("November"), T("December"),
)  # fmt: skip
_MEANS = {"cash": T("cash"), "card": T("card"), "stored_value": T("prepaid or gift card")}
_CHANNELS = {"store": T("a store"), "web": T("the web shop")}


def what(scope: Scope | None, words: Words) -> Text:
    """Which lines, as a phrase: `group Tea or brand Own, except group Green tea`."""
    if scope is None:
        return T("all products")
    taken = _members(scope, words)
    said = Text("%(what)s", {"what": Listed(tuple(taken))}) if taken else T("all products")
    without = _members(
        Scope(
            products=scope.without_products,
            groups=scope.without_groups,
            departments=scope.without_departments,
            brands=scope.without_brands,
        ),
        words,
    )
    if without:
        said = T("%(what)s, except %(without)s", what=said, without=Listed(tuple(without)))
    return T("%(what)s at the regular price", what=said) if scope.regular_price_only else said


def units_of(goods: Iterable[tuple[Scope | None, int]], words: Words) -> Listed:
    """So many units of each: `1 unit of group Sandwiches and 2 units of group Drinks`; 0 for what isn't counted."""
    told = (
        TN("%(num)s unit of %(what)s", "%(num)s units of %(what)s", count, what=what(on, words))
        if count
        else what(on, words)
        for on, count in goods
    )
    return Listed(tuple(told), "and")


def _members(scope: Scope, words: Words) -> list[object]:
    made: list[object] = [words.name(Thing.PRODUCT, key) for key in scope.products]
    made += [T("group %(name)s", name=words.name(Thing.GROUP, key)) for key in scope.groups]
    made += [T("department %(name)s", name=words.name(Thing.DEPARTMENT, key)) for key in scope.departments]
    made += [T("brand %(name)s", name=words.name(Thing.BRAND, key)) for key in scope.brands]
    made += [_KINDS.get(kind, Text("%(what)s", {"what": kind})) for kind in scope.kinds]
    return made


def clause(condition: Condition, words: Words, *, negated: bool = False) -> Text:
    """The condition (or that it doesn't hold) as a clause: `the customer is a member of Gold`."""
    match condition:
        case c.Not():
            return clause(condition.no, words, negated=not negated)
        case c.All() | c.AnyOf():
            return _several(condition, words, negated=negated)
        case c.QuantityIs() | c.AmountIs():
            return _at_least(condition, words, negated=negated)
        case (
            c.BirthdayIs()
            | c.CelebratesIs()
            | c.AgeIs()
            | c.MemberSince()
            | c.PurchaseNumberIs()
            | c.CustomerKnown()
            | c.Confirmed()
            | c.ClubIs()
            | c.SegmentIs()
        ):
            return _who(condition, words, negated=negated)
        case _:
            return _where(condition, words, negated=negated)


def _several(condition: c.All | c.AnyOf, words: Words, *, negated: bool) -> Text:
    inner = condition.all if isinstance(condition, c.All) else condition.any
    if not inner:
        return T("never") if negated else T("always")
    # Not all of them is one that doesn't hold; none of them is each that doesn't (De Morgan).
    each = tuple(clause(one, words, negated=negated) for one in inner)
    if len(each) == 1:
        return each[0]
    joined = "and" if isinstance(condition, c.All) != negated else "or"
    return Text("(%(clauses)s)", {"clauses": Listed(each, joined)})


def _at_least(condition: c.QuantityIs | c.AmountIs, words: Words, *, negated: bool) -> Text:
    of = what(condition.of, words)
    if isinstance(condition, c.QuantityIs):
        if negated:
            return TN(
                "the basket has less than %(num)s unit of %(what)s",
                "the basket has less than %(num)s units of %(what)s",
                condition.quantity,
                what=of,
            )
        return TN(
            "the basket has at least %(num)s unit of %(what)s",
            "the basket has at least %(num)s units of %(what)s",
            condition.quantity,
            what=of,
        )
    values = {"amount": words.money(condition.amount_minor), "what": of}
    if condition.basis is Basis.EXCLUDING:
        yes = T("%(what)s in the basket come to at least %(amount)s without VAT")
        no = T("%(what)s in the basket come to less than %(amount)s without VAT")
    else:
        yes = T("%(what)s in the basket come to at least %(amount)s")
        no = T("%(what)s in the basket come to less than %(amount)s")
    return Text((no if negated else yes).msgid, values)


def _where(condition: Condition, words: Words, *, negated: bool) -> Text:
    match condition:
        case c.StoreIs():
            values = {"stores": words.named(Thing.STORE, condition.stores)}
            yes, no = T("it is bought at %(stores)s"), T("it isn't bought at %(stores)s")
        case c.ChannelIs():
            values = {"channels": Listed(tuple(_CHANNELS[each] for each in condition.channels))}
            yes, no = T("it is bought in %(channels)s"), T("it isn't bought in %(channels)s")
        case c.TerminalIs():
            values = {"tills": Listed(condition.terminals)}
            yes, no = T("it is bought at till %(tills)s"), T("it isn't bought at till %(tills)s")
        case c.DayIs():
            values = {"days": Listed(tuple(_DAYS[day - 1] for day in condition.weekdays))}
            yes, no = T("it is %(days)s"), T("it isn't %(days)s")
        case c.DateIs():
            values = {"days": dates(condition.dates)}
            yes, no = T("it is %(days)s"), T("it isn't %(days)s")
        case c.HourIs():
            return hours(condition.from_time, condition.to_time, negated=negated)
        case c.MeansIs():
            values = {"means": Listed(tuple(_MEANS.get(each, each) for each in condition.means))}
            yes, no = T("it is paid by %(means)s"), T("it isn't paid by %(means)s")
            if condition.alone:
                yes, no = T("it is paid by %(means)s alone"), T("it isn't paid by %(means)s alone")
        case _:
            raise AssertionError(condition)
    return Text((no if negated else yes).msgid, values)


def hours(first: dt.time, before: dt.time, *, negated: bool = False) -> Text:
    """From one hour to the other; from or to midnight only the one that was meant."""
    values: dict[str, object] = {"first": first, "before": before}
    if before == dt.time(0):
        yes, no = T("it is %(first)s or later"), T("it is before %(first)s")
    elif first == dt.time(0):
        yes, no = T("it is before %(before)s"), T("it is %(before)s or later")
    else:
        yes, no = T("it is between %(first)s and %(before)s"), T("it isn't between %(first)s and %(before)s")
    return Text((no if negated else yes).msgid, values)


def dates(named: tuple[str, ...]) -> Listed:
    """Days, of one year or of every year or month, and ranges of them."""
    made: list[object] = []
    for each in named:
        first, last = (_date(end) for end in parts_of(each))
        made.append(first if first == last else T("%(first)s to %(last)s", first=first, last=last))
    return Listed(tuple(made))


def _date(text: str) -> object:
    if len(text) == len("2027-04-21"):
        return dt.date.fromisoformat(text)
    month, _, day = text.rpartition("-")
    if not month:
        return T("day %(day)s of the month", day=int(day))
    return T("%(day)s %(month)s", day=int(day), month=MONTHS[int(month) - 1])


def _who(condition: Condition, words: Words, *, negated: bool) -> Text:
    match condition:
        case c.ClubIs():
            values: dict[str, object] = {"clubs": words.named(Thing.CLUB, condition.clubs)}
            yes, no = T("the customer is a member of %(clubs)s"), T("the customer isn't a member of %(clubs)s")
            if condition.levels:
                values["levels"] = Listed(tuple(Name({"": level}) for level in condition.levels))
                yes = T("the customer is a member of %(clubs)s at level %(levels)s")
                no = T("the customer isn't a member of %(clubs)s at level %(levels)s")
        case c.SegmentIs():
            values = {"segments": Listed(tuple(Name({"": each}) for each in condition.segments))}
            yes, no = T("the customer is in segment %(segments)s"), T("the customer isn't in segment %(segments)s")
        case c.CustomerKnown():
            known = condition.customer_known != negated
            return T("the customer is known") if known else T("the customer isn't known")
        case c.Confirmed():
            values = {"question": Name({**condition.question} or {"": condition.confirm})}
            yes = T("the cashier confirms “%(question)s”")
            no = T("the cashier doesn't confirm “%(question)s”")
        case c.PurchaseNumberIs():
            return _purchase(condition, negated=negated)
        case c.CelebratesIs():
            return _celebrates(condition, negated=negated)
        case c.MemberSince():
            return _member_since(condition, words, negated=negated)
        case c.AgeIs():
            return _age(condition, negated=negated)
        case c.BirthdayIs():
            values = {"before": days(condition.days_before), "after": days(condition.days_after)}
            yes = T("it is %(before)s before to %(after)s after the birthday")
            no = T("it isn't %(before)s before to %(after)s after the birthday")
        case _:
            raise AssertionError(condition)
    return Text((no if negated else yes).msgid, values)


def _celebrates(condition: c.CelebratesIs, *, negated: bool) -> Text:
    if condition.celebrates == "week":
        yes, no = T("it is the week of the customer's birthday"), T("it isn't the week of the customer's birthday")
    else:
        yes, no = T("it is the month of the customer's birthday"), T("it isn't the month of the customer's birthday")
    return no if negated else yes


def _member_since(condition: c.MemberSince, words: Words, *, negated: bool) -> Text:
    values: dict[str, object] = {"clubs": words.named(Thing.CLUB, (condition.member_of,))}
    values |= {"from": condition.from_days, "to": condition.to_days}
    if condition.to_days is None:
        yes = T("the customer has been a member of %(clubs)s for %(from)s days or more")
        no = T("the customer hasn't been a member of %(clubs)s for %(from)s days or more")
    else:
        yes = T("the customer has been a member of %(clubs)s for %(from)s to %(to)s days")
        no = T("the customer hasn't been a member of %(clubs)s for %(from)s to %(to)s days")
    return Text((no if negated else yes).msgid, values)


def _age(condition: c.AgeIs, *, negated: bool) -> Text:
    values = {"from": condition.from_age, "to": condition.to_age}
    if condition.of == "child" and condition.to_age is None:
        yes = T("the customer has a child of %(from)s or older")
        no = T("the customer has no child of %(from)s or older")
    elif condition.of == "child":
        yes = T("the customer has a child from %(from)s to %(to)s years old")
        no = T("the customer has no child from %(from)s to %(to)s years old")
    elif condition.to_age is None:
        yes, no = T("the customer is %(from)s or older"), T("the customer isn't %(from)s or older")
    else:
        yes = T("the customer is from %(from)s to %(to)s years old")
        no = T("the customer isn't from %(from)s to %(to)s years old")
    return Text((no if negated else yes).msgid, values)


def _purchase(condition: c.PurchaseNumberIs, *, negated: bool) -> Text:
    values = {"first": condition.first, "last": condition.last}
    if condition.first == condition.last == 1:
        yes, no = T("it is the customer's first purchase"), T("it isn't the customer's first purchase")
    elif condition.last is None:
        yes = T("it is the customer's purchase number %(first)s or a later one")
        no = T("it is a purchase before the customer's number %(first)s")
    else:
        yes = T("it is one of the customer's purchases %(first)s to %(last)s")
        no = T("it is none of the customer's purchases %(first)s to %(last)s")
    return Text((no if negated else yes).msgid, values)


def often_per_member(limits: Limits, words: Words) -> Iterator[Text]:
    """How often a member has it."""
    if limits.per_member is not None:
        yield TN("Once per member at most.", "%(num)s times per member at most.", limits.per_member)
    if limits.per_member_day is not None:
        yield TN("Once per member and day.", "%(num)s times per member and day.", limits.per_member_day)
    if limits.per_member_week is not None:
        yield TN("Once per member and week.", "%(num)s times per member and week.", limits.per_member_week)
    if limits.per_member_month is not None:
        yield TN("Once per member and month.", "%(num)s times per member and month.", limits.per_member_month)
    if limits.per_member_quarter is not None:
        yield TN("Once per member and quarter.", "%(num)s times per member and quarter.", limits.per_member_quarter)
    if limits.per_member_half_year is not None:
        half = limits.per_member_half_year
        yield TN("Once per member and half-year.", "%(num)s times per member and half-year.", half)
    if limits.per_member_year is not None:
        yield TN("Once per member and year.", "%(num)s times per member and year.", limits.per_member_year)
    values = {"club": words.named(Thing.CLUB, (limits.of_club or "",))}
    if limits.per_member_own_year is not None:
        yield TN(
            "Once in each year of membership in %(club)s, which begins on the day of joining.",
            "%(num)s times in each year of membership in %(club)s, which begins on the day of joining.",
            limits.per_member_own_year, **values,
        )  # fmt: skip
    if limits.per_member_term is not None:
        yield TN(
            "Once in each term of membership in %(club)s.", "%(num)s times in each term of membership in %(club)s.",
            limits.per_member_term, **values,
        )  # fmt: skip
    if limits.whole_day:
        yield T("All that a member buys with it on one day is one of these times.")
